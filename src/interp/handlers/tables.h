// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// The tables that the handler files define, one per ops/*.def.
#pragma once

#include "interp/dispatch.h"

namespace wazuka::interp {

constexpr u32 forms_between(Base first, Base end) {
  return u32{first_form(end)} - first_form(first);
}

inline constexpr u32 kIntForms = forms_between(Base::kAdd, Base::kF32Add);
inline constexpr u32 kFloatForms = forms_between(Base::kF32Add, Base::kTruncF32S32);
inline constexpr u32 kConvertForms = forms_between(Base::kTruncF32S32, Base::kShlAdd32);
inline constexpr u32 kFusedForms = forms_between(Base::kShlAdd32, Base::kLoad8S);
inline constexpr u32 kMemoryForms = forms_between(Base::kLoad8S, Base::kLoadAdd8S);
inline constexpr u32 kFusedMemoryForms = forms_between(Base::kLoadAdd8S, Base::kCopy);
inline constexpr u32 kControlForms = forms_between(Base::kCopy, Base::kCall);
inline constexpr u32 kCallForms = forms_between(Base::kCall, Base::kMemorySize);
inline constexpr u32 kBulkForms = forms_between(Base::kMemorySize, Base::kThrow);
inline constexpr u32 kExceptionForms = forms_between(Base::kThrow, Base::kAtomicLoad8);
inline constexpr u32 kAtomicForms = forms_between(Base::kAtomicLoad8, Base::kV128Not);
inline constexpr u32 kSimdForms = forms_between(Base::kV128Not, Base::kV128Load);
inline constexpr u32 kSimdMemoryForms = forms_between(Base::kV128Load, Base::kGcOp);
inline constexpr u32 kGcForms = forms_between(Base::kGcOp, Base::kContNew);
inline constexpr u32 kStackSwitchingForms = kFormCount - first_form(Base::kContNew);

extern const std::array<Handler, kIntForms> kIntHandlers;
extern const std::array<Handler, kFloatForms> kFloatHandlers;
extern const std::array<Handler, kConvertForms> kConvertHandlers;
extern const std::array<Handler, kFusedForms> kFusedHandlers;
extern const std::array<Handler, kFusedMemoryForms> kFusedMemoryHandlers;
extern const std::array<Handler, kMemoryForms> kMemoryHandlers;
extern const std::array<Handler, kControlForms> kControlHandlers;
extern const std::array<Handler, kCallForms> kCallHandlers;
extern const std::array<Handler, kBulkForms> kBulkHandlers;
extern const std::array<Handler, kExceptionForms> kExceptionHandlers;
extern const std::array<Handler, kAtomicForms> kAtomicHandlers;
extern const std::array<Handler, kSimdForms> kSimdHandlers;
extern const std::array<Handler, kSimdMemoryForms> kSimdMemoryHandlers;
extern const std::array<Handler, kGcForms> kGcHandlers;
extern const std::array<Handler, kStackSwitchingForms> kStackSwitchingHandlers;

}  // namespace wazuka::interp
