// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Reads the notation of insts.def (described there) while the compiler runs: an InstRow in, an
// InstInfo out. A row that makes no sense calls malformed_row(), which is no constant expression,
// so the compiler points at the row.
#pragma once

#include <string_view>

#include "asm/x64/inst_info.h"
#include "base/ints.h"

namespace wazuka::x64 {

void malformed_row(const char* why);  // never defined

class RowParser {
 public:
  constexpr explicit RowParser(const InstRow& row) {
    out_.id = row.id;
    out_.function = row.function;
    out_.feature = row.feature;
    parse_operands(row.operands);
    parse_encoding(row.encoding);
    check();
  }
  constexpr InstInfo result() const { return out_; }

 private:
  /// Takes what is before the separator off the text, without blanks around it.
  static constexpr std::string_view take(std::string_view& text, char separator) {
    size_t end = text.find(separator);
    std::string_view token = text.substr(0, end);
    text = end == text.npos ? std::string_view{} : text.substr(end + 1);
    while (token.starts_with(' ')) token.remove_prefix(1);
    while (token.ends_with(' ')) token.remove_suffix(1);
    return token;
  }

  static constexpr Access take_access(std::string_view& token) {
    Access a = token.starts_with('=')   ? Access::kWrite
               : token.starts_with('+') ? Access::kReadWrite
               : token.starts_with('?') ? Access::kMaybeWrite
                                        : Access::kRead;
    if (a != Access::kRead) token.remove_prefix(1);
    return a;
  }

  // ---- operands ----

  constexpr void parse_operands(std::string_view text) {
    std::string_view visible = take(text, '|');
    while (!visible.empty()) parse_operand(take(visible, ','));
    while (!text.empty()) parse_implicit(take(text, ','));
  }

  constexpr void parse_operand(std::string_view token) {
    OperandInfo o;
    o.access = take_access(token);
    if (token == "cc") {
      o.kind = OperandKind::kCond;
      o.field = Field::kCond;
      out_.enc.cond = true;
    } else if (ImmKind imm = imm_kind(token); imm != ImmKind::kNone) {
      o.kind = OperandKind::kImm;
      o.field = Field::kImm;
      out_.enc.imm = imm;
      if (imm == ImmKind::kSized || imm == ImmKind::kShort) o.reg_bits = kBySize;
    } else {
      parse_location(token, o);
    }
    if (out_.operand_count == kMaxOperands) malformed_row("too many operands");
    out_.operand[out_.operand_count++] = o;
  }

  static constexpr ImmKind imm_kind(std::string_view token) {
    constexpr std::pair<std::string_view, ImmKind> kKinds[] = {
        {"u8", ImmKind::kU8},    {"u16", ImmKind::kU16},   {"is", ImmKind::kShort},
        {"iz", ImmKind::kSized}, {"s32", ImmKind::kS32},   {"u32", ImmKind::kU32},
        {"i64", ImmKind::kI64},  {"rel8", ImmKind::kRel8}, {"rel32", ImmKind::kRel32},
    };
    for (auto [name, kind] : kKinds) {
      if (name == token) return kind;
    }
    return ImmKind::kNone;
  }

  /// A register, memory, or either.
  constexpr void parse_location(std::string_view token, OperandInfo& o) {
    if (token == "a") {
      o.kind = OperandKind::kAddress;
    } else if (token == "r32m8" || token == "r32m16") {
      o.kind = OperandKind::kGprMem;
      o.reg_bits = 32;
      o.mem_bits = token == "r32m8" ? 8 : 16;
    } else {
      char first = token.empty() ? ' ' : token[0];
      bool or_mem = token.size() > 1 && first != 'm' && token[1] == 'm';
      token.remove_prefix(or_mem ? 2 : 1);
      o.kind = location_kind(first, or_mem);
      u16 width = token.empty() ? kBySize : parse_width(token);
      o.mem_bits = width;
      o.reg_bits = first == 'x' ? 128 : first == 'y' ? 256 : width;
    }
  }

  static constexpr OperandKind location_kind(char first, bool or_mem) {
    switch (first) {
      case 'r': return or_mem ? OperandKind::kGprMem : OperandKind::kGpr;
      case 'x': return or_mem ? OperandKind::kXmmMem : OperandKind::kXmm;
      case 'y': return or_mem ? OperandKind::kYmmMem : OperandKind::kYmm;
      case 'm': return OperandKind::kMem;
      default: malformed_row("no such operand"); return OperandKind::kNone;
    }
  }

  constexpr u16 parse_width(std::string_view token) {
    Encoding& e = out_.enc;
    if (token == "*" || token == "v" || token == "y") {
      e.sized = true;
      e.byte_size |= token == "*";
      e.word_size |= token != "y";
      return kBySize;
    }
    u32 width = 0;
    for (char c : token) {
      if (c < '0' || c > '9') malformed_row("no such width");
      width = width * 10 + static_cast<u32>(c - '0');
    }
    if (width < 8 || width > 256 || (width & (width - 1)) != 0) malformed_row("no such width");
    return static_cast<u16>(width);
  }

  constexpr void parse_implicit(std::string_view token) {
    Access a = take_access(token);
    Implicit& i = out_.implicit;
    if (token == "flags") {
      i.reads_flags = a == Access::kRead || a == Access::kReadWrite;
      i.writes_flags = writes(a);
      i.keeps_flags = a == Access::kMaybeWrite;
    } else if (token == "xmm0" && a == Access::kRead) {
      i.reads_xmm0 = true;
    } else if (token.starts_with('[')) {
      u16 bit = register_bit(token.substr(1, token.size() - 2));
      if (reads(a)) i.mem_reads |= bit;
      if (writes(a)) i.mem_writes |= bit;
    } else {
      u16 bit = register_bit(token);
      if (reads(a)) i.reads |= bit;
      if (writes(a)) i.writes |= bit;
    }
  }

  static constexpr u16 register_bit(std::string_view name) {
    constexpr std::string_view kNames[] = {"rax", "rcx", "rdx", "rbx", "rsp", "rbp", "rsi", "rdi"};
    for (u32 i = 0; i < 8; ++i) {
      if (kNames[i] == name) return static_cast<u16>(1u << i);
    }
    malformed_row("no such register");
    return 0;
  }

  // ---- encoding ----

  constexpr void parse_encoding(std::string_view text) {
    assign_fields(take(text, ' '));
    bool has_opcode = false;
    while (!text.empty()) {
      std::string_view token = take(text, ' ');
      if (token.empty()) continue;
      if (has_opcode) {
        parse_after_opcode(token);
      } else {
        has_opcode = !parse_before_opcode(token);
      }
    }
    if (!has_opcode) malformed_row("no opcode");
  }

  /// Gives each register or memory operand the field that the manual's "Op/En" letter names.
  constexpr void assign_fields(std::string_view letters) {
    if (letters == "ZO") letters = {};
    for (u32 i = 0; i < out_.operand_count; ++i) {
      OperandInfo& o = out_.operand[i];
      if (o.field != Field::kNone) continue;
      char letter = letters.empty() ? ' ' : letters[0];
      if (!letters.empty()) letters.remove_prefix(1);
      o.field = field_of(letter);
      note_field(o);
    }
    if (!letters.empty()) malformed_row("more fields than operands");
  }

  static constexpr Field field_of(char letter) {
    switch (letter) {
      case 'R': return Field::kReg;
      case 'M': return Field::kRm;
      case 'V': return Field::kVex;
      case 'O': return Field::kOpcode;
      case 'S': return Field::kIs4;
      default: malformed_row("an operand without a field"); return Field::kNone;
    }
  }

  constexpr void note_field(const OperandInfo& o) {
    Encoding& e = out_.enc;
    bool gpr = o.kind == OperandKind::kGpr || o.kind == OperandKind::kGprMem;
    bool byte = gpr && o.reg_bits == 8;
    bool sized = gpr && o.reg_bits == kBySize;
    if (o.field == Field::kReg) {
      e.reg_is_byte = byte;
      e.reg_is_sized = sized;
    } else if (o.field == Field::kRm) {
      e.has_rm = true;
      e.rm_is_byte = byte;
      e.rm_is_sized = sized;
      e.mem_bits = o.mem_bits;
    } else if (o.may_be_mem() || o.kind == OperandKind::kAddress) {
      malformed_row("memory can only be in ModRM.rm");
    }
    e.opcode_reg |= o.field == Field::kOpcode;
    e.is4 |= o.field == Field::kIs4;
  }

  /// False if the token is the opcode.
  constexpr bool parse_before_opcode(std::string_view token) {
    Encoding& e = out_.enc;
    bool prefix_possible = e.map == Map::kOne && e.prefixes == Prefixes::kLegacy && !e.w;
    if (token.starts_with("VEX.") || token.starts_with("EVEX.")) {
      parse_vex(token);
    } else if (token == "LOCK") {
      e.lock = true;
    } else if (token == "REX.W") {
      e.w = true;
    } else if (e.map == Map::kOne && is_map(token)) {
      e.map = map_of(token);
    } else if (prefix_possible && is_prefix(token)) {
      e.pp = pp_of(token);
    } else {
      e.opcode = parse_hex(token);
      return false;
    }
    return true;
  }

  constexpr void parse_after_opcode(std::string_view token) {
    Encoding& e = out_.enc;
    e.has_modrm = true;
    if (token == "/r") return;
    if (token.starts_with('/') && token.size() == 2 && token[1] >= '0' && token[1] <= '7') {
      e.modrm = static_cast<u8>((token[1] - '0') << 3);
    } else {
      e.modrm = parse_hex(token);
      if (e.modrm < 0xc0) malformed_row("a fixed ModRM byte must not name memory");
    }
  }

  /// [E]VEX.<length>.<pp>.<map>.<w>
  constexpr void parse_vex(std::string_view token) {
    Encoding& e = out_.enc;
    e.prefixes = take(token, '.') == "EVEX" ? Prefixes::kEvex : Prefixes::kVex;
    std::string_view length = take(token, '.');
    if (length != "128" && length != "256" && length != "LIG") malformed_row("no such length");
    e.vector_length = length == "256" ? 1 : 0;
    e.needs_vl = e.prefixes == Prefixes::kEvex && length != "LIG";
    e.pp = pp_of(take(token, '.'));
    e.map = map_of(take(token, '.'));
    std::string_view w = take(token, '.');
    if (w != "W0" && w != "W1" && w != "WIG" && w != "Wy") malformed_row("no such W");
    if ((w == "Wy") != e.sized) malformed_row("Wy goes with operands of width y");
    e.w = w == "W1";
  }

  static constexpr bool is_map(std::string_view t) {
    return t == "0F" || t == "0F38" || t == "0F3A";
  }
  static constexpr Map map_of(std::string_view t) {
    if (!is_map(t)) malformed_row("no such map");
    return t == "0F" ? Map::k0F : t == "0F38" ? Map::k0F38 : Map::k0F3A;
  }
  static constexpr bool is_prefix(std::string_view t) {
    return t == "NP" || t == "66" || t == "F3" || t == "F2";
  }
  static constexpr Pp pp_of(std::string_view t) {
    if (!is_prefix(t)) malformed_row("no such prefix");
    return t == "66" ? Pp::k66 : t == "F3" ? Pp::kF3 : t == "F2" ? Pp::kF2 : Pp::kNone;
  }

  static constexpr u8 parse_hex(std::string_view token) {
    u32 value = 0;
    for (char c : token) {
      u32 digit = c >= '0' && c <= '9'   ? static_cast<u32>(c - '0')
                  : c >= 'A' && c <= 'F' ? static_cast<u32>(c - 'A' + 10)
                                         : 16;
      if (digit == 16) malformed_row("no hexadecimal number");
      value = value << 4 | digit;
    }
    if (token.size() != 2) malformed_row("two hexadecimal digits are expected");
    return static_cast<u8>(value);
  }

  constexpr void check() const {
    const Encoding& e = out_.enc;
    if (e.has_rm && !e.has_modrm) malformed_row("an operand is in ModRM, which is not there");
    if (e.cond && (e.opcode & 15) != 0) malformed_row("no room for the condition");
    if (e.opcode_reg && (e.opcode & 7) != 0) malformed_row("no room for the register");
    if (e.byte_size && (e.opcode & 1) == 0) malformed_row("give the opcode of the wider sizes");
    if (e.prefixes != Prefixes::kLegacy && (e.byte_size || e.word_size)) {
      malformed_row("VEX has no such sizes");
    }
    if (e.imm == ImmKind::kShort && (e.opcode & 2) != 0) malformed_row("no short form");
  }

  InstInfo out_;
};

constexpr InstInfo parse_row(const InstRow& row) {
  return RowParser(row).result();
}

}  // namespace wazuka::x64
