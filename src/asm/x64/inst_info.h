// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// What a row of insts.def means: the data types; inst.h has the values.
#pragma once

#include <array>
#include <span>
#include <string_view>

#include "asm/cpu_features.h"
#include "asm/x64/regs.h"
#include "base/ints.h"

namespace wazuka::x64 {

/// What an operand may be.
enum class OperandKind : u8 {
  kNone,
  kGpr,
  kGprMem,
  kMem,
  kAddress,
  kXmm,
  kXmmMem,
  kYmm,
  kYmmMem,
  kImm,
  kCond
};

/// What the instruction does to it. kMaybeWrite: reads it, and the old value may stay.
enum class Access : u8 { kRead, kWrite, kReadWrite, kMaybeWrite };
constexpr bool reads(Access a) {
  return a != Access::kWrite;
}
constexpr bool writes(Access a) {
  return a != Access::kRead;
}

/// Where it is encoded.
enum class Field : u8 { kNone, kReg, kRm, kVex, kOpcode, kIs4, kImm, kCond };

/// Width as the Size argument says; everything below is a number of bits.
inline constexpr u16 kBySize = 0;

struct OperandInfo {
  OperandKind kind = OperandKind::kNone;
  Access access = Access::kRead;
  Field field = Field::kNone;
  u16 reg_bits = 0;  // if it is a register: how much of it is meant; or kBySize
  u16 mem_bits = 0;  // if it is in memory: how much is accessed; or kBySize

  constexpr bool may_be_mem() const {
    return kind == OperandKind::kMem || kind == OperandKind::kGprMem ||
           kind == OperandKind::kXmmMem || kind == OperandKind::kYmmMem;
  }
  constexpr bool may_be_reg() const {
    return kind == OperandKind::kGpr || kind == OperandKind::kGprMem || kind == OperandKind::kXmm ||
           kind == OperandKind::kXmmMem || kind == OperandKind::kYmm ||
           kind == OperandKind::kYmmMem;
  }
  constexpr bool is_vector() const {
    return kind >= OperandKind::kXmm && kind <= OperandKind::kYmmMem;
  }
};

enum class ImmKind : u8 {
  kNone,
  kU8,
  kU16,
  kShort,  // like kSized, or 8 bits with another opcode if the value fits
  kSized,  // 8, 16 or 32 bits, sign-extended to 64
  kS32,
  kU32,
  kI64,
  kRel8,
  kRel32,
};

enum class Prefixes : u8 { kLegacy, kVex, kEvex };
enum class Map : u8 { kOne, k0F, k0F38, k0F3A };  // numbered as in VEX.mmmmm
enum class Pp : u8 { kNone, k66, kF3, kF2 };      // numbered as in VEX.pp

/// How the bytes are made.
struct Encoding {
  Prefixes prefixes = Prefixes::kLegacy;
  Map map = Map::kOne;
  Pp pp = Pp::kNone;
  u8 opcode = 0;
  bool lock = false;
  bool w = false;          // REX.W, VEX.W
  u8 vector_length = 0;    // VEX.L: 0: 128 or ignored, 1: 256
  bool needs_vl = false;   // EVEX of 128 or 256 bits
  bool sized = false;      // takes a Size argument
  bool byte_size = false;  // … which may be k8: then opcode is that of the wider sizes
  bool word_size = false;  // … or k16
  bool has_modrm = false;
  bool has_rm = false;        // an operand is in ModRM.rm
  u8 modrm = 0;               // the constant bits of ModRM: /digit << 3, or the whole byte
  bool opcode_reg = false;    // a register is added to the opcode
  bool cond = false;          // a condition is added to the opcode
  bool is4 = false;           // a register is in bits 4–7 of a byte at the end
  bool reg_is_byte = false;   // ModRM.reg is a general register of 8 bits, whatever the Size
  bool rm_is_byte = false;    // ModRM.rm likewise
  bool reg_is_sized = false;  // ModRM.reg is a general register of 8 bits if the Size says so
  bool rm_is_sized = false;   // ModRM.rm likewise
  u16 mem_bits = 0;           // of the memory operand, for EVEX's scaled displacements
  ImmKind imm = ImmKind::kNone;
};

/// Registers and memory that are used without being named. Sets of general registers have bit 0 for
/// rax, and so on in the order of their codes.
struct Implicit {
  u16 reads = 0;
  u16 writes = 0;  // also what may be written; the register is then in `reads` as well
  bool reads_xmm0 = false;
  bool reads_flags = false;  // the status flags
  bool writes_flags = false;
  bool keeps_flags = false;  // may leave some or all of the flags that it writes as they were
  u16 mem_reads = 0;         // memory at the address in these registers
  u16 mem_writes = 0;
};

inline constexpr u32 kMaxOperands = 4;
inline constexpr std::array kAllSizes = {Size::k8, Size::k16, Size::k32, Size::k64};

/// A row as it is written.
struct InstRow {
  std::string_view id, function, operands, encoding;
  assembly::CpuFeature feature;
};

/// A row as it is meant.
struct InstInfo {
  std::string_view id;
  std::string_view function;
  Encoding enc;
  std::array<OperandInfo, kMaxOperands> operand{};
  u8 operand_count = 0;
  Implicit implicit;
  assembly::CpuFeature feature = assembly::CpuFeature::kBase;

  constexpr std::span<const OperandInfo> operands() const {
    return std::span(operand).first(operand_count);
  }
  /// Bits of a register operand, given the Size argument (k64 if the row has none).
  static constexpr u32 reg_bits(const OperandInfo& o, Size size) {
    return o.reg_bits == kBySize ? bits(size) : o.reg_bits;
  }
  /// Bits of memory that the operand reads or writes if it is in memory.
  static constexpr u32 mem_bits(const OperandInfo& o, Size size) {
    return o.mem_bits == kBySize ? bits(size) : o.mem_bits;
  }
  /// The values that the Size argument may have, ascending; k64 if there is none.
  constexpr std::span<const Size> sizes() const {
    constexpr const Size* all = kAllSizes.data();
    if (!enc.sized) return {all + 3, 1};
    u32 first = enc.byte_size ? 0 : enc.word_size ? 1 : 2;
    return {all + first, 4 - first};
  }
  constexpr bool allows(Size size) const {
    if (!enc.sized) return size == Size::k64;
    return (size != Size::k8 || enc.byte_size) && (size != Size::k16 || enc.word_size);
  }
};

}  // namespace wazuka::x64
