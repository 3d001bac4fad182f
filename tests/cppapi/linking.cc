// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Linkers, instances, and instances made ahead.
#include <atomic>
#include <thread>

#include "check.hh"

namespace {

constexpr std::string_view kCounter =
    "(module (import \"env\" \"step\" (func $step (result i32)))"
    "  (global $n (mut i32) (i32.const 0))"
    "  (func (export \"next\") (result i32)"
    "    (global.set $n (i32.add (global.get $n) (call $step))) (global.get $n)))";

}  // namespace

TEST(instances_with_imports_in_order) {
  const Engine engine;
  Store store(engine);
  const Module module = compile(
      engine,
      "(module (import \"\" \"f\" (func $f (result i32))) (import \"\" \"g\" (global $g i32))"
      "  (func (export \"sum\") (result i32) (i32.add (call $f) (global.get $g))))");
  Extern imports[] = {value(Func::wrap(store, [] { return 40; })),
                      value(Global::create(store, {ValType::i32()}, 2))};
  const Instance i = value(Instance::create(store, module, imports));
  CHECK(value(value(i.func<int32_t()>(store, "sum"))(store)) == 42);
  CHECK(is_error(Instance::create(store, module), "expected 2 imports, found 0"));
  std::swap(imports[0], imports[1]);
  CHECK(is_error(Instance::create(store, module, imports), "incompatible import type"));
}

TEST(start_functions_run) {
  const Engine engine;
  Store store(engine);
  const Module module = compile(engine, "(module (func $f unreachable) (start $f))");
  CHECK(is_trap(Instance::create(store, module), TrapCode::kUnreachable));
  CHECK(is_trap(Linker(engine).instantiate(store, module), TrapCode::kUnreachable));
  CHECK(is_trap(value(Linker(engine).instantiate_pre(module)).instantiate(store),
                TrapCode::kUnreachable));
}

TEST(exports) {
  const Engine engine;
  Store store(engine);
  const Instance i =
      instantiate(engine, store,
                  "(module (func (export \"f\")) (memory (export \"m\") 1)"
                  "  (table (export \"t\") 1 funcref) (global (export \"g\") i32 (i32.const 1)))");
  const std::vector<Export> all = value(i.exports(store));
  CHECK(all.size() == 4 && all[0].name == "f" && all[3].name == "g");
  CHECK(std::holds_alternative<Memory>(all[1].item));
  CHECK(i.func(store, "f") && i.memory(store, "m") && i.table(store, "t") && i.global(store, "g"));
  CHECK(is_error(i.get(store, "x"), "no export `x`"));
  CHECK(is_error(i.func(store, "m"), "`m` is a memory, not a function"));
  CHECK(is_error(i.memory(store, "g"), "`g` is a global, not a memory"));
  CHECK(is_error(i.global(store, "t"), "`t` is a table, not a global"));
  CHECK(is_error(i.table(store, "f"), "`f` is a function, not a table"));
}

TEST(linkers_find_by_name) {
  const Engine engine;
  Store store(engine);
  Linker linker(engine);
  const Module module = compile(engine, kCounter);
  CHECK(is_error(linker.instantiate(store, module), "unknown import: `env::step`"));
  CHECK(is_error(linker.instantiate_pre(module), "unknown import: `env::step`"));
  CHECK(is_error(linker.get(store, "env", "step"), "nothing is defined as `env::step`"));
  value(linker.define("env", "step", [] { return 3; }));
  CHECK(is_error(linker.define("env", "step", [] { return 4; }), "defined twice"));
  CHECK(std::get<Func>(value(linker.get(store, "env", "step"))).type(store));
  const Linker copy = linker.clone();
  linker.allow_shadowing(true);
  value(linker.define("env", "step", [] { return 5; }));
  auto next = [&](const Linker& l) {
    const Instance i = value(l.instantiate(store, module));
    return value(value(i.func<int32_t()>(store, "next"))(store));
  };
  CHECK(next(linker) == 5 && next(copy) == 3);
  value(linker.define("env", "step", [](int32_t) {}));
  CHECK(is_error(linker.instantiate(store, module), "incompatible import type"));
}

TEST(instances_and_modules_as_imports) {
  const Engine engine;
  Store store(engine);
  Linker linker(engine);
  const Instance lib =
      instantiate(engine, store, "(module (func (export \"one\") (result i32) (i32.const 1)))");
  value(linker.define_instance(store, "lib", lib));
  value(linker.define_module(store, "mod",
                             compile(engine,
                                     "(module (import \"lib\" \"one\" (func (result i32)))"
                                     "  (func (export \"\") (result i32) (i32.const 2))"
                                     "  (export \"two\" (func 0)))")));
  const Instance i =
      value(linker.instantiate(store, compile(engine,
                                              "(module (import \"mod\" \"two\" (func (result i32)))"
                                              "  (export \"f\" (func 0)))")));
  CHECK(value(value(i.func<int32_t()>(store, "f"))(store)) == 1);
  const Func start = value(linker.get_default(store, "mod"));
  CHECK(value(value(start.typed<int32_t()>(store))(store)) == 2);
  CHECK(value(linker.get_default(store, "nothing")).call(store, {}));
}

TEST(unknown_imports) {
  const Engine engine;
  Store store(engine);
  const Module module = compile(
      engine, "(module (import \"a\" \"f\" (func $f (result i32))) (export \"f\" (func $f)))");
  Linker traps(engine), defaults(engine);
  value(traps.define_unknown_imports_as_traps(module));
  const Instance a = value(traps.instantiate(store, module));
  CHECK(is_error(value(a.func<int32_t()>(store, "f"))(store), "unknown import"));
  value(defaults.define_unknown_imports_as_defaults(store, module));
  const Instance b = value(defaults.instantiate(store, module));
  CHECK(value(value(b.func<int32_t()>(store, "f"))(store)) == 0);
}

TEST(instances_prepared_once) {
  const Engine engine;
  Linker linker(engine);
  value(linker.define("env", "step", [] { return 1; }));
  InstancePre pre = value(linker.instantiate_pre(compile(engine, kCounter)));
  CHECK(pre.module().exports().size() == 1);
  for (int n = 0; n < 3; ++n) {
    Store store(engine);
    const Instance i = value(pre.instantiate(store));
    const auto next = value(i.func<int32_t()>(store, "next"));
    CHECK(value(next(store)) == 1 && value(next(store)) == 2);
  }
  const InstancePre moved = std::move(pre);
  Store store(engine);
  CHECK(moved && !pre && !pre.module());
  CHECK(is_error(pre.instantiate(store), "the prepared instance is empty"));
  CHECK(is_error(moved.instantiate(StoreRef()), "the store is empty"));
}

TEST(pools) {
  const Engine engine = value(Engine::create({.fuel = true}));
  Linker linker(engine);
  value(linker.define("env", "step", [](Caller caller) { return *caller.data<int32_t>(); }));
  PoolOptions options;
  options.ready = 3;
  options.make_store = [](const Engine& e) -> Result<Store> {
    Store store(e, int32_t{5});
    WAZUKA_OR_RETURN(store.set_fuel(1000));
    return store;
  };
  InstancePool pool = value(InstancePool::create(
      engine, value(linker.instantiate_pre(compile(engine, kCounter))), options));
  CHECK(pool.ready() == 0);
  CHECK(value(pool.refill()) == 3 && value(pool.refill()) == 0 && pool.ready() == 3);
  for (int n = 0; n < 5; ++n) {  // the last two are made when asked for
    PooledInstance p = value(pool.take());
    const auto next = value(p.instance.func<int32_t()>(p.store, "next"));
    CHECK(value(next(p.store)) == 5 && value(next(p.store)) == 10);
  }
  CHECK(pool.ready() == 0);
  InstancePool moved = std::move(pool);
  CHECK(moved && !pool && pool.ready() == 0);
  CHECK(is_error(pool.take(), "the pool is empty") && is_error(pool.refill(), "the pool is empty"));
}

TEST(pools_of_threads) {
  const Engine engine;
  Linker linker(engine);
  value(linker.define("env", "step", [] { return 1; }));
  InstancePool pool =
      value(InstancePool::create(engine, value(linker.instantiate_pre(compile(engine, kCounter)))));
  std::atomic<int> good = 0;
  std::vector<std::jthread> threads;
  threads.emplace_back([&] {
    for (int n = 0; n < 20; ++n) (void)pool.refill();
  });
  for (int t = 0; t < 3; ++t) {
    threads.emplace_back([&] {
      for (int n = 0; n < 50; ++n) {
        auto p = pool.take();
        if (!p) return;
        auto next = p->instance.func<int32_t()>(p->store, "next");
        if (next && (*next)(p->store) == 1) ++good;
      }
    });
  }
  threads.clear();
  CHECK(good == 150);
}

TEST(pools_report_what_goes_wrong) {
  const Engine engine;
  InstancePre pre = value(
      Linker(engine).instantiate_pre(compile(engine, "(module (memory 2) (func $f) (start $f))")));
  InstancePool small =
      value(InstancePool::create(engine, std::move(pre), {.limits = {.memory_bytes = 65536}}));
  CHECK(is_error(small.take(), "memory") && is_error(small.refill(), "memory"));
  CHECK(is_error(InstancePool::create(engine, std::move(pre)), "the prepared instance is empty"));
  PoolOptions options;
  options.make_store = [](const Engine&) -> Result<Store> { return fail("no store today"); };
  InstancePool none = value(InstancePool::create(
      engine, value(Linker(engine).instantiate_pre(compile(engine, "(module)"))), options));
  CHECK(is_error(none.take(), "no store today") && is_error(none.refill(), "no store today"));
}
