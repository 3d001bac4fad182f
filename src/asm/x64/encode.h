// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// From operands sorted into fields to bytes. Every function here is inlined: called with a constant
// Encoding (x64::Assembler) what remains of it is a handful of shifts and one 64-bit store per
// instruction; called with a variable one (emission by table) it is an ordinary encoder. Bytes up
// to kSlack beyond the end of the instruction are overwritten with anything.
//
// Why one store: prefixes are optional (REX, operand size), so the length is known only when the
// operands are, and a byte written is a byte to find a place for. The bytes of an instruction up to
// ModRM fit a register; they are put together there, shifted by one byte if no REX is needed.
#pragma once

#include <cassert>
#include <cstring>

#include "asm/x64/inst_info.h"
#include "asm/x64/mem.h"
#include "base/ints.h"

// Functions that must be inlined to be worth anything, except in unoptimised builds: there they
// would only make everything large and slow.
#if defined(__OPTIMIZE__)
#define WAZUKA_EMITTER [[gnu::always_inline]] inline
#else
#define WAZUKA_EMITTER inline
#endif

namespace wazuka::x64 {

/// Operands in the fields of the encoding that they go to.
struct Fields {
  Size size = Size::k64;  // where there is no Size argument it must stay so
  u8 reg = 0;             // ModRM.reg, or the register in the opcode
  u8 rm = 0;              // ModRM.rm, if it is a register
  u8 vex = 0;             // VEX.vvvv
  u8 is4 = 0;
  u8 cond = 0;
  bool rm_is_mem = false;
  Mem mem = RipMem::encoded();  // ModRM.rm, if it is memory
  i64 imm = 0;
};

namespace encode_detail {

WAZUKA_EMITTER void store32(u8* p, u32 v) {
  std::memcpy(p, &v, 4);
}
WAZUKA_EMITTER void store64(u8* p, u64 v) {
  std::memcpy(p, &v, 8);
}

/// Bytes in memory order, collected in a register.
struct Bytes {
  u64 word = 0;
  u32 count = 0;

  WAZUKA_EMITTER constexpr void add(u32 byte) {
    word |= u64{byte} << (8 * count);
    ++count;
  }
};

WAZUKA_EMITTER u32 imm_bytes(ImmKind kind, Size size, i64 imm) {
  switch (kind) {
    case ImmKind::kNone: return 0;
    case ImmKind::kU8:
    case ImmKind::kRel8: return 1;
    case ImmKind::kU16: return 2;
    case ImmKind::kS32:
    case ImmKind::kU32:
    case ImmKind::kRel32: return 4;
    case ImmKind::kI64: return 8;
    case ImmKind::kShort:
      if (imm == static_cast<i8>(imm)) return 1;
      [[fallthrough]];
    case ImmKind::kSized: return size == Size::k8 ? 1 : size == Size::k16 ? 2 : 4;
  }
  return 0;
}

/// Whether the immediate is one that the instruction can have. Values of narrow operations may be
/// given as signed or unsigned numbers.
constexpr bool imm_fits(ImmKind kind, Size size, i64 imm) {
  switch (kind) {
    case ImmKind::kNone: return imm == 0;
    case ImmKind::kU8: return imm >= -128 && imm <= 255;
    case ImmKind::kRel8: return imm == static_cast<i8>(imm);
    case ImmKind::kU16: return imm >= 0 && imm <= 0xffff;
    case ImmKind::kS32:
    case ImmKind::kRel32: return imm == static_cast<i32>(imm);
    case ImmKind::kU32: return imm == static_cast<i32>(imm) || imm == static_cast<u32>(imm);
    case ImmKind::kI64: return true;
    case ImmKind::kShort:
    case ImmKind::kSized: {
      if (size == Size::k64) return imm == static_cast<i32>(imm);
      u32 width = bits(size);
      return imm >= -(i64{1} << (width - 1)) && imm < (i64{1} << width);
    }
  }
  return false;
}

/// An immediate given as an unsigned number has the form that is the same signed one.
WAZUKA_EMITTER i64 normalize_imm(ImmKind kind, Size size, i64 imm) {
  if (kind != ImmKind::kShort) return imm;
  return size == Size::k16   ? static_cast<i16>(imm)
         : size == Size::k32 ? static_cast<i32>(imm)
                             : imm;
}

/// The low bit of the opcode says that the operation is wider than a byte; the next one, in the
/// group of instructions with kShort, that the immediate is a byte.
WAZUKA_EMITTER u32 opcode_of(const Encoding& e, const Fields& f, u32 imm_size) {
  u32 opcode = e.opcode;
  if (e.byte_size) opcode -= f.size == Size::k8 ? 1 : 0;
  if (e.imm == ImmKind::kShort && imm_size == 1)
    opcode |= e.byte_size && f.size == Size::k8 ? 0 : 2;
  if (e.cond) opcode |= f.cond;
  if (e.opcode_reg) opcode |= f.reg & 7u;
  return opcode;
}

/// ModRM of an instruction without memory operand.
WAZUKA_EMITTER u32 register_modrm(const Encoding& e, const Fields& f) {
  if (!e.has_rm) return e.modrm;
  return 0xc0u | e.modrm | (f.reg & 7u) << 3 | (f.rm & 7u);
}

/// Without REX, codes 4 to 7 of byte registers mean ah, ch, dh and bh.
WAZUKA_EMITTER bool needs_rex_as_byte(const Encoding& e, const Fields& f) {
  bool byte = f.size == Size::k8;
  bool reg = e.reg_is_byte || (e.reg_is_sized && e.byte_size && byte);
  bool rm = e.rm_is_byte || (e.rm_is_sized && e.byte_size && byte);
  return (reg && f.reg >= 4) || (rm && !f.rm_is_mem && f.rm >= 4);
}

WAZUKA_EMITTER u8* put_legacy_head(u8* p, const Encoding& e, const Fields& f, u32 imm_size) {
  constexpr u8 kPp[] = {0, 0x66, 0xf3, 0xf2};
  constexpr u8 kSecond[] = {0, 0, 0x38, 0x3a};
  if (e.lock) *p++ = 0xf0;
  if (e.word_size) {
    *p = 0x66;
    p += f.size == Size::k16 ? 1 : 0;
  }
  if (e.pp != Pp::kNone) *p++ = kPp[static_cast<u8>(e.pp)];

  bool w = e.w || (e.sized && f.size == Size::k64);
  u32 rex_b = e.opcode_reg ? f.reg >> 3 : f.rm_is_mem ? f.mem.rex_xb() : f.rm >> 3;
  u32 rex_r = e.opcode_reg ? 0 : f.reg >> 3;
  u32 rex = (w ? 8u : 0u) | rex_r << 2 | rex_b;
  bool has_rex = rex != 0 || needs_rex_as_byte(e, f);
  Bytes b;
  b.add(0x40 | rex);
  if (e.map != Map::kOne) b.add(0x0f);
  if (e.map > Map::k0F) b.add(kSecond[static_cast<u8>(e.map)]);
  b.add(opcode_of(e, f, imm_size));
  if (e.has_modrm && !f.rm_is_mem) b.add(register_modrm(e, f));
  store64(p, has_rex ? b.word : b.word >> 8);
  return p + b.count - (has_rex ? 0 : 1);
}

/// The two-byte prefix does for map 0F, W = 0 and ModRM.rm without extension.
WAZUKA_EMITTER u8* put_vex_head(u8* p, const Encoding& e, const Fields& f) {
  bool w = e.w || (e.sized && f.size == Size::k64);
  u32 xb = f.rm_is_mem ? f.mem.rex_xb() : f.rm >> 3;
  u32 not_r = ~(f.reg >> 3) & 1;
  u32 last = (~f.vex & 15) << 3 | u32{e.vector_length} << 2 | static_cast<u32>(e.pp);
  bool small = e.map == Map::k0F && !w && xb == 0;
  Bytes three, two;
  three.add(0xc4);
  three.add(not_r << 7 | (~xb & 3) << 5 | static_cast<u32>(e.map));
  three.add((w ? 0x80u : 0u) | last);
  two.add(0xc5);
  two.add(not_r << 7 | last);
  Bytes rest;
  rest.add(e.opcode);
  if (e.has_modrm && !f.rm_is_mem) rest.add(register_modrm(e, f));
  u64 long_form = three.word | rest.word << 24;
  u64 short_form = two.word | rest.word << 16;
  store64(p, small ? short_form : long_form);
  return p + rest.count + (small ? 2 : 3);
}

/// Without masking, broadcasts and registers 16 to 31.
WAZUKA_EMITTER u8* put_evex_head(u8* p, const Encoding& e, const Fields& f) {
  bool w = e.w || (e.sized && f.size == Size::k64);
  u32 xb = f.rm_is_mem ? f.mem.rex_xb() : f.rm >> 3;
  u32 not_r = ~(f.reg >> 3) & 1;
  Bytes b;
  b.add(0x62);
  b.add(not_r << 7 | (~xb & 3) << 5 | 0x10 | static_cast<u32>(e.map));
  b.add((w ? 0x80u : 0u) | (~f.vex & 15) << 3 | 4 | static_cast<u32>(e.pp));
  b.add(u32{e.vector_length} << 5 | 8);
  b.add(e.opcode);
  if (!f.rm_is_mem) b.add(register_modrm(e, f));
  store64(p, b.word);
  return p + b.count;
}

WAZUKA_EMITTER u8* put_mem(u8* p, u32 reg_or_digit, const Mem& m) {
  p[0] = static_cast<u8>(m.modrm() | reg_or_digit);
  p[1] = m.sib();
  p += 1 + m.sib_bytes();
  store32(p, static_cast<u32>(m.disp()));
  return p + m.disp_bytes();
}

/// EVEX counts an 8-bit displacement in units of the memory operand.
inline u8* put_evex_mem(u8* p, u32 reg_or_digit, const Mem& m, u32 mem_bits) {
  i32 unit = static_cast<i32>(mem_bits / 8);
  if (m.disp_bytes() == 0 || !m.has_base()) return put_mem(p, reg_or_digit, m);
  u32 mod = m.disp() % unit == 0 && m.disp() / unit == static_cast<i8>(m.disp() / unit) ? 1 : 2;
  p[0] = static_cast<u8>((m.modrm() & 7) | mod << 6 | reg_or_digit);
  p[1] = m.sib();
  p += 1 + m.sib_bytes();
  store32(p, static_cast<u32>(mod == 1 ? m.disp() / unit : m.disp()));
  return p + (mod == 1 ? 1 : 4);
}

}  // namespace encode_detail

/// How many bytes of the instruction follow the displacement of its memory operand.
WAZUKA_EMITTER u32 trailing_bytes(const Encoding& e, const Fields& f) {
  i64 imm = encode_detail::normalize_imm(e.imm, f.size, f.imm);
  return encode_detail::imm_bytes(e.imm, f.size, imm) + (e.is4 ? 1 : 0);
}

/// Writes the instruction at p; returns its end. At least CodeBuffer::kSlack bytes must be
/// writable.
WAZUKA_EMITTER u8* encode(u8* p, const Encoding& e, const Fields& f) {
  using namespace encode_detail;
  assert(imm_fits(e.imm, f.size, f.imm));
  i64 imm = normalize_imm(e.imm, f.size, f.imm);
  u32 imm_size = imm_bytes(e.imm, f.size, imm);
  switch (e.prefixes) {
    case Prefixes::kLegacy: p = put_legacy_head(p, e, f, imm_size); break;
    case Prefixes::kVex: p = put_vex_head(p, e, f); break;
    case Prefixes::kEvex: p = put_evex_head(p, e, f); break;
  }
  if (f.rm_is_mem) {
    u32 reg_or_digit = e.modrm | (f.reg & 7u) << 3;
    u32 mem_bits = e.mem_bits == kBySize ? bits(f.size) : e.mem_bits;
    p = e.prefixes == Prefixes::kEvex ? put_evex_mem(p, reg_or_digit, f.mem, mem_bits)
                                      : put_mem(p, reg_or_digit, f.mem);
  }
  if (e.is4) *p++ = static_cast<u8>(f.is4 << 4);
  if (e.imm != ImmKind::kNone) {
    store64(p, static_cast<u64>(imm));
    p += imm_size;
  }
  return p;
}

}  // namespace wazuka::x64
