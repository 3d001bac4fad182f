// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "runtime/memory_image.h"

#include <algorithm>
#include <atomic>
#include <cstring>

#include "os/virtual_memory.h"
#include "wasm/const_expr.h"

namespace wazuka {

namespace {

constexpr u64 kMergedGap = u64{64} << 10;  // mapped together with what lies around it
constexpr size_t kMaxRuns = 16;            // each is a system call and a mapping
// Bytes of an image at most: of gaps between little segments it must not consist.
constexpr u64 kMaxPerByte = 4, kMaxSmall = u64{1} << 20;

/// Whether a file can be mapped over parts of it.
bool can_be_mapped(const MemoryType& type) {
  return !type.shared && (u64{1} << type.page_size_log2) % os::page_size() == 0;
}

u64 minimum_bytes(const MemoryType& type) {
  const u64 pages = type.limits.min;
  return pages > (~u64{0} >> type.page_size_log2) ? ~u64{0} : pages << type.page_size_log2;
}

}  // namespace

MemoryImage::MemoryImage()
    : first_contents_([] {
        static std::atomic<u64> images = 1;
        return images.fetch_add(1, std::memory_order_relaxed) << 32;
      }()) {}

bool MemoryImage::collect(const Module& module, std::vector<Placed>& out) {
  for (const DataSegment& segment : module.datas) {
    if (segment.mode != SegmentMode::kActive) continue;
    if (segment.memory < module.imported_memories) return false;
    const MemoryType& type = module.memories[segment.memory];
    const PlainConst offset = read_plain_const(module.bytes.subspan(segment.offset.offset),
                                               address_val_type(type.address));
    if (!can_be_mapped(type) || offset.bytes == 0) return false;
    const u64 size = minimum_bytes(type);
    if (offset.bits > size || segment.bytes.size > size - offset.bits) return false;
    if (segment.bytes.size != 0) out.push_back({segment.memory, offset.bits, segment.bytes});
  }
  return !out.empty();
}

bool MemoryImage::choose_runs(const std::vector<Placed>& segments) {
  const u64 page = os::page_size();
  std::vector<Run> pieces;
  for (const Placed& s : segments) {
    pieces.push_back({.memory = s.memory,
                      .begin = s.offset & ~(page - 1),
                      .end = os::round_up_to_pages(s.offset + s.bytes.size)});
  }
  std::sort(pieces.begin(), pieces.end(), [](const Run& a, const Run& b) {
    return a.memory != b.memory ? a.memory < b.memory : a.begin < b.begin;
  });
  for (const Run& piece : pieces) {
    if (!runs_.empty() && runs_.back().memory == piece.memory &&
        piece.begin <= runs_.back().end + kMergedGap) {
      runs_.back().end = std::max(runs_.back().end, piece.end);
    } else if (runs_.size() == kMaxRuns) {
      return false;
    } else {
      runs_.push_back(piece);
    }
  }
  for (Run& run : runs_) {
    run.file_offset = bytes_;
    bytes_ += run.end - run.begin;
  }
  u64 data_bytes = 0;
  for (const Placed& s : segments) data_bytes += s.bytes.size;
  return bytes_ <= kMaxSmall + kMaxPerByte * data_bytes;
}

/// In the order of the segments: later ones overwrite earlier ones.
void MemoryImage::fill(const Module& module, const std::vector<Placed>& segments,
                       u8* contents) const {
  for (const Placed& s : segments) {
    auto run = std::find_if(runs_.begin(), runs_.end(), [&s](const Run& r) {
      return r.memory == s.memory && s.offset >= r.begin && s.offset < r.end;
    });
    std::memcpy(contents + run->file_offset + (s.offset - run->begin), module.view(s.bytes).data(),
                s.bytes.size);
  }
}

bool MemoryImage::write(const Module& module, const std::vector<Placed>& segments) {
  os::Reservation contents = os::Reservation::map(bytes_);
  file_ = os::MemoryFile::create(bytes_);
  if (!contents || !file_) return false;
  fill(module, segments, contents.base());
  return file_.write(0, {contents.base(), bytes_}) && file_.seal();
}

std::unique_ptr<MemoryImage> MemoryImage::create(const Module& module) {
  std::vector<Placed> segments;
  if (!collect(module, segments)) return nullptr;
  auto image = std::make_unique<MemoryImage>();
  if (!image->choose_runs(segments) || !image->write(module, segments)) return nullptr;
  return image;
}

MemoryImage::Contents MemoryImage::contents(const Module& module) {
  std::vector<Placed> segments;
  MemoryImage image;
  if (!collect(module, segments) || !image.choose_runs(segments)) return {};
  Contents contents;
  contents.bytes.resize(image.bytes_);
  image.fill(module, segments, contents.bytes.data());
  for (const Run& r : image.runs_) {
    contents.runs.push_back({r.memory, r.begin, r.end, r.file_offset});
  }
  return contents;
}

std::unique_ptr<MemoryImage> MemoryImage::open(const image::Image& file, const Module& module) {
  if (file.runs().empty()) return nullptr;
  auto image = std::make_unique<MemoryImage>();
  for (const image::MemoryRun& r : file.runs()) {
    if (r.memory < module.imported_memories || r.memory >= module.memories.size()) return nullptr;
    const MemoryType& type = module.memories[r.memory];
    if (!can_be_mapped(type) || r.end > minimum_bytes(type)) return nullptr;
    image->runs_.push_back(
        {static_cast<u32>(r.memory), r.begin, r.end, file.memory_offset() + r.offset});
  }
  image->file_ = os::MemoryFile::duplicate(file.fd());
  return image->file_ ? std::move(image) : nullptr;
}

bool MemoryImage::map(const std::vector<Memory*>& memories) const {
  const auto has_contents = [&](const Run& run) {
    return memories[run.memory]->contents() == contents_of(run.memory);
  };
  bool mapped = true;
  for (const Run& run : runs_) {
    if (has_contents(run)) continue;
    mapped = memories[run.memory]->map_file(file_, run.begin, run.file_offset, run.end - run.begin);
    if (!mapped) break;
  }
  for (const Run& run : runs_) {
    if (mapped) {
      memories[run.memory]->set_contents(contents_of(run.memory));
    } else {
      memories[run.memory]->unmap_file(run.begin, run.end - run.begin);
    }
  }
  return mapped;
}

}  // namespace wazuka
