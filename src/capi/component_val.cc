// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Values of components: plain data that owns what it contains, needed by no component to exist.
#include <cstdlib>
#include <cstring>

#include "base/out_of_memory.h"
#include "capi/handle.h"

using namespace wazuka::capi;

// What the vectors contain -----------------------------------------------------------------------

namespace {

using Val = wasmtime_component_val_t;

void copy_item(Val* to, const Val* from) {
  wasmtime_component_val_clone(from, to);
}
void delete_item(Val* item) {
  wasmtime_component_val_delete(item);
}

void copy_item(wasm_name_t* to, const wasm_name_t* from) {
  wasm_byte_vec_copy(to, from);
}
void delete_item(wasm_name_t* item) {
  wasm_byte_vec_delete(item);
}

void copy_item(wasmtime_component_valrecord_entry_t* to,
               const wasmtime_component_valrecord_entry_t* from) {
  copy_item(&to->name, &from->name);
  copy_item(&to->val, &from->val);
}
void delete_item(wasmtime_component_valrecord_entry_t* item) {
  delete_item(&item->name);
  delete_item(&item->val);
}

void copy_item(wasmtime_component_valmap_entry_t* to,
               const wasmtime_component_valmap_entry_t* from) {
  copy_item(&to->key, &from->key);
  copy_item(&to->value, &from->value);
}
void delete_item(wasmtime_component_valmap_entry_t* item) {
  delete_item(&item->key);
  delete_item(&item->value);
}

template <class Vec>
void make_vec(Vec* out, size_t size) {
  out->size = size;
  out->data = nullptr;
  if (size == 0) return;
  // Zero is a boolean, or an empty name.
  out->data = static_cast<decltype(out->data)>(std::calloc(size, sizeof *out->data));
  if (out->data == nullptr) wazuka::out_of_memory();
}

Val* clone_boxed(const Val* val) {
  if (val == nullptr) return nullptr;
  Val copy;
  wasmtime_component_val_clone(val, &copy);
  return wasmtime_component_val_new(&copy);
}

}  // namespace

#define VEC(name, element)                                                                       \
  void wasmtime_component_##name##_new_empty(wasmtime_component_##name##_t* out) {               \
    make_vec(out, 0);                                                                            \
  }                                                                                              \
  void wasmtime_component_##name##_new_uninit(wasmtime_component_##name##_t* out, size_t size) { \
    make_vec(out, size);                                                                         \
  }                                                                                              \
  void wasmtime_component_##name##_new(wasmtime_component_##name##_t* out, size_t size,          \
                                       const element* data) {                                    \
    make_vec(out, size);                                                                         \
    if (size != 0) std::memcpy(out->data, data, size * sizeof *data);                            \
  }                                                                                              \
  void wasmtime_component_##name##_copy(wasmtime_component_##name##_t* dst,                      \
                                        const wasmtime_component_##name##_t* src) {              \
    make_vec(dst, src->size);                                                                    \
    for (size_t i = 0; i < src->size; ++i) copy_item(&dst->data[i], &src->data[i]);              \
  }                                                                                              \
  void wasmtime_component_##name##_delete(wasmtime_component_##name##_t* vec) {                  \
    for (size_t i = 0; i < vec->size; ++i) delete_item(&vec->data[i]);                           \
    std::free(vec->data);                                                                        \
    *vec = {};                                                                                   \
  }
VEC(vallist, wasmtime_component_val_t)
VEC(valtuple, wasmtime_component_val_t)
VEC(valrecord, wasmtime_component_valrecord_entry_t)
VEC(valflags, wasm_name_t)
VEC(valmap, wasmtime_component_valmap_entry_t)

// Values -----------------------------------------------------------------------------------------

wasmtime_component_val_t* wasmtime_component_val_new(wasmtime_component_val_t* val) {
  return new Val(std::exchange(*val, {}));
}
void wasmtime_component_val_free(wasmtime_component_val_t* val) {
  if (val == nullptr) return;
  wasmtime_component_val_delete(val);
  delete val;
}

void wasmtime_component_val_clone(const wasmtime_component_val_t* src,
                                  wasmtime_component_val_t* dst) {
  Val copy = *src;
  switch (src->kind) {
    case WASMTIME_COMPONENT_STRING:
    case WASMTIME_COMPONENT_ENUM: wasm_byte_vec_copy(&copy.of.string, &src->of.string); break;
    case WASMTIME_COMPONENT_LIST:
      wasmtime_component_vallist_copy(&copy.of.list, &src->of.list);
      break;
    case WASMTIME_COMPONENT_RECORD:
      wasmtime_component_valrecord_copy(&copy.of.record, &src->of.record);
      break;
    case WASMTIME_COMPONENT_TUPLE:
      wasmtime_component_valtuple_copy(&copy.of.tuple, &src->of.tuple);
      break;
    case WASMTIME_COMPONENT_VARIANT:
      wasm_byte_vec_copy(&copy.of.variant.discriminant, &src->of.variant.discriminant);
      copy.of.variant.val = clone_boxed(src->of.variant.val);
      break;
    case WASMTIME_COMPONENT_OPTION: copy.of.option = clone_boxed(src->of.option); break;
    case WASMTIME_COMPONENT_RESULT: copy.of.result.val = clone_boxed(src->of.result.val); break;
    case WASMTIME_COMPONENT_FLAGS:
      wasmtime_component_valflags_copy(&copy.of.flags, &src->of.flags);
      break;
    case WASMTIME_COMPONENT_MAP: wasmtime_component_valmap_copy(&copy.of.map, &src->of.map); break;
    case WASMTIME_COMPONENT_RESOURCE:
      copy.of.resource = wasmtime_component_resource_any_clone(src->of.resource);
      break;
    default: break;
  }
  *dst = copy;
}

void wasmtime_component_val_delete(wasmtime_component_val_t* val) {
  switch (val->kind) {
    case WASMTIME_COMPONENT_STRING:
    case WASMTIME_COMPONENT_ENUM: wasm_byte_vec_delete(&val->of.string); break;
    case WASMTIME_COMPONENT_LIST: wasmtime_component_vallist_delete(&val->of.list); break;
    case WASMTIME_COMPONENT_RECORD: wasmtime_component_valrecord_delete(&val->of.record); break;
    case WASMTIME_COMPONENT_TUPLE: wasmtime_component_valtuple_delete(&val->of.tuple); break;
    case WASMTIME_COMPONENT_VARIANT:
      wasm_byte_vec_delete(&val->of.variant.discriminant);
      wasmtime_component_val_free(val->of.variant.val);
      break;
    case WASMTIME_COMPONENT_OPTION: wasmtime_component_val_free(val->of.option); break;
    case WASMTIME_COMPONENT_RESULT: wasmtime_component_val_free(val->of.result.val); break;
    case WASMTIME_COMPONENT_FLAGS: wasmtime_component_valflags_delete(&val->of.flags); break;
    case WASMTIME_COMPONENT_MAP: wasmtime_component_valmap_delete(&val->of.map); break;
    case WASMTIME_COMPONENT_RESOURCE:
      wasmtime_component_resource_any_delete(val->of.resource);
      break;
    default: break;
  }
  *val = {};
}

// Resources of the host --------------------------------------------------------------------------

struct wasmtime_component_resource_host {
  bool owned;
  uint32_t rep, type;
};

wasmtime_component_resource_host_t* wasmtime_component_resource_host_new(bool owned, uint32_t rep,
                                                                         uint32_t ty) {
  return new wasmtime_component_resource_host{owned, rep, ty};
}
wasmtime_component_resource_host_t* wasmtime_component_resource_host_clone(
    const wasmtime_component_resource_host_t* resource) {
  return new wasmtime_component_resource_host(*resource);
}
uint32_t wasmtime_component_resource_host_rep(const wasmtime_component_resource_host_t* resource) {
  return resource->rep;
}
uint32_t wasmtime_component_resource_host_type(const wasmtime_component_resource_host_t* resource) {
  return resource->type;
}
bool wasmtime_component_resource_host_owned(const wasmtime_component_resource_host_t* resource) {
  return resource->owned;
}
void wasmtime_component_resource_host_delete(wasmtime_component_resource_host_t* resource) {
  delete resource;
}

/// Of the host: a number that the embedder has chosen.
struct wasmtime_component_resource_type {
  uint32_t number;
};

wasmtime_component_resource_type_t* wasmtime_component_resource_type_new_host(uint32_t ty) {
  return new wasmtime_component_resource_type{ty};
}
wasmtime_component_resource_type_t* wasmtime_component_resource_type_clone(
    const wasmtime_component_resource_type_t* ty) {
  return new wasmtime_component_resource_type(*ty);
}
bool wasmtime_component_resource_type_equal(const wasmtime_component_resource_type_t* a,
                                            const wasmtime_component_resource_type_t* b) {
  return a->number == b->number;
}
void wasmtime_component_resource_type_delete(wasmtime_component_resource_type_t* ty) {
  delete ty;
}

// Linkers: they exist, and every definition in one reports that it is not supported ---------------

struct wasmtime_component_linker_t {};
struct wasmtime_component_linker_instance_t {};

wasmtime_component_linker_t* wasmtime_component_linker_new(const wasm_engine_t*) {
  return new wasmtime_component_linker_t;
}
void wasmtime_component_linker_delete(wasmtime_component_linker_t* linker) {
  delete linker;
}
void wasmtime_component_linker_allow_shadowing(wasmtime_component_linker_t*, bool) {}
wasmtime_component_linker_instance_t* wasmtime_component_linker_root(wasmtime_component_linker_t*) {
  return new wasmtime_component_linker_instance_t;
}
void wasmtime_component_linker_instance_delete(wasmtime_component_linker_instance_t* instance) {
  delete instance;
}
