// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// What calls and instances cost through the C API: prints "NAME NANOSECONDS" for each case, the
// best of several rounds. bench/capi/run.py runs the same program on two libraries.
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <wasmtime.h>

static const char* kModule =
    "(module"
    "  (import \"h\" \"checked\" (func $checked (param i32) (result i32)))"
    "  (import \"h\" \"unchecked\" (func $unchecked (param i32) (result i32)))"
    "  (memory 1)"
    "  (data (i32.const 0) \"some data\")"
    "  (func (export \"nop\"))"
    "  (func (export \"id\") (param i32) (result i32) local.get 0)"
    "  (func (export \"loop\") (param i32) (loop $l"
    "    (local.set 0 (i32.sub (local.get 0) (i32.const 1))) (br_if $l (local.get 0))))"
    "  (func (export \"call_checked\") (param i32) (loop $l"
    "    (drop (call $checked (local.get 0)))"
    "    (local.set 0 (i32.sub (local.get 0) (i32.const 1))) (br_if $l (local.get 0))))"
    "  (func (export \"call_unchecked\") (param i32) (loop $l"
    "    (drop (call $unchecked (local.get 0)))"
    "    (local.set 0 (i32.sub (local.get 0) (i32.const 1))) (br_if $l (local.get 0)))))";

static double now(void) {
  struct timespec t;
  clock_gettime(CLOCK_MONOTONIC, &t);
  return (double)t.tv_sec * 1e9 + (double)t.tv_nsec;
}

static void must(int fine, const char* what) {
  if (fine) return;
  fprintf(stderr, "calls: %s failed\n", what);
  exit(1);
}

static wasm_trap_t* checked(void* env, wasmtime_caller_t* caller, const wasmtime_val_t* args,
                            size_t nargs, wasmtime_val_t* results, size_t nresults) {
  (void)env, (void)caller, (void)nargs, (void)nresults;
  results[0] = args[0];
  return NULL;
}
static wasm_trap_t* unchecked(void* env, wasmtime_caller_t* caller, wasmtime_val_raw_t* values,
                              size_t count) {
  (void)env, (void)caller, (void)values, (void)count;
  return NULL;
}

static wasm_engine_t* engine;
static wasmtime_context_t* context;
static wasmtime_instance_t instance;
static wasmtime_instance_pre_t* pre;
static wasm_trap_t* trap;

static wasmtime_func_t func(const char* name) {
  wasmtime_extern_t item;
  must(wasmtime_instance_export_get(context, &instance, name, strlen(name), &item), name);
  return item.of.func;
}

static void call(const wasmtime_func_t* f, const wasmtime_val_t* args, size_t nargs,
                 wasmtime_val_t* results, size_t nresults) {
  must(wasmtime_func_call(context, f, args, nargs, results, nresults, &trap) == NULL, "a call");
}

// Nanoseconds per operation: the best of the rounds.
#define MEASURE(label, count, operation)             \
  do {                                               \
    double best = 1e18;                              \
    for (int round = 0; round < 7; ++round) {        \
      const double start = now();                    \
      for (int i = 0; i < (count); ++i) operation;   \
      const double each = (now() - start) / (count); \
      if (each < best) best = each;                  \
    }                                                \
    printf("%s %.2f\n", label, best);                \
  } while (0)

static void measure_calls(void) {
  const wasmtime_func_t nop = func("nop"), id = func("id");
  wasmtime_val_t arg, result;
  arg.kind = WASMTIME_I32;
  arg.of.i32 = 5;
  MEASURE("call-nop", 200000, call(&nop, NULL, 0, NULL, 0));
  MEASURE("call-i32", 200000, call(&id, &arg, 1, &result, 1));
  wasmtime_val_raw_t raw;
  raw.i32 = 5;
  MEASURE("call-unchecked", 200000,
          must(wasmtime_func_call_unchecked(context, &id, &raw, 1, &trap) == NULL, "a call"));
}

// The loop without a call is what the others are compared with.
static void measure_host_calls(void) {
  enum { kCalls = 1000000 };
  const wasmtime_func_t loop = func("loop"), c = func("call_checked"), u = func("call_unchecked");
  wasmtime_val_t count;
  count.kind = WASMTIME_I32;
  count.of.i32 = kCalls;
  const wasmtime_func_t funcs[3] = {loop, c, u};
  double best[3] = {1e18, 1e18, 1e18};
  for (int round = 0; round < 7; ++round) {
    for (int i = 0; i < 3; ++i) {
      const double start = now();
      call(&funcs[i], &count, 1, NULL, 0);
      const double each = (now() - start) / kCalls;
      if (each < best[i]) best[i] = each;
    }
  }
  printf("host-checked %.2f\nhost-unchecked %.2f\n", best[1] - best[0], best[2] - best[0]);
}

static void one_store(int runs) {
  wasmtime_store_t* store = wasmtime_store_new(engine, NULL, NULL);
  wasmtime_instance_t made;
  must(wasmtime_instance_pre_instantiate(pre, wasmtime_store_context(store), &made, &trap) == NULL,
       "instantiation");
  if (runs) {
    wasmtime_extern_t item;
    wasmtime_context_t* here = wasmtime_store_context(store);
    must(wasmtime_instance_export_get(here, &made, "nop", 3, &item), "nop");
    must(wasmtime_func_call(here, &item.of.func, NULL, 0, NULL, 0, &trap) == NULL, "a call");
  }
  wasmtime_store_delete(store);
}

int main(void) {
  engine = wasm_engine_new();
  wasmtime_linker_t* linker = wasmtime_linker_new(engine);
  wasm_functype_t* type = wasm_functype_new_1_1(wasm_valtype_new_i32(), wasm_valtype_new_i32());
  wasmtime_linker_define_func(linker, "h", 1, "checked", 7, type, checked, NULL, NULL);
  wasmtime_linker_define_func_unchecked(linker, "h", 1, "unchecked", 9, type, unchecked, NULL,
                                        NULL);
  wasm_functype_delete(type);
  wasm_byte_vec_t wasm;
  must(wasmtime_wat2wasm(kModule, strlen(kModule), &wasm) == NULL, "the text");
  wasmtime_module_t* module = NULL;
  must(wasmtime_module_new(engine, (const uint8_t*)wasm.data, wasm.size, &module) == NULL,
       "the module");
  must(wasmtime_linker_instantiate_pre(linker, module, &pre) == NULL, "the linker");
  wasmtime_store_t* store = wasmtime_store_new(engine, NULL, NULL);
  context = wasmtime_store_context(store);
  must(wasmtime_linker_instantiate(linker, context, module, &instance, &trap) == NULL, "linking");
  measure_calls();
  measure_host_calls();
  MEASURE("instance", 2000, one_store(0));
  MEASURE("instance-run", 2000, one_store(1));
  wasmtime_store_delete(store);
  wasmtime_instance_pre_delete(pre);
  wasmtime_module_delete(module);
  wasmtime_linker_delete(linker);
  wasm_byte_vec_delete(&wasm);
  wasm_engine_delete(engine);
  return 0;
}
