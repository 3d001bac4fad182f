// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "cli/wast_match.h"

#include <cstring>
#include <fmt/format.h>

#include "cli/option_values.h"
#include "runtime/gc/casts.h"
#include "runtime/type_match.h"

namespace wazuka::cli {
namespace {

using wat::LaneShape;
using wat::NanPattern;
using wat::Pattern;

template <class Bits>
struct FloatFormat;
template <>
struct FloatFormat<u32> {
  static constexpr u32 kSign = u32{1} << 31, kCanonical = 0x7fc0'0000;
  static constexpr int kWidth = 10;
  static constexpr const char* kArithmetic = "0x7fc*****";
  static std::string display(u32 bits) { return display_f32(bits); }
};
template <>
struct FloatFormat<u64> {
  static constexpr u64 kSign = u64{1} << 63, kCanonical = 0x7ff8'0000'0000'0000;
  static constexpr int kWidth = 18;
  static constexpr const char* kArithmetic = "0x7ff8************";
  static std::string display(u64 bits) { return display_f64(bits); }
};

template <class Bits>
bool float_matches(Bits actual, Bits expected, NanPattern nan) {
  using F = FloatFormat<Bits>;
  switch (nan) {
    case NanPattern::kNone: return actual == expected;
    case NanPattern::kCanonical: return (actual & ~F::kSign) == F::kCanonical;
    case NanPattern::kArithmetic: return (actual & F::kCanonical) == F::kCanonical;
  }
  return false;
}

template <class Bits>
Result<void> match_float(Bits actual, Bits expected, NanPattern nan) {
  using F = FloatFormat<Bits>;
  if (float_matches(actual, expected, nan)) return {};
  std::string wanted =
      nan == NanPattern::kNone
          ? fmt::format("{:>{}} / {:#0{}x}", F::display(expected), F::kWidth, expected, F::kWidth)
      : nan == NanPattern::kCanonical
          ? fmt::format("{:<{}} / {:#0{}x}", "canon-nan", F::kWidth, F::kCanonical, F::kWidth)
          : fmt::format("{:>{}} / {:>{}}", "arith-nan", F::kWidth, F::kArithmetic, F::kWidth);
  return fail(fmt::format("expected {}\nactual   {:>{}} / {:#0{}x}", wanted, F::display(actual),
                          F::kWidth, actual, F::kWidth));
}

template <class Signed, class Unsigned>
Result<void> match_int(Unsigned actual, Unsigned expected) {
  if (actual == expected) return {};
  return fail(fmt::format("expected {:18} / {:#018x}\nactual   {:18} / {:#018x}",
                          static_cast<Signed>(expected), expected, static_cast<Signed>(actual),
                          actual));
}

u32 lane_bytes(LaneShape shape) {
  switch (shape) {
    case LaneShape::kI8x16: return 1;
    case LaneShape::kI16x8: return 2;
    case LaneShape::kI32x4:
    case LaneShape::kF32x4: return 4;
    case LaneShape::kI64x2:
    case LaneShape::kF64x2: return 8;
  }
  return 1;
}

bool is_float_shape(LaneShape shape) {
  return shape == LaneShape::kF32x4 || shape == LaneShape::kF64x2;
}

u64 lane_of(const u8* bytes, u32 width, u32 lane) {
  u64 value = 0;
  std::memcpy(&value, bytes + u64{lane} * width, width);
  return value;
}

std::string lanes_text(const u8* bytes, const Pattern& pattern, bool with_nans) {
  u32 width = lane_bytes(pattern.shape);
  std::string text = "[";
  for (u32 lane = 0; lane < 16 / width; ++lane) {
    if (lane != 0) text += ", ";
    u64 bits = lane_of(bytes, width, lane);
    NanPattern nan =
        with_nans && is_float_shape(pattern.shape) ? pattern.lane_nans[lane] : NanPattern::kNone;
    if (nan != NanPattern::kNone) {
      text += nan == NanPattern::kCanonical ? "canon-nan" : "arith-nan";
    } else if (pattern.shape == LaneShape::kF32x4) {
      text += display_f32(static_cast<u32>(bits));
    } else if (pattern.shape == LaneShape::kF64x2) {
      text += display_f64(bits);
    } else {
      text += fmt::format("{:#0{}x}", bits, 2 + 2 * width);
    }
  }
  return text + "]";
}

Result<void> match_v128(const Value& actual, const Pattern& expected) {
  u8 bytes[16];
  std::memcpy(bytes, actual.cells, 16);
  bool same = true;
  u32 width = lane_bytes(expected.shape);
  for (u32 lane = 0; lane < 16 / width; ++lane) {
    u64 a = lane_of(bytes, width, lane);
    u64 e = lane_of(expected.v128.data(), width, lane);
    if (expected.shape == LaneShape::kF32x4) {
      same &= float_matches(static_cast<u32>(a), static_cast<u32>(e), expected.lane_nans[lane]);
    } else if (expected.shape == LaneShape::kF64x2) {
      same &= float_matches(a, e, expected.lane_nans[lane]);
    } else {
      same &= a == e;
    }
  }
  if (same) return {};
  return fail("expected " + lanes_text(expected.v128.data(), expected, true) + "\nactual   " +
              lanes_text(bytes, expected, false));
}

/// Whether a value's type is `heap` or below it.
bool has_heap_type(Store& store, const Value& value, HeapType heap) {
  return value.type.is_ref() &&
         is_subtype(*store.engine().types(), value.type, ValType::ref(heap, true));
}

/// Whether a reference below `any` is, at run time, of the type.
bool is_instance(Store& store, const Value& value, ValType type) {
  const GcHeap* heap = store.gc_heap();
  return heap != nullptr && gc_is_instance(*heap, value.cells[0], type);
}

bool reference_matches(Store& store, const Value& actual, const Pattern& expected) {
  using Kind = Pattern::Kind;
  bool null = actual.is_null_ref();
  if (expected.kind == Kind::kRefNull) return null;
  if (null) return false;
  if (expected.kind == Kind::kRefFunc) return has_heap_type(store, actual, HeapType::kFunc);
  if (expected.kind == Kind::kRefExn) return has_heap_type(store, actual, HeapType::kExn);
  if (expected.kind == Kind::kRefAny) return has_heap_type(store, actual, HeapType::kAny);
  const HeapType below_any = expected.kind == Kind::kRefEq       ? HeapType::kEq
                             : expected.kind == Kind::kRefI31    ? HeapType::kI31
                             : expected.kind == Kind::kRefStruct ? HeapType::kStruct
                             : expected.kind == Kind::kRefArray  ? HeapType::kArray
                                                                 : HeapType::kBottom;
  if (below_any != HeapType(HeapType::kBottom)) {
    return has_heap_type(store, actual, HeapType::kAny) &&
           is_instance(store, actual, ValType::ref(below_any, false));
  }
  if (expected.kind == Kind::kRefHost) {
    return has_heap_type(store, actual, HeapType::kAny) &&
           store.host_value(actual.cells[0]) == expected.bits;
  }
  if (expected.kind != Kind::kRefExtern || !has_heap_type(store, actual, HeapType::kExtern)) {
    return false;
  }
  return !expected.has_operand || store.host_value(actual.cells[0]) == expected.bits;
}

}  // namespace

Result<void> match_result(Store& store, const Value& actual, const Pattern& expected) {
  if (expected.kind == Pattern::Kind::kEither) {
    Result<void> first;
    for (size_t i = 0; i < expected.alternatives.size(); ++i) {
      auto matched = match_result(store, actual, expected.alternatives[i]);
      if (matched) return {};
      if (i == 0) first = std::move(matched);
    }
    return first;
  }
  if (expected.kind == Pattern::Kind::kI32 && actual.type == kI32) {
    return match_int<i32>(actual.as_u32(), static_cast<u32>(expected.bits));
  }
  if (expected.kind == Pattern::Kind::kI64 && actual.type == kI64) {
    return match_int<i64>(actual.as_u64(), expected.bits);
  }
  if (expected.kind == Pattern::Kind::kF32 && actual.type == kF32) {
    return match_float(actual.as_u32(), static_cast<u32>(expected.bits), expected.nan);
  }
  if (expected.kind == Pattern::Kind::kF64 && actual.type == kF64) {
    return match_float(actual.as_u64(), expected.bits, expected.nan);
  }
  if (expected.kind == Pattern::Kind::kV128 && actual.type == kV128) {
    return match_v128(actual, expected);
  }
  if (actual.type.is_ref() && reference_matches(store, actual, expected)) return {};
  return fail("expected another kind of value, got " +
              type_name(*store.engine().types(), actual.type));
}

Result<Value> argument_value(Store& store, const wat::Value& argument) {
  using Kind = wat::Value::Kind;
  switch (argument.kind) {
    case Kind::kI32: return Value::i32(static_cast<u32>(argument.bits));
    case Kind::kI64: return Value::i64(argument.bits);
    case Kind::kF32: return Value::f32_bits(static_cast<u32>(argument.bits));
    case Kind::kF64: return Value::f64_bits(argument.bits);
    case Kind::kV128: {
      Value v = Value::v128(0, 0);
      std::memcpy(v.cells, argument.v128.data(), 16);
      return v;
    }
    case Kind::kRefNull: return Value::ref(ValType::ref(argument.heap, true), 0);
    case Kind::kRefExtern: return Value::ref(kExternRef, store.new_host_ref(argument.bits));
    case Kind::kRefHost:
      return Value::ref(ValType::ref(HeapType::kAny, true), store.new_host_ref(argument.bits));
  }
  return fail("unknown kind of argument");
}

bool trap_message_matches(std::string_view expected, std::string_view actual) {
  auto has = [&](std::string_view what, std::string_view text) {
    return text.find(what) != std::string_view::npos;
  };
  if (has(expected, actual)) return true;
  bool uninitialized = has("uninitialized element", actual);
  bool null_reference = has("null reference", actual);
  // Scripts name the element, the kind of function, reference or cast; our messages do not.
  if (has("cast failure", expected) && has("cast failure", actual)) return true;
  if (has("uninitialized element", expected) && uninitialized) return true;
  if (has("null function", expected) && (uninitialized || null_reference)) return true;
  return has("null", expected) && has("reference", expected) && null_reference;
}

}  // namespace wazuka::cli
