// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// WASI as a Provider of a linker: a host function is made when a module imports it. A call works on
// the memory that the calling instance exports as "memory".
#pragma once

#include <deque>

#include "runtime/linker.h"
#include "wasi/host_functions.h"

namespace wazuka::wasi {

class WasiProvider : public Provider {
 public:
  /// `context` must live as long as the store whose linker asks. Without `preview0` the module
  /// "wasi_unstable" is unknown.
  WasiProvider(Context& context, bool preview0)
      : own_(&context), context_(&own_), preview0_(preview0) {}
  /// The context is what `*context` is when a function is called; while it is null, calls fail.
  WasiProvider(Context* const* context, bool preview0) : context_(context), preview0_(preview0) {}
  WasiProvider(const WasiProvider&) = delete;
  WasiProvider& operator=(const WasiProvider&) = delete;

  std::optional<Extern> find(Store& store, std::string_view module, std::string_view name) override;

 private:
  struct Bound {
    const HostFunction* function;
    Context* const* context;
    Store* store;
    u32 param_count;
    u32 i32_params;  // bit per parameter

    static TrapOr call(void* env, VMContext* caller, Cell* cells);
    TrapOr finish(const Outcome& outcome, Cell* cells) const;
  };

  Context* own_ = nullptr;
  Context* const* context_;
  bool preview0_;
  std::deque<Bound> bound_;
};

}  // namespace wazuka::wasi
