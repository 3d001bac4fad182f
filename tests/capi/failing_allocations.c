// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// What the library does when memory is missing: each allocation of a scenario fails once, and then
// also all that follow it; the same for mappings alone. Every outcome is an error that was
// returned, with nothing leaked, or the end of the process with a message; never anything else.
//
// The program's own malloc and mmap stand before those of the system, and count.
#define _GNU_SOURCE
#include <errno.h>
#include <signal.h>
#include <stdatomic.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "check.h"

#if defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer)
#define HAS_OWN_MALLOC
#endif
#endif

#ifndef HAS_OWN_MALLOC

// Which allocations fail
// ---------------------------------------------------------------------------

static atomic_long left = -1;  // until one fails; negative: none does
static atomic_bool all_that_follow, only_mappings;
static atomic_bool reached;
static atomic_long live_blocks, mapped_bytes;

static int fails(void) {
  if (atomic_load(&left) < 0) return 0;
  const long before = atomic_fetch_sub(&left, 1);
  if (before > 0) return 0;
  if (atomic_load(&reached) && !atomic_load(&all_that_follow)) return 0;  // of another thread
  if (atomic_load(&all_that_follow)) atomic_store(&left, 0);
  atomic_store(&reached, 1);
  return 1;
}

extern void* __libc_malloc(size_t size);
extern void* __libc_calloc(size_t count, size_t size);
extern void* __libc_realloc(void* block, size_t size);
extern void* __libc_memalign(size_t alignment, size_t size);
extern void __libc_free(void* block);

static void* counted(void* block) {
  if (block != NULL) atomic_fetch_add(&live_blocks, 1);
  return block;
}
static void* none(void) {
  errno = ENOMEM;
  return NULL;
}

static int block_fails(void) {
  return !atomic_load(&only_mappings) && fails();
}

void* malloc(size_t size) {
  return block_fails() ? none() : counted(__libc_malloc(size));
}
void* calloc(size_t count, size_t size) {
  return block_fails() ? none() : counted(__libc_calloc(count, size));
}
void* realloc(void* block, size_t size) {
  if (block_fails()) return none();
  void* moved = __libc_realloc(block, size);
  if (block == NULL) counted(moved);
  return moved;
}
void* memalign(size_t alignment, size_t size) {
  return block_fails() ? none() : counted(__libc_memalign(alignment, size));
}
void* aligned_alloc(size_t alignment, size_t size) {
  return memalign(alignment, size);
}
int posix_memalign(void** block, size_t alignment, size_t size) {
  *block = memalign(alignment, size);
  return *block == NULL ? ENOMEM : 0;
}
void free(void* block) {
  if (block != NULL) atomic_fetch_sub(&live_blocks, 1);
  __libc_free(block);
}

void* mmap(void* address, size_t size, int protection, int flags, int file, off_t offset) {
  if (fails()) {
    errno = ENOMEM;
    return MAP_FAILED;
  }
  if ((flags & MAP_FIXED) == 0) atomic_fetch_add(&mapped_bytes, (long)size);
  return (void*)syscall(SYS_mmap, address, size, protection, flags, file, offset);
}
int munmap(void* address, size_t size) {
  atomic_fetch_sub(&mapped_bytes, (long)size);
  return (int)syscall(SYS_munmap, address, size);
}
int mprotect(void* address, size_t size, int protection) {
  // Less access is no allocation.
  if (protection != PROT_NONE && fails()) {
    errno = ENOMEM;
    return -1;
  }
  return (int)syscall(SYS_mprotect, address, size, protection);
}

// Scenarios: each frees all it has, wherever it ends.
// -----------------------------------------------

static int drop_error(wasmtime_error_t* error) {
  if (error == NULL) return 0;
  wasm_name_t message;
  wasmtime_error_message(error, &message);
  const int empty = message.size == 0;
  wasm_name_delete(&message);
  wasmtime_error_delete(error);
  if (empty) abort();  // an error says what it is
  return 1;
}
static int drop_trap(wasm_trap_t* trap) {
  if (trap == NULL) return 0;
  wasm_message_t message;
  wasm_trap_message(trap, &message);
  wasm_byte_vec_delete(&message);
  wasm_frame_vec_t frames;
  wasm_trap_trace(trap, &frames);
  wasm_frame_vec_delete(&frames);
  wasm_trap_delete(trap);
  return 1;
}

static wasm_trap_t* add_one(void* env, wasmtime_caller_t* caller, const wasmtime_val_t* args,
                            size_t nargs, wasmtime_val_t* results, size_t nresults) {
  (void)env, (void)nargs, (void)nresults;
  wasmtime_extern_t item;
  if (!wasmtime_caller_export_get(caller, "m", 1, &item)) return wasmtime_trap_new("no memory", 9);
  results[0].kind = WASMTIME_I32;
  results[0].of.i32 = args[0].of.i32 + 1;
  return NULL;
}

static const char kModule[] =
    "(module (import \"h\" \"add\" (func $add (param i32) (result i32)))"
    "  (import \"wasi_snapshot_preview1\" \"sched_yield\" (func $yield (result i32)))"
    "  (memory (export \"m\") 1 10) (data (i32.const 0) \"data\") (table $t (export \"t\") 3 20 "
    "funcref)"
    "  (elem (i32.const 0) $add $yield) (global (export \"g\") (mut i32) (i32.const 5))"
    "  (type $pair (struct (field i32) (field (mut externref)))) (tag $e (param i32))"
    "  (func (export \"sum\") (param i32) (result i32) (local $i i32)"
    "    (loop $l (local.set $i (call $add (local.get $i)))"
    "      (br_if $l (i32.lt_u (local.get $i) (local.get 0)))) (local.get $i))"
    "  (func (export \"grow\") (result i32)"
    "    (i32.add (memory.grow (i32.const 1)) (table.grow $t (ref.null func) (i32.const 2))))"
    "  (func (export \"pairs\") (param i32) (local $p (ref null $pair))"
    "    (loop $l (local.set $p (struct.new $pair (local.get 0) (ref.null extern)))"
    "      (br_if $l (local.tee 0 (i32.sub (local.get 0) (i32.const 1))))))"
    "  (func (export \"throw\") (block $b (result i32)"
    "      (try_table (catch $e $b) (throw $e (i32.const 1))) (i32.const 2)) (drop))"
    "  (func (export \"trap\") (call_indirect (i32.const 2))))";

static wasm_engine_t* make_engine(void) {
  wasm_config_t* config = wasm_config_new();
  wasmtime_config_consume_fuel_set(config, true);
  wasmtime_config_wasm_exceptions_set(config, true);
  wasmtime_config_wasm_function_references_set(config, true);
  wasmtime_config_wasm_gc_set(config, true);
  return wasm_engine_new_with_config(config);
}

static wasmtime_module_t* make_module(wasm_engine_t* engine) {
  wasm_byte_vec_t wasm;
  if (drop_error(wasmtime_wat2wasm(kModule, strlen(kModule), &wasm))) return NULL;
  wasmtime_module_t* module = NULL;
  if (drop_error(wasmtime_module_new(engine, (const uint8_t*)wasm.data, wasm.size, &module)))
    module = NULL;
  wasm_byte_vec_delete(&wasm);
  return module;
}

static void compile_and_serialize(void) {
  wasm_engine_t* engine = make_engine();
  wasmtime_module_t* module = make_module(engine);
  if (module != NULL) {
    wasm_importtype_vec_t imports;
    wasm_exporttype_vec_t exports;
    wasmtime_module_imports(module, &imports);
    wasmtime_module_exports(module, &exports);
    wasm_importtype_vec_delete(&imports);
    wasm_exporttype_vec_delete(&exports);
    wasm_byte_vec_t bytes;
    if (!drop_error(wasmtime_module_serialize(module, &bytes))) {
      wasmtime_module_t* again = NULL;
      if (!drop_error(
              wasmtime_module_deserialize(engine, (const uint8_t*)bytes.data, bytes.size, &again)))
        wasmtime_module_delete(again);
      wasm_byte_vec_delete(&bytes);
    }
    wasmtime_module_delete(module);
  }
  wasm_engine_delete(engine);
}

static void report_bad_input(void) {
  wasm_engine_t* engine = make_engine();
  wasm_byte_vec_t wasm;
  if (!drop_error(wasmtime_wat2wasm("(module (func (result i32)", 26, &wasm))) abort();
  wasmtime_module_t* module = NULL;
  static const uint8_t kShort[] = {0, 'a', 's', 'm', 1, 0, 0, 0, 1, 9};
  if (!drop_error(wasmtime_module_new(engine, kShort, sizeof kShort, &module))) abort();
  wasm_engine_delete(engine);
}

static void call(wasmtime_context_t* context, const wasmtime_instance_t* instance, const char* name,
                 size_t nargs, size_t nresults) {
  wasmtime_extern_t item;
  if (!wasmtime_instance_export_get(context, instance, name, strlen(name), &item)) abort();
  wasmtime_val_t arg = i32_val(200), result;
  wasm_trap_t* trap = NULL;
  if (drop_error(
          wasmtime_func_call(context, &item.of.func, &arg, nargs, &result, nresults, &trap)) ||
      drop_trap(trap))
    return;
  if (nresults == 1 && result.kind != WASMTIME_I32) abort();
}

static void use(wasmtime_context_t* context, const wasmtime_instance_t* instance) {
  call(context, instance, "sum", 1, 1);
  call(context, instance, "grow", 0, 1);
  call(context, instance, "pairs", 1, 0);
  call(context, instance, "throw", 0, 0);
  call(context, instance, "trap", 0, 0);
  wasmtime_externref_t ref;
  if (wasmtime_externref_new(context, NULL, NULL, &ref)) wasmtime_externref_unroot(&ref);
  drop_error(wasmtime_context_gc(context));
  wasmtime_extern_t item;
  if (!wasmtime_instance_export_get(context, instance, "m", 1, &item)) abort();
  uint64_t before;
  drop_error(wasmtime_memory_grow(context, &item.of.memory, 2, &before));
  if (!wasmtime_instance_export_get(context, instance, "t", 1, &item)) abort();
  wasmtime_val_t null = {.kind = WASMTIME_FUNCREF};
  drop_error(wasmtime_table_grow(context, &item.of.table, 5, &null, &before));
}

static wasmtime_error_t* define_host_functions(wasmtime_linker_t* linker) {
  wasm_functype_t* type = wasm_functype_new_1_1(wasm_valtype_new_i32(), wasm_valtype_new_i32());
  wasmtime_error_t* error =
      wasmtime_linker_define_func(linker, "h", 1, "add", 3, type, add_one, NULL, NULL);
  wasm_functype_delete(type);
  return error;
}

static void instantiate_and_call(void) {
  wasm_engine_t* engine = make_engine();
  wasmtime_module_t* module = make_module(engine);
  if (module != NULL) {
    wasmtime_linker_t* linker = wasmtime_linker_new(engine);
    wasmtime_store_t* store = wasmtime_store_new(engine, NULL, NULL);
    wasmtime_context_t* context = wasmtime_store_context(store);
    wasi_config_t* wasi = wasi_config_new();
    wasi_config_inherit_argv(wasi);
    if (!drop_error(define_host_functions(linker)) &&
        !drop_error(wasmtime_linker_define_wasi(linker)) &&
        !drop_error(wasmtime_context_set_wasi(context, wasi)) &&
        !drop_error(wasmtime_context_set_fuel(context, 1000000))) {
      wasmtime_instance_t instance;
      wasm_trap_t* trap = NULL;
      if (!drop_error(wasmtime_linker_instantiate(linker, context, module, &instance, &trap)) &&
          !drop_trap(trap))
        use(context, &instance);
    }
    wasmtime_store_delete(store);
    wasmtime_linker_delete(linker);
    wasmtime_module_delete(module);
  }
  wasm_engine_delete(engine);
}

static void use_wasm_h(void) {
  wasm_engine_t* engine = wasm_engine_new();
  wasm_store_t* store = wasm_store_new(engine);
  wasm_byte_vec_t wasm;
  if (!drop_error(wasmtime_wat2wasm("(module (func (export \"f\")) (memory (export \"m\") 1)"
                                    " (table (export \"t\") 9 funcref))",
                                    79, &wasm))) {
    wasm_module_t* module = wasm_module_new(store, &wasm);
    wasm_byte_vec_delete(&wasm);
    if (module != NULL) {
      wasm_extern_vec_t none = WASM_EMPTY_VEC, exports;
      wasm_trap_t* trap = NULL;
      wasm_instance_t* instance = wasm_instance_new(store, module, &none, &trap);
      drop_trap(trap);
      if (instance != NULL) {
        wasm_instance_exports(instance, &exports);
        wasm_val_vec_t no_values = WASM_EMPTY_VEC;
        drop_trap(wasm_func_call(wasm_extern_as_func(exports.data[0]), &no_values, &no_values));
        wasm_memory_grow(wasm_extern_as_memory(exports.data[1]), 3);
        wasm_table_grow(wasm_extern_as_table(exports.data[2]), 3, NULL);
        wasm_extern_vec_delete(&exports);
        wasm_instance_delete(instance);
      }
      wasm_module_delete(module);
    }
  }
  wasm_store_delete(store);
  wasm_engine_delete(engine);
}

// Running them
// --------------------------------------------------------------------------------------

/// Which allocations fail, and whether they are the first ones of the process: what is made once
/// for all engines is missing then, and leaks cannot be told from it.
typedef struct way {
  int follow, mappings, cold;
} way_t;

enum { kDone = 0, kNotReached = 40, kLeaked = 41 };

/// What a process of its own does: once without failures, so that everything that is made once is
/// there, and once with them.
static void run_failing(void (*scenario)(void), long n, way_t way) {
  if (!way.cold) {
    scenario();
    scenario();
  }
  const long blocks = atomic_load(&live_blocks), bytes = atomic_load(&mapped_bytes);
  atomic_store(&all_that_follow, way.follow);
  atomic_store(&only_mappings, way.mappings);
  atomic_store(&left, n);
  scenario();
  atomic_store(&left, -1);
  if (!atomic_load(&reached)) _exit(kNotReached);
  if (way.cold) _exit(kDone);
  if (atomic_load(&live_blocks) > blocks || atomic_load(&mapped_bytes) > bytes) {
    fprintf(stderr, "leaked %ld blocks, %ld bytes of mappings\n",
            atomic_load(&live_blocks) - blocks, atomic_load(&mapped_bytes) - bytes);
    _exit(kLeaked);
  }
  _exit(kDone);
}

/// kDone if all is well, kNotReached if the scenario has fewer allocations; else it has said why.
static int outcome_of(void (*scenario)(void), long n, way_t way) {
  int ends[2];
  if (pipe(ends) != 0) return -1;
  fflush(stdout);
  const pid_t child = fork();
  if (child == 0) {
    dup2(ends[1], STDERR_FILENO);
    const struct rlimit no_core = {0, 0};
    setrlimit(RLIMIT_CORE, &no_core);
    alarm(60);
    run_failing(scenario, n, way);
  }
  close(ends[1]);
  char text[512] = "";
  size_t size = 0;
  for (ssize_t got; (got = read(ends[0], text + size, sizeof text - 1 - size)) > 0;)
    size += (size_t)got;
  close(ends[0]);
  int status = 0;
  waitpid(child, &status, 0);
  if (WIFEXITED(status) && (WEXITSTATUS(status) == kDone || WEXITSTATUS(status) == kNotReached))
    return WEXITSTATUS(status);
  if (WIFSIGNALED(status) && WTERMSIG(status) == SIGABRT && strstr(text, "out of memory"))
    return kDone;
  printf("  %s %ld%s fails: %s %d: %s\n", way.mappings ? "mapping" : "allocation", n,
         way.follow ? " and all that follow" : "", WIFSIGNALED(status) ? "signal" : "exit code",
         WIFSIGNALED(status) ? WTERMSIG(status) : WEXITSTATUS(status), text);
  return -1;
}

/// The first hundred allocations one by one, later ones with gaps: most are alike.
static int survives(void (*scenario)(void)) {
  int bad = 0;
  for (int i = 0; i < 8; ++i) {
    const way_t way = {i & 1, i >> 1 & 1, i >> 2 & 1};
    const char* all = getenv("WAZUKA_ALL_ALLOCATIONS");
    for (long n = 0;; n += all != NULL || n < 100 ? 1 : 1 + n / 16) {
      const int outcome = outcome_of(scenario, n, way);
      if (outcome == kNotReached) {
        if (n == 0 && !way.mappings) return 0;  // nothing was tried
        break;
      }
      bad += outcome != kDone;
      if (bad >= 5) return 0;
    }
  }
  return bad == 0;
}

TEST(memory_is_missing_while_compiling) {
  CHECK(survives(compile_and_serialize));
}
TEST(memory_is_missing_while_reporting) {
  CHECK(survives(report_bad_input));
}
TEST(memory_is_missing_while_running) {
  CHECK(survives(instantiate_and_call));
}
TEST(memory_is_missing_under_wasm_h) {
  CHECK(survives(use_wasm_h));
}

#endif
