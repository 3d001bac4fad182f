// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include <stdio.h>
#include <wazuka.h>

int main(void) {
  wasm_engine_t* engine = wasm_engine_new();
  wasmtime_store_t* store = wasmtime_store_new(engine, NULL, NULL);
  const int good =
      wazuka_context_id(wasmtime_store_context(store)) != 0 && wazuka_version()[0] != 0;
  wasmtime_store_delete(store);
  wasm_engine_delete(engine);
  printf("%d\n", good ? 42 : 0);
  return 0;
}
