// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// BodyDecoder: continuations (stack switching proposal).
#pragma once

#include "wasm/body_decoder.h"

namespace wazuka::decode {

struct StackSwitching {
  template <Op kOp, class D>
  [[gnu::noinline]] static void step(D& d) {
    if constexpr (kOp == Op::kContNew)
      cont_new(d);
    else if constexpr (kOp == Op::kContBind)
      cont_bind(d);
    else if constexpr (kOp == Op::kSuspend)
      suspend(d);
    else if constexpr (kOp == Op::kResume)
      resume<kOp>(d);
    else if constexpr (kOp == Op::kResumeThrow)
      resume<kOp>(d);
    else if constexpr (kOp == Op::kResumeThrowRef)
      resume<kOp>(d);
    else if constexpr (kOp == Op::kSwitch)
      switch_(d);
    else
      static_assert(kUnhandled<kOp>);
  }

 private:
  static ValType ref_to(u32 type, bool nullable) {
    return ValType::ref(HeapType::index(type), nullable);
  }

  /// The function type of continuation type `index`.
  template <class D>
  static const FuncType* cont_at(D& d, u32 index) {
    const SubType* type = d.sub_type_at(index);
    if (type == nullptr) return nullptr;
    if (type->kind == CompositeKind::kCont) return &d.module_.types[type->cont_func].func;
    return d.fail({"non-continuation type ", index}), nullptr;
  }

  template <class D>
  static void cont_new(D& d) {
    Immediates imm;
    imm.index = d.read_u32();
    if (cont_at(d, imm.index) == nullptr) return;
    if (!d.pop(ref_to(d.module_.types[imm.index].cont_func, true))) return;
    d.other(Op::kContNew, imm, 1, ref_to(imm.index, false));
  }

  /// Binds the first arguments: (cont [t1* t2*] → r*) and t1* → (cont [t2*] → r*)
  template <class D>
  static void cont_bind(D& d) {
    Immediates imm;
    imm.index = d.read_u32();
    imm.index2 = d.read_u32();
    const FuncType* from = cont_at(d, imm.index);
    const FuncType* to = from == nullptr ? nullptr : cont_at(d, imm.index2);
    if (to == nullptr) return;
    if (D::kValidate && from->params.size() < to->params.size()) {
      return d.fail({"type mismatch in continuation arguments"});
    }
    size_t bound = from->params.size() - to->params.size();
    FuncType rest{from->params.subspan(bound), from->results};
    if (D::kValidate && !is_func_subtype(d.module_, rest, *to)) {
      return d.fail({"type mismatch in continuation types"});
    }
    if (!d.pop(ref_to(imm.index, true)) || !d.pop(from->params.first(bound))) return;
    d.other(Op::kContBind, imm, bound + 1, ref_to(imm.index2, false));
  }

  template <class D>
  static void suspend(D& d) {
    Immediates imm;
    imm.index = d.read_u32();
    const FuncType* tag = d.tag_at(imm.index);
    if (tag != nullptr && d.pop(tag->params)) {
      d.other(Op::kSuspend, imm, tag->params.size(), tag->results);
    }
  }

  template <class D>
  static bool read_handlers(D& d) {
    u32 count = d.read_count(limits::kMaxHandlers, "resume table");
    d.buffers_.handlers.clear();
    for (u32 i = 0; i < count && !d.failed(); ++i) {
      ResumeHandler handler;
      u8 kind = d.read_u8();
      if (kind > 1) d.invalid_leading_byte(kind, "on clause");
      handler.is_switch = kind == 1;
      handler.tag = d.read_u32();
      if (!handler.is_switch) handler.depth = d.read_u32();
      d.buffers_.handlers.push_back(handler);
    }
    if (d.failed()) return d.live_ = false;
    return true;
  }

  template <class D>
  static bool check_handler(D& d, const ResumeHandler& handler, const FuncType& resumed) {
    const FuncType* tag = d.tag_at(handler.tag);
    if (tag == nullptr) return false;
    return handler.is_switch ? check_switch_handler(d, *tag, resumed)
                             : check_label_handler(d, handler, *tag, resumed);
  }

  /// The tag's type must be equivalent to [] → results of the resumed continuation.
  template <class D>
  static bool check_switch_handler(D& d, const FuncType& tag, const FuncType& resumed) {
    FuncType wanted{{}, resumed.results};
    if (is_func_subtype(d.module_, tag, wanted) && is_func_subtype(d.module_, wanted, tag)) {
      return true;
    }
    return d.fail({"type mismatch: switch tag does not match continuation"}), false;
  }

  /// The label takes the tag's parameters and a continuation that expects the tag's results.
  template <class D>
  static bool check_label_handler(D& d, const ResumeHandler& handler, const FuncType& tag,
                                  const FuncType& resumed) {
    typename D::Frame* target = d.label(handler.depth);
    if (target == nullptr) return false;
    std::span<const ValType> label = target->label_types();
    if (label.empty()) {
      d.fail(
          {"type mismatch: instruction requires continuation reference type but label has none"});
      return false;
    }
    if (!label.back().is_ref() || !label.back().heap().is_index()) {
      return d.fail({"type mismatch: ", type_name(label.back())}), false;
    }
    bool same = tag.params.size() + 1 == label.size();
    for (size_t i = 0; same && i < tag.params.size(); ++i) {
      same = is_subtype(d.module_, tag.params[i], label[i]);
    }
    if (!same) return d.fail({"type mismatch between tag type and label type"}), false;
    const SubType& type = d.module_.types[label.back().heap().type_index()];
    if (type.kind != CompositeKind::kCont) return d.fail({"non-continuation type"}), false;
    FuncType captured{tag.results, resumed.results};
    if (is_func_subtype(d.module_, captured, d.module_.types[type.cont_func].func)) return true;
    return d.fail({"type mismatch in continuation type"}), false;
  }

  template <class D>
  static bool check_handlers(D& d, const FuncType& resumed) {
    for (const ResumeHandler& handler : d.buffers_.handlers) {
      if (D::kValidate && !check_handler(d, handler, resumed)) return false;
      if (!handler.is_switch) d.mark_branch_to(d.frame(handler.depth));
    }
    return true;
  }

  template <Op kOp, class D>
  static void resume(D& d) {
    u32 type = d.read_u32();
    u32 tag = kOp == Op::kResumeThrow ? d.read_u32() : 0;
    if (!read_handlers(d)) return;
    const FuncType* func = cont_at(d, type);
    if (func == nullptr || !check_handlers(d, *func)) return;
    ValType exception[] = {ValType::ref(HeapType::kExn, true)};
    std::span<const ValType> params = func->params;
    if constexpr (kOp == Op::kResumeThrow) {
      const FuncType* thrown = d.exception_tag_at(tag);
      if (thrown == nullptr) return;
      params = thrown->params;
    } else if constexpr (kOp == Op::kResumeThrowRef) {
      params = exception;
    }
    if (!d.pop(ref_to(type, true)) || !d.pop(params)) return;
    size_t num_args = params.size() + 1;
    std::span<typename D::Slot> results = d.prepare_results(num_args, func->results);
    if (d.live_) {
      d.sink_.resume(d, kOp, type, tag, std::span<const ResumeHandler>(d.buffers_.handlers),
                     std::span<typename D::Slot>(d.sp_, num_args), results);
    }
    d.push_results(results);
  }

  /// Switches to a continuation whose last parameter takes the current one.
  template <class D>
  static void switch_(D& d) {
    Immediates imm;
    imm.index = d.read_u32();
    imm.index2 = d.read_u32();
    const FuncType* func = cont_at(d, imm.index);
    const FuncType* tag = func == nullptr ? nullptr : d.tag_at(imm.index2);
    if (tag == nullptr) return;
    const FuncType* back = check_switch(d, *func, *tag);
    if (back == nullptr || !d.pop(ref_to(imm.index, true))) return;
    std::span<const ValType> args = func->params.first(func->params.size() - 1);
    if (d.pop(args)) d.other(Op::kSwitch, imm, args.size() + 1, back->params);
  }

  /// The function type of the continuation that `func` takes last; null after an error.
  template <class D>
  static const FuncType* check_switch(D& d, const FuncType& func, const FuncType& tag) {
    if (!tag.params.empty()) {
      return d.fail({"type mismatch: non-empty tag parameter type"}), nullptr;
    }
    if (func.params.empty()) {
      return d.fail({"type mismatch: instruction requires a continuation reference"}), nullptr;
    }
    ValType last = func.params.back();
    if (!last.is_ref() || !last.heap().is_index()) {
      d.fail({"type mismatch: expected a continuation reference, found ", type_name(last)});
      return nullptr;
    }
    const SubType& type = d.module_.types[last.heap().type_index()];
    if (type.kind != CompositeKind::kCont) return d.fail({"non-continuation type"}), nullptr;
    const FuncType* back = &d.module_.types[type.cont_func].func;
    FuncType have{tag.results, tag.results}, want{func.results, back->results};
    if (is_func_subtype(d.module_, have, want)) return back;
    return d.fail({"type mismatch in continuation types"}), nullptr;
  }
};

}  // namespace wazuka::decode
