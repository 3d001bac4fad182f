// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// What is known where a frame of baseline code is taken over at the beginning of a loop: the frame
// of docs/abi.md, with every local and every operand in its home. The types of the operands are the
// decoder's.
#include "verify/verifier.h"
#include "wasm/body_decoder.h"

namespace wazuka::verify {

namespace {

/// The cells' types in the order of the homes, at the beginning of a loop.
class HomesSink : public SinkBase<Empty, Empty> {
 public:
  explicit HomesSink(u32 loop) : loop_(loop) {}

  template <class P>
  void begin_function(P&, std::span<const ValType> locals) {
    locals_.assign(locals.begin(), locals.end());
  }
  template <class P>
  void loop(P& p, Frame& f) {
    if (f.loop_ordinal != loop_) return;
    found = true;
    types = locals_;
    // A legacy clause has its exception below its operands.
    u32 depth = p.control_depth();
    for (u32 i = 0; i <= p.height(); ++i) {
      for (; depth > 0 && p.frame(depth - 1).height <= i; --depth) {
        const ControlKind kind = p.frame(depth - 1).kind;
        if (kind != ControlKind::kCatch && kind != ControlKind::kCatchAll) continue;
        types.push_back(ValType::ref(HeapType::kExn, false));
      }
      if (i < p.height()) types.push_back(p.stack_at(i).type);
    }
  }

  bool found = false;
  std::vector<ValType> types;

 private:
  const u32 loop_;
  std::vector<ValType> locals_;
};

}  // namespace

void Verifier::osr_state(State& s) {
  HomesSink sink(osr_->loop);
  BodyDecoder<HomesSink, Validate::kNo> decoder(module_, sink, func_index_);
  if (!decoder.run() || !sink.found) return reject("no such loop");
  const i64 bottom = -i64{osr_->frame_bytes};
  s.gpr[kRsp] = Value::frame(bottom);
  s.gpr[kRbp] = Value::frame(0);
  s.gpr[kR14] = Value::of(Kind::kContext);
  s.set_slot(8, Value::of(Kind::kReturn));
  s.set_slot(0, Value::of(Kind::kCallerFrame));
  s.set_slot(-8, Value::of(Kind::kContext));
  s.room = bottom;
  i64 at = bottom;
  for (ValType t : sink.types) {
    s.set_slot(at, value_of(t));
    at += t.is_v128() ? 16 : 8;
  }
  if (at > -16) reject("the frame is smaller than its homes");
}

}  // namespace wazuka::verify
