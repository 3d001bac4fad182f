// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Host functions that machine code calls without the runtime in between, in the ways of the C API:
//
//   kRaw     void* (void* data, HostCaller*, void* values, size_t count)
//            values: 16 bytes each, whatever the types; the arguments, then the results
//   kTagged  void* (void* data, HostCaller*, const void* args, size_t, void* results, size_t)
//            32 bytes each, the kind in the first and the value from the ninth on; numbers only
//
// They return null, or why they have failed.
#pragma once

#include "abi/vm.h"
#include "wasm/types.h"

namespace wazuka {

enum class HostFormat : u8 { kRaw, kTagged };

/// What such a function is told of its call.
struct HostCaller {
  void* context = nullptr;  // the embedder's
  VMContext* vm = nullptr;  // the caller's
};

/// HostCode::env of such a function points to this.
struct DirectHostFunc {
  static constexpr i32 kRawBytes = 16, kTaggedBytes = 32, kTaggedValue = 8;
  /// The kind of a number: 0 i32, 1 i64, 2 f32, 3 f64.
  static constexpr u8 kind_of(ValType number) {
    return static_cast<u8>(static_cast<u8>(number.kind()) - static_cast<u8>(ValKind::kI32));
  }

  void (*call)() = nullptr;  // the function
  void* data = nullptr;
  void* context = nullptr;
  /// Makes a TrapOr of what the function has returned, and leaves the error in the store.
  TrapOr (*fail)(void* context, void* why) = nullptr;
  /// The same of results that are not of the right kinds.
  TrapOr (*reject)(DirectHostFunc* self, void* results) = nullptr;
  /// Forgets a trap of code that the function has called and whose error it has not passed on.
  void (*end_trap)(VMStoreContext* store) = nullptr;
};

}  // namespace wazuka
