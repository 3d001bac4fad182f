// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Traps and errors: what a call ends with, and what can be read from it.
#include "check.h"

static wasm_trap_t* fail_with_message(void* env, wasmtime_caller_t* caller,
                                      const wasmtime_val_t* args, size_t nargs,
                                      wasmtime_val_t* results, size_t nresults) {
  (void)env, (void)caller, (void)args, (void)nargs, (void)results, (void)nresults;
  return wasmtime_trap_new("no more paper", 13);
}

static wasm_trap_t* fail_with_code(void* env, wasmtime_caller_t* caller, const wasmtime_val_t* args,
                                   size_t nargs, wasmtime_val_t* results, size_t nresults) {
  (void)env, (void)caller, (void)args, (void)nargs, (void)results, (void)nresults;
  return wasmtime_trap_new_code(WASMTIME_TRAP_CODE_INTEGER_OVERFLOW);
}

static wasm_trap_t* return_nonsense(void* env, wasmtime_caller_t* caller,
                                    const wasmtime_val_t* args, size_t nargs,
                                    wasmtime_val_t* results, size_t nresults) {
  (void)env, (void)caller, (void)args, (void)nargs, (void)nresults;
  results[0].kind = WASMTIME_I64;
  results[0].of.i64 = 7;
  return NULL;
}

typedef struct {
  wasm_engine_t* engine;
  wasmtime_store_t* store;
  wasmtime_context_t* context;
  wasmtime_func_t run;
} setup_t;

// run calls a host function of type [] -> [i32] that does what the callback says.
static setup_t set_up(wasmtime_func_callback_t callback) {
  setup_t s;
  s.engine = wasm_engine_new();
  s.store = wasmtime_store_new(s.engine, NULL, NULL);
  s.context = wasmtime_store_context(s.store);
  wasm_functype_t* type = wasm_functype_new_0_1(wasm_valtype_new_i32());
  wasmtime_extern_t import;
  import.kind = WASMTIME_EXTERN_FUNC;
  wasmtime_func_new(s.context, type, callback, NULL, NULL, &import.of.func);
  wasm_functype_delete(type);
  wasmtime_module_t* module = compile(s.engine,
                                      "(module $m (import \"\" \"f\" (func $f (result i32)))"
                                      "  (func $run (export \"run\") (result i32) call $f))");
  wasmtime_instance_t instance;
  wasm_trap_t* trap = NULL;
  CHECK_OK(wasmtime_instance_new(s.context, module, &import, 1, &instance, &trap));
  wasmtime_module_delete(module);
  s.run = export_of(s.context, &instance, "run").of.func;
  return s;
}

static void tear_down(setup_t* s) {
  wasmtime_store_delete(s->store);
  wasm_engine_delete(s->engine);
}

TEST(a_message_of_the_host_is_an_error) {
  setup_t s = set_up(fail_with_message);
  wasmtime_val_t result;
  wasm_trap_t* trap = NULL;
  wasmtime_error_t* error = wasmtime_func_call(s.context, &s.run, NULL, 0, &result, 1, &trap);
  CHECK(error != NULL && trap == NULL);
  int status = 0;
  CHECK(!wasmtime_error_exit_status(error, &status));
  wasm_frame_vec_t frames;
  wasmtime_error_wasm_trace(error, &frames);
  CHECK(frames.size == 1 && wasm_frame_func_index(frames.data[0]) == 1);
  wasm_frame_vec_delete(&frames);
  CHECK(is_error(error, "no more paper"));
  tear_down(&s);
}

TEST(a_code_of_the_host_is_a_trap) {
  setup_t s = set_up(fail_with_code);
  wasmtime_val_t result;
  wasm_trap_t* trap = NULL;
  CHECK_OK(wasmtime_func_call(s.context, &s.run, NULL, 0, &result, 1, &trap));
  wasmtime_trap_code_t code = 0;
  CHECK(trap != NULL && wasmtime_trap_code(trap, &code));
  CHECK(code == WASMTIME_TRAP_CODE_INTEGER_OVERFLOW);
  CHECK(is_trap(trap, "wasm trap: integer overflow"));
  tear_down(&s);
}

TEST(a_result_of_the_wrong_type_is_an_error) {
  setup_t s = set_up(return_nonsense);
  wasmtime_val_t result;
  wasm_trap_t* trap = NULL;
  CHECK(is_error(wasmtime_func_call(s.context, &s.run, NULL, 0, &result, 1, &trap),
                 "function attempted to return an incompatible value"));
  tear_down(&s);
}

TEST(frames_tell_functions_and_places) {
  wasm_engine_t* engine = wasm_engine_new();
  wasmtime_store_t* store = wasmtime_store_new(engine, NULL, NULL);
  wasmtime_context_t* context = wasmtime_store_context(store);
  wasmtime_instance_t instance = instantiate(engine, context,
                                             "(module $m (func (export \"f\") call $g)"
                                             "  (func $g unreachable))");
  wasmtime_func_t f = export_of(context, &instance, "f").of.func;
  wasm_trap_t* trap = NULL;
  CHECK_OK(wasmtime_func_call(context, &f, NULL, 0, NULL, 0, &trap));
  CHECK(trap != NULL);
  wasmtime_store_delete(store);  // the trap does not need it
  wasm_engine_delete(engine);
  wasm_frame_vec_t frames;
  wasm_trap_trace(trap, &frames);
  CHECK(frames.size == 2);
  CHECK(wasm_frame_func_index(frames.data[0]) == 1 && wasm_frame_func_index(frames.data[1]) == 0);
  const wasm_name_t* name = wasmtime_frame_func_name(frames.data[0]);
  CHECK(name != NULL && name->size == 1 && name->data[0] == 'g');
  CHECK(wasmtime_frame_func_name(frames.data[1]) == NULL);
  name = wasmtime_frame_module_name(frames.data[1]);
  CHECK(name != NULL && name->size == 1 && name->data[0] == 'm');
  CHECK(wasm_frame_func_offset(frames.data[0]) == 1);  // behind the locals
  CHECK(wasm_frame_module_offset(frames.data[0]) > wasm_frame_module_offset(frames.data[1]));
  wasm_frame_t* origin = wasm_trap_origin(trap);
  CHECK(origin != NULL && wasm_frame_func_index(origin) == 1);
  wasm_frame_t* copy = wasm_frame_copy(origin);
  wasm_frame_delete(origin);
  CHECK(wasmtime_frame_func_name(copy)->data[0] == 'g');
  wasm_frame_delete(copy);
  wasm_frame_vec_delete(&frames);
  CHECK(is_trap(trap, "error while executing at wasm backtrace:"));
}

TEST(every_code_of_a_trap_has_a_text) {
  for (int code = 0; code <= WASMTIME_TRAP_LIFT_DROPPED_STREAM; ++code) {
    wasm_trap_t* trap = wasmtime_trap_new_code((wasmtime_trap_code_t)code);
    wasmtime_trap_code_t back = 255;
    CHECK(wasmtime_trap_code(trap, &back) && back == code);
    CHECK(is_trap(trap, "wasm trap: "));
  }
}

TEST(stack_overflow_is_a_trap) {
  wasm_engine_t* engine = wasm_engine_new();
  wasmtime_store_t* store = wasmtime_store_new(engine, NULL, NULL);
  wasmtime_context_t* context = wasmtime_store_context(store);
  wasmtime_instance_t instance =
      instantiate(engine, context, "(module (func $f (export \"f\") call $f))");
  wasmtime_func_t f = export_of(context, &instance, "f").of.func;
  wasm_trap_t* trap = NULL;
  CHECK_OK(wasmtime_func_call(context, &f, NULL, 0, NULL, 0, &trap));
  CHECK(is_trap(trap, "call stack exhausted"));
  wasmtime_store_delete(store);
  wasm_engine_delete(engine);
}

TEST(fuel_runs_out) {
  wasm_config_t* config = wasm_config_new();
  wasmtime_config_consume_fuel_set(config, true);
  wasm_engine_t* engine = wasm_engine_new_with_config(config);
  wasmtime_store_t* store = wasmtime_store_new(engine, NULL, NULL);
  wasmtime_context_t* context = wasmtime_store_context(store);
  CHECK_OK(wasmtime_context_set_fuel(context, 1000));
  wasmtime_instance_t instance =
      instantiate(engine, context, "(module (func (export \"f\") (loop br 0)))");
  wasmtime_func_t f = export_of(context, &instance, "f").of.func;
  wasm_trap_t* trap = NULL;
  CHECK_OK(wasmtime_func_call(context, &f, NULL, 0, NULL, 0, &trap));
  CHECK(is_trap(trap, "all fuel consumed by WebAssembly"));
  uint64_t left = 1;
  CHECK_OK(wasmtime_context_get_fuel(context, &left));
  CHECK(left == 0);
  wasmtime_store_delete(store);
  wasm_engine_delete(engine);
}

TEST(a_deadline_interrupts) {
  wasm_config_t* config = wasm_config_new();
  wasmtime_config_epoch_interruption_set(config, true);
  wasm_engine_t* engine = wasm_engine_new_with_config(config);
  wasmtime_store_t* store = wasmtime_store_new(engine, NULL, NULL);
  wasmtime_context_t* context = wasmtime_store_context(store);
  wasmtime_instance_t instance = instantiate(engine, context, "(module (func (export \"f\")))");
  wasmtime_func_t f = export_of(context, &instance, "f").of.func;
  wasm_trap_t* trap = NULL;
  // Until a deadline is set it has passed.
  CHECK_OK(wasmtime_func_call(context, &f, NULL, 0, NULL, 0, &trap));
  CHECK(is_trap(trap, "interrupt"));
  trap = NULL;
  wasmtime_context_set_epoch_deadline(context, 1);
  CHECK_OK(wasmtime_func_call(context, &f, NULL, 0, NULL, 0, &trap));
  CHECK(trap == NULL);
  wasmtime_engine_increment_epoch(engine);
  CHECK_OK(wasmtime_func_call(context, &f, NULL, 0, NULL, 0, &trap));
  CHECK(is_trap(trap, "interrupt"));
  wasmtime_store_delete(store);
  wasm_engine_delete(engine);
}
