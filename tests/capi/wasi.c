// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// What a guest sees of its host.
#include <unistd.h>

#include "check.h"

static char output[256];
static size_t output_size;
static int ended;

static ptrdiff_t take_output(void* env, const unsigned char* bytes, size_t size) {
  (void)env;
  memcpy(output + output_size, bytes, size);
  output_size += size;
  return (ptrdiff_t)size;
}
static ptrdiff_t refuse_output(void* env, const unsigned char* bytes, size_t size) {
  (void)env, (void)bytes, (void)size;
  return -5;  // EIO
}
static void end(void* env) {
  (void)env;
  ++ended;
}

// Copies standard input, at most 64 bytes of it, to standard output; returns the last errno.
static const char* kCat =
    "(module"
    "  (import \"wasi_snapshot_preview1\" \"fd_read\" (func $read (param i32 i32 i32 i32) (result "
    "i32)))"
    "  (import \"wasi_snapshot_preview1\" \"fd_write\" (func $write (param i32 i32 i32 i32) "
    "(result i32)))"
    "  (memory (export \"memory\") 1)"
    "  (func (export \"cat\") (result i32)"
    "    (i32.store (i32.const 0) (i32.const 100)) (i32.store (i32.const 4) (i32.const 64))"
    "    (drop (call $read (i32.const 0) (i32.const 0) (i32.const 1) (i32.const 8)))"
    "    (i32.store (i32.const 4) (i32.load (i32.const 8)))"
    "    (call $write (i32.const 1) (i32.const 0) (i32.const 1) (i32.const 8))))";

static int32_t cat(wasi_config_t* config) {
  wasm_engine_t* engine = wasm_engine_new();
  wasmtime_linker_t* linker = wasmtime_linker_new(engine);
  CHECK_OK(wasmtime_linker_define_wasi(linker));
  wasmtime_store_t* store = wasmtime_store_new(engine, NULL, NULL);
  wasmtime_context_t* context = wasmtime_store_context(store);
  wasmtime_module_t* module = compile(engine, kCat);
  wasmtime_instance_t instance;
  wasm_trap_t* trap = NULL;
  CHECK_OK(wasmtime_linker_instantiate(linker, context, module, &instance, &trap));
  const wasmtime_func_t f = export_of(context, &instance, "cat").of.func;
  wasmtime_val_t result;
  CHECK(is_error(wasmtime_func_call(context, &f, NULL, 0, &result, 1, &trap),
                 "no WASI configuration"));
  CHECK_OK(wasmtime_context_set_wasi(context, config));
  CHECK_OK(wasmtime_func_call(context, &f, NULL, 0, &result, 1, &trap));
  wasmtime_module_delete(module);
  wasmtime_store_delete(store);
  wasmtime_linker_delete(linker);
  wasm_engine_delete(engine);
  return result.of.i32;
}

TEST(bytes_go_in_and_out_through_callbacks) {
  output_size = 0;
  ended = 0;
  wasi_config_t* config = wasi_config_new();
  wasm_byte_vec_t input;
  wasm_byte_vec_new(&input, 6, "hello\n");
  wasi_config_set_stdin_bytes(config, &input);
  wasi_config_set_stdout_custom(config, take_output, NULL, end);
  CHECK(cat(config) == 0);
  CHECK(output_size == 6 && memcmp(output, "hello\n", 6) == 0);
  CHECK(ended == 1);
}

TEST(an_error_of_a_callback_is_an_errno) {
  wasi_config_t* config = wasi_config_new();
  wasm_byte_vec_t input;
  wasm_byte_vec_new(&input, 1, "x");
  wasi_config_set_stdin_bytes(config, &input);
  wasi_config_set_stdout_custom(config, refuse_output, NULL, NULL);
  CHECK(cat(config) == 29);  // io
}

TEST(files_are_opened_by_the_setters) {
  wasi_config_t* config = wasi_config_new();
  CHECK(!wasi_config_set_stdin_file(config, "/there/is/no/such/file"));
  CHECK(!wasi_config_set_stdout_file(config, "/there/is/no/such/file"));
  CHECK(!wasi_config_preopen_dir(config, "/there/is/no/such/dir", "/", true));
  CHECK(wasi_config_preopen_dir(config, "/tmp", "/tmp", false));
  const char *names[] = {"A"}, *values[] = {"b"}, *argv[] = {"prog", "\xff"};
  CHECK(wasi_config_set_env(config, 1, names, values));
  CHECK(!wasi_config_set_argv(config, 2, argv));
  CHECK(wasi_config_set_argv(config, 1, argv));
  wasi_config_inherit_argv(config);
  wasi_config_inherit_env(config);
  CHECK(cat(config) == 0);

  char path[] = "/tmp/wazuka-capi-XXXXXX";
  const int fd = mkstemp(path);
  CHECK(fd >= 0);
  config = wasi_config_new();
  wasm_byte_vec_t input;
  wasm_byte_vec_new(&input, 3, "abc");
  wasi_config_set_stdin_bytes(config, &input);
  CHECK(wasi_config_set_stdout_file(config, path));
  CHECK(cat(config) == 0);
  char got[4] = "";
  CHECK(read(fd, got, 3) == 3 && strcmp(got, "abc") == 0);
  close(fd);
  unlink(path);
  wasi_config_delete(wasi_config_new());
}
