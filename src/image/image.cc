// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "image/image.h"

#include <algorithm>
#include <bit>
#include <cstring>
#include <string>

#include "asm/cpu_features.h"
#include "base/hash.h"
#include "wasm/feature.h"

namespace wazuka::image {
namespace {

constexpr u8 kElf[] = {0x7f, 'E', 'L', 'F'};

std::string_view text_of(const char (&field)[48]) {
  const auto* const end = std::find(std::begin(field), std::end(field), '\0');
  return {field, static_cast<size_t>(end - field)};
}

/// Versions may hold anything; they are printed.
std::string printable(std::string_view text) {
  std::string result(text);
  for (char& c : result) {
    if (c < 0x20 || c > 0x7e) c = '?';
  }
  return result;
}

std::unexpected<Error> differs(const char* what, bool compiled) {
  return fail(std::string("Module was compiled ") + (compiled ? "with " : "without ") + what +
              " but it is " + (compiled ? "not enabled" : "enabled") + " for the host");
}

}  // namespace

u64 head_checksum(std::span<const u8> head) {
  constexpr size_t kField = kHeaderOffset + offsetof(Header, head_checksum);
  const u64 before = hash_bytes(head.first(kField));
  return hash_bytes(head.subspan(kField + sizeof(u64)), before);
}

bool is_elf(std::span<const u8> bytes) {
  return bytes.size() >= sizeof kElf && std::equal(std::begin(kElf), std::end(kElf), bytes.data());
}

std::span<const u8> ImageModuleBytes::bytes() const {
  return image_->module();
}

std::string_view Image::made_by() const {
  return text_of(header().version);
}

Result<std::shared_ptr<const Image>> Image::open(os::MappedFile file) {
  std::shared_ptr<Image> image(new Image(std::move(file)));
  WAZUKA_TRY(image->check_head());
  if (!image->parts_are_inside() || !image->functions_are_sound() || !image->runs_are_sound()) {
    return fail("the image contradicts itself");
  }
  image->find_code();
  return image;
}

Result<void> Image::check_head() const {
  const std::span<const u8> all = file_.bytes();
  if (!is_elf(all)) return fail("not an ELF file");
  if (all.size() < kHeaderOffset + sizeof(Header::magic)) return fail("the image is truncated");
  if (std::memcmp(header().magic, kMagic, sizeof kMagic) != 0) {
    return fail("an ELF file, but not an image of Wazuka");
  }
  if (all.size() < kHeaderOffset + sizeof(Header)) return fail("the image is truncated");
  const Header& h = header();
  const std::string_view made_by = text_of(h.version);
  if (made_by != version()) {
    return fail("Module was compiled with incompatible version '" + printable(made_by) +
                "', this is '" + std::string(version()) + "'");
  }
  if (h.file_bytes > all.size()) return fail("the image is truncated");
  if (h.head_bytes > h.file_bytes || h.head_bytes < kHeaderOffset + sizeof(Header) ||
      h.file_bytes != all.size() || (h.head_bytes | h.file_bytes) % kPageBytes != 0) {
    return fail("the image was altered: its sizes are wrong");
  }
  if (head_checksum(all.first(h.head_bytes)) != h.head_checksum) {
    return fail("the image was altered: its checksum is wrong");
  }
  return {};
}

bool Image::is_whole(PartId id) const {
  const Part& p = header().part(id);
  const u64 pages = (p.bytes + kPageBytes - 1) / kPageBytes * kPageBytes;
  return hash_bytes(file_.bytes().subspan(p.offset, pages)) == p.checksum;
}

bool Image::body_is_whole() const {
  return is_whole(PartId::kText) && is_whole(PartId::kModule) && is_whole(PartId::kMemory);
}

bool Image::parts_are_inside() const {
  const Header& h = header();
  for (u32 i = 0; i < kPartCount; ++i) {
    const Part& p = h.parts[i];
    const bool body = kParts[i].place == Place::kBody;
    // The file's size is in pages: what ends inside it does so with its last page.
    const u64 begin = body ? h.head_bytes : kHeaderOffset + sizeof(Header);
    const u64 end = body ? h.file_bytes : h.head_bytes;
    if (p.offset < begin || p.offset > end || p.bytes > end - p.offset) return false;
    if (p.offset % (body ? kPageBytes : 16) != 0 || p.bytes % kParts[i].element_bytes != 0) {
      return false;
    }
  }
  return true;
}

bool Image::functions_are_sound() const {
  const Header& h = header();
  const auto functions = part<StoredFunction>(PartId::kFunctions);
  if (functions.empty() || h.func_count != func_infos().size()) return false;
  StoredFunction before;
  for (size_t i = 0; i < functions.size(); ++i) {
    const StoredFunction& f = functions[i];
    if (f.traps < before.traps || f.calls < before.calls || f.roots < before.roots ||
        f.tries < before.tries || f.clauses < before.clauses || f.inlined < before.inlined ||
        f.relocations < before.relocations) {
      return false;
    }
    const bool last = i + 1 == functions.size();
    if (!last && (f.begin < before.end || f.end < f.begin || f.func_index < h.first_func ||
                  f.func_index - h.first_func >= h.func_count)) {
      return false;
    }
    before = f;
    if (!last && f.end > h.part(PartId::kText).bytes) return false;
  }
  return before.traps == part<TrapSite>(PartId::kTraps).size() &&
         before.calls == part<CallSite>(PartId::kCalls).size() &&
         before.roots == part<u16>(PartId::kRoots).size() &&
         before.tries == part<TryRegion>(PartId::kTries).size() &&
         before.clauses == part<CatchClauseTable>(PartId::kClauses).size() &&
         before.inlined == part<InlinedPosition>(PartId::kInlined).size() &&
         before.relocations == part<u32>(PartId::kRelocations).size();
}

bool Image::runs_are_sound() const {
  const u64 bytes = header().part(PartId::kMemory).bytes;
  return std::ranges::all_of(runs(), [bytes](const MemoryRun& r) {
    return r.begin < r.end && (r.begin | r.end | r.offset) % kPageBytes == 0 && r.offset <= bytes &&
           r.end - r.begin <= bytes - r.offset;
  });
}

void Image::find_code() {
  const Part& text = header().part(PartId::kText);
  code_.functions = part<StoredFunction>(PartId::kFunctions);
  code_.tables.traps = part<TrapSite>(PartId::kTraps);
  code_.tables.calls = part<CallSite>(PartId::kCalls);
  code_.tables.roots = part<u16>(PartId::kRoots);
  code_.tables.tries = part<TryRegion>(PartId::kTries);
  code_.tables.clauses = part<CatchClauseTable>(PartId::kClauses);
  code_.tables.inlined = part<InlinedPosition>(PartId::kInlined);
  code_.relocations = part<u32>(PartId::kRelocations);
  code_.code = {file_.fd(), text.offset, text.bytes, file_.bytes().data() + text.offset};
  code_.first_func = header().first_func;
}

Result<void> Image::check_settings(const Settings& host) const {
  const Settings& own = settings();
  if (const u64 missing = own.cpu & ~host.cpu; missing != 0) {
    const u32 bit = static_cast<u32>(std::countr_zero(missing));
    const std::string name = bit < assembly::kCpuFeatureCount
                                 ? std::string(name_of(static_cast<assembly::CpuFeature>(bit)))
                                 : "unknown";
    return fail_with_cause("compilation settings of module incompatible with native host",
                           "the code needs `" + name + "`, which this processor does not have");
  }
  if (const u64 missing = own.features & ~host.features; missing != 0) {
    const u32 bit = static_cast<u32>(std::countr_zero(missing));
    const std::string name = bit < kFeatureCount ? std::string(kFeatures[bit].flag) : "unknown";
    return fail("Module was compiled with support for WebAssembly feature `" + name +
                "` but it is not enabled for the host");
  }
  if (own.fuel != host.fuel) return differs("fuel support", own.fuel != 0);
  if (own.epoch != host.epoch) return differs("epoch interruption", own.epoch != 0);
  if (own.canonical_nans != host.canonical_nans) {
    return differs("canonical NaNs", own.canonical_nans != 0);
  }
  if (own.limits_resume != host.limits_resume) {
    return differs("asynchronous yields or a callback at limits", own.limits_resume != 0);
  }
  if (own.signals > host.signals) return differs("signals-based traps", true);
  if (own.guard_bytes > host.guard_bytes) {
    return fail("Module was compiled with a memory guard size of '" +
                std::to_string(own.guard_bytes) + "' but '" + std::to_string(host.guard_bytes) +
                "' is expected for the host");
  }
  return {};
}

}  // namespace wazuka::image
