// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Evaluation of constant expressions (spec 3.4.14): initial values, offsets, items of segments. A
// Sink of the body decoder, so that the binary format is known in one place.
#pragma once

#include <optional>

#include "runtime/exec_error.h"
#include "runtime/instance.h"
#include "wasm/const_expr.h"

namespace wazuka {

struct ConstValue {
  Cell cells[2] = {};  // the second one for v128
};

struct ConstSink : SinkBase<ConstValue, Empty> {
  Instance* instance = nullptr;
  ConstValue result;
  const char* unsupported = nullptr;  // mnemonic of an instruction that cannot be evaluated
  std::optional<ExecError> error;     // of the first allocation that failed

  template <class P>
  void i32_const(P&, u32 bits, Slot& out) {
    out.value = {{bits, 0}};
  }
  template <class P>
  void i64_const(P&, u64 bits, Slot& out) {
    out.value = {{bits, 0}};
  }
  template <class P>
  void f32_const(P&, u32 bits, Slot& out) {
    out.value = {{bits, 0}};
  }
  template <class P>
  void f64_const(P&, u64 bits, Slot& out) {
    out.value = {{bits, 0}};
  }
  template <class P>
  void v128_const(P&, const u8* bytes, Slot& out) {
    std::memcpy(out.value.cells, bytes, 16);
  }
  template <class P>
  void global_get(P&, u32 index, Slot& out) {
    const VMGlobal* global = instance->global(index).vm;
    out.value = {{global->cells[0], global->cells[1]}};
  }
  template <class P>
  void binary(P&, Op op, Slot& a, Slot& b, Slot& out) {
    out.value = {{arithmetic(op, a.value.cells[0], b.value.cells[0]), 0}};
  }
  template <class P>
  void other(P& p, Op op, const Immediates& immediates, std::span<Slot> args,
             std::span<Slot> results) {
    if (op_info(op).category == OpCategory::kGc) {
      results[0].value = gc(op, immediates, args, {&p.stack_at(0), p.height()});
      return;
    }
    results[0].value = {};
    if (op == Op::kRefFunc) {
      results[0].value.cells[0] = reinterpret_cast<Cell>(instance->func_ref(immediates.index));
    } else if (op != Op::kRefNull) {
      unsupported = op_info(op).text.view().data();
    }
  }
  template <class P>
  void end_const(P&, Slot& value) {
    result = value.value;
  }

 private:
  static u64 arithmetic(Op op, u64 a, u64 b);
  ConstValue gc(Op op, const Immediates& immediates, std::span<const Slot> args,
                std::span<Slot> below);
  Cell allocate(Op op, const Immediates& immediates, std::span<const Slot> args,
                std::span<Slot> below);
};

/// Evaluates the expressions of one instance; reuse one for many expressions.
class ConstEvaluator {
 public:
  explicit ConstEvaluator(Instance& instance) { sink_.instance = &instance; }

  /// `type` is the module's type that the expression was validated against.
  ExecResult<ConstValue> evaluate(ByteRange expr, ValType type);

 private:
  ConstSink sink_;
  DecoderBuffers<ConstSink> buffers_;
};

}  // namespace wazuka
