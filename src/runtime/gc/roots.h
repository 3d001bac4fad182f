// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Roots: where references live outside the heap. The collector moves objects, so it must be shown
// the very cells that hold references, and it rewrites them.
//
// Most roots belong to others: frames of running code, globals, tables, segments, the exception in
// flight. Their owner is a RootSource of the heap. Roots of the host are kept here: host code
// between two calls into the engine may hold a reference only as a GcRoot, because any call may
// collect. A scope releases what was rooted in it (a host function's references); an owned root
// lives until it is released. A handle that has been released, or of a slot used again since, is
// recognised: it yields nothing.
#pragma once

#include <optional>
#include <span>
#include <vector>

#include "abi/vm.h"

namespace wazuka {

/// What the collector does with a root. Showing a cell twice is harmless.
class RootVisitor {
 public:
  /// Each cell holds a reference that is not of the func family; it may be null.
  virtual void visit(std::span<Cell> cells) = 0;
  void visit(Cell& cell) { visit({&cell, 1}); }

 protected:
  ~RootVisitor() = default;
};

/// Shows all its references to the visitor. Must not touch the heap.
class RootSource {
 public:
  virtual void visit_roots(RootVisitor& visitor) = 0;
  /// False as long as some roots are where they cannot be found: nothing may be collected.
  virtual bool knows_roots() const { return true; }

 protected:
  ~RootSource() = default;
};

/// Stacks of continuations: their frames are roots while an object for the continuation is
/// reachable.
class StackSource {
 public:
  /// A continuation was found whose stack has this id; false if there is no such stack.
  virtual bool reach(u32 id) = 0;
  /// Shows the references of all stacks reached since the last call; false if there were none.
  virtual bool visit_reached(RootVisitor& visitor) = 0;
  /// Frees the stacks that were not reached.
  virtual void sweep() = 0;

 protected:
  ~StackSource() = default;
};

/// Operands of an operation that allocates: the operation shows them itself, so that callers may
/// have them anywhere and read them back, moved, afterwards.
struct GcOperands {
  Cell* cells = nullptr;
  std::span<const u32> refs;  // indices of the cells that hold references
  u32 leading_refs = 0;       // so do the first so many cells
};

/// A root of the host: copyable, worth nothing after its release.
struct GcRoot {
  u32 index = 0;
  u32 serial = 0;  // 0 is never in use
};

class HostRoots {
 public:
  /// Roots until `remove`. `ref` is any reference but one of the func family.
  GcRoot add(Cell ref);
  /// Roots until the innermost GcRootScope ends (without one: until the store dies).
  GcRoot add_scoped(Cell ref);
  void remove(GcRoot root);
  /// The reference, or nothing if the root has been released.
  std::optional<Cell> get(GcRoot root) const;
  size_t count() const { return count_; }

  void visit(RootVisitor& visitor);

 private:
  friend class GcRootScope;
  struct Slot {
    Cell ref = 0;
    u32 serial = 0;  // odd: in use
    u32 next_free = 0;
  };
  const Slot* find(GcRoot root) const;
  void leave_scope(size_t depth);

  std::vector<Slot> slots_;
  std::vector<GcRoot> scoped_;
  u32 free_ = ~u32{0};
  size_t count_ = 0;
};

/// Releases at its end what was rooted by add_scoped since its beginning. Scopes nest.
class GcRootScope {
 public:
  explicit GcRootScope(HostRoots& roots) : roots_(roots), depth_(roots.scoped_.size()) {}
  ~GcRootScope() { roots_.leave_scope(depth_); }
  GcRootScope(const GcRootScope&) = delete;
  GcRootScope& operator=(const GcRootScope&) = delete;

 private:
  HostRoots& roots_;
  size_t depth_;
};

}  // namespace wazuka
