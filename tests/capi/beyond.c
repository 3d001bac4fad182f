// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// What the library has beyond the C API of Wasmtime (wazuka.h).
#include <wazuka.h>

#include "check.h"

static int text_is(wasm_name_t* text, const char* expected) {
  const int same = text->size == strlen(expected) && memcmp(text->data, expected, text->size) == 0;
  if (!same) printf("  the text is: %.*s\n", (int)text->size, text->data);
  wasm_name_delete(text);
  return same;
}

TEST(versions) {
  CHECK(strchr(wazuka_version(), '.') != NULL);
}

TEST(ids_of_stores) {
  wasm_engine_t* engine = wasm_engine_new();
  wasmtime_store_t* a = wasmtime_store_new(engine, NULL, NULL);
  wasmtime_store_t* b = wasmtime_store_new(engine, NULL, NULL);
  wasmtime_context_t* context = wasmtime_store_context(a);
  const wasmtime_instance_t instance =
      instantiate(engine, context, "(module (func (export \"f\")))");
  CHECK(wazuka_context_id(context) == instance.store_id);
  CHECK(wazuka_context_id(context) == export_of(context, &instance, "f").of.func.store_id);
  CHECK(wazuka_context_id(context) != wazuka_context_id(wasmtime_store_context(b)));
  wasmtime_store_delete(a);
  wasmtime_store_delete(b);
  wasm_engine_delete(engine);
}

TEST(reasons) {
  wasm_engine_t* engine = wasm_engine_new();
  wasmtime_store_t* store = wasmtime_store_new(engine, NULL, NULL);
  wasmtime_context_t* context = wasmtime_store_context(store);
  const wasmtime_instance_t instance =
      instantiate(engine, context, "(module (func (export \"f\") unreachable))");
  const wasmtime_func_t f = export_of(context, &instance, "f").of.func;
  wasm_trap_t* trap = NULL;
  CHECK_OK(wasmtime_func_call(context, &f, NULL, 0, NULL, 0, &trap));
  CHECK(trap != NULL);
  wasm_name_t text;
  wazuka_trap_reason(trap, &text);
  CHECK(text_is(&text, "wasm trap: wasm `unreachable` instruction executed"));
  wasm_trap_delete(trap);
  wasmtime_error_t* error = wasmtime_error_new("plain");
  wazuka_error_reason(error, &text);
  CHECK(text_is(&text, "plain"));
  CHECK(is_trap(wazuka_error_into_trap(error), "plain"));
  wasmtime_store_delete(store);
  wasm_engine_delete(engine);
}

TEST(compilers_and_features) {
  wasm_config_t* config = wasm_config_new();
  CHECK(is_error(wazuka_config_compiler_set(config, 99), "unknown compiler 99"));
  CHECK(is_error(wazuka_config_feature_set(config, "warp", 4, true), "no feature `warp`"));
  CHECK_OK(wazuka_config_compiler_set(config, WAZUKA_COMPILER_INTERPRETER));
  CHECK_OK(wazuka_config_feature_set(config, "legacy-exceptions", 17, true));
  wazuka_config_lazy_compilation_set(config, false);
  wasm_engine_t* engine = wasm_engine_new_with_config(config);
  CHECK(wasmtime_engine_is_pulley(engine));
  wasmtime_module_delete(compile(engine, "(module (func (try (do) (catch_all))))"));
  wasm_engine_delete(engine);
}
