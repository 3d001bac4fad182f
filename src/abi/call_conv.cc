// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "abi/call_conv.h"

namespace wazuka {
namespace {

// Numbers as the processor has them.
constexpr u8 kRax = 0, kRcx = 1, kRdx = 2, kRsi = 6, kRdi = 7, kR8 = 8, kR9 = 9;
constexpr u8 kParamGprs[] = {kRdi, kRsi, kRdx, kRcx, kR8, kR9};
constexpr u8 kResultGprs[] = {kRax, kRdx, kRcx, kRsi, kRdi, kR8};
constexpr u32 kXmms = 8;

u32 assign(std::span<const ValType> types, std::span<const u8> gprs,
           std::vector<ValueLocation>& locations) {
  u32 gpr = 0, xmm = 0, bytes = 0;
  locations.reserve(types.size());
  for (ValType type : types) {
    ValueLocation at;
    at.type = type;
    const bool vector = type == kV128;
    const bool in_xmm = vector || type == kF32 || type == kF64;
    if (in_xmm && xmm < kXmms) {
      at.kind = ValueLocation::Kind::kXmm;
      at.number = static_cast<u8>(xmm++);
    } else if (!in_xmm && gpr < gprs.size()) {
      at.kind = ValueLocation::Kind::kGpr;
      at.number = gprs[gpr++];
    } else {
      at.offset = bytes;
      bytes += vector ? 16 : 8;
    }
    locations.push_back(at);
  }
  return (bytes + 15) & ~u32{15};
}

}  // namespace

CallConv::CallConv(std::span<const ValType> param_types, std::span<const ValType> result_types) {
  param_bytes = assign(param_types, kParamGprs, params);
  result_bytes = assign(result_types, kResultGprs, results);
}

}  // namespace wazuka
