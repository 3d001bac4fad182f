// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Images that were altered after they had been written. They are refused, or loaded; the loader
// never crashes. Nothing is run: code is trusted. The image is made when the program starts; the
// input says what to change in it:
//
//     flags       1: then the head gets the checksum that it needs, so that what it says is
//     believed
//                 2: the rest of the input is the file, behind a true header
//     edits       offset (three bytes, modulo the size) and the new byte
//     or: length  (three bytes) that the file is cut to, where the offset is 0xffffff
#include <cstdlib>
#include <cstring>

#include "image/image.h"
#include "runtime/module_code.h"
#include "runtime/precompile.h"
#include "wat/wat_parser.h"

using namespace wazuka;

namespace {

constexpr const char* kModule = R"((module
  (import "m" "f" (func (param i32)))
  (tag $e (param i32)) (memory 1) (data (i32.const 100) "hello") (table 1 funcref) (elem (i32.const 0) 1)
  (func (export "f") (param i32) (result i32) (local i64)
    (loop $l
      (local.set 1 (i64.add (local.get 1) (i64.const 1)))
      (br_if $l (i32.load (local.get 0))))
    (block $c (result i32)
      (try_table (catch $e $c) (call 0 (i32.div_s (i32.const 1) (local.get 0)))
        (throw $e (i32.const 1)))
      (unreachable))))
)";

struct Sample {
  std::shared_ptr<Engine> engine = std::make_shared<Engine>(EngineConfig{});
  std::vector<u8> image;

  Sample() {
    auto binary = wat::text_to_binary(kModule);
    ReadOptions options;
    options.features = engine->config().features;
    if (!binary) std::abort();
    auto bytes = std::make_shared<OwnedModuleBytes>(*std::move(binary));
    auto module = read_module(bytes, engine->types(), options);
    if (!module) std::abort();
    auto made = precompile(*engine, **module);
    if (!made) std::abort();
    image = *std::move(made);
  }
};

void fix_checksum(std::vector<u8>& image) {
  image::Header header;
  if (image.size() < image::kHeaderOffset + sizeof header) return;
  u8* const at = image.data() + image::kHeaderOffset;
  std::memcpy(static_cast<void*>(&header), at, sizeof header);
  if (header.head_bytes > image.size()) return;
  if (header.head_bytes < image::kHeaderOffset + sizeof header) return;
  header.head_checksum = image::head_checksum(std::span(image).first(header.head_bytes));
  std::memcpy(at, &header, sizeof header);
}

void edit(std::vector<u8>& image, std::span<const u8> edits) {
  for (; edits.size() >= 4 && !image.empty(); edits = edits.subspan(4)) {
    const u32 offset = edits[0] | edits[1] << 8 | u32{edits[2]} << 16;
    if (offset == 0xffffff) {
      image.resize(std::min<size_t>(image.size(), size_t{edits[3]} * 64));
    } else {
      image[offset % image.size()] = edits[3];
    }
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const u8* data, size_t size) {
  static const Sample sample;
  if (size == 0) return 0;
  const std::span<const u8> rest(data + 1, size - 1);
  std::vector<u8> image = sample.image;
  if ((data[0] & 2) != 0) {
    image.resize(image::kHeaderOffset + sizeof(image::Header));
    image.insert(image.end(), rest.begin(), rest.end());
  } else {
    edit(image, rest);
  }
  if ((data[0] & 1) != 0) fix_checksum(image);
  auto file = os::MappedFile::copy_of(image);
  if (!file) return 0;
  auto opened = image::Image::open(*std::move(file));
  if (!opened) return 0;
  (*opened)->body_is_whole();
  static_cast<void>(ModuleCode::from_image(sample.engine, *std::move(opened)));
  return 0;
}
