// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Errors and traps; misuse, which gives errors too.
#include <optional>

#include "check.hh"

namespace {

constexpr std::string_view kModule =
    "(module $m (func $inner (export \"inner\") unreachable) (func $outer (export \"outer\")"
    "  (call $inner))"
    "  (memory (export \"m\") 1) (global (export \"g\") (mut i32) (i32.const 0))"
    "  (table (export \"t\") 1 funcref) (tag (export \"e\"))"
    "  (func (export \"take\") (param funcref externref))"
    "  (func (export \"div\") (param i32 i32) (result i32)"
    "    (i32.div_s (local.get 0) (local.get 1))))";

struct World {
  Engine engine;
  Store store{engine};
  Instance instance = instantiate(engine, store, kModule);
  Func func = value(instance.func(store, "inner"));
  Memory memory = value(instance.memory(store, "m"));
  Global global = value(instance.global(store, "g"));
  Table table = value(instance.table(store, "t"));
  Tag tag = std::get<Tag>(value(instance.get(store, "e")));
};

/// Every use of the world's handles with this store must give this error.
bool all_fail(World& w, StoreRef store, std::string_view error) {
  return is_error(w.instance.get(store, "m"), error) &&
         is_error(w.instance.exports(store), error) && is_error(w.func.type(store), error) &&
         is_error(w.func.typed<void()>(store), error) && is_error(w.func.call(store, {}), error) &&
         is_error(w.func.call(store, {}, std::span<Val>()), error) &&
         is_error(w.memory.data(store), error) && is_error(w.memory.size(store), error) &&
         is_error(w.memory.read<int>(store, 0), error) &&
         is_error(w.memory.write(store, 0, 1), error) &&
         is_error(w.memory.bytes(store, 0, 0), error) &&
         is_error(w.memory.text(store, 0, 0), error) &&
         is_error(w.memory.write_bytes(store, 0, {}), error) &&
         is_error(w.memory.grow(store, 1), error) && is_error(w.memory.type(store), error) &&
         is_error(w.global.get(store), error) && is_error(w.global.get<int>(store), error) &&
         is_error(w.global.set(store, 1), error) && is_error(w.global.type(store), error) &&
         is_error(w.table.get(store, 0), error) && is_error(w.table.set(store, 0, Func()), error) &&
         is_error(w.table.size(store), error) && is_error(w.table.grow(store, 1, Func()), error) &&
         is_error(w.table.type(store), error) && is_error(w.tag.type(store), error) &&
         is_error(w.tag.same(store, w.tag), error) && is_error(Extern(w.func).type(store), error) &&
         is_error(Extern(w.table).type(store), error);
}

}  // namespace

TEST(traps_of_guests) {
  World w;
  const Result<void> result = value(w.instance.func<void()>(w.store, "outer"))(w.store);
  CHECK(is_trap(result, TrapCode::kUnreachable));
  CHECK(is_error(result, "wasm `unreachable` instruction executed"));
  CHECK(result.error().reason() == "wasm trap: wasm `unreachable` instruction executed");
  CHECK(!result.error().exit_status());
  const std::vector<Frame> frames = result.error().backtrace();
  CHECK(frames.size() == 2);
  CHECK(frames[0].func_name == "inner" && frames[1].func_name == "outer");
  CHECK(frames[0].func_index == 0 && frames[1].func_index == 1 && frames[0].module_name == "m");
  CHECK(frames[0].func_offset && frames[0].module_offset > frames[0].func_offset);
  const auto div = value(w.instance.func<int32_t(int32_t, int32_t)>(w.store, "div"));
  CHECK(is_trap(div(w.store, 1, 0), TrapCode::kIntegerDivisionByZero));
  CHECK(is_trap(div(w.store, INT32_MIN, -1), TrapCode::kIntegerOverflow));
  CHECK(value(div(w.store, 6, 3)) == 2);
}

TEST(traps_of_the_host) {
  Trap trap("a message");
  CHECK(trap.reason() == "a message" && trap.message() == "a message" && !trap.code() &&
        trap.backtrace().empty());
  const Trap moved = std::move(trap);
  CHECK(moved.message() == "a message" && trap.message().empty() && trap.reason().empty() &&
        !trap.code());
  CHECK(trap.backtrace().empty());
  const Trap coded(TrapCode::kOutOfFuel);
  CHECK(coded.code() == TrapCode::kOutOfFuel &&
        coded.message() == "wasm trap: all fuel consumed by WebAssembly");
  CHECK(Trap(static_cast<TrapCode>(200)).message() == "unknown trap code");
  CHECK(!Trap(static_cast<TrapCode>(200)).code());
}

TEST(errors_of_the_host) {
  Error error("what went wrong");
  CHECK(error.message() == "what went wrong" && !error.is_trap() && !error.trap_code());
  CHECK(!error.exit_status() && error.backtrace().empty());
  const Error moved = std::move(error);
  CHECK(moved.message() == "what went wrong" && error.message().empty() && error.reason().empty());
  CHECK(error.backtrace().empty() && !error.exit_status());
  Error trap = Trap(TrapCode::kCastFailure);
  CHECK(trap.is_trap() && trap.trap_code() == TrapCode::kCastFailure);
  CHECK(std::move(trap).into_trap().code() == TrapCode::kCastFailure);
  CHECK(Error("text").into_trap().message() == "text");
  const Result<int> failed = fail("short");
  CHECK(is_error(failed, "short"));
}

TEST(early_returns) {
  auto half = [](int n) -> Result<int> {
    if (n % 2 != 0) return fail("odd");
    return n / 2;
  };
  auto quarter = [&](int n) -> Result<int> {
    const int h = WAZUKA_OR_RETURN(half(n));
    return half(h);
  };
  auto check_only = [&](int n) -> Result<void> {
    WAZUKA_OR_RETURN(quarter(n));
    WAZUKA_OR_RETURN(Result<void>());
    return {};
  };
  CHECK(value(quarter(8)) == 2);
  CHECK(is_error(quarter(7), "odd") && is_error(quarter(6), "odd"));
  CHECK(check_only(8) && is_error(check_only(2), "odd"));
}

TEST(handles_of_other_stores) {
  World w;
  Store other(w.engine);
  CHECK(all_fail(w, other, "wrong store"));
  Linker linker(w.engine);
  CHECK(is_error(linker.define(other, "", "f", w.func), "wrong store"));
  CHECK(is_error(linker.define_instance(other, "m", w.instance), "wrong store"));
  const Module module = compile(w.engine, "(module (import \"\" \"f\" (func)))");
  const Extern import = w.func;
  CHECK(is_error(Instance::create(other, module, std::span(&import, 1)), "wrong store"));
  value(linker.define(w.store, "", "f", w.func));
  CHECK(is_error(linker.instantiate(other, module), "wrong store"));
  CHECK(is_error(value(linker.instantiate_pre(module)).instantiate(other), "wrong store"));
  CHECK(is_error(linker.get(other, "", "f"), "for this store"));
}

TEST(values_of_other_stores) {
  World w;
  Store other(w.engine);
  const ExternRef foreign = value(ExternRef::create(other, 5));
  const Func far = value(Func::wrap(other, [] {}));
  CHECK(foreign.get<int>(w.store) == nullptr);
  const auto take = value(w.instance.func<void(Func, ExternRef)>(w.store, "take"));
  CHECK(is_error(take(w.store, far, ExternRef()), "another store"));
  CHECK(is_error(take(w.store, Func(), foreign), "another store"));
  CHECK(take(w.store, Func(), ExternRef()));
  CHECK(is_error(take(other, Func(), ExternRef()), "wrong store"));
  CHECK(is_error(take.func().call(w.store, {far, ExternRef()}), "wrong store"));
  CHECK(is_error(take.func().call(w.store, {Func(), foreign}), "wrong store"));
  CHECK(is_error(w.table.set(w.store, 0, far), "wrong store"));
  CHECK(is_error(w.table.grow(w.store, 1, far), "wrong store"));
  CHECK(is_error(Global::create(w.store, {ValType::externref()}, foreign), "wrong store"));
  CHECK(is_error(Table::create(w.store, {}, far), "wrong store"));
}

TEST(handles_that_outlive_their_store) {
  World w;
  const auto typed = value(w.func.typed<void()>(w.store));
  w.store = Store(w.engine);
  CHECK(all_fail(w, w.store, "wrong store"));
  CHECK(is_error(typed(w.store), "wrong store"));
}

TEST(stores_that_were_moved_from) {
  World w;
  const auto typed = value(w.func.typed<void()>(w.store));
  const Store moved = std::move(w.store);
  CHECK(moved && !w.store);
  CHECK(all_fail(w, w.store, "the store is empty"));
  CHECK(is_error(typed(w.store), "the store is empty"));
  CHECK(is_trap(typed(moved), TrapCode::kUnreachable));  // handles stay good
  const Store& s = w.store;
  const Module module = compile(w.engine, "(module)");
  constexpr std::string_view kEmpty = "the store is empty";
  CHECK(is_error(s.fuel(), kEmpty) && is_error(s.set_fuel(1), kEmpty));
  CHECK(is_error(s.set_epoch_deadline(1), kEmpty) && is_error(s.set_wasi({}), kEmpty));
  CHECK(is_error(s.collect_garbage(), kEmpty) && is_error(s.set_limits({}), kEmpty));
  CHECK(is_error(Instance::create(s, module), kEmpty));
  CHECK(is_error(Memory::create(s, {}), kEmpty) && is_error(Table::create(s, {}, Func()), kEmpty));
  CHECK(is_error(Global::create(s, {}, 1), kEmpty) && is_error(Tag::create(s, {}), kEmpty));
  CHECK(is_error(ExternRef::create(s, 1), kEmpty));
  Linker linker(w.engine);
  CHECK(is_error(linker.instantiate(s, module), kEmpty));
  CHECK(is_error(linker.define(s, "", "", w.func), kEmpty));
  CHECK(is_error(linker.define_instance(s, "", w.instance), kEmpty));
  CHECK(is_error(linker.define_module(s, "", module), kEmpty));
  CHECK(is_error(linker.define_unknown_imports_as_defaults(s, module), kEmpty));
  CHECK(is_error(linker.get(s, "", ""), kEmpty) && is_error(linker.get_default(s, ""), kEmpty));
}

TEST(others_that_were_moved_from) {
  World w;
  Module module = compile(w.engine, "(module)");
  const Module there = std::move(module);
  constexpr std::string_view kEmpty = "the module is empty";
  CHECK(is_error(Instance::create(w.store, module), kEmpty));
  Linker linker(w.engine);
  CHECK(is_error(linker.instantiate(w.store, module), kEmpty));
  CHECK(is_error(linker.instantiate_pre(module), kEmpty));
  CHECK(is_error(linker.define_module(w.store, "", module), kEmpty));
  CHECK(is_error(linker.define_unknown_imports_as_traps(module), kEmpty));
  CHECK(is_error(linker.define_unknown_imports_as_defaults(w.store, module), kEmpty));

  const Linker moved = std::move(linker);
  constexpr std::string_view kNoLinker = "the linker is empty";
  CHECK(moved && !linker && !linker.clone());
  linker.allow_shadowing(true);
  CHECK(is_error(linker.define("", "", [] {}), kNoLinker));
  CHECK(is_error(
      linker.define("", "", FuncType(),
                    [](Caller, std::span<const Val>, std::span<Val>) { return Result<void>(); }),
      kNoLinker));
  CHECK(is_error(linker.define(w.store, "", "", w.func), kNoLinker));
  CHECK(is_error(linker.define_instance(w.store, "", w.instance), kNoLinker));
  CHECK(is_error(linker.define_wasi(), kNoLinker));
  CHECK(is_error(linker.instantiate(w.store, there), kNoLinker));
  CHECK(is_error(linker.get(w.store, "", ""), kNoLinker));

  Engine engine;
  const Engine gone = std::move(engine);
  CHECK(!Store(engine) && !Store(engine, 5) && !Linker(engine));
  CHECK(is_error(Store(engine, 5).fuel(), "the store is empty"));
  CHECK(is_error(SharedMemory::create(engine, {}), "the engine is empty"));
  CHECK(is_error(InstancePool::create(engine, value(moved.instantiate_pre(there))),
                 "the engine is empty"));
}

TEST(null_functions) {
  World w;
  CHECK(!Func());
  CHECK(is_error(Func().call(w.store, {}), "null handle"));
  CHECK(is_error(Func().type(w.store), "null handle"));
  CHECK(is_error(TypedFunc<void()>()(w.store), "wrong store"));
  CHECK(is_error(Linker(w.engine).define(w.store, "", "f", Func()), "null handle"));
}

TEST(foreign_engines) {
  World w;
  const Engine stranger;
  const Module module = compile(stranger, "(module)");
  CHECK(is_error(Instance::create(w.store, module), "cross-`Engine`"));
  CHECK(is_error(Linker(w.engine).instantiate(w.store, module), "cross-`Engine`"));
  CHECK(is_error(Linker(w.engine).define_module(w.store, "", module), "cross-`Engine`"));
  CHECK(is_error(Linker(w.engine).define_unknown_imports_as_defaults(w.store, module),
                 "cross-`Engine`"));
  CHECK(is_error(value(Linker(stranger).instantiate_pre(module)).instantiate(w.store),
                 "cross-`Engine`"));
  Linker linker(stranger);
  value(linker.define("", "f", [] {}));
  const Module importing = compile(w.engine, "(module (import \"\" \"f\" (func)))");
  CHECK(is_error(linker.instantiate(w.store, importing), "cross-`Engine`"));
  CHECK(is_error(linker.define_unknown_imports_as_traps(
                     compile(w.engine, "(module (import \"\" \"g\" (func)))")),
                 "cross-`Engine`"));

  const Engine shares = value(Engine::create({.features = {{"shared-memory", true}}}));
  const SharedMemory memory =
      value(SharedMemory::create(shares, {.min = 1, .max = 1, .is_shared = true}));
  CHECK(is_error(linker.define(w.store, "", "m", memory.clone()), "wrong store"));
  const Extern import = memory.clone();
  CHECK(is_error(Instance::create(w.store, importing, std::span(&import, 1)), "cross-`Store`"));
}

TEST(names_that_are_not_text) {
  World w;
  Linker linker(w.engine);
  CHECK(is_error(linker.define("\xff", "f", [] {}), "utf-8"));
  CHECK(is_error(linker.define(w.store, "", "\xff", w.func), "utf-8"));
  CHECK(is_error(w.instance.get(w.store, "\xff"), "no export"));
}
