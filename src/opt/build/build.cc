// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "opt/build/build.h"

#include <algorithm>
#include <array>

#include "base/per_thread.h"
#include "opt/analysis/cfg.h"
#include "opt/build/graph_builder.h"
#include "opt/build/sink.h"
#include "wasm/body_decoder.h"

namespace wazuka::opt {

Result<void> build_graph(const CompileEnv& env, u32 func_index, Graph& graph,
                         std::optional<u32> osr_loop) {
  GraphBuilder builder(graph);
  builder.begin(env, func_index);
  if (osr_loop) builder.begin_osr(env, *osr_loop);
  if (!builder.failed() && !builder.decode(func_index)) return fail("malformed function body");
  return builder.finish();
}

bool GraphBuilder::decode(u32 func) {
  // By depth: the bodies around are being read.
  auto& buffers = per_thread<std::array<DecoderBuffers<BuilderSink>, kMostInlinedDepth + 1>>();
  BuilderSink sink(*this);
  return BodyDecoder<BuilderSink, Validate::kNo>(*module_, sink, func, &buffers[depth_]).run();
}

void GraphBuilder::set_body(u32 func) {
  body_.func = func;
  body_.info = &module_->func_infos[func - module_->imported_funcs];
  body_.type = &module_->func_type(func);
  body_.hints = module_->branch_hints_of(func);
}

void GraphBuilder::begin(const CompileEnv& env, u32 func_index) {
  env_ = &env;
  module_ = &env.module;
  set_body(func_index);
  set_inline_budget();
  g_.clear();
  g_.func_index = func_index;
  if ((body_.info->flags & BodyFlags::kStackSwitching) != 0) unsupported("stack switching");
  // A VMContext of more than 2 GiB cannot be addressed.
  if (env.layout.size() > 0x7fffffff) unsupported("so many entities");
}

void GraphBuilder::unsupported(std::string_view what) {
  if (failed()) return;
  failure_ = "unsupported: ";
  failure_ += what;
}

Value GraphBuilder::zero(ValType t) {
  const Type type = type_of(t);
  if (is_int(type)) return f_.iconst(type, 0);
  if (is_float(type)) return f_.fconst(type, 0);
  constexpr u8 kZero[16] = {};
  Slot s{t, {}};
  v128_const(kZero, s);
  return s.value;
}

void GraphBuilder::begin_body(std::span<const ValType> locals) {
  if (body_.label != nullptr) return begin_inlined(locals);
  begin_block(g_.add_block(), kNoBlock);
  const size_t params = body_.type->params.size();
  column_of_.assign(locals.size(), 0);
  num_locals_ = static_cast<u32>(locals.size());
  for (size_t i = 0; i < locals.size(); ++i) {
    const ValType t = locals[i];
    Value v = kNoValue;  // osr_entry
    if (!osr_.active) v = i < params ? g_.add_param(block_, type_of(t), is_traced(t)) : zero(t);
    locals_.push_back({.value = v, .type = t});
  }
  if (osr_.active) return osr_entry();
  if (has_limits()) {
    fuel_ = 1;  // entering costs, too
    check_limits();
  }
}

Result<void> GraphBuilder::finish() {
  if (osr_.active && !failed()) finish_osr();
  if (failed()) return fail(failure_);
  for (const EdgeCopy& c : edge_copies_) {
    const u32 begin = g_.add_list(g_.edge_args(c.original));
    g_[c.edge].args_begin = begin;
    g_[c.edge].args_count = g_[c.original].args_count;
  }
  if (has_unreached_) {
    Cfg cfg;
    cfg.compute(g_);
    std::erase_if(begun_, [&](Block b) { return !cfg.reachable(b); });
  }
  g_.renumber_blocks(begun_);
  return {};
}

}  // namespace wazuka::opt
