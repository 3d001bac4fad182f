// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Code that goes on after it has reached a limit, and calls that are suspended.
#include <pthread.h>

#include "check.h"

static const char* kModule =
    "(module"
    "  (import \"host\" \"wait\" (func $wait (param i32) (result i32)))"
    "  (import \"host\" \"gc\" (func $gc))"
    "  (type $box (struct (field i32)))"
    "  (func (export \"count\") (param i32) (result i32) (local i32)"
    "    (loop $l"
    "      (local.set 1 (i32.add (local.get 1) (i32.const 1)))"
    "      (br_if $l (i32.lt_u (local.get 1) (local.get 0))))"
    "    local.get 1)"
    "  (func (export \"for_ever\") (loop $l (br $l)))"
    "  (func $wait_twice (export \"wait_twice\") (param i32) (result i32)"
    "    (i32.add (call $wait (local.get 0)) (call $wait (i32.add (local.get 0) (i32.const 1)))))"
    "  (func (export \"keep\") (param i32) (result i32) (local $b (ref null $box))"
    "    (local.set $b (struct.new $box (local.get 0)))"
    "    (drop (call $wait (i32.const 0)))"
    "    (call $gc)"
    "    (struct.get $box 0 (local.get $b))))";

// What an asynchronous host function has to do still.
typedef struct {
  int polls;  // until it is done
  int32_t result;
  wasmtime_val_t* results;
} work_t;

static int works_alive, host_finalized, polled;

static void work_ends(void* env) {
  --works_alive;
  free(env);
}

static bool work_on(void* env) {
  work_t* work = (work_t*)env;
  ++polled;
  if (work->polls-- > 0) return false;
  work->results[0] = i32_val(work->result);
  return true;
}

static void wait_for(void* env, wasmtime_caller_t* caller, const wasmtime_val_t* args, size_t nargs,
                     wasmtime_val_t* results, size_t nresults, wasm_trap_t** trap,
                     wasmtime_async_continuation_t* continuation) {
  (void)caller, (void)nargs, (void)nresults, (void)trap;
  work_t* work = (work_t*)calloc(1, sizeof(work_t));
  work->polls = *(int*)env;
  work->result = args[0].of.i32 * 10;
  work->results = results;
  ++works_alive;
  continuation->callback = work_on;
  continuation->env = work;
  continuation->finalizer = work_ends;
}

static wasm_trap_t* collect(void* env, wasmtime_caller_t* caller, const wasmtime_val_t* args,
                            size_t nargs, wasmtime_val_t* results, size_t nresults) {
  (void)env, (void)args, (void)nargs, (void)results, (void)nresults;
  CHECK_OK(wasmtime_context_gc(wasmtime_caller_context(caller)));
  return NULL;
}

static void count_end(void* env) {
  (void)env;
  ++host_finalized;
}

typedef struct {
  wasm_engine_t* engine;
  wasmtime_linker_t* linker;
  wasmtime_module_t* module;
  wasmtime_store_t* store;
  wasmtime_context_t* context;
  wasmtime_instance_t instance;
  int polls;  // that each wait takes
} setup_t;

static void set_up_with(setup_t* s, wasm_config_t* config) {
  s->polls = 2;
  s->engine = wasm_engine_new_with_config(config);
  s->linker = wasmtime_linker_new(s->engine);
  wasm_functype_t* type = wasm_functype_new_1_1(wasm_valtype_new_i32(), wasm_valtype_new_i32());
  CHECK_OK(wasmtime_linker_define_async_func(s->linker, "host", 4, "wait", 4, type, wait_for,
                                             &s->polls, count_end));
  wasm_functype_delete(type);
  type = wasm_functype_new_0_0();
  CHECK_OK(
      wasmtime_linker_define_func(s->linker, "host", 4, "gc", 2, type, collect, NULL, count_end));
  wasm_functype_delete(type);
  s->module = compile(s->engine, kModule);
  s->store = wasmtime_store_new(s->engine, NULL, NULL);
  s->context = wasmtime_store_context(s->store);
  wasm_trap_t* trap = NULL;
  // Nothing has to wait in an instantiation that runs nothing.
  CHECK_OK(wasmtime_linker_instantiate(s->linker, s->context, s->module, &s->instance, &trap));
  CHECK(trap == NULL);
}

static void set_up(setup_t* s) {
  wasm_config_t* config = wasm_config_new();
  set_up_with(s, config);
}

static void tear_down(setup_t* s) {
  wasmtime_store_delete(s->store);
  wasmtime_module_delete(s->module);
  wasmtime_linker_delete(s->linker);
  wasm_engine_delete(s->engine);
  CHECK(works_alive == 0);
}

// One call with at most one i32 each way.
typedef struct {
  wasmtime_val_t arg, result;
  wasm_trap_t* trap;
  wasmtime_error_t* error;
  wasmtime_call_future_t* future;
} call_t;

static void begin_in(call_t* c, wasmtime_context_t* context, const wasmtime_instance_t* instance,
                     const char* name, int32_t arg) {
  const int with_values = strcmp(name, "for_ever") != 0;
  const wasmtime_func_t f = export_of(context, instance, name).of.func;
  c->arg = i32_val(arg);
  c->result = i32_val(-1);
  c->trap = NULL;
  c->error = NULL;
  c->future = wasmtime_func_call_async(context, &f, &c->arg, with_values, &c->result, with_values,
                                       &c->trap, &c->error);
}

static void begin(call_t* c, setup_t* s, const char* name, int32_t arg) {
  begin_in(c, s->context, &s->instance, name, arg);
}

// Polls until the call has ended; how often it was suspended.
static int finish(call_t* c) {
  int suspended = 0;
  while (!wasmtime_call_future_poll(c->future)) ++suspended;
  wasmtime_call_future_delete(c->future);
  return suspended;
}

// Deadlines --------------------------------------------------------------------------------------

static wasm_config_t* with_epochs(int signals) {
  wasm_config_t* config = wasm_config_new();
  wasmtime_config_epoch_interruption_set(config, true);
  wasmtime_config_signals_based_traps_set(config, signals != 0);
  return config;
}

typedef struct {
  int times;  // the callback is to go on
  uint64_t delta;
  wasmtime_update_deadline_kind_t kind;
  wasm_engine_t* engine;
  int called, ended;
} deadline_t;

static wasmtime_error_t* at_deadline(const wasmtime_context_t* context, void* data, uint64_t* delta,
                                     wasmtime_update_deadline_kind_t* kind) {
  (void)context;
  deadline_t* d = (deadline_t*)data;
  if (++d->called > d->times) return wasmtime_error_new("no more time");
  *delta = d->delta;
  *kind = d->kind;
  return NULL;
}

static void deadline_ends(void* data) {
  ++((deadline_t*)data)->ended;
}

TEST(a_deadline_callback_lets_code_go_on) {
  for (int signals = 0; signals < 2; ++signals) {
    setup_t s;
    set_up_with(&s, with_epochs(signals));
    deadline_t d = {.times = 5, .kind = WASMTIME_UPDATE_DEADLINE_CONTINUE};
    wasmtime_store_epoch_deadline_callback(s.store, at_deadline, &d, deadline_ends);
    // With a deadline that has passed each check asks.
    const wasmtime_func_t f = export_of(s.context, &s.instance, "count").of.func;
    wasmtime_val_t arg = i32_val(4), result;
    wasm_trap_t* trap = NULL;
    CHECK_OK(wasmtime_func_call(s.context, &f, &arg, 1, &result, 1, &trap));
    CHECK(trap == NULL && result.of.i32 == 4 && d.called == 5);
    d.called = 0;
    d.delta = 1000;
    CHECK_OK(wasmtime_func_call(s.context, &f, &arg, 1, &result, 1, &trap));
    CHECK(trap == NULL && result.of.i32 == 4 && d.called == 1);
    wasmtime_context_set_epoch_deadline(s.context, 0);
    d.delta = 0;
    d.called = 0;
    arg = i32_val(100);
    CHECK(is_error(wasmtime_func_call(s.context, &f, &arg, 1, &result, 1, &trap), "no more time"));
    CHECK(trap == NULL && d.called == 6 && d.ended == 0);
    // The next callback ends this one.
    deadline_t other = {.times = 1000, .delta = 1};
    wasmtime_store_epoch_deadline_callback(s.store, at_deadline, &other, deadline_ends);
    CHECK(d.ended == 1);
    CHECK_OK(wasmtime_func_call(s.context, &f, &arg, 1, &result, 1, &trap));
    CHECK(result.of.i32 == 100 && other.called == 1);
    tear_down(&s);
    CHECK(other.ended == 1);
  }
}

TEST(a_deadline_callback_can_yield) {
  setup_t s;
  set_up_with(&s, with_epochs(1));
  deadline_t d = {.times = 1000, .kind = WASMTIME_UPDATE_DEADLINE_YIELD};
  wasmtime_store_epoch_deadline_callback(s.store, at_deadline, &d, NULL);
  call_t c;
  begin(&c, &s, "count", 9);
  CHECK(finish(&c) == 10 && d.called == 10);
  CHECK_OK(c.error);
  CHECK(c.trap == NULL && c.result.of.i32 == 9);
  // Where nobody polls there is nobody to yield to.
  const wasmtime_func_t f = export_of(s.context, &s.instance, "count").of.func;
  CHECK(is_error(wasmtime_func_call(s.context, &f, &c.arg, 1, &c.result, 1, &c.trap),
                 "not called asynchronously"));
  tear_down(&s);
}

TEST(deadlines_yield_and_are_updated) {
  setup_t s;
  set_up_with(&s, with_epochs(1));
  // The new deadline is counted from when the code goes on: with 0 it has passed by then.
  CHECK_OK(wasmtime_context_epoch_deadline_async_yield_and_update(s.context, 0));
  call_t c;
  begin(&c, &s, "for_ever", 0);
  for (int i = 0; i < 50; ++i) CHECK(!wasmtime_call_future_poll(c.future));
  wasmtime_call_future_delete(c.future);
  CHECK(c.trap == NULL && c.error == NULL);
  // The store is as good as before.
  wasmtime_context_set_epoch_deadline(s.context, 1000);
  begin(&c, &s, "count", 3);
  CHECK(finish(&c) == 0 && c.result.of.i32 == 3);
  tear_down(&s);
}

// Fuel -------------------------------------------------------------------------------------------

TEST(fuel_yields_in_intervals) {
  wasm_config_t* config = wasm_config_new();
  CHECK(wasmtime_config_consume_fuel_set != NULL);
  wasmtime_config_consume_fuel_set(config, true);
  setup_t s;
  set_up_with(&s, config);
  CHECK_OK(wasmtime_context_set_fuel(s.context, 100000));
  call_t c;
  begin(&c, &s, "count", 1000);
  CHECK(finish(&c) == 0 && c.result.of.i32 == 1000);
  uint64_t left = 0;
  CHECK_OK(wasmtime_context_get_fuel(s.context, &left));
  const uint64_t used = 100000 - left;
  CHECK(used > 4000);

  CHECK_OK(wasmtime_context_set_fuel(s.context, 100000));
  CHECK_OK(wasmtime_context_fuel_async_yield_interval(s.context, 500));
  CHECK_OK(wasmtime_context_get_fuel(s.context, &left));
  CHECK(left == 100000);
  begin(&c, &s, "count", 1000);
  const int suspended = finish(&c);
  CHECK(suspended >= (int)(used / 500) - 1 && suspended <= (int)(used / 500) + 1);
  CHECK(c.trap == NULL && c.error == NULL && c.result.of.i32 == 1000);
  CHECK_OK(wasmtime_context_get_fuel(s.context, &left));
  CHECK(100000 - left == used);

  // The end of all fuel is a trap, with intervals as well.
  CHECK_OK(wasmtime_context_set_fuel(s.context, 1700));
  begin(&c, &s, "for_ever", 0);
  CHECK(finish(&c) == 3 && c.error == NULL);
  CHECK(is_trap(c.trap, "all fuel consumed"));
  CHECK_OK(wasmtime_context_fuel_async_yield_interval(s.context, 0));
  CHECK_OK(wasmtime_context_set_fuel(s.context, 1700));
  begin(&c, &s, "for_ever", 0);
  CHECK(finish(&c) == 0);
  CHECK(is_trap(c.trap, "all fuel consumed"));
  tear_down(&s);

  set_up(&s);
  CHECK(is_error(wasmtime_context_fuel_async_yield_interval(s.context, 500),
                 "fuel is not configured"));
  tear_down(&s);
}

// Host functions ---------------------------------------------------------------------------------

TEST(host_functions_suspend) {
  setup_t s;
  set_up(&s);
  call_t c;
  begin(&c, &s, "wait_twice", 4);
  CHECK(finish(&c) == 4);
  CHECK(c.trap == NULL && c.error == NULL && c.result.of.i32 == 90);
  s.polls = 0;
  begin(&c, &s, "wait_twice", 1);
  CHECK(finish(&c) == 0 && c.result.of.i32 == 30);
  // What needs not wait may be called in any way.
  const wasmtime_func_t f = export_of(s.context, &s.instance, "wait_twice").of.func;
  CHECK_OK(wasmtime_func_call(s.context, &f, &c.arg, 1, &c.result, 1, &c.trap));
  CHECK(c.result.of.i32 == 30);
  s.polls = 1;
  CHECK(is_error(wasmtime_func_call(s.context, &f, &c.arg, 1, &c.result, 1, &c.trap),
                 "not called asynchronously"));
  const int finalized = host_finalized;
  tear_down(&s);
  CHECK(host_finalized == finalized + 2);
}

TEST(collections_find_the_references_of_suspended_calls) {
  setup_t s;
  set_up(&s);
  call_t c[8];
  for (int i = 0; i < 8; ++i) {
    begin(&c[i], &s, "keep", 100 + i);
    CHECK(!wasmtime_call_future_poll(c[i].future));
  }
  CHECK_OK(wasmtime_context_gc(s.context));
  for (int i = 0; i < 8; i += 2) {
    CHECK(finish(&c[i]) == 1);
    CHECK(c[i].error == NULL && c[i].trap == NULL && c[i].result.of.i32 == 100 + i);
  }
  for (int i = 1; i < 8; i += 2) {
    CHECK(finish(&c[i]) == 1 && c[i].result.of.i32 == 100 + i);
  }
  tear_down(&s);
}

TEST(code_at_a_limit_holds_collections_off) {
  setup_t s;
  set_up_with(&s, with_epochs(1));
  CHECK_OK(wasmtime_context_epoch_deadline_async_yield_and_update(s.context, 1));
  wasmtime_context_set_epoch_deadline(s.context, 1);
  s.polls = 0;
  call_t kept, c;
  begin(&kept, &s, "keep", 7);
  CHECK(finish(&kept) == 0 && kept.result.of.i32 == 7);
  wasmtime_engine_increment_epoch(s.engine);
  begin(&c, &s, "for_ever", 0);
  CHECK(!wasmtime_call_future_poll(c.future));
  CHECK(is_error(wasmtime_context_gc(s.context), "cannot collect garbage while"));
  wasmtime_call_future_delete(c.future);
  CHECK_OK(wasmtime_context_gc(s.context));
  tear_down(&s);
}

static void without_continuation(void* env, wasmtime_caller_t* caller, const wasmtime_val_t* args,
                                 size_t nargs, wasmtime_val_t* results, size_t nresults,
                                 wasm_trap_t** trap, wasmtime_async_continuation_t* continuation) {
  (void)caller, (void)args, (void)nargs, (void)results, (void)nresults, (void)continuation;
  if (*(int*)env != 0) *trap = wasmtime_trap_new("not today", 9);
}

TEST(host_functions_that_fail) {
  for (int traps = 0; traps < 2; ++traps) {
    setup_t s;
    set_up(&s);
    wasmtime_linker_allow_shadowing(s.linker, true);
    wasm_functype_t* type = wasm_functype_new_1_1(wasm_valtype_new_i32(), wasm_valtype_new_i32());
    CHECK_OK(wasmtime_linker_define_async_func(s.linker, "host", 4, "wait", 4, type,
                                               without_continuation, &traps, NULL));
    CHECK(is_error(wasmtime_linker_define_async_func(s.linker, "\xff", 1, "wait", 4, type,
                                                     without_continuation, &traps, count_end),
                   "utf-8"));
    wasm_functype_delete(type);
    wasmtime_instance_t instance;
    call_t c = {.trap = NULL, .error = NULL};
    c.future = wasmtime_linker_instantiate_async(s.linker, s.context, s.module, &instance, &c.trap,
                                                 &c.error);
    CHECK(finish(&c) == 0 && c.trap == NULL && c.error == NULL);
    begin_in(&c, s.context, &instance, "wait_twice", 1);
    CHECK(finish(&c) == 0);
    CHECK(c.trap == NULL);
    CHECK(is_error(c.error, traps ? "not today" : "has not set a continuation"));
    tear_down(&s);
  }
}

// Instances --------------------------------------------------------------------------------------

TEST(start_functions_suspend) {
  setup_t s;
  set_up(&s);
  wasmtime_module_t* module =
      compile(s.engine,
              "(module (import \"host\" \"wait\" (func $wait (param i32) (result i32)))"
              "  (global (export \"g\") (mut i32) (i32.const 0))"
              "  (func $start (global.set 0 (call $wait (i32.const 5))))"
              "  (start $start))");
  wasmtime_instance_pre_t* pre = NULL;
  CHECK_OK(wasmtime_linker_instantiate_pre(s.linker, module, &pre));
  for (int with_pre = 0; with_pre < 2; ++with_pre) {
    wasmtime_instance_t instance;
    call_t c = {.trap = NULL, .error = NULL};
    c.future = with_pre ? wasmtime_instance_pre_instantiate_async(pre, s.context, &instance,
                                                                  &c.trap, &c.error)
                        : wasmtime_linker_instantiate_async(s.linker, s.context, module, &instance,
                                                            &c.trap, &c.error);
    CHECK(finish(&c) == 2 && c.trap == NULL && c.error == NULL);
    wasmtime_val_t value;
    const wasmtime_extern_t g = export_of(s.context, &instance, "g");
    wasmtime_global_get(s.context, &g.of.global, &value);
    CHECK(value.of.i32 == 50);
  }
  wasmtime_instance_pre_delete(pre);
  wasmtime_module_delete(module);
  tear_down(&s);
}

// Calls that are given up ------------------------------------------------------------------------

TEST(futures_may_be_deleted_at_any_time) {
  setup_t s;
  set_up(&s);
  for (int polls = 0; polls < 6; ++polls) {
    call_t c;
    begin(&c, &s, "wait_twice", 1);
    for (int i = 0; i < polls; ++i) CHECK(wasmtime_call_future_poll(c.future) == (i == 4));
    if (polls > 4) CHECK(wasmtime_call_future_poll(c.future));  // still done
    wasmtime_call_future_delete(c.future);
    CHECK(c.error == NULL && c.trap == NULL && works_alive == 0);
    CHECK(c.result.of.i32 == (polls > 4 ? 30 : -1));
  }
  tear_down(&s);
}

TEST(stores_end_their_calls) {
  setup_t s;
  set_up(&s);
  call_t c[3];
  for (int i = 0; i < 3; ++i) begin(&c[i], &s, "wait_twice", 1);
  CHECK(!wasmtime_call_future_poll(c[0].future) && !wasmtime_call_future_poll(c[1].future));
  CHECK(works_alive == 2);
  wasmtime_store_delete(s.store);
  CHECK(works_alive == 0);
  for (int i = 0; i < 3; ++i) {
    CHECK(wasmtime_call_future_poll(c[i].future));
    wasmtime_call_future_delete(c[i].future);
    CHECK(c[i].error == NULL && c[i].trap == NULL);
  }
  s.store = wasmtime_store_new(s.engine, NULL, NULL);
  tear_down(&s);
}

// Calls in calls ---------------------------------------------------------------------------------

static wasm_trap_t* call_again(void* env, wasmtime_caller_t* caller, const wasmtime_val_t* args,
                               size_t nargs, wasmtime_val_t* results, size_t nresults) {
  (void)nargs, (void)nresults;
  wasmtime_context_t* context = wasmtime_caller_context(caller);
  wasmtime_extern_t item;
  CHECK(wasmtime_caller_export_get(caller, "inner", 5, &item));
  wasmtime_error_t* error = NULL;
  wasm_trap_t* trap = NULL;
  if (*(int*)env == 0) {
    // On the same stack: suspending takes this function with it.
    error = wasmtime_func_call(context, &item.of.func, args, 1, results, 1, &trap);
    if (error != NULL) {
      CHECK(is_error(error, "the asynchronous call was cancelled"));
      return wasmtime_trap_new("given up", 8);
    }
  } else {
    wasmtime_call_future_t* inner =
        wasmtime_func_call_async(context, &item.of.func, args, 1, results, 1, &trap, &error);
    while (!wasmtime_call_future_poll(inner)) {
    }
    CHECK_OK(error);
    wasmtime_call_future_delete(inner);
  }
  return trap;
}

TEST(calls_nest) {
  for (int way = 0; way < 2; ++way) {
    setup_t s;
    set_up(&s);
    wasm_functype_t* type = wasm_functype_new_1_1(wasm_valtype_new_i32(), wasm_valtype_new_i32());
    CHECK_OK(
        wasmtime_linker_define_func(s.linker, "host", 4, "again", 5, type, call_again, &way, NULL));
    wasm_functype_delete(type);
    wasmtime_module_t* module =
        compile(s.engine,
                "(module (import \"host\" \"wait\" (func $wait (param i32) (result i32)))"
                "  (import \"host\" \"again\" (func $again (param i32) (result i32)))"
                "  (func (export \"inner\") (param i32) (result i32) (call $wait (local.get 0)))"
                "  (func (export \"outer\") (param i32) (result i32)"
                "    (i32.add (call $again (local.get 0)) (call $wait (i32.const 7)))))");
    wasmtime_instance_t instance;
    wasm_trap_t* trap = NULL;
    CHECK_OK(wasmtime_linker_instantiate(s.linker, s.context, module, &instance, &trap));
    call_t c;
    begin_in(&c, s.context, &instance, "outer", 3);
    CHECK(finish(&c) == (way == 0 ? 4 : 2));
    CHECK(c.trap == NULL && c.error == NULL && c.result.of.i32 == 100);
    // The same, given up in the middle. (A call within a call is polled until it has ended.)
    begin_in(&c, s.context, &instance, "outer", 3);
    CHECK(!wasmtime_call_future_poll(c.future));
    wasmtime_call_future_delete(c.future);
    CHECK(works_alive == 0);
    wasmtime_module_delete(module);
    tear_down(&s);
  }
}

TEST(endless_recursion_ends_on_its_own_stack) {
  setup_t s;
  set_up(&s);
  const wasmtime_instance_t instance =
      instantiate(s.engine, s.context,
                  "(module (func $f (export \"count\") (param i32) (result i32)"
                  "  (i32.add (call $f (local.get 0)) (i32.const 1))))");
  call_t c;
  begin_in(&c, s.context, &instance, "count", 3);
  CHECK(finish(&c) == 0 && c.error == NULL);
  CHECK(is_trap(c.trap, "call stack exhausted"));
  tear_down(&s);
}

// Threads ----------------------------------------------------------------------------------------

static void* poll_once(void* future) {
  return wasmtime_call_future_poll((wasmtime_call_future_t*)future) ? future : NULL;
}

// A call goes on wherever it is polled.
TEST(each_poll_on_a_thread_of_its_own) {
  setup_t s;
  set_up_with(&s, with_epochs(1));
  CHECK_OK(wasmtime_context_epoch_deadline_async_yield_and_update(s.context, 0));
  call_t c;
  begin(&c, &s, "wait_twice", 4);
  int polls = 0;
  for (void* done = NULL; done == NULL; ++polls) {
    pthread_t thread;
    CHECK(pthread_create(&thread, NULL, poll_once, c.future) == 0);
    CHECK(pthread_join(thread, &done) == 0);
  }
  // Once at the beginning of the function, twice in each host function.
  CHECK(polls == 6);
  wasmtime_call_future_delete(c.future);
  CHECK(c.trap == NULL && c.error == NULL && c.result.of.i32 == 90);
  tear_down(&s);
}

static void* run_calls(void* setup) {
  setup_t* s = (setup_t*)setup;
  for (int i = 0; i < 200; ++i) {
    wasmtime_store_t* store = wasmtime_store_new(s->engine, NULL, NULL);
    wasmtime_context_t* context = wasmtime_store_context(store);
    wasmtime_context_set_epoch_deadline(context, 1000);
    wasmtime_instance_t instance;
    call_t c = {.trap = NULL, .error = NULL};
    c.future = wasmtime_linker_instantiate_async(s->linker, context, s->module, &instance, &c.trap,
                                                 &c.error);
    if (finish(&c) != 0 || c.error != NULL) return setup;
    begin_in(&c, context, &instance, "count", 100);
    if (finish(&c) != 0 || c.result.of.i32 != 100) return setup;
    wasmtime_store_delete(store);
  }
  return NULL;
}

TEST(stores_of_one_engine_on_several_threads) {
  setup_t s;
  set_up_with(&s, with_epochs(1));
  pthread_t threads[4];
  for (int i = 0; i < 4; ++i) CHECK(pthread_create(&threads[i], NULL, run_calls, &s) == 0);
  for (int i = 0; i < 4; ++i) {
    void* failed = NULL;
    CHECK(pthread_join(threads[i], &failed) == 0 && failed == NULL);
  }
  tear_down(&s);
}

// Many -------------------------------------------------------------------------------------------

TEST(ten_thousand_suspended_calls) {
  enum { kCalls = 10000 };
  setup_t s;
  set_up(&s);
  s.polls = 1;
  static call_t calls[kCalls];
  static wasmtime_store_t* stores[kCalls];
  // Half of them in stores of their own.
  for (int i = 0; i < kCalls; ++i) {
    if (i % 2 == 0) {
      begin(&calls[i], &s, "wait_twice", i);
    } else {
      stores[i] = wasmtime_store_new(s.engine, NULL, NULL);
      wasmtime_context_t* context = wasmtime_store_context(stores[i]);
      wasmtime_instance_t instance;
      CHECK_OK(wasmtime_linker_instantiate(s.linker, context, s.module, &instance, &calls[i].trap));
      begin_in(&calls[i], context, &instance, "wait_twice", i);
    }
    CHECK(!wasmtime_call_future_poll(calls[i].future));
  }
  CHECK(works_alive == kCalls);
  for (int i = 0; i < kCalls; i += 3) {
    CHECK(finish(&calls[i]) == 1);
    CHECK(calls[i].error == NULL && calls[i].result.of.i32 == 10 * (2 * i + 1));
  }
  for (int i = 0; i < kCalls; ++i) {
    if (i % 3 != 0) wasmtime_call_future_delete(calls[i].future);
    if (i % 2 != 0) wasmtime_store_delete(stores[i]);
  }
  CHECK(works_alive == 0);
  tear_down(&s);
}

// Stacks of the embedder -------------------------------------------------------------------------

static int stacks_alive, stacks_made, creators_ended;

typedef struct {
  uint8_t* memory;
  size_t size;
} stack_t_;

static uint8_t* top_of(void* env, size_t* length) {
  const stack_t_* stack = (const stack_t_*)env;
  *length = stack->size;
  return stack->memory + stack->size;
}

static void free_stack(void* env) {
  --stacks_alive;
  free(((stack_t_*)env)->memory);
  free(env);
}

static wasmtime_error_t* new_stack(void* env, size_t size, bool zeroed,
                                   wasmtime_stack_memory_t* ret) {
  (void)zeroed;
  if (stacks_made >= *(int*)env) return wasmtime_error_new("out of stacks");
  stack_t_* stack = (stack_t_*)malloc(sizeof(stack_t_));
  stack->size = size;
  stack->memory = (uint8_t*)aligned_alloc(4096, size);
  ret->env = stack;
  ret->get_stack_memory = top_of;
  ret->finalizer = free_stack;
  ++stacks_alive;
  ++stacks_made;
  return NULL;
}

static void creator_ends(void* env) {
  (void)env;
  ++creators_ended;
}

TEST(the_embedder_may_make_the_stacks) {
  int most = 2;
  wasmtime_stack_creator_t creator = {&most, new_stack, creator_ends};
  wasm_config_t* config = wasm_config_new();
  wasmtime_config_async_stack_size_set(config, 1 << 20);
  wasmtime_config_host_stack_creator_set(config, &creator);
  setup_t s;
  set_up_with(&s, config);
  call_t c[3];
  for (int i = 0; i < 2; ++i) {
    begin(&c[i], &s, "wait_twice", i);
    CHECK(!wasmtime_call_future_poll(c[i].future));
  }
  CHECK(stacks_alive == 2);
  begin(&c[2], &s, "wait_twice", 2);
  CHECK(finish(&c[2]) == 0 && is_error(c[2].error, "out of stacks"));
  for (int i = 0; i < 2; ++i) CHECK(finish(&c[i]) == 3 && c[i].result.of.i32 == 10 * (2 * i + 1));
  CHECK(stacks_alive == 0);
  tear_down(&s);
  CHECK(creators_ended == 1);
}
