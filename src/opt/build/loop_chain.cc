// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "opt/build/loop_chain.h"

#include "wasm/body_decoder.h"

namespace wazuka::opt {

namespace {

class ChainSink : public SinkBase<Empty, Empty> {
 public:
  static constexpr bool kWantsLocals = false;

  explicit ChainSink(u32 wanted) : wanted_(wanted) {}

  template <class P>
  void loop(P&, Frame& f) {
    open_.push_back(f.loop_ordinal);
    if (f.loop_ordinal == wanted_) chain = open_;
  }
  template <class P>
  void end(P&, Frame& f, bool, std::span<Slot>) {
    if (f.kind == ControlKind::kLoop) open_.pop_back();
  }

  std::vector<u32> chain;

 private:
  const u32 wanted_;
  std::vector<u32> open_;
};

}  // namespace

std::vector<u32> loop_chain(const Module& module, u32 func_index, u32 loop) {
  thread_local DecoderBuffers<ChainSink> buffers;
  ChainSink sink(loop);
  BodyDecoder<ChainSink, Validate::kNo> decoder(module, sink, func_index, &buffers);
  if (!decoder.run()) return {};
  return std::move(sink.chain);
}

}  // namespace wazuka::opt
