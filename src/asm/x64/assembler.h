// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// The assembler for x86-64. There is a function for each row of insts.def, with the operands of the
// row, in the order of the manual (destination first); integer instructions that come in several
// widths have a Size before them:
//
//   a.add(k32, rax, rcx);                    a.add(k64, rax, Mem(rbp, -16));     a.add(k8, mem, 1);
//   a.cmov(k64, Cond::kE, rax, rdx);         a.vaddps(xmm0, xmm1, a.constant(bytes));
//   a.mov(k32, rax, HeapMem::at(base, a.zero_extend(rcx, rdx), offset));
//
// Functions are overloaded by the types of their operands (Gpr, Xmm, Ymm, Cond, integers, and for
// memory Mem, HeapMem or RipMem); a combination that no row has does not compile. The same
// instructions can be emitted by table: emit(Inst, …).
//
// An instruction costs about ten instructions: see encode.h. Nothing is allocated per instruction.
#pragma once

#include <cassert>
#include <concepts>
#include <span>
#include <type_traits>

#include "asm/code_buffer.h"
#include "asm/const_pool.h"
#include "asm/cpu_features.h"
#include "asm/label.h"
#include "asm/x64/encode.h"
#include "asm/x64/inst.h"
#include "asm/x64/mem.h"
#include "asm/x64/regs.h"
#include "base/ints.h"

namespace wazuka::x64 {

using assembly::CodeBuffer;
using assembly::CpuFeature;
using assembly::CpuFeatures;
using assembly::Label;
using assembly::Reach;

template <class T>
inline constexpr bool kIsMemory =
    std::same_as<T, Mem> || std::same_as<T, HeapMem> || std::same_as<T, RipMem>;

template <class T>
constexpr bool operand_accepts(const OperandInfo& o) {
  if constexpr (std::same_as<T, Cond>) return o.kind == OperandKind::kCond;
  if constexpr (std::same_as<T, Gpr>) {
    return o.kind == OperandKind::kGpr || o.kind == OperandKind::kGprMem;
  }
  if constexpr (std::same_as<T, Xmm>) {
    return o.kind == OperandKind::kXmm || o.kind == OperandKind::kXmmMem;
  }
  if constexpr (std::same_as<T, Ymm>) {
    return o.kind == OperandKind::kYmm || o.kind == OperandKind::kYmmMem;
  }
  if constexpr (std::same_as<T, HeapMem>) return o.may_be_mem();
  if constexpr (kIsMemory<T>) return o.may_be_mem() || o.kind == OperandKind::kAddress;
  if constexpr (std::integral<T> && !std::same_as<T, bool>) return o.kind == OperandKind::kImm;
  return false;
}

/// Whether the row has these operands, after the Size if it has one.
template <Inst kI, class... Args>
constexpr bool takes() {
  constexpr const InstInfo& row = kInst<kI>;
  constexpr bool sized = row.enc.sized;
  if constexpr (sizeof...(Args) != row.operand_count + (sized ? 1 : 0)) {
    return false;
  } else {
    u32 i = 0;
    auto accepts = [&]<class T>(std::type_identity<T>) {
      if (sized && i == 0) {
        ++i;
        return std::same_as<T, Size>;
      }
      return operand_accepts<T>(row.operand[i++ - (sized ? 1 : 0)]);
    };
    return (true && ... && accepts(std::type_identity<Args>{}));
  }
}

/// Whether the instruction, with operands of 32 bits, always zeroes the upper half of its first
/// operand, a register.
constexpr bool zero_extends(const InstInfo& row) {
  const OperandInfo& o = row.operand[0];
  bool is_gpr = o.kind == OperandKind::kGpr || o.kind == OperandKind::kGprMem;
  bool always_writes = o.access == Access::kWrite || o.access == Access::kReadWrite;
  return is_gpr && always_writes && (o.reg_bits == 32 || o.reg_bits == kBySize);
}

/// An operand for emission by table.
class Operand {
 public:
  enum class Kind : u8 { kGpr, kXmm, kYmm, kMem, kRipMem, kImm, kCond };

  Operand(Gpr r) : kind_(Kind::kGpr), code_(code(r)) {}
  Operand(Xmm r) : kind_(Kind::kXmm), code_(code(r)) {}
  Operand(Ymm r) : kind_(Kind::kYmm), code_(code(r)) {}
  Operand(Cond c) : kind_(Kind::kCond), code_(static_cast<u8>(c)) {}
  Operand(const Mem& m) : kind_(Kind::kMem), mem_(m) {}
  Operand(const HeapMem& m) : Operand(m.mem()) {}
  Operand(RipMem m) : kind_(Kind::kRipMem), rip_mem_(m) {}
  explicit Operand(i64 imm) : kind_(Kind::kImm), imm_(imm) {}

  Kind kind() const { return kind_; }
  u8 number() const { return code_; }  // of the register or condition
  const Mem& mem() const { return mem_; }
  const RipMem& rip_mem() const { return rip_mem_; }
  i64 imm() const { return imm_; }

 private:
  Kind kind_;
  u8 code_ = 0;
  Mem mem_ = RipMem::encoded();
  RipMem rip_mem_;
  i64 imm_ = 0;
};

/// Whether the row takes these operands (without Size), and their immediates fit.
bool accepts(const InstInfo& row, Size size, std::span<const Operand> operands);

class Assembler {
 public:
  /// Code of more than max_bytes is refused, see finish().
  explicit Assembler(CpuFeatures features, u32 max_bytes = CodeBuffer::kMaxBytes)
      : code_(max_bytes), features_(features) {}

  // ---- instructions ----

#define INST(id, fn, operands, encoding, feature) \
  template <class... Args>                        \
    requires(takes<Inst::id, Args...>())          \
  WAZUKA_EMITTER void fn(Args... args) {          \
    emit<Inst::id>(args...);                      \
  }
#include "asm/x64/insts.def"
#undef INST

  /// The row with its Size, if it has one, and its operands.
  template <Inst kI, class... Args>
  WAZUKA_EMITTER void emit(Args... args) {
    static_assert(takes<kI, Args...>(), "the row of insts.def has other operands");
    assert(supported(kInst<kI>, features_));
    Fields f;
    RipMem target;
    [[maybe_unused]] u32 i = 0;
    (set_field(kInst<kI>, i, f, target, args), ...);
    code_.end(encode(code_.begin(), kInst<kI>.enc, f));
    if constexpr ((false || ... || std::same_as<Args, RipMem>)) refer(target, kInst<kI>, f);
  }

  /// The same by table. The operands must be such that accepts() of them is true.
  void emit(Inst inst, Size size, std::span<const Operand> operands);

  // ---- labels and jumps ----

  void bind(Label& label) { code_.bind(label); }
  void jmp(Label& target, Reach reach = Reach::kAny);
  void jcc(Cond cond, Label& target, Reach reach = Reach::kAny);
  void call(Label& target);

  /// A 32-bit word: the distance from the end of the word to the label. For tables of jumps.
  void distance_to(Label& target);

  /// Calls of and jumps to code outside, and memory operands outside (RipMem::outside): notes a
  /// site with the offset of the 32-bit field, which holds what must be added to it: once the
  /// address of the code is known, field += target - address of the field.
  void call_outside(u32 kind, u64 payload);
  void jmp_outside(u32 kind, u64 payload);

  /// A note about the next instruction.
  void note(u32 kind, u64 payload) { code_.note(kind, payload); }

  // ---- constants and padding ----

  /// dst = value, by the shortest instruction that leaves the flags alone.
  void load_imm(Gpr dst, u64 value);

  /// A constant in memory after the code. For use in the next instruction only.
  RipMem constant(u32 bits) { return constant_of(bits); }
  RipMem constant(u64 bits) { return constant_of(bits); }
  /// Of 4, 8, 16 or 32 bytes.
  RipMem constant(std::span<const u8> bytes) { return RipMem::to(pool_.add(bytes)); }

  /// Instructions without effect, of `bytes` bytes together: as few as possible.
  void nops(u32 bytes);
  /// Fills up with such to a multiple of `alignment`, a power of two.
  void align(u32 alignment);

  // ---- access to heaps (mem.h) ----

  /// Loads the address of a heap from where the engine keeps it.
  HeapBase heap_base(Gpr dst, const Mem& from) {
    mov(k64, dst, from);
    return HeapBase(dst);
  }

  /// dst = lower half of src. Emitted even if dst is src.
  ZextIndex zero_extend(Gpr dst, Gpr src) { return index<Inst::mov_rm>(dst, src); }

  /// Any instruction of 32 bits that writes dst: the proof comes with the instruction.
  template <Inst kI, class... Args>
    requires(zero_extends(kInst<kI>))
  ZextIndex index(Gpr dst, Args... args) {
    if constexpr (kInst<kI>.enc.sized) {
      emit<kI>(k32, dst, args...);
    } else {
      emit<kI>(dst, args...);
    }
    return ZextIndex(dst);
  }

  /// Compares all 64 bits of the index with a limit and jumps away if it is above: afterwards
  /// index <= limit (unsigned). The limit leaves room for offset and width of the access.
  template <class Limit>
    requires std::same_as<Limit, Gpr> || std::same_as<Limit, Mem>
  CheckedIndex check_index(Gpr index, Limit limit, Label& out_of_bounds) {
    cmp(k64, index, limit);
    jcc(Cond::kA, out_of_bounds);
    return CheckedIndex(index);
  }

  // ---- the result ----

  /// Places the constants and says whether the code is good. All labels must be bound. Afterwards
  /// bytes() and sites() are final; the code must be put at an address that is a multiple of
  /// alignment().
  CodeBuffer::Failure finish();
  std::span<const u8> bytes() const { return code_.bytes(); }
  std::span<const assembly::Site> sites() const { return code_.sites(); }
  u32 alignment() const;

  /// Empty again, for the next function.
  void reset();

  u32 offset() const { return code_.offset(); }
  CodeBuffer& buffer() { return code_; }
  CpuFeatures features() const { return features_; }
  bool has(CpuFeature f) const { return features_.has(f); }

 private:
  template <class T>
  WAZUKA_EMITTER static void set_field(const InstInfo& row, u32& i, Fields& f, RipMem& target,
                                       T arg) {
    if constexpr (std::same_as<T, Size>) {
      assert(row.allows(arg));
      f.size = arg;
      return;
    } else {
      Field field = row.operand[i++].field;
      if constexpr (std::same_as<T, Mem>) {
        set_memory(f, arg);
      } else if constexpr (std::same_as<T, HeapMem>) {
        set_memory(f, arg.mem());
      } else if constexpr (std::same_as<T, RipMem>) {
        set_memory(f, RipMem::encoded());
        target = arg;
      } else if constexpr (std::same_as<T, Cond>) {
        f.cond = static_cast<u8>(arg);
      } else if constexpr (std::integral<T>) {
        f.imm = static_cast<i64>(arg);
      } else {
        set_register(f, field, code(arg));
      }
    }
  }

  WAZUKA_EMITTER static void set_memory(Fields& f, const Mem& m) {
    f.rm_is_mem = true;
    f.mem = m;
  }

  WAZUKA_EMITTER static void set_register(Fields& f, Field field, u8 number) {
    if (field == Field::kReg || field == Field::kOpcode) f.reg = number;
    if (field == Field::kRm) f.rm = number;
    if (field == Field::kVex) f.vex = number;
    if (field == Field::kIs4) f.is4 = number;
  }

  /// The instruction just emitted has this for its memory operand.
  void refer(const RipMem& target, const InstInfo& row, const Fields& f);

  template <class T>
  RipMem constant_of(T bits) {
    u8 bytes[sizeof(T)];
    std::memcpy(bytes, &bits, sizeof(T));
    return constant(bytes);
  }

  CodeBuffer code_;
  assembly::ConstPool pool_;
  CpuFeatures features_;
};

}  // namespace wazuka::x64
