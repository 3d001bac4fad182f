// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// The interpreter's instruction set: what an instruction is called, which forms it has, and how its
// words are laid out. Everything derives from the tables in ops/*.def.
//
// Values live in the cells of the frame ("slots") and in three accumulators, one for integers and
// references, one for f32, one for f64. A row of the tables (a `Base`) is an operation; its *shape*
// says which operand kinds it is generated for:
//
//   R  the accumulator of the operand's class      S  a slot      I  an immediate
//
// Every operation that produces a value leaves it in the accumulator of its class; where the shape
// has a destination, form 2k leaves it only there and form 2k+1 stores it to a slot as well. So the
// lowering may decide after the fact, by rewriting the handler word, that a value must also be
// stored: it need not know a value's future when it emits the instruction.
//
// An instruction is a sequence of 64-bit words:
//
//   word 0   the handler's address (portable build: the number of the op)
//   word 1   four 16-bit fields f0…f3, or two and a 32-bit immediate in f2:f3
//   word 2…  64-bit immediates and pointers
//
//              f0      f1                  f2:f3           word 2
//   value      dst     first slot          second slot     -
//              dst     slot                i32 immediate   (f64 immediate: word 2)
//   branch     slot    slot or i16         i32 target      (float immediate)
//   load       dst     address slot        u32 offset+size
//   store      address value slot or i16   u32 offset+size
//
// Branch targets count words from the start of the branching instruction.
#pragma once

#include <array>
#include <cassert>
#include <string_view>

#include "base/fixed_text.h"
#include "base/ints.h"

namespace wazuka::interp {

enum class Kind : u8 { kNone, kR, kS, kI };

/// One operand-kind combination of a shape.
struct Combo {
  Kind a = Kind::kNone;
  Kind b = Kind::kNone;
  constexpr bool operator==(const Combo&) const = default;
};

enum class Shape : u8 {
#define SHAPE(name, dst, ...) k##name,
#include "interp/ops/shapes.def"
#undef SHAPE
};

struct ShapeInfo {
  bool dst;  // forms come in pairs: accumulator only, accumulator and slot
  u8 count;  // of combos
  Combo combos[8];
  constexpr u32 forms() const { return dst ? count * 2u : count; }
};

namespace detail {
constexpr Kind kNone = Kind::kNone, R = Kind::kR, S = Kind::kS, I = Kind::kI;
template <class... C>
constexpr ShapeInfo shape(bool dst, C... combos) {
  return {dst, sizeof...(combos), {combos...}};
}
inline constexpr ShapeInfo kShapes[] = {
#define SHAPE(name, dst, ...) shape(dst, __VA_ARGS__),
#include "interp/ops/shapes.def"
#undef SHAPE
};
}  // namespace detail

constexpr const ShapeInfo& shape_info(Shape s) {
  return detail::kShapes[static_cast<u32>(s)];
}

/// The operations.
enum class Base : u16 {
#define OP(name, shape, ...) k##name,
#include "interp/ops/all.def"
#undef OP
};

#define OP(name, shape, ...) +1
inline constexpr u32 kBaseCount = 0
#include "interp/ops/all.def"
    ;
#undef OP

struct BaseInfo {
  Shape shape;
  u8 words;  // of the forms without a 64-bit float immediate; 0: given by the instruction itself
  FixedText<36> text;
};

inline constexpr BaseInfo kBaseInfo[] = {
#define OP(name, shape, words, text, ...) {Shape::k##shape, words, text},
#include "interp/ops/all.def"
#undef OP
};

constexpr const BaseInfo& base_info(Base b) {
  return kBaseInfo[static_cast<u32>(b)];
}
constexpr const ShapeInfo& shape_of(Base b) {
  return shape_info(base_info(b).shape);
}

/// Number of the first form of each Base; the last entry is the number of all forms.
inline constexpr std::array<u16, kBaseCount + 1> kFirstForm = [] {
  std::array<u16, kBaseCount + 1> first{};
  u32 at = 0;
  for (u32 i = 0; i < kBaseCount; ++i) {
    first[i] = static_cast<u16>(at);
    at += shape_info(kBaseInfo[i].shape).forms();
  }
  first[kBaseCount] = static_cast<u16>(at);
  return first;
}();
inline constexpr u32 kFormCount = kFirstForm[kBaseCount];

constexpr u16 first_form(Base b) {
  return kFirstForm[static_cast<u32>(b)];
}

/// A Base in one of its forms.
struct Form {
  Base base{};
  u8 form = 0;  // combo * (dst ? 2 : 1) + stores

  constexpr u16 number() const { return static_cast<u16>(first_form(base) + form); }
  constexpr bool has_dst() const { return shape_of(base).dst; }
  constexpr bool stores() const { return has_dst() && (form & 1) != 0; }
  constexpr Combo combo() const { return shape_of(base).combos[has_dst() ? form / 2 : form]; }
  constexpr bool operator==(const Form&) const = default;
};

/// The combo's index in the shape of `b`, or -1.
constexpr int find_combo(Base b, Combo c) {
  const ShapeInfo& s = shape_of(b);
  for (u32 i = 0; i < s.count; ++i) {
    if (s.combos[i] == c) return static_cast<int>(i);
  }
  return -1;
}

/// Precondition: the shape of `b` has that combo.
constexpr Form make_form(Base b, int combo, bool stores = false) {
  assert(combo >= 0 && combo < shape_of(b).count);
  return {b, static_cast<u8>(shape_of(b).dst ? combo * 2 + stores : combo)};
}

}  // namespace wazuka::interp
