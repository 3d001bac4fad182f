// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// BodyDecoder: constants and everything with a plain signature and no immediate (spec 3.4.1–3.4.5).
#pragma once

#include "wasm/body_decoder.h"
#include "wasm/decode/signature.h"

namespace wazuka::decode {

struct Numeric {
  template <Op kOp, class D>
  WAZUKA_ALWAYS_INLINE static void constant(D& d) {
    typename D::Slot out{op_signature(kOp).result_types[0], {}};
    if constexpr (kOp == Op::kI32Const) {
      u32 bits = static_cast<u32>(d.read_s32());
      if (d.live_) d.sink_.i32_const(d, bits, out);
    } else if constexpr (kOp == Op::kI64Const) {
      u64 bits = static_cast<u64>(d.read_s64());
      if (d.live_) d.sink_.i64_const(d, bits, out);
    } else if constexpr (kOp == Op::kF32Const) {
      u32 bits = load<u32>(d.read_bytes(4));
      if (d.live_) d.sink_.f32_const(d, bits, out);
    } else if constexpr (kOp == Op::kF64Const) {
      u64 bits = load<u64>(d.read_bytes(8));
      if (d.live_) d.sink_.f64_const(d, bits, out);
    } else {
      static_assert(kUnhandled<kOp>);
    }
    d.push(out);
  }

  /// One-byte opcodes: the signature is known at compile time.
  template <Op kOp, class D>
  WAZUKA_ALWAYS_INLINE static void plain(D& d) {
    constexpr const OpSignature& kSignature = op_signature(kOp);
    static_assert(kSignature.num_results == 1);
    if constexpr (kSignature.num_params == 1) {
      if (!d.pop(kSignature.param_types[0])) return;
      unary(d, kOp, kSignature.result_types[0]);
    } else {
      static_assert(kSignature.num_params == 2);
      if (!pop2(d, kSignature)) return;
      binary(d, kOp, kSignature.result_types[0]);
    }
  }

  /// Prefixed opcodes: the signature is looked up.
  template <class D>
  static void plain(D& d, Op op) {
    const OpSignature& signature = op_signature(op);
    if (signature.num_params == 2 && signature.num_results == 1) {
      if (pop2(d, signature)) binary(d, op, signature.result_types[0]);
      return;
    }
    if (!d.pop(signature.params())) return;
    if (signature.num_params == 1) return unary(d, op, signature.result_types[0]);
    if (signature.num_results == 1) return ternary(d, op, signature.result_types[0]);
    wide(d, op, signature);
  }

 private:
  template <class T>
  static T load(const u8* bytes) {
    T value = 0;
    if (bytes == nullptr) return 0;
    for (size_t i = 0; i < sizeof(T); ++i) value |= static_cast<T>(T{bytes[i]} << (8 * i));
    return value;
  }

  template <class D>
  WAZUKA_ALWAYS_INLINE static bool pop2(D& d, const OpSignature& signature) {
    if constexpr (!D::kValidate) return d.sp_ -= 2, true;
    if (WAZUKA_LIKELY(d.above_base() >= 2 && D::is(d.sp_[-1].type, signature.param_types[1]) &&
                      D::is(d.sp_[-2].type, signature.param_types[0]))) {
      return d.sp_ -= 2, true;
    }
    return d.pop_slow(signature.params());
  }

  template <class D>
  WAZUKA_ALWAYS_INLINE static void unary(D& d, Op op, ValType result) {
    typename D::Slot out{result, {}};
    if (d.live_) d.sink_.unary(d, op, d.sp_[0], out);
    d.push(out);
  }

  template <class D>
  WAZUKA_ALWAYS_INLINE static void binary(D& d, Op op, ValType result) {
    typename D::Slot out{result, {}};
    if (d.live_) d.sink_.binary(d, op, d.sp_[0], d.sp_[1], out);
    d.push(out);
  }

  template <class D>
  static void ternary(D& d, Op op, ValType result) {
    typename D::Slot out{result, {}};
    if (d.live_) d.sink_.ternary(d, op, d.sp_[0], d.sp_[1], d.sp_[2], out);
    d.push(out);
  }

  template <class D>
  static void wide(D& d, Op op, const OpSignature& signature) {
    std::span<typename D::Slot> args(d.sp_, signature.num_params);
    std::span<typename D::Slot> results =
        d.prepare_results(signature.num_params, signature.results());
    if (d.live_) d.sink_.wide(d, op, args, results);
    d.push_results(results);
  }
};

}  // namespace wazuka::decode
