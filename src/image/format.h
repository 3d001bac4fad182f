// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// What an image is, byte by byte (docs/images.md): a 64-bit ELF file, so that tools show its
// sections, of which the loader reads one header at a fixed place and uses the rest where it is.
// Everything is in the byte order and the layout of x86-64; a build that has other layouts has
// another version.
#pragma once

#include <cstddef>
#include <string_view>
#include <type_traits>

#include "abi/code_object.h"
#include "tier/code_space.h"
#include "wasm/func_info.h"

namespace wazuka::image {

/// Pages of a memory that its active data segments fill, in one piece in the part Memory.
struct MemoryRun {
  u64 memory = 0;          // index
  u64 begin = 0, end = 0;  // bytes of the memory, whole pages
  u64 offset = 0;          // in the part
};

enum class PartId : u8 {
#define PART(name, section, type, place) k##name,
#include "image/parts.def"
#undef PART
};
enum class Place : u8 { kHead, kBody };

struct PartInfo {
  std::string_view section;
  u32 element_bytes;
  Place place;
};
inline constexpr PartInfo kParts[] = {
#define PART(name, section, type, place) {section, sizeof(type), Place::place},
#include "image/parts.def"
#undef PART
};
inline constexpr u32 kPartCount = sizeof(kParts) / sizeof(kParts[0]);

/// Pages of hosts that images are for.
inline constexpr u64 kPageBytes = 4096;

/// What the code relies on.
struct Settings {
  u64 features = 0;     // of WebAssembly, that the module was validated with
  u64 cpu = 0;          // CpuFeatures::bits
  u64 guard_bytes = 0;  // CompileEnv
  u8 signals = 0, fuel = 0, epoch = 0, tier_up = 0, canonical_nans = 0;
  u8 opt_level = 0;
  u8 optimizing = 0;  // the first compiler is the optimising one
  u8 limits_resume = 0, inlining = 0, small_code = 0;
  u8 reserved[6] = {};
};

struct Part {
  u64 offset = 0, bytes = 0;  // in the file
  u64 checksum = 0;           // kBody: of its pages; compared only if asked for
};

inline constexpr char kMagic[16] = {'w', 'a', 'z', 'u', 'k', 'a', ' ', 'i',
                                    'm', 'a', 'g', 'e', 0,   0,   0,   0};
inline constexpr u64 kHeaderOffset = 128;  // behind what ELF wants at the beginning

struct Header {
  char magic[16] = {};
  char version[48] = {};  // padded with zeros
  u64 file_bytes = 0;
  u64 head_bytes = 0;     // whole pages
  u64 head_checksum = 0;  // of those, but for this field
  Settings settings;
  u64 code_distance = 0;               // from the first FuncCode to the code
  u32 first_func = 0, func_count = 0;  // the module's defined functions
  Part parts[kPartCount];

  const Part& part(PartId id) const { return parts[static_cast<u32>(id)]; }
  Part& part(PartId id) { return parts[static_cast<u32>(id)]; }
};

// What is written is bytes: the same ones for the same module.
static_assert(std::has_unique_object_representations_v<Header>);
static_assert(std::has_unique_object_representations_v<StoredFunction>);
static_assert(std::has_unique_object_representations_v<TrapSite>);
static_assert(std::has_unique_object_representations_v<TryRegion>);
static_assert(std::has_unique_object_representations_v<CatchClauseTable>);
static_assert(std::has_unique_object_representations_v<LoopInfo>);
static_assert(std::has_unique_object_representations_v<InlinedPosition>);
static_assert(std::has_unique_object_representations_v<MemoryRun>);
static_assert(std::has_unique_object_representations_v<FuncInfo>);
static_assert(std::has_unique_object_representations_v<CallSite>);

/// Of a head, whatever its own field says.
u64 head_checksum(std::span<const u8> head);

/// The version of this build: images of others are refused.
std::string_view version();

}  // namespace wazuka::image
