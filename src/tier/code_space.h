// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// The machine code of one module: address space with the module's FuncCodes in front and its code
// behind them, within the reach of rip-relative operands, and the functions that are in it. Code is
// only ever added. Functions are found by address without locks, by signal handlers too.
//
// A space may begin with code that is not made here but mapped, with its tables, from a file: that
// of an image (docs/images.md).
//
// Spaces are known to the process (find_code_space) from their creation to their end. A space must
// not die while any of its code is on a stack.
#pragma once

#include <atomic>
#include <memory>
#include <mutex>
#include <optional>
#include <span>
#include <vector>

#include "abi/code_object.h"
#include "abi/vm.h"
#include "os/executable_memory.h"

namespace wazuka {

/// A function that has been placed.
struct CodeObject {
  u32 begin = 0, end = 0;  // offsets in the space's code
  u32 frame_bytes = 0;
  FuncCode* func = nullptr;
  CodeTablesView tables;

  /// The call with this return address (offset in the function), or null.
  const CallSite* call_at(u32 return_offset) const;
  /// The instruction that traps at this offset in the function, or null.
  const TrapSite* trap_at(u32 offset) const;
  /// The home cells that hold traced references at a call of this function.
  std::span<const u16> roots_of(const CallSite& call) const;
};

/// A function whose code is in a file, as the file has it. Its tables end where the next entry's
/// begin.
struct StoredFunction {
  u32 begin = 0, end = 0;  // offsets in the code
  u32 frame_bytes = 0;
  u32 func_index = 0;
  u32 optimized = 0;  // or baseline code
  u32 traps = 0, calls = 0, roots = 0, tries = 0, clauses = 0, inlined = 0;
  u32 relocations = 0;  // offsets in the function's code, if they are kept
};

/// All of them, by address, and one more that ends the tables of the last. What is in the file
/// agrees with itself: whoever opened it has checked that.
struct StoredCode {
  std::span<const StoredFunction> functions;
  CodeTablesView tables;
  std::span<const u32> relocations;
  os::CodeInFile code;
  u32 first_func = 0;  // index of the function whose FuncCode is first in the data
  u32 func_bytes = 0;  // from one FuncCode to the next

  std::span<const StoredFunction> all() const {
    return functions.empty() ? functions : functions.first(functions.size() - 1);
  }
};

class CodeSpace {
 public:
  struct Shape {
    size_t data_bytes = 0;
    size_t code_bytes = 0;               // at most; only what is used costs memory
    u32 max_functions = 0;               // that will be placed
    bool keep_relocations = false;       // for copies of the code: each()
    const StoredCode* stored = nullptr;  // what the code begins with; outlives the space
  };
  /// Null if the host refuses.
  static std::unique_ptr<CodeSpace> create(const Shape& shape);
  ~CodeSpace();
  CodeSpace(const CodeSpace&) = delete;
  CodeSpace& operator=(const CodeSpace&) = delete;

  /// Zero at first.
  u8* data() const { return region_.data(); }

  /// Where a relocation leads to.
  using Resolve = const void* (*)(void* env, const Relocation& relocation);
  struct Placement {
    CompiledCode code;
    FuncCode* func = nullptr;
    const u8* address = nullptr;  // the result; null: there is no room
  };
  /// Places functions, takes their tables, and makes them known. Any thread. Many at once cost
  /// little more than one: a system call.
  void place(std::span<Placement> functions, Resolve resolve, void* env);
  /// Places code that is no function: calls from it find no CodeObject.
  const u8* place_bytes(std::span<const u8> bytes, u32 alignment);

  bool contains(const void* pc) const {
    return static_cast<size_t>(static_cast<const u8*>(pc) - region_.code()) < region_.code_bytes();
  }
  const u8* code() const { return region_.code(); }
  size_t code_bytes() const { return region_.code_bytes(); }
  /// Of those that are used: in the file.
  size_t stored_bytes() const { return region_.file_bytes(); }
  size_t used_bytes() const { return used_.load(std::memory_order_relaxed); }

  /// A function's code and which of its fields (offsets) were relocated, to be copied.
  struct Copied {
    CodeObject object;
    std::vector<u32> relocations;
  };
  /// What is in the space now, if it keeps relocations.
  std::vector<Copied> functions() const;

  /// The function whose code contains `pc`, or whose last instruction ends there.
  std::optional<CodeObject> find(const u8* pc) const;

 private:
  /// A function that was placed here.
  struct Placed {
    CodeObject object;
    CodeTables tables;
    std::vector<Relocation> relocations;  // only if they are kept
  };

  explicit CodeSpace(os::ExecutableRegion region) : region_(std::move(region)) {}
  const u8* allocate(size_t bytes, u32 alignment);
  std::optional<CodeObject> find_stored(u32 offset) const;
  CodeObject stored_object(size_t i) const;

  os::ExecutableRegion region_;
  std::mutex lock_;  // of what follows, for writers
  std::vector<u8> staging_;
  std::atomic<size_t> used_ = 0;
  // The first count_ entries are set, in the order of their addresses.
  struct Freer {
    void operator()(void* p) const;
  };
  std::unique_ptr<Placed*[], Freer> objects_;
  u32 max_objects_ = 0;
  std::atomic<u32> count_ = 0;
  bool keep_relocations_ = false;
  const StoredCode* stored_ = nullptr;
};

/// The space that contains an address, or null. Async-signal-safe. Valid as long as the code at
/// `pc` is known to live.
const CodeSpace* find_code_space(const void* pc);

}  // namespace wazuka
