// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "wasi/link.h"

#include <string>

namespace wazuka::wasi {
namespace {

constexpr size_t kMaxParams = 16;
// Exit codes that a process can report and that do not collide with those of shells and signals.
constexpr u32 kExitCodes = 126;

constexpr std::string_view kMissingContextMessage = "the store has no WASI configuration";

Error message(std::string_view text) {
  return Error{std::string(text), Error::kNoOffset, {}};
}

struct Signature {
  ValType types[kMaxParams];
  size_t params = 0, count = 0;
  u32 i32_params = 0;

  explicit Signature(const char* text) {
    for (bool in_params = true; *text != 0 && count < kMaxParams; ++text) {
      if (*text == ':') {
        in_params = false;
        continue;
      }
      if (in_params && *text == 'i') i32_params |= 1u << count;
      types[count++] = *text == 'I' ? kI64 : kI32;
      if (in_params) params = count;
    }
  }
};

}  // namespace

std::optional<Extern> WasiProvider::find(Store& store, std::string_view module,
                                         std::string_view name) {
  if (module == "wasi_unstable" && !preview0_) return std::nullopt;
  const HostFunction* function = find_host_function(module, name);
  if (function == nullptr) return std::nullopt;
  Signature signature(function->signature);
  bound_.push_back(
      {function, context_, &store, static_cast<u32>(signature.params), signature.i32_params});
  std::span<const ValType> types(signature.types, signature.count);
  FuncType type{types.first(signature.params), types.subspan(signature.params)};
  return store.new_host_func(type, &Bound::call, &bound_.back());
}

TrapOr WasiProvider::Bound::call(void* env, VMContext* caller, Cell* cells) {
  const Bound& self = *static_cast<const Bound*>(env);
  Context* const context = *self.context;
  if (context == nullptr) return self.store->raise(message(kMissingContextMessage));
  Memory* memory = caller == nullptr ? nullptr : caller->instance->exported_memory();
  if (memory == nullptr) return self.store->raise(message(kMissingMemoryMessage));
  u64 arguments[kMaxParams];
  for (u32 i = 0; i < self.param_count; ++i) {
    arguments[i] = (self.i32_params >> i & 1) != 0 ? static_cast<u32>(cells[i]) : cells[i];
  }
  GuestMemory guest{memory->vm.base, memory->vm.size.load(std::memory_order_acquire)};
  return self.finish(invoke(*self.function, *context, guest, arguments), cells);
}

TrapOr WasiProvider::Bound::finish(const Outcome& outcome, Cell* cells) const {
  switch (outcome.kind) {
    case Outcome::Kind::kErrno: cells[0] = static_cast<u64>(outcome.error); return kNoTrap;
    case Outcome::Kind::kExit:
      if (outcome.exit_code < kExitCodes) {
        return store->raise(ExecError::of_exit(outcome.exit_code));
      }
      return store->raise(message("exit with invalid exit status outside of [0..126)"));
    case Outcome::Kind::kTrap: break;
  }
  std::vector<std::string> messages = trap_messages(outcome, function->module, function->name);
  Error error = message(messages.front());
  error.causes.assign(messages.begin() + 1, messages.end());
  return store->raise(std::move(error));
}

}  // namespace wazuka::wasi
