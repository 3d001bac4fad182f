// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Notation: `4: add s7 = r, s3` is position, operation, destination, operands. r is the accumulator
// of the operand's class, s3 the slot 3, a number an immediate, @12 a position that is branched to.
// A destination other than `r` means "and the accumulator". Operations without a shape of their own
// show their four fields as f(a b c d) and their further words in hexadecimal.
#include "interp/dump.h"

#include <fmt/format.h>

#include "interp/code.h"
#include "interp/dispatch.h"
#include "interp/lowering/emitter.h"
#include "interp/stack_switching.h"

namespace wazuka::interp {

namespace {

struct Instruction {
  Form form;
  u32 position;
  Fields fields;
  std::span<const u64> more;  // words 2…
};

bool has_wide_immediate(Form f) {
  const Combo c = f.combo();
  const bool immediate = c.a == Kind::kI || c.b == Kind::kI;
  const bool f64_op = base_info(f.base).text.view().find("f64") != std::string_view::npos;
  const Shape s = base_info(f.base).shape;
  if (s == Shape::kBrFloat) return immediate;
  return immediate && f64_op && (s == Shape::kBinC || s == Shape::kBinN);
}

u32 length(Form f, std::span<const u64> words) {
  if (f.base == Base::kBrTable) return 3 + static_cast<u32>(words[1] >> 32);
  if (f.base >= Base::kResume && f.base <= Base::kResumeThrowRef) return words_of_resume(&words[0]);
  return base_info(f.base).words + has_wide_immediate(f);
}

std::string operand_text(Kind k, u32 slot, i64 immediate) {
  if (k == Kind::kR) return "r";
  if (k == Kind::kS) return fmt::format("s{}", slot);
  return fmt::format("{}", immediate);
}

std::string list(std::initializer_list<std::string> parts) {
  std::string text;
  for (const std::string& p : parts) {
    if (p.empty()) continue;
    if (!text.empty()) text += ", ";
    text += p;
  }
  return text;
}

std::string arith_text(const Instruction& i) {
  const Combo c = i.form.combo();
  const i64 imm = i.more.empty() ? i64{i.fields.imm()} : static_cast<i64>(i.more[0]);
  const std::string a = operand_text(c.a, i.fields.get(1), imm);
  const std::string b =
      c.b == Kind::kNone ? "" : operand_text(c.b, i.fields.get(c.a == Kind::kS ? 2 : 1), imm);
  const std::string to = i.form.stores() ? fmt::format("s{}", i.fields.get(0)) : "r";
  return fmt::format("{} = {}", to, list({a, b}));
}

std::string branch_text(const Instruction& i) {
  const Combo c = i.form.combo();
  const i64 imm =
      i.more.empty() ? i64{static_cast<i16>(i.fields.get(1))} : static_cast<i64>(i.more[0]);
  const std::string a = operand_text(c.a, i.fields.get(0), imm);
  const std::string b =
      c.b == Kind::kNone ? "" : operand_text(c.b, i.fields.get(c.a == Kind::kS ? 1 : 0), imm);
  return list({a, b, fmt::format("@{}", i64{i.position} + i.fields.imm())});
}

std::string access_text(const Instruction& i, bool load) {
  const Combo c = i.form.combo();
  const u32 end = static_cast<u32>(i.fields.imm());
  const std::string address =
      c.a == Kind::kI
          ? fmt::format("[{}]", end)
          : fmt::format("[{}+{}]", operand_text(c.a, i.fields.get(load ? 1 : 0), 0), end);
  if (load) {
    return fmt::format("{} = {}", i.form.stores() ? fmt::format("s{}", i.fields.get(0)) : "r",
                       address);
  }
  return list({address, operand_text(c.b, i.fields.get(1), static_cast<i16>(i.fields.get(1)))});
}

std::string table_text(const Instruction& i) {
  std::string text = operand_text(i.form.combo().a, i.fields.get(0), 0);
  for (u64 w : i.more) text += fmt::format(" @{}", i64{i.position} + static_cast<i64>(w));
  return text;
}

std::string plain_text(const Instruction& i) {
  std::string text = i.form.has_dst() ? (i.form.stores() ? "s" : "r") : "";
  const Combo c = i.form.combo();
  for (Kind k : {c.a, c.b}) {
    if (k != Kind::kNone) text += k == Kind::kR ? "R" : k == Kind::kS ? "S" : "I";
  }
  text += fmt::format("({} {} {} {})", i.fields.get(0), i.fields.get(1), i.fields.get(2),
                      i.fields.get(3));
  for (u64 w : i.more) text += fmt::format(" {:#x}", w);
  return text;
}

std::string operands_text(const Instruction& i) {
  const Shape s = base_info(i.form.base).shape;
  if (i.form.base == Base::kCall || i.form.base == Base::kReturnCall) {
    const auto* code = reinterpret_cast<const FuncCode*>(i.more[0]);
    return fmt::format("f{} ({} {} {} {})", code->func_index, i.fields.get(0), i.fields.get(1),
                       i.fields.get(2), i.fields.get(3));
  }
  if (i.form.base == Base::kBrTable) return table_text(i);
  if (i.form.base == Base::kBr) return fmt::format("@{}", i64{i.position} + i.fields.imm());
  if (i.form.base == Base::kCopy) {
    return fmt::format("s{} = s{}", i.fields.get(0), i.fields.get(1));
  }
  if (i.form.base == Base::kConst32)
    return fmt::format("s{} = {}", i.fields.get(0), i.fields.imm());
  switch (s) {
    case Shape::kUn:
    case Shape::kBinC:
    case Shape::kBinN:
    case Shape::kBin3:
      return i.form.base >= Base::kSelectR && i.form.base <= Base::kSelectV ? plain_text(i)
                                                                            : arith_text(i);
    case Shape::kBrUn:
    case Shape::kBrInt:
    case Shape::kBrFloat: return branch_text(i);
    case Shape::kLoad: return access_text(i, true);
    case Shape::kStore:
    case Shape::kStoreF: return access_text(i, false);
    case Shape::kPlain:
    case Shape::kPlainD:
    case Shape::kFuseI:
    case Shape::kFuseS:
    case Shape::kLoad2:
    case Shape::kLoadX:
    case Shape::kLoadOp:
    case Shape::kLoopEnd:
    case Shape::kSel4:
    case Shape::kSel8:
    case Shape::kUse:
    case Shape::kSrc: break;
  }
  return plain_text(i);
}

}  // namespace

std::string dump_words(std::span<const u64> words, u32 entry) {
  std::string text;
  for (u32 at = entry; at < words.size();) {
    Instruction i;
    i.form = form_of_word(words[at]);
    i.position = at;
    const u32 n = length(i.form, words.subspan(at));
    if (n > 1) i.fields.bits = words[at + 1];
    if (n > 2) i.more = words.subspan(at + 2, n - 2);
    text += fmt::format("{}: {} {}\n", at, base_info(i.form.base).text.view(),
                        n > 1 ? operands_text(i) : "");
    at += n;
  }
  return text;
}

}  // namespace wazuka::interp
