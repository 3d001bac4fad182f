// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Settings of engines and of WASI: each is taken, those that are about the language decide what is
// valid, and code runs under all of them.
#include <unistd.h>

#include "check.h"

// Whether a module is valid in an engine with the settings; the configuration is consumed.
static int accepts(wasm_config_t* config, const char* wat) {
  wasm_engine_t* engine = wasm_engine_new_with_config(config);
  wasm_byte_vec_t wasm;
  CHECK_OK(wasmtime_wat2wasm(wat, strlen(wat), &wasm));
  wasmtime_error_t* error = wasmtime_module_validate(engine, (const uint8_t*)wasm.data, wasm.size);
  const int valid = error == NULL;
  if (error != NULL) wasmtime_error_delete(error);
  wasm_byte_vec_delete(&wasm);
  wasm_engine_delete(engine);
  return valid;
}

typedef void (*setter_t)(wasm_config_t*, bool);

static int decided_by(setter_t set, const char* wat) {
  wasm_config_t* on = wasm_config_new();
  set(on, true);
  wasm_config_t* off = wasm_config_new();
  set(off, false);
  return accepts(on, wat) && !accepts(off, wat);
}

static void set_gc(wasm_config_t* config, bool on) {
  wasmtime_config_wasm_function_references_set(config, true);
  wasmtime_config_wasm_gc_set(config, on);
}
static void set_stack_switching(wasm_config_t* config, bool on) {
  wasmtime_config_wasm_function_references_set(config, true);
  wasmtime_config_wasm_exceptions_set(config, true);
  wasmtime_config_wasm_stack_switching_set(config, on);
}
static void set_simd(wasm_config_t* config, bool on) {
  wasmtime_config_wasm_relaxed_simd_set(config, false);
  wasmtime_config_wasm_simd_set(config, on);
}

TEST(features_decide_what_is_valid) {
  CHECK(decided_by(wasmtime_config_wasm_multi_memory_set, "(module (memory 1) (memory 1))"));
  CHECK(decided_by(wasmtime_config_wasm_memory64_set, "(module (memory i64 1))"));
  CHECK(decided_by(wasmtime_config_wasm_threads_set, "(module (memory 1 1 shared))"));
  CHECK(decided_by(wasmtime_config_wasm_tail_call_set, "(module (func $f (return_call $f)))"));
  CHECK(decided_by(set_gc, "(module (type (struct (field i8))))"));
  CHECK(decided_by(wasmtime_config_wasm_exceptions_set, "(module (tag))"));
  CHECK(decided_by(wasmtime_config_wasm_custom_page_sizes_set, "(module (memory 1 (pagesize 1)))"));
  CHECK(decided_by(set_simd, "(module (func (param v128)))"));
  CHECK(decided_by(wasmtime_config_wasm_relaxed_simd_set,
                   "(module (func (param v128 v128) (result v128)"
                   " (i8x16.relaxed_swizzle (local.get 0) (local.get 1))))"));
  CHECK(decided_by(wasmtime_config_wasm_wide_arithmetic_set,
                   "(module (func (param i64 i64) (result i64 i64)"
                   " (i64.mul_wide_u (local.get 0) (local.get 1))))"));
  CHECK(decided_by(set_stack_switching, "(module (type $f (func)) (type (cont $f)))"));
  CHECK(decided_by(wasmtime_config_wasm_multi_value_set,
                   "(module (func (result i32 i32) (i32.const 1) (i32.const 2)))"));
}

// What every engine can run.
static void run_something(wasm_engine_t* engine) {
  wasmtime_store_t* store = wasmtime_store_new(engine, NULL, NULL);
  wasmtime_context_t* context = wasmtime_store_context(store);
  wasmtime_instance_t instance = instantiate(
      engine, context,
      "(module (memory (export \"m\") 1 2) (data (i32.const 5) \"\\07\") (table 4 funcref)"
      "  (func (export \"f\") (param i32) (result i32)"
      "    (drop (memory.grow (i32.const 1))) (i32.load8_u (local.get 0)))"
      "  (func (export \"nan\") (result f64) (f64.div (f64.const 0) (f64.const 0))))");
  const wasmtime_func_t f = export_of(context, &instance, "f").of.func;
  wasmtime_val_t arg = i32_val(5), result;
  wasm_trap_t* trap = NULL;
  CHECK_OK(wasmtime_func_call(context, &f, &arg, 1, &result, 1, &trap));
  CHECK(trap == NULL && result.of.i32 == 7);
  arg = i32_val(-1);
  CHECK_OK(wasmtime_func_call(context, &f, &arg, 1, &result, 1, &trap));
  CHECK(is_trap(trap, "out of bounds memory access"));
  wasmtime_store_delete(store);
  wasm_engine_delete(engine);
}

#define RUN_WITH(...)                                   \
  do {                                                  \
    wasm_config_t* config = wasm_config_new();          \
    __VA_ARGS__;                                        \
    run_something(wasm_engine_new_with_config(config)); \
  } while (0)

TEST(code_runs_under_all_settings) {
  RUN_WITH(wasmtime_config_debug_info_set(config, true));
  RUN_WITH(wasmtime_config_max_wasm_stack_set(config, 100000));
  RUN_WITH(wasmtime_config_async_stack_size_set(config, 4 << 20));
  RUN_WITH(wasmtime_config_signals_based_traps_set(config, false));
  RUN_WITH(wasmtime_config_memory_init_cow_set(config, false));
  RUN_WITH(wasmtime_config_memory_may_move_set(config, true));
  RUN_WITH(wasmtime_config_memory_reservation_set(config, 0));
  RUN_WITH(wasmtime_config_memory_guard_size_set(config, 0));
  RUN_WITH(wasmtime_config_memory_reservation_for_growth_set(config, 0));
  RUN_WITH(wasmtime_config_cranelift_nan_canonicalization_set(config, true));
  RUN_WITH(wasmtime_config_cranelift_debug_verifier_set(config, true));
  RUN_WITH(wasmtime_config_cranelift_flag_enable(config, "has_sse41"));
  RUN_WITH(wasmtime_config_cranelift_flag_set(config, "opt_level", "speed"));
  RUN_WITH(wasmtime_config_native_unwind_info_set(config, true));
  RUN_WITH(wasmtime_config_parallel_compilation_set(config, false));
  RUN_WITH(wasmtime_config_macos_use_mach_ports_set(config, true));
  RUN_WITH(wasmtime_config_concurrency_support_set(config, false));
  RUN_WITH(wasmtime_config_wasm_relaxed_simd_deterministic_set(config, true));
  RUN_WITH(wasmtime_config_wasm_branch_hinting_set(config, true));
  RUN_WITH(wasmtime_config_wasm_compact_imports_set(config, true));
  RUN_WITH(wasmtime_config_wasm_bulk_memory_set(config, true));
  RUN_WITH(wasmtime_config_wasm_reference_types_set(config, true));
  RUN_WITH(wasmtime_config_gc_support_set(config, true));
  for (int level = 0; level < 3; ++level) {
    RUN_WITH(wasmtime_config_cranelift_opt_level_set(config, (wasmtime_opt_level_t)level));
  }
  RUN_WITH(wasmtime_config_strategy_set(config, WASMTIME_STRATEGY_AUTO));
  RUN_WITH(wasmtime_config_strategy_set(config, WASMTIME_STRATEGY_CRANELIFT));
  RUN_WITH(wasmtime_config_profiler_set(config, WASMTIME_PROFILING_STRATEGY_NONE));
  RUN_WITH(
      wasmtime_config_cranelift_regalloc_algorithm_set(config, WASMTIME_REGALLOC_BACKTRACKING));
  RUN_WITH(CHECK_OK(wasmtime_config_target_set(config, "x86_64-unknown-linux-gnu")));
  RUN_WITH(CHECK(is_error(wasmtime_config_target_set(config, "z80-sinclair"), "")));
  RUN_WITH(CHECK(is_error(wasmtime_config_cache_config_load(config, "/nonexistent/file"), "")));
}

TEST(pools_are_configured) {
  wasm_config_t* config = wasm_config_new();
  wasmtime_pooling_allocation_config_t* pool = wasmtime_pooling_allocation_config_new();
  wasmtime_pooling_allocation_config_max_unused_warm_slots_set(pool, 10);
  wasmtime_pooling_allocation_config_decommit_batch_size_set(pool, 2);
  wasmtime_pooling_allocation_config_async_stack_keep_resident_set(pool, 4096);
  wasmtime_pooling_allocation_config_linear_memory_keep_resident_set(pool, 65536);
  wasmtime_pooling_allocation_config_table_keep_resident_set(pool, 4096);
  wasmtime_pooling_allocation_config_total_memories_set(pool, 10);
  wasmtime_pooling_allocation_config_total_tables_set(pool, 10);
  wasmtime_pooling_allocation_config_total_stacks_set(pool, 10);
  wasmtime_pooling_allocation_config_total_core_instances_set(pool, 10);
  wasmtime_pooling_allocation_config_total_gc_heaps_set(pool, 10);
  wasmtime_pooling_allocation_config_max_core_instance_size_set(pool, 1 << 20);
  wasmtime_pooling_allocation_config_max_tables_per_module_set(pool, 2);
  wasmtime_pooling_allocation_config_table_elements_set(pool, 1000);
  wasmtime_pooling_allocation_config_max_memories_per_module_set(pool, 2);
  wasmtime_pooling_allocation_config_max_memory_size_set(pool, 1 << 20);
  wasmtime_pooling_allocation_strategy_set(config, pool);
  wasmtime_pooling_allocation_config_delete(pool);
  run_something(wasm_engine_new_with_config(config));
}

TEST(configurations_need_not_be_used) {
  wasm_config_delete(wasm_config_new());
  wasi_config_delete(wasi_config_new());
}

TEST(engines_are_counted) {
  wasm_engine_t* engine = wasm_engine_new();
  wasm_engine_t* clone = wasmtime_engine_clone(engine);
  CHECK(wasmtime_engine_is_pulley(clone) == wasmtime_engine_is_pulley(engine));
  wasm_engine_delete(engine);
  run_something(clone);
}

// What a guest writes to its standard streams, by files, bytes and callbacks. ---------------------

static char heard[64];
static int ended;
static ptrdiff_t hear(void* data, const unsigned char* text, size_t size) {
  (void)data;
  const size_t known = strlen(heard);
  if (known + size < sizeof heard) memcpy(heard + known, text, size);
  return (ptrdiff_t)size;
}
static void end(void* data) {
  ++*(int*)data;
}

static const char kEcho[] =
    "(module (import \"wasi_snapshot_preview1\" \"fd_write\""
    "    (func $write (param i32 i32 i32 i32) (result i32)))"
    "  (memory (export \"memory\") 1) (data (i32.const 0) \"\\08\\00\\00\\00\\03\\00\\00\\00out\")"
    "  (func (export \"f\") (param i32) (result i32)"
    "    (call $write (local.get 0) (i32.const 0) (i32.const 1) (i32.const 32))))";

static void write_to(wasi_config_t* wasi, int stream) {
  wasm_engine_t* engine = wasm_engine_new();
  wasmtime_store_t* store = wasmtime_store_new(engine, NULL, NULL);
  wasmtime_context_t* context = wasmtime_store_context(store);
  CHECK_OK(wasmtime_context_set_wasi(context, wasi));
  wasmtime_linker_t* linker = wasmtime_linker_new(engine);
  CHECK_OK(wasmtime_linker_define_wasi(linker));
  wasmtime_module_t* module = compile(engine, kEcho);
  wasmtime_instance_t instance;
  wasm_trap_t* trap = NULL;
  CHECK_OK(wasmtime_linker_instantiate(linker, context, module, &instance, &trap));
  const wasmtime_func_t f = export_of(context, &instance, "f").of.func;
  wasmtime_val_t arg = i32_val(stream), result;
  CHECK_OK(wasmtime_func_call(context, &f, &arg, 1, &result, 1, &trap));
  CHECK(trap == NULL && result.of.i32 == 0);
  wasmtime_module_delete(module);
  wasmtime_linker_delete(linker);
  wasmtime_store_delete(store);
  wasm_engine_delete(engine);
}

TEST(streams_go_where_the_host_says) {
  memset(heard, 0, sizeof heard);
  wasi_config_t* wasi = wasi_config_new();
  wasi_config_inherit_stdin(wasi);
  wasi_config_inherit_stdout(wasi);
  wasi_config_inherit_stderr(wasi);
  wasi_config_set_stderr_custom(wasi, hear, &ended, end);
  wasi_config_inherit_network(wasi);
  wasi_config_allow_ip_name_lookup(wasi, true);
  write_to(wasi, 2);
  CHECK(strcmp(heard, "out") == 0 && ended == 1);

  char path[] = "/tmp/wazuka-capi-XXXXXX";
  const int file = mkstemp(path);
  CHECK(file >= 0);
  wasi = wasi_config_new();
  CHECK(!wasi_config_set_stderr_file(wasi, "/nonexistent/folder/file"));
  CHECK(wasi_config_set_stderr_file(wasi, path));
  write_to(wasi, 2);
  char text[8] = "";
  CHECK(pread(file, text, sizeof text, 0) == 3 && strcmp(text, "out") == 0);
  close(file);
  unlink(path);
}
