// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "verify/verifier.h"

#include <fmt/core.h>

#include "abi/gc_layout.h"

namespace wazuka::verify {

namespace {

// Below the limit of the stack there is room for what the runtime does there; code may be so far
// into it when it asks. What is further down may be behind the guard page.
constexpr i64 kStackSlack = 5 << 10;

}  // namespace

Verifier::Verifier(const CompileEnv& env, u32 func_index, const CompiledCode& code,
                   const OsrEntry* osr)
    : env_(env),
      module_(env.module),
      code_(code),
      func_index_(func_index),
      conv_(env.module.func_type(func_index)),
      osr_(osr),
      starts_(code.bytes.size()) {}

bool Verifier::is_func(ValType t) const {
  return t.is_ref() && !gc_is_traced(t, module_.types);
}

/// By docs/abi.md, references that are no addresses are zero-extended.
Value Verifier::value_of(ValType t) const {
  if (!t.is_ref()) return Value::any();
  return is_func(t) ? Value::of(Kind::kFuncRef) : Value::at_most(0xffff'ffff);
}

bool Verifier::may_be(const Value& v, ValType t) const {
  if (!t.is_ref()) return true;
  if (is_func(t)) return v.is_reference() || v.is_null();
  return v.fits_32() || v.kind == Kind::kUntyped;
}

const Relocation* Verifier::relocation(u32 at) const {
  for (const Relocation& r : code_.relocations) {
    if (r.offset == at) return &r;
  }
  return nullptr;
}

void Verifier::reject(std::string why) {
  if (error_.empty()) error_ = std::move(why);
}

/// At the call: rsp is where the return address is, 8 above what rbp will be.
void Verifier::entry_state(State& s) const {
  s.gpr[kRsp] = Value::frame(8);
  s.gpr[kRbp] = Value::of(Kind::kCallerFrame);
  s.gpr[kR14] = Value::of(Kind::kContext);
  s.gpr[kR10] = Value::of(Kind::kCode, func_index_);
  s.gpr[kR10].proven = true;
  s.set_slot(8, Value::of(Kind::kReturn));
  for (const ValueLocation& l : conv_.params) {
    if (l.kind == ValueLocation::Kind::kGpr) s.gpr[l.number] = value_of(l.type);
    if (l.kind == ValueLocation::Kind::kStack) s.set_slot(16 + i64{l.offset}, value_of(l.type));
  }
}

Result<void> Verifier::run() {
  State entry;
  osr_ != nullptr ? osr_state(entry) : entry_state(entry);
  flow_to(0, entry);
  while (!work_.empty() && !failed()) {
    const u32 at = work_.back();
    work_.pop_back();
    follow(at);
  }
  if (!failed()) return {};
  std::string text = "no instruction";
  Decoded d;
  if (at_ < code_.bytes.size() && decode(std::span(code_.bytes).subspan(at_), d)) {
    text = text_of(d, at_);
  }
  return fail(fmt::format("emitted code of function {} is not safe at offset {:#x}: {}: {}",
                          func_index_, at_, text, error_));
}

void Verifier::flow_to(i64 target, const State& s) {
  if (target < 0 || target >= static_cast<i64>(code_.bytes.size())) {
    return reject("control leaves the function");
  }
  const u32 at = static_cast<u32>(target);
  auto [it, inserted] = states_.try_emplace(at, s);
  if (inserted) it->second.rename();
  if (inserted || it->second.meet(s)) work_.push_back(at);
}

/// From a place where paths meet to the next one, or to an end.
void Verifier::follow(u32 at) {
  State s = states_.at(at);
  for (;;) {
    u32 next = 0;
    if (!step(at, s, next) || failed()) return;
    if (s.gpr[kRsp].kind == Kind::kFrame && s.gpr[kRsp].offset < s.room - kStackSlack) {
      return reject("moves the stack pointer further than there is known to be stack");
    }
    if (states_.contains(next)) return flow_to(next, s);
    at = next;
  }
}

/// Two instructions never overlap.
bool Verifier::claim_bytes(u32 at, u32 length) {
  for (u32 i = 0; i < length; ++i) {
    u32& owner = starts_[at + i];
    if (owner != 0 && owner != at + 1) return false;
    owner = at + 1;
  }
  return true;
}

bool Verifier::step(u32 at, State& s, u32& next) {
  at_ = at;
  if (at >= code_.bytes.size()) return reject("control runs out of the function"), false;
  if (!decode(std::span(code_.bytes).subspan(at), d_)) return reject("not an instruction"), false;
  if (!is_known(d_.inst.mnemonic)) {
    return reject("not an instruction that compilers use"), false;
  }
  next = at + d_.inst.length;
  if (!claim_bytes(at, d_.inst.length)) return reject("overlaps another instruction"), false;
  if (zero_loop(at, s, next)) return true;
  bool goes_on = true;
  if (control(s, next, goes_on)) return goes_on && !failed();

  Value loaded = Value::any();
  for (u32 i = 0; i < d_.inst.operand_count; ++i) {
    const ZydisDecodedOperand& o = d_.operands[i];
    if (o.type != ZYDIS_OPERAND_TYPE_MEMORY || o.mem.type == ZYDIS_MEMOP_TYPE_AGEN) continue;
    if (i >= d_.inst.operand_count_visible || o.mem.type != ZYDIS_MEMOP_TYPE_MEM) {
      return reject("accesses memory that it does not name"), false;
    }
    if (o.mem.segment == ZYDIS_REGISTER_FS || o.mem.segment == ZYDIS_REGISTER_GS) {
      return reject("uses a segment"), false;
    }
    loaded = check_access(s, access_of(s, i));
    if (failed()) return false;
  }
  transfer(s, loaded);
  return !failed();
}

/// The one loop over the frame that compilers write, which makes locals zero:
///   store 16 zero bytes to [r];  add r, 16;  sub c, 1;  jne to the store
/// Taken as one instruction for the whole range, as r is a place in the frame and c a constant.
bool Verifier::zero_loop(u32 at, State& s, u32& next) {
  if (!d_.is_memory(0) || !d_.is_register(1) || d_.operands[0].size != 128) return false;
  const auto base = gpr_number(d_.operands[0].mem.base);
  const auto xmm = xmm_number(d_.operands[1].reg.value);
  if (!base || !xmm || s.gpr[*base].kind != Kind::kFrame || d_.operands[0].mem.disp.value != 0 ||
      d_.operands[0].mem.index != ZYDIS_REGISTER_NONE) {
    return false;
  }
  Decoded add, sub, jump;
  u32 end = next;
  for (Decoded* d : {&add, &sub, &jump}) {
    if (!decode(std::span(code_.bytes).subspan(end), *d)) return false;
    end += d->inst.length;
  }
  const auto counter = sub.is_register(0) ? gpr_number(sub.operands[0].reg.value) : std::nullopt;
  const bool matches = add.inst.mnemonic == ZYDIS_MNEMONIC_ADD && add.is_register(0) &&
                       add.is_imm(1) && gpr_number(add.operands[0].reg.value) == base &&
                       add.operands[0].size == 64 && add.imm(1) == 16 &&
                       sub.inst.mnemonic == ZYDIS_MNEMONIC_SUB && counter && counter != base &&
                       sub.is_imm(1) && sub.imm(1) == 1 && sub.operands[0].size == 32 &&
                       jump.inst.mnemonic == ZYDIS_MNEMONIC_JNZ && jump.is_imm(0) &&
                       static_cast<i64>(end) + jump.operands[0].imm.value.s == static_cast<i64>(at);
  if (!matches || !s.gpr[*counter].exact || s.gpr[*counter].kind != Kind::kNumber) return false;
  const u64 count = s.gpr[*counter].max;
  const i64 from = s.gpr[*base].offset;
  if (count == 0 || count > (u64{1} << 24)) return false;
  const i64 to = from + static_cast<i64>(count) * 16;
  if (s.gpr[kRsp].kind != Kind::kFrame || from < s.gpr[kRsp].offset || to > -8) {
    reject("makes more than the frame zero");
    return false;
  }
  for (const Decoded* d : {&add, &sub, &jump}) {
    if (!claim_bytes(next, d->inst.length)) return reject("overlaps another instruction"), false;
    next += d->inst.length;
  }
  s.forget_slots(from, to);
  if ((s.zero_xmms >> *xmm & 1) != 0) {
    for (i64 slot = from; slot < to; slot += 8) s.set_slot(slot, Value::number(0));
  }
  s.gpr[*base] = Value::any();
  s.gpr[*counter] = Value::number(0);
  s.flags = {};
  return true;
}

Result<void> verify(const CompileEnv& env, u32 func_index, const CompiledCode& code,
                    const OsrEntry* osr) {
  return Verifier(env, func_index, code, osr).run();
}

namespace {

/// Data up to `end`: words as far as they go.
CodeLine data_line(const CompiledCode& code, u32 at, u32 end) {
  const u32 size = at % 4 == 0 && end - at >= 4 ? 4 : 1;
  u32 word = 0;
  for (u32 i = 0; i < size; ++i) word |= u32{code.bytes[at + i]} << (8 * i);
  return {at, size, true,
          size == 4 ? fmt::format(".long {:#010x}", word) : fmt::format(".byte {:#04x}", word)};
}

}  // namespace

std::vector<CodeLine> Verifier::lines() const {
  std::vector<CodeLine> lines;
  const u32 end = static_cast<u32>(code_.bytes.size());
  u32 at = 0;
  while (at < end) {
    Decoded d;
    const bool begins = !error_.empty() || starts_[at] == at + 1;
    if (begins && decode(std::span(code_.bytes).subspan(at), d)) {
      lines.push_back({at, d.inst.length, false, text_of(d, at)});
    } else {
      u32 data_end = at + 1;
      while (data_end < end && (starts_[data_end] == 0 && error_.empty())) ++data_end;
      lines.push_back(data_line(code_, at, data_end));
    }
    at += lines.back().size;
  }
  return lines;
}

std::vector<CodeLine> disassemble(const CompileEnv& env, u32 func_index, const CompiledCode& code) {
  Verifier verifier(env, func_index, code);
  static_cast<void>(verifier.run());
  return verifier.lines();
}

}  // namespace wazuka::verify
