// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// What a compiler makes of one function: machine code, and tables that say what the runtime must
// know about places in it. The tables are sorted by code offset and searched, never decoded; they
// are the same for every compiled tier (docs/abi.md).
#pragma once

#include <span>
#include <vector>

#include "abi/trap.h"
#include "base/ints.h"

namespace wazuka {

inline constexpr u32 kNoWasmOffset = ~u32{0};

/// A place outside of the function's code that a 32-bit field of it refers to:
/// field += address of the target - address of the field.
struct Relocation {
  enum class Target : u8 {
    kFuncCode,  // FuncCode of defined function `index` (index in the function index space)
  };
  u32 offset = 0;  // of the field
  Target target = Target::kFuncCode;
  u32 index = 0;
};

/// A position in a body that has been inlined. The `wasm_offset`s of a function's tables are
/// offsets in its own body, or, with this bit, kInlinedPosition | index in CodeTables::inlined.
struct InlinedPosition {
  u32 func = 0;         // whose body it is in (function index space)
  u32 wasm_offset = 0;  // there: byte offset in the module
  u32 call = 0;         // the call that has been replaced: a position in the function around
};
inline constexpr u32 kInlinedPosition = u32{1} << 31;
constexpr bool is_inlined_position(u32 wasm_offset) {
  return wasm_offset >= kInlinedPosition && wasm_offset != kNoWasmOffset;
}

/// An instruction that may fault or is there to trap: its address is the signal's pc.
struct TrapSite {
  u32 offset = 0;
  u32 wasm_offset = kNoWasmOffset;  // byte offset in the module
  TrapCode code = TrapCode::kUnreachableCodeReached;
  u8 unused[3] = {};  // no padding: images have these as they are
};

/// A call: of a function, of a builtin or of a stub. Identified by its return address.
struct CallSite {
  static constexpr u32 kNoTry = ~u32{0};

  u32 return_offset = 0;
  u32 wasm_offset = kNoWasmOffset;
  u32 roots_begin = 0;  // CodeTables::roots[roots_begin, + roots_count): home cells that hold live
  u32 roots_count = 0;  // references which the collector traces
  u32 try_region = kNoTry;  // innermost try region around it
};

/// A try_table or try. Exceptions that none of its clauses catches go on with `outer`.
struct TryRegion {
  u32 outer = CallSite::kNoTry;
  u32 clauses_begin = 0, clauses_count = 0;
};

struct CatchClauseTable {
  static constexpr u32 kNoTag = ~u32{0};
  static constexpr u32 kNoCell = ~u32{0};

  u32 tag = kNoTag;         // VMContext offset of the VMTag* to compare with; kNoTag catches all
  u32 args_cell = kNoCell;  // home cell where the exception's arguments go (if there is a tag)
  u32 ref_cell = kNoCell;   // home cell where the reference goes, if wanted
  u32 landing = 0;          // code offset to go on at: rbp and rsp are the frame's, all values home
};

/// Here begins code of the wasm instruction at `wasm_offset`; it goes on to the next position. An
/// instruction may have several, or none.
struct CodePosition {
  u32 offset = 0;
  u32 wasm_offset = kNoWasmOffset;
};

/// Sorted tables of one function.
struct CodeTables {
  std::vector<TrapSite> traps;
  std::vector<CallSite> calls;
  std::vector<u16> roots;
  std::vector<TryRegion> tries;
  std::vector<CatchClauseTable> clauses;
  std::vector<InlinedPosition> inlined;
};

/// The same where they are: those of a CodeTables, or of an image (image/format.h).
struct CodeTablesView {
  std::span<const TrapSite> traps;
  std::span<const CallSite> calls;
  std::span<const u16> roots;
  std::span<const TryRegion> tries;
  std::span<const CatchClauseTable> clauses;
  std::span<const InlinedPosition> inlined;

  CodeTablesView() = default;
  CodeTablesView(const CodeTables& t)
      : traps(t.traps),
        calls(t.calls),
        roots(t.roots),
        tries(t.tries),
        clauses(t.clauses),
        inlined(t.inlined) {}

  const InlinedPosition& inlined_at(u32 position) const {
    return inlined[position & ~kInlinedPosition];
  }
};

/// The result of compiling one function, before it is placed.
struct CompiledCode {
  std::vector<u8> bytes;
  u32 alignment = 16;
  // From rbp down to rsp where no call is being prepared; homes begin there. 0: there is no frame.
  u32 frame_bytes = 0;
  std::vector<Relocation> relocations;
  CodeTables tables;
  std::vector<CodePosition> positions;  // sorted; only if CompileEnv::positions
};

}  // namespace wazuka
