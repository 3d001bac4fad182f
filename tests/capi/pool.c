// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// The limits of pools, memories whose places are used again, and memories of the embedder.
#include "check.h"

static const char* kCounter =
    "(module (memory (export \"m\") 1) (data (i32.const 5) \"\\07\")"
    "  (table (export \"t\") 2 funcref)"
    "  (func (export \"next\") (result i32)"
    "    (i32.store8 (i32.const 5) (i32.add (i32.load8_u (i32.const 5)) (i32.const 1)))"
    "    (i32.load8_u (i32.const 5))))";

typedef void (*configure_t)(wasmtime_pooling_allocation_config_t*);

static wasm_engine_t* engine_with(configure_t configure) {
  wasm_config_t* config = wasm_config_new();
  wasmtime_pooling_allocation_config_t* pool = wasmtime_pooling_allocation_config_new();
  configure(pool);
  wasmtime_pooling_allocation_strategy_set(config, pool);
  wasmtime_pooling_allocation_config_delete(pool);
  return wasm_engine_new_with_config(config);
}

static wasmtime_error_t* make(wasmtime_context_t* context, wasmtime_module_t* module,
                              wasmtime_instance_t* instance) {
  wasm_trap_t* trap = NULL;
  wasmtime_error_t* error = wasmtime_instance_new(context, module, NULL, 0, instance, &trap);
  CHECK(trap == NULL);
  return error;
}

static int32_t next(wasmtime_context_t* context, const wasmtime_instance_t* instance) {
  const wasmtime_func_t f = export_of(context, instance, "next").of.func;
  wasmtime_val_t result;
  wasm_trap_t* trap = NULL;
  CHECK_OK(wasmtime_func_call(context, &f, NULL, 0, &result, 1, &trap));
  return result.of.i32;
}

// Limits -----------------------------------------------------------------------------------------

static void few_instances(wasmtime_pooling_allocation_config_t* pool) {
  wasmtime_pooling_allocation_config_total_core_instances_set(pool, 3);
}
static void few_memories(wasmtime_pooling_allocation_config_t* pool) {
  wasmtime_pooling_allocation_config_total_memories_set(pool, 3);
}
static void few_tables(wasmtime_pooling_allocation_config_t* pool) {
  wasmtime_pooling_allocation_config_total_tables_set(pool, 3);
}

TEST(so_many_may_live_at_a_time) {
  const configure_t limits[] = {few_instances, few_memories, few_tables};
  const char* errors[] = {"maximum concurrent limit of 3 for core instances reached",
                          "maximum concurrent limit of 3 for memory stripe 0 reached",
                          "maximum concurrent limit of 3 for tables reached"};
  for (int i = 0; i < 3; ++i) {
    wasm_engine_t* engine = engine_with(limits[i]);
    wasmtime_module_t* module = compile(engine, kCounter);
    for (int round = 0; round < 3; ++round) {
      wasmtime_store_t* stores[2];
      wasmtime_instance_t instance;
      for (int s = 0; s < 2; ++s) stores[s] = wasmtime_store_new(engine, NULL, NULL);
      CHECK_OK(make(wasmtime_store_context(stores[0]), module, &instance));
      CHECK_OK(make(wasmtime_store_context(stores[0]), module, &instance));
      CHECK_OK(make(wasmtime_store_context(stores[1]), module, &instance));
      CHECK(is_error(make(wasmtime_store_context(stores[1]), module, &instance), errors[i]));
      wasmtime_store_delete(stores[0]);
      CHECK_OK(make(wasmtime_store_context(stores[1]), module, &instance));
      wasmtime_store_delete(stores[1]);
    }
    wasmtime_module_delete(module);
    wasm_engine_delete(engine);
  }
}

static void small(wasmtime_pooling_allocation_config_t* pool) {
  wasmtime_pooling_allocation_config_max_memory_size_set(pool, 3 << 16);
  wasmtime_pooling_allocation_config_table_elements_set(pool, 10);
  wasmtime_pooling_allocation_config_max_core_instance_size_set(pool, 2000);
}

static wasmtime_error_t* try_to_compile(wasm_engine_t* engine, const char* wat) {
  wasm_byte_vec_t wasm;
  CHECK_OK(wasmtime_wat2wasm(wat, strlen(wat), &wasm));
  wasmtime_module_t* module = NULL;
  wasmtime_error_t* error =
      wasmtime_module_new(engine, (const uint8_t*)wasm.data, wasm.size, &module);
  if (error == NULL) wasmtime_module_delete(module);
  wasm_byte_vec_delete(&wasm);
  return error;
}

TEST(modules_must_fit) {
  wasm_engine_t* engine = engine_with(small);
  CHECK_OK(try_to_compile(engine, "(module (memory 3) (table 10 funcref))"));
  CHECK(is_error(try_to_compile(engine, "(module (memory 4))"),
                 "memory index 0 is unsupported in this pooling allocator configuration"));
  CHECK(is_error(try_to_compile(engine, "(module (table 11 funcref))"),
                 "table index 0 has a minimum element size of 11 which exceeds the limit of 10"));
  CHECK(is_error(try_to_compile(engine, "(module (memory 1) (memory 1))"),
                 "defined memories count of 2 exceeds the per-instance limit of 1"));
  CHECK(is_error(try_to_compile(engine, "(module (table 1 funcref) (table 1 funcref))"),
                 "defined tables count of 2 exceeds the per-instance limit of 1"));
  char large[8192] = "(module";
  for (int i = 0; i < 200; ++i) strcat(large, " (global i64 (i64.const 1))");
  strcat(large, ")");
  CHECK(is_error(try_to_compile(engine, large), "which exceeds the configured maximum of 2000"));
  // Nothing grows beyond its place.
  wasmtime_module_t* module = compile(engine, kCounter);
  wasmtime_store_t* store = wasmtime_store_new(engine, NULL, NULL);
  wasmtime_context_t* context = wasmtime_store_context(store);
  wasmtime_instance_t instance;
  CHECK_OK(make(context, module, &instance));
  const wasmtime_memory_t m = export_of(context, &instance, "m").of.memory;
  const wasmtime_table_t t = export_of(context, &instance, "t").of.table;
  uint64_t before = 0;
  CHECK_OK(wasmtime_memory_grow(context, &m, 2, &before));
  CHECK(before == 1);
  CHECK(is_error(wasmtime_memory_grow(context, &m, 1, &before), "failed to grow memory"));
  wasmtime_val_t null;
  null.kind = WASMTIME_FUNCREF;
  wasmtime_funcref_set_null(&null.of.funcref);
  CHECK_OK(wasmtime_table_grow(context, &t, 8, &null, &before));
  CHECK(is_error(wasmtime_table_grow(context, &t, 1, &null, &before), "failed to grow table"));
  wasmtime_store_delete(store);
  wasmtime_module_delete(module);
  wasm_engine_delete(engine);
}

static void few_stacks(wasmtime_pooling_allocation_config_t* pool) {
  wasmtime_pooling_allocation_config_total_stacks_set(pool, 2);
}

static bool never(void* env) {
  (void)env;
  return false;
}
static void wait_for_ever(void* env, wasmtime_caller_t* caller, const wasmtime_val_t* args,
                          size_t nargs, wasmtime_val_t* results, size_t nresults,
                          wasm_trap_t** trap, wasmtime_async_continuation_t* continuation) {
  (void)env, (void)caller, (void)args, (void)nargs, (void)results, (void)nresults, (void)trap;
  continuation->callback = never;
}

TEST(so_many_calls_may_be_suspended) {
  wasm_engine_t* engine = engine_with(few_stacks);
  wasmtime_linker_t* linker = wasmtime_linker_new(engine);
  wasm_functype_t* type = wasm_functype_new_0_0();
  CHECK_OK(
      wasmtime_linker_define_async_func(linker, "", 0, "f", 1, type, wait_for_ever, NULL, NULL));
  wasm_functype_delete(type);
  wasmtime_module_t* module = compile(engine, "(module (import \"\" \"f\" (func)) (start 0))");
  wasmtime_store_t* store = wasmtime_store_new(engine, NULL, NULL);
  wasmtime_call_future_t* futures[3];
  wasmtime_instance_t instance;
  wasm_trap_t* trap = NULL;
  wasmtime_error_t* error = NULL;
  for (int i = 0; i < 3; ++i) {
    futures[i] = wasmtime_linker_instantiate_async(linker, wasmtime_store_context(store), module,
                                                   &instance, &trap, &error);
    CHECK(wasmtime_call_future_poll(futures[i]) == (i == 2));
  }
  CHECK(is_error(error, "maximum concurrent limit of 2 for fibers reached"));
  for (int i = 0; i < 3; ++i) wasmtime_call_future_delete(futures[i]);
  wasmtime_store_delete(store);
  wasmtime_module_delete(module);
  wasmtime_linker_delete(linker);
  wasm_engine_delete(engine);
}

// Places that are used again ---------------------------------------------------------------------

// Each instance of two modules finds its own data and nothing else, whatever the ones before it
// have done: nothing, run, been written to by the host, grown.
static void use_again(wasm_engine_t* engine) {
  wasmtime_module_t* modules[2];
  modules[0] = compile(engine, kCounter);
  modules[1] = compile(engine,
                       "(module (memory (export \"m\") 2) (data (i32.const 70000) \"abc\")"
                       "  (func (export \"next\") (result i32) (i32.load8_u (i32.const 5))))");
  for (int i = 0; i < 200; ++i) {
    wasmtime_store_t* store = wasmtime_store_new(engine, NULL, NULL);
    wasmtime_context_t* context = wasmtime_store_context(store);
    const int second = i % 3 == 1;
    wasmtime_instance_t instance;
    CHECK_OK(make(context, modules[second], &instance));
    const int what = i / 3 % 5;
    if (what == 1) CHECK(next(context, &instance) == (second ? 0 : 8));
    if (what == 2) CHECK(next(context, &instance) == (second ? 0 : 8));
    if (what > 2) {
      const wasmtime_memory_t m = export_of(context, &instance, "m").of.memory;
      uint64_t before = 0;
      if (what == 4) CHECK_OK(wasmtime_memory_grow(context, &m, 3, &before));
      uint8_t* bytes = wasmtime_memory_data(context, &m);
      const size_t size = wasmtime_memory_data_size(context, &m);
      for (size_t at = 0; at < size; ++at) {
        const uint8_t expected =
            second ? (at - 70000 < 3 ? (uint8_t)('a' + at - 70000) : 0) : (at == 5 ? 7 : 0);
        if (bytes[at] != expected) printf("  round %d, byte %zu: %d\n", i, at, bytes[at]);
        CHECK(bytes[at] == expected);
      }
      memset(bytes, 0x55, size);
    }
    wasmtime_store_delete(store);
  }
  wasmtime_module_delete(modules[0]);
  wasmtime_module_delete(modules[1]);
}

static void one_memory(wasmtime_pooling_allocation_config_t* pool) {
  wasmtime_pooling_allocation_config_total_memories_set(pool, 1);
}
static void defaults(wasmtime_pooling_allocation_config_t* pool) {
  (void)pool;
}

TEST(places_are_used_again) {
  const configure_t limits[] = {one_memory, defaults};
  for (int i = 0; i < 2; ++i) {
    wasm_engine_t* engine = engine_with(limits[i]);
    use_again(engine);
    use_again(engine);
    wasm_engine_delete(engine);
  }
  wasm_engine_t* engine = wasm_engine_new();
  use_again(engine);
  wasm_engine_delete(engine);
}

// A function that is in a table before its instance has failed sees no data.
TEST(data_is_not_there_before_its_time) {
  wasm_engine_t* engine = wasm_engine_new();
  wasmtime_store_t* store = wasmtime_store_new(engine, NULL, NULL);
  wasmtime_context_t* context = wasmtime_store_context(store);
  const wasmtime_instance_t tables = instantiate(
      engine, context,
      "(module (table (export \"t\") 1 funcref)"
      "  (func (export \"next\") (result i32) (call_indirect (result i32) (i32.const 0))))");
  const wasmtime_extern_t table = export_of(context, &tables, "t");
  const char* wat =
      "(module (import \"\" \"t\" (table 1 funcref)) (import \"\" \"g\" (global i32))"
      "  (memory 1) (data (i32.const 0) \"\\09\")"
      "  (func $f (result i32) (i32.load8_u (i32.const 0)))"
      "  (elem (i32.const 0) $f) (elem (global.get 0) $f))";
  wasmtime_module_t* module = compile(engine, wat);
  wasm_globaltype_t* type = wasm_globaltype_new(wasm_valtype_new_i32(), WASM_CONST);
  for (int i = 0; i < 8; ++i) {
    const int fails = i >= 4;
    wasmtime_extern_t imports[2] = {table};
    imports[1].kind = WASMTIME_EXTERN_GLOBAL;
    const wasmtime_val_t offset = i32_val(fails ? 1 : 0);
    // Places of instances that have gone are those of the next ones.
    wasmtime_store_t* other = wasmtime_store_new(engine, NULL, NULL);
    if (!fails) {
      wasmtime_context_t* c = wasmtime_store_context(other);
      const wasmtime_instance_t here =
          instantiate(engine, c, "(module (table (export \"t\") 1 funcref))");
      imports[0] = export_of(c, &here, "t");
      CHECK_OK(wasmtime_global_new(c, type, &offset, &imports[1].of.global));
      wasm_trap_t* trap = NULL;
      wasmtime_instance_t instance;
      CHECK_OK(wasmtime_instance_new(c, module, imports, 2, &instance, &trap));
    } else {
      CHECK_OK(wasmtime_global_new(context, type, &offset, &imports[1].of.global));
      wasm_trap_t* trap = NULL;
      wasmtime_instance_t instance;
      CHECK_OK(wasmtime_instance_new(context, module, imports, 2, &instance, &trap));
      CHECK(is_trap(trap, "out of bounds table access"));
      CHECK(next(context, &tables) == 0);
    }
    wasmtime_store_delete(other);
  }
  wasm_globaltype_delete(type);
  wasmtime_module_delete(module);
  wasmtime_store_delete(store);
  wasm_engine_delete(engine);
}

// Memories of the embedder -----------------------------------------------------------------------

static int memories_alive, creators_ended;

typedef struct {
  uint8_t* bytes;
  size_t size, capacity;
} memory_t;

static uint8_t* bytes_of(void* env, size_t* size, size_t* capacity) {
  const memory_t* m = (const memory_t*)env;
  *size = m->size;
  *capacity = m->capacity;
  return m->bytes;
}
static wasmtime_error_t* grow(void* env, size_t size) {
  memory_t* m = (memory_t*)env;
  if (size > m->capacity) return wasmtime_error_new("too much");
  m->size = size;
  return NULL;
}
static void free_memory(void* env) {
  --memories_alive;
  free(((memory_t*)env)->bytes);
  free(env);
}
static wasmtime_error_t* new_memory(void* env, const wasm_memorytype_t* type, size_t minimum,
                                    size_t maximum, size_t reserved, size_t guard,
                                    wasmtime_linear_memory_t* ret) {
  (void)reserved, (void)guard;
  if (maximum == 9 << 16) return wasmtime_error_new("I do not like nine");
  CHECK(wasmtime_memorytype_minimum(type) << 16 == minimum);
  memory_t* m = (memory_t*)malloc(sizeof(memory_t));
  m->size = minimum;
  m->capacity = *(size_t*)env;
  m->bytes = (uint8_t*)calloc(1, m->capacity);
  ret->env = m;
  ret->get_memory = bytes_of;
  ret->grow_memory = grow;
  ret->finalizer = free_memory;
  ++memories_alive;
  return NULL;
}
static void creator_ends(void* env) {
  (void)env;
  ++creators_ended;
}

TEST(the_embedder_may_make_the_memories) {
  size_t capacity = 3 << 16;
  wasmtime_memory_creator_t creator = {&capacity, new_memory, creator_ends};
  wasm_config_t* config = wasm_config_new();
  wasmtime_config_host_memory_creator_set(config, &creator);
  wasm_engine_t* engine = wasm_engine_new_with_config(config);
  wasmtime_module_t* module =
      compile(engine,
              "(module (memory (export \"m\") 1) (data (i32.const 5) \"\\07\")"
              "  (func (export \"grow\") (result i32) (memory.grow (i32.const 1)))"
              "  (func (export \"load\") (param i32) (result i32) (i32.load8_u (local.get 0)))"
              "  (func (export \"next\") (result i32)"
              "    (i32.store8 (i32.const 5) (i32.add (i32.load8_u (i32.const 5)) (i32.const 1)))"
              "    (i32.load8_u (i32.const 5))))");
  wasmtime_store_t* store = wasmtime_store_new(engine, NULL, NULL);
  wasmtime_context_t* context = wasmtime_store_context(store);
  for (int i = 0; i < 4; ++i) {
    wasmtime_instance_t instance;
    CHECK_OK(make(context, module, &instance));
    CHECK(memories_alive == i + 1);
    CHECK(next(context, &instance) == 8);
    const wasmtime_func_t g = export_of(context, &instance, "grow").of.func;
    const wasmtime_func_t load = export_of(context, &instance, "load").of.func;
    const int32_t expected[] = {1, 2, -1};
    for (int n = 0; n < 3; ++n) {
      wasmtime_val_t result, at = i32_val((2 + n) * 65536 - 1);
      wasm_trap_t* trap = NULL;
      CHECK_OK(wasmtime_func_call(context, &g, NULL, 0, &result, 1, &trap));
      CHECK(result.of.i32 == expected[n]);
      CHECK_OK(wasmtime_func_call(context, &load, &at, 1, &result, 1, &trap));
      CHECK(n == 2 ? is_trap(trap, "out of bounds memory access") : trap == NULL);
    }
  }
  wasmtime_module_t* nine = compile(engine, "(module (memory 1 9))");
  wasmtime_instance_t instance;
  CHECK(is_error(make(context, nine, &instance), "I do not like nine"));
  wasmtime_module_delete(nine);
  wasmtime_module_delete(module);
  wasmtime_store_delete(store);
  CHECK(memories_alive == 0);
  wasm_engine_delete(engine);
  CHECK(creators_ended == 1);
}

// Profiles ---------------------------------------------------------------------------------------

static wasmtime_error_t* sample(const wasmtime_context_t* context, void* data, uint64_t* delta,
                                wasmtime_update_deadline_kind_t* kind) {
  (void)context;
  void** pair = (void**)data;
  wasmtime_guestprofiler_sample((wasmtime_guestprofiler_t*)pair[0], (wasmtime_store_t*)pair[1], 7);
  *delta = 0;
  *kind = WASMTIME_UPDATE_DEADLINE_CONTINUE;
  return NULL;
}

TEST(profiles_of_guests) {
  wasm_config_t* config = wasm_config_new();
  wasmtime_config_epoch_interruption_set(config, true);
  wasm_engine_t* engine = wasm_engine_new_with_config(config);
  wasmtime_module_t* module =
      compile(engine,
              "(module (func $inner (loop $l (br_if $l (i32.const 0))))"
              "  (func $outer (export \"next\") (result i32) (call $inner) (i32.const 5)))");
  wasmtime_store_t* store = wasmtime_store_new(engine, NULL, NULL);
  wasmtime_context_t* context = wasmtime_store_context(store);
  wasmtime_instance_t instance;
  CHECK_OK(make(context, module, &instance));
  wasm_name_t name, module_name;
  wasm_name_new_from_string(&name, "a \"program\"");
  wasm_name_new_from_string(&module_name, "the module");
  wasmtime_guestprofiler_modules_t modules = {&module_name, module};
  wasmtime_guestprofiler_t* profiler =
      wasmtime_guestprofiler_new(engine, &name, 1000000, &modules, 1);
  void* pair[2] = {profiler, store};
  wasmtime_store_epoch_deadline_callback(store, sample, pair, NULL);
  CHECK(next(context, &instance) == 5);
  wasm_byte_vec_t json;
  CHECK_OK(wasmtime_guestprofiler_finish(profiler, &json));
  char* text = (char*)calloc(json.size + 1, 1);
  memcpy(text, json.data, json.size);
  // At the beginning of each function and of the loop.
  CHECK(strstr(text, "\"samples\":{\"length\":3,") != NULL);
  CHECK(strstr(text, "\"threadCPUDelta\":[7,7,7]") != NULL);
  CHECK(strstr(text, "\"prefix\":[null,null,1,1]") != NULL);
  CHECK(strstr(text, "\"stringArray\":[\"outer\",\"inner\",\"the module\"]") != NULL);
  CHECK(strstr(text, "\"product\":\"a \\\"program\\\"\"") != NULL);
  free(text);
  wasm_byte_vec_delete(&json);
  wasm_byte_vec_delete(&name);
  wasm_byte_vec_delete(&module_name);
  wasmtime_guestprofiler_delete(wasmtime_guestprofiler_new(engine, &modules.name[0], 1, NULL, 0));
  wasmtime_store_delete(store);
  wasmtime_module_delete(module);
  wasm_engine_delete(engine);
}
