// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Memory operands, in two worlds that do not mix.
//
// `Mem` is for memory of the engine: frames, contexts, tables. `HeapMem` is for memory that the
// guest addresses, and can only be made of a `HeapBase` and a proof that the index is in range of
// the reservation: a `ZextIndex` (a register whose upper 32 bits are zero, so that the access ends
// within 4 GiB + offset of the base: reserved, and guarded), a `CheckedIndex` (compared with the
// bound by code just before) or a constant. Proofs come only from the assembler functions that emit
// the instruction that makes them true; sandbox escapes of other engines were missing extensions
// that nothing in the types of the compiler objected to.
//
// What a proof does not say is for how long it holds: until the register is written again. ZextSet
// keeps proofs for registers and forgets them on writes; nothing else should keep one for long.
//
// A Mem is encoded when it is made, not when it is used (ModRM without the reg field, SIB,
// lengths):
//   shape:  bit 0 REX.B, bit 1 REX.X, bit 2 has SIB, bits 4–6 bytes of displacement (0, 1, 4)
// Emission is then free of branches, and most of the encoding is done at compile time of the
// compiler.
#pragma once

#include <cassert>
#include <cstdlib>
#include <optional>

#include "asm/label.h"
#include "asm/x64/regs.h"
#include "base/ints.h"

namespace wazuka::x64 {

/// Factor of the index register.
enum class Scale : u8 { k1, k2, k4, k8 };

class Mem {
 public:
  /// [base + disp]
  constexpr explicit Mem(Gpr base, i32 disp = 0) : disp_(disp) {
    u8 b = code(base);
    bool sib = (b & 7) == kRmSib;  // rsp and r12 can be named only in a SIB byte
    u8 mod = choose_mod(b, disp);
    modrm_ = static_cast<u8>(mod << 6 | (b & 7));
    sib_ = kSibNoIndex << 3 | (kRmSib & 7);
    shape_ = make_shape(b >> 3, 0, sib, mod == 0 ? 0 : mod == 1 ? 1 : 4);
  }

  /// [base + index * scale + disp]; the index is any register but rsp.
  constexpr Mem(Gpr base, Gpr index, Scale scale, i32 disp = 0) : disp_(disp) {
    assert(index != rsp);
    u8 b = code(base), i = code(index);
    u8 mod = choose_mod(b, disp);
    modrm_ = static_cast<u8>(mod << 6 | kRmSib);
    sib_ = static_cast<u8>(static_cast<u8>(scale) << 6 | (i & 7) << 3 | (b & 7));
    shape_ = make_shape(b >> 3, i >> 3, true, mod == 0 ? 0 : mod == 1 ? 1 : 4);
  }

  /// [index * scale + disp]: no base, for lea.
  static constexpr Mem scaled(Gpr index, Scale scale, i32 disp) {
    assert(index != rsp);
    u8 i = code(index);
    Mem m;
    m.modrm_ = kRmSib;
    m.sib_ = static_cast<u8>(static_cast<u8>(scale) << 6 | (i & 7) << 3 | kRmNoBase);
    m.shape_ = make_shape(0, i >> 3, true, 4);
    m.disp_ = disp;
    return m;
  }

  /// The same address and `delta` bytes. The sum of the displacements must fit 32 bits.
  constexpr Mem plus(i32 delta) const {
    i32 disp = disp_ + delta;
    if (!has_base()) return scaled(*index(), scale(), disp);
    return index() ? Mem(base(), *index(), scale(), disp) : Mem(base(), disp);
  }

  // The parts, for printing, for checks, and for encodings that scale displacements.
  constexpr bool is_rip_relative() const { return (modrm_ >> 6) == 0 && (modrm_ & 7) == 5; }
  constexpr bool has_base() const { return !is_rip_relative() && !(has_sib() && no_base()); }
  constexpr Gpr base() const {
    u8 low = has_sib() ? sib_ & 7 : modrm_ & 7;
    return Gpr{static_cast<u8>((shape_ & 1) << 3 | low)};
  }
  constexpr std::optional<Gpr> index() const {
    u8 i = static_cast<u8>((shape_ & 2) << 2 | (sib_ >> 3 & 7));
    if (!has_sib() || i == kSibNoIndex) return std::nullopt;
    return Gpr{i};
  }
  constexpr Scale scale() const { return static_cast<Scale>(sib_ >> 6); }
  constexpr i32 disp() const { return disp_; }

  // As encoded (see above).
  constexpr u8 modrm() const { return modrm_; }
  constexpr u8 sib() const { return sib_; }
  constexpr u8 rex_xb() const { return shape_ & 3; }
  constexpr u8 sib_bytes() const { return shape_ >> 2 & 1; }
  constexpr u8 disp_bytes() const { return shape_ >> 4; }

  friend constexpr bool operator==(const Mem&, const Mem&) = default;

 private:
  friend struct RipMem;

  static constexpr u8 kRmSib = 4;     // in ModRM.rm: a SIB byte follows
  static constexpr u8 kRmNoBase = 5;  // with mod 0, in ModRM.rm: rip; in SIB.base: none
  static constexpr u8 kSibNoIndex = 4;

  constexpr Mem() = default;

  static constexpr u8 choose_mod(u8 base, i32 disp) {
    if (disp == 0 && (base & 7) != kRmNoBase) return 0;  // rbp and r13 always have a displacement
    return disp == static_cast<i8>(disp) ? 1 : 2;
  }
  static constexpr u8 make_shape(u8 rex_b, u8 rex_x, bool sib, u8 disp_bytes) {
    return static_cast<u8>(rex_b | rex_x << 1 | (sib ? 4 : 0) | disp_bytes << 4);
  }
  constexpr bool has_sib() const { return (shape_ & 4) != 0; }
  constexpr bool no_base() const { return (modrm_ >> 6) == 0 && (sib_ & 7) == kRmNoBase; }

  u8 modrm_ = 0;
  u8 sib_ = 0;
  u8 shape_ = 0;
  i32 disp_ = 0;
};
static_assert(sizeof(Mem) == 8);

/// [rip + distance] to a label (code, or a constant after it; it must live until it is bound), or
/// to something outside that is known when the code is placed: a site is noted then.
struct RipMem {
  assembly::Label* label = nullptr;
  u32 kind = 0;     // of the site, if there is no label
  u64 payload = 0;  // likewise

  static constexpr RipMem to(assembly::Label& label) { return {.label = &label}; }
  static constexpr RipMem outside(u32 kind, u64 payload) {
    return {.kind = kind, .payload = payload};
  }

  static constexpr Mem encoded() {
    Mem m;
    m.modrm_ = Mem::kRmNoBase;
    m.shape_ = Mem::make_shape(0, 0, false, 4);
    return m;
  }
};

/// A register that holds the address of a heap. Made by Assembler::heap_base().
class HeapBase {
 public:
  constexpr Gpr reg() const { return reg_; }

 private:
  friend class Assembler;
  constexpr explicit HeapBase(Gpr reg) : reg_(reg) {}
  Gpr reg_;
};

/// A register whose upper 32 bits are zero. Made by the functions of Assembler that emit an
/// instruction which zeroes them; kept by ZextSet.
class ZextIndex {
 public:
  constexpr Gpr reg() const { return reg_; }

 private:
  friend class Assembler;
  friend class ZextSet;
  constexpr explicit ZextIndex(Gpr reg) : reg_(reg) {}
  Gpr reg_;
};

/// A register that has just been compared with the bound of a heap. Made by
/// Assembler::check_index().
class CheckedIndex {
 public:
  constexpr Gpr reg() const { return reg_; }

 private:
  friend class Assembler;
  constexpr explicit CheckedIndex(Gpr reg) : reg_(reg) {}
  Gpr reg_;
};

/// The registers that are known to have zero in their upper half: the memory of a compiler that
/// learns it when it emits a value and uses it when it emits an access. Whoever writes to a
/// register (calls included) must erase it first; in doubt, erase.
class ZextSet {
 public:
  void insert(ZextIndex index) { bits_ |= bit(index.reg()); }
  void erase(Gpr reg) { bits_ &= static_cast<u16>(~bit(reg)); }
  void clear() { bits_ = 0; }
  std::optional<ZextIndex> find(Gpr reg) const {
    if ((bits_ & bit(reg)) == 0) return std::nullopt;
    return ZextIndex(reg);
  }
  /// Where control flow meets: what is known on both ways.
  void intersect(const ZextSet& other) { bits_ &= other.bits_; }

 private:
  static u16 bit(Gpr reg) { return static_cast<u16>(1u << code(reg)); }
  u16 bits_ = 0;
};

/// [heap base + index + offset]. Offsets are unsigned; those from kOffsetLimit on do not fit the
/// displacement and must be added to the index (and checked) by other means.
class HeapMem {
 public:
  static constexpr u32 kOffsetLimit = u32{1} << 31;

  static HeapMem at(HeapBase base, ZextIndex index, u32 offset) {
    return HeapMem(Mem(base.reg(), index.reg(), Scale::k1, checked(offset)));
  }
  static HeapMem at(HeapBase base, CheckedIndex index, u32 offset) {
    return HeapMem(Mem(base.reg(), index.reg(), Scale::k1, checked(offset)));
  }
  static HeapMem at(HeapBase base, u32 constant_index, u32 offset) {
    return HeapMem(Mem(base.reg(), checked(u64{constant_index} + offset)));
  }

  constexpr const Mem& mem() const { return mem_; }

 private:
  explicit HeapMem(Mem mem) : mem_(mem) {}

  // Kept in release builds: a negative displacement would reach below the heap.
  static i32 checked(u64 offset) {
    if (offset >= kOffsetLimit) std::abort();
    return static_cast<i32>(offset);
  }

  Mem mem_;
};

}  // namespace wazuka::x64
