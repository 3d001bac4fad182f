// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Messages about invalid bodies, and what validation records about valid ones.
#include "wasm/validator.h"

#include "module_fixture.h"
#include "wasm/encoder.h"

namespace wazuka {
namespace {

struct Invalid {
  const char* body;  // of a function () -> () unless it is a whole module
  const char* message;
};

std::string module_text(const std::string& text) {
  return text.starts_with("(module") ? text : "(module (memory 1) (func " + text + "))";
}

TEST(Validator, NamesTheProblem) {
  const Invalid kInvalid[] = {
      {"i32.add drop", "type mismatch: expected i32 but nothing on stack"},
      {"i64.const 0 i32.eqz drop", "type mismatch: expected i32, found i64"},
      {"i32.const 0 f32.const 0 i32.add drop", "type mismatch: expected i32, found f32"},
      {"f32.const 0 i32.const 0 i32.add drop", "type mismatch: expected i32, found f32"},
      {"i32.const 0", "type mismatch: values remaining on stack at end of block"},
      {"local.get 3 drop", "unknown local 3: local index out of bounds"},
      {"(local i32) local.get 0 i32.store", "type mismatch: expected i32 but nothing on stack"},
      {"global.get 0 drop", "unknown global: global index out of bounds"},
      {"br 1", "unknown label: branch depth too large"},
      {"call 7", "unknown function 7: function index out of bounds"},
      {"i32.const 0 i32.load align=8 drop",
       "invalid memop alignment: alignment must not be larger than natural"},
      {"i32.const 0 i32.load 1 drop", "unknown memory 1"},
      {"(result i32) unreachable i64.const 0", "type mismatch: expected i32, found i64"},
      {"block (result i32) end drop", "type mismatch: expected i32 but nothing on stack"},
      {"i32.const 1 if (result i32) i32.const 0 end drop",
       "type mismatch: expected i32 but nothing on stack"},
      {"i32.const 0 i64.const 0 i32.const 0 select drop",
       "type mismatch: select operands have different types"},
      {"ref.null func ref.null func i32.const 0 select drop",
       "type mismatch: select only takes integral types"},
      {"(local (ref func)) local.get 0 drop", "uninitialized local: 0"},
      {"memory.init 0", "unknown data segment 0"},
      {"i32.const 0 i32.atomic.load align=2 drop",
       "atomic instructions must always specify maximum alignment"},
      {"(module (func ref.func 0 drop))", "undeclared function reference"},
      {"(module (global i32 (i32.const 0)) (func i32.const 0 global.set 0))",
       "global is immutable: cannot modify it with `global.set`"},
      {"(module (global i32 (i32.eqz (i32.const 0))))",
       "constant expression required: non-constant operator: visit_i32_eqz"},
      {"(module (type (struct (field i8))) (func (param (ref 0)) local.get 0 struct.get 0 0 drop))",
       "can only use struct `get` with non-packed storage types"},
      {"(module (type (array i32)) (func (param (ref 0)) local.get 0 i32.const 0 i32.const 0 "
       "array.set 0))",
       "invalid array modification: array is immutable"},
      {"(module (tag (param i32)) (func throw 0))",
       "type mismatch: expected i32 but nothing on stack"},
      {"(module (func (result i64) (return_call 1)) (func (result i32) (i32.const 0)))",
       "type mismatch: current function requires result type [i64] but callee returns [i32]"},
  };
  for (const Invalid& invalid : kInvalid) {
    EXPECT_EQ(message_of(module_text(invalid.body)), invalid.message) << invalid.body;
  }
}

TEST(Validator, GivesTheOffsetOfTheInstruction) {
  std::vector<u8> bytes = encode("(module (func nop nop i32.const 0 f32.neg drop))");
  auto module = read_bytes(bytes);
  ASSERT_FALSE(module);
  EXPECT_EQ(bytes[module.error().offset], op_info(Op::kF32Neg).code);
}

TEST(Validator, FeaturesGateInstructions) {
  const std::tuple<Feature, const char*, const char*> kGated[] = {
      {Feature::kSimd, "v128.const i32x4 0 0 0 0 drop", "SIMD support is not enabled"},
      {Feature::kThreads, "atomic.fence", "threads support is not enabled"},
      {Feature::kTailCall, "return_call 0", "tail calls support is not enabled"},
      {Feature::kSignExtension, "i32.const 0 i32.extend8_s drop",
       "sign extension operations support is not enabled"},
      {Feature::kWideArithmetic, "unreachable i64.mul_wide_s drop drop",
       "wide arithmetic support is not enabled"},
      {Feature::kGc, "unreachable ref.eq drop", "gc support is not enabled"},
      {Feature::kBulkMemory, "unreachable memory.fill", "bulk memory support is not enabled"},
      {Feature::kRelaxedSimd, "unreachable f32x4.relaxed_min drop",
       "relaxed SIMD support is not enabled"},
  };
  for (const auto& [feature, body, message] : kGated) {
    EXPECT_EQ(message_of(module_text(body)), "valid") << body;
    EXPECT_EQ(message_of(module_text(body), without(feature)), message) << body;
  }
}

/// A module with `count` functions of which those in `bad` are invalid.
std::vector<u8> many_functions(u32 count, std::initializer_list<u32> bad) {
  std::string text = "(module";
  for (u32 i = 0; i < count; ++i) {
    bool is_bad = std::find(bad.begin(), bad.end(), i) != bad.end();
    text += " (func (local i32)";
    for (int j = 0; j < 40; ++j) text += " local.get 0 i32.const 1 i32.add local.set 0";
    text += is_bad ? " i64.add)" : ")";
  }
  return encode(text + ")");
}

TEST(Validator, TheFirstErrorWinsWhateverTheThreads) {
  std::vector<u8> bytes = many_functions(3000, {700, 1500, 2999});
  auto alone = read_bytes(bytes, Features::all(), 1);
  ASSERT_FALSE(alone);
  for (u32 threads : {2u, 5u}) {
    for (int round = 0; round < 5; ++round) {
      auto together = read_bytes(bytes, Features::all(), threads);
      ASSERT_FALSE(together);
      EXPECT_EQ(together.error().offset, alone.error().offset);
      EXPECT_EQ(together.error().message, alone.error().message);
    }
  }
}

TEST(Validator, ThreadsRecordTheSame) {
  std::vector<u8> bytes = many_functions(3000, {});
  auto alone = read_bytes(bytes, Features::all(), 1),
       together = read_bytes(bytes, Features::all(), 4);
  ASSERT_TRUE(alone && together);
  for (size_t i = 0; i < (*alone)->func_infos.size(); ++i) {
    EXPECT_EQ((*alone)->func_infos[i].max_stack_height,
              (*together)->func_infos[i].max_stack_height);
    EXPECT_EQ((*alone)->func_infos[i].num_locals, (*together)->func_infos[i].num_locals);
  }
}

TEST(Validator, RecordsFuncInfo) {
  auto module = read_valid(R"wat((module (memory 1) (memory 1) (table 1 funcref) (type $t (func))
    (func $empty)
    (func (param i32 i64) (result i32) (local f32)
      i32.const 1 i32.const 2 i32.const 3 call $empty (call_indirect (type $t) (i32.const 0))
      i32.add i32.add)
    (func (param i32) (drop (i32.load 1 (i32.const 0))) (return_call $empty))
    (func (drop (v128.load (i32.const 0))) (memory.copy 0 1 (i32.const 0) (i32.const 0)
      (i32.const 0)))
  ))wat");
  ASSERT_NE(module, nullptr);
  const std::span<const FuncInfo> infos = module->func_infos;
  EXPECT_EQ(infos[0].flags, 0u);
  EXPECT_EQ(infos[1].max_stack_height, 4u);
  EXPECT_EQ(infos[1].num_locals, 3u);
  EXPECT_EQ(infos[1].num_calls, 2u);
  EXPECT_EQ(infos[1].flags, BodyFlags::kCalls);
  EXPECT_EQ(infos[2].flags, BodyFlags::kOtherMemory | BodyFlags::kCalls | BodyFlags::kTailCall);
  EXPECT_EQ(infos[3].flags, BodyFlags::kMemory0 | BodyFlags::kOtherMemory | BodyFlags::kSimd);
}

TEST(Validator, RecordsLocalsThatLoopsAssign) {
  auto module = read_valid(R"((module (func (param i32 i32 i32 i32)
    (local.set 3 (i32.const 0))
    (loop (local.set 2 (i32.const 0))
      (loop (drop (local.tee 1 (i32.const 0))) (local.set 1 (i32.const 0)))
      (local.set 0 (i32.const 0))
      (block (br 0) (loop (local.set 3 (i32.const 0)))))
    (loop))))");
  ASSERT_NE(module, nullptr);
  const FuncInfo& info = module->func_infos[0];
  ASSERT_EQ(info.num_loops, 3u);  // the unreachable loop does not count
  auto loops = module->func_info_pool.loops_of(info);
  auto assigned = [&](u32 loop) {
    auto span = module->func_info_pool.assigned_in(loops[loop]);
    return std::vector<u32>(span.begin(), span.end());
  };
  EXPECT_EQ(assigned(0), (std::vector<u32>{0, 1, 2}));
  EXPECT_EQ(assigned(1), (std::vector<u32>{1}));
  EXPECT_EQ(assigned(2), (std::vector<u32>{}));
  // Where they are: the second one lies in the first, the third one behind it.
  for (const LoopInfo& loop : loops) {
    EXPECT_EQ(module->bytes[loop.begin], 0x03);
    EXPECT_EQ(module->bytes[loop.end], 0x0b);
    EXPECT_LT(loop.begin, loop.end);
  }
  EXPECT_LT(loops[0].begin, loops[1].begin);
  EXPECT_LT(loops[1].end, loops[0].end);
  EXPECT_LT(loops[0].end, loops[2].begin);
}

TEST(Validator, DeepLoopsOverManyLocalsStayLinear) {
  constexpr u32 kLoops = 2000, kLocals = 2000;
  BinaryWriter body;
  body.u32v(1), body.u32v(kLocals), body.byte(0x7f);
  for (u32 i = 0; i < kLoops; ++i) body.op(Op::kLoop), body.byte(0x40);
  for (u32 i = 0; i < kLocals; ++i) {
    body.op(Op::kI32Const), body.byte(0), body.op(Op::kLocalSet), body.u32v(i);
  }
  for (u32 i = 0; i <= kLoops; ++i) body.op(Op::kEnd);
  auto module = read_bytes(module_with_body(body));
  ASSERT_TRUE(module) << module.error().message;
  const FuncInfoView& pool = (*module)->func_info_pool;
  EXPECT_EQ(pool.loops.size(), kLoops);
  EXPECT_LT(pool.assigned_locals.size(), body.size());
  EXPECT_EQ(pool.loops[0].assigned_count, LoopInfo::kAllLocals);
  EXPECT_EQ(pool.loops[kLoops - 1].assigned_count, kLocals);
}

TEST(Validator, NestingIsLimitedByTheBodyOnly) {
  constexpr u32 kDepth = 1'000'000;
  BinaryWriter body;
  body.byte(0);
  for (u32 i = 0; i < kDepth; ++i) body.op(Op::kBlock), body.byte(0x40);
  for (u32 i = 0; i <= kDepth; ++i) body.op(Op::kEnd);
  EXPECT_TRUE(read_bytes(module_with_body(body)));
}

TEST(Validator, OperandsAreLimited) {
  std::string text = "(module (func $f (result";
  for (int i = 0; i < 1000; ++i) text += " i32";
  text += ") unreachable) (func";
  for (int i = 0; i < 5000; ++i) text += " call $f";
  EXPECT_EQ(message_of(text + "))"), "operand stack too high: more than 4194304 operands");
}

TEST(Validator, ManyLocalsCostNothing) {
  BinaryWriter body;
  body.u32v(1), body.u32v(50'000), body.byte(0x7f);
  body.op(Op::kLocalGet), body.u32v(49'999), body.op(Op::kDrop), body.op(Op::kEnd);
  auto module = read_bytes(module_with_body(body));
  ASSERT_TRUE(module) << module.error().message;
  EXPECT_EQ((*module)->func_infos[0].num_locals, 50'000u);
  BinaryWriter more;
  more.u32v(2), more.u32v(50'000), more.byte(0x7f), more.u32v(1), more.byte(0x7e);
  more.op(Op::kEnd);
  auto error = read_bytes(module_with_body(more));
  ASSERT_FALSE(error);
  EXPECT_EQ(error.error().message, "too many locals: locals exceed maximum");
}

TEST(Validator, BodiesMustEndWhereTheyEnd) {
  for (auto [bytes, message] : std::initializer_list<std::pair<std::vector<u8>, const char*>>{
           {{0x00, 0x0b, 0x01}, "operators remaining after end of function body or expression"},
           {{0x00, 0x01}, "control frames remain at end of function body or expression"},
           {{0x00, 0x20}, "unexpected end-of-file"},
           {{0x00, 0x41, 0x80}, "unexpected end-of-file"},
           {{0x00, 0x41, 0x0b}, "control frames remain at end of function body or expression"},
           {{0x00, 0x28, 0x02}, "unexpected end-of-file"},
           {{0x00, 0x42}, "unexpected end-of-file"},
           {{0x00, 0x0d}, "unexpected end-of-file"},
           {{0x00}, "control frames remain at end of function body or expression"},
           {{}, "unexpected end-of-file"},
           {{0x00, 0xff, 0x0b}, "illegal opcode: 0xff"},
           {{0x00, 0xfd, 0xff, 0x03, 0x0b}, "unknown 0xfd subopcode: 0x1ff"},
       }) {
    BinaryWriter body;
    body.raw(bytes);
    EXPECT_EQ(message_of_bytes(module_with_body(body)), message);
  }
}

}  // namespace
}  // namespace wazuka
