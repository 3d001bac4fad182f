// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "tier/host_thunks.h"

#include <algorithm>

#include "tier/thunk_parts.h"

namespace wazuka {

namespace {

using namespace thunk;  // NOLINT: register names, too
using assembly::Label;

/// HostCode has a base class with members, which offsetof is not defined for.
i32 env_offset() {
  const HostCode code;
  return static_cast<i32>(reinterpret_cast<const u8*>(&code.env) -
                          reinterpret_cast<const u8*>(&code));
}

// From rsp on: a HostCaller, the DirectHostFunc*, and the values.
constexpr i32 kFunc = sizeof(HostCaller), kValues = 32;
static_assert(kFunc + 8 <= kValues && sizeof(HostCaller) == 16);

class HostThunk {
 public:
  HostThunk(Assembler& a, const FuncType& type, HostFormat format)
      : a_(a),
        type_(type),
        conv_(type),
        tagged_(format == HostFormat::kTagged),
        bytes_(tagged_ ? DirectHostFunc::kTaggedBytes : DirectHostFunc::kRawBytes) {
    // Tagged results lie behind the arguments, raw ones in their place.
    if (tagged_) results_ = kValues + bytes_ * static_cast<i32>(conv_.params.size());
  }

  void emit(const u8* raise_noted) {
    emit_note(a_, r14, rax, r11);
    a_.mov(k64, Mem(rax, kExitVmctx), r14);
    a_.push(rbp);
    a_.mov(k64, rbp, rsp);
    const size_t nparams = conv_.params.size(), nresults = conv_.results.size();
    const size_t count = tagged_ ? nparams + nresults : std::max(nparams, nresults);
    a_.sub(k64, rsp, kValues + bytes_ * static_cast<i32>(count));
    for (size_t i = 0; i < nparams; ++i) store_argument(i);
    for (size_t i = 0; tagged_ && i < nresults; ++i) clear_result(i);
    call();
    finish(raise_noted);
  }

 private:
  i32 argument(size_t i) const { return kValues + bytes_ * static_cast<i32>(i); }
  i32 result(size_t i) const { return results_ + bytes_ * static_cast<i32>(i); }

  void store_argument(size_t i) {
    const ValueLocation& at = conv_.params[i];
    if (tagged_) return store_tagged(i, at);
    Mover(a_, rsp, 0, rbp, 16, r11).store({at, argument(i)});
  }

  /// At once: a processor hands on to a load only what one store has written, and whoever copies
  /// the value loads all of it.
  void store_tagged(size_t i, const ValueLocation& at) {
    const u8 kind = DirectHostFunc::kind_of(type_.params[i]);
    Xmm value = xmm14;
    if (at.kind == Place::kXmm) {
      value = Xmm{at.number};
    } else if (at.kind == Place::kGpr) {
      a_.movq(xmm14, Gpr{at.number});
    } else {
      a_.movsd(xmm14, Mem(rbp, 16 + static_cast<i32>(at.offset)));
    }
    a_.load_imm(r11, kind);
    a_.movq(xmm15, r11);
    a_.punpcklqdq(xmm15, value);
    a_.movups(Mem(rsp, argument(i)), xmm15);
  }

  /// An i32 of 0.
  void clear_result(size_t i) {
    if (i == 0) a_.pxor(xmm15, xmm15);
    a_.movups(Mem(rsp, result(i)), xmm15);
  }

  void call() {
    auto field_of_func = [](size_t offset) { return Mem(r11, field(offset)); };
    a_.mov(k64, r11, Mem(r10, env_offset()));
    a_.mov(k64, rax, field_of_func(offsetof(DirectHostFunc, context)));
    a_.mov(k64, Mem(rsp, field(offsetof(HostCaller, context))), rax);
    a_.mov(k64, Mem(rsp, field(offsetof(HostCaller, vm))), r14);
    a_.mov(k64, Mem(rsp, kFunc), r11);
    a_.mov(k64, rdi, field_of_func(offsetof(DirectHostFunc, data)));
    a_.mov(k64, rsi, rsp);
    a_.lea(k64, rdx, Mem(rsp, kValues));
    const size_t nparams = conv_.params.size(), nresults = conv_.results.size();
    if (tagged_) {
      a_.load_imm(rcx, nparams);
      a_.lea(k64, r8, Mem(rsp, results_));
      a_.load_imm(r9, nresults);
    } else {
      a_.load_imm(rcx, std::max(nparams, nresults));
    }
    a_.call(field_of_func(offsetof(DirectHostFunc, call)));
  }

  void finish(const u8* raise_noted) {
    Label failed, trapped, back, rejected, raise;
    a_.test(k64, rax, rax);
    a_.jcc(Cond::kNe, failed);
    a_.mov(k64, rcx, Mem(r14, kStoreContext));
    a_.mov(k64, rdx, Mem(rcx, field(offsetof(VMStoreContext, trapped_activation))));
    a_.or_(k64, rdx, Mem(rcx, field(offsetof(VMStoreContext, overflowed))));
    a_.jcc(Cond::kNe, trapped);
    a_.bind(back);
    for (size_t i = 0; tagged_ && i < conv_.results.size(); ++i) {
      a_.movzx_b(k32, r11, Mem(rsp, result(i)));
      a_.cmp(k32, r11, DirectHostFunc::kind_of(type_.results[i]));
      a_.jcc(Cond::kNe, rejected);
    }
    Mover results(a_, rsp, tagged_ ? DirectHostFunc::kTaggedValue : 0, rbp,
                  16 + static_cast<i32>(conv_.param_bytes), r11);
    for (size_t i = 0; i < conv_.results.size(); ++i) results.load({conv_.results[i], result(i)});
    a_.leave();
    conv_.param_bytes == 0 ? a_.ret() : a_.ret(static_cast<u16>(conv_.param_bytes));

    a_.bind(trapped);
    a_.mov(k64, rdi, rcx);
    call_helper(offsetof(DirectHostFunc, end_trap));
    a_.jmp(back);
    if (tagged_) {
      a_.bind(rejected);
      a_.mov(k64, rdi, Mem(rsp, kFunc));
      a_.lea(k64, rsi, Mem(rsp, results_));
      call_helper(offsetof(DirectHostFunc, reject));
      a_.jmp(raise);
    }
    a_.bind(failed);
    a_.mov(k64, rdi, Mem(rsp, field(offsetof(HostCaller, context))));
    a_.mov(k64, rsi, rax);
    call_helper(offsetof(DirectHostFunc, fail));
    a_.bind(raise);
    a_.mov(k64, rdi, r14);
    a_.mov(k32, rsi, rax);
    a_.load_imm(rax, reinterpret_cast<u64>(raise_noted));
    a_.jmp(rax);
  }

  void call_helper(size_t offset) {
    a_.mov(k64, r11, Mem(rsp, kFunc));
    a_.call(Mem(r11, field(offset)));
  }

  Assembler& a_;
  const FuncType& type_;
  const CallConv conv_;
  const bool tagged_;
  const i32 bytes_;
  i32 results_ = kValues;
};

}  // namespace

std::string host_leave_key(const FuncType& type, HostFormat format) {
  const bool tagged = format == HostFormat::kTagged;
  std::string key(1, tagged ? 't' : 'r');
  auto add = [&](std::span<const ValType> types) {
    for (ValType t : types) {
      if (tagged) {
        key += static_cast<char>('0' + DirectHostFunc::kind_of(t));
      } else {
        key += t == kV128 ? 'v' : t == kF32 || t == kF64 ? 'f' : 'i';
      }
    }
  };
  add(type.params);
  key += ':';
  add(type.results);
  return key;
}

void emit_leave_to_host(Assembler& a, const FuncType& type, HostFormat format,
                        const u8* raise_noted) {
  HostThunk(a, type, format).emit(raise_noted);
}

}  // namespace wazuka
