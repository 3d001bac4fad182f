// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// A C program with threads but without a C library: what the compiler and the linker make of
// threads (passive data, thread-local variables, atomics, a stack for each thread) meets the
// runtime. Each of four threads counts primes in ranges that it takes from a shared counter; the
// first one joins them, compares and prints. Exit codes: 0, or the number of the check that failed.
#define IMPORT(module, name) __attribute__((import_module(module), import_name(name)))

enum { kThreads = 4, kRange = 500, kLimit = 20000, kPrimes = 2262, kStack = 16384 };

struct Iovec {
  const char* start;
  unsigned length;
};

IMPORT("wasi", "thread-spawn") int spawn(void* argument);
IMPORT("wasi_snapshot_preview1", "fd_write") int fd_write(int, const struct Iovec*, int, unsigned*);
IMPORT("wasi_snapshot_preview1", "proc_exit") _Noreturn void proc_exit(int);

struct Thread {
  void* stack;  // the entry below reads these two, at 0 and 4
  void* tls;
  int finished;
  int id;
  int primes;
};

static struct Thread threads[kThreads];
static _Alignas(16) char stacks[kThreads][kStack];
static _Alignas(16) char tls_blocks[kThreads][256];
static int next_range;
static _Thread_local int found = 100;  // initialised anew for each thread

static int is_prime(int n) {
  for (int d = 2; d * d <= n; ++d) {
    if (n % d == 0) return 0;
  }
  return n > 1;
}

void thread_main(int id, struct Thread* self) {
  volatile char on_stack[512];
  on_stack[0] = (char)id;
  for (;;) {
    int from = __atomic_fetch_add(&next_range, kRange, __ATOMIC_SEQ_CST);
    if (from >= kLimit) break;
    for (int n = from; n < from + kRange; ++n) found += is_prime(n);
  }
  self->id = on_stack[0];
  self->primes = found - 100;
  __atomic_store_n(&self->finished, 1, __ATOMIC_SEQ_CST);
  __builtin_wasm_memory_atomic_notify(&self->finished, 1);
}

// What a C library does before it enters a thread: the stack, then the thread-local variables.
__asm__(
    ".globaltype __stack_pointer, i32\n"
    ".functype __wasm_init_tls (i32) -> ()\n"
    ".functype thread_main (i32, i32) -> ()\n"
    ".globl wasi_thread_start\n"
    ".type wasi_thread_start,@function\n"
    "wasi_thread_start:\n"
    "  .functype wasi_thread_start (i32, i32) -> ()\n"
    "  local.get 1\n  i32.load 0\n  global.set __stack_pointer\n"
    "  local.get 1\n  i32.load 4\n  call __wasm_init_tls\n"
    "  local.get 0\n  local.get 1\n  call thread_main\n"
    "  end_function\n"
    ".export_name wasi_thread_start, wasi_thread_start\n");

static void require(int condition, int check) {
  if (!condition) proc_exit(check);
}

__attribute__((export_name("_start"))) void start(void) {
  for (int i = 0; i < kThreads; ++i) {
    threads[i].stack = stacks[i] + kStack;
    threads[i].tls = tls_blocks[i];
    require(spawn(&threads[i]) > 0, 1);
  }
  int primes = 0;
  for (int i = 0; i < kThreads; ++i) {
    while (__atomic_load_n(&threads[i].finished, __ATOMIC_SEQ_CST) == 0) {
      __builtin_wasm_memory_atomic_wait32(&threads[i].finished, 0, -1);
    }
    primes += threads[i].primes;
    for (int j = 0; j < i; ++j) require(threads[i].id != threads[j].id, 2);
  }
  require(primes == kPrimes, 3);
  require(found == 100, 4);
  struct Iovec line = {"2262 primes\n", 12};
  unsigned written;
  require(fd_write(1, &line, 1, &written) == 0, 5);
}
