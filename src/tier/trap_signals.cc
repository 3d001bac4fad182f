// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "tier/trap_signals.h"

#if defined(__x86_64__) && defined(__linux__)

#include <array>
#include <signal.h>
#include <ucontext.h>

#include "tier/code_space.h"
#include "tier/thunks.h"

namespace wazuka {

namespace {

constexpr std::array kSignals = {SIGSEGV, SIGBUS, SIGILL, SIGFPE, SIGTRAP};

struct sigaction previous[kSignals.size()];
IsGuestAddress is_guest = nullptr;

/// What a signal may mean: a fault of memory is a trap only where memory may be out of bounds.
bool fits(int signal, TrapCode code) {
  switch (signal) {
    case SIGFPE:
      return code == TrapCode::kIntegerDivisionByZero || code == TrapCode::kIntegerOverflow;
    default: return true;
  }
}

bool is_memory_fault(int signal) {
  return signal == SIGSEGV || signal == SIGBUS;
}

/// Which address a fault may be about: a field of a function that is null, or memory.
bool fits(TrapCode code, VMContext* vm, u64 address) {
  constexpr u64 kNullPage = 4096;
  if (code == TrapCode::kIndirectCallToNull) return address < kNullPage;
  return is_guest(vm, address);
}

/// What the prologue of a function without a frame has left out. Below the stack pointer there are
/// 128 bytes that belong to the code, not to signals.
void make_frame(greg_t* registers) {
  auto* const entry_sp = reinterpret_cast<u64*>(registers[REG_RSP]);
  entry_sp[-1] = static_cast<u64>(registers[REG_RBP]);
  entry_sp[-2] = static_cast<u64>(registers[REG_R14]);
  registers[REG_RBP] = reinterpret_cast<greg_t>(entry_sp - 1);
  registers[REG_RSP] = reinterpret_cast<greg_t>(entry_sp - 3);
}

/// If the signal is a trap: changes where the thread goes on, and returns true.
bool handle_trap(int signal, const siginfo_t* info, ucontext_t* context) {
  if (info->si_code <= 0 && info->si_code != SI_KERNEL) return false;  // sent, not a fault
  greg_t* const registers = context->uc_mcontext.gregs;
  const auto* pc = reinterpret_cast<const u8*>(registers[REG_RIP]);
  if (signal == SIGTRAP) --pc;  // int3 reports where it goes on
  const CodeSpace* space = find_code_space(pc);
  if (space == nullptr) return false;
  const std::optional<CodeObject> object = space->find(pc);
  if (!object) return false;
  const TrapSite* site = object->trap_at(static_cast<u32>(pc - space->code()) - object->begin);
  if (site == nullptr || !fits(signal, site->code)) return false;
  if (object->frame_bytes == 0) make_frame(registers);
  auto* const fp = reinterpret_cast<u8*>(registers[REG_RBP]);
  VMContext* const vm = *reinterpret_cast<VMContext**>(fp - 8);
  if (is_memory_fault(signal) && !fits(site->code, vm, reinterpret_cast<u64>(info->si_addr))) {
    return false;
  }
  VMStoreContext& store = *vm->store_context;
  store.native_pc = pc + 1;  // no return address: no call ends inside of an instruction
  store.native_fp = fp;
  registers[REG_RDI] = reinterpret_cast<greg_t>(vm);
  registers[REG_RSI] = static_cast<greg_t>(trap_or(site->code));
  registers[REG_RIP] = reinterpret_cast<greg_t>(Thunks::get_if_made()->raise_noted());
  registers[REG_EFL] &= ~greg_t{0x400};  // direction: up, as C wants it
  return true;
}

void forward(int signal, siginfo_t* info, void* context) {
  size_t i = 0;
  while (kSignals[i] != signal) ++i;
  const struct sigaction& before = previous[i];
  if ((before.sa_flags & SA_SIGINFO) != 0) {
    before.sa_sigaction(signal, info, context);
  } else if (before.sa_handler == SIG_DFL || before.sa_handler == SIG_IGN) {
    // The instruction runs again, without us, and does what it would have done. A signal that was
    // sent has no instruction.
    struct sigaction action = before;
    action.sa_handler = SIG_DFL;
    sigaction(signal, &action, nullptr);
    if (info->si_code <= 0) raise(signal);
  } else {
    before.sa_handler(signal);
  }
}

void handler(int signal, siginfo_t* info, void* context) {
  if (handle_trap(signal, info, static_cast<ucontext_t*>(context))) return;
  forward(signal, info, context);
}

bool install() {
  for (size_t i = 0; i < kSignals.size(); ++i) {
    struct sigaction action = {};
    action.sa_sigaction = handler;
    // On the alternate stack if the thread has one: hosts such as Go require it. Not deferred, as a
    // handler that we forward to may never return.
    action.sa_flags = SA_SIGINFO | SA_ONSTACK | SA_NODEFER;
    sigemptyset(&action.sa_mask);
    if (sigaction(kSignals[i], &action, &previous[i]) != 0) return false;
  }
  return true;
}

}  // namespace

bool install_trap_handlers(IsGuestAddress is_guest_address) {
  static const bool installed = [is_guest_address] {
    is_guest = is_guest_address;
    return install();
  }();
  return installed;
}

}  // namespace wazuka

#else

namespace wazuka {
bool install_trap_handlers(IsGuestAddress) {
  return false;
}
}  // namespace wazuka

#endif
