// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "wat/wast.h"

#include <gtest/gtest.h>

namespace wazuka::wat {
namespace {

Script parse(std::string_view text) {
  auto r = parse_wast(text);
  EXPECT_TRUE(r) << r.error().message;
  return r ? std::move(*r) : Script{};
}

template <class T>
const T& only(const Script& script) {
  EXPECT_EQ(script.commands.size(), 1u);
  return std::get<T>(script.commands.at(0).what);
}

TEST(Wast, Locations) {
  Script s = parse("(module)\n  ;; é\n  (module) (invoke \"é\") (invoke \"f\")");
  ASSERT_EQ(s.commands.size(), 4u);
  EXPECT_EQ(s.commands[0].location.line, 1u);
  EXPECT_EQ(s.commands[0].location.column, 2u);
  EXPECT_EQ(s.commands[1].location.line, 3u);
  EXPECT_EQ(s.commands[1].location.column, 4u);
  EXPECT_EQ(s.commands[3].location.column, 26u);
}

TEST(Wast, ModuleForms) {
  Script s =
      parse("(module $a (func)) (module $b binary \"\\00asm\" \"x\") (module quote \"(func)\")");
  ASSERT_EQ(s.commands.size(), 3u);
  const ScriptModule& text = std::get<ModuleCommand>(s.commands[0].what).module;
  EXPECT_EQ(text.name, "a");
  EXPECT_EQ(text.form, ModuleForm::kText);
  ASSERT_TRUE(text.binary);
  EXPECT_EQ(text.binary->at(1), 'a');
  const ScriptModule& binary = std::get<ModuleCommand>(s.commands[1].what).module;
  EXPECT_EQ(binary.name, "b");
  EXPECT_EQ(binary.form, ModuleForm::kBinary);
  EXPECT_EQ(*binary.binary, (std::vector<u8>{0, 'a', 's', 'm', 'x'}));
  const ScriptModule& quote = std::get<ModuleCommand>(s.commands[2].what).module;
  EXPECT_EQ(quote.form, ModuleForm::kQuote);
  EXPECT_EQ(quote.quoted, "(func) ");
  EXPECT_TRUE(quote.binary);
}

TEST(Wast, DefinitionsAndInstances) {
  Script s = parse("(module definition $d (memory 1)) (module instance $i $d) (module instance)");
  ASSERT_EQ(s.commands.size(), 3u);
  EXPECT_EQ(std::get<ModuleDefinitionCommand>(s.commands[0].what).module.name, "d");
  const auto& instance = std::get<ModuleInstanceCommand>(s.commands[1].what);
  EXPECT_EQ(instance.instance, "i");
  EXPECT_EQ(instance.module, "d");
  EXPECT_FALSE(std::get<ModuleInstanceCommand>(s.commands[2].what).module);
}

TEST(Wast, ErrorsOfMeaningStayWithTheModule) {
  Script s = parse("(assert_invalid (module (func call $nope)) \"unknown func\")");
  const auto& a = only<AssertInvalid>(s);
  ASSERT_FALSE(a.module.binary);
  EXPECT_EQ(a.module.binary.error().message, "unknown func: failed to find name `$nope`");
  EXPECT_EQ(a.module.binary.error().offset, 35u);
  EXPECT_EQ(a.message, "unknown func");
}

TEST(Wast, QuotedModulesMayBeMalformed) {
  Script s = parse("(assert_malformed (module quote \"(func \" \"bogus)\") \"unknown operator\")");
  const auto& a = only<AssertMalformed>(s);
  EXPECT_FALSE(a.custom);
  ASSERT_FALSE(a.module.binary);
  EXPECT_EQ(a.module.binary.error().message, "unknown operator or unexpected token");
  Script utf8 = parse("(assert_malformed_custom (module quote \"\\ff\") \"malformed UTF-8\")");
  EXPECT_TRUE(only<AssertMalformed>(utf8).custom);
  EXPECT_EQ(only<AssertMalformed>(utf8).module.binary.error().message, "malformed UTF-8 encoding");
}

TEST(Wast, SyntaxErrorsInTextModulesAreErrorsOfTheScript) {
  auto r = parse_wast("(module)\n(module (func bogus))");
  ASSERT_FALSE(r);
  EXPECT_EQ(r.error().message, "unknown operator or unexpected token");
  EXPECT_EQ(r.error().offset, 23u);
}

TEST(Wast, FieldsAloneAreAModule) {
  Script s = parse("(func (export \"f\")) (memory 1)");
  EXPECT_TRUE(only<ModuleCommand>(s).module.binary);
}

TEST(Wast, Actions) {
  Script s = parse(
      "(invoke $m \"f\" (i32.const -1) (i64.const 2) (f32.const -0) (f64.const nan:0x4)"
      " (v128.const i32x4 1 2 3 4) (ref.null extern) (ref.extern 5) (ref.host 6))"
      "(get \"g\") (register \"name\" $m)");
  ASSERT_EQ(s.commands.size(), 3u);
  const Invoke& invoke = std::get<Invoke>(std::get<ActionCommand>(s.commands[0].what).action);
  EXPECT_EQ(invoke.module, "m");
  EXPECT_EQ(invoke.name, "f");
  ASSERT_EQ(invoke.args.size(), 8u);
  EXPECT_EQ(invoke.args[0].bits, 0xffffffffu);
  EXPECT_EQ(invoke.args[2].bits, 0x80000000u);
  EXPECT_EQ(invoke.args[3].bits, 0x7ff0000000000004u);
  EXPECT_EQ(invoke.args[4].v128[4], 2);
  EXPECT_EQ(invoke.args[5].kind, Value::Kind::kRefNull);
  EXPECT_EQ(invoke.args[5].heap, HeapType(HeapType::kExtern));
  EXPECT_EQ(invoke.args[6].bits, 5u);
  EXPECT_EQ(invoke.args[7].kind, Value::Kind::kRefHost);
  EXPECT_EQ(std::get<Get>(std::get<ActionCommand>(s.commands[1].what).action).name, "g");
  const auto& r = std::get<RegisterCommand>(s.commands[2].what);
  EXPECT_EQ(r.name, "name");
  EXPECT_EQ(r.module, "m");
}

TEST(Wast, Patterns) {
  using Kind = Pattern::Kind;
  Script s = parse(
      "(assert_return (invoke \"f\") (f32.const nan:canonical) (f64.const nan:arithmetic)"
      " (v128.const f32x4 1 nan:canonical 0 nan:arithmetic) (ref.null) (ref.null func) (ref.func)"
      " (ref.func 3) (ref.extern) (ref.i31) (ref.struct) (ref.array) (ref.eq) (ref.any) (ref.host "
      "1)"
      " (either (i32.const 1) (either (i64.const 2))))");
  const auto& results = only<AssertReturn>(s).results;
  ASSERT_EQ(results.size(), 15u);
  EXPECT_EQ(results[0].nan, NanPattern::kCanonical);
  EXPECT_EQ(results[1].nan, NanPattern::kArithmetic);
  EXPECT_EQ(results[2].shape, LaneShape::kF32x4);
  EXPECT_EQ(results[2].v128[3], 0x3f);
  EXPECT_EQ(results[2].lane_nans[1], NanPattern::kCanonical);
  EXPECT_EQ(results[2].lane_nans[3], NanPattern::kArithmetic);
  EXPECT_FALSE(results[3].has_operand);
  EXPECT_EQ(results[4].heap, HeapType(HeapType::kFunc));
  EXPECT_FALSE(results[5].has_operand);
  EXPECT_EQ(results[6].bits, 3u);
  Kind kinds[] = {Kind::kRefExtern, Kind::kRefI31, Kind::kRefStruct, Kind::kRefArray,
                  Kind::kRefEq,     Kind::kRefAny, Kind::kRefHost,   Kind::kEither};
  for (size_t i = 0; i < std::size(kinds); ++i) EXPECT_EQ(results[7 + i].kind, kinds[i]) << i;
  ASSERT_EQ(results[14].alternatives.size(), 2u);
  EXPECT_EQ(results[14].alternatives[1].alternatives[0].bits, 2u);
}

TEST(Wast, Assertions) {
  Script s = parse(
      "(assert_trap (invoke \"f\") \"m1\") (assert_trap (module (start 0)) \"m2\")"
      "(assert_exhaustion (invoke \"f\") \"m3\") (assert_exception (invoke \"f\"))"
      "(assert_suspension (invoke \"f\") \"m4\") (assert_unlinkable (module) \"m5\")"
      "(assert_return (get \"g\") (i32.const 1))");
  ASSERT_EQ(s.commands.size(), 7u);
  EXPECT_EQ(std::get<AssertTrap>(s.commands[0].what).message, "m1");
  const auto& module_trap = std::get<AssertTrap>(s.commands[1].what);
  EXPECT_TRUE(std::get<ScriptModule>(module_trap.execution).binary);
  EXPECT_EQ(std::get<AssertExhaustion>(s.commands[2].what).invoke.name, "f");
  EXPECT_TRUE(std::holds_alternative<AssertException>(s.commands[3].what));
  EXPECT_EQ(std::get<AssertSuspension>(s.commands[4].what).message, "m4");
  EXPECT_EQ(std::get<AssertUnlinkable>(s.commands[5].what).message, "m5");
  const auto& returned = std::get<AssertReturn>(s.commands[6].what);
  EXPECT_TRUE(std::holds_alternative<Get>(returned.execution));
}

TEST(Wast, Threads) {
  Script s = parse("(thread $t (shared (module $m)) (register \"m\" $m) (invoke \"f\")) (wait $t)");
  ASSERT_EQ(s.commands.size(), 2u);
  const auto& thread = std::get<ThreadCommand>(s.commands[0].what);
  EXPECT_EQ(thread.name, "t");
  EXPECT_EQ(thread.shared_module, "m");
  EXPECT_EQ(thread.commands.size(), 2u);
  EXPECT_EQ(std::get<WaitCommand>(s.commands[1].what).thread, "t");
}

TEST(Wast, Errors) {
  auto error = [](std::string_view text) {
    auto r = parse_wast(text);
    return r ? "ok" : r.error().message;
  };
  EXPECT_EQ(error("(assert_foo)"), "unexpected token, expected a script command");
  EXPECT_EQ(error("(invoke \"f\" (i32.add))"), "expected a [type].const expression");
  EXPECT_EQ(error("(invoke f)"), "expected a string");
  EXPECT_EQ(error("(module"), "expected `)`");
  EXPECT_EQ(error("(module))"), "extra tokens remaining after parse");
  EXPECT_EQ(error("(assert_return (nop))"),
            "unexpected token, expected one of: `invoke`, `module`, `get`");
  std::string deep = "(assert_return (invoke \"f\") ";
  for (int i = 0; i < 1000; ++i) deep += "(either ";
  EXPECT_EQ(error(deep), "item nesting too deep");
  std::string threads;
  for (int i = 0; i < 1000; ++i) threads += "(thread $t ";
  EXPECT_EQ(error(threads), "item nesting too deep");
}

TEST(Wast, ComponentsStayUnconverted) {
  Script s = parse("(component (core module)) (assert_invalid (component) \"x\") (module)");
  ASSERT_EQ(s.commands.size(), 3u);
  const ScriptModule& m = std::get<ModuleCommand>(s.commands[0].what).module;
  EXPECT_TRUE(m.component);
  EXPECT_FALSE(m.binary);
}

}  // namespace
}  // namespace wazuka::wat
