// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Two functions that debuggers call in the inferior, by names with the version in them: a
// debugger's expression over a guest's pointers becomes one over the host's.
#include "capi/handle.h"

namespace {

const wazuka::VMContext* debugged;

}  // namespace

extern "C" {

WASM_API_EXTERN void set_vmctx_memory_50_0_0(const wazuka::VMContext* vmctx);
WASM_API_EXTERN const wazuka::u8* resolve_vmctx_memory_ptr_50_0_0(const wazuka::u32* pointer);

void set_vmctx_memory_50_0_0(const wazuka::VMContext* vmctx) {
  debugged = vmctx;
}

/// The host's address of what the guest's pointer in `*pointer` leads to.
const wazuka::u8* resolve_vmctx_memory_ptr_50_0_0(const wazuka::u32* pointer) {
  if (debugged == nullptr || debugged->magic != wazuka::VMContext::kMagic) return nullptr;
  return debugged->memory0_base + *pointer;
}

}  // extern "C"
