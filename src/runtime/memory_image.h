// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// What the active data segments of a module make of its memories, laid out once in a file that
// instances map, copy-on-write, instead of copying the segments: instantiation then costs the same
// whatever the segments' size is, pages that are only read exist once, and those that are never
// touched cost nothing.
//
// A module has an image only if that can make no difference. The memories are the module's own and
// not shared, their size is in host pages, and every segment lies, at a constant offset, within the
// minimum size: then initialisation cannot trap, in whatever order it is done, and no host function
// and no other instance sees the memories meanwhile. What lies far apart is mapped by itself; a
// memory that is sparsely strewn with data has no image.
//
// Making an image costs as much as copying the segments, so it is made for a module's second
// instance; that of a compiled file (docs/images.md) is there from the beginning.
#pragma once

#include <memory>
#include <vector>

#include "image/image.h"
#include "os/memory_file.h"
#include "runtime/memory.h"
#include "wasm/module.h"

namespace wazuka {

class MemoryImage {
 public:
  /// Null if the module has no active segments, or does not fulfil the conditions, or the host
  /// refuses.
  static std::unique_ptr<MemoryImage> create(const Module& module);

  MemoryImage();

  /// What a memory of the module is initialised with (memory_pool.h).
  ContentsId contents_of(u32 memory) const { return first_contents_ + memory; }

  /// What an image of the module has. Null if it has nothing, or what does not fit the module.
  static std::unique_ptr<MemoryImage> open(const image::Image& file, const Module& module);

  /// The same contents, to be put into such a file; none if the module has no image.
  struct Contents {
    std::vector<image::MemoryRun> runs;
    std::vector<u8> bytes;
  };
  static Contents contents(const Module& module);

  /// Initialises the memories of an instance (all of the module's, by index), which are new: zero,
  /// or with their contents already. False: the host refused, and the memories are zero.
  bool map(const std::vector<Memory*>& memories) const;

  /// Pages of memory that are in one piece in the file.
  struct Run {
    u32 memory = 0;
    u64 begin = 0, end = 0;  // bytes of the memory, whole pages of the host
    u64 file_offset = 0;
  };
  const std::vector<Run>& runs() const { return runs_; }

 private:
  struct Placed {
    u32 memory;
    u64 offset;
    ByteRange bytes;
  };

  static bool collect(const Module& module, std::vector<Placed>& out);
  bool choose_runs(const std::vector<Placed>& segments);
  void fill(const Module& module, const std::vector<Placed>& segments, u8* contents) const;
  bool write(const Module& module, const std::vector<Placed>& segments);

  const ContentsId first_contents_;  // ids are never used again
  os::MemoryFile file_;
  std::vector<Run> runs_;  // by memory and address
  u64 bytes_ = 0;          // of the file
};

}  // namespace wazuka
