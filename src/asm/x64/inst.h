// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// The instructions of insts.def, parsed. `kInst<Inst::x>` is what a row says, as a constant: the
// assembler specialises on it, and a malformed row does not compile. `info(inst)` is the same at
// run time, for those who go by tables: register allocation (roles), the rules for folding loads
// (width of the memory access), the verifier of emitted code, tests.
#pragma once

#include <array>
#include <span>
#include <string_view>

#include "asm/cpu_features.h"
#include "asm/x64/inst_parser.h"
#include "base/ints.h"

namespace wazuka::x64 {

enum class Inst : u16 {
#define INST(id, fn, operands, encoding, feature) id,
#include "asm/x64/insts.def"
#undef INST
};

inline constexpr InstRow kInstRows[] = {
#define INST(id, fn, operands, encoding, feature) \
  {#id, #fn, operands, encoding, assembly::CpuFeature::k##feature},
#include "asm/x64/insts.def"
#undef INST
};
inline constexpr u32 kInstCount = std::size(kInstRows);

/// Parsed when asked for, so that a source file pays for the instructions it uses.
template <Inst kI>
inline constexpr InstInfo kInst = parse_row(kInstRows[static_cast<u32>(kI)]);

/// The same for a value known at run time only.
const InstInfo& info(Inst inst);

/// Whether code with this instruction may run on such a processor.
bool supported(const InstInfo& inst, assembly::CpuFeatures features);

}  // namespace wazuka::x64
