// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Inlining: a body is read in the place of a call, into the same graph. Its parameters are the
// arguments, its locals lie behind those of the caller, and a return is a branch to the end of the
// call. Nothing is copied, and all that is known where the call is (equal values, constants) is
// known in the body.
//
// What a function does to be seen is kept: instructions of an inlined body have positions that name
// the body and the call (InlinedPosition), from which backtraces make the frames again; fuel and
// epochs are looked at where the function would begin. Only the stack is not: an inlined body has
// its place in its caller's frame.
#include <algorithm>

#include "opt/build/graph_builder.h"

namespace wazuka::opt {

namespace {

// Sizes of bodies, in bytes. They were chosen on the kernels of the benchmarks and on CPython: see
// docs/performance.md.
constexpr u32 kMostBytes = 100;                        // of one body
constexpr u32 kMostBytesLeaf = 200;                    // of one that calls nothing
constexpr u32 kLeastBudget = 400, kMostBudget = 4000;  // of all in one function
constexpr u32 kMostRecursion = 2;  // times that a function is inlined into itself, one in the other

}  // namespace

void GraphBuilder::set_inline_budget() {
  const bool on = env_->inlining && env_->opt_level >= 2 && !env_->small_code;
  const u32 size = module_->funcs[body_.func].body.size;
  inline_budget_ = on ? std::clamp(size, kLeastBudget, kMostBudget) : 0;
}

bool GraphBuilder::should_inline(u32 func) const {
  const u32 size = module_->funcs[func].body.size;
  if (size > inline_budget_ || depth_ == kMostInlinedDepth) return false;
  const FuncInfo& info = module_->func_infos[func - module_->imported_funcs];
  const bool leaf = (info.flags & BodyFlags::kCalls) == 0;
  if (size > (leaf ? kMostBytesLeaf : kMostBytes)) return false;
  constexpr u32 kNever = BodyFlags::kExceptions | BodyFlags::kStackSwitching | BodyFlags::kTailCall;
  if ((info.flags & kNever) != 0 || region_ != kNone || g_[block_].cold) return false;
  // On the way to the loop where the graph begins, all is as in baseline code.
  if (osr_.active && osr_.next < osr_.chain.size()) return false;
  u32 times = 0;
  for (const Body* b = &body_; b != nullptr; b = b->caller) times += b->func == func ? 1 : 0;
  return times <= kMostRecursion;
}

u32 GraphBuilder::inlined_position(u32 offset) {
  const std::span<const InlinedPosition> known = g_.positions();
  if (!known.empty()) {
    const InlinedPosition& last = known.back();
    if (last.wasm_offset == offset && last.func == body_.func && last.call == body_.call) {
      return kInlinedPosition | static_cast<u32>(known.size() - 1);
    }
  }
  return g_.add_position({body_.func, offset, body_.call});
}

void GraphBuilder::inline_call(u32 func, std::span<const Slot> args, std::span<Slot> results) {
  inline_budget_ -= module_->funcs[func].body.size;
  const Body caller = body_;
  Slot* const stack = stack_;
  const u32 height = height_, offset = offset_, position = f_.wasm_offset;
  ControlData label;
  label.is_inlined = true;
  label.log_begin = static_cast<u32>(log_.size());
  frame_logs_.push_back(frame_log_);
  frame_log_ = label.log_begin;
  body_ = {};
  set_body(func);
  body_.first_local = static_cast<u32>(locals_.size());
  body_.label = &label;
  body_.call = position;
  body_.caller = &caller;
  body_.args = args;
  g_.inlined_cells += body_.info->num_locals + body_.info->max_stack_height;
  ++depth_;
  if (!decode(func)) unsupported("a malformed function body");
  --depth_;
  end_inlined(label, results);
  body_ = caller;
  at(stack, height, offset, nullptr);
}

void GraphBuilder::begin_inlined(std::span<const ValType> locals) {
  for (size_t i = 0; i < locals.size(); ++i) {
    const Value v = i < body_.args.size() ? body_.args[i].value : zero(locals[i]);
    locals_.push_back({.value = v, .type = locals[i]});
  }
  column_of_.resize(locals_.size());
  if (has_limits()) {
    fuel_ = 1;  // entering costs, too
    check_limits();
  }
}

/// The open block has been ended: by a return, if something returns.
void GraphBuilder::end_inlined(const ControlData& label, std::span<Slot> results) {
  if (failed()) return;
  roll_back(label.log_begin);
  frame_log_ = frame_logs_.back();
  frame_logs_.pop_back();
  locals_.resize(body_.first_local);
  column_of_.resize(locals_.size());
  if (label.incoming_count != 0) {
    merge_ways(label, results);
    return;
  }
  begin_unreached();
  for (Slot& s : results) s.value = zero(s.type);
}

}  // namespace wazuka::opt
