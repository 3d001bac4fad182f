// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// The small vocabulary of the optimising compiler's IR (docs/optimizing.md): types, handles,
// conditions, and what a memory access, a call and an edge are.
#pragma once

#include <string_view>

#include "abi/trap.h"
#include "base/ints.h"
#include "wasm/opcode.h"

namespace wazuka::opt {

/// References are i64: of the func family a VMFuncRef*, all others 32 bits, zero-extended
/// (abi/vm.h). Whether the collector traces a value is Inst::traced.
struct TypeScope {
  // Not a scoped one: GCC 12 takes no bit-field of such a type (Inst::type) in an initializer list.
  enum Type : u8 { kNone, kI32, kI64, kF32, kF64, kV128 };
};
using Type = TypeScope::Type;

constexpr bool is_int(Type t) {
  return t == Type::kI32 || t == Type::kI64;
}
constexpr bool is_float(Type t) {
  return t == Type::kF32 || t == Type::kF64;
}
constexpr u32 type_bytes(Type t) {
  switch (t) {
    case Type::kNone: return 0;
    case Type::kI32:
    case Type::kF32: return 4;
    case Type::kI64:
    case Type::kF64: return 8;
    case Type::kV128: return 16;
  }
  return 0;
}
constexpr std::string_view type_name(Type t) {
  switch (t) {
    case Type::kNone: return "none";
    case Type::kI32: return "i32";
    case Type::kI64: return "i64";
    case Type::kF32: return "f32";
    case Type::kF64: return "f64";
    case Type::kV128: return "v128";
  }
  return "?";
}

// Handles. Every value is the result of an instruction (block parameters are instructions, too), so
// that a Value names an instruction and, if it has one, its result.
enum class Value : u32 {};
enum class Block : u32 {};
enum class EdgeId : u32 {};
enum class CallId : u32 {};
enum class SlotId : u32 {};

inline constexpr Value kNoValue{~u32{0}};
inline constexpr Block kNoBlock{~u32{0}};
inline constexpr SlotId kNoSlot{~u32{0}};

template <class Handle>
constexpr u32 index_of(Handle h) {
  return static_cast<u32>(h);
}

enum class IntCond : u8 {
#define INT_COND(name, text, swapped, inverse) k##name,
#define FLOAT_COND(name, text, swapped)
#include "opt/ir/conds.def"
#undef INT_COND
#undef FLOAT_COND
};

/// True only if neither operand is NaN, but for kNe, which is the inverse of kEq.
enum class FloatCond : u8 {
#define INT_COND(name, text, swapped, inverse)
#define FLOAT_COND(name, text, swapped) k##name,
#include "opt/ir/conds.def"
#undef INT_COND
#undef FLOAT_COND
};

std::string_view cond_name(IntCond c);
std::string_view cond_name(FloatCond c);
/// The condition c' with (b c' a) == (a c b).
IntCond swapped(IntCond c);
FloatCond swapped(FloatCond c);
/// The condition that is true where c is false. Floats have none but for kEq and kNe.
IntCond inverse(IntCond c);

/// What an access may touch. Accesses of different regions, or of the same region with different
/// indices, never touch the same bytes.
enum class Region : u8 {
#define REGION(name, text) k##name,
#include "opt/ir/regions.def"
#undef REGION
};
std::string_view region_name(Region r);
/// Region index of all imported entities of a kind that may be the same.
inline constexpr u32 kImportedIndex = ~u32{0};

/// The shape of memory accesses, interned: Inst::aux of loads, stores and atomics.
struct Access {
  u32 offset = 0;        // added to base + index, below 2³¹
  u32 region_index = 0;  // which memory, table, global, field …
  Region region = Region::kReadonly;
  u8 bytes = 0;       // of memory: 1, 2, 4, 8 or 16
  bool sign = false;  // loads of fewer bytes than the result has: sign-extended, else zero-extended
  bool traps = false;   // an address that is out of bounds faults, with `trap`
  bool atomic = false;  // sequentially consistent
  TrapCode trap = TrapCode::kMemoryOutOfBounds;
  u8 lane = 0;         // load_lane, store_lane
  Op simd = Op::kNop;  // vector accesses that do more than load or store 16 bytes, atomic_rmw

  bool operator==(const Access&) const = default;
};

/// Where control goes, with the values for the parameters of the block.
struct Edge {
  Block target = kNoBlock;
  u32 args_begin = 0, args_count = 0;  // in Graph's list pool
};

/// The builtins by number (abi/builtins.def).
enum class Builtin : u8 {
#define BUILTIN(name, result, ...) k_##name,
#include "abi/builtins.def"
#undef BUILTIN
};
std::string_view builtin_name(Builtin b);
/// The byte offset in VMBuiltins.
u32 builtin_offset(Builtin b);
/// Of its result: i32 for u32, bool and TrapOr, i64 for the rest. A bool is in the low 8 bits of
/// the register.
Type builtin_type(Builtin b);
bool builtin_returns_bool(Builtin b);

/// A clause that an exception may go to from a call: the edge of the same number leads there. Same
/// meaning as CatchClauseTable (abi/code_object.h), with slots for cells.
struct Handler {
  static constexpr u32 kNoTag = ~u32{0};
  u32 tag = kNoTag;            // VMContext offset of the VMTag*
  SlotId args_slot = kNoSlot;  // the exception's arguments, cell by cell
  SlotId ref_slot = kNoSlot;
};

struct CallInfo {
  enum class Kind : u8 { kFunction, kFuncRef, kBuiltin };
  Kind kind = Kind::kFunction;
  Builtin builtin = Builtin::k_memory_grow;
  bool own = false;    // kFuncRef: a function of this instance, whose VMContext is ours
  u32 func = 0;        // kFunction: a defined function's index in the function index space
  u32 type_index = 0;  // kFunction, kFuncRef: the module's type of the callee
  u32 args_begin = 0, args_count = 0;          // in the list pool; builtins: without the VMContext*
  u32 roots_begin = 0, roots_count = 0;        // in the list pool: slots that hold live references
  u32 handlers_begin = 0, handlers_count = 0;  // innermost first; only of `invoke` and `raise`
};

/// A place in the frame: consecutive cells, addressable by builtins.
struct StackSlot {
  u32 cells = 1;
  bool traced = false;  // one cell that holds a reference
};

}  // namespace wazuka::opt
