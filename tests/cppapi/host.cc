// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Functions of the host.
#include <functional>
#include <memory>
#include <stdexcept>

#include "check.hh"

namespace {

struct World {
  Engine engine;
  Store store{engine, std::string("data")};
  Linker linker{engine};

  /// Defines the function as the import of a module that exports it again.
  template <class F>
  Func through(std::string_view signature, F&& function) {
    linker.allow_shadowing(true);
    value(linker.define("env", "f", std::forward<F>(function)));
    const std::string wat = "(module (import \"env\" \"f\" (func $f " + std::string(signature) +
                            ")) (memory (export \"memory\") 1) (export \"f\" (func $f))"
                            "  (func (export \"seven\") (result i32) (i32.const 7)))";
    const Instance instance = value(linker.instantiate(store, compile(engine, wat)));
    return value(instance.func(store, "f"));
  }
};

int32_t twice(int32_t x) {
  return 2 * x;
}
int32_t thrice(int32_t x) noexcept {
  return 3 * x;
}

struct Adder {
  int32_t sum = 0;
  int32_t operator()(int32_t x) { return sum += x; }
};

}  // namespace

TEST(signatures_are_deduced) {
  World w;
  CHECK(value(w.through("", [] {}).call(w.store, {})).empty());
  CHECK(value(w.through("(param i32) (result i32)", twice).call(w.store, {4}))[0].get<int32_t>() ==
        8);
  CHECK(
      value(w.through("(param i32) (result i32)", &thrice).call(w.store, {4}))[0].get<int32_t>() ==
      12);
  const Func adder = w.through("(param i32) (result i32)", Adder{10});
  CHECK(value(adder.call(w.store, {4}))[0].get<int32_t>() == 14);
  CHECK(value(adder.call(w.store, {4}))[0].get<int32_t>() == 18);
  const Func all = w.through("(param i32 i64 f32 f64) (result f64)",
                             [](int32_t a, uint64_t b, float c, double d) noexcept {
                               return a + static_cast<double>(b) + static_cast<double>(c) + d;
                             });
  CHECK(value(all.call(w.store, {1, int64_t{2}, 3.0f, 4.0}))[0].get<double>() == 10.0);
  const Func pair = w.through("(param v128) (result v128 i32)",
                              [](const V128& v) { return std::tuple(v, int32_t{v.bytes[0]}); });
  const std::vector<Val> both = value(pair.call(w.store, {V128{{5}}}));
  CHECK(both[0].get<V128>() == V128{{5}} && both[1].get<int32_t>() == 5);
  auto mutable_count = [n = 0]() mutable { return ++n; };
  const Func count = w.through("(result i32)", mutable_count);
  value(count.call(w.store, {}));
  CHECK(value(count.call(w.store, {}))[0].get<int32_t>() == 2);
}

// Lambdas without captures need no memory.
static_assert(detail::Trampoline<decltype([](int32_t x) { return x; })>::kStateless);
static_assert(!detail::Trampoline<Adder>::kStateless);

TEST(move_only_captures_end_with_their_linker_and_store) {
  static int ended = 0;
  struct Ends {
    ~Ends() { ++ended; }
  };
  {
    World w;
    auto owned = std::make_unique<Ends>();
    const Func f = w.through("(result i32)", [owned = std::move(owned)] { return 1; });
    CHECK(value(f.call(w.store, {}))[0].get<int32_t>() == 1);
    CHECK(ended == 0);
  }
  CHECK(ended == 1);
  const Engine engine;
  Linker linker(engine);
  value(linker.define("a", "b", [] {}));
  CHECK(is_error(linker.define("a", "b", [owned = std::make_unique<Ends>()] {}), "defined twice"));
  CHECK(ended == 2);
}

TEST(references_in_both_directions) {
  World w;
  const Func f = w.through("(param externref funcref) (result externref funcref)",
                           [](ExternRef e, const Func& g) { return std::tuple(std::move(e), g); });
  const ExternRef ref = value(ExternRef::create(w.store, 5));
  const std::vector<Val> out = value(f.call(w.store, {ref, f}));
  CHECK(*out[0].get<ExternRef>()->get<int>(w.store) == 5 && out[1].get<Func>()->type(w.store));
  const std::vector<Val> nulls = value(f.call(w.store, {ExternRef(), Func()}));
  CHECK(nulls[0].is_null() && nulls[1].is_null());
}

TEST(objects_of_other_stores_are_not_returned) {
  World w;
  Store other(w.engine);
  const ExternRef foreign = value(ExternRef::create(other, 5));
  const Func f = w.through("(result externref)", [&] { return foreign; });
  CHECK(is_error(f.call(w.store, {}), "an object of another store"));
}

TEST(the_caller) {
  World w;
  const Func read =
      w.through("(param i32) (result i32)", [](Caller caller, uint32_t at) -> Result<int32_t> {
        auto memory = WAZUKA_OR_RETURN(caller.memory("memory"));
        return memory.read<int32_t>(caller, at);
      });

  // Called by the host, no instance calls it.
  CHECK(is_error(read.call(w.store, {0}), "no export `memory`"));
  const Func ask = w.through("(result i32)", [](const Caller& caller) -> Result<int32_t> {
    if (*caller.data<std::string>() != "data" || caller.data<int>() != nullptr) return 0;
    if (!caller.get("memory") || !caller.func("seven") || caller.get("nothing")) return 1;
    if (!is_error(caller.memory("seven"), "`seven` is a function, not a memory")) return 2;
    if (!is_error(caller.func("memory"), "`memory` is a memory, not a function")) return 3;
    auto seven = WAZUKA_OR_RETURN(caller.func<int32_t()>("seven"));
    return seven(caller);
  });
  CHECK(ask);
  const Module module =
      compile(w.engine,
              "(module (import \"env\" \"f\" (func $f (result i32))) (memory (export \"memory\") 1)"
              "  (func (export \"seven\") (result i32) (i32.const 7))"
              "  (func (export \"run\") (result i32) (call $f)))");
  const Instance i = value(w.linker.instantiate(w.store, module));
  CHECK(value(value(i.func<int32_t()>(w.store, "run"))(w.store)) == 7);
}

TEST(failures_end_the_call) {
  World w;
  auto fails = [&](auto function) { return w.through("", function).call(w.store, {}); };
  CHECK(is_error(fails([]() -> Result<void> { return fail("first"); }), "first"));
  CHECK(
      is_error(fails([]() -> std::expected<void, Trap> { return std::unexpected(Trap("second")); }),
               "second"));
  CHECK(is_error(fails([]() -> std::expected<void, std::string> {
                   return std::unexpected(std::string("third"));
                 }),
                 "third"));
  CHECK(is_trap(
      fails([]() -> Result<void> { return std::unexpected(Trap(TrapCode::kIntegerOverflow)); }),
      TrapCode::kIntegerOverflow));
  const auto thrown = fails([] { throw std::runtime_error("thrown"); });
  CHECK(!thrown && thrown.error().reason() == "thrown");
  CHECK(is_error(fails([] { throw 5; }), "a host function has thrown an exception"));
  CHECK(is_error(fails(std::function<void()>()), "bad_function_call"));
  CHECK(is_error(fails([]() -> Result<void> {
                   Error error("gone");
                   const Error kept = std::move(error);
                   return std::unexpected(std::move(error));
                 }),
                 "moved from"));
  CHECK(is_error(Func::wrap(w.store, static_cast<void (*)()>(nullptr)), "is null"));
  CHECK(is_error(w.linker.define("a", "b", static_cast<void (*)()>(nullptr)), "is null"));
}

TEST(errors_pass_through_host_functions) {
  World w;
  value(w.linker.define_wasi());
  value(w.store.set_wasi({}));
  value(w.linker.define("env", "back", [](Caller caller, int32_t n) -> Result<void> {
    auto inner = WAZUKA_OR_RETURN(caller.func<void(int32_t)>("inner"));
    return inner(caller, n);
  }));
  const Instance i = value(w.linker.instantiate(
      w.store,
      compile(w.engine,
              "(module (import \"env\" \"back\" (func $back (param i32)))"
              "  (import \"wasi_snapshot_preview1\" \"proc_exit\" (func $exit (param i32)))"
              "  (memory (export \"memory\") 1)"
              "  (func $inner (export \"inner\") (param i32)"
              "    (if (local.get 0) (then (call $exit (local.get 0))) (else unreachable)))"
              "  (func $outer (export \"outer\") (param i32) (call $back (local.get 0))))")));
  const auto outer = value(i.func<void(int32_t)>(w.store, "outer"));
  const Result<void> exit = outer(w.store, 3);
  CHECK(!exit && exit.error().exit_status() == 3 && !exit.error().is_trap());
  const Result<void> trap = outer(w.store, 0);
  CHECK(is_trap(trap, TrapCode::kUnreachable));
  CHECK(trap.error().backtrace().at(0).func_name == "inner");
}

TEST(functions_of_one_store) {
  World w;
  const Func f = value(Func::wrap(w.store, [](int32_t a, int32_t b) { return a - b; }));
  const auto typed = value(f.typed<int32_t(int32_t, int32_t)>(w.store));
  CHECK(value(typed(w.store, 7, 3)) == 4);
  CHECK(is_error(Func::wrap(StoreRef(), [] {}), "the store is empty"));
}

TEST(signatures_known_when_the_program_runs) {
  World w;
  const FuncType type{{ValType::i32(), ValType::externref()},
                      {ValType::externref(), ValType::i64()}};
  auto swap = [](Caller, std::span<const Val> args, std::span<Val> results) -> Result<void> {
    if (args[0].get<int32_t>() == 0) return fail("zero");
    results[0] = args[1];
    results[1] = int64_t{*args[0].get<int32_t>()};
    return {};
  };
  const Func f = value(Func::create(w.store, type, swap));
  CHECK(value(f.type(w.store)) == type);
  const ExternRef ref = value(ExternRef::create(w.store, 5));
  const std::vector<Val> out = value(f.call(w.store, {2, ref}));
  CHECK(*out[0].get<ExternRef>()->get<int>(w.store) == 5 && out[1].get<int64_t>() == 2);
  CHECK(is_error(f.call(w.store, {0, ref}), "zero"));
  value(w.linker.define("env", "swap", type, swap));
  CHECK(w.linker.get(w.store, "env", "swap"));
  // Results that were not set, or have another type.
  const Func lazy = value(Func::create(
      w.store, type, [](Caller, std::span<const Val>, std::span<Val>) { return Result<void>(); }));
  CHECK(is_error(lazy.call(w.store, {1, ref}), "incompatible value"));
  const FuncType impossible{{ValType::ref(HeapKind::kConcreteFunc)}, {}};
  CHECK(is_error(Func::create(w.store, impossible, swap), "cannot make the type"));
  CHECK(is_error(w.linker.define("a", "b", impossible, swap), "cannot make the type"));
  CHECK(is_error(Func::create(StoreRef(), type, swap), "the store is empty"));
}
