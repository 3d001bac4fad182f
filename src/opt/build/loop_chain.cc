// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "opt/build/loop_chain.h"

#include "base/per_thread.h"
#include "wasm/body_decoder.h"

namespace wazuka::opt {

namespace {

class ChainSink : public SinkBase<Empty, Empty> {
 public:
  static constexpr bool kWantsLocals = false;

  explicit ChainSink(u32 wanted) : wanted_(wanted) {}

  template <class P>
  void loop(P& p, Frame& f) {
    open_.push_back(f.loop_ordinal);
    if (f.loop_ordinal != wanted_) return;
    chain.loops = open_;
    for (u32 d = p.control_depth(); d > 0; --d) chain.constructs.push_back(p.frame(d - 1).start);
  }
  template <class P>
  void end(P&, Frame& f, bool, std::span<Slot>) {
    if (f.kind == ControlKind::kLoop) open_.pop_back();
  }

  LoopChain chain;

 private:
  const u32 wanted_;
  std::vector<u32> open_;
};

}  // namespace

LoopChain loop_chain(const Module& module, u32 func_index, u32 loop) {
  ChainSink sink(loop);
  BodyDecoder<ChainSink, Validate::kNo> decoder(module, sink, func_index,
                                                &per_thread<DecoderBuffers<ChainSink>>());
  if (!decoder.run()) return {};
  return std::move(sink.chain);
}

}  // namespace wazuka::opt
