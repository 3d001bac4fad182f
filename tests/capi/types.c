// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Types and vectors: copies are equal and independent, conversions keep the object, and owners end
// what they own.
#include "check.h"

static wasm_functype_t* make_functype(void) {
  return wasm_functype_new_2_1(wasm_valtype_new_i32(), wasm_valtype_new_f64(),
                               wasm_valtype_new_funcref());
}
static wasm_valtype_t* make_valtype(void) {
  return wasm_valtype_new_i64();
}
static wasm_globaltype_t* make_globaltype(void) {
  return wasm_globaltype_new(wasm_valtype_new_f32(), WASM_VAR);
}
static wasm_tabletype_t* make_tabletype(void) {
  const wasm_limits_t limits = {3, 7};
  return wasm_tabletype_new(wasm_valtype_new_externref(), &limits);
}
static wasm_memorytype_t* make_memorytype(void) {
  const wasm_limits_t limits = {1, wasm_limits_max_default};
  return wasm_memorytype_new(&limits);
}
static wasm_tagtype_t* make_tagtype(void) {
  return wasm_tagtype_new(wasm_functype_new_1_0(wasm_valtype_new_i32()));
}
static wasm_externtype_t* make_externtype(void) {
  return wasm_memorytype_as_externtype(make_memorytype());
}
static wasm_importtype_t* make_importtype(void) {
  wasm_name_t module, name;
  wasm_name_new_from_string(&module, "module");
  wasm_name_new_from_string(&name, "name");
  return wasm_importtype_new(&module, &name, wasm_functype_as_externtype(make_functype()));
}
static wasm_exporttype_t* make_exporttype(void) {
  wasm_name_t name;
  wasm_name_new_from_string(&name, "export");
  return wasm_exporttype_new(&name, make_externtype());
}

// A vector owns its elements, a copy has its own.
#define CHECK_VEC(name)                                                    \
  do {                                                                     \
    wasm_##name##_vec_t vec, copy;                                         \
    wasm_##name##_vec_new_empty(&vec);                                     \
    CHECK(vec.size == 0);                                                  \
    wasm_##name##_vec_copy(&copy, &vec);                                   \
    CHECK(copy.size == 0);                                                 \
    wasm_##name##_vec_delete(&copy);                                       \
    wasm_##name##_vec_delete(&vec);                                        \
    wasm_##name##_vec_new_uninitialized(&vec, 3);                          \
    CHECK(vec.size == 3 && vec.data[2] == NULL);                           \
    vec.data[0] = make_##name();                                           \
    wasm_##name##_vec_copy(&copy, &vec);                                   \
    CHECK(copy.size == 3 && copy.data[0] != vec.data[0] && !copy.data[1]); \
    wasm_##name##_vec_delete(&vec);                                        \
    wasm_##name##_vec_delete(&copy);                                       \
    wasm_##name##_t* const items[] = {make_##name(), make_##name()};       \
    wasm_##name##_vec_new(&vec, 2, items);                                 \
    CHECK(vec.size == 2 && vec.data[1] == items[1]);                       \
    wasm_##name##_vec_delete(&vec);                                        \
    CHECK(vec.size == 0);                                                  \
    wasm_##name##_t* one = make_##name();                                  \
    wasm_##name##_t* other = wasm_##name##_copy(one);                      \
    wasm_##name##_delete(one);                                             \
    wasm_##name##_delete(other);                                           \
  } while (0)

TEST(vectors_own_their_elements) {
  CHECK_VEC(valtype);
  CHECK_VEC(functype);
  CHECK_VEC(globaltype);
  CHECK_VEC(tabletype);
  CHECK_VEC(memorytype);
  CHECK_VEC(tagtype);
  CHECK_VEC(externtype);
  CHECK_VEC(importtype);
  CHECK_VEC(exporttype);
}

TEST(vectors_of_bytes_and_values) {
  wasm_byte_vec_t bytes, copy;
  wasm_byte_vec_new_empty(&bytes);
  CHECK(bytes.size == 0);
  wasm_byte_vec_delete(&bytes);
  wasm_byte_vec_new_uninitialized(&bytes, 4);
  memcpy(bytes.data, "wasm", 4);
  wasm_byte_vec_copy(&copy, &bytes);
  wasm_byte_vec_delete(&bytes);
  CHECK(copy.size == 4 && memcmp(copy.data, "wasm", 4) == 0);
  wasm_byte_vec_delete(&copy);

  wasm_val_t values[] = {WASM_I32_VAL(4), WASM_F64_VAL(2.5)};
  wasm_val_vec_t vec, twin;
  wasm_val_vec_new_empty(&vec);
  wasm_val_vec_delete(&vec);
  wasm_val_vec_new_uninitialized(&vec, 2);
  CHECK(vec.size == 2 && vec.data[1].of.i64 == 0);
  wasm_val_vec_delete(&vec);
  wasm_val_vec_new(&vec, 2, values);
  wasm_val_vec_copy(&twin, &vec);
  wasm_val_vec_delete(&vec);
  CHECK(twin.size == 2 && twin.data[0].of.i32 == 4 && twin.data[1].of.f64 == 2.5);
  wasm_val_vec_delete(&twin);
}

TEST(types_tell_what_they_are_made_of) {
  wasm_functype_t* func = make_functype();
  CHECK(wasm_functype_params(func)->size == 2 && wasm_functype_results(func)->size == 1);
  CHECK(wasm_valtype_kind(wasm_functype_params(func)->data[1]) == WASM_F64);
  CHECK(wasm_valtype_is_ref(wasm_functype_results(func)->data[0]));
  wasm_functype_delete(func);
  wasm_globaltype_t* global = make_globaltype();
  CHECK(wasm_valtype_kind(wasm_globaltype_content(global)) == WASM_F32);
  CHECK(wasm_globaltype_mutability(global) == WASM_VAR);
  wasm_globaltype_delete(global);
  wasm_tabletype_t* table = make_tabletype();
  CHECK(wasm_valtype_kind(wasm_tabletype_element(table)) == WASM_EXTERNREF);
  CHECK(wasm_tabletype_limits(table)->min == 3 && wasm_tabletype_limits(table)->max == 7);
  wasm_tabletype_delete(table);
  wasm_memorytype_t* memory = make_memorytype();
  CHECK(wasm_memorytype_limits(memory)->min == 1);
  CHECK(wasm_memorytype_limits(memory)->max == wasm_limits_max_default);
  wasm_memorytype_delete(memory);
  wasm_tagtype_t* tag = make_tagtype();
  CHECK(wasm_functype_params(wasm_tagtype_functype(tag))->size == 1);
  wasm_tagtype_delete(tag);
  wasm_importtype_t* import = make_importtype();
  CHECK(wasm_importtype_module(import)->size == 6 && wasm_importtype_name(import)->size == 4);
  CHECK(wasm_externtype_kind(wasm_importtype_type(import)) == WASM_EXTERN_FUNC);
  wasm_importtype_delete(import);
  wasm_exporttype_t* export = make_exporttype();
  CHECK(memcmp(wasm_exporttype_name(export)->data, "export", 6) == 0);
  CHECK(wasm_externtype_kind(wasm_exporttype_type(export)) == WASM_EXTERN_MEMORY);
  wasm_exporttype_delete(export);
}

// There and back is the same object; another kind is none.
#define CHECK_CONVERSION(name, Kind, other)                                                     \
  do {                                                                                          \
    wasm_##name##_t* type = make_##name();                                                      \
    wasm_externtype_t* ext = wasm_##name##_as_externtype(type);                                 \
    CHECK(wasm_externtype_kind(ext) == Kind && wasm_externtype_as_##name(ext) == type);         \
    CHECK(wasm_##name##_as_externtype_const(type) == ext);                                      \
    CHECK(wasm_externtype_as_##name##_const(ext) == type);                                      \
    CHECK(wasm_externtype_as_##other(ext) == NULL && !wasm_externtype_as_##other##_const(ext)); \
    wasm_externtype_t* copy = wasm_externtype_copy(ext);                                        \
    CHECK(copy != ext && wasm_externtype_kind(copy) == Kind);                                   \
    wasm_externtype_delete(copy);                                                               \
    wasm_##name##_delete(type);                                                                 \
  } while (0)

TEST(types_of_what_can_be_exported_convert) {
  CHECK_CONVERSION(functype, WASM_EXTERN_FUNC, memorytype);
  CHECK_CONVERSION(globaltype, WASM_EXTERN_GLOBAL, functype);
  CHECK_CONVERSION(tabletype, WASM_EXTERN_TABLE, globaltype);
  CHECK_CONVERSION(memorytype, WASM_EXTERN_MEMORY, tagtype);
  CHECK_CONVERSION(tagtype, WASM_EXTERN_TAG, tabletype);
}

TEST(types_of_memories_have_64_bits) {
  wasm_memorytype_t* type = NULL;
  CHECK_OK(wasmtime_memorytype_new(5, true, 1ull << 33, true, false, 16, &type));
  uint64_t max = 0;
  CHECK(wasmtime_memorytype_minimum(type) == 5 && wasmtime_memorytype_maximum(type, &max));
  CHECK(max == 1ull << 33 && wasmtime_memorytype_is64(type) && !wasmtime_memorytype_isshared(type));
  CHECK(wasmtime_memorytype_page_size(type) == 65536);
  CHECK(wasmtime_memorytype_page_size_log2(type) == 16);
  wasm_memorytype_delete(type);
  CHECK_OK(wasmtime_memorytype_new(5, false, 0, false, false, 0, &type));
  CHECK(!wasmtime_memorytype_maximum(type, &max) && wasmtime_memorytype_page_size(type) == 1);
  wasm_memorytype_delete(type);
  type = NULL;
  CHECK(is_error(wasmtime_memorytype_new(9, true, 8, false, false, 16, &type), ""));
  CHECK(is_error(wasmtime_memorytype_new(1, false, 0, false, false, 5, &type), ""));
  CHECK(is_error(wasmtime_memorytype_new(1, false, 0, false, true, 16, &type), ""));
}

TEST(value_types_go_both_ways) {
  wasm_engine_t* engine = wasm_engine_new();
  wasm_valtype_t* all[] = {wasm_valtype_new_i32(),       wasm_valtype_new_i64(),
                           wasm_valtype_new_f32(),       wasm_valtype_new_f64(),
                           wasm_valtype_new_externref(), wasm_valtype_new_funcref(),
                           wasmtime_wasm_valtype_v128()};
  const size_t count = sizeof all / sizeof *all;
  for (size_t i = 0; i < count; ++i) {
    wasmtime_valtype_t type, copy;
    wasmtime_valtype_new(all[i], &type);
    wasmtime_valtype_clone(&type, &copy);
    wasmtime_valtype_delete(&type);
    wasm_valtype_t* back = wasmtime_valtype_to_wasm(engine, &copy);
    wasmtime_valtype_delete(&copy);
    for (size_t j = 0; j < count; ++j) CHECK(wasmtime_wasm_valtype_equal(back, all[j]) == (i == j));
    wasm_valtype_delete(back);
  }
  for (size_t i = 0; i < count; ++i) wasm_valtype_delete(all[i]);
  wasm_engine_delete(engine);
}

TEST(concrete_types_keep_what_they_mention) {
  wasm_engine_t* engine = wasm_engine_new();
  wasmtime_field_type_t fields[2] = {{true, {WASMTIME_STORAGE_TYPE_KIND_I8, NULL}}, {false, {0}}};
  fields[1].storage.kind = WASMTIME_STORAGE_TYPE_KIND_VALTYPE;
  fields[1].storage.valtype = wasm_valtype_new_i64();
  wasmtime_struct_type_t* made = wasmtime_struct_type_new(engine, fields, 2);
  wasmtime_struct_type_t* type = wasmtime_struct_type_copy(made);
  wasmtime_struct_type_delete(made);
  CHECK(wasmtime_struct_type_num_fields(type) == 2);
  wasmtime_field_type_t field, twin;
  CHECK(wasmtime_struct_type_field(type, 0, &field) && field.mutable_);
  CHECK(field.storage.kind == WASMTIME_STORAGE_TYPE_KIND_I8);
  wasmtime_field_type_delete(&field);
  CHECK(wasmtime_struct_type_field(type, 1, &field) && !field.mutable_);
  wasmtime_field_type_clone(&field, &twin);
  wasmtime_field_type_delete(&field);
  CHECK(wasm_valtype_kind(twin.storage.valtype) == WASM_I64);
  wasmtime_storage_type_t storage;
  wasmtime_storage_type_clone(&twin.storage, &storage);
  wasmtime_field_type_delete(&twin);
  CHECK(wasm_valtype_kind(storage.valtype) == WASM_I64);
  wasmtime_storage_type_delete(&storage);
  CHECK(!wasmtime_struct_type_field(type, 2, &field));

  // A reference to it, as a type of values and as an element of arrays.
  wasmtime_reftype_t ref = {true, {WASMTIME_HEAPTYPE_KIND_CONCRETE_STRUCT, {NULL}}}, ref_copy;
  ref.heaptype.of.concrete_struct = type;
  wasmtime_reftype_clone(&ref, &ref_copy);
  wasmtime_heaptype_t heap;
  wasmtime_heaptype_clone(&ref.heaptype, &heap);
  wasmtime_reftype_delete(&ref);
  CHECK(wasmtime_struct_type_num_fields(heap.of.concrete_struct) == 2);
  wasmtime_heaptype_delete(&heap);
  wasmtime_valtype_t value = {WASMTIME_VALTYPE_KIND_REF, ref_copy};
  wasm_valtype_t* element = wasmtime_valtype_to_wasm(engine, &value);
  wasmtime_valtype_delete(&value);
  CHECK(element != NULL);
  wasmtime_field_type_t of_array = {true, {WASMTIME_STORAGE_TYPE_KIND_VALTYPE, element}};
  wasmtime_array_type_t* array = wasmtime_array_type_new(engine, &of_array);
  wasm_valtype_delete(element);
  wasm_valtype_delete(fields[1].storage.valtype);
  wasmtime_array_type_t* copy = wasmtime_array_type_copy(array);
  wasmtime_array_type_delete(array);
  wasmtime_array_type_element(copy, &field);
  wasmtime_valtype_new(field.storage.valtype, &value);
  CHECK(value.reftype.heaptype.kind == WASMTIME_HEAPTYPE_KIND_CONCRETE_STRUCT);
  wasmtime_valtype_delete(&value);
  wasmtime_field_type_delete(&field);
  wasmtime_array_type_delete(copy);
  wasm_engine_delete(engine);
}

TEST(types_of_exceptions_are_tags) {
  wasm_engine_t* engine = wasm_engine_new();
  wasm_valtype_t* types[] = {wasm_valtype_new_i32(), wasm_valtype_new_i64()};
  wasm_valtype_vec_t params;
  wasm_valtype_vec_new(&params, 2, types);
  wasmtime_exn_type_t* type = NULL;
  CHECK_OK(wasmtime_exn_type_new(engine, &params, &type));
  wasm_valtype_vec_delete(&params);
  wasmtime_exn_type_t* copy = wasmtime_exn_type_copy(type);
  wasmtime_exn_type_delete(type);
  wasm_tagtype_t* tag = wasmtime_exn_type_tag_type(copy);
  CHECK(wasm_functype_params(wasm_tagtype_functype(tag))->size == 2);
  wasm_tagtype_delete(tag);
  wasmtime_exn_type_delete(copy);
  wasm_engine_delete(engine);
}
