// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// What Sinks are told.
#include "wasm/body_decoder.h"

#include "module_fixture.h"
#include "trace_sink.h"

namespace wazuka {
namespace {

/// Notes the mnemonics it sees, in order, and structure as "(block" … ")".
struct ListSink : SinkBase<Empty, Empty> {
  std::string text;
  template <class P>
  void next_instruction(P&, Op op) {
    text += text.empty() ? "" : " ";
    text += op_info(op).text;
  }
  template <class P>
  void end(P&, Frame& frame, bool fallthrough, std::span<Slot>) {
    text += fallthrough ? "+" : frame.end_reached ? "~" : "-";
  }
  template <class P>
  void return_(P&) {
    text += "!";
  }
};

template <Validate kMode>
std::string list(std::string_view text) {
  auto module = read_valid(text);
  if (module == nullptr) return "invalid";
  ListSink sink;
  BodyDecoder<ListSink, kMode> decoder(*module, sink, module->imported_funcs);
  EXPECT_TRUE(decoder.run());
  return sink.text;
}

TEST(BodyDecoder, SinksSeeReachableCodeOnly) {
  const std::pair<const char*, const char*> kCases[] = {
      {"nop", "nop end!"},
      {"return nop unreachable", "return! end"},
      {"block nop end nop", "block nop end+ nop end!"},
      {"block br 0 nop end nop", "block br end~ nop end!"},
      // Nothing reaches the end of the inner block, so what follows it is not reported.
      {"block block br 1 end nop end nop", "block block br end- end~ nop end!"},
      {"block unreachable block nop end end nop", "block unreachable end- end"},
      {"i32.const 0 if unreachable else nop end nop",
       "i32.const if unreachable else nop end+ nop end!"},
      {"i32.const 0 if unreachable end nop", "i32.const if unreachable end- nop end!"},
      {"loop br 0 end nop", "loop br end- end"},
      {"unreachable br_table 0 0 0 i32.const 5 memory.grow drop v128.const i32x4 1 2 3 4 drop "
       "try_table (catch_all 0) end call_indirect (type 0)",
       "unreachable end"},
  };
  for (auto [body, expected] : kCases) {
    std::string text = "(module (type (func)) (memory 1) (table 1 funcref) (func ";
    text += std::string(body) + "))";
    EXPECT_EQ(list<Validate::kYes>(text), expected) << body;
    EXPECT_EQ(list<Validate::kNo>(text), expected) << body;
  }
}

TEST(BodyDecoder, LegacyClausesAreArms) {
  std::string text =
      "(module (tag $e (param i32)) (func try throw $e catch $e drop catch_all nop end))";
  text = "(module (tag $e (param i32)) (func i32.const 0 drop))";
  auto bytes = encode(text);
  // try; i32.const 1; throw 0; catch 0; drop; try; delegate 0; catch_all; rethrow 0; end; end
  BinaryWriter body;
  body.raw(std::vector<u8>{0x00, 0x06, 0x40, 0x41, 0x01, 0x08, 0x00, 0x07, 0x00, 0x1a, 0x06, 0x40,
                           0x18, 0x00, 0x19, 0x09, 0x00, 0x0b, 0x0b});
  bytes.resize(bytes.size() - 6);  // the body of the text: 06 00 41 00 1a 0b
  while (bytes.back() != 0x0a) bytes.pop_back();
  bytes.push_back(static_cast<u8>(body.size() + 2)), bytes.push_back(1);
  bytes.push_back(static_cast<u8>(body.size()));
  bytes.insert(bytes.end(), body.bytes().begin(), body.bytes().end());
  auto module = read_bytes(bytes);
  ASSERT_TRUE(module) << module.error().message;
  EXPECT_TRUE(modes_agree(**module));
  ListSink sink;
  ASSERT_TRUE((BodyDecoder<ListSink, Validate::kNo>(**module, sink, 0).run()));
  EXPECT_EQ(sink.text, "try i32.const throw catch drop try delegate+ catch_all rethrow end~ end!");
}

TEST(BodyDecoder, ModesAgree) {
  const char* kModules[] = {
      "(module (func (param i32) (result i64) local.get 0 if (result i64) i64.const 1 else "
      "i64.const 2 end))",
      "(module (func (param i32 i32) (result i32 i32) local.get 0 local.get 1 i32.const 1 "
      "if (param i32 i32) (result i32 i32) i32.add i32.const 7 else drop i32.const 3 end))",
      "(module (func (param i32) (result i32) (local i64) block (result i32) i32.const 1 "
      "local.get 0 br_if 0 drop i32.const 2 local.get 0 br_table 0 1 0 end))",
      "(module (type $s (struct (field (mut i32)))) (type $a (array (mut i8))) (func (param "
      "(ref null $s) anyref) (result i32) block (result (ref $s)) local.get 1 br_on_cast 0 anyref "
      "(ref $s) drop local.get 0 br_on_non_null 0 i32.const 4 return end struct.get $s 0 "
      "i32.const 3 array.new_default $a array.len i32.add))",
      "(module (tag $e (param i32)) (func (result i32) block (result i32) try_table (catch $e 0) "
      "i32.const 3 throw $e end unreachable end))",
      "(module (memory i64 1) (func (param i64) (result v128) local.get 0 v128.load offset=70000 "
      "local.get 0 v128.const i64x2 1 2 v128.load8_lane 3 i8x16.add))",
      "(module (func (param funcref) (result i32) unreachable br_on_null 0 drop select "
      "i32.const 1 i32.add))",
  };
  for (const char* text : kModules) {
    auto module = read_valid(text);
    ASSERT_NE(module, nullptr);
    EXPECT_TRUE(modes_agree(*module)) << text;
  }
}

/// Looks around at each `nop`.
struct LookingSink : SinkBase<Numbered, Empty> {
  std::string text;
  template <class P>
  void i32_const(P&, u32 bits, Slot& out) {
    out.value.id = bits;
  }
  template <class P>
  void local_get(P& p, u32 index, Slot& out) {
    EXPECT_EQ(p.local_type(index), out.type);
    out.value.id = 100 + index;
  }
  template <class P>
  void nop(P& p) {
    text += join({"h", p.height(), " c", p.control_depth(), " n", u32{p.peek()[0]}});
    for (u32 i = 0; i < p.height(); ++i) text += join({" ", p.stack_top(i).value.id});
    EXPECT_EQ(p.module().bytes[p.offset()], op_info(Op::kNop).code);
    EXPECT_EQ(p.num_locals(), 2u);
    EXPECT_TRUE(p.reachable());
  }
};

TEST(BodyDecoder, AnswersQuestions) {
  auto module = read_valid(
      "(module (func) (func (param f32) (local i64) i32.const 5 local.get 1 block nop end drop "
      "drop))");
  ASSERT_NE(module, nullptr);
  LookingSink sink;
  ASSERT_TRUE((BodyDecoder<LookingSink, Validate::kYes>(*module, sink, 1).run()));
  EXPECT_EQ(sink.text, "h2 c2 n11 101 5");
}

TEST(BodyDecoder, BuffersCanBeShared) {
  auto module = read_valid("(module (func (local i64 i64)) (func (param i32) (local f32)))");
  DecoderBuffers<TraceSink> buffers;
  TraceSink alone, shared;
  ASSERT_TRUE((BodyDecoder<TraceSink, Validate::kYes>(*module, alone, 1).run()));
  TraceSink other;
  ASSERT_TRUE((BodyDecoder<TraceSink, Validate::kYes>(*module, other, 0, &buffers).run()));
  ASSERT_TRUE((BodyDecoder<TraceSink, Validate::kYes>(*module, shared, 1, &buffers).run()));
  EXPECT_EQ(alone.hash, shared.hash);
}

}  // namespace
}  // namespace wazuka
