// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Misuse gives an error, or ends the process with a message; never anything else.
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include "check.h"

// Runs it in a process of its own, which must abort with this message.
static int aborts(void (*run)(void), const char* message) {
  int ends[2];
  if (pipe(ends) != 0) return 0;
  fflush(stdout);
  const pid_t child = fork();
  if (child == 0) {
    dup2(ends[1], STDERR_FILENO);
    run();
    _exit(0);
  }
  close(ends[1]);
  char text[512] = "";
  size_t size = 0;
  for (ssize_t n; (n = read(ends[0], text + size, sizeof text - 1 - size)) > 0;) size += (size_t)n;
  close(ends[0]);
  int status = 0;
  waitpid(child, &status, 0);
  if (!WIFSIGNALED(status) || WTERMSIG(status) != SIGABRT) return 0;
  if (strstr(text, message) != NULL) return 1;
  printf("  the message is: %s\n", text);
  return 0;
}

static wasm_engine_t* engine;
static wasmtime_context_t *here, *there;
static wasmtime_store_t *here_store, *there_store;
static wasmtime_instance_t instance;

static void set_up(void) {
  engine = wasm_engine_new();
  here_store = wasmtime_store_new(engine, NULL, NULL);
  there_store = wasmtime_store_new(engine, NULL, NULL);
  here = wasmtime_store_context(here_store);
  there = wasmtime_store_context(there_store);
  instance = instantiate(engine, here,
                         "(module (func (export \"f\")) (memory (export \"m\") 1)"
                         "  (func (export \"r\") (param funcref)))");
}

static void tear_down(void) {
  wasmtime_store_delete(here_store);
  wasmtime_store_delete(there_store);
  wasm_engine_delete(engine);
}

static void read_elsewhere(void) {
  const wasmtime_memory_t m = export_of(here, &instance, "m").of.memory;
  wasmtime_memory_data(there, &m);
}
static void use_after_the_store(void) {
  const wasmtime_memory_t m = export_of(here, &instance, "m").of.memory;
  wasmtime_store_delete(here_store);
  here_store = wasmtime_store_new(engine, NULL, NULL);
  wasmtime_memory_data(wasmtime_store_context(here_store), &m);
}
static void make_an_unknown_kind(void) {
  wasm_valtype_new(77);
}
static void make_an_unknown_trap(void) {
  wasmtime_trap_new_code(200);
}
static void make_no_stack(void) {
  wasmtime_config_max_wasm_stack_set(wasm_config_new(), 0);
}

TEST(handles_of_other_stores_are_recognised) {
  set_up();
  CHECK(aborts(read_elsewhere, "object used with the wrong store"));
  CHECK(aborts(use_after_the_store, "object used with the wrong store"));
  tear_down();
}

TEST(unknown_numbers_end_the_process) {
  set_up();
  CHECK(aborts(make_an_unknown_kind, "unknown kind of value"));
  CHECK(aborts(make_an_unknown_trap, "unknown code"));
  CHECK(aborts(make_no_stack, "the size cannot be zero"));
  tear_down();
}

TEST(errors_where_they_can_be_returned) {
  set_up();
  wasmtime_extern_t f = export_of(here, &instance, "f");
  wasmtime_linker_t* linker = wasmtime_linker_new(engine);
  CHECK(is_error(wasmtime_linker_define(linker, there, "", 0, "f", 1, &f), "wrong store"));
  CHECK_OK(wasmtime_linker_define(linker, here, "", 0, "f", 1, &f));
  wasmtime_module_t* module = compile(engine, "(module (import \"\" \"f\" (func)))");
  wasmtime_instance_t other;
  wasm_trap_t* trap = NULL;
  CHECK(is_error(wasmtime_linker_instantiate(linker, there, module, &other, &trap), "wrong store"));
  CHECK(is_error(wasmtime_instance_new(there, module, &f, 1, &other, &trap), "cross-`Store`"));

  wasmtime_val_raw_t raw[1];
  CHECK(is_error(wasmtime_func_call(there, &f.of.func, NULL, 0, NULL, 0, &trap), "wrong store"));
  CHECK(is_error(wasmtime_func_call_unchecked(there, &f.of.func, raw, 1, &trap), "wrong store"));

  const wasmtime_func_t r = export_of(here, &instance, "r").of.func;
  wasmtime_val_t arg;
  arg.kind = WASMTIME_FUNCREF;
  arg.of.funcref = f.of.func;
  CHECK_OK(wasmtime_func_call(here, &r, &arg, 1, NULL, 0, &trap));
  arg.of.funcref.store_id = wasmtime_store_context(there_store) == there ? 1u << 30 : 0;
  CHECK(is_error(wasmtime_func_call(here, &r, &arg, 1, NULL, 0, &trap), "wrong store"));

  wasm_engine_t* stranger = wasm_engine_new();
  wasmtime_module_t* foreign = compile(stranger, "(module)");
  CHECK(is_error(wasmtime_instance_new(here, foreign, NULL, 0, &other, &trap), "cross-`Engine`"));
  wasmtime_module_delete(foreign);
  wasm_engine_delete(stranger);
  wasmtime_module_delete(module);
  wasmtime_linker_delete(linker);
  tear_down();
}

TEST(what_is_not_there_says_so) {
  set_up();
  wasmtime_component_t* component = NULL;
  CHECK(is_error(wasmtime_component_new(engine, (const uint8_t*)"", 0, &component),
                 "wasmtime_component_new is not supported yet"));
  tear_down();
}

// Where it can only end the process ---------------------------------------------------------------

static void get_an_export_elsewhere(void) {
  wasmtime_extern_t item;
  wasmtime_instance_export_get(there, &instance, "f", 1, &item);
}
static void grow_a_stale_memory(void) {
  wasmtime_extern_t m = export_of(here, &instance, "m");
  wasmtime_store_delete(here_store);
  uint64_t before;
  wasmtime_error_t* error = wasmtime_memory_grow(there, &m.of.memory, 1, &before);
  if (error != NULL) wasmtime_error_delete(error);
}
static void read_a_stale_reference(void) {
  wasmtime_externref_t ref;
  if (!wasmtime_externref_new(here, NULL, NULL, &ref)) return;
  wasmtime_store_delete(here_store);
  wasmtime_externref_data(there, &ref);
}
static void make_a_function_of_another_engine(void) {
  wasm_engine_t* stranger = wasm_engine_new();
  wasmtime_module_t* foreign =
      compile(stranger, "(module (type $t (func)) (func (export \"f\") (param (ref null $t))))");
  wasm_exporttype_vec_t exports;
  wasmtime_module_exports(foreign, &exports);
  const wasm_externtype_t* type = wasm_exporttype_type(exports.data[0]);
  wasmtime_func_t f;
  wasmtime_func_new(here, wasm_externtype_as_functype_const(type), NULL, NULL, NULL, &f);
}

TEST(what_cannot_be_reported_ends_the_process) {
  set_up();
  CHECK(aborts(get_an_export_elsewhere, "object used with the wrong store"));
  CHECK(aborts(grow_a_stale_memory, "object used with the wrong store"));
  CHECK(aborts(read_a_stale_reference, "object used with the wrong store"));
  CHECK(aborts(make_a_function_of_another_engine, "engine"));
  tear_down();
}

// A reference may be given back after its store.
TEST(stale_references_are_dropped) {
  set_up();
  wasmtime_externref_t ref, copy;
  CHECK(wasmtime_externref_new(here, NULL, NULL, &ref));
  wasmtime_store_delete(here_store);
  here_store = wasmtime_store_new(engine, NULL, NULL);
  wasmtime_externref_clone(&ref, &copy);
  wasmtime_externref_unroot(&ref);
  wasmtime_externref_unroot(&copy);
  tear_down();
}

TEST(references_of_other_stores_are_errors) {
  set_up();
  wasmtime_instance_t user =
      instantiate(engine, here,
                  "(module (func (export \"e\") (param externref))"
                  "  (table (export \"t\") 1 externref)"
                  "  (table (export \"ft\") 1 funcref)"
                  "  (global (export \"g\") (mut externref) (ref.null extern)))");
  wasmtime_val_t foreign;
  foreign.kind = WASMTIME_EXTERNREF;
  CHECK(wasmtime_externref_new(there, NULL, NULL, &foreign.of.externref));
  wasm_trap_t* trap = NULL;
  const wasmtime_func_t e = export_of(here, &user, "e").of.func;
  CHECK(is_error(wasmtime_func_call(here, &e, &foreign, 1, NULL, 0, &trap), "wrong store"));
  const wasmtime_table_t t = export_of(here, &user, "t").of.table;
  CHECK(is_error(wasmtime_table_set(here, &t, 0, &foreign), "wrong store"));
  uint64_t before;
  CHECK(is_error(wasmtime_table_grow(here, &t, 1, &foreign, &before), "wrong store"));
  const wasmtime_global_t g = export_of(here, &user, "g").of.global;
  CHECK(is_error(wasmtime_global_set(here, &g, &foreign), "wrong store"));
  wasm_globaltype_t* type = wasm_globaltype_new(wasm_valtype_new_externref(), WASM_VAR);
  wasmtime_global_t global;
  CHECK(is_error(wasmtime_global_new(here, type, &foreign, &global), "wrong store"));
  wasm_globaltype_delete(type);
  wasmtime_val_unroot(&foreign);

  // Values of another type.
  wasmtime_val_t number = i32_val(1);
  CHECK(is_error(wasmtime_func_call(here, &e, &number, 1, NULL, 0, &trap), "type"));
  CHECK(is_error(wasmtime_func_call(here, &e, NULL, 0, NULL, 0, &trap), "expected 1 arguments"));
  CHECK(is_error(wasmtime_table_set(here, &t, 0, &number), ""));
  CHECK(is_error(wasmtime_global_set(here, &g, &number), ""));
  wasmtime_val_t none;
  none.kind = WASMTIME_EXTERNREF;
  none.of.externref.store_id = 0;
  CHECK(is_error(wasmtime_table_set(here, &t, 9, &none), ""));
  tear_down();
}

TEST(modules_of_other_engines_are_errors) {
  set_up();
  wasm_engine_t* stranger = wasm_engine_new();
  wasmtime_module_t* foreign = compile(stranger, "(module (func (export \"f\")))");
  wasmtime_linker_t* linker = wasmtime_linker_new(engine);
  wasmtime_instance_t other;
  wasm_trap_t* trap = NULL;
  CHECK(is_error(wasmtime_linker_instantiate(linker, here, foreign, &other, &trap), "ngine"));
  CHECK(is_error(wasmtime_linker_module(linker, here, "m", 1, foreign), "ngine"));
  wasmtime_instance_pre_t* pre = NULL;
  CHECK(is_error(wasmtime_linker_instantiate_pre(linker, foreign, &pre), "ngine"));

  // A linker of one engine and a store of another.
  wasmtime_linker_t* far = wasmtime_linker_new(stranger);
  wasmtime_module_t* module = compile(engine, "(module)");
  CHECK(is_error(wasmtime_linker_instantiate(far, here, module, &other, &trap), "ngine"));
  CHECK(is_error(wasmtime_linker_instantiate(far, here, foreign, &other, &trap), "ngine"));
  CHECK_OK(wasmtime_linker_instantiate_pre(far, foreign, &pre));
  CHECK(is_error(wasmtime_instance_pre_instantiate(pre, here, &other, &trap), "ngine"));
  wasmtime_instance_pre_delete(pre);
  wasmtime_extern_t f = export_of(here, &instance, "f");
  CHECK(is_error(wasmtime_linker_define(far, here, "", 0, "f", 1, &f), "ngine"));
  CHECK(is_error(wasmtime_linker_module(far, here, "m", 1, module), "ngine"));
  CHECK(is_error(wasmtime_linker_define_instance(far, here, "m", 1, &instance), "ngine"));
  CHECK(is_error(wasmtime_linker_define_unknown_imports_as_traps(far, module), "ngine"));
  CHECK(is_error(wasmtime_linker_define_unknown_imports_as_default_values(far, here, module),
                 "ngine"));
  wasmtime_func_t start;
  CHECK(is_error(wasmtime_linker_get_default(far, here, "m", 1, &start), "ngine"));
  CHECK_OK(wasmtime_linker_define(linker, here, "", 0, "f", 1, &f));
  CHECK(wasmtime_linker_get(linker, here, "", 0, "f", 1, &f));
  CHECK(!wasmtime_linker_get(far, here, "", 0, "f", 1, &f));
  wasmtime_module_delete(module);
  wasmtime_linker_delete(far);
  wasmtime_linker_delete(linker);
  wasmtime_module_delete(foreign);
  wasm_engine_delete(stranger);
  tear_down();
}

TEST(bytes_that_are_no_module_are_errors) {
  set_up();
  wasmtime_module_t* module = NULL;
  wasm_byte_vec_t bytes;
  wasmtime_module_t* good =
      compile(engine, "(module (func (export \"f\") (result i32) (i32.const 1)))");
  CHECK_OK(wasmtime_module_serialize(good, &bytes));
  wasmtime_module_delete(good);
  for (size_t i = 0; i < bytes.size; ++i) {
    const char kept = bytes.data[i];
    bytes.data[i] = (char)(kept ^ 0x41);
    wasmtime_error_t* error =
        wasmtime_module_deserialize(engine, (const uint8_t*)bytes.data, bytes.size, &module);
    if (error == NULL) wasmtime_module_delete(module);  // a byte that says nothing
    if (error != NULL) CHECK(is_error(error, ""));
    bytes.data[i] = kept;
    CHECK(
        is_error(wasmtime_module_deserialize(engine, (const uint8_t*)bytes.data, i, &module), ""));
  }
  wasm_byte_vec_delete(&bytes);
  CHECK(is_error(wasmtime_module_deserialize_file(engine, "/nonexistent/file", &module), ""));
  CHECK(is_error(wasmtime_module_new(engine, (const uint8_t*)"", 0, &module), ""));
  CHECK(is_error(wasmtime_module_validate(engine, (const uint8_t*)"\0asm", 4), ""));
  CHECK(is_error(wasmtime_wat2wasm("(module \xff)", 10, &bytes), ""));
  tear_down();
}

TEST(shared_memories_of_other_engines_are_errors) {
  set_up();
  wasm_config_t* config = wasm_config_new();
  wasmtime_config_wasm_threads_set(config, true);
  wasmtime_config_shared_memory_set(config, true);
  wasm_engine_t* threaded = wasm_engine_new_with_config(config);
  config = wasm_config_new();
  wasmtime_config_wasm_threads_set(config, true);
  wasmtime_config_shared_memory_set(config, true);
  wasmtime_config_memory_guard_size_set(config, 0);
  wasmtime_config_memory_reservation_set(config, 0);
  wasm_engine_t* stranger = wasm_engine_new_with_config(config);
  wasm_memorytype_t* type = NULL;
  CHECK_OK(wasmtime_memorytype_new(1, true, 2, false, true, 16, &type));
  wasmtime_extern_t memory;
  memory.kind = WASMTIME_EXTERN_SHAREDMEMORY;
  CHECK_OK(wasmtime_sharedmemory_new(stranger, type, &memory.of.sharedmemory));
  wasm_memorytype_delete(type);
  wasmtime_store_t* store = wasmtime_store_new(threaded, NULL, NULL);
  wasmtime_context_t* context = wasmtime_store_context(store);
  wasmtime_module_t* module = compile(threaded, "(module (import \"\" \"m\" (memory 1 2 shared)))");
  wasmtime_linker_t* linker = wasmtime_linker_new(threaded);
  CHECK(is_error(wasmtime_linker_define(linker, context, "", 0, "m", 1, &memory), "wrong store"));
  wasmtime_instance_t other;
  wasm_trap_t* trap = NULL;
  CHECK(is_error(wasmtime_instance_new(context, module, &memory, 1, &other, &trap), "cross-"));
  wasmtime_linker_delete(linker);
  wasmtime_module_delete(module);
  wasmtime_extern_delete(&memory);
  wasmtime_store_delete(store);
  wasm_engine_delete(stranger);
  wasm_engine_delete(threaded);
  tear_down();
}
