// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// The vectors of wasm.h: blocks of malloc, so that every binding may fill what the library frees.
#include <cstdlib>
#include <cstring>

#include "base/out_of_memory.h"
#include "capi/handle.h"

namespace wazuka::capi {
namespace {

/// What empty vectors point to: some bindings look at the address before the size.
alignas(16) char nothing[16];

template <class Vec>
void make_uninitialized(Vec* out, size_t size) {
  out->size = size;
  out->data = reinterpret_cast<decltype(out->data)>(nothing);
  if (size == 0) return;
  // Zero: a vector of pointers that is filled in part can be deleted.
  out->data = static_cast<decltype(out->data)>(std::calloc(size, sizeof *out->data));
  if (out->data == nullptr) wazuka::out_of_memory();
}

template <class Vec>
void free_vec(Vec* vec) {
  if (static_cast<void*>(vec->data) != nothing) std::free(static_cast<void*>(vec->data));
  vec->size = 0;
  vec->data = nullptr;
}

}  // namespace

void fill(wasm_byte_vec_t* out, const void* bytes, size_t size) {
  make_uninitialized(out, size);
  if (size != 0) std::memcpy(out->data, bytes, size);
}

}  // namespace wazuka::capi

using wazuka::capi::free_vec;
using wazuka::capi::make_uninitialized;

#define VEC_COMMON(name, element)                                                           \
  void wasm_##name##_vec_new_empty(wasm_##name##_vec_t* out) {                              \
    make_uninitialized(out, 0);                                                             \
  }                                                                                         \
  void wasm_##name##_vec_new_uninitialized(wasm_##name##_vec_t* out, size_t size) {         \
    make_uninitialized(out, size);                                                          \
  }                                                                                         \
  void wasm_##name##_vec_new(wasm_##name##_vec_t* out, size_t size, element const data[]) { \
    make_uninitialized(out, size);                                                          \
    for (size_t i = 0; i < size; ++i) out->data[i] = data[i];                               \
  }

#define VEC_OF_POINTERS(name)                                                            \
  VEC_COMMON(name, wasm_##name##_t*)                                                     \
  void wasm_##name##_vec_copy(wasm_##name##_vec_t* out, const wasm_##name##_vec_t* in) { \
    make_uninitialized(out, in->size);                                                   \
    for (size_t i = 0; i < in->size; ++i) {                                              \
      if (in->data[i] != nullptr) out->data[i] = wasm_##name##_copy(in->data[i]);        \
    }                                                                                    \
  }                                                                                      \
  void wasm_##name##_vec_delete(wasm_##name##_vec_t* vec) {                              \
    for (size_t i = 0; i < vec->size; ++i) {                                             \
      if (vec->data[i] != nullptr) wasm_##name##_delete(vec->data[i]);                   \
    }                                                                                    \
    free_vec(vec);                                                                       \
  }

VEC_OF_POINTERS(valtype)
VEC_OF_POINTERS(functype)
VEC_OF_POINTERS(globaltype)
VEC_OF_POINTERS(tabletype)
VEC_OF_POINTERS(memorytype)
VEC_OF_POINTERS(tagtype)
VEC_OF_POINTERS(externtype)
VEC_OF_POINTERS(importtype)
VEC_OF_POINTERS(exporttype)
VEC_OF_POINTERS(frame)
VEC_OF_POINTERS(extern)

VEC_COMMON(byte, wasm_byte_t)
void wasm_byte_vec_copy(wasm_byte_vec_t* out, const wasm_byte_vec_t* in) {
  wazuka::capi::fill(out, in->data, in->size);
}
void wasm_byte_vec_delete(wasm_byte_vec_t* vec) {
  free_vec(vec);
}

VEC_COMMON(val, wasm_val_t)
void wasm_val_vec_copy(wasm_val_vec_t* out, const wasm_val_vec_t* in) {
  make_uninitialized(out, in->size);
  for (size_t i = 0; i < in->size; ++i) wasm_val_copy(&out->data[i], &in->data[i]);
}
void wasm_val_vec_delete(wasm_val_vec_t* vec) {
  for (size_t i = 0; i < vec->size; ++i) wasm_val_delete(&vec->data[i]);
  free_vec(vec);
}
