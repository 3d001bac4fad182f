// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// A program that runs a WebAssembly module: it offers two functions to the guest, calls the guest,
// and stops it when it has used up its fuel.
#include <stdio.h>
#include <stdlib.h>
#include <wasmtime.h>

static void give_up(const char* what, wasmtime_error_t* error) {
  wasm_byte_vec_t message;
  wasmtime_error_message(error, &message);
  fprintf(stderr, "%s: %.*s\n", what, (int)message.size, message.data);
  exit(1);
}

// A host function that keeps something of its own: `env` is what it was defined with.
static wasm_trap_t* times(void* env, wasmtime_caller_t* caller, const wasmtime_val_t* args,
                          size_t nargs, wasmtime_val_t* results, size_t nresults) {
  results[0].kind = WASMTIME_I32;
  results[0].of.i32 = *(int*)env;
  return NULL;
}

// One that reads the guest's memory: what the guest says about it is checked.
static wasm_trap_t* print(void* env, wasmtime_caller_t* caller, const wasmtime_val_t* args,
                          size_t nargs, wasmtime_val_t* results, size_t nresults) {
  wasmtime_context_t* context = wasmtime_caller_context(caller);
  wasmtime_extern_t memory;
  if (!wasmtime_caller_export_get(caller, "memory", 6, &memory))
    return wasmtime_trap_new("no memory", 9);
  const uint64_t start = (uint32_t)args[0].of.i32, size = (uint32_t)args[1].of.i32;
  if (start + size > wasmtime_memory_data_size(context, &memory.of.memory)) {
    return wasmtime_trap_new_code(WASMTIME_TRAP_CODE_MEMORY_OUT_OF_BOUNDS);
  }
  printf("%.*s\n", (int)size,
         (const char*)wasmtime_memory_data(context, &memory.of.memory) + start);
  return NULL;
}

static char* read_file(const char* path, size_t* size) {
  FILE* file = fopen(path, "rb");
  char* text = malloc(65536);
  if (file == NULL || text == NULL) exit(1);
  *size = fread(text, 1, 65536, file);
  fclose(file);
  return text;
}

static void run(wasmtime_context_t* context, const wasmtime_instance_t* instance, const char* name,
                size_t length, size_t nresults) {
  wasmtime_extern_t item;
  if (!wasmtime_instance_export_get(context, instance, name, length, &item)) exit(1);
  wasmtime_val_t result;
  wasm_trap_t* trap = NULL;
  wasmtime_error_t* error =
      wasmtime_func_call(context, &item.of.func, NULL, 0, &result, nresults, &trap);
  if (error != NULL) give_up("call", error);
  if (trap != NULL) {
    wasmtime_trap_code_t code;
    if (wasmtime_trap_code(trap, &code) && code == WASMTIME_TRAP_CODE_OUT_OF_FUEL)
      printf("%s: out of fuel\n", name);
    wasm_trap_delete(trap);
  } else {
    printf("%s: %d\n", name, result.of.i32);
  }
}

int main(void) {
  wasm_config_t* config = wasm_config_new();
  wasmtime_config_consume_fuel_set(config, true);
  wasm_engine_t* engine = wasm_engine_new_with_config(config);

  size_t size;
  char* text = read_file("greet.wat", &size);
  wasm_byte_vec_t binary;
  wasmtime_error_t* error = wasmtime_wat2wasm(text, size, &binary);
  if (error != NULL) give_up("greet.wat", error);
  wasmtime_module_t* module;
  error = wasmtime_module_new(engine, (const uint8_t*)binary.data, binary.size, &module);
  if (error != NULL) give_up("greet.wat", error);

  // Functions in a linker serve any store of the engine.
  int count = 2;
  wasmtime_linker_t* linker = wasmtime_linker_new(engine);
  wasm_functype_t* type = wasm_functype_new_0_1(wasm_valtype_new_i32());
  error = wasmtime_linker_define_func(linker, "host", 4, "times", 5, type, times, &count, NULL);
  if (error != NULL) give_up("times", error);
  wasm_functype_delete(type);
  type = wasm_functype_new_2_0(wasm_valtype_new_i32(), wasm_valtype_new_i32());
  error = wasmtime_linker_define_func(linker, "host", 4, "print", 5, type, print, NULL, NULL);
  if (error != NULL) give_up("print", error);
  wasm_functype_delete(type);

  wasmtime_store_t* store = wasmtime_store_new(engine, NULL, NULL);
  wasmtime_context_t* context = wasmtime_store_context(store);
  error = wasmtime_context_set_fuel(context, 10000);
  if (error != NULL) give_up("fuel", error);
  wasmtime_instance_t instance;
  wasm_trap_t* trap = NULL;
  error = wasmtime_linker_instantiate(linker, context, module, &instance, &trap);
  if (error != NULL) give_up("instance", error);
  run(context, &instance, "greet", 5, 1);
  run(context, &instance, "spin", 4, 0);

  wasmtime_store_delete(store);
  wasmtime_linker_delete(linker);
  wasmtime_module_delete(module);
  wasm_byte_vec_delete(&binary);
  wasm_engine_delete(engine);
  free(text);
  return 0;
}
