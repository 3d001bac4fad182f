// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "wasm/feature_names.h"

namespace wazuka {

std::string_view feature_title(Feature feature) {
  switch (feature) {
    case Feature::kMvp: return "WebAssembly 1.0";
    case Feature::kMutableGlobals: return "mutable global";
    case Feature::kSignExtension: return "sign extension operations";
    case Feature::kSaturatingFloatToInt: return "saturating float to int conversions";
    case Feature::kMultiValue: return "multi-value";
    case Feature::kBulkMemory: return "bulk memory";
    case Feature::kReferenceTypes: return "reference types";
    case Feature::kSimd: return "SIMD";
    case Feature::kRelaxedSimd: return "relaxed SIMD";
    case Feature::kTailCall: return "tail calls";
    case Feature::kExtendedConst: return "extended constant expressions";
    case Feature::kMultiMemory: return "multi-memory";
    case Feature::kMemory64: return "memory64";
    case Feature::kFunctionReferences: return "function references";
    case Feature::kGc: return "gc";
    case Feature::kExceptions: return "exceptions";
    case Feature::kThreads: return "threads";
    case Feature::kSharedMemory: return "shared memory";
    case Feature::kWideArithmetic: return "wide arithmetic";
    case Feature::kCustomPageSizes: return "custom page sizes";
    case Feature::kLegacyExceptions: return "legacy exceptions";
    case Feature::kStackSwitching: return "stack switching";
    case Feature::kBranchHinting: return "branch hinting";
    case Feature::kCustomDescriptors: return "custom descriptors operations";
    case Feature::kCompactImports: return "compact imports";
  }
  return "this feature's";
}

}  // namespace wazuka
