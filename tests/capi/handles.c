// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// The small handles: what the host makes in a store, what it is told of it, and the raw forms.
#include "check.h"

static wasm_engine_t* engine;
static wasmtime_store_t* store;
static wasmtime_context_t* context;
static int ended;

static void end(void* data) {
  (void)data;
  ++ended;
}

static void set_up(void) {
  wasm_config_t* config = wasm_config_new();
  wasmtime_config_wasm_function_references_set(config, true);
  wasmtime_config_wasm_gc_set(config, true);
  wasmtime_config_wasm_exceptions_set(config, true);
  wasmtime_config_wasm_threads_set(config, true);
  wasmtime_config_shared_memory_set(config, true);
  wasmtime_config_wasm_custom_page_sizes_set(config, true);
  engine = wasm_engine_new_with_config(config);
  store = wasmtime_store_new(engine, NULL, NULL);
  context = wasmtime_store_context(store);
  ended = 0;
}
static void tear_down(void) {
  wasmtime_store_delete(store);
  wasm_engine_delete(engine);
}

TEST(data_of_the_store) {
  set_up();
  CHECK(wasmtime_context_get_data(context) == NULL);
  wasmtime_context_set_data(context, &ended);
  CHECK(wasmtime_context_get_data(context) == &ended);
  tear_down();
  CHECK(ended == 0);  // it came without a finalizer
}

TEST(errors_of_the_host) {
  CHECK(is_error(wasmtime_error_new("said the host"), "said the host"));
  wasmtime_error_t* error = wasmtime_error_new("x");
  int status = 7;
  CHECK(!wasmtime_error_exit_status(error, &status) && status == 7);
  wasmtime_error_delete(error);
}

static wasm_trap_t* triple(void* env, wasmtime_caller_t* caller, wasmtime_val_raw_t* values,
                           size_t count) {
  (void)env;
  if (count != 1 || wasmtime_caller_context(caller) != context) return wasmtime_trap_new("?", 1);
  values[0].i64 = values[0].i32 * (int64_t)3;
  return NULL;
}

TEST(functions_and_their_raw_form) {
  set_up();
  wasm_functype_t* type = wasm_functype_new_1_1(wasm_valtype_new_i32(), wasm_valtype_new_i64());
  wasmtime_func_t func, again;
  wasmtime_func_new_unchecked(context, type, triple, NULL, end, &func);
  wasm_functype_delete(type);
  type = wasmtime_func_type(context, &func);
  CHECK(wasm_valtype_kind(wasm_functype_results(type)->data[0]) == WASM_I64);
  wasm_functype_delete(type);
  void* raw = wasmtime_func_to_raw(context, &func);
  wasmtime_func_from_raw(context, raw, &again);
  wasmtime_val_t arg = i32_val(14), result;
  wasm_trap_t* trap = NULL;
  CHECK_OK(wasmtime_func_call(context, &again, &arg, 1, &result, 1, &trap));
  CHECK(trap == NULL && result.kind == WASMTIME_I64 && result.of.i64 == 42);
  wasmtime_func_from_raw(context, NULL, &again);
  CHECK(wasmtime_funcref_is_null(&again));

  wasmtime_extern_t item;
  item.kind = WASMTIME_EXTERN_FUNC;
  item.of.func = func;
  wasm_externtype_t* external = wasmtime_extern_type(context, &item);
  CHECK(wasm_externtype_kind(external) == WASM_EXTERN_FUNC);
  wasm_externtype_delete(external);
  tear_down();
  CHECK(ended == 1);
}

TEST(globals_tables_memories_and_tags) {
  set_up();
  wasm_globaltype_t* globaltype = wasm_globaltype_new(wasm_valtype_new_i32(), WASM_VAR);
  wasmtime_val_t value = i32_val(4);
  wasmtime_global_t global;
  CHECK_OK(wasmtime_global_new(context, globaltype, &value, &global));
  wasm_globaltype_delete(globaltype);
  value = i32_val(6);
  CHECK_OK(wasmtime_global_set(context, &global, &value));
  value = i32_val(0);
  wasmtime_global_get(context, &global, &value);
  CHECK(value.of.i32 == 6);
  globaltype = wasmtime_global_type(context, &global);
  CHECK(wasm_globaltype_mutability(globaltype) == WASM_VAR);
  wasm_globaltype_delete(globaltype);

  wasm_limits_t limits = {2, 5};
  wasm_tabletype_t* tabletype = wasm_tabletype_new(wasm_valtype_new_externref(), &limits);
  wasmtime_val_t ref;
  ref.kind = WASMTIME_EXTERNREF;
  CHECK(wasmtime_externref_new(context, &limits, NULL, &ref.of.externref));
  wasmtime_table_t table;
  CHECK_OK(wasmtime_table_new(context, tabletype, &ref, &table));
  wasm_tabletype_delete(tabletype);
  wasmtime_val_unroot(&ref);
  CHECK(wasmtime_table_get(context, &table, 1, &ref));
  wasmtime_val_t copy;
  wasmtime_val_clone(&ref, &copy);
  wasmtime_val_unroot(&ref);
  CHECK(wasmtime_externref_data(context, &copy.of.externref) == &limits);
  wasmtime_val_unroot(&copy);
  CHECK(!wasmtime_table_get(context, &table, 2, &ref));
  tabletype = wasmtime_table_type(context, &table);
  CHECK(wasm_tabletype_limits(tabletype)->max == 5);
  wasm_tabletype_delete(tabletype);

  wasm_memorytype_t* memorytype = NULL;
  CHECK_OK(wasmtime_memorytype_new(3, true, 9, false, false, 0, &memorytype));
  wasmtime_memory_t memory;
  CHECK_OK(wasmtime_memory_new(context, memorytype, &memory));
  wasm_memorytype_delete(memorytype);
  CHECK(wasmtime_memory_size(context, &memory) == 3);
  CHECK(wasmtime_memory_page_size(context, &memory) == 1);
  CHECK(wasmtime_memory_page_size_log2(context, &memory) == 0);
  CHECK(wasmtime_memory_data_size(context, &memory) == 3);
  uint64_t before, max;
  CHECK_OK(wasmtime_memory_grow(context, &memory, 6, &before));
  CHECK(before == 3);
  CHECK(is_error(wasmtime_memory_grow(context, &memory, 1, &before), ""));
  memorytype = wasmtime_memory_type(context, &memory);
  CHECK(wasmtime_memorytype_maximum(memorytype, &max) && max == 9);
  wasm_memorytype_delete(memorytype);

  wasm_tagtype_t* tagtype = wasm_tagtype_new(wasm_functype_new_1_0(wasm_valtype_new_i32()));
  wasmtime_tag_t tag, other;
  CHECK_OK(wasmtime_tag_new(context, tagtype, &tag));
  CHECK_OK(wasmtime_tag_new(context, tagtype, &other));
  wasm_tagtype_delete(tagtype);
  CHECK(wasmtime_tag_eq(context, &tag, &tag) && !wasmtime_tag_eq(context, &tag, &other));
  tagtype = wasmtime_tag_type(context, &tag);
  CHECK(wasm_functype_params(wasm_tagtype_functype(tagtype))->size == 1);
  wasm_tagtype_delete(tagtype);
  tear_down();
}

TEST(shared_memories_tell_their_type) {
  set_up();
  wasm_memorytype_t* type = NULL;
  CHECK_OK(wasmtime_memorytype_new(1, true, 4, false, true, 16, &type));
  wasmtime_sharedmemory_t* memory = NULL;
  CHECK_OK(wasmtime_sharedmemory_new(engine, type, &memory));
  wasm_memorytype_delete(type);
  type = wasmtime_sharedmemory_type(memory);
  CHECK(wasmtime_memorytype_isshared(type) && wasmtime_memorytype_minimum(type) == 1);
  wasm_memorytype_delete(type);
  wasmtime_sharedmemory_delete(memory);
  tear_down();
}

// References
// ---------------------------------------------------------------------------------------

TEST(references_and_their_raw_forms) {
  set_up();
  wasmtime_externref_t ref, again;
  CHECK(wasmtime_externref_new(context, &ended, end, &ref));
  const uint32_t raw = wasmtime_externref_to_raw(context, &ref);
  CHECK(raw != 0);
  wasmtime_externref_from_raw(context, raw, &again);
  CHECK(wasmtime_externref_data(context, &again) == &ended);
  wasmtime_externref_unroot(&ref);
  wasmtime_externref_unroot(&again);
  wasmtime_externref_from_raw(context, 0, &again);
  CHECK(wasmtime_externref_is_null(&again));

  wasmtime_anyref_t any, copy;
  wasmtime_anyref_from_i31(context, 5, &any);
  CHECK(wasmtime_anyref_is_i31(context, &any));
  wasmtime_anyref_clone(&any, &copy);
  wasmtime_anyref_unroot(&any);
  const uint32_t number = wasmtime_anyref_to_raw(context, &copy);
  wasmtime_anyref_unroot(&copy);
  wasmtime_anyref_from_raw(context, number, &any);
  uint32_t value = 0;
  CHECK(wasmtime_anyref_i31_get_u(context, &any, &value) && value == 5);
  wasmtime_anyref_unroot(&any);

  wasmtime_eqref_t eq, twin;
  wasmtime_eqref_from_i31(context, 0x7fffffff, &eq);
  int32_t negative = 0;
  CHECK(wasmtime_eqref_i31_get_u(context, &eq, &value) && value == 0x7fffffff);
  CHECK(wasmtime_eqref_i31_get_s(context, &eq, &negative) && negative == -1);
  CHECK(!wasmtime_eqref_is_struct(context, &eq) && !wasmtime_eqref_is_array(context, &eq));
  wasmtime_eqref_clone(&eq, &twin);
  wasmtime_eqref_to_anyref(&twin, &any);
  CHECK(wasmtime_anyref_is_i31(context, &any));
  wasmtime_heaptype_t heap;
  CHECK(wasmtime_eqref_type(context, &eq, &heap) && heap.kind == WASMTIME_HEAPTYPE_KIND_I31);
  wasmtime_heaptype_delete(&heap);
  wasmtime_anyref_unroot(&any);
  wasmtime_eqref_unroot(&twin);
  wasmtime_eqref_unroot(&eq);
  tear_down();
  CHECK(ended == 1);
}

TEST(structs_and_arrays_of_the_host) {
  set_up();
  wasmtime_field_type_t field = {true, {WASMTIME_STORAGE_TYPE_KIND_I16, NULL}};
  wasmtime_struct_type_t* type = wasmtime_struct_type_new(engine, &field, 1);
  wasmtime_struct_ref_pre_t* pre = wasmtime_struct_ref_pre_new(context, type);
  wasmtime_struct_type_delete(type);
  wasmtime_val_t value = i32_val(70000);
  wasmtime_structref_t object, copy;
  CHECK_OK(wasmtime_structref_new(context, pre, &value, 1, &object));
  wasmtime_struct_ref_pre_delete(pre);
  wasmtime_structref_clone(&object, &copy);
  wasmtime_structref_unroot(&object);
  wasmtime_eqref_t eq;
  wasmtime_structref_to_eqref(&copy, &eq);
  wasmtime_structref_unroot(&copy);
  CHECK(wasmtime_eqref_is_struct(context, &eq) && wasmtime_eqref_as_struct(context, &eq, &object));
  CHECK_OK(wasmtime_structref_field(context, &object, 0, &value));
  CHECK(value.of.i32 == 70000 % 65536);
  wasmtime_arrayref_t array, twin;
  CHECK(!wasmtime_eqref_as_array(context, &eq, &array));
  wasmtime_structref_unroot(&object);
  wasmtime_eqref_unroot(&eq);

  wasmtime_array_type_t* arraytype = wasmtime_array_type_new(engine, &field);
  wasmtime_array_ref_pre_t* array_pre = wasmtime_array_ref_pre_new(context, arraytype);
  wasmtime_array_type_delete(arraytype);
  CHECK_OK(wasmtime_arrayref_new(context, array_pre, &value, 3, &array));
  wasmtime_array_ref_pre_delete(array_pre);
  wasmtime_arrayref_clone(&array, &twin);
  wasmtime_arrayref_unroot(&array);
  wasmtime_anyref_t any;
  wasmtime_arrayref_to_anyref(&twin, &any);
  CHECK(wasmtime_anyref_is_array(context, &any));
  wasmtime_anyref_unroot(&any);
  wasmtime_arrayref_to_eqref(&twin, &eq);
  CHECK(wasmtime_eqref_as_array(context, &eq, &array));
  arraytype = wasmtime_arrayref_type(context, &array);
  wasmtime_field_type_t element;
  wasmtime_array_type_element(arraytype, &element);
  CHECK(element.storage.kind == WASMTIME_STORAGE_TYPE_KIND_I16 && element.mutable_);
  wasmtime_field_type_delete(&element);
  wasmtime_array_type_delete(arraytype);
  CHECK(is_error(wasmtime_arrayref_get(context, &array, 3, &value), ""));
  wasmtime_arrayref_unroot(&array);
  wasmtime_arrayref_unroot(&twin);
  wasmtime_eqref_unroot(&eq);
  tear_down();
}

TEST(exceptions_of_the_host) {
  set_up();
  wasm_tagtype_t* tagtype = wasm_tagtype_new(wasm_functype_new_1_0(wasm_valtype_new_i32()));
  wasmtime_tag_t tag;
  CHECK_OK(wasmtime_tag_new(context, tagtype, &tag));
  wasm_tagtype_delete(tagtype);
  wasmtime_val_t value = i32_val(8);
  wasmtime_exnref_t exn, copy;
  CHECK_OK(wasmtime_exnref_new(context, &tag, &value, 1, &exn));
  CHECK(is_error(wasmtime_exnref_new(context, &tag, &value, 0, &copy), ""));
  const uint32_t raw = wasmtime_exnref_to_raw(context, &exn);
  wasmtime_exnref_from_raw(context, raw, &copy);
  wasmtime_exnref_unroot(&exn);
  wasmtime_exnref_clone(&copy, &exn);
  wasmtime_exnref_unroot(&copy);
  wasmtime_exn_type_t* type = wasmtime_exnref_type(context, &exn);
  wasm_tagtype_t* of_type = wasmtime_exn_type_tag_type(type);
  CHECK(wasm_functype_params(wasm_tagtype_functype(of_type))->size == 1);
  wasm_tagtype_delete(of_type);
  wasmtime_exn_type_delete(type);
  wasm_trap_t* trap = wasmtime_context_set_exception(context, &exn);
  wasmtime_exnref_unroot(&exn);
  CHECK(trap != NULL && wasmtime_context_has_exception(context));
  wasm_trap_delete(trap);
  CHECK(wasmtime_context_take_exception(context, &exn) && !wasmtime_context_has_exception(context));
  CHECK_OK(wasmtime_exnref_field(context, &exn, 0, &value));
  CHECK(value.of.i32 == 8);
  wasmtime_exnref_unroot(&exn);
  tear_down();
}

// Modules, instances, linkers ---------------------------------------------------------------------

TEST(instances_list_their_exports) {
  set_up();
  wasmtime_instance_t instance =
      instantiate(engine, context, "(module (func (export \"a\")) (memory (export \"bc\") 1))");
  char* name;
  size_t length;
  wasmtime_extern_t item;
  CHECK(wasmtime_instance_export_nth(context, &instance, 1, &name, &length, &item));
  CHECK(length == 2 && memcmp(name, "bc", 2) == 0 && item.kind == WASMTIME_EXTERN_MEMORY);
  CHECK(!wasmtime_instance_export_nth(context, &instance, 2, &name, &length, &item));

  wasmtime_linker_t* linker = wasmtime_linker_new(engine);
  CHECK_OK(wasmtime_linker_define_instance(linker, context, "lib", 3, &instance));
  wasmtime_linker_t* clone = wasmtime_linker_clone(linker);
  wasmtime_linker_delete(linker);
  CHECK(wasmtime_linker_get(clone, context, "lib", 3, "bc", 2, &item));
  wasmtime_module_t* module = compile(engine, "(module (import \"lib\" \"a\" (func)) (start 0))");
  wasmtime_instance_pre_t* pre = NULL;
  CHECK_OK(wasmtime_linker_instantiate_pre(clone, module, &pre));
  wasmtime_linker_delete(clone);
  wasmtime_module_delete(module);
  module = wasmtime_instance_pre_module(pre);
  wasm_importtype_vec_t imports;
  wasmtime_module_imports(module, &imports);
  CHECK(imports.size == 1);
  wasm_importtype_vec_delete(&imports);
  void *start = NULL, *stop = NULL;
  wasmtime_module_image_range(module, &start, &stop);
  CHECK(start <= stop);
  wasmtime_module_delete(module);
  wasm_trap_t* trap = NULL;
  CHECK_OK(wasmtime_instance_pre_instantiate(pre, context, &instance, &trap));
  wasmtime_instance_pre_delete(pre);
  tear_down();
}

TEST(the_profiler_ends_cleanly) {
  set_up();
  wasmtime_module_t* module = compile(engine, "(module)");
  wasm_name_t name;
  wasm_name_new_from_string(&name, "guest");
  const wasmtime_guestprofiler_modules_t modules[] = {{&name, module}};
  wasmtime_guestprofiler_t* profiler =
      wasmtime_guestprofiler_new(engine, &name, 1000000, modules, 1);
  wasmtime_guestprofiler_sample(profiler, store, 1000000);
  wasmtime_guestprofiler_delete(profiler);
  profiler = wasmtime_guestprofiler_new(engine, &name, 1000000, modules, 1);
  wasm_byte_vec_t profile;
  CHECK_OK(wasmtime_guestprofiler_finish(profiler, &profile));
  CHECK(profile.size > 2 && profile.data[0] == '{');
  wasm_byte_vec_delete(&profile);
  wasm_byte_vec_delete(&name);
  wasmtime_module_delete(module);
  tear_down();
}
