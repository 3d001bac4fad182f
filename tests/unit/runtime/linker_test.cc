// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "runtime/linker.h"

#include "runtime_fixture.h"

namespace wazuka {
namespace {

using LinkerTest = RuntimeTest;

TrapOr add_one(void* env, VMContext*, Cell* cells) {
  ++*static_cast<int*>(env);
  cells[0] = static_cast<u32>(cells[0]) + 1;
  return kNoTrap;
}

constexpr ValType kI32List[] = {kI32};

TEST_F(LinkerTest, HostFunctions) {
  int calls = 0;
  VMFuncRef* host = store.new_host_func({kI32List, kI32List}, &add_one, &calls);
  ASSERT_TRUE(linker.define("h", "inc", host).has_value());
  Instance* i = instantiate(
      "(module (import \"h\" \"inc\" (func $inc (param i32) (result i32)))"
      "  (func (export \"twice\") (param i32) (result i32) (call $inc (call $inc (local.get 0))))"
      "  (export \"inc\" (func $inc)))");
  EXPECT_EQ(call_u64(i, "twice", {Value::i32(5)}), 7u);
  EXPECT_EQ(call_u64(i, "inc", {Value::i32(5)}), 6u);
  EXPECT_EQ(calls, 3);
}

TrapOr note_caller(void* env, VMContext* caller, Cell*) {
  *static_cast<Instance**>(env) = caller == nullptr ? nullptr : caller->instance;
  return kNoTrap;
}

// No wasm runs, but it is an instance that calls.
TEST_F(LinkerTest, AHostFunctionAsStartKnowsItsInstance) {
  Instance* caller = nullptr;
  ASSERT_TRUE(linker.define("h", "f", store.new_host_func({}, &note_caller, &caller)).has_value());
  Instance* i = instantiate("(module (import \"h\" \"f\" (func $f)) (start $f))");
  ASSERT_NE(i, nullptr);
  EXPECT_EQ(caller, i);
}

TEST_F(LinkerTest, LimitsOfAStoreCanChange) {
  StoreLimits limits;
  limits.memory_bytes = 65536;
  store.set_limits(limits);
  Instance* i = instantiate(
      "(module (memory 1) (func (export \"grow\") (result i32) (memory.grow (i32.const 1))))");
  EXPECT_EQ(call_u64(i, "grow"), 0xffffffff);
  limits.memory_bytes = 3 * 65536;
  store.set_limits(limits);
  EXPECT_EQ(call_u64(i, "grow"), 1u);
}

// Types of recursion groups and with supertypes are not equal to the plain type with the same
// shape.
constexpr const char* kGroupedImport =
    "(module (rec (type $f (sub (func (result i32)))) (type (struct (field (ref $f)))))"
    "  (import \"m\" \"f\" (func $f (type $f)))"
    "  (func (export \"go\") (result i32) (call $f)))";

TEST_F(LinkerTest, UnknownFunctionsHaveTheImportedType) {
  auto code = compile(kGroupedImport);
  ASSERT_TRUE(linker.define_unknown_imports_as_defaults(code->module()).has_value());
  auto instance = linker.instantiate(code);
  ASSERT_TRUE(instance.has_value()) << chain(instance.error().error);
  EXPECT_EQ(call_u64(*instance, "go"), 0u);
}

TEST_F(LinkerTest, UnknownFunctionsThatTrapHaveTheImportedType) {
  auto code = compile(kGroupedImport);
  ASSERT_TRUE(linker.define_unknown_imports_as_traps(code->module()).has_value());
  auto instance = linker.instantiate(code);
  ASSERT_TRUE(instance.has_value()) << chain(instance.error().error);
  EXPECT_NE(call_error(*instance, "go").find("unknown import: `m::f` has not been defined"),
            std::string::npos);
}

TEST_F(LinkerTest, UnknownTagsAreNew) {
  auto code = compile(
      "(module (import \"m\" \"a\" (tag $a)) (import \"m\" \"b\" (tag $b))"
      "  (func (export \"go\") (result i32)"
      "    (block $other (block $same"
      "      (try_table (catch $b $other) (catch $a $same) (throw $a))) (return (i32.const 1)))"
      "    (i32.const 2)))");
  ASSERT_TRUE(linker.define_unknown_imports_as_defaults(code->module()).has_value());
  auto instance = linker.instantiate(code);
  ASSERT_TRUE(instance.has_value()) << chain(instance.error().error);
  EXPECT_EQ(call_u64(*instance, "go"), 1u);
}

TEST_F(LinkerTest, NamesAreDefinedOnce) {
  int calls = 0;
  VMFuncRef* host = store.new_host_func({kI32List, kI32List}, &add_one, &calls);
  ASSERT_TRUE(linker.define("h", "f", host).has_value());
  auto again = linker.define("h", "f", host);
  ASSERT_FALSE(again.has_value());
  EXPECT_EQ(again.error().message, "import of `h::f` defined twice");
  linker.allow_shadowing(true);
  EXPECT_TRUE(linker.define("h", "f", host).has_value());
  EXPECT_TRUE(linker.alias_module("h", "k").has_value());
  EXPECT_TRUE(linker.find("k", "f").has_value());
  EXPECT_EQ(linker.items_of("k").size(), 1u);
}

TEST_F(LinkerTest, ErrorsOfHostFunctionsEndTheCall) {
  struct Failing {
    static TrapOr call(void* env, VMContext*, Cell*) {
      return static_cast<Store*>(env)->raise(Error{"no such luck", Error::kNoOffset, {}});
    }
  };
  ASSERT_TRUE(linker.define("h", "f", store.new_host_func({}, &Failing::call, &store)).has_value());
  Instance* i =
      instantiate("(module (import \"h\" \"f\" (func $f)) (func (export \"g\") (call $f)))");
  std::string error = call_error(i, "g");
  EXPECT_TRUE(error.starts_with("error while executing at wasm backtrace:\n    0: ")) << error;
  EXPECT_TRUE(error.ends_with(" / no such luck")) << error;
}

TEST_F(LinkerTest, CommandsGetAnInstancePerCall) {
  auto command = compile(
      "(module (global $n (mut i32) (i32.const 0)) (func (export \"_start\"))"
      "  (func (export \"next\") (result i32)"
      "    (global.set $n (i32.add (global.get $n) (i32.const 1))) (global.get $n)))");
  ASSERT_TRUE(linker.define_module("c", command).has_value());
  auto reactor = compile(
      "(module (global $n (mut i32) (i32.const 0))"
      "  (func (export \"_initialize\") (global.set $n (i32.const 10)))"
      "  (func (export \"next\") (result i32)"
      "    (global.set $n (i32.add (global.get $n) (i32.const 1))) (global.get $n)))");
  ASSERT_TRUE(linker.define_module("r", reactor).has_value());
  Instance* i = instantiate(
      "(module (import \"c\" \"next\" (func $c (result i32))) (import \"r\" \"next\" (func $r "
      "(result i32)))"
      "  (func (export \"c\") (result i32) (call $c)) (func (export \"r\") (result i32) (call "
      "$r)))");
  EXPECT_EQ(call_u64(i, "c"), 1u);
  EXPECT_EQ(call_u64(i, "c"), 1u);
  EXPECT_EQ(call_u64(i, "r"), 11u);
  EXPECT_EQ(call_u64(i, "r"), 12u);
  auto both = compile("(module (func (export \"_start\")) (func (export \"_initialize\")))");
  auto result = linker.define_module("b", both);
  ASSERT_FALSE(result.has_value());
  EXPECT_EQ(result.error().error.message, "Program cannot be both a Command and a Reactor");
}

TEST_F(LinkerTest, UnknownImports) {
  auto code = compile(
      "(module (import \"e\" \"f\" (func $f (result i32))) (func (export \"f\") (result i32) (call "
      "$f)))");
  ASSERT_TRUE(linker.define_unknown_imports_as_traps(code->module()).has_value());
  auto instance = linker.instantiate(code);
  ASSERT_TRUE(instance.has_value());
  EXPECT_TRUE(
      call_error(*instance, "f").ends_with(" / unknown import: `e::f` has not been defined"));

  auto defaults = compile(
      "(module (import \"d\" \"f\" (func $f (result i32 externref))) (import \"d\" \"m\" (memory "
      "1))"
      "  (import \"d\" \"t\" (table 3 funcref)) (import \"d\" \"g\" (global $g (mut f64)))"
      "  (func (export \"f\") (result i32) (call $f) drop))");
  ASSERT_TRUE(linker.define_unknown_imports_as_defaults(defaults->module()).has_value());
  instance = linker.instantiate(defaults);
  ASSERT_TRUE(instance.has_value());
  EXPECT_EQ(call_u64(*instance, "f"), 0u);
  auto impossible = compile("(module (import \"x\" \"g\" (global (ref func))))");
  auto result = linker.define_unknown_imports_as_defaults(impossible->module());
  ASSERT_FALSE(result.has_value());
  EXPECT_EQ(chain(result.error()),
            "no default value exists for `x::g` / global type has no default value");
}

TEST_F(LinkerTest, HostFunctionsMayCallBack) {
  struct Reenter {
    Store* store;
    VMFuncRef* target = nullptr;
    static TrapOr call(void* env, VMContext*, Cell* cells) {
      Reenter& self = *static_cast<Reenter*>(env);
      auto result = self.store->call_raw(*self.target, cells);
      return result ? kNoTrap : self.store->raise(std::move(result).error());
    }
  };
  Reenter env{&store};
  ASSERT_TRUE(
      linker.define("h", "again", store.new_host_func({kI32List, kI32List}, &Reenter::call, &env))
          .has_value());
  Instance* i = instantiate(
      "(module (import \"h\" \"again\" (func $again (param i32) (result i32)))"
      "  (func (export \"count\") (param i32) (result i32)"
      "    (if (result i32) (i32.eqz (local.get 0)) (then (i32.const 0))"
      "      (else (i32.add (i32.const 1) (call $again (i32.sub (local.get 0) (i32.const "
      "1))))))))");
  auto count = i->find_export("count");
  env.target = std::get<VMFuncRef*>(*count);
  EXPECT_EQ(call_u64(i, "count", {Value::i32(100)}), 100u);
  auto endless = call(i, "count", {Value::i32(1'000'000)});
  ASSERT_FALSE(endless.has_value());
  EXPECT_EQ(endless.error().trap, TrapCode::kStackOverflow);
  EXPECT_EQ(call_u64(i, "count", {Value::i32(3)}), 3u);
}

}  // namespace
}  // namespace wazuka
