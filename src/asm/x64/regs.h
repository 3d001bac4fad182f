// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Registers, operand sizes and conditions of x86-64: distinct types, so that an XMM register cannot
// be passed where a general one is meant. Register names are the manual's, in namespace x64.
#pragma once

#include "base/ints.h"

namespace wazuka::x64 {

/// A general register, whatever part of it an instruction uses (rax, eax, ax and al are kRax).
enum class Gpr : u8 {};
enum class Xmm : u8 {};
/// An XMM register with its upper half, for the few instructions that use all 256 bits.
enum class Ymm : u8 {};

inline constexpr u32 kRegisterCount = 16;  // of each kind

constexpr u8 code(Gpr r) {
  return static_cast<u8>(r);
}
constexpr u8 code(Xmm r) {
  return static_cast<u8>(r);
}
constexpr u8 code(Ymm r) {
  return static_cast<u8>(r);
}

inline constexpr Gpr rax{0}, rcx{1}, rdx{2}, rbx{3}, rsp{4}, rbp{5}, rsi{6}, rdi{7};
inline constexpr Gpr r8{8}, r9{9}, r10{10}, r11{11}, r12{12}, r13{13}, r14{14}, r15{15};
inline constexpr Xmm xmm0{0}, xmm1{1}, xmm2{2}, xmm3{3}, xmm4{4}, xmm5{5}, xmm6{6}, xmm7{7};
inline constexpr Xmm xmm8{8}, xmm9{9}, xmm10{10}, xmm11{11}, xmm12{12}, xmm13{13}, xmm14{14};
inline constexpr Xmm xmm15{15};

constexpr Ymm whole(Xmm r) {
  return Ymm{code(r)};
}

/// Operand size of an integer instruction. A 32-bit result zeroes the upper half of its register,
/// an 8- or 16-bit one leaves the rest alone.
enum class Size : u8 { k8, k16, k32, k64 };
inline constexpr Size k8 = Size::k8, k16 = Size::k16, k32 = Size::k32, k64 = Size::k64;
constexpr u32 bits(Size s) {
  return 8u << static_cast<u32>(s);
}

/// Condition codes as the manual numbers them. Unordered floating-point comparisons (comis*,
/// ucomis*) set P, and use the conditions for unsigned integers.
enum class Cond : u8 { kO, kNo, kB, kAe, kE, kNe, kBe, kA, kS, kNs, kP, kNp, kL, kGe, kLe, kG };

constexpr Cond negate(Cond c) {
  return static_cast<Cond>(static_cast<u8>(c) ^ 1);
}

/// The condition that holds of (b, a) exactly when c holds of (a, b). Not for O, S, P.
constexpr Cond swap_operands(Cond c) {
  constexpr Cond kSwapped[] = {Cond::kO,  Cond::kNo, Cond::kA,  Cond::kBe, Cond::kE, Cond::kNe,
                               Cond::kAe, Cond::kB,  Cond::kS,  Cond::kNs, Cond::kP, Cond::kNp,
                               Cond::kG,  Cond::kLe, Cond::kGe, Cond::kL};
  return kSwapped[static_cast<u8>(c)];
}

}  // namespace wazuka::x64
