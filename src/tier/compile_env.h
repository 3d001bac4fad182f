// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// What a compiler is told about the code it makes: the module, the layout of what it addresses,
// the processor, and which guarantees the runtime gives. Everything a function's code depends on
// is here (or in the module), nothing is an address: equal environments give equal code.
#pragma once

#include "abi/layout.h"
#include "asm/cpu_features.h"
#include "wasm/module.h"

namespace wazuka {

struct CompileEnv {
  const Module& module;
  const VMLayout& layout;
  assembly::CpuFeatures cpu;

  /// Traps may be instructions: `ud2` and faults at places with a TrapSite. If not, code compares
  /// and calls raise_stub, and never executes an instruction that may fault.
  bool signals = true;
  /// Bytes behind the 4 GiB of every guarded memory that fault when touched; 0: no memory is
  /// guarded. A multiple of the page size.
  u32 guard_bytes = 0;

  bool fuel = false;   // count VMStoreContext::fuel down, trap kOutOfFuel
  bool epoch = false;  // compare *VMStoreContext::epoch with epoch_deadline, trap kInterrupt
  // Code at one of these limits asks VMStoreContext::limit_stub, and goes on if that returns.
  bool limits_resume = false;
  bool tier_up = false;     // count FuncCode::budget down at entries and loops, ask for better code
  bool check = false;       // the compiler checks its own work; a mistake is an error that names it
  u8 opt_level = 2;         // 0: no more than must be; 2: all there is
  bool inlining = true;     // at opt_level 2: small functions in the place of their calls
  bool small_code = false;  // nothing that makes code larger: alignment, copies of loops and bodies
  bool canonical_nans = false;      // NaN results are the canonical NaN
  bool deterministic_simd = false;  // relaxed SIMD gives the results of the deterministic profile
  bool positions = false;           // also say where each instruction's code is

  /// Whether accesses to this memory (index space of the module) need no comparison with its size:
  /// a zero-extended 32-bit index + offset + width faults with a TrapSite if it is out of bounds,
  /// as long as offset + width <= guard_bytes. Others compare with VMMemory::size.
  bool guarded(u32 memory) const {
    if (!signals || guard_bytes == 0) return false;
    return can_be_guarded(module.memories[memory]);
  }

  /// Memories whose size is in host pages and never more than 4 GiB.
  static bool can_be_guarded(const MemoryType& type) {
    return type.address == AddressType::kI32 && type.page_size_log2 == 16;
  }
};

}  // namespace wazuka
