// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Sections: their order, counts and contents.
#include "wasm/module_reader.h"

#include "module_fixture.h"
#include "wasm/const_expr.h"

namespace wazuka {
namespace {

TEST(ModuleReader, ReadsTheHeader) {
  EXPECT_EQ(message_of_bytes({}), "unexpected end-of-file");
  EXPECT_EQ(message_of_bytes({0, 'a', 's', 'm', 1, 0, 0}), "unexpected end-of-file");
  EXPECT_TRUE(message_of_bytes({0, 'a', 's', 'n', 1, 0, 0, 0})
                  .starts_with("magic header not detected: bad magic number - expected=[\n"));
  EXPECT_EQ(message_of_bytes({0, 'a', 's', 'm', 2, 0, 0, 0}), "unknown binary version:        0x2");
  EXPECT_EQ(message_of_bytes(with_header({})), "valid");
}

TEST(ModuleReader, ChecksSections) {
  const std::pair<std::vector<u8>, const char*> kCases[] = {
      {{1, 1, 0, 1, 1, 0}, "section out of order"},
      {{3, 1, 0, 1, 1, 0}, "section out of order"},
      {{1, 1, 0, 0, 1, 0, 2, 1, 0}, "valid"},  // custom sections go anywhere
      {{14, 0}, "malformed section id: 14"},
      {{0x81, 0}, "malformed section id"},
      {{1, 5, 0}, "unexpected end-of-file"},
      {{1, 2, 0, 0}, "section size mismatch: unexpected data at the end of the section"},
      {{1, 1, 1}, "unexpected end-of-file"},
      {{10, 2, 0, 0}, "trailing bytes at end of section"},
      {{1, 4, 1, 0x60, 0, 0, 3, 2, 1, 0},
       "function section has non-zero count but code section is absent"},
      {{10, 4, 1, 2, 0, 0x0b}, "function section is absent but code section has non-zero count"},
      {{1, 4, 1, 0x60, 0, 0, 3, 2, 1, 0, 10, 1, 0},
       "function and code section have inconsistent lengths"},
      {{12, 1, 1}, "data count is non-zero but data section is absent"},
      {{12, 1, 1, 11, 1, 0}, "data count and data section have inconsistent lengths"},
      {{0, 3, 2, 0xc3, 'x'}, "malformed UTF-8 encoding"},
      {{0, 'a', 's', 'm', 1, 0, 0, 0}, "expected section, got wasm magic number"},
      {{0, 2, 5, 'a'}, "unexpected end-of-file"},
      {{8, 1, 0}, "unknown function 0: func index out of bounds"},
      {{1, 2, 1, 0x33}, "invalid leading byte (0x33) for type"},
      {{4, 4, 1, 0x70, 0x88, 0}, "invalid table resizable limits flags"},
      {{5, 3, 1, 0x10, 0}, "invalid memory limits flags"},
      {{5, 4, 1, 0x01, 2, 1}, "size minimum must not be greater than maximum"},
      {{5, 3, 1, 0x02, 1}, "shared memory must have maximum size"},
      {{5, 5, 1, 0x00, 0x81, 0x80, 0x04}, "memory size must be at most 0x10000 65536-byte pages"},
      {{6, 5, 1, 0x7f, 4, 0x41, 0}, "malformed global flags"},
      {{6, 5, 1, 0x7f, 0, 0x41, 0}, "unexpected end-of-file"},
      {{6, 6, 1, 0x7f, 0, 0x42, 0, 0x0b}, "type mismatch: expected i32, found i64"},
      {{9, 2, 1, 8}, "invalid flags byte in element segment"},
      {{11, 2, 1, 3}, "invalid flags byte in data segment"},
      {{11, 6, 1, 0, 0x41, 0, 0x0b, 0}, "unknown memory 0: memory index out of bounds"},
  };
  for (const auto& [sections, message] : kCases) {
    EXPECT_EQ(message_of_bytes(with_header(sections)), message) << testing::PrintToString(sections);
  }
}

TEST(ModuleReader, CountsAreNoReasonToReserve) {
  // Each says it has 0x0fffffff, or a million, entries and has none.
  for (u8 id : std::initializer_list<u8>{1, 2, 3, 6, 7, 9, 11, 13}) {
    EXPECT_NE(message_of_bytes(with_header({id, 4, 0xff, 0xff, 0xff, 0x7f})), "valid") << int{id};
    EXPECT_NE(message_of_bytes(with_header({id, 3, 0xc0, 0x84, 0x3d})), "valid") << int{id};
  }
  EXPECT_EQ(message_of_bytes(with_header({3, 4, 0xff, 0xff, 0xff, 0x7f})),
            "functions count exceeds limit of 1000000");
  EXPECT_EQ(message_of_bytes(with_header({4, 1, 101})), "tables count exceeds limit of 100");
  Features one_table = without(Feature::kReferenceTypes);
  EXPECT_EQ(message_of_bytes(with_header({4, 1, 2}), one_table), "multiple tables");
}

TEST(ModuleReader, FindsTheFirstDuplicateExport) {
  EXPECT_EQ(message_of(R"((module (func $f)
      (export "a" (func $f)) (export "c" (func $f)) (export "b" (func $f))
      (export "b" (func $f)) (export "a" (func $f))))"),
            "duplicate export name `b` already defined");
  auto module = read_valid(R"((module (func) (memory 1) (export "m" (memory 0))
      (export "f" (func 0)) (export "" (func 0))))");
  ASSERT_NE(module, nullptr);
  ASSERT_NE(module->find_export("m"), nullptr);
  EXPECT_EQ(module->find_export("m")->kind, ExternKind::kMemory);
  EXPECT_NE(module->find_export(""), nullptr);
  EXPECT_EQ(module->find_export("x"), nullptr);
}

TEST(ModuleReader, IndexSpacesListImportsFirst) {
  auto module = read_valid(R"((module
      (import "a" "f" (func (param i32))) (import "a" "g" (global i32))
      (import "b" "t" (table 1 funcref)) (import "b" "m" (memory 1)) (import "b" "e" (tag))
      (func) (global i64 (i64.const 3)) (memory 2) (table 2 externref) (tag (param f32))
      (start 1)))");
  ASSERT_NE(module, nullptr);
  EXPECT_EQ(module->imports.size(), 5u);
  EXPECT_EQ(module->imported_funcs, 1u);
  EXPECT_EQ(module->func_type(0).params.size(), 1u);
  EXPECT_TRUE(module->funcs[0].imported);
  EXPECT_EQ(module->globals[1].type.type, kI64);
  EXPECT_EQ(module->memories[1].limits.min, 2u);
  EXPECT_EQ(module->tables[1].type.element, kExternRef);
  EXPECT_EQ(module->tags.size(), 2u);
  EXPECT_EQ(module->start, 1u);
}

TEST(ModuleReader, ElementItemsBecomeIndicesWherePossible) {
  auto module = read_valid(R"((module (func $f) (func $g) (global (ref null func) (ref.func $f))
      (elem func $f $g) (elem funcref (ref.func $g) (ref.func $f))
      (elem funcref (ref.func $g) (ref.null func))))");
  ASSERT_NE(module, nullptr);
  EXPECT_EQ(module->elems[0].funcs.size(), 2u);
  ASSERT_EQ(module->elems[1].funcs.size(), 2u);
  EXPECT_EQ(module->elems[1].funcs[0], 1u);
  EXPECT_EQ(module->elems[2].funcs.size(), 0u);
  EXPECT_EQ(module->elems[2].exprs.size(), 2u);
  EXPECT_TRUE(module->funcs[0].declared_ref);
}

TEST(ModuleReader, ChecksTypeDefinitions) {
  const std::pair<const char*, const char*> kCases[] = {
      {"(type (func (param (ref 1)))) (type (func))", "unknown type 1: type index out of bounds"},
      {"(type (sub final (struct))) (type (sub 0 (struct)))",
       "sub type cannot have a final super type"},
      {"(type (sub (struct (field i32)))) (type (sub 0 (struct (field i64))))",
       "sub type must match super type"},
      {"(type (sub (struct (field i32)))) (type (sub 0 (struct (field i32) (field i64))))",
       "valid"},
      {"(type (sub (struct (field (mut anyref))))) (type (sub 0 (struct (field (mut eqref)))))",
       "sub type must match super type"},
      {"(type (sub (struct (field anyref)))) (type (sub 0 (struct (field eqref))))", "valid"},
      {"(type (sub (func (param eqref)))) (type (sub 0 (func (param anyref))))", "valid"},
      {"(type (sub (func (param anyref)))) (type (sub 0 (func (param eqref))))",
       "sub type must match super type"},
      {"(rec (type $a (struct (field (ref $b)))) (type $b (struct (field (ref $a)))))", "valid"},
      {"(type (cont 1)) (type (func))", "unknown type 1: type index out of bounds"},
      {"(type (struct)) (type (cont 0))", "non-function type 0"},
  };
  for (auto [types, message] : kCases) {
    EXPECT_EQ(message_of("(module " + std::string(types) + ")"), message) << types;
  }
}

TEST(ModuleReader, LimitsSubtypingDepth) {
  std::string text = "(module (type (sub (struct)))";
  for (int i = 0; i < 63; ++i) text += "(type (sub " + std::to_string(i) + " (struct)))";
  EXPECT_EQ(message_of(text + ")"), "valid");
  EXPECT_EQ(message_of(text + "(type (sub 63 (struct))))"),
            "sub type hierarchy too deep: found depth 64, cannot exceed depth 63");
}

TEST(ModuleReader, CompactImportsAreGated) {
  // One module name, two items of one type (memory 1).
  std::vector<u8> bytes = with_header({2, 12, 1, 1, 'm', 0, 0x7e, 2, 0, 1, 2, 1, 'a', 0});
  auto module = read_bytes(bytes);
  ASSERT_TRUE(module) << module.error().message;
  EXPECT_EQ((*module)->imports[0].name, "a");
  EXPECT_EQ((*module)->imports[1].module, "m");
  EXPECT_EQ(message_of_bytes(bytes, without(Feature::kCompactImports)),
            "invalid leading byte 0x7E with compact imports proposal disabled");
}

TEST(ModuleReader, FeaturesGateTypes) {
  const std::tuple<Feature, const char*, const char*> kCases[] = {
      {Feature::kSimd, "(func (param v128))", "SIMD support is not enabled"},
      {Feature::kReferenceTypes, "(func (param externref))",
       "reference types support is not enabled"},
      {Feature::kExceptions, "(tag)", "exceptions proposal not enabled"},
      {Feature::kMemory64, "(memory i64 1)", "memory64 must be enabled for 64-bit memories"},
      {Feature::kThreads, "(memory 1 1 shared)", "threads must be enabled for shared memories"},
      {Feature::kMultiValue, "(func (result i32 i32) unreachable)",
       "func type returns multiple values but the multi-value feature is not enabled"},
      {Feature::kCustomPageSizes, "(memory 1 (pagesize 1))",
       "the custom page sizes proposal must be enabled to customize a memory's page size"},
      {Feature::kMutableGlobals, "(global (export \"g\") (mut i32) (i32.const 0))",
       "mutable global support is not enabled"},
      {Feature::kMultiMemory, "(memory 1) (memory 1)", "multiple memories"},
      {Feature::kExtendedConst, "(global i32 (i32.add (i32.const 1) (i32.const 2)))",
       "constant expression required: non-constant operator: visit_i32_add"},
  };
  for (auto [feature, fields, message] : kCases) {
    std::string text = "(module " + std::string(fields) + ")";
    EXPECT_EQ(message_of(text), "valid") << text;
    EXPECT_EQ(message_of(text, without(feature)), message) << text;
  }
}

/// Evaluates i32 expressions.
struct Cell {
  u32 bits = 0;
};
struct Evaluator : SinkBase<Cell, Empty> {
  u32 value = 0;
  template <class P>
  void i32_const(P&, u32 bits, Slot& out) {
    out.value.bits = bits;
  }
  template <class P>
  void binary(P&, Op op, Slot& a, Slot& b, Slot& out) {
    u32 x = a.value.bits, y = b.value.bits;
    out.value.bits = op == Op::kI32Add ? x + y : op == Op::kI32Sub ? x - y : x * y;
  }
  template <class P>
  void other(P&, Op op, const Immediates& imm, std::span<Slot>, std::span<Slot> results) {
    if (op == Op::kRefFunc) results[0].value.bits = 1000 + imm.index;
  }
  template <class P>
  void end_const(P&, Slot& result) {
    value = result.value.bits;
  }
};

TEST(ConstExpr, SinksEvaluate) {
  auto module = read_valid(R"((module (func) (func)
      (global i32 (i32.mul (i32.sub (i32.const 9) (i32.const 2)) (i32.const -3)))
      (global funcref (ref.func 1))))");
  ASSERT_NE(module, nullptr);
  Evaluator evaluator;
  visit_const_expr(*module, module->globals[0].init, kI32, evaluator);
  EXPECT_EQ(static_cast<i32>(evaluator.value), -21);
  visit_const_expr(*module, module->globals[1].init, kFuncRef, evaluator);
  EXPECT_EQ(evaluator.value, 1001u);
  u32 func = 0;
  EXPECT_TRUE(is_ref_func(*module, module->globals[1].init, &func));
  EXPECT_EQ(func, 1u);
  EXPECT_FALSE(is_ref_func(*module, module->globals[0].init, &func));
}

TEST(Names, ReadsFunctionNames) {
  auto bytes = wat::text_to_binary("(module $mod (func $first) (func) (func $third))");
  ASSERT_TRUE(bytes);
  auto module = read_bytes(*bytes);
  ASSERT_TRUE(module);
  NameSection names = read_names(**module);
  EXPECT_EQ(names.module, "mod");
  EXPECT_EQ(names.func_name(0), "first");
  EXPECT_EQ(names.func_name(1), "");
  EXPECT_EQ(names.func_name(2), "third");
  EXPECT_EQ(names.func_name(99), "");
}

TEST(Names, IllFormedSectionsGiveNone) {
  // Function names: says two, has one.
  auto module = read_bytes(with_header({0, 11, 4, 'n', 'a', 'm', 'e', 1, 4, 2, 0, 1, 'f'}));
  ASSERT_TRUE(module) << module.error().message;
  EXPECT_TRUE(read_names(**module).funcs.empty());
}

}  // namespace
}  // namespace wazuka
