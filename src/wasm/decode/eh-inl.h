// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// BodyDecoder: exceptions (spec 3.4.11), and the legacy form (try, catch, rethrow, delegate).
#pragma once

#include "wasm/body_decoder.h"

namespace wazuka::decode {

struct Exceptions {
  template <Op kOp, class D>
  [[gnu::noinline]] static void step(D& d) {
    if constexpr (kOp == Op::kTryTable)
      try_table(d);
    else if constexpr (kOp == Op::kThrow)
      throw_(d);
    else if constexpr (kOp == Op::kThrowRef)
      throw_ref(d);
    else if constexpr (kOp == Op::kTry)
      legacy_try(d);
    else if constexpr (kOp == Op::kCatch)
      legacy_catch(d);
    else if constexpr (kOp == Op::kCatchAll)
      legacy_catch_all(d);
    else if constexpr (kOp == Op::kDelegate)
      legacy_delegate(d);
    else if constexpr (kOp == Op::kRethrow)
      rethrow(d);
    else
      static_assert(kUnhandled<kOp>);
  }

 private:
  static constexpr ValType kExnRef = ValType::ref(HeapType::kExn, false);
  enum CatchKind : u8 { kOne, kOneRef, kAll, kAllRef };

  template <class D>
  static void try_table(D& d) {
    typename D::Signature signature;
    if (!d.read_block_signature(&signature)) return;
    if (!read_clauses(d)) return void(d.live_ = false);
    if (!d.match_top(signature.params)) return;
    for (const CatchClause& clause : d.buffers_.catches) {
      if (D::kValidate && !check_clause(d, clause)) return;
    }
    for (const CatchClause& clause : d.buffers_.catches) d.mark_branch_to(d.frame(clause.depth));
    typename D::Frame& frame = d.push_frame(ControlKind::kTryTable, signature);
    if (d.live_) d.sink_.try_table(d, frame, std::span<const CatchClause>(d.buffers_.catches));
  }

  template <class D>
  static bool read_clauses(D& d) {
    u32 count = d.read_count(limits::kMaxCatches, "catches");
    d.buffers_.catches.clear();
    for (u32 i = 0; i < count && !d.failed(); ++i) {
      CatchClause clause;
      clause.kind = d.read_u8();
      if (clause.kind > kAllRef) d.invalid_leading_byte(clause.kind, "catch");
      if (clause.kind == kOne || clause.kind == kOneRef) clause.tag = d.read_u32();
      clause.depth = d.read_u32();
      d.buffers_.catches.push_back(clause);
    }
    return !d.failed();
  }

  /// The clause's label must take what the clause carries.
  template <class D>
  static bool check_clause(D& d, const CatchClause& clause) {
    bool tagged = clause.kind == kOne || clause.kind == kOneRef;
    bool with_ref = clause.kind == kOneRef || clause.kind == kAllRef;
    const FuncType* tag = tagged ? d.exception_tag_at(clause.tag) : nullptr;
    if (tagged && tag == nullptr) return false;
    typename D::Frame* target = d.label(clause.depth);
    if (target == nullptr) return false;
    std::span<const ValType> carried = tagged ? tag->params : std::span<const ValType>();
    std::span<const ValType> label = target->label_types();
    if (label.size() != carried.size() + with_ref) return fail_arity(d, clause.kind);
    for (size_t i = 0; i < carried.size(); ++i) {
      if (!is_subtype(d.module_, carried[i], label[i])) {
        return d.fail_mismatch(label[i], carried[i]), false;
      }
    }
    if (!with_ref || is_subtype(d.module_, kExnRef, label.back())) return true;
    if (tagged) return d.fail_mismatch(label.back(), kExnRef), false;
    d.fail({"type mismatch: catch_all_ref label must a subtype of (ref exn)"});
    return false;
  }

  template <class D>
  static bool fail_arity(D& d, u8 kind) {
    static constexpr const char* kMessages[] = {
        "type mismatch: catch label must have same number of types as tag",
        "type mismatch: catch_ref label must have one more type than tag types",
        "type mismatch: catch_all label must have no result types",
        "type mismatch: catch_all_ref label must have exactly one result type",
    };
    d.fail({kMessages[kind]});
    return false;
  }

  template <class D>
  static void throw_(D& d) {
    u32 tag = d.read_u32();
    const FuncType* type = d.exception_tag_at(tag);
    if (type == nullptr || !d.pop(type->params)) return;
    if (d.live_) d.sink_.throw_(d, tag, std::span<typename D::Slot>(d.sp_, type->params.size()));
    d.set_unreachable();
  }

  template <class D>
  static void throw_ref(D& d) {
    if (!d.pop(ValType::ref(HeapType::kExn, true))) return;
    if (d.live_) d.sink_.throw_ref(d, *d.sp_);
    d.set_unreachable();
  }

  // The legacy form. A `try` is followed by any number of `catch`, then at most one `catch_all`,
  // then `end`; or by one `delegate`, which ends it.

  template <class D>
  static void legacy_try(D& d) {
    typename D::Signature signature;
    if (!d.read_block_signature(&signature) || !d.match_top(signature.params)) return;
    typename D::Frame& frame = d.push_frame(ControlKind::kTry, signature);
    if (d.live_) d.sink_.legacy_try(d, frame);
  }

  template <class D>
  static bool begins_clause(D& d, const char* op) {
    ControlKind kind = d.frame_->kind;
    if (kind == ControlKind::kTry || kind == ControlKind::kCatch) return true;
    d.fail_at(d.position(), {"`", op, "` found outside `LegacyTry` block"});
    return d.live_ = false;
  }

  template <class D>
  static void legacy_catch(D& d) {
    if (!begins_clause(d, "catch")) return;
    u32 tag = d.read_u32();
    if (!d.check_arm_end()) return;
    const FuncType* type = d.exception_tag_at(tag);
    if (type == nullptr) return;
    typename D::Frame& frame = *d.frame_;
    bool fallthrough = d.live_;
    frame.end_reached |= fallthrough;
    frame.kind = ControlKind::kCatch;
    // The Sink sees the arm's results on the stack and the clause's operands above them.
    std::span<typename D::Slot> values = d.prepare_results(0, type->params);
    if (frame.live && !d.failed()) d.sink_.legacy_catch(d, frame, tag, fallthrough, values);
    d.reset_to(frame);
    d.push_results(values);
  }

  template <class D>
  static void legacy_catch_all(D& d) {
    if (!begins_clause(d, "catch_all") || !d.check_arm_end()) return;
    typename D::Frame& frame = *d.frame_;
    bool fallthrough = d.live_;
    frame.end_reached |= fallthrough;
    frame.kind = ControlKind::kCatchAll;
    if (frame.live) d.sink_.legacy_catch_all(d, frame, fallthrough);
    d.reset_to(frame);
  }

  template <class D>
  static void legacy_delegate(D& d) {
    typename D::Frame& frame = *d.frame_;
    if (frame.kind != ControlKind::kTry) {
      return d.fail_at(d.position(), "`delegate` found outside `LegacyTry` block");
    }
    u32 depth = d.read_u32();
    if (!d.check_arm_end()) return;
    if (D::kValidate && (depth >= d.control_depth() - 1)) {
      return d.fail({"unknown label: branch depth too large"});
    }
    bool fallthrough = d.live_;
    if (frame.live) d.sink_.legacy_delegate(d, frame, depth, fallthrough);
    d.finish_frame(fallthrough);
  }

  template <class D>
  static void rethrow(D& d) {
    u32 depth = d.read_u32();
    typename D::Frame* target = d.label(depth);
    if (target == nullptr) return;
    if (D::kValidate && target->kind != ControlKind::kCatch &&
        target->kind != ControlKind::kCatchAll) {
      return d.fail({"invalid rethrow label: target was not a `catch` block"});
    }
    if (d.live_) d.sink_.rethrow(d, depth);
    d.set_unreachable();
  }
};

}  // namespace wazuka::decode
