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

static void call_elsewhere(void) {
  const wasmtime_func_t f = export_of(here, &instance, "f").of.func;
  wasm_trap_t* trap = NULL;
  wasmtime_func_call(there, &f, NULL, 0, NULL, 0, &trap);
}
static void read_elsewhere(void) {
  const wasmtime_memory_t m = export_of(here, &instance, "m").of.memory;
  wasmtime_memory_data(there, &m);
}
static void use_after_the_store(void) {
  const wasmtime_func_t f = export_of(here, &instance, "f").of.func;
  wasmtime_store_delete(here_store);
  here_store = wasmtime_store_new(engine, NULL, NULL);
  wasm_trap_t* trap = NULL;
  wasmtime_func_call(wasmtime_store_context(here_store), &f, NULL, 0, NULL, 0, &trap);
}
static void make_an_unknown_kind(void) {
  wasm_valtype_new(77);
}
static void make_an_unknown_trap(void) {
  wasmtime_trap_new_code(200);
}
static void set_a_callback(void) {
  wasmtime_store_epoch_deadline_callback(here_store, NULL, NULL, NULL);
}

TEST(handles_of_other_stores_are_recognised) {
  set_up();
  CHECK(aborts(call_elsewhere, "object used with the wrong store"));
  CHECK(aborts(read_elsewhere, "object used with the wrong store"));
  CHECK(aborts(use_after_the_store, "object used with the wrong store"));
  tear_down();
}

TEST(unknown_numbers_end_the_process) {
  set_up();
  CHECK(aborts(make_an_unknown_kind, "unknown kind of value"));
  CHECK(aborts(make_an_unknown_trap, "unknown code"));
  CHECK(aborts(set_a_callback, "wasmtime_store_epoch_deadline_callback is not supported yet"));
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
  wasm_trap_t* trap = NULL;
  wasmtime_error_t* error = NULL;
  const wasmtime_func_t f = export_of(here, &instance, "f").of.func;
  wasmtime_call_future_t* future =
      wasmtime_func_call_async(here, &f, NULL, 0, NULL, 0, &trap, &error);
  CHECK(wasmtime_call_future_poll(future));
  wasmtime_call_future_delete(future);
  CHECK(is_error(error, "wasmtime_func_call_async is not supported yet"));
  tear_down();
}
