// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// BodyDecoder: references and branches on them (spec 3.4.7, 3.4.11).
#pragma once

#include "wasm/body_decoder.h"

namespace wazuka::decode {

struct References {
  template <Op kOp, class D>
  [[gnu::noinline]] static void step(D& d) {
    if constexpr (kOp == Op::kRefNull)
      ref_null(d);
    else if constexpr (kOp == Op::kRefIsNull)
      ref_is_null(d);
    else if constexpr (kOp == Op::kRefFunc)
      ref_func(d);
    else if constexpr (kOp == Op::kRefEq)
      ref_eq(d);
    else if constexpr (kOp == Op::kRefAsNonNull)
      ref_as_non_null(d);
    else if constexpr (kOp == Op::kBrOnNull)
      br_on_null(d);
    else if constexpr (kOp == Op::kBrOnNonNull)
      br_on_non_null(d);
    else
      static_assert(kUnhandled<kOp>);
  }

  static ValType with_null(ValType type, bool nullable) {
    return ValType::ref(type.heap(), nullable, type.exact());
  }

  /// Pops a reference below `(ref null top)`.
  template <class D>
  static bool pop_subtype(D& d, HeapType::Abstract top, ValType* type) {
    if (!d.pop_any_ref(type)) return false;
    ValType expected = ValType::ref(top, true);
    if (!D::kValidate || is_subtype(d.module_, *type, expected)) return true;
    d.fail(
        {"type mismatch: expected subtype of ", type_text(expected), ", found ", type_text(*type)});
    return false;
  }

  template <class D>
  static void ref_null(D& d) {
    Immediates imm;
    imm.heap = d.read_heap_type(&imm.exact);
    if (d.failed()) return;
    imm.nullable = true;
    ValType type = ValType::ref(imm.heap, true, imm.exact);
    if (d.check_type(type)) d.other(Op::kRefNull, imm, 0, type);
  }

  template <class D>
  static void ref_is_null(D& d) {
    ValType type;
    if (d.pop_any_ref(&type)) d.other(Op::kRefIsNull, {}, 1, kI32);
  }

  template <class D>
  static void ref_func(D& d) {
    Immediates imm;
    imm.index = d.read_u32();
    if (d.func_type_of(imm.index) == nullptr) return;
    const FuncDecl& func = d.module_.funcs[imm.index];
    if (D::kValidate && !D::kConstExpr && !func.declared_ref) {
      return d.fail({"undeclared function reference"});
    }
    bool exact = d.features_.has(Feature::kCustomDescriptors) && (!func.imported || func.exact);
    d.other(Op::kRefFunc, imm, 0, ValType::ref(HeapType::index(func.type_index), false, exact));
  }

  template <class D>
  static void ref_eq(D& d) {
    ValType a, b;
    if (!pop_subtype(d, HeapType::kEq, &a) || !pop_subtype(d, HeapType::kEq, &b)) return;
    d.other(Op::kRefEq, {}, 2, kI32);
  }

  template <class D>
  static void ref_as_non_null(D& d) {
    ValType type;
    if (d.pop_any_ref(&type)) d.other(Op::kRefAsNonNull, {}, 1, with_null(type, false));
  }

  template <class D>
  static void br_on_null(D& d) {
    u32 depth = d.read_u32();
    ValType type;
    if (!d.pop_any_ref(&type)) return;
    typename D::Slot ref = *d.sp_;
    typename D::Frame* target = d.label(depth);
    if (target == nullptr || !d.match_top(target->label_types())) return;
    typename D::Slot out{with_null(type, false), {}};
    if (d.live_) d.sink_.br_on_null(d, depth, ref, out);
    d.mark_branch_to(*target);
    d.push(out);
  }

  template <class D>
  static void br_on_non_null(D& d) {
    u32 depth = d.read_u32();
    typename D::Frame* target = d.label(depth);
    if (target == nullptr) return;
    std::span<const ValType> types = target->label_types();
    if (D::kValidate && types.empty()) {
      return d.fail({"type mismatch: br_on_non_null target has no label types"});
    }
    if (D::kValidate && !types.back().is_ref()) {
      return d.fail({"type mismatch: br_on_non_null target does not end with heap type"});
    }
    if (!d.pop(with_null(types.back(), true))) return;
    typename D::Slot ref = *d.sp_;
    if (!d.match_top(types.first(types.size() - 1))) return;
    d.push(typename D::Slot{types.back(), ref.value});
    if (d.live_) d.sink_.br_on_non_null(d, depth, ref);
    d.mark_branch_to(*target);
    --d.sp_;
  }
};

}  // namespace wazuka::decode
