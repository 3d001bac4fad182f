// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// An image that has been opened: one mapping of the file, in which everything is used where it is.
// Opening checks the version, the checksum of the head, and that all offsets stay inside; what is
// behind the head (code, module, memory) is trusted: who can write the file decides what runs.
#pragma once

#include <memory>

#include "base/error.h"
#include "image/format.h"
#include "os/mapped_file.h"
#include "wasm/module.h"

namespace wazuka::image {

/// Whether a file begins as an ELF file does; no more.
bool is_elf(std::span<const u8> bytes);

class Image;

/// The binary in an image.
class ImageModuleBytes : public ModuleBytes {
 public:
  explicit ImageModuleBytes(std::shared_ptr<const Image> image) : image_(std::move(image)) {}
  std::span<const u8> bytes() const override;

 private:
  std::shared_ptr<const Image> image_;
};

class Image {
 public:
  /// An error says why the image is refused: other version, truncated, altered.
  static Result<std::shared_ptr<const Image>> open(os::MappedFile file);

  /// Whether a part behind the head is as it was written. Reads all of it.
  bool is_whole(PartId id) const;
  /// Whether all of them are.
  bool body_is_whole() const;

  const Settings& settings() const { return header().settings; }
  /// An error names the first setting that code in this image relies on and the host does not give.
  Result<void> check_settings(const Settings& host) const;

  std::string_view made_by() const;
  const Part& place_of(PartId id) const { return header().part(id); }
  const StoredCode& code() const { return code_; }
  u64 code_distance() const { return header().code_distance; }
  std::span<const u8> module() const { return part<u8>(PartId::kModule); }
  std::span<const FuncInfo> func_infos() const { return part<FuncInfo>(PartId::kFuncInfos); }
  /// Module::type_ids that the code was made for: it has them in it.
  std::span<const u32> type_ids() const { return part<u32>(PartId::kTypeIds); }
  FuncInfoView func_info_pool() const {
    return {part<LoopInfo>(PartId::kLoops), part<u32>(PartId::kAssignedLocals)};
  }
  std::span<const MemoryRun> runs() const { return part<MemoryRun>(PartId::kMemoryRuns); }
  /// Where in the file the runs' contents are.
  u64 memory_offset() const { return header().part(PartId::kMemory).offset; }
  int fd() const { return file_.fd(); }
  std::span<const u8> bytes() const { return file_.bytes(); }

 private:
  explicit Image(os::MappedFile file) : file_(std::move(file)) {}
  const Header& header() const {
    return *reinterpret_cast<const Header*>(file_.bytes().data() + kHeaderOffset);
  }
  template <class T>
  std::span<const T> part(PartId id) const {
    const Part& p = header().part(id);
    return {reinterpret_cast<const T*>(file_.bytes().data() + p.offset), p.bytes / sizeof(T)};
  }
  Result<void> check_head() const;
  bool parts_are_inside() const;
  bool functions_are_sound() const;
  bool runs_are_sound() const;
  void find_code();

  os::MappedFile file_;
  StoredCode code_;
};

}  // namespace wazuka::image
