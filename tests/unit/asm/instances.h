// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Enumerates operands for a row of insts.def: every pair of registers, every way of addressing
// memory, all immediates at the edges of their encodings.
#pragma once

#include <vector>

#include "asm/x64/assembler.h"

namespace wazuka::x64 {

/// An instruction with operands.
struct Instance {
  Inst inst;
  Size size;
  std::vector<Operand> operands;
};

inline std::vector<i64> imm_values(const InstInfo& row, Size size) {
  std::vector<i64> all = {0,
                          1,
                          -1,
                          127,
                          -128,
                          128,
                          -129,
                          255,
                          256,
                          0x7fff,
                          -0x8000,
                          0xffff,
                          0x12345,
                          0x7fffffff,
                          -0x80000000ll,
                          0xffffffffll,
                          0x123456789abcdef0ll,
                          -0x7fffffffffffffffll};
  std::erase_if(all, [&](i64 v) { return !encode_detail::imm_fits(row.enc.imm, size, v); });
  return all;
}

/// Displacements around the border between 8 and 32 bits, and multiples of vector sizes.
inline constexpr i32 kDisps[] = {
    0, 1, -1, 127, 128, -128, -129, 64, -64, 0x7fffffff, -0x7fffffff - 1, 0x1230, -0x800, 2032, 16};

/// Every base; with every base, every index and scale; without base; displacements in turn.
inline std::vector<Mem> all_memory_operands() {
  std::vector<Mem> all;
  u32 turn = 0;
  auto disp = [&] { return kDisps[turn++ % std::size(kDisps)]; };
  for (u8 base = 0; base < kRegisterCount; ++base) {
    for (i32 d : kDisps) all.push_back(Mem(Gpr{base}, d));
    for (u8 index = 0; index < kRegisterCount; ++index) {
      if (Gpr{index} == rsp) continue;
      for (u8 scale = 0; scale < 4; ++scale) {
        all.push_back(Mem(Gpr{base}, Gpr{index}, static_cast<Scale>(scale), disp()));
      }
    }
  }
  for (u8 index = 0; index < kRegisterCount; ++index) {
    if (Gpr{index} == rsp) continue;
    for (u8 scale = 0; scale < 4; ++scale) {
      all.push_back(Mem::scaled(Gpr{index}, static_cast<Scale>(scale), disp()));
    }
  }
  return all;
}

/// Chooses operands by turns, so that all values of each kind come up.
class InstanceMaker {
 public:
  InstanceMaker(Inst inst, Size size)
      : inst_(inst), row_(info(inst)), size_(size), imms_(imm_values(row_, size)) {}

  /// With registers `a` and `b` for the first two register operands.
  Instance with_registers(u32 a, u32 b) {
    u32 given = 0;
    return make([&](const OperandInfo& o) -> Operand {
      u32 number = given == 0 ? a : given == 1 ? b : (a * 7 + b * 3 + 5) % kRegisterCount;
      ++given;
      return register_operand(o, number);
    });
  }

  /// With `memory` for the operand that may be in memory, registers by turns.
  Instance with_memory(const Operand& memory) {
    return make([&](const OperandInfo& o) -> Operand {
      if (o.may_be_mem() || o.kind == OperandKind::kAddress) return memory;
      return register_operand(o, next_register());
    });
  }

  bool may_have_memory() const {
    for (const OperandInfo& o : row_.operands()) {
      if (o.may_be_mem() || o.kind == OperandKind::kAddress) return true;
    }
    return false;
  }
  bool must_have_memory() const {
    for (const OperandInfo& o : row_.operands()) {
      if (o.kind == OperandKind::kMem || o.kind == OperandKind::kAddress) return true;
    }
    return false;
  }

 private:
  template <class Choose>
  Instance make(Choose choose) {
    Instance x{inst_, size_, {}};
    for (const OperandInfo& o : row_.operands()) {
      if (o.kind == OperandKind::kImm) {
        x.operands.push_back(Operand(imms_[turn_++ % imms_.size()]));
      } else if (o.kind == OperandKind::kCond) {
        x.operands.push_back(static_cast<Cond>(cond_++ % 16));
      } else {
        x.operands.push_back(choose(o));
      }
    }
    return x;
  }

  static Operand register_operand(const OperandInfo& o, u32 number) {
    u8 n = static_cast<u8>(number);
    if (o.kind == OperandKind::kXmm || o.kind == OperandKind::kXmmMem) return Xmm{n};
    if (o.kind == OperandKind::kYmm || o.kind == OperandKind::kYmmMem) return Ymm{n};
    return Gpr{n};
  }

  u32 next_register() { return (register_ += 7) % kRegisterCount; }

  Inst inst_;
  const InstInfo& row_;
  Size size_;
  std::vector<i64> imms_;
  u32 turn_ = 0;
  u32 cond_ = 0;
  u32 register_ = 0;
};

/// An assembler that may emit everything.
inline CpuFeatures all_features() {
  CpuFeatures f;
  for (u32 i = 0; i < assembly::kCpuFeatureCount; ++i) f = f.with(static_cast<CpuFeature>(i));
  return f;
}

inline Inst inst_at(u32 i) {
  return static_cast<Inst>(i);
}

}  // namespace wazuka::x64
