// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "asm/x64/assembler.h"

#include <algorithm>

namespace wazuka::x64 {
namespace {

bool kind_matches(const OperandInfo& o, const Operand& operand) {
  switch (operand.kind()) {
    case Operand::Kind::kGpr: return operand_accepts<Gpr>(o);
    case Operand::Kind::kXmm: return operand_accepts<Xmm>(o);
    case Operand::Kind::kYmm: return operand_accepts<Ymm>(o);
    case Operand::Kind::kMem: return operand_accepts<Mem>(o);
    case Operand::Kind::kRipMem: return operand_accepts<RipMem>(o);
    case Operand::Kind::kImm: return operand_accepts<i64>(o);
    case Operand::Kind::kCond: return operand_accepts<Cond>(o);
  }
  return false;
}

}  // namespace

bool accepts(const InstInfo& row, Size size, std::span<const Operand> operands) {
  if (!row.allows(size) || operands.size() != row.operand_count) return false;
  for (u32 i = 0; i < row.operand_count; ++i) {
    if (!kind_matches(row.operand[i], operands[i])) return false;
    if (operands[i].kind() == Operand::Kind::kImm &&
        !encode_detail::imm_fits(row.enc.imm, size, operands[i].imm())) {
      return false;
    }
  }
  return true;
}

void Assembler::emit(Inst inst, Size size, std::span<const Operand> operands) {
  const InstInfo& row = info(inst);
  assert(accepts(row, size, operands) && supported(row, features_));
  Fields f;
  f.size = size;
  RipMem target;
  bool has_target = false;
  for (u32 i = 0; i < row.operand_count; ++i) {
    const Operand& o = operands[i];
    switch (o.kind()) {
      case Operand::Kind::kGpr:
      case Operand::Kind::kXmm:
      case Operand::Kind::kYmm: set_register(f, row.operand[i].field, o.number()); break;
      case Operand::Kind::kMem: set_memory(f, o.mem()); break;
      case Operand::Kind::kRipMem:
        set_memory(f, RipMem::encoded());
        target = o.rip_mem();
        has_target = true;
        break;
      case Operand::Kind::kImm: f.imm = o.imm(); break;
      case Operand::Kind::kCond: f.cond = o.number(); break;
    }
  }
  code_.end(encode(code_.begin(), row.enc, f));
  if (has_target) refer(target, row, f);
}

void Assembler::refer(const RipMem& target, const InstInfo& row, const Fields& f) {
  u32 trailing = trailing_bytes(row.enc, f);
  u32 field = offset() - trailing - 4;
  if (target.label != nullptr) return code_.refer_far(*target.label, field, trailing);
  code_.patch_u32(field, -(4 + trailing));
  code_.note_at(field, target.kind, target.payload);
}

void Assembler::jmp(Label& target, Reach reach) {
  if (target.is_bound()) {
    i64 distance = i64{target.position()} - (offset() + 2);
    if (distance == static_cast<i8>(distance)) return jmp_rel8(distance);
    return jmp_rel32(distance - 3);
  }
  if (reach == Reach::kShort) {
    jmp_rel8(0);
    code_.refer_near(target, offset() - 1);
  } else {
    jmp_rel32(0);
    code_.refer_far(target, offset() - 4);
  }
}

void Assembler::jcc(Cond cond, Label& target, Reach reach) {
  if (target.is_bound()) {
    i64 distance = i64{target.position()} - (offset() + 2);
    if (distance == static_cast<i8>(distance)) return j_rel8(cond, distance);
    return j_rel32(cond, distance - 4);
  }
  if (reach == Reach::kShort) {
    j_rel8(cond, 0);
    code_.refer_near(target, offset() - 1);
  } else {
    j_rel32(cond, 0);
    code_.refer_far(target, offset() - 4);
  }
}

void Assembler::call(Label& target) {
  call_rel32(0);
  code_.refer_far(target, offset() - 4);
}

void Assembler::distance_to(Label& target) {
  code_.append_u32(0);
  code_.refer_far(target, offset() - 4);
}

void Assembler::call_outside(u32 kind, u64 payload) {
  call_rel32(-4);
  code_.note_at(offset() - 4, kind, payload);
}

void Assembler::jmp_outside(u32 kind, u64 payload) {
  jmp_rel32(-4);
  code_.note_at(offset() - 4, kind, payload);
}

void Assembler::load_imm(Gpr dst, u64 value) {
  if (value == static_cast<u32>(value)) {
    mov_u32(dst, value);
  } else if (static_cast<i64>(value) == static_cast<i32>(value)) {
    mov_s32(dst, static_cast<i64>(value));
  } else {
    mov_i64(dst, value);
  }
}

// The sequences that the manuals of Intel and AMD both recommend.
void Assembler::nops(u32 bytes) {
  static constexpr u32 kLongest = 9;
  static constexpr u8 kNops[kLongest][kLongest] = {
      {0x90},
      {0x66, 0x90},
      {0x0f, 0x1f, 0x00},
      {0x0f, 0x1f, 0x40, 0x00},
      {0x0f, 0x1f, 0x44, 0x00, 0x00},
      {0x66, 0x0f, 0x1f, 0x44, 0x00, 0x00},
      {0x0f, 0x1f, 0x80, 0x00, 0x00, 0x00, 0x00},
      {0x0f, 0x1f, 0x84, 0x00, 0x00, 0x00, 0x00, 0x00},
      {0x66, 0x0f, 0x1f, 0x84, 0x00, 0x00, 0x00, 0x00, 0x00},
  };
  while (bytes != 0) {
    u32 n = std::min(bytes, kLongest);
    code_.append(std::span(kNops[n - 1]).first(n));
    bytes -= n;
  }
}

void Assembler::align(u32 alignment) {
  assert((alignment & (alignment - 1)) == 0);
  nops(-offset() & (alignment - 1));
}

CodeBuffer::Failure Assembler::finish() {
  static constexpr u8 kInt3 = 0xcc;
  if (!pool_.empty()) pool_.place(code_, kInt3);
  assert(code_.open_labels() == 0 || code_.failure() != CodeBuffer::Failure::kNone);
  return code_.failure();
}

u32 Assembler::alignment() const {
  return std::max(16u, pool_.alignment());
}

void Assembler::reset() {
  code_.reset();
  pool_.reset();
}

}  // namespace wazuka::x64
