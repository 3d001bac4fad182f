// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Tests of the C API: plain programs. TEST(name) { … } defines one, CHECK(…) ends it when it fails.
// A program runs its tests in order and prints a line for each; tests/capi/run.py counts them.
#ifndef WAZUKA_TESTS_CAPI_CHECK_H
#define WAZUKA_TESTS_CAPI_CHECK_H

#include <setjmp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <wasmtime.h>

typedef struct test {
  const char* name;
  void (*run)(void);
  struct test* next;
} test_t;

static test_t* first_test;
static test_t** last_test = &first_test;
static jmp_buf test_end;

#define TEST(name)                                                 \
  static void name(void);                                          \
  static test_t test_##name = {#name, name, NULL};                 \
  __attribute__((constructor)) static void register_##name(void) { \
    *last_test = &test_##name;                                     \
    last_test = &test_##name.next;                                 \
  }                                                                \
  static void name(void)

#define CHECK(condition)                                              \
  do {                                                                \
    if (!(condition)) {                                               \
      printf("  %s:%d: CHECK(%s)\n", __FILE__, __LINE__, #condition); \
      longjmp(test_end, 1);                                           \
    }                                                                 \
  } while (0)

// No error; prints the one there is.
#define CHECK_OK(error) CHECK(is_ok(error))

static inline int is_ok(wasmtime_error_t* error) {
  if (error == NULL) return 1;
  wasm_name_t message;
  wasmtime_error_message(error, &message);
  printf("  error: %.*s\n", (int)message.size, message.data);
  wasm_name_delete(&message);
  wasmtime_error_delete(error);
  return 0;
}

// Whether there is an error whose message contains the text; deletes it.
static inline int is_error(wasmtime_error_t* error, const char* text) {
  if (error == NULL) return 0;
  wasm_name_t message;
  wasmtime_error_message(error, &message);
  char* copy = (char*)calloc(message.size + 1, 1);
  memcpy(copy, message.data, message.size);
  const int found = strstr(copy, text) != NULL;
  if (!found) printf("  the error is: %s\n", copy);
  free(copy);
  wasm_name_delete(&message);
  wasmtime_error_delete(error);
  return found;
}

// The same for a trap.
static inline int is_trap(wasm_trap_t* trap, const char* text) {
  if (trap == NULL) return 0;
  wasm_message_t message;
  wasm_trap_message(trap, &message);
  const int found = strstr(message.data, text) != NULL;
  if (!found) printf("  the trap is: %s\n", message.data);
  wasm_byte_vec_delete(&message);
  wasm_trap_delete(trap);
  return found;
}

static inline wasmtime_module_t* compile(wasm_engine_t* engine, const char* wat) {
  wasm_byte_vec_t wasm;
  wasmtime_module_t* module = NULL;
  CHECK_OK(wasmtime_wat2wasm(wat, strlen(wat), &wasm));
  CHECK_OK(wasmtime_module_new(engine, (const uint8_t*)wasm.data, wasm.size, &module));
  wasm_byte_vec_delete(&wasm);
  return module;
}

// An instance without imports.
static inline wasmtime_instance_t instantiate(wasm_engine_t* engine, wasmtime_context_t* context,
                                              const char* wat) {
  wasmtime_module_t* module = compile(engine, wat);
  wasmtime_instance_t instance;
  wasm_trap_t* trap = NULL;
  CHECK_OK(wasmtime_instance_new(context, module, NULL, 0, &instance, &trap));
  CHECK(trap == NULL);
  wasmtime_module_delete(module);
  return instance;
}

static inline wasmtime_extern_t export_of(wasmtime_context_t* context,
                                          const wasmtime_instance_t* instance, const char* name) {
  wasmtime_extern_t item;
  CHECK(wasmtime_instance_export_get(context, instance, name, strlen(name), &item));
  return item;
}

static inline wasmtime_val_t i32_val(int32_t value) {
  wasmtime_val_t v;
  v.kind = WASMTIME_I32;
  v.of.i32 = value;
  return v;
}

int main(void) {
  int failures = 0;
  for (test_t* test = first_test; test != NULL; test = test->next) {
    const int failed = setjmp(test_end);
    if (failed == 0) test->run();
    printf("%s %s\n", failed == 0 ? "ok" : "FAILED", test->name);
    fflush(stdout);
    failures += failed;
  }
  return failures != 0;
}

#endif
