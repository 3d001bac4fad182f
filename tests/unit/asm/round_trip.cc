// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "unit/asm/round_trip.h"

#include <Zydis/Zydis.h>
#include <fmt/core.h>
#include <string_view>

namespace wazuka::x64 {
namespace {

constexpr ZydisMachineMode kMode = ZYDIS_MACHINE_MODE_LONG_64;

struct Decoded {
  ZydisDecodedInstruction inst;
  ZydisDecodedOperand operands[ZYDIS_MAX_OPERAND_COUNT];

  std::span<const ZydisDecodedOperand> all() const { return {operands, inst.operand_count}; }
};

const ZydisDecoder& decoder() {
  static const ZydisDecoder d = [] {
    ZydisDecoder made;
    ZydisDecoderInit(&made, kMode, ZYDIS_STACK_WIDTH_64);
    return made;
  }();
  return d;
}

std::string_view register_name(ZydisRegister r) {
  const char* name = ZydisRegisterGetString(r);
  return name == nullptr ? "none" : name;
}

const char* condition_name(u8 cond) {
  static constexpr const char* kNames[] = {"o", "no", "b", "nb", "z", "nz", "be", "nbe",
                                           "s", "ns", "p", "np", "l", "nl", "le", "nle"};
  return kNames[cond];
}

/// The rule that insts.def states, and the condition.
std::string expected_mnemonic(const Instance& x) {
  std::string name(info(x.inst).function);
  for (std::string_view prefix : {"lock_", "rep_"}) {
    if (name.starts_with(prefix)) name.erase(0, prefix.size());
  }
  name = name.substr(0, name.find('_'));
  for (const Operand& o : x.operands) {
    if (o.kind() == Operand::Kind::kCond) name += condition_name(o.number());
  }
  return name;
}

/// Collects complaints about one instruction.
class Comparison {
 public:
  Comparison(const Instance& x, const Decoded& d, i64 rip_disp)
      : x_(x), row_(info(x.inst)), d_(d), rip_disp_(rip_disp) {}

  std::optional<std::string> run() {
    compare_instruction();
    compare_operands();
    compare_implicit();
    compare_flags();
    compare_feature();
    if (complaints_.empty()) return std::nullopt;
    return complaints_;
  }

 private:
  template <class A, class B>
  void expect(const char* what, const A& ours, const B& theirs) {
    if (ours == static_cast<A>(theirs)) return;
    complaints_ += fmt::format("  {}{}: ours {}, Zydis {}\n", operand_, what, ours, theirs);
  }

  void compare_instruction() {
    expect("mnemonic", expected_mnemonic(x_),
           std::string(ZydisMnemonicGetString(d_.inst.mnemonic)));
    expect("lock", row_.enc.lock, (d_.inst.attributes & ZYDIS_ATTRIB_HAS_LOCK) != 0);
    expect("rep", row_.function.starts_with("rep_"),
           (d_.inst.attributes & ZYDIS_ATTRIB_HAS_REP) != 0);
  }

  void compare_operands() {
    u32 ours = 0;
    for (const ZydisDecodedOperand& theirs : d_.all()) {
      bool mask = theirs.encoding == ZYDIS_OPERAND_ENCODING_MASK;
      if (mask) expect("mask", 0, theirs.reg.value == ZYDIS_REGISTER_K0 ? 0 : 1);
      if (theirs.visibility != ZYDIS_OPERAND_VISIBILITY_EXPLICIT || mask) continue;
      while (ours < row_.operand_count && row_.operand[ours].kind == OperandKind::kCond) ++ours;
      if (ours == row_.operand_count) {
        complaints_ += "  Zydis has more operands\n";
        return;
      }
      compare_operand(ours, theirs);
      operand_ = "";
      ++ours;
    }
    expect("number of operands", row_.operand_count, ours);
  }

  void compare_operand(u32 i, const ZydisDecodedOperand& theirs) {
    const OperandInfo& o = row_.operand[i];
    const Operand& given = x_.operands[i];
    static constexpr const char* kNames[] = {"operand 0 ", "operand 1 ", "operand 2 ",
                                             "operand 3 "};
    operand_ = kNames[i];
    switch (given.kind()) {
      case Operand::Kind::kGpr:
      case Operand::Kind::kXmm:
      case Operand::Kind::kYmm: compare_register(o, given, theirs); break;
      case Operand::Kind::kMem:
      case Operand::Kind::kRipMem: compare_memory(o, given, theirs); break;
      case Operand::Kind::kImm: compare_imm(given, theirs); return;
      case Operand::Kind::kCond: return;
    }
    if (o.kind != OperandKind::kAddress) compare_access(o.access, theirs.actions);
  }

  /// Rows that say more than Zydis about the first operand: bsf and bsr may leave it as it was, the
  /// others change a part of it.
  bool first_operand_is_also_read() const {
    for (std::string_view f :
         {"bsf", "bsr", "movss", "movsd", "movhlps", "movlhps", "movlps", "movhps", "sqrtss",
          "sqrtsd", "roundss", "roundsd", "cvtss2sd", "cvtsd2ss"}) {
      if (row_.function == f) return true;
    }
    return false;
  }

  void compare_access(Access a, ZydisOperandActions actions) {
    if (reads(a) && actions == ZYDIS_OPERAND_ACTION_WRITE && first_operand_is_also_read()) return;
    bool may_keep = (actions & ZYDIS_OPERAND_ACTION_CONDWRITE) != 0;
    bool read = (actions & ZYDIS_OPERAND_ACTION_MASK_READ) != 0;
    bool written = (actions & ZYDIS_OPERAND_ACTION_MASK_WRITE) != 0;
    expect("is read", reads(a), read || may_keep);
    expect("is written", writes(a), written);
    expect("may be kept", a == Access::kMaybeWrite, may_keep);
  }

  void compare_register(const OperandInfo& o, const Operand& given,
                        const ZydisDecodedOperand& theirs) {
    expect("type", static_cast<int>(ZYDIS_OPERAND_TYPE_REGISTER), static_cast<int>(theirs.type));
    if (theirs.type != ZYDIS_OPERAND_TYPE_REGISTER) return;
    ZydisRegister whole = given.kind() == Operand::Kind::kGpr   ? ZYDIS_REGISTER_RAX
                          : given.kind() == Operand::Kind::kXmm ? ZYDIS_REGISTER_XMM0
                                                                : ZYDIS_REGISTER_YMM0;
    ZydisRegister wanted = static_cast<ZydisRegister>(whole + given.number());
    ZydisRegister found = theirs.reg.value;
    u32 width = ZydisRegisterGetWidth(kMode, found);
    if (given.kind() == Operand::Kind::kGpr) {
      bool high_byte = found >= ZYDIS_REGISTER_AH && found <= ZYDIS_REGISTER_BH;
      expect("is a high byte", false, high_byte);
      found = ZydisRegisterGetLargestEnclosing(kMode, found);
    }
    expect("register", register_name(wanted), register_name(found));
    expect("bits", InstInfo::reg_bits(o, x_.size), width);
  }

  void compare_memory(const OperandInfo& o, const Operand& given,
                      const ZydisDecodedOperand& theirs) {
    expect("type", static_cast<int>(ZYDIS_OPERAND_TYPE_MEMORY), static_cast<int>(theirs.type));
    if (theirs.type != ZYDIS_OPERAND_TYPE_MEMORY) return;
    bool rip = given.kind() == Operand::Kind::kRipMem;
    const Mem& m = given.mem();
    auto gpr = [](Gpr r) { return static_cast<ZydisRegister>(ZYDIS_REGISTER_RAX + code(r)); };
    ZydisRegister base = rip            ? ZYDIS_REGISTER_RIP
                         : m.has_base() ? gpr(m.base())
                                        : ZYDIS_REGISTER_NONE;
    std::optional<Gpr> index = rip ? std::nullopt : m.index();
    expect("base", register_name(base), register_name(theirs.mem.base));
    expect("index", register_name(index ? gpr(*index) : ZYDIS_REGISTER_NONE),
           register_name(theirs.mem.index));
    if (index) expect("scale", 1 << static_cast<u32>(m.scale()), theirs.mem.scale);
    expect("displacement", rip ? rip_disp_ : i64{m.disp()}, theirs.mem.disp.value);
    bool computed = o.kind == OperandKind::kAddress;
    expect("is an address only", computed, theirs.mem.type == ZYDIS_MEMOP_TYPE_AGEN);
    if (!computed) expect("bits", InstInfo::mem_bits(o, x_.size), theirs.size);
  }

  void compare_imm(const Operand& given, const ZydisDecodedOperand& theirs) {
    expect("type", static_cast<int>(ZYDIS_OPERAND_TYPE_IMMEDIATE), static_cast<int>(theirs.type));
    // Narrow operations do not see more than their width; shuffles and shifts see a byte.
    u32 width = row_.enc.imm == ImmKind::kU8    ? 8
                : row_.enc.imm == ImmKind::kU16 ? 16
                : row_.enc.imm == ImmKind::kU32 ? 32
                                                : bits(x_.size);
    u64 mask = width == 64 ? ~u64{0} : (u64{1} << width) - 1;
    expect("immediate", static_cast<u64>(given.imm()) & mask, theirs.imm.value.u & mask);
  }

  static u16 register_bit(ZydisRegister r) {
    ZydisRegister whole = ZydisRegisterGetLargestEnclosing(kMode, r);
    if (whole < ZYDIS_REGISTER_RAX || whole > ZYDIS_REGISTER_R15) return 0;
    return static_cast<u16>(1u << (whole - ZYDIS_REGISTER_RAX));
  }

  void compare_implicit() {
    Implicit found;
    for (const ZydisDecodedOperand& o : d_.all()) {
      if (o.visibility == ZYDIS_OPERAND_VISIBILITY_EXPLICIT) continue;
      bool may_keep = (o.actions & ZYDIS_OPERAND_ACTION_CONDWRITE) != 0;
      bool read = may_keep || (o.actions & ZYDIS_OPERAND_ACTION_MASK_READ) != 0;
      bool written = (o.actions & ZYDIS_OPERAND_ACTION_MASK_WRITE) != 0;
      if (o.type == ZYDIS_OPERAND_TYPE_MEMORY) {
        // What is written or not need not be read: it is memory.
        if (o.actions & ZYDIS_OPERAND_ACTION_MASK_READ) found.mem_reads |= register_bit(o.mem.base);
        if (written) found.mem_writes |= register_bit(o.mem.base);
      } else if (o.type == ZYDIS_OPERAND_TYPE_REGISTER) {
        if (read) found.reads |= register_bit(o.reg.value);
        if (written) found.writes |= register_bit(o.reg.value);
        found.reads_xmm0 |= read && o.reg.value == ZYDIS_REGISTER_XMM0;
      }
    }
    expect("implicit reads", row_.implicit.reads, found.reads);
    expect("implicit writes", row_.implicit.writes, found.writes);
    expect("implicit xmm0", row_.implicit.reads_xmm0, found.reads_xmm0);
    expect("implicit memory reads", row_.implicit.mem_reads, found.mem_reads);
    expect("implicit memory writes", row_.implicit.mem_writes, found.mem_writes);
  }

  void compare_flags() {
    constexpr u32 kStatus = ZYDIS_CPUFLAG_CF | ZYDIS_CPUFLAG_PF | ZYDIS_CPUFLAG_AF |
                            ZYDIS_CPUFLAG_ZF | ZYDIS_CPUFLAG_SF | ZYDIS_CPUFLAG_OF;
    u32 tested = 0, written = 0;
    if (const ZydisAccessedFlags* f = d_.inst.cpu_flags) {
      tested = f->tested & kStatus;
      written = (f->modified | f->set_0 | f->set_1 | f->undefined) & kStatus;
    }
    expect("reads flags", row_.implicit.reads_flags, tested != 0);
    expect("writes flags", row_.implicit.writes_flags, written != 0);
    // Zydis forgets that vptest clears the flags it has no result for, as ptest does.
    if (row_.implicit.keeps_flags || row_.function == "vptest") return;
    expect("all flags are written", written != 0, written == kStatus);
  }

  void compare_feature() {
    std::string_view set = ZydisISASetGetString(d_.inst.meta.isa_set);
    complaint_if_other_feature(set);
  }

  void complaint_if_other_feature(std::string_view set) {
    if (row_.feature == CpuFeature::kBase) {
      for (std::string_view base :
           {"I86", "I186", "I386", "I486", "I486REAL", "PENTIUMREAL", "PPRO", "CMOV", "LONGMODE",
            "SSE", "SSE2", "SSEMXCSR", "PAUSE", "CET"}) {
        if (set == base) return;
      }
    }
    std::string ours;
    for (char c : assembly::name_of(row_.feature)) {
      if (c != '.' && c != '-') ours += static_cast<char>(c >= 'a' && c <= 'z' ? c - 32 : c);
    }
    std::string theirs(set);
    std::erase(theirs, '_');
    if (ours == "SSE41") ours = "SSE4";
    if (ours == theirs) return;
    if (row_.enc.prefixes == Prefixes::kEvex && theirs.starts_with(ours)) {
      expect("needs AVX512VL", row_.enc.needs_vl, theirs.ends_with("128"));
      return;
    }
    complaints_ += fmt::format("  feature: ours {}, Zydis {}\n", ours, set);
  }

  const Instance& x_;
  const InstInfo& row_;
  const Decoded& d_;
  i64 rip_disp_;
  std::string complaints_;
  const char* operand_ = "";  // which one is being compared, for messages
};

std::string hex(std::span<const u8> bytes) {
  std::string text;
  for (u8 b : bytes) text += fmt::format("{:02x} ", b);
  return text;
}

std::string describe_operand(const Operand& o) {
  static constexpr const char* kGprs[] = {"rax", "rcx", "rdx", "rbx", "rsp", "rbp", "rsi", "rdi"};
  auto gpr = [](u8 n) { return n < 8 ? std::string(kGprs[n]) : fmt::format("r{}", n); };
  switch (o.kind()) {
    case Operand::Kind::kGpr: return gpr(o.number());
    case Operand::Kind::kXmm: return fmt::format("xmm{}", o.number());
    case Operand::Kind::kYmm: return fmt::format("ymm{}", o.number());
    case Operand::Kind::kImm: return fmt::format("{}", o.imm());
    case Operand::Kind::kCond: return condition_name(o.number());
    case Operand::Kind::kRipMem: return "[rip+label]";
    case Operand::Kind::kMem: break;
  }
  const Mem& m = o.mem();
  std::string text = fmt::format("[{}", m.has_base() ? gpr(code(m.base())) : "");
  if (auto i = m.index())
    text += fmt::format("+{}*{}", gpr(code(*i)), 1 << static_cast<u32>(m.scale()));
  return text + fmt::format("{:+}]", m.disp());
}

}  // namespace

std::string describe(const Instance& x) {
  std::string text(info(x.inst).id);
  if (info(x.inst).enc.sized) text += fmt::format(" k{}", bits(x.size));
  for (const Operand& o : x.operands) text.append(" ").append(describe_operand(o));
  return text;
}

std::optional<std::string> disagreement(const Instance& x, std::span<const u8> bytes,
                                        i64 rip_disp) {
  Decoded d;
  ZyanStatus status =
      ZydisDecoderDecodeFull(&decoder(), bytes.data(), bytes.size(), &d.inst, d.operands);
  std::optional<std::string> complaints;
  if (!ZYAN_SUCCESS(status)) {
    complaints = "  cannot be read\n";
  } else if (d.inst.length != bytes.size()) {
    complaints = "  has another length\n";
  } else {
    complaints = Comparison(x, d, rip_disp).run();
  }
  if (!complaints) return std::nullopt;
  return describe(x) + ": " + hex(bytes) + "\n" + *complaints;
}

}  // namespace wazuka::x64
