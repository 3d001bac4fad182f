// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "opt/ir/types.h"

#include <iterator>
#include <type_traits>

#include "abi/vm.h"
#include "base/text_table.h"

namespace wazuka::opt {

namespace {

struct IntCondInfo {
  IntCond swapped, inverse;
};
#define FLOAT_COND(name, text, swapped)
#define INT_COND(name, text, swapped, inverse) {IntCond::k##swapped, IntCond::k##inverse},
constexpr IntCondInfo kIntConds[] = {
#include "opt/ir/conds.def"
};
#undef INT_COND
#define INT_COND(name, text, swapped, inverse) text "\0"
constexpr char kIntCondTexts[] =
#include "opt/ir/conds.def"
    ;
#undef INT_COND
#undef FLOAT_COND

#define INT_COND(name, text, swapped, inverse)
#define FLOAT_COND(name, text, swapped) FloatCond::k##swapped,
constexpr FloatCond kFloatConds[] = {
#include "opt/ir/conds.def"
};
#undef FLOAT_COND
#define FLOAT_COND(name, text, swapped) text "\0"
constexpr char kFloatCondTexts[] =
#include "opt/ir/conds.def"
    ;
#undef INT_COND
#undef FLOAT_COND

constexpr auto kIntCondOffsets = text_offsets<std::size(kIntConds)>(kIntCondTexts);
constexpr auto kFloatCondOffsets = text_offsets<std::size(kFloatConds)>(kFloatCondTexts);

#define REGION(name, text) text "\0"
constexpr char kRegionTexts[] =
#include "opt/ir/regions.def"
    ;
#undef REGION
#define REGION(name, text) +1
constexpr auto kRegionOffsets = text_offsets<0
#include "opt/ir/regions.def"
                                             >(kRegionTexts);
#undef REGION

#define BUILTIN(name, result, ...) #name "\0"
constexpr char kBuiltinTexts[] =
#include "abi/builtins.def"
    ;
#undef BUILTIN
#define BUILTIN(name, result, ...) +1
constexpr auto kBuiltinOffsets = text_offsets<0
#include "abi/builtins.def"
                                              >(kBuiltinTexts);
#undef BUILTIN

template <class Result>
constexpr Type type_of() {
  if constexpr (std::is_void_v<Result>) {
    return Type::kNone;
  } else {
    return sizeof(Result) == 8 ? Type::kI64 : Type::kI32;
  }
}

struct BuiltinInfo {
  u16 offset;
  Type type;
  bool returns_bool;
};
#define BUILTIN(name, result, ...) \
  {offsetof(VMBuiltins, name), type_of<result>(), std::is_same_v<result, bool>},
constexpr BuiltinInfo kBuiltins[] = {
#include "abi/builtins.def"
};
#undef BUILTIN

}  // namespace

std::string_view cond_name(IntCond c) {
  return text_at(kIntCondTexts, kIntCondOffsets, static_cast<size_t>(c));
}
std::string_view cond_name(FloatCond c) {
  return text_at(kFloatCondTexts, kFloatCondOffsets, static_cast<size_t>(c));
}
IntCond swapped(IntCond c) {
  return kIntConds[static_cast<size_t>(c)].swapped;
}
FloatCond swapped(FloatCond c) {
  return kFloatConds[static_cast<size_t>(c)];
}
IntCond inverse(IntCond c) {
  return kIntConds[static_cast<size_t>(c)].inverse;
}

std::string_view region_name(Region r) {
  return text_at(kRegionTexts, kRegionOffsets, static_cast<size_t>(r));
}

std::string_view builtin_name(Builtin b) {
  return text_at(kBuiltinTexts, kBuiltinOffsets, static_cast<size_t>(b));
}
u32 builtin_offset(Builtin b) {
  return kBuiltins[static_cast<size_t>(b)].offset;
}
Type builtin_type(Builtin b) {
  return kBuiltins[static_cast<size_t>(b)].type;
}
bool builtin_returns_bool(Builtin b) {
  return kBuiltins[static_cast<size_t>(b)].returns_bool;
}

}  // namespace wazuka::opt
