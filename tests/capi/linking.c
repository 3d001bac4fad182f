// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Linkers, modules, instances, limits.
#include "check.h"

TEST(missing_and_wrong_imports_are_named) {
  wasm_engine_t* engine = wasm_engine_new();
  wasmtime_store_t* store = wasmtime_store_new(engine, NULL, NULL);
  wasmtime_context_t* context = wasmtime_store_context(store);
  wasmtime_linker_t* linker = wasmtime_linker_new(engine);
  wasmtime_module_t* module = compile(engine, "(module (import \"a\" \"b\" (func)))");
  wasmtime_instance_t instance;
  wasm_trap_t* trap = NULL;
  CHECK(is_error(wasmtime_linker_instantiate(linker, context, module, &instance, &trap),
                 "unknown import: `a::b` has not been defined"));
  CHECK(is_error(wasmtime_instance_new(context, module, NULL, 0, &instance, &trap),
                 "expected 1 imports, found 0"));

  wasm_limits_t limits = {1, wasm_limits_max_default};
  wasm_memorytype_t* type = wasm_memorytype_new(&limits);
  wasmtime_extern_t item;
  item.kind = WASMTIME_EXTERN_MEMORY;
  CHECK_OK(wasmtime_memory_new(context, type, &item.of.memory));
  wasm_memorytype_delete(type);
  CHECK_OK(wasmtime_linker_define(linker, context, "a", 1, "b", 1, &item));
  CHECK(is_error(wasmtime_linker_instantiate(linker, context, module, &instance, &trap),
                 "incompatible import type for `a::b`"));
  CHECK(is_error(wasmtime_linker_define(linker, context, "a", 1, "b", 1, &item),
                 "import of `a::b` defined twice"));
  wasmtime_linker_allow_shadowing(linker, true);
  CHECK_OK(wasmtime_linker_define(linker, context, "a", 1, "b", 1, &item));
  wasmtime_extern_t got;
  CHECK(wasmtime_linker_get(linker, context, "a", 1, "b", 1, &got));
  CHECK(got.kind == WASMTIME_EXTERN_MEMORY);
  CHECK(!wasmtime_linker_get(linker, context, "a", 1, "c", 1, &got));
  wasmtime_module_delete(module);
  wasmtime_linker_delete(linker);
  wasmtime_store_delete(store);
  wasm_engine_delete(engine);
}

TEST(unknown_imports_become_traps_or_defaults) {
  wasm_engine_t* engine = wasm_engine_new();
  wasmtime_store_t* store = wasmtime_store_new(engine, NULL, NULL);
  wasmtime_context_t* context = wasmtime_store_context(store);
  wasmtime_module_t* module = compile(engine,
                                      "(module (import \"a\" \"b\" (func $b (result i32)))"
                                      "  (func (export \"f\") (result i32) call $b))");
  wasmtime_linker_t* traps = wasmtime_linker_new(engine);
  CHECK_OK(wasmtime_linker_define_unknown_imports_as_traps(traps, module));
  wasmtime_instance_t instance;
  wasm_trap_t* trap = NULL;
  CHECK_OK(wasmtime_linker_instantiate(traps, context, module, &instance, &trap));
  wasmtime_func_t f = export_of(context, &instance, "f").of.func;
  wasmtime_val_t result;
  CHECK(is_error(wasmtime_func_call(context, &f, NULL, 0, &result, 1, &trap),
                 "unknown import: `a::b` has not been defined"));
  wasmtime_linker_t* defaults = wasmtime_linker_new(engine);
  CHECK_OK(wasmtime_linker_define_unknown_imports_as_default_values(defaults, context, module));
  CHECK_OK(wasmtime_linker_instantiate(defaults, context, module, &instance, &trap));
  f = export_of(context, &instance, "f").of.func;
  CHECK_OK(wasmtime_func_call(context, &f, NULL, 0, &result, 1, &trap));
  CHECK(result.of.i32 == 0);
  wasmtime_linker_delete(traps);
  wasmtime_linker_delete(defaults);
  wasmtime_module_delete(module);
  wasmtime_store_delete(store);
  wasm_engine_delete(engine);
}

static wasm_trap_t* count(void* env, wasmtime_caller_t* caller, const wasmtime_val_t* args,
                          size_t nargs, wasmtime_val_t* results, size_t nresults) {
  (void)caller, (void)args, (void)nargs, (void)results, (void)nresults;
  ++*(int*)env;
  return NULL;
}

TEST(prepared_instances_serve_many_stores) {
  wasm_engine_t* engine = wasm_engine_new();
  wasmtime_linker_t* linker = wasmtime_linker_new(engine);
  int calls = 0;
  wasm_functype_t* type = wasm_functype_new_0_0();
  CHECK_OK(wasmtime_linker_define_func(linker, "", 0, "f", 1, type, count, &calls, NULL));
  wasm_functype_delete(type);
  wasmtime_module_t* module =
      compile(engine, "(module (import \"\" \"f\" (func)) (start 0) (memory (export \"m\") 1))");
  wasmtime_instance_pre_t* pre = NULL;
  CHECK_OK(wasmtime_linker_instantiate_pre(linker, module, &pre));
  wasmtime_linker_delete(linker);
  wasmtime_module_delete(module);
  for (int i = 0; i < 3; ++i) {
    wasmtime_store_t* store = wasmtime_store_new(engine, NULL, NULL);
    wasmtime_context_t* context = wasmtime_store_context(store);
    wasmtime_instance_t instance;
    wasm_trap_t* trap = NULL;
    for (int k = 0; k < 2; ++k) {
      CHECK_OK(wasmtime_instance_pre_instantiate(pre, context, &instance, &trap));
    }
    wasmtime_memory_t m = export_of(context, &instance, "m").of.memory;
    CHECK(wasmtime_memory_data_size(context, &m) == 65536);
    wasmtime_store_delete(store);
  }
  CHECK(calls == 6);
  wasmtime_instance_pre_delete(pre);
  wasm_engine_delete(engine);
}

TEST(a_module_without_a_name_is_run_as_the_command_does) {
  wasm_engine_t* engine = wasm_engine_new();
  wasmtime_linker_t* linker = wasmtime_linker_new(engine);
  CHECK_OK(wasmtime_linker_define_wasi(linker));
  wasmtime_store_t* store = wasmtime_store_new(engine, NULL, NULL);
  wasmtime_context_t* context = wasmtime_store_context(store);
  wasi_config_t* wasi = wasi_config_new();
  CHECK_OK(wasmtime_context_set_wasi(context, wasi));
  wasmtime_module_t* module = compile(
      engine,
      "(module (import \"wasi_snapshot_preview1\" \"proc_exit\" (func $exit (param i32)))"
      "  (memory (export \"memory\") 1) (func (export \"_start\") (call $exit (i32.const 7))))");
  CHECK_OK(wasmtime_linker_module(linker, context, "", 0, module));
  wasmtime_func_t f;
  CHECK_OK(wasmtime_linker_get_default(linker, context, "", 0, &f));
  wasm_trap_t* trap = NULL;
  wasmtime_error_t* error = wasmtime_func_call(context, &f, NULL, 0, NULL, 0, &trap);
  int status = 0;
  CHECK(error != NULL && trap == NULL && wasmtime_error_exit_status(error, &status));
  CHECK(status == 7);
  CHECK(is_error(error, "Exited with i32 exit status 7"));
  CHECK_OK(wasmtime_linker_get_default(linker, context, "other", 5, &f));
  CHECK_OK(wasmtime_func_call(context, &f, NULL, 0, NULL, 0, &trap));
  wasmtime_module_delete(module);
  wasmtime_linker_delete(linker);
  wasmtime_store_delete(store);
  wasm_engine_delete(engine);
}

TEST(modules_are_described_and_serialized) {
  wasm_engine_t* engine = wasm_engine_new();
  wasmtime_module_t* module = compile(
      engine,
      "(module (import \"m\" \"g\" (global (mut i64))) (import \"m\" \"t\" (table 1 2 funcref))"
      "  (func (export \"f\") (param i32) (result f64) unreachable) (memory (export \"mem\") 1 "
      "3))");
  wasm_importtype_vec_t imports;
  wasmtime_module_imports(module, &imports);
  CHECK(imports.size == 2);
  const wasm_externtype_t* type = wasm_importtype_type(imports.data[0]);
  const wasm_globaltype_t* global = wasm_externtype_as_globaltype_const(type);
  CHECK(global != NULL && wasm_globaltype_mutability(global) == WASM_VAR);
  CHECK(wasm_valtype_kind(wasm_globaltype_content(global)) == WASM_I64);
  CHECK(wasm_externtype_as_functype_const(type) == NULL);
  wasm_importtype_vec_t copy;
  wasm_importtype_vec_copy(&copy, &imports);
  wasm_importtype_vec_delete(&imports);
  const wasm_tabletype_t* table =
      wasm_externtype_as_tabletype_const(wasm_importtype_type(copy.data[1]));
  CHECK(wasm_tabletype_limits(table)->max == 2);
  wasm_importtype_vec_delete(&copy);

  wasm_byte_vec_t bytes;
  CHECK_OK(wasmtime_module_serialize(module, &bytes));
  wasmtime_module_t* again = NULL;
  CHECK_OK(wasmtime_module_deserialize(engine, (const uint8_t*)bytes.data, bytes.size, &again));
  wasm_exporttype_vec_t exports;
  wasmtime_module_exports(again, &exports);
  CHECK(exports.size == 2 && wasm_exporttype_name(exports.data[1])->size == 3);
  wasm_exporttype_vec_delete(&exports);
  wasm_byte_vec_t twice;
  CHECK_OK(wasmtime_module_serialize(again, &twice));
  CHECK(twice.size == bytes.size && memcmp(twice.data, bytes.data, bytes.size) == 0);
  wasm_byte_vec_delete(&twice);
  wasmtime_module_delete(again);
  bytes.data[bytes.size - 1] ^= 1;
  CHECK(
      is_error(wasmtime_module_deserialize(engine, (const uint8_t*)bytes.data, bytes.size, &again),
               "the image was altered"));
  CHECK(is_error(wasmtime_module_deserialize(engine,
                                             (const uint8_t*)"\x7f"
                                                             "ELF",
                                             4, &again),
                 "the image is truncated"));
  CHECK(is_error(wasmtime_module_validate(engine, (const uint8_t*)"\0asm\1\0\0\0\1", 9),
                 "failed to parse WebAssembly module"));
  wasm_byte_vec_delete(&bytes);
  wasmtime_module_delete(module);
  wasm_engine_delete(engine);
}

TEST(limits_of_a_store_hold) {
  wasm_engine_t* engine = wasm_engine_new();
  wasmtime_store_t* store = wasmtime_store_new(engine, NULL, NULL);
  wasmtime_context_t* context = wasmtime_store_context(store);
  wasmtime_store_limiter(store, 3 * 65536, 10, 2, -1, -1);
  wasmtime_instance_t instance = instantiate(
      engine, context, "(module (memory (export \"m\") 1) (table (export \"t\") 1 funcref))");
  wasmtime_memory_t memory = export_of(context, &instance, "m").of.memory;
  uint64_t before = 0;
  CHECK_OK(wasmtime_memory_grow(context, &memory, 2, &before));
  CHECK(
      is_error(wasmtime_memory_grow(context, &memory, 1, &before), "failed to grow memory by `1`"));
  wasmtime_table_t table = export_of(context, &instance, "t").of.table;
  wasmtime_val_t null;
  null.kind = WASMTIME_FUNCREF;
  wasmtime_funcref_set_null(&null.of.funcref);
  CHECK(is_error(wasmtime_table_grow(context, &table, 10, &null, &before),
                 "failed to grow table by `10`"));
  instantiate(engine, context, "(module)");
  wasmtime_module_t* module = compile(engine, "(module)");
  wasm_trap_t* trap = NULL;
  CHECK(is_error(wasmtime_instance_new(context, module, NULL, 0, &instance, &trap),
                 "instance count too high at 3"));
  wasmtime_module_delete(module);
  wasmtime_store_delete(store);
  wasm_engine_delete(engine);
}

TEST(shared_memories_belong_to_no_store) {
  wasm_config_t* config = wasm_config_new();
  wasmtime_config_wasm_threads_set(config, true);
  wasmtime_config_shared_memory_set(config, true);
  wasm_engine_t* engine = wasm_engine_new_with_config(config);
  wasm_memorytype_t* type = NULL;
  CHECK_OK(wasmtime_memorytype_new(1, true, 4, false, true, 16, &type));
  wasmtime_sharedmemory_t* shared = NULL;
  CHECK_OK(wasmtime_sharedmemory_new(engine, type, &shared));
  wasm_memorytype_delete(type);
  wasmtime_module_t* module =
      compile(engine, "(module (import \"\" \"m\" (memory 1 4 shared)) (export \"m\" (memory 0)))");
  for (int i = 0; i < 2; ++i) {
    wasmtime_store_t* store = wasmtime_store_new(engine, NULL, NULL);
    wasmtime_context_t* context = wasmtime_store_context(store);
    wasmtime_extern_t import;
    import.kind = WASMTIME_EXTERN_SHAREDMEMORY;
    import.of.sharedmemory = wasmtime_sharedmemory_clone(shared);
    wasmtime_instance_t instance;
    wasm_trap_t* trap = NULL;
    CHECK_OK(wasmtime_instance_new(context, module, &import, 1, &instance, &trap));
    wasmtime_extern_delete(&import);
    wasmtime_extern_t item = export_of(context, &instance, "m");
    CHECK(item.kind == WASMTIME_EXTERN_SHAREDMEMORY);
    CHECK(wasmtime_sharedmemory_data(item.of.sharedmemory) == wasmtime_sharedmemory_data(shared));
    uint64_t before = 9;
    CHECK_OK(wasmtime_sharedmemory_grow(item.of.sharedmemory, 1, &before));
    CHECK(before == (uint64_t)i + 1);
    wasmtime_extern_delete(&item);
    wasmtime_store_delete(store);
  }
  CHECK(wasmtime_sharedmemory_size(shared) == 3);
  wasmtime_sharedmemory_delete(shared);
  wasmtime_module_delete(module);
  wasm_engine_delete(engine);
}
