// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// The API of wasm.h, from C++.
#include "check.h"

namespace {

int ended;

wasm_trap_t* add(const wasm_val_vec_t* args, wasm_val_vec_t* results) {
  results->data[0].kind = WASM_I32;
  results->data[0].of.i32 = args->data[0].of.i32 + args->data[1].of.i32;
  return nullptr;
}

wasm_trap_t* keep(void* env, const wasm_val_vec_t* args, wasm_val_vec_t* results) {
  wasm_val_copy(static_cast<wasm_val_t*>(env), &args->data[0]);
  wasm_val_copy(&results->data[0], &args->data[0]);
  return nullptr;
}

struct World {
  wasm_engine_t* engine = wasm_engine_new();
  wasm_store_t* store = wasm_store_new(engine);
  wasm_module_t* module = nullptr;
  wasm_instance_t* instance = nullptr;
  wasm_extern_vec_t exports = {};

  void load(const char* wat, wasm_extern_vec_t imports) {
    wasm_byte_vec_t wasm;
    CHECK_OK(wasmtime_wat2wasm(wat, strlen(wat), &wasm));
    CHECK(wasm_module_validate(store, &wasm));
    module = wasm_module_new(store, &wasm);
    wasm_byte_vec_delete(&wasm);
    CHECK(module != nullptr);
    wasm_trap_t* trap = nullptr;
    instance = wasm_instance_new(store, module, &imports, &trap);
    if (trap != nullptr) CHECK(is_trap(trap, "never"));
    CHECK(instance != nullptr);
    wasm_instance_exports(instance, &exports);
  }
  ~World() {
    wasm_extern_vec_delete(&exports);
    if (instance != nullptr) wasm_instance_delete(instance);
    if (module != nullptr) wasm_module_delete(module);
    wasm_store_delete(store);
    wasm_engine_delete(engine);
  }
};

}  // namespace

TEST(functions_are_called_both_ways) {
  World w;
  wasm_functype_t* type =
      wasm_functype_new_2_1(wasm_valtype_new_i32(), wasm_valtype_new_i32(), wasm_valtype_new_i32());
  wasm_func_t* host = wasm_func_new(w.store, type, add);
  wasm_functype_delete(type);
  wasm_extern_t* imports[] = {wasm_func_as_extern(host)};
  w.load(
      "(module (import \"\" \"\" (func $add (param i32 i32) (result i32)))"
      "  (func (export \"f\") (param i32) (result i32) (call $add (local.get 0) (i32.const 2)))"
      "  (func (export \"t\") unreachable) (memory (export \"m\") 1 2)"
      "  (global (export \"g\") (mut i64) (i64.const 5)) (table (export \"tab\") 2 funcref))",
      WASM_ARRAY_VEC(imports));
  CHECK(w.exports.size == 5);
  wasm_func_t* f = wasm_extern_as_func(w.exports.data[0]);
  CHECK(wasm_func_param_arity(f) == 1 && wasm_func_result_arity(f) == 1);
  wasm_val_t args[1] = {WASM_I32_VAL(40)}, results[1] = {WASM_INIT_VAL};
  wasm_val_vec_t a = WASM_ARRAY_VEC(args), r = WASM_ARRAY_VEC(results);
  CHECK(wasm_func_call(f, &a, &r) == nullptr);
  CHECK(results[0].of.i32 == 42);

  wasm_val_vec_t none = WASM_EMPTY_VEC;
  CHECK(
      is_trap(wasm_func_call(wasm_extern_as_func(w.exports.data[1]), &none, &none), "unreachable"));
  CHECK(is_trap(wasm_func_call(f, &none, &r), "expected 1 arguments, got 0"));

  wasm_memory_t* memory = wasm_extern_as_memory(w.exports.data[2]);
  CHECK(wasm_memory_size(memory) == 1 && wasm_memory_data_size(memory) == MEMORY_PAGE_SIZE);
  CHECK(wasm_memory_grow(memory, 1) && !wasm_memory_grow(memory, 1));
  wasm_memory_data(memory)[MEMORY_PAGE_SIZE] = 3;

  wasm_global_t* global = wasm_extern_as_global(w.exports.data[3]);
  wasm_val_t v;
  wasm_global_get(global, &v);
  CHECK(v.kind == WASM_I64 && v.of.i64 == 5);
  v.of.i64 = 6;
  wasm_global_set(global, &v);
  wasm_global_get(global, &v);
  CHECK(v.of.i64 == 6);

  wasm_table_t* table = wasm_extern_as_table(w.exports.data[4]);
  CHECK(wasm_table_get(table, 0) == nullptr);
  CHECK(wasm_table_set(table, 0, wasm_func_as_ref(f)));
  wasm_ref_t* ref = wasm_table_get(table, 0);
  CHECK(ref != nullptr && wasm_func_same(wasm_ref_as_func(ref), f));
  CHECK(wasm_ref_as_table(ref) == nullptr);
  wasm_ref_delete(ref);
  CHECK(!wasm_table_set(table, 2, nullptr) && wasm_table_grow(table, 1, nullptr));
  CHECK(wasm_table_size(table) == 3);
  CHECK(wasm_extern_as_memory(w.exports.data[4]) == nullptr);
  wasm_func_delete(host);
}

TEST(any_object_is_an_external_reference) {
  World w;
  wasm_valtype_t* external = wasm_valtype_new_externref();
  wasm_functype_t* type = wasm_functype_new_1_1(external, wasm_valtype_new_externref());
  wasm_val_t kept = WASM_INIT_VAL;
  wasm_func_t* host = wasm_func_new_with_env(w.store, type, keep, &kept, nullptr);
  wasm_functype_delete(type);
  wasm_extern_t* imports[] = {wasm_func_as_extern(host)};
  w.load(
      "(module (import \"\" \"\" (func $keep (param externref) (result externref)))"
      "  (func (export \"f\") (param externref) (result externref) (call $keep (local.get 0))))",
      WASM_ARRAY_VEC(imports));
  wasm_foreign_t* foreign = wasm_foreign_new(w.store);
  wasm_foreign_set_host_info_with_finalizer(foreign, &ended, [](void* n) { ++*(int*)n; });
  wasm_val_t args[1], results[1];
  args[0].kind = WASM_EXTERNREF;
  args[0].of.ref = wasm_foreign_as_ref(foreign);
  wasm_val_vec_t a = WASM_ARRAY_VEC(args), r = WASM_ARRAY_VEC(results);
  CHECK(wasm_func_call(wasm_extern_as_func(w.exports.data[0]), &a, &r) == nullptr);
  CHECK(results[0].kind == WASM_EXTERNREF && wasm_ref_same(results[0].of.ref, args[0].of.ref));
  CHECK(wasm_ref_same(kept.of.ref, args[0].of.ref));
  wasm_val_delete(&kept);
  wasm_val_delete(&results[0]);
  CHECK(ended == 0 && wasm_foreign_get_host_info(foreign) == &ended);
  wasm_foreign_delete(foreign);
  CHECK(ended == 1);
  wasm_func_delete(host);
}

TEST(handles_keep_their_store) {
  auto* w = new World;
  w->load("(module (global (export \"g\") i32 (i32.const 9)))", WASM_EMPTY_VEC);
  wasm_global_t* global = wasm_global_copy(wasm_extern_as_global(w->exports.data[0]));
  delete w;
  wasm_val_t v;
  wasm_global_get(global, &v);
  CHECK(v.of.i32 == 9);
  wasm_globaltype_t* type = wasm_global_type(global);
  CHECK(wasm_globaltype_mutability(type) == WASM_CONST);
  wasm_globaltype_delete(type);
  wasm_global_delete(global);
}

TEST(modules_are_shared) {
  World w;
  w.load("(module)", WASM_EMPTY_VEC);
  wasm_shared_module_t* shared = wasm_module_share(w.module);
  wasm_store_t* other = wasm_store_new(w.engine);
  wasm_module_t* module = wasm_module_obtain(other, shared);
  CHECK(module != nullptr);
  wasm_module_delete(module);
  wasm_store_delete(other);
  wasm_shared_module_delete(shared);
}

TEST(component_values_own_what_they_contain) {
  wasmtime_component_val_t list, copy;
  list.kind = WASMTIME_COMPONENT_LIST;
  wasmtime_component_vallist_new_uninit(&list.of.list, 2);
  list.of.list.data[0].kind = WASMTIME_COMPONENT_STRING;
  wasm_byte_vec_new(&list.of.list.data[0].of.string, 3, "abc");
  list.of.list.data[1].kind = WASMTIME_COMPONENT_OPTION;
  wasmtime_component_val_t number;
  number.kind = WASMTIME_COMPONENT_U32;
  number.of.u32 = 7;
  list.of.list.data[1].of.option = wasmtime_component_val_new(&number);
  wasmtime_component_val_clone(&list, &copy);
  wasmtime_component_val_delete(&list);
  CHECK(copy.of.list.size == 2 && copy.of.list.data[0].of.string.data[2] == 'c');
  CHECK(copy.of.list.data[1].of.option->of.u32 == 7);
  wasmtime_component_val_delete(&copy);
}

TEST(frames_know_their_instances) {
  World w;
  w.load("(module (func $inner unreachable) (func (export \"f\") (call $inner)))", WASM_EMPTY_VEC);
  wasm_val_vec_t none = WASM_EMPTY_VEC;
  wasm_trap_t* trap = wasm_func_call(wasm_extern_as_func(w.exports.data[0]), &none, &none);
  CHECK(trap != nullptr);
  wasm_frame_t* origin = wasm_trap_origin(trap);
  wasm_frame_vec_t frames;
  wasm_trap_trace(trap, &frames);
  CHECK(frames.size == 2);
  CHECK(wasm_instance_same(wasm_frame_instance(origin), w.instance));
  CHECK(wasm_instance_same(wasm_frame_instance(frames.data[1]), w.instance));
  wasm_frame_t* copy = wasm_frame_copy(origin);
  CHECK(wasm_instance_same(wasm_frame_instance(copy), w.instance));
  wasm_frame_delete(copy);
  wasm_frame_vec_delete(&frames);
  wasm_frame_delete(origin);
  wasm_trap_delete(trap);
}

TEST(stores_have_no_limit_of_instances) {
  World w;
  w.load("(module)", WASM_EMPTY_VEC);
  wasm_extern_vec_t none = WASM_EMPTY_VEC;
  for (int i = 0; i < 10001; ++i) {
    wasm_instance_t* instance = wasm_instance_new(w.store, w.module, &none, nullptr);
    CHECK(instance != nullptr);
    wasm_instance_delete(instance);
  }
}

TEST(what_takes_a_finalizer_runs_it_even_when_it_fails) {
  wasm_engine_t* engine = wasm_engine_new();
  wasmtime_component_linker_t* linker = wasmtime_component_linker_new(engine);
  wasmtime_component_linker_instance_t* root = wasmtime_component_linker_root(linker);
  wasmtime_component_resource_type_t* type = wasmtime_component_resource_type_new_host(0);
  const auto end = [](void* n) { ++*static_cast<int*>(n); };
  int ends = 0;
  CHECK(is_error(wasmtime_component_linker_instance_add_func(root, "f", 1, nullptr, &ends, end),
                 "add_func"));
  CHECK(ends == 1);
  CHECK(
      is_error(wasmtime_component_linker_instance_add_func_async(root, "f", 1, nullptr, &ends, end),
               "add_func_async"));
  CHECK(ends == 2);
  CHECK(is_error(
      wasmtime_component_linker_instance_add_resource(root, "f", 1, type, nullptr, &ends, end),
      "add_resource"));
  CHECK(ends == 3);
  wasmtime_component_resource_type_delete(type);
  wasmtime_component_linker_instance_delete(root);
  wasmtime_component_linker_delete(linker);
  wasm_engine_delete(engine);
}

TEST(values_without_a_form_are_traps) {
  World w;
  wasm_valtype_vec_t params, none_of_types;
  wasm_valtype_t* const v128[] = {wasmtime_wasm_valtype_v128()};
  wasm_valtype_vec_new(&params, 1, v128);
  wasm_valtype_vec_new_empty(&none_of_types);
  wasm_functype_t* type = wasm_functype_new(&params, &none_of_types);
  wasm_func_t* host = wasm_func_new(w.store, type, add);
  wasm_functype_delete(type);
  wasm_extern_t* imports[] = {wasm_func_as_extern(host)};
  w.load(
      "(module (import \"\" \"\" (func $f (param v128)))"
      "  (func (export \"in\") (call $f (v128.const i64x2 0 0)))"
      "  (func (export \"out\") (result v128) (v128.const i64x2 0 0)))",
      WASM_ARRAY_VEC(imports));
  wasm_val_t result[1] = {WASM_INIT_VAL};
  wasm_val_vec_t none = WASM_EMPTY_VEC, results = WASM_ARRAY_VEC(result);
  CHECK(is_trap(wasm_func_call(wasm_extern_as_func(w.exports.data[0]), &none, &none),
                "wasm.h has no values of type v128"));
  CHECK(is_trap(wasm_func_call(wasm_extern_as_func(w.exports.data[1]), &none, &results),
                "wasm.h has no values of type v128"));
  wasm_func_delete(host);
}
