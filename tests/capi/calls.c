// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Calls in both directions, checked and unchecked, of all kinds of values.
#include "check.h"

static const char* kModule =
    "(module"
    "  (import \"host\" \"mix\" (func $mix (param i32 i64 f32 f64) (result f64 f32 i64 i32)))"
    "  (import \"host\" \"vec\" (func $vec (param v128 i32) (result i32 v128)))"
    "  (func (export \"mix\") (param i32 i64 f32 f64) (result f64 f32 i64 i32)"
    "    local.get 0 local.get 1 local.get 2 local.get 3 call $mix)"
    "  (func (export \"vec\") (param v128 i32) (result i32 v128) local.get 0 local.get 1 call $vec)"
    "  (func $fib (export \"fib\") (param i32) (result i32)"
    "    (if (result i32) (i32.lt_s (local.get 0) (i32.const 2)) (then (local.get 0))"
    "      (else (i32.add (call $fib (i32.sub (local.get 0) (i32.const 1)))"
    "                     (call $fib (i32.sub (local.get 0) (i32.const 2))))))))";

static int ended;
static void end(void* env) {
  ended += *(int*)env;
}

static wasm_trap_t* mix(void* env, wasmtime_caller_t* caller, const wasmtime_val_t* args,
                        size_t nargs, wasmtime_val_t* results, size_t nresults) {
  (void)caller;
  if (nargs != 4 || nresults != 4 || *(int*)env != 1) return wasmtime_trap_new("counts", 6);
  for (int i = 0; i < 4; ++i) results[i] = args[3 - i];
  return NULL;
}

static wasm_trap_t* vec(void* env, wasmtime_caller_t* caller, wasmtime_val_raw_t* values,
                        size_t count) {
  (void)env, (void)caller;
  if (count != 2) return wasmtime_trap_new("counts", 6);
  const wasmtime_val_raw_t first = values[0];
  values[0].i32 = values[1].i32 + 1;
  values[1] = first;
  values[1].v128[0] ^= 0xff;
  return NULL;
}

typedef struct {
  wasm_engine_t* engine;
  wasmtime_linker_t* linker;
  wasmtime_store_t* store;
  wasmtime_context_t* context;
  wasmtime_instance_t instance;
} setup_t;

static int one = 1;

static wasm_functype_t* mixed_type(void) {
  static const wasm_valkind_t kinds[] = {WASM_I32, WASM_I64, WASM_F32, WASM_F64};
  wasm_valtype_t *params[4], *results[4];
  for (int i = 0; i < 4; ++i) {
    params[i] = wasm_valtype_new(kinds[i]);
    results[i] = wasm_valtype_new(kinds[3 - i]);
  }
  wasm_valtype_vec_t p, r;
  wasm_valtype_vec_new(&p, 4, params);
  wasm_valtype_vec_new(&r, 4, results);
  return wasm_functype_new(&p, &r);
}

static setup_t set_up(void) {
  setup_t s;
  s.engine = wasm_engine_new();
  s.linker = wasmtime_linker_new(s.engine);
  s.store = wasmtime_store_new(s.engine, NULL, NULL);
  s.context = wasmtime_store_context(s.store);
  wasm_functype_t* type = mixed_type();
  CHECK_OK(wasmtime_linker_define_func(s.linker, "host", 4, "mix", 3, type, mix, &one, end));
  wasm_functype_delete(type);
  type = wasm_functype_new_2_2(wasmtime_wasm_valtype_v128(), wasm_valtype_new_i32(),
                               wasm_valtype_new_i32(), wasmtime_wasm_valtype_v128());
  CHECK_OK(
      wasmtime_linker_define_func_unchecked(s.linker, "host", 4, "vec", 3, type, vec, &one, end));
  wasm_functype_delete(type);
  wasmtime_module_t* module = compile(s.engine, kModule);
  wasm_trap_t* trap = NULL;
  CHECK_OK(wasmtime_linker_instantiate(s.linker, s.context, module, &s.instance, &trap));
  CHECK(trap == NULL);
  wasmtime_module_delete(module);
  return s;
}

static void tear_down(setup_t* s) {
  wasmtime_store_delete(s->store);
  wasmtime_linker_delete(s->linker);
  wasm_engine_delete(s->engine);
}

TEST(values_pass_through_both_ways) {
  setup_t s = set_up();
  const wasmtime_func_t f = export_of(s.context, &s.instance, "mix").of.func;
  wasmtime_val_t args[4], results[4];
  args[0] = i32_val(-5);
  args[1].kind = WASMTIME_I64;
  args[1].of.i64 = INT64_MIN;
  args[2].kind = WASMTIME_F32;
  args[2].of.f32 = 1.5f;
  args[3].kind = WASMTIME_F64;
  args[3].of.f64 = -2.25;
  wasm_trap_t* trap = NULL;
  CHECK_OK(wasmtime_func_call(s.context, &f, args, 4, results, 4, &trap));
  CHECK(trap == NULL);
  CHECK(results[0].kind == WASMTIME_F64 && results[0].of.f64 == -2.25);
  CHECK(results[1].kind == WASMTIME_F32 && results[1].of.f32 == 1.5f);
  CHECK(results[2].kind == WASMTIME_I64 && results[2].of.i64 == INT64_MIN);
  CHECK(results[3].kind == WASMTIME_I32 && results[3].of.i32 == -5);
  tear_down(&s);
}

TEST(vectors_pass_through_unchecked_and_checked) {
  setup_t s = set_up();
  const wasmtime_func_t f = export_of(s.context, &s.instance, "vec").of.func;
  wasmtime_val_raw_t raw[2];
  for (int i = 0; i < 16; ++i) raw[0].v128[i] = (uint8_t)i;
  raw[1].i32 = 41;
  wasm_trap_t* trap = NULL;
  CHECK_OK(wasmtime_func_call_unchecked(s.context, &f, raw, 2, &trap));
  CHECK(trap == NULL && raw[0].i32 == 42);
  CHECK(raw[1].v128[0] == 0xff && raw[1].v128[1] == 1 && raw[1].v128[15] == 15);

  wasmtime_val_t args[2], results[2];
  args[0].kind = WASMTIME_V128;
  memcpy(args[0].of.v128, raw[1].v128, 16);
  args[1] = i32_val(-1);
  CHECK_OK(wasmtime_func_call(s.context, &f, args, 2, results, 2, &trap));
  CHECK(results[0].of.i32 == 0 && results[1].kind == WASMTIME_V128);
  CHECK(results[1].of.v128[0] == 0 && results[1].of.v128[15] == 15);
  tear_down(&s);
}

TEST(a_recursive_function_computes) {
  setup_t s = set_up();
  const wasmtime_func_t f = export_of(s.context, &s.instance, "fib").of.func;
  wasmtime_val_t arg = i32_val(20), result;
  wasm_trap_t* trap = NULL;
  CHECK_OK(wasmtime_func_call(s.context, &f, &arg, 1, &result, 1, &trap));
  CHECK(result.of.i32 == 6765);
  tear_down(&s);
}

TEST(finalizers_run_once_after_store_and_linker) {
  setup_t s = set_up();
  ended = 0;
  wasmtime_store_delete(s.store);
  CHECK(ended == 0);
  wasmtime_linker_delete(s.linker);
  CHECK(ended == 2);
  wasm_engine_delete(s.engine);
  CHECK(ended == 2);
}

TEST(wrong_arguments_are_errors) {
  setup_t s = set_up();
  const wasmtime_func_t f = export_of(s.context, &s.instance, "fib").of.func;
  wasmtime_val_t args[2] = {i32_val(1), i32_val(2)}, result;
  wasm_trap_t* trap = NULL;
  CHECK(is_error(wasmtime_func_call(s.context, &f, args, 2, &result, 1, &trap),
                 "expected 1 arguments, got 2"));
  CHECK(is_error(wasmtime_func_call(s.context, &f, args, 1, NULL, 0, &trap),
                 "expected 1 results, got 0"));
  args[0].kind = WASMTIME_F64;
  CHECK(is_error(wasmtime_func_call(s.context, &f, args, 1, &result, 1, &trap),
                 "argument type mismatch"));
  CHECK(trap == NULL);
  tear_down(&s);
}

// A host function that calls back into wasm and returns what it gave.
static wasm_trap_t* twice(void* env, wasmtime_caller_t* caller, const wasmtime_val_t* args,
                          size_t nargs, wasmtime_val_t* results, size_t nresults) {
  (void)env, (void)nresults;
  wasmtime_extern_t item;
  if (!wasmtime_caller_export_get(caller, "inner", 5, &item)) return wasmtime_trap_new("none", 4);
  wasm_trap_t* trap = NULL;
  wasmtime_error_t* error = wasmtime_func_call(wasmtime_caller_context(caller), &item.of.func, args,
                                               nargs, results, 1, &trap);
  if (error != NULL) {
    wasmtime_error_delete(error);
    return wasmtime_trap_new("error", 5);
  }
  if (trap == NULL) results[0].of.i32 *= 2;
  return trap;
}

TEST(calls_nest_and_traps_pass_through) {
  wasm_engine_t* engine = wasm_engine_new();
  wasmtime_store_t* store = wasmtime_store_new(engine, NULL, NULL);
  wasmtime_context_t* context = wasmtime_store_context(store);
  wasm_functype_t* type = wasm_functype_new_1_1(wasm_valtype_new_i32(), wasm_valtype_new_i32());
  wasmtime_extern_t import;
  import.kind = WASMTIME_EXTERN_FUNC;
  wasmtime_func_new(context, type, twice, NULL, NULL, &import.of.func);
  wasm_functype_delete(type);
  wasmtime_module_t* module =
      compile(engine,
              "(module (import \"\" \"\" (func $twice (param i32) (result i32)))"
              "  (func $inner (export \"inner\") (param i32) (result i32)"
              "    (i32.div_s (i32.const 100) (local.get 0)))"
              "  (func (export \"outer\") (param i32) (result i32)"
              "    local.get 0 call $twice))");
  wasmtime_instance_t instance;
  wasm_trap_t* trap = NULL;
  CHECK_OK(wasmtime_instance_new(context, module, &import, 1, &instance, &trap));
  const wasmtime_func_t f = export_of(context, &instance, "outer").of.func;
  wasmtime_val_t arg = i32_val(5), result;
  CHECK_OK(wasmtime_func_call(context, &f, &arg, 1, &result, 1, &trap));
  CHECK(result.of.i32 == 40);
  arg = i32_val(0);
  CHECK_OK(wasmtime_func_call(context, &f, &arg, 1, &result, 1, &trap));
  wasmtime_trap_code_t code = 0;
  CHECK(trap != NULL && wasmtime_trap_code(trap, &code));
  CHECK(code == WASMTIME_TRAP_CODE_INTEGER_DIVISION_BY_ZERO);
  CHECK(is_trap(trap, "integer divide by zero"));
  // The store works on.
  arg = i32_val(2);
  trap = NULL;
  CHECK_OK(wasmtime_func_call(context, &f, &arg, 1, &result, 1, &trap));
  CHECK(result.of.i32 == 100);
  wasmtime_module_delete(module);
  wasmtime_store_delete(store);
  wasm_engine_delete(engine);
}
