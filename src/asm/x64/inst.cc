// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "asm/x64/inst.h"

namespace wazuka::x64 {
namespace {

constexpr InstInfo kInfos[] = {
#define INST(id, fn, operands, encoding, feature) kInst<Inst::id>,
#include "asm/x64/insts.def"
#undef INST
};

}  // namespace

const InstInfo& info(Inst inst) {
  return kInfos[static_cast<u32>(inst)];
}

bool supported(const InstInfo& inst, assembly::CpuFeatures features) {
  using assembly::CpuFeature;
  return features.has(inst.feature) && (!inst.enc.needs_vl || features.has(CpuFeature::kAvx512Vl));
}

}  // namespace wazuka::x64
