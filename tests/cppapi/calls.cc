// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Functions of guests, typed and not; values of all types.
#include <cmath>
#include <limits>

#include "check.hh"

#if !defined(__SANITIZE_ADDRESS__) && defined(__has_feature)
#if __has_feature(address_sanitizer)
#define __SANITIZE_ADDRESS__ 1
#endif
#endif

namespace {
size_t allocations = 0;
}

#ifndef __SANITIZE_ADDRESS__
// Of the program and, where it is shared, of the library.
extern "C" void* __libc_malloc(size_t size);
extern "C" void* malloc(size_t size) {
  ++allocations;
  return __libc_malloc(size);
}
#endif

namespace {

constexpr std::string_view kEcho =
    "(module"
    "  (func (export \"i32\") (param i32) (result i32) (local.get 0))"
    "  (func (export \"i64\") (param i64) (result i64) (local.get 0))"
    "  (func (export \"f32\") (param f32) (result f32) (local.get 0))"
    "  (func (export \"f64\") (param f64) (result f64) (local.get 0))"
    "  (func (export \"v128\") (param v128) (result v128) (local.get 0))"
    "  (func (export \"func\") (param funcref) (result funcref) (local.get 0))"
    "  (func (export \"extern\") (param externref) (result externref) (local.get 0))"
    "  (func (export \"any\") (param anyref) (result anyref) (local.get 0))"
    "  (func (export \"i31\") (result anyref) (ref.i31 (i32.const 5)))"
    "  (func (export \"none\"))"
    "  (func (export \"swap\") (param i32 f64) (result f64 i32) (local.get 1) (local.get 0))"
    "  (func (export \"many\") (param i32 i64 f32 f64 v128 externref) (result externref v128 f64 "
    "f32"
    "     i64 i32) (local.get 5) (local.get 4) (local.get 3) (local.get 2) (local.get 1)"
    "     (local.get 0))"
    "  (func (export \"ref\") (param (ref func)))"
    "  (func (export \"bad\") unreachable))";

struct World {
  Engine engine;
  Store store{engine};
  Instance instance = instantiate(engine, store, kEcho);

  template <class Signature>
  TypedFunc<Signature> func(std::string_view name) {
    return value(instance.func<Signature>(store, name));
  }
};

template <class T>
bool echoes(World& w, std::string_view name, T x) {
  return value(w.func<T(T)>(name)(w.store, x)) == x;
}

}  // namespace

TEST(numbers) {
  World w;
  for (int32_t x : {0, 1, -1, std::numeric_limits<int32_t>::min()}) CHECK(echoes(w, "i32", x));
  CHECK(echoes(w, "i32", uint32_t{0xffffffff}));
  CHECK(echoes(w, "i32", true) && echoes(w, "i32", false));
  for (int64_t x : {int64_t{0}, int64_t{-1}, std::numeric_limits<int64_t>::min()}) {
    CHECK(echoes(w, "i64", x));
  }
  CHECK(echoes(w, "i64", ~uint64_t{0}) && echoes(w, "i64", 5LL) && echoes(w, "i64", 5UL));
  CHECK(echoes(w, "f32", 1.5f) && echoes(w, "f32", -INFINITY));
  CHECK(std::signbit(value(w.func<float(float)>("f32")(w.store, -0.0f))));
  CHECK(echoes(w, "f64", 1e300) && echoes(w, "f64", std::numeric_limits<double>::denorm_min()));
  CHECK(std::isnan(value(w.func<double(double)>("f64")(w.store, NAN))));
  V128 v;
  for (uint8_t i = 0; i < 16; ++i) v.bytes[i] = static_cast<uint8_t>(i * 17);
  CHECK(echoes(w, "v128", v));
}

TEST(references) {
  World w;
  const Func none = value(w.instance.func(w.store, "none"));
  const Func back = value(w.func<Func(Func)>("func")(w.store, none));
  CHECK(back && back.raw().__private == none.raw().__private);
  CHECK(!value(w.func<Func(Func)>("func")(w.store, Func())));
  CHECK(back.call(w.store, {}));

  const auto echo = w.func<ExternRef(ExternRef)>("extern");
  const ExternRef text = value(ExternRef::create(w.store, std::string("kept")));
  const ExternRef same = value(echo(w.store, text));
  CHECK(same && *same.get<std::string>(w.store) == "kept");
  CHECK(same.get<std::string>(w.store) == text.get<std::string>(w.store));
  CHECK(same.get<int>(w.store) == nullptr);
  CHECK(!value(echo(w.store, ExternRef())));
}

TEST(host_values_end_when_nothing_refers_to_them) {
  static int alive = 0;
  struct Counted {
    Counted() { ++alive; }
    Counted(Counted&&) noexcept { ++alive; }
    ~Counted() { --alive; }
  };
  World w;
  {
    ExternRef a = value(ExternRef::create(w.store, Counted()));
    CHECK(alive == 1);
    ExternRef b = a, c;
    c = b;
    const ExternRef d = std::move(b);
    CHECK(a && c && d && !b);
    CHECK(d.get<Counted>(w.store) != nullptr);
    value(w.store.collect_garbage());
    CHECK(alive == 1);
  }
  value(w.store.collect_garbage());
  CHECK(alive == 0);
  const ExternRef late = value(ExternRef::create(w.store, Counted()));
  CHECK(alive == 1);
  w.store = Store(w.engine);
  CHECK(alive == 0);
  CHECK(late && late.get<Counted>(w.store) == nullptr);
}

TEST(several_results) {
  World w;
  const auto swap = w.func<std::tuple<double, int32_t>(int32_t, double)>("swap");
  const auto [x, n] = value(swap(w.store, 3, 4.5));
  CHECK(x == 4.5 && n == 3);
  using Many = std::tuple<ExternRef, V128, double, float, int64_t, int32_t>(
      int32_t, int64_t, float, double, V128, ExternRef);
  const V128 v{{1, 2, 3}};
  const ExternRef ref = value(ExternRef::create(w.store, 42));
  const auto all = value(w.func<Many>("many")(w.store, 1, 2, 3.5f, 4.5, v, ref));
  CHECK(*std::get<0>(all).get<int>(w.store) == 42);
  CHECK(std::get<1>(all) == v && std::get<2>(all) == 4.5 && std::get<3>(all) == 3.5f);
  CHECK(std::get<4>(all) == 2 && std::get<5>(all) == 1);
}

TEST(signatures_are_checked) {
  World w;
  const Func i32 = value(w.instance.func(w.store, "i32"));
  CHECK(i32.typed<int32_t(int32_t)>(w.store));
  CHECK(is_error(i32.typed<int64_t(int32_t)>(w.store), "(i32) -> (i32), not (i32) -> (i64)"));
  CHECK(is_error(i32.typed<int32_t()>(w.store), "not () -> (i32)"));
  CHECK(is_error(i32.typed<void(int32_t)>(w.store), "not (i32) -> ()"));
  CHECK(is_error(i32.typed<int32_t(float)>(w.store), "not (f32) -> (i32)"));
  CHECK(is_error(i32.typed<int32_t(int32_t, int32_t)>(w.store), "not (i32, i32) -> (i32)"));
  CHECK(is_error(w.instance.func<void(Func)>(w.store, "ref"), "((ref func)) -> ()"));
  CHECK(is_error(w.instance.func<void()>(w.store, "nowhere"), "no export `nowhere`"));
  CHECK(value(i32.type(w.store)) == FuncType{{ValType::i32()}, {ValType::i32()}});
  CHECK(w.func<void()>("none").func());
  CHECK(w.func<void()>("none") && !TypedFunc<void()>());
}

TEST(calls_with_any_values) {
  World w;
  auto call = [&](std::string_view name, std::initializer_list<Val> args) {
    return value(w.instance.func(w.store, name)).call(w.store, args);
  };
  CHECK(value(call("i32", {7}))[0].get<int32_t>() == 7);
  CHECK(value(call("i64", {int64_t{7}}))[0].get<int64_t>() == 7);
  CHECK(value(call("f32", {7.5f}))[0].get<float>() == 7.5f);
  CHECK(value(call("f64", {7.5}))[0].get<double>() == 7.5);
  const V128 v{{9, 8, 7}};
  CHECK(value(call("v128", {v}))[0].get<V128>() == v);
  CHECK(value(call("none", {})).empty());
  const Func none = value(w.instance.func(w.store, "none"));
  CHECK(value(call("func", {none}))[0].get<Func>()->call(w.store, {}));
  const ExternRef ref = value(ExternRef::create(w.store, 42));
  const Val back = value(call("extern", {ref}))[0];
  CHECK(*back.get<ExternRef>()->get<int>(w.store) == 42);
  const std::vector<Val> swapped = value(call("swap", {1, 2.0}));
  CHECK(swapped.size() == 2 && swapped[0].get<double>() == 2.0 && swapped[1].get<int32_t>() == 1);
  const Val i31 = value(call("i31", {}))[0];
  CHECK(i31.type() == ValType::ref(HeapKind::kAny) && !i31.is_null());
  CHECK(!value(call("any", {i31}))[0].is_null());
  CHECK(value(call("any", {Val::null(HeapKind::kAny)}))[0].is_null());

  CHECK(is_error(call("i32", {}), "expected 1 arguments, got 0"));
  CHECK(is_error(call("i32", {1.5}), "argument type mismatch"));
  CHECK(is_error(call("i32", {1, 2}), "expected 1 arguments, got 2"));
  CHECK(is_trap(call("bad", {}), TrapCode::kUnreachable));
  Val results[2] = {ref, ref};
  CHECK(value(w.instance.func(w.store, "swap")).call(w.store, std::vector<Val>{1, 2.0}, results));
  CHECK(results[1].get<int32_t>() == 1);
  CHECK(is_error(value(w.instance.func(w.store, "none")).call(w.store, {}, results),
                 "expected 0 results, got 2"));
}

TEST(values) {
  CHECK(Val().type() == ValType::i32() && Val().get<int32_t>() == 0);
  CHECK(Val(5).type() == ValType::i32() && Val(5u).get<int32_t>() == 5);
  CHECK(Val(-1).get<uint32_t>() == 0xffffffff && Val(true).get<int32_t>() == 1);
  CHECK(Val(int64_t{-5}).type() == ValType::i64() && !Val(5).get<int64_t>());
  CHECK(Val(1.5f).type() == ValType::f32() && Val(1.5).type() == ValType::f64());
  CHECK(Val(V128()).type() == ValType::v128());
  CHECK(Val(Func()).type() == ValType::funcref() && Val(Func()).is_null());
  CHECK(Val(ExternRef()).type() == ValType::externref() && Val(ExternRef()).is_null());
  CHECK(!Val(5).is_null() && !*Val(ExternRef()).get<ExternRef>());
  CHECK(Val::null(HeapKind::kNoFunc).type() == ValType::funcref());
  CHECK(Val::null(HeapKind::kNoExtern).type() == ValType::externref());
  CHECK(Val::null(HeapKind::kExn).type() == ValType::ref(HeapKind::kExn));
  CHECK(Val::null(HeapKind::kStruct).type() == ValType::ref(HeapKind::kAny));
  CHECK(Val::null(HeapKind::kExn).is_null());

  World w;
  Val a = value(ExternRef::create(w.store, 1)), b = a, c = std::move(a);
  CHECK(a.type() == ValType::i32());
  a = b;
  b = 5;
  CHECK(*a.get<ExternRef>()->get<int>(w.store) == 1 && b.get<int32_t>() == 5 && !c.is_null());
}

TEST(calls_allocate_nothing) {
  World w;
  Linker linker(w.engine);
  int calls = 0;
  value(linker.define("", "count", [&calls](int32_t n) { calls += n; }));
  value(linker.define("", "half", [](double x) -> Result<double> { return x / 2; }));
  const Module module =
      compile(w.engine,
              "(module (import \"\" \"count\" (func $count (param i32)))"
              "  (import \"\" \"half\" (func $half (param f64) (result f64)))"
              "  (func (export \"f\") (param f64) (result f64) (call $count (i32.const 2))"
              "    (call $half (local.get 0))))");
  const Instance instance = value(linker.instantiate(w.store, module));
  const auto f = value(instance.func<double(double)>(w.store, "f"));
  const Func untyped = f.func();
  CHECK(value(f(w.store, 3.0)) == 1.5);
  Val arg = 3.0, result;
  const size_t before = allocations;
  for (int i = 0; i < 100; ++i) {
    if (!f(w.store, 3.0)) break;
    if (!untyped.call(w.store, std::span(&arg, 1), std::span(&result, 1))) break;
  }
  CHECK(allocations == before);
  CHECK(calls == 402 && result.get<double>() == 1.5);
}
