// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// The objects of wasm.h: copies are the same thing, conversions the same object, and what the host
// keeps with an object ends with it.
#include "check.h"

static wasm_engine_t* engine;
static wasm_store_t* store;
static wasm_module_t* module;
static wasm_instance_t* instance;
static wasm_extern_vec_t exports;
static int ended;

static void end(void* data) {
  ended += *(int*)data;
}

static void set_up(void) {
  engine = wasm_engine_new();
  store = wasm_store_new(engine);
  static const char kModule[] =
      "(module (func (export \"f\") (param i32) (result i64) unreachable)"
      "  (global (export \"g\") (mut i32) (i32.const 7)) (table (export \"t\") 2 9 funcref)"
      "  (memory (export \"m\") 1 3))";
  wasm_byte_vec_t wasm;
  CHECK_OK(wasmtime_wat2wasm(kModule, strlen(kModule), &wasm));
  module = wasm_module_new(store, &wasm);
  wasm_byte_vec_delete(&wasm);
  CHECK(module != NULL);
  const wasm_extern_vec_t none = WASM_EMPTY_VEC;
  instance = wasm_instance_new(store, module, &none, NULL);
  CHECK(instance != NULL);
  wasm_instance_exports(instance, &exports);
  CHECK(exports.size == 4);
  ended = 0;
}

static void tear_down(void) {
  wasm_extern_vec_delete(&exports);
  wasm_instance_delete(instance);
  wasm_module_delete(module);
  wasm_store_delete(store);
  wasm_engine_delete(engine);
}

// Copies are the same thing, with information of their own; a finalizer runs when it is replaced or
// its object is deleted.
#define CHECK_OBJECT(name, object)                                  \
  do {                                                              \
    static int one = 1, ten = 10;                                   \
    ended = 0;                                                      \
    wasm_##name##_t* copy = wasm_##name##_copy(object);             \
    CHECK(copy != NULL);                                            \
    CHECK(wasm_##name##_get_host_info(copy) == NULL);               \
    wasm_##name##_set_host_info(copy, &one);                        \
    CHECK(wasm_##name##_get_host_info(copy) == &one);               \
    CHECK(wasm_##name##_get_host_info(object) == NULL);             \
    wasm_##name##_set_host_info_with_finalizer(copy, &one, end);    \
    CHECK(ended == 0);                                              \
    wasm_##name##_set_host_info_with_finalizer(copy, &ten, end);    \
    CHECK(ended == 1 && wasm_##name##_get_host_info(copy) == &ten); \
    wasm_##name##_delete(copy);                                     \
    CHECK(ended == 11);                                             \
  } while (0)

#define CHECK_SAME(name, object)                        \
  do {                                                  \
    wasm_##name##_t* twin = wasm_##name##_copy(object); \
    CHECK(wasm_##name##_same(object, twin));            \
    CHECK(wasm_##name##_same(twin, object));            \
    wasm_##name##_delete(twin);                         \
  } while (0)

// There and back is the same object.
#define CHECK_REF(name, object, other)                                                     \
  do {                                                                                     \
    wasm_ref_t* ref = wasm_##name##_as_ref(object);                                        \
    CHECK(wasm_ref_as_##name(ref) == object && wasm_ref_as_##other(ref) == NULL);          \
    CHECK(wasm_##name##_as_ref_const(object) == ref);                                      \
    CHECK(wasm_ref_as_##name##_const(ref) == object && !wasm_ref_as_##other##_const(ref)); \
    wasm_ref_t* ref_copy = wasm_ref_copy(ref);                                             \
    wasm_ref_delete(ref_copy);                                                             \
  } while (0)

#define CHECK_EXTERN(name, object, Kind, other)                                                  \
  do {                                                                                           \
    wasm_extern_t* ext = wasm_##name##_as_extern(object);                                        \
    CHECK(wasm_extern_kind(ext) == Kind && wasm_extern_as_##name(ext) == object);                \
    CHECK(wasm_##name##_as_extern_const(object) == ext);                                         \
    CHECK(wasm_extern_as_##name##_const(ext) == object && !wasm_extern_as_##other##_const(ext)); \
    wasm_externtype_t* type = wasm_extern_type(ext);                                             \
    CHECK(wasm_externtype_kind(type) == Kind);                                                   \
    wasm_externtype_delete(type);                                                                \
  } while (0)

TEST(what_can_be_exported) {
  set_up();
  wasm_func_t* func = wasm_extern_as_func(exports.data[0]);
  CHECK_OBJECT(func, func);
  CHECK_SAME(func, func);
  CHECK_REF(func, func, global);
  CHECK_EXTERN(func, func, WASM_EXTERN_FUNC, table);
  wasm_functype_t* functype = wasm_func_type(func);
  CHECK(wasm_functype_params(functype)->size == 1 && wasm_func_result_arity(func) == 1);
  wasm_functype_delete(functype);
  wasm_global_t* global = wasm_extern_as_global(exports.data[1]);
  CHECK_OBJECT(global, global);
  CHECK_SAME(global, global);
  CHECK_REF(global, global, func);
  CHECK_EXTERN(global, global, WASM_EXTERN_GLOBAL, func);
  wasm_table_t* table = wasm_extern_as_table(exports.data[2]);
  CHECK_OBJECT(table, table);
  CHECK_SAME(table, table);
  CHECK_REF(table, table, memory);
  CHECK_EXTERN(table, table, WASM_EXTERN_TABLE, memory);
  wasm_memory_t* memory = wasm_extern_as_memory(exports.data[3]);
  CHECK_OBJECT(memory, memory);
  CHECK_SAME(memory, memory);
  CHECK_REF(memory, memory, instance);
  CHECK_EXTERN(memory, memory, WASM_EXTERN_MEMORY, global);
  tear_down();
}

TEST(externs_are_objects) {
  set_up();
  wasm_extern_t* ext = exports.data[3];
  CHECK_OBJECT(extern, ext);
  CHECK_SAME(extern, ext);
  CHECK(!wasm_extern_same(exports.data[0], exports.data[1]));
  wasm_ref_t* ref = wasm_extern_as_ref(ext);
  CHECK(wasm_ref_as_extern(ref) == ext && wasm_extern_as_ref_const(ext) == ref);
  CHECK(wasm_ref_as_extern_const(ref) == ext);
  CHECK(wasm_ref_as_extern(wasm_instance_as_ref(instance)) == NULL);
  wasm_extern_vec_t vec, copy;
  wasm_extern_vec_new_empty(&vec);
  wasm_extern_vec_delete(&vec);
  wasm_extern_vec_new_uninitialized(&vec, 2);
  vec.data[1] = wasm_extern_copy(ext);
  wasm_extern_vec_copy(&copy, &vec);
  wasm_extern_vec_delete(&vec);
  CHECK(copy.size == 2 && copy.data[0] == NULL && wasm_extern_same(copy.data[1], ext));
  wasm_extern_vec_delete(&copy);
  wasm_extern_t* const items[] = {wasm_extern_copy(ext)};
  wasm_extern_vec_new(&vec, 1, items);
  wasm_extern_vec_delete(&vec);
  tear_down();
}

TEST(modules_and_instances) {
  set_up();
  CHECK_OBJECT(module, module);
  CHECK_SAME(module, module);
  CHECK_REF(module, module, instance);
  CHECK_OBJECT(instance, instance);
  CHECK_SAME(instance, instance);
  CHECK_REF(instance, instance, module);
  wasm_importtype_vec_t imports;
  wasm_exporttype_vec_t types;
  wasm_module_imports(module, &imports);
  wasm_module_exports(module, &types);
  CHECK(imports.size == 0 && types.size == 4);
  wasm_importtype_vec_delete(&imports);
  wasm_exporttype_vec_delete(&types);
  wasm_byte_vec_t bytes;
  wasm_module_serialize(module, &bytes);
  CHECK(bytes.size != 0);
  wasm_module_t* again = wasm_module_deserialize(store, &bytes);
  CHECK(again != NULL && !wasm_module_same(again, module));
  wasm_module_delete(again);
  bytes.data[bytes.size / 2] ^= 1;
  bytes.size /= 2;
  CHECK(wasm_module_deserialize(store, &bytes) == NULL);
  wasm_byte_vec_delete(&bytes);
  tear_down();
}

TEST(what_the_host_makes) {
  set_up();
  wasm_val_t value = WASM_I64_VAL(5);
  wasm_globaltype_t* globaltype = wasm_globaltype_new(wasm_valtype_new_i64(), WASM_CONST);
  wasm_global_t* global = wasm_global_new(store, globaltype, &value);
  wasm_globaltype_delete(globaltype);
  value.of.i64 = 0;
  wasm_global_get(global, &value);
  CHECK(value.kind == WASM_I64 && value.of.i64 == 5);
  CHECK(!wasm_global_same(global, wasm_extern_as_global(exports.data[1])));
  wasm_global_delete(global);

  const wasm_limits_t limits = {2, 4};
  wasm_tabletype_t* tabletype = wasm_tabletype_new(wasm_valtype_new_funcref(), &limits);
  wasm_func_t* func = wasm_extern_as_func(exports.data[0]);
  wasm_table_t* table = wasm_table_new(store, tabletype, wasm_func_as_ref(func));
  wasm_tabletype_delete(tabletype);
  wasm_ref_t* ref = wasm_table_get(table, 1);
  CHECK(wasm_func_same(wasm_ref_as_func(ref), func));
  wasm_ref_delete(ref);
  CHECK(wasm_table_grow(table, 2, NULL) && !wasm_table_grow(table, 1, NULL));
  tabletype = wasm_table_type(table);
  CHECK(wasm_tabletype_limits(tabletype)->max == 4);
  wasm_tabletype_delete(tabletype);
  wasm_table_delete(table);

  wasm_memorytype_t* memorytype = wasm_memorytype_new(&limits);
  wasm_memory_t* memory = wasm_memory_new(store, memorytype);
  wasm_memorytype_delete(memorytype);
  CHECK(wasm_memory_size(memory) == 2 && wasm_memory_data(memory)[0] == 0);
  memorytype = wasm_memory_type(memory);
  CHECK(wasm_memorytype_limits(memorytype)->min == 2);
  wasm_memorytype_delete(memorytype);
  wasm_memory_delete(memory);
  tear_down();
}

TEST(traps_and_their_frames) {
  set_up();
  wasm_message_t message;
  wasm_name_new_from_string_nt(&message, "what the host says");
  wasm_trap_t* trap = wasm_trap_new(store, &message);
  wasm_byte_vec_delete(&message);
  CHECK_OBJECT(trap, trap);
  CHECK_REF(trap, trap, foreign);
  CHECK(wasm_trap_same(trap, trap));
  CHECK(wasm_trap_origin(trap) == NULL);
  CHECK(is_trap(trap, "what the host says"));

  wasm_val_t arg[] = {WASM_I32_VAL(1)}, result[1];
  const wasm_val_vec_t args = WASM_ARRAY_VEC(arg);
  wasm_val_vec_t results = WASM_ARRAY_VEC(result);
  trap = wasm_func_call(wasm_extern_as_func(exports.data[0]), &args, &results);
  wasm_frame_vec_t frames, copy;
  wasm_trap_trace(trap, &frames);
  CHECK(frames.size == 1 && wasm_frame_func_index(frames.data[0]) == 0);
  wasm_frame_vec_copy(&copy, &frames);
  wasm_frame_vec_delete(&frames);
  CHECK(copy.size == 1 && wasm_frame_func_offset(copy.data[0]) != 0);
  CHECK(wasm_frame_module_offset(copy.data[0]) > wasm_frame_func_offset(copy.data[0]));
  wasm_frame_t* const items[] = {wasm_frame_copy(copy.data[0])};
  wasm_frame_vec_delete(&copy);
  wasm_frame_vec_new(&frames, 1, items);
  wasm_frame_vec_delete(&frames);
  wasm_frame_vec_new_empty(&frames);
  wasm_frame_vec_delete(&frames);
  wasm_frame_vec_new_uninitialized(&frames, 2);
  wasm_frame_vec_delete(&frames);
  wasm_trap_delete(trap);
  tear_down();
}

TEST(foreign_objects_and_references) {
  set_up();
  wasm_foreign_t* foreign = wasm_foreign_new(store);
  wasm_foreign_t* stranger = wasm_foreign_new(store);
  CHECK_OBJECT(foreign, foreign);
  CHECK_SAME(foreign, foreign);
  CHECK(!wasm_foreign_same(foreign, stranger));
  CHECK_REF(foreign, foreign, trap);
  wasm_ref_t* ref = wasm_foreign_as_ref(foreign);
  CHECK_OBJECT(ref, ref);
  CHECK_SAME(ref, ref);
  wasm_foreign_delete(stranger);
  wasm_foreign_delete(foreign);
  tear_down();
}
