// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// What threads may share: engines, modules, linkers, prepared instances, shared memories, types and
// references that are given back. The thread sanitizer is to find nothing here.
#include <pthread.h>
#include <stdatomic.h>

#include "check.h"

enum { kThreads = 4, kRounds = 25 };

static wasm_engine_t* engine;
static wasmtime_module_t* module;
static wasmtime_linker_t* linker;
static wasmtime_instance_pre_t* pre;
static wasmtime_sharedmemory_t* memory;
static atomic_int calls, finalized, failures;

// CHECK jumps, which a thread must not.
#define EXPECT(condition)                                              \
  do {                                                                 \
    if (!(condition)) {                                                \
      printf("  %s:%d: EXPECT(%s)\n", __FILE__, __LINE__, #condition); \
      atomic_fetch_add(&failures, 1);                                  \
    }                                                                  \
  } while (0)

static wasm_trap_t* count(void* env, wasmtime_caller_t* caller, const wasmtime_val_t* args,
                          size_t nargs, wasmtime_val_t* results, size_t nresults) {
  (void)caller, (void)args, (void)nargs, (void)results, (void)nresults;
  atomic_fetch_add((atomic_int*)env, 1);
  return NULL;
}
static void finalize(void* number) {
  atomic_fetch_add((atomic_int*)number, 1);
}

static const char kModule[] =
    "(module (import \"\" \"count\" (func $count)) (import \"\" \"shared\" (memory 1 4 shared))"
    "  (memory $own 1) (data (memory $own) (i32.const 0) \"own\")"
    "  (table 2 funcref) (elem (i32.const 0) $count)"
    "  (func (export \"run\") (param i32) (result i32)"
    "    (loop $again (call_indirect (i32.const 0))"
    "      (drop (i32.atomic.rmw.add (i32.const 8) (i32.const 1)))"
    "      (br_if $again (local.tee 0 (i32.sub (local.get 0) (i32.const 1)))))"
    "    (i32.load8_u $own (i32.const 0)))"
    "  (func (export \"trap\") unreachable))";

static void set_up(void) {
  wasm_config_t* config = wasm_config_new();
  wasmtime_config_wasm_threads_set(config, true);
  wasmtime_config_shared_memory_set(config, true);
  wasmtime_config_epoch_interruption_set(config, true);
  engine = wasm_engine_new_with_config(config);
  atomic_store(&calls, 0);
  atomic_store(&finalized, 0);
  atomic_store(&failures, 0);
  module = compile(engine, kModule);
  linker = wasmtime_linker_new(engine);
  wasm_functype_t* type = wasm_functype_new_0_0();
  CHECK_OK(wasmtime_linker_define_func(linker, "", 0, "count", 5, type, count, &calls, NULL));
  wasm_functype_delete(type);
  wasm_memorytype_t* shared = NULL;
  CHECK_OK(wasmtime_memorytype_new(1, true, 4, false, true, 16, &shared));
  CHECK_OK(wasmtime_sharedmemory_new(engine, shared, &memory));
  wasm_memorytype_delete(shared);
  wasmtime_store_t* store = wasmtime_store_new(engine, NULL, NULL);
  wasmtime_extern_t item;
  item.kind = WASMTIME_EXTERN_SHAREDMEMORY;
  item.of.sharedmemory = memory;
  CHECK_OK(
      wasmtime_linker_define(linker, wasmtime_store_context(store), "", 0, "shared", 6, &item));
  wasmtime_store_delete(store);
  CHECK_OK(wasmtime_linker_instantiate_pre(linker, module, &pre));
}

static void tear_down(void) {
  wasmtime_instance_pre_delete(pre);
  wasmtime_sharedmemory_delete(memory);
  wasmtime_linker_delete(linker);
  wasmtime_module_delete(module);
  wasm_engine_delete(engine);
}

static void in_threads(void* (*body)(void*)) {
  pthread_t threads[kThreads];
  for (int i = 0; i < kThreads; ++i) {
    CHECK(pthread_create(&threads[i], NULL, body, (void*)(intptr_t)i) == 0);
  }
  for (int i = 0; i < kThreads; ++i) {
    wasmtime_engine_increment_epoch(engine);
    pthread_join(threads[i], NULL);
  }
  CHECK(atomic_load(&failures) == 0);
}

static void call(wasmtime_context_t* context, const wasmtime_instance_t* instance) {
  wasmtime_extern_t item;
  EXPECT(wasmtime_instance_export_get(context, instance, "run", 3, &item));
  wasmtime_val_t arg = i32_val(100), result;
  wasm_trap_t* trap = NULL;
  EXPECT(is_ok(wasmtime_func_call(context, &item.of.func, &arg, 1, &result, 1, &trap)));
  EXPECT(trap == NULL && result.of.i32 == 'o');
  EXPECT(wasmtime_instance_export_get(context, instance, "trap", 4, &item));
  EXPECT(is_ok(wasmtime_func_call(context, &item.of.func, NULL, 0, NULL, 0, &trap)));
  EXPECT(is_trap(trap, "unreachable"));
}

static void* make_instances(void* number) {
  for (int i = 0; i < kRounds; ++i) {
    wasmtime_store_t* store = wasmtime_store_new(engine, &finalized, finalize);
    wasmtime_context_t* context = wasmtime_store_context(store);
    wasmtime_context_set_epoch_deadline(context, 1000000);
    wasmtime_instance_t instance;
    wasm_trap_t* trap = NULL;
    if (((intptr_t)number + i) % 2 == 0) {
      EXPECT(is_ok(wasmtime_linker_instantiate(linker, context, module, &instance, &trap)));
    } else {
      EXPECT(is_ok(wasmtime_instance_pre_instantiate(pre, context, &instance, &trap)));
    }
    EXPECT(trap == NULL);
    call(context, &instance);
    wasmtime_store_delete(store);
  }
  return NULL;
}

TEST(instances_of_one_linker_in_several_threads) {
  set_up();
  in_threads(make_instances);
  CHECK(atomic_load(&finalized) == kThreads * kRounds);
  CHECK(atomic_load(&calls) == kThreads * kRounds * 100);
  uint32_t sum;
  memcpy(&sum, wasmtime_sharedmemory_data(memory) + 8, sizeof sum);
  CHECK(sum == kThreads * kRounds * 100);
  tear_down();
}

// Compiles the same and other modules, whose types the engine keeps once, and deletes them.
static void* compile_modules(void* number) {
  for (int i = 0; i < kRounds; ++i) {
    char wat[300];
    snprintf(wat, sizeof wat,
             "(module (type $a (func (param i32) (result i64)))"
             "  (rec (type $s (struct (field i%d))) (type (func (param (ref $s)))))"
             "  (func (export \"f\") (type $a) (i64.const %d)))",
             i % 2 == 0 ? 32 : 64, (int)(intptr_t)number);
    wasm_byte_vec_t wasm;
    EXPECT(is_ok(wasmtime_wat2wasm(wat, strlen(wat), &wasm)));
    wasmtime_module_t *mine = NULL, *copy;
    EXPECT(is_ok(wasmtime_module_new(engine, (const uint8_t*)wasm.data, wasm.size, &mine)));
    wasm_byte_vec_delete(&wasm);
    copy = wasmtime_module_clone(mine);
    wasmtime_module_delete(mine);
    wasm_exporttype_vec_t exports;
    wasmtime_module_exports(copy, &exports);
    EXPECT(exports.size == 1);
    wasm_exporttype_vec_delete(&exports);
    wasmtime_store_t* store = wasmtime_store_new(engine, NULL, NULL);
    wasmtime_context_t* context = wasmtime_store_context(store);
    wasmtime_context_set_epoch_deadline(context, 1000000);
    wasmtime_instance_t instance;
    wasm_trap_t* trap = NULL;
    EXPECT(is_ok(wasmtime_instance_new(context, copy, NULL, 0, &instance, &trap)));
    wasmtime_module_delete(copy);
    wasmtime_extern_t item;
    EXPECT(wasmtime_instance_export_get(context, &instance, "f", 1, &item));
    wasmtime_val_t arg = i32_val(1), result;
    EXPECT(is_ok(wasmtime_func_call(context, &item.of.func, &arg, 1, &result, 1, &trap)));
    EXPECT(result.of.i64 == (intptr_t)number);
    wasmtime_store_delete(store);
  }
  return NULL;
}

TEST(modules_are_compiled_in_several_threads) {
  set_up();
  in_threads(compile_modules);
  tear_down();
}

static wasmtime_store_t* busy_store;
static wasmtime_externref_t refs[kThreads * kRounds];

static void* give_back(void* number) {
  for (int i = 0; i < kRounds; ++i) {
    wasmtime_externref_t* ref = &refs[(intptr_t)number * kRounds + i];
    wasmtime_externref_t copy;
    wasmtime_externref_clone(ref, &copy);
    wasmtime_externref_unroot(ref);
    wasmtime_externref_unroot(&copy);
  }
  return NULL;
}

TEST(references_are_given_back_in_other_threads) {
  set_up();
  busy_store = wasmtime_store_new(engine, NULL, NULL);
  wasmtime_context_t* context = wasmtime_store_context(busy_store);
  for (int i = 0; i < kThreads * kRounds; ++i) {
    CHECK(wasmtime_externref_new(context, &finalized, finalize, &refs[i]));
  }
  in_threads(give_back);
  CHECK_OK(wasmtime_context_gc(context));
  CHECK(atomic_load(&finalized) == kThreads * kRounds);
  wasmtime_store_delete(busy_store);
  tear_down();
}

static void* grow(void* number) {
  (void)number;
  for (int i = 0; i < kRounds; ++i) {
    wasmtime_sharedmemory_t* mine = wasmtime_sharedmemory_clone(memory);
    uint64_t before;
    wasmtime_error_t* error = wasmtime_sharedmemory_grow(mine, 1, &before);
    if (error != NULL) wasmtime_error_delete(error);
    EXPECT(wasmtime_sharedmemory_size(mine) <= 4);
    EXPECT(wasmtime_sharedmemory_data_size(mine) % 65536 == 0);
    wasmtime_sharedmemory_delete(mine);
  }
  return NULL;
}

TEST(shared_memories_grow_in_several_threads) {
  set_up();
  in_threads(grow);
  CHECK(wasmtime_sharedmemory_size(memory) == 4);
  tear_down();
}

static wasm_shared_module_t* shared_module;

static void* obtain(void* number) {
  (void)number;
  for (int i = 0; i < kRounds; ++i) {
    wasm_store_t* store = wasm_store_new(engine);
    wasm_module_t* mine = wasm_module_obtain(store, shared_module);
    EXPECT(mine != NULL);
    wasm_extern_vec_t none = WASM_EMPTY_VEC;
    wasm_instance_t* instance = wasm_instance_new(store, mine, &none, NULL);
    EXPECT(instance != NULL);
    wasm_instance_delete(instance);
    wasm_module_delete(mine);
    wasm_store_delete(store);
  }
  return NULL;
}

TEST(modules_of_wasm_h_move_between_threads) {
  set_up();
  wasm_store_t* store = wasm_store_new(engine);
  wasm_byte_vec_t wasm;
  CHECK_OK(wasmtime_wat2wasm("(module (memory 1) (func (export \"f\")))", 39, &wasm));
  wasm_module_t* mine = wasm_module_new(store, &wasm);
  wasm_byte_vec_delete(&wasm);
  CHECK(mine != NULL);
  shared_module = wasm_module_share(mine);
  in_threads(obtain);
  wasm_shared_module_delete(shared_module);
  wasm_module_delete(mine);
  wasm_store_delete(store);
  tear_down();
}

// An engine's epoch ends what runs in another thread.
static void* spin(void* number) {
  (void)number;
  wasmtime_store_t* store = wasmtime_store_new(engine, NULL, NULL);
  wasmtime_context_t* context = wasmtime_store_context(store);
  wasmtime_context_set_epoch_deadline(context, 1);
  wasm_byte_vec_t wasm;
  static const char kSpin[] = "(module (func (export \"f\") (loop $l (br $l))))";
  EXPECT(is_ok(wasmtime_wat2wasm(kSpin, strlen(kSpin), &wasm)));
  wasmtime_module_t* mine = NULL;
  EXPECT(is_ok(wasmtime_module_new(engine, (const uint8_t*)wasm.data, wasm.size, &mine)));
  wasm_byte_vec_delete(&wasm);
  wasmtime_instance_t instance;
  wasm_trap_t* trap = NULL;
  EXPECT(is_ok(wasmtime_instance_new(context, mine, NULL, 0, &instance, &trap)));
  wasmtime_extern_t item;
  EXPECT(wasmtime_instance_export_get(context, &instance, "f", 1, &item));
  EXPECT(is_ok(wasmtime_func_call(context, &item.of.func, NULL, 0, NULL, 0, &trap)));
  EXPECT(is_trap(trap, "interrupt"));
  wasmtime_module_delete(mine);
  wasmtime_store_delete(store);
  atomic_fetch_add(&calls, 1);
  return NULL;
}

TEST(epochs_end_what_other_threads_run) {
  set_up();
  pthread_t threads[kThreads];
  for (int i = 0; i < kThreads; ++i) CHECK(pthread_create(&threads[i], NULL, spin, NULL) == 0);
  while (atomic_load(&calls) < kThreads) wasmtime_engine_increment_epoch(engine);
  for (int i = 0; i < kThreads; ++i) pthread_join(threads[i], NULL);
  CHECK(atomic_load(&failures) == 0);
  tear_down();
}
