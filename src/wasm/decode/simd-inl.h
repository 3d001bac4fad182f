// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// BodyDecoder: vector instructions with immediates (spec 3.4.5). Those without are plain
// (numeric-inl.h).
#pragma once

#include "wasm/body_decoder.h"
#include "wasm/decode/memory-inl.h"
#include "wasm/decode/signature.h"

namespace wazuka::decode {

struct Simd {
  template <class D>
  static void constant(D& d) {
    const u8* bytes = d.read_bytes(16);
    if (bytes == nullptr) return;
    typename D::Slot out{kV128, {}};
    if (d.live_) d.sink_.v128_const(d, bytes, out);
    d.push(out);
  }

  template <class D>
  static void shuffle(D& d) {
    const u8* lanes = d.read_bytes(16);
    if (lanes == nullptr) return;
    for (u32 i = 0; D::kValidate && i < 16; ++i) {
      if (lanes[i] >= 32) return d.fail({"SIMD index out of bounds"});
    }
    if (!d.pop({kV128, kV128})) return;
    typename D::Slot out{kV128, {}};
    if (d.live_) d.sink_.shuffle(d, lanes, d.sp_[0], d.sp_[1], out);
    d.push(out);
  }

  template <class D>
  static bool check_lane(D& d, u32 lane, u32 lanes) {
    if (!D::kValidate || lane < lanes) return true;
    return d.fail({"SIMD index out of bounds"}), false;
  }

  template <class D>
  static void extract_lane(D& d, Op op) {
    u32 lane = d.read_u8();
    if (!check_lane(d, lane, op_info(op).lane_count()) || !d.pop(kV128)) return;
    typename D::Slot out{op_signature(op).result_types[0], {}};
    if (d.live_) d.sink_.extract_lane(d, op, lane, *d.sp_, out);
    d.push(out);
  }

  template <class D>
  static void replace_lane(D& d, Op op) {
    u32 lane = d.read_u8();
    if (!check_lane(d, lane, op_info(op).lane_count())) return;
    if (!d.pop(op_signature(op).params())) return;
    typename D::Slot out{kV128, {}};
    if (d.live_) d.sink_.replace_lane(d, op, lane, d.sp_[0], d.sp_[1], out);
    d.push(out);
  }

  template <class D>
  static void load_or_store_lane(D& d, Op op) {
    MemArg arg;
    ValType address;
    if (!Memory::read_memarg(d, Memory::natural_log2(op), &arg, &address)) return;
    u32 lane = d.read_u8();
    if (!check_lane(d, lane, 16 / op_info(op).access_bytes())) return;
    if (!d.pop({address, kV128})) return;
    if (op_info(op).category == OpCategory::kStoreLane) {
      if (d.live_) d.sink_.store_lane(d, op, arg, lane, d.sp_[0], d.sp_[1]);
      return;
    }
    typename D::Slot out{kV128, {}};
    if (d.live_) d.sink_.load_lane(d, op, arg, lane, d.sp_[0], d.sp_[1], out);
    d.push(out);
  }
};

}  // namespace wazuka::decode
