// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// BodyDecoder: calls (spec 3.4.11). Arguments stay where they are on the stack while the Sink sees
// them; results are prepared above them and then moved down.
#pragma once

#include "wasm/body_decoder.h"

namespace wazuka::decode {

struct Calls {
  template <Op kOp, class D>
  static void step(D& d) {
    if constexpr (kOp == Op::kCall)
      call(d);
    else if constexpr (kOp == Op::kReturnCall)
      return_call(d);
    else if constexpr (kOp == Op::kCallIndirect)
      call_indirect<false>(d);
    else if constexpr (kOp == Op::kReturnCallIndirect)
      call_indirect<true>(d);
    else if constexpr (kOp == Op::kCallRef)
      call_ref<false>(d);
    else if constexpr (kOp == Op::kReturnCallRef)
      call_ref<true>(d);
    else
      static_assert(kUnhandled<kOp>);
  }

  /// Pops operands of the given types, with a fast path for equal ones.
  template <class D>
  static bool pop_args(D& d, std::span<const ValType> types) {
    size_t n = types.size();
    if constexpr (!D::kValidate) return d.sp_ -= n, true;
    if (WAZUKA_LIKELY(d.above_base() >= n)) {
      typename D::Slot* args = d.sp_ - n;
      size_t i = 0;
      while (i < n && D::is(args[i].type, types[i])) ++i;
      if (WAZUKA_LIKELY(i == n)) return d.sp_ = args, true;
    }
    return d.pop_slow(types);
  }

  template <class D>
  static std::span<typename D::Slot> args_of(D& d, const FuncType& type) {
    return {d.sp_, type.params.size()};
  }

  template <class D>
  static void call(D& d) {
    u32 func = d.read_u32_short();
    const FuncType* type = d.func_type_of(func);
    if (type == nullptr || !pop_args(d, type->params)) return;
    std::span<typename D::Slot> results = d.prepare_results(type->params.size(), type->results);
    if (d.live_) d.sink_.call(d, func, args_of(d, *type), results);
    d.push_results(results);
  }

  template <class D>
  static void return_call(D& d) {
    u32 func = d.read_u32();
    const FuncType* type = d.func_type_of(func);
    if (type == nullptr || !check_same_results(d, *type) || !pop_args(d, type->params)) return;
    if (d.live_) d.sink_.return_call(d, func, args_of(d, *type));
    d.set_unreachable();
  }

  template <bool kTail, class D>
  [[gnu::noinline]] static void call_indirect(D& d) {
    u32 type_index = d.read_u32();
    u32 table_index = 0;
    if (!D::kValidate || kTail || d.features_.has(Feature::kReferenceTypes)) {
      table_index = d.read_u32();
    } else if (d.read_u8() != 0) {
      return d.fail_at(d.position() - 1, "zero byte expected");
    }
    const TableType* table = d.table_at(table_index);
    if (table == nullptr) return;
    if (D::kValidate && !is_subtype(d.module_, table->element, kFuncRef)) {
      return d.fail({"type mismatch: indirect calls must go through a table with type <= funcref"});
    }
    if (!d.pop(address_val_type(table->address))) return;
    typename D::Slot index = *d.sp_;
    const FuncType* type = d.func_type_at(type_index);
    if (type == nullptr || (kTail && !check_same_results(d, *type))) return;
    if (!pop_args(d, type->params)) return;
    if constexpr (kTail) {
      if (d.live_) {
        d.sink_.return_call_indirect(d, type_index, table_index, index, args_of(d, *type));
      }
      d.set_unreachable();
    } else {
      std::span<typename D::Slot> results = d.prepare_results(type->params.size(), type->results);
      if (d.live_) {
        d.sink_.call_indirect(d, type_index, table_index, index, args_of(d, *type), results);
      }
      d.push_results(results);
    }
  }

  template <bool kTail, class D>
  [[gnu::noinline]] static void call_ref(D& d) {
    u32 type_index = d.read_u32();
    ValType expected = ValType::ref(HeapType::index(type_index), true);
    if (!d.check_type(expected) || !d.pop(expected)) return;
    typename D::Slot ref = *d.sp_;
    const FuncType* type = d.func_type_at(type_index);
    if (type == nullptr || (kTail && !check_same_results(d, *type))) return;
    if (!pop_args(d, type->params)) return;
    if constexpr (kTail) {
      if (d.live_) d.sink_.return_call_ref(d, type_index, ref, args_of(d, *type));
      d.set_unreachable();
    } else {
      std::span<typename D::Slot> results = d.prepare_results(type->params.size(), type->results);
      if (d.live_) d.sink_.call_ref(d, type_index, ref, args_of(d, *type), results);
      d.push_results(results);
    }
  }

  static std::string list(std::span<const ValType> types) {
    std::string text;
    for (ValType type : types) {
      if (!text.empty()) text += ' ';
      text += type_text(type);
    }
    return text;
  }

  /// A tail call returns what the caller returns.
  template <class D>
  static bool check_same_results(D& d, const FuncType& callee) {
    if constexpr (!D::kValidate) return true;
    std::span<const ValType> caller = d.buffers_.control.front().results;
    bool same = caller.size() == callee.results.size();
    for (size_t i = 0; same && i < caller.size(); ++i) {
      same = is_subtype(d.module_, callee.results[i], caller[i]);
    }
    if (same) return true;
    d.fail({"type mismatch: current function requires result type [", list(caller),
            "] but callee returns [", list(callee.results), "]"});
    return false;
  }
};

}  // namespace wazuka::decode
