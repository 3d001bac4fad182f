// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "tier/thunks.h"

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstring>
#include <iterator>
#include <mutex>
#include <string>
#include <unordered_map>
#include <vector>

#include "tier/code_space.h"
#include "tier/host_thunks.h"
#include "tier/thunk_parts.h"

namespace wazuka {

namespace {

using namespace thunk;  // NOLINT: register names, too

// The frame of `enter`, from its rbp: five registers that C wants back, then what it saves of the
// store context.
constexpr Gpr kPreserved[] = {rbx, r12, r13, r14, r15};
constexpr i32 kSavedCells = -48, kSavedPc = -56, kSavedFp = -64, kSavedEntrySp = -72;
constexpr i32 kSavedStore = -80, kSavedExitVmctx = -88, kEntryBytes = 96;

// Thunks of all signatures take less; when a space is full, there is another.
constexpr size_t kSpaceBytes = size_t{64} << 10;

/// The signature as the convention sees it.
std::string shape_of(const FuncType& type) {
  std::string key;
  auto add = [&key](std::span<const ValType> types) {
    for (ValType t : types) key += t == kV128 ? 'v' : t == kF32 || t == kF64 ? 'f' : 'i';
  };
  add(type.params);
  key += ':';
  add(type.results);
  return key;
}

/// TrapOr enter(VMStoreContext* rdi, const VMFuncRef* rsi, Cell* rdx)
void emit_enter(Assembler& a, const FuncType& type, const u8* leave_enter) {
  const CallConv conv(type);
  a.push(rbp);
  a.mov(k64, rbp, rsp);
  for (Gpr r : kPreserved) a.push(r);
  a.push(rdx);
  a.push(Mem(rdi, kNativePc));
  a.push(Mem(rdi, kNativeFp));
  a.push(Mem(rdi, kNativeEntrySp));
  a.push(rdi);
  a.push(Mem(rdi, kExitVmctx));
  const i32 room = static_cast<i32>(conv.param_bytes + conv.result_bytes);
  a.sub(k64, rsp, 8);
  a.mov(k64, Mem(rdi, kNativeEntrySp), rsp);
  if (room != 0) a.sub(k64, rsp, room);
  a.mov(k64, r10, Mem(rsi, field(offsetof(VMFuncRef, code))));
  a.mov(k64, r14, Mem(rsi, field(offsetof(VMFuncRef, vmctx))));
  a.mov(k64, rax, rdx);
  Mover params(a, rax, 0, rsp, 0, r11);
  for (const Value& v : values_of(conv.params)) params.load(v);
  a.call(Mem(r10, field(offsetof(FuncCode, native))));
  // The callee has popped the parameters. r9 carries no result.
  a.mov(k64, r9, Mem(rbp, kSavedCells));
  Mover results(a, r9, 0, rsp, 0, r11);
  for (const Value& v : values_of(conv.results)) results.store(v);
  a.load_imm(rax, static_cast<u32>(kNoTrap));
  a.load_imm(rcx, reinterpret_cast<u64>(leave_enter));
  a.jmp(rcx);
}

/// Restores from the frame of an `enter` (rbp) and returns eax.
void emit_leave_enter(Assembler& a) {
  a.mov(k64, rdi, Mem(rbp, kSavedStore));
  auto restore = [&a](i32 from, i32 to) {
    a.mov(k64, rcx, Mem(rbp, from));
    a.mov(k64, Mem(rdi, to), rcx);
  };
  restore(kSavedPc, kNativePc);
  restore(kSavedFp, kNativeFp);
  restore(kSavedEntrySp, kNativeEntrySp);
  restore(kSavedExitVmctx, kExitVmctx);
  i32 offset = 0;
  for (Gpr r : kPreserved) a.mov(k64, r, Mem(rbp, offset -= 8));
  a.leave();
  a.ret();
}

/// r10: FuncCode, r14: the context; parameters as the convention has them.
void emit_leave(Assembler& a, const FuncType& type, const ThunkHooks& hooks,
                const u8* raise_noted) {
  const CallConv conv(type);
  const i32 cells = (std::max(cell_bytes(conv.params), cell_bytes(conv.results)) + 15) & ~15;
  emit_note(a, r14, rax, r11);
  a.push(rbp);
  a.mov(k64, rbp, rsp);
  if (cells != 0) a.sub(k64, rsp, cells);
  Mover params(a, rsp, 0, rbp, 16, r11);
  for (const Value& v : values_of(conv.params)) params.store(v);
  a.mov(k64, rdi, r10);
  a.mov(k64, rsi, r14);
  a.mov(k64, rdx, rsp);
  a.load_imm(rax, reinterpret_cast<u64>(hooks.leave));
  a.call(rax);
  Label failed;
  a.cmp(k32, rax, kNoTrap);
  a.jcc(Cond::kNe, failed);
  // Registers last: rax, which copies use, is one of them. Room for results lies behind parameters.
  Mover results(a, rsp, 0, rbp, 16 + static_cast<i32>(conv.param_bytes), r11);
  for (const Value& v : values_of(conv.results)) results.load(v);
  a.leave();
  conv.param_bytes == 0 ? a.ret() : a.ret(static_cast<u16>(conv.param_bytes));
  a.bind(failed);
  a.mov(k64, rdi, r14);
  a.mov(k32, rsi, rax);
  a.load_imm(rax, reinterpret_cast<u64>(raise_noted));
  a.jmp(rax);
}

/// r10: FuncCode; saves all that may be a parameter.
void emit_lazy(Assembler& a, const ThunkHooks& hooks) {
  constexpr Gpr kGprs[] = {rdi, rsi, rdx, rcx, r8, r9, r14, r10};
  constexpr i32 kXmms = 8;
  a.push(rbp);
  a.mov(k64, rbp, rsp);
  for (Gpr r : kGprs) a.push(r);
  a.sub(k64, rsp, 16 * kXmms);
  for (i32 i = 0; i < kXmms; ++i) a.movups(Mem(rsp, 16 * i), Xmm{static_cast<u8>(i)});
  a.mov(k64, rdi, r10);
  a.load_imm(rax, reinterpret_cast<u64>(hooks.compile));
  a.call(rax);
  for (i32 i = 0; i < kXmms; ++i) a.movups(Xmm{static_cast<u8>(i)}, Mem(rsp, 16 * i));
  a.add(k64, rsp, 16 * kXmms);
  for (auto r = std::rbegin(kGprs); r != std::rend(kGprs); ++r) a.pop(*r);
  a.pop(rbp);
  a.jmp(rax);
}

// What code keeps in registers that C does not preserve, but for r11.
constexpr Gpr kKept[] = {rax, rcx, rdx, rsi, rdi, r8, r9, r10};
constexpr i32 kKeptXmms = 16;

/// A frame in which all of that is kept.
void emit_keep_registers(Assembler& a) {
  a.push(rbp);
  a.mov(k64, rbp, rsp);
  for (Gpr r : kKept) a.push(r);
  a.sub(k64, rsp, 16 * kKeptXmms);
  a.and_(k64, rsp, -16);
  for (i32 i = 0; i < kKeptXmms; ++i) a.movups(Mem(rsp, 16 * i), Xmm{static_cast<u8>(i)});
}

void emit_return_with_registers(Assembler& a) {
  for (i32 i = 0; i < kKeptXmms; ++i) a.movups(Xmm{static_cast<u8>(i)}, Mem(rsp, 16 * i));
  i32 offset = 0;
  for (Gpr r : kKept) a.mov(k64, r, Mem(rbp, offset -= 8));
  a.leave();
  a.ret();
}

/// r10: FuncCode, r11d: loop.
void emit_tier_up(Assembler& a, const ThunkHooks& hooks) {
  emit_keep_registers(a);
  a.mov(k64, rdi, r10);
  a.mov(k32, rsi, r11);
  a.load_imm(rax, reinterpret_cast<u64>(hooks.tier_up));
  a.call(rax);
  a.mov(k64, r11, rax);
  emit_return_with_registers(a);
}

/// r10d: Limit; rbp is the frame of the function that has reached it.
void emit_limit(Assembler& a, const ThunkHooks& hooks, const u8* raise_noted) {
  a.mov(k64, r11, Mem(rsp));
  emit_keep_registers(a);
  a.mov(k64, rax, Mem(rbp));
  a.mov(k64, rdi, Mem(rax, -8));
  a.mov(k64, rcx, Mem(rdi, kStoreContext));
  a.mov(k64, Mem(rcx, kNativePc), r11);
  a.mov(k64, Mem(rcx, kNativeFp), rax);
  a.mov(k32, rsi, r10);
  a.load_imm(rax, reinterpret_cast<u64>(hooks.limit));
  a.call(rax);
  Label ended;
  a.cmp(k32, rax, kNoTrap);
  a.jcc(Cond::kNe, ended);
  emit_return_with_registers(a);
  a.bind(ended);
  a.mov(k32, rsi, rax);
  a.mov(k64, rax, Mem(rbp));
  a.mov(k64, rdi, Mem(rax, -8));
  a.load_imm(rax, reinterpret_cast<u64>(raise_noted));
  a.jmp(rax);
}

/// rdi: context, r11d: offset in VMBuiltins.
void emit_builtin(Assembler& a) {
  emit_note(a, rdi, rax, r10);
  a.mov(k64, rax, Mem(rax, field(offsetof(VMStoreContext, builtins))));
  a.mov(k32, r11, r11);
  a.jmp(Mem(rax, r11, Scale::k1));
}

/// rdi: context, esi: why. The place is noted.
void emit_raise_noted(Assembler& a, const ThunkHooks& hooks) {
  static_assert(sizeof(ResumePoint) == 32);
  a.and_(k64, rsp, -16);
  a.sub(k64, rsp, 32);
  a.mov(k64, rdx, rsp);
  a.load_imm(rax, reinterpret_cast<u64>(hooks.raise));
  a.call(rax);
  a.mov(k64, rdx, Mem(rsp, field(offsetof(ResumePoint, pc))));
  a.mov(k64, rbp, Mem(rsp, field(offsetof(ResumePoint, fp))));
  a.mov(k64, rax, Mem(rsp, field(offsetof(ResumePoint, result))));
  a.mov(k64, rsp, Mem(rsp, field(offsetof(ResumePoint, sp))));
  a.jmp(rdx);
}

}  // namespace

struct Thunks::Impl {
  std::mutex lock;
  std::vector<std::unique_ptr<CodeSpace>> spaces;
  std::array<std::atomic<const CodeSpace*>, 64> space_list = {};  // for readers without the lock
  ThunkHooks hooks;
  Assembler assembler{assembly::CpuFeatures(), u32{1} << 20};
  std::unordered_map<std::string, EnterThunk> enters;
  std::unordered_map<std::string, const u8*> leaves, host_leaves;

  /// Places what the assembler has. The lock is held.
  const u8* place() {
    const u8* at = nullptr;
    if (assembler.finish() == assembly::CodeBuffer::Failure::kNone) {
      const std::span<const u8> bytes = assembler.bytes();
      if (!spaces.empty()) at = spaces.back()->place_bytes(bytes, 16);
      if (at == nullptr && add_space(bytes.size())) at = spaces.back()->place_bytes(bytes, 16);
    }
    assembler.reset();
    return at;
  }

  bool add_space(size_t bytes) {
    if (spaces.size() == space_list.size()) return false;
    auto space = CodeSpace::create({0, std::max(kSpaceBytes, bytes), 0});
    if (space == nullptr) return false;
    space_list[spaces.size()].store(space.get(), std::memory_order_release);
    spaces.push_back(std::move(space));
    return true;
  }
};

namespace {

std::atomic<Thunks*> made = nullptr;

}  // namespace

Thunks::Thunks(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}

Thunks* Thunks::get_if_made() {
  return made.load(std::memory_order_acquire);
}

Thunks* Thunks::get(const ThunkHooks& hooks) {
#if defined(__x86_64__) && defined(__linux__)
  static Thunks* const thunks = [&hooks]() -> Thunks* {
    auto* t = new Thunks(std::make_unique<Impl>());  // lives as long as the process
    t->impl_->hooks = hooks;
    if (!t->make_common(hooks)) {
      delete t;
      return nullptr;
    }
    made.store(t, std::memory_order_release);
    return t;
  }();
  return thunks;
#else
  static_cast<void>(hooks);
  return nullptr;
#endif
}

// One piece of code with all of them: they jump to each other.
bool Thunks::make_common(const ThunkHooks& hooks) {
  Assembler& a = impl_->assembler;
  auto begin = [&a] {
    a.align(16);
    return a.offset();
  };
  const u32 leave_enter = begin();
  emit_leave_enter(a);
  const u32 lazy = begin();
  emit_lazy(a, hooks);
  const u32 builtin = begin();
  emit_builtin(a);
  const u32 tier_up = begin();
  emit_tier_up(a, hooks);
  const u32 raise = begin();
  emit_note(a, rdi, rax, rdx);
  const u32 raise_noted = a.offset();
  emit_raise_noted(a, hooks);
  const u32 refuse = begin();
  a.mov(k64, rdi, r14);
  a.load_imm(rsi, static_cast<u32>(kHostError));
  emit_note(a, rdi, rax, rdx);
  emit_raise_noted(a, hooks);
  const u8* const at = impl_->place();
  if (at == nullptr) return false;
  raise_noted_ = at + raise_noted;
  emit_limit(a, hooks, raise_noted_);
  limit_ = impl_->place();
  if (limit_ == nullptr) return false;
  leave_enter_ = at + leave_enter;
  lazy_ = at + lazy;
  builtin_ = at + builtin;
  tier_up_ = at + tier_up;
  raise_ = at + raise;
  refuse_ = at + refuse;
  return true;
}

EnterThunk Thunks::enter(const FuncType& type) {
  std::lock_guard<std::mutex> guard(impl_->lock);
  EnterThunk& thunk = impl_->enters[shape_of(type)];
  if (thunk == nullptr) {
    emit_enter(impl_->assembler, type, leave_enter_);
    thunk = reinterpret_cast<EnterThunk>(reinterpret_cast<u64>(impl_->place()));
  }
  return thunk;
}

const u8* Thunks::leave(const FuncType& type) {
  std::lock_guard<std::mutex> guard(impl_->lock);
  const u8*& thunk = impl_->leaves[shape_of(type)];
  if (thunk == nullptr) {
    emit_leave(impl_->assembler, type, impl_->hooks, raise_noted_);
    thunk = impl_->place();
  }
  return thunk;
}

const u8* Thunks::leave_to_host(const FuncType& type, HostFormat format) {
  std::lock_guard<std::mutex> guard(impl_->lock);
  const u8*& thunk = impl_->host_leaves[host_leave_key(type, format)];
  if (thunk == nullptr) {
    emit_leave_to_host(impl_->assembler, type, format, raise_noted_);
    thunk = impl_->place();
  }
  return thunk;
}

ResumePoint Thunks::end_of_activation(const VMStoreContext& store, TrapOr result) const {
  u8* const sp = store.native_entry_sp;
  return {leave_enter_, sp, sp + kEntryBytes, static_cast<u32>(result)};
}

bool Thunks::is_entry(const u8* return_address) const {
  for (const auto& slot : impl_->space_list) {
    const CodeSpace* space = slot.load(std::memory_order_acquire);
    if (space == nullptr) return false;
    if (space->contains(return_address)) return true;
  }
  return false;
}

EntryFrame EntryFrame::at(const u8* fp) {
  EntryFrame f;
  std::memcpy(&f.native_pc, fp + kSavedPc, sizeof f.native_pc);
  std::memcpy(&f.native_fp, fp + kSavedFp, sizeof f.native_fp);
  return f;
}

}  // namespace wazuka
