// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Images of small modules: what runs from them, and what is refused.
#include "image/image.h"

#include <cstring>
#include <elf.h>

#include "runtime/precompile.h"
#include "unit/runtime/runtime_fixture.h"

namespace wazuka {
namespace {

constexpr const char* kModule = R"((module
  (type $s (struct (field i32)))
  (tag $e (param i32))
  (memory (export "memory") 1)
  (data (i32.const 1000) "hello")
  (table 2 funcref) (elem (i32.const 0) $double $boom)
  (func $double (param i32) (result i32) (i32.mul (local.get 0) (i32.const 2)))
  (func $boom (param i32) (result i32) (throw $e (i32.add (local.get 0) (i32.const 1))))
  (func (export "indirect") (param i32 i32) (result i32)
    (block $caught (result i32)
      (try_table (catch $e $caught)
        (return (call_indirect (param i32) (result i32) (local.get 1) (local.get 0))))
      (unreachable)))
  (func (export "byte") (param i32) (result i32) (i32.load8_u (local.get 0)))
  (func (export "divide") (param i32) (result i32) (i32.div_s (i32.const 7) (local.get 0)))
  (func (export "collected") (result i32) (local $x (ref $s)) (local $n i32)
    (local.set $x (struct.new $s (i32.const 42)))
    (loop $l
      (drop (struct.new $s (local.get $n)))
      (br_if $l (i32.lt_u (local.tee $n (i32.add (local.get $n) (i32.const 1))) (i32.const 1000))))
    (struct.get $s 0 (local.get $x)))
  (func (export "float") (param f64) (result f64)
    (f64.add (local.get 0) (f64.const 1.5)))))";

struct ImageTest : RuntimeTest {
  explicit ImageTest(const EngineConfig& config = {}) : RuntimeTest(config) {}

  static std::vector<u8> image_of(const Engine& engine, std::string_view text = kModule) {
    auto binary = wat::text_to_binary(text);
    EXPECT_TRUE(binary.has_value());
    ReadOptions options;
    options.features = engine.config().features;
    auto module = read_module(std::make_shared<OwnedModuleBytes>(*binary), engine.types(), options);
    EXPECT_TRUE(module.has_value());
    auto image = precompile(engine, **module);
    EXPECT_TRUE(image.has_value());
    return *std::move(image);
  }

  static Result<std::shared_ptr<const image::Image>> open(std::span<const u8> bytes) {
    auto file = os::MappedFile::copy_of(bytes);
    EXPECT_TRUE(file.has_value());
    return image::Image::open(*std::move(file));
  }

  Result<std::shared_ptr<ModuleCode>> load(std::span<const u8> bytes) {
    auto image = open(bytes);
    if (!image) return std::unexpected(std::move(image).error());
    return ModuleCode::from_image(engine, *std::move(image));
  }

  std::string refusal(std::span<const u8> bytes) {
    auto code = load(bytes);
    return code ? "no error" : chain(code.error());
  }

  Instance* run(std::span<const u8> bytes) {
    auto code = load(bytes);
    EXPECT_TRUE(code.has_value()) << (code ? "" : code.error().message);
    if (!code) return nullptr;
    auto instance = linker.instantiate(*code);
    EXPECT_TRUE(instance.has_value());
    return instance ? *instance : nullptr;
  }

  void check_all(Instance* instance) {
    ASSERT_NE(instance, nullptr);
    EXPECT_EQ(call_u64(instance, "indirect", {Value::i32(0), Value::i32(21)}), 42u);
    EXPECT_EQ(call_u64(instance, "indirect", {Value::i32(1), Value::i32(21)}), 22u);
    EXPECT_EQ(call_u64(instance, "byte", {Value::i32(1001)}), u64{'e'});
    EXPECT_EQ(call_u64(instance, "byte", {Value::i32(0)}), 0u);
    EXPECT_EQ(call_u64(instance, "divide", {Value::i32(2)}), 3u);
    EXPECT_EQ(call_u64(instance, "collected"), 42u);
    EXPECT_NE(call_error(instance, "divide", {Value::i32(0)}).find("integer divide by zero"),
              std::string::npos);
    EXPECT_NE(call_error(instance, "byte", {Value::i32(-1)}).find("out of bounds memory access"),
              std::string::npos);
    EXPECT_NE(call_error(instance, "indirect", {Value::i32(2), Value::i32(1)})
                  .find("out of bounds table access"),
              std::string::npos);
  }
};

TEST_F(ImageTest, RunsWithoutCompiling) {
  const std::vector<u8> image = image_of(*engine);
  Instance* const instance = run(image);
  ASSERT_NE(instance, nullptr);
  check_all(instance);
  check_all(run(image));  // each file is mapped by itself
}

TEST_F(ImageTest, BytesAreTheSameEachTime) {
  const std::vector<u8> image = image_of(*engine);
  for (int i = 0; i < 3; ++i) EXPECT_EQ(image, image_of(*engine));
  EngineConfig config;
  config.parallel_compilation = false;
  EXPECT_EQ(image, image_of(Engine(verified(config))));
}

TEST_F(ImageTest, CodeIsNotUsedWhereTypesHaveOtherNumbers) {
  const std::vector<u8> image = image_of(*engine);
  auto fits = load(image);
  ASSERT_TRUE(fits.has_value());
  EXPECT_NE((*fits)->native()->space().stored_bytes(), 0u);
  fits->reset();
  auto other = compile("(module (type (func (param f32 f32))) (type (func (param f32))))");
  auto code = load(image);
  ASSERT_TRUE(code.has_value());
  EXPECT_EQ((*code)->native()->space().stored_bytes(), 0u);
  auto instance = linker.instantiate(*code);
  ASSERT_TRUE(instance.has_value());
  check_all(*instance);
}

TEST_F(ImageTest, BacktracesNameFunctionsAndOffsets) {
  Instance* const from_image = run(image_of(*engine));
  Instance* const compiled = instantiate(kModule);
  EXPECT_EQ(call_error(from_image, "divide", {Value::i32(0)}),
            call_error(compiled, "divide", {Value::i32(0)}));
}

TEST_F(ImageTest, IsAnElfFileWithSections) {
  const std::vector<u8> image = image_of(*engine);
  Elf64_Ehdr elf;
  std::memcpy(&elf, image.data(), sizeof elf);
  ASSERT_EQ(elf.e_shnum, image::kPartCount + 2);
  std::vector<Elf64_Shdr> sections(elf.e_shnum);
  ASSERT_LE(elf.e_shoff + sections.size() * sizeof(Elf64_Shdr), image.size());
  std::memcpy(sections.data(), image.data() + elf.e_shoff, sections.size() * sizeof(Elf64_Shdr));
  for (u32 i = 0; i < image::kPartCount; ++i) {
    const char* const names =
        reinterpret_cast<const char*>(image.data()) + sections[elf.e_shstrndx].sh_offset;
    EXPECT_EQ(names + sections[i + 1].sh_name, image::kParts[i].section);
    EXPECT_LE(sections[i + 1].sh_offset + sections[i + 1].sh_size, image.size());
  }
}

TEST_F(ImageTest, EveryTruncationIsRefused) {
  const std::vector<u8> image = image_of(*engine);
  for (size_t size = 0; size < image.size(); size += size < 8192 ? 7 : 509) {
    EXPECT_FALSE(open(std::span(image).first(size)).has_value()) << size;
  }
  EXPECT_EQ(refusal(std::span(image).first(image.size() - 1)), "the image is truncated");
  EXPECT_EQ(refusal(std::span(image).first(100)), "the image is truncated");
  EXPECT_EQ(refusal(std::span(image).first(3)), "not an ELF file");
  std::vector<u8> longer = image;
  longer.push_back(0);
  EXPECT_EQ(refusal(longer), "the image was altered: its sizes are wrong");
}

TEST_F(ImageTest, EveryFlippedByteOfTheHeadIsRefused) {
  std::vector<u8> image = image_of(*engine);
  image::Header header;
  std::memcpy(static_cast<void*>(&header), image.data() + image::kHeaderOffset, sizeof header);
  for (size_t at = 0; at < header.head_bytes; ++at) {
    const u8 before = image[at];
    image[at] ^= static_cast<u8>(1 << at % 8);
    EXPECT_FALSE(open(image).has_value()) << at;
    image[at] = before;
  }
  image[header.head_bytes - 1] ^= 1;
  EXPECT_EQ(refusal(image), "the image was altered: its checksum is wrong");
}

TEST_F(ImageTest, FlippedBytesBehindTheHeadAreFoundIfAskedFor) {
  std::vector<u8> image = image_of(*engine);
  image::Header header;
  std::memcpy(static_cast<void*>(&header), image.data() + image::kHeaderOffset, sizeof header);
  ASSERT_TRUE((*open(image))->body_is_whole());
  for (size_t at = header.head_bytes; at < image.size(); at += 97) {
    image[at] ^= 0x10;
    // The loader takes it, or finds what the module's sections say to be wrong.
    const auto opened = open(image);
    ASSERT_TRUE(opened.has_value());
    EXPECT_FALSE((*opened)->body_is_whole()) << at;
    static_cast<void>(ModuleCode::from_image(engine, *opened));
    image[at] ^= 0x10;
  }
}

/// With the checksum of the changed head: what a program that writes images wrongly would give.
std::vector<u8> with_header(std::vector<u8> image, auto change) {
  image::Header header;
  std::memcpy(static_cast<void*>(&header), image.data() + image::kHeaderOffset, sizeof header);
  change(header);
  std::memcpy(image.data() + image::kHeaderOffset, &header, sizeof header);
  if (header.head_bytes <= image.size()) {
    header.head_checksum = image::head_checksum(std::span(image).first(header.head_bytes));
  }
  std::memcpy(image.data() + image::kHeaderOffset, &header, sizeof header);
  return image;
}

TEST_F(ImageTest, PartsThatAreNotInsideAreRefused) {
  const std::vector<u8> image = image_of(*engine);
  for (u32 i = 0; i < image::kPartCount; ++i) {
    for (u64 offset : {u64{0}, u64{1}, u64{image.size()}, ~u64{0}, ~u64{0} - 4095}) {
      EXPECT_EQ(refusal(with_header(image, [&](image::Header& h) { h.parts[i].offset = offset; })),
                "the image contradicts itself")
          << i << " " << offset;
    }
    EXPECT_EQ(refusal(with_header(image, [&](image::Header& h) { h.parts[i].bytes = ~u64{0}; })),
              "the image contradicts itself");
  }
  EXPECT_EQ(refusal(with_header(image, [](image::Header& h) { h.func_count += 1; })),
            "the image contradicts itself");
}

TEST_F(ImageTest, OtherVersionsAndSettingsAreNamed) {
  const std::vector<u8> image = image_of(*engine);
  EXPECT_NE(refusal(with_header(image,
                                [](image::Header& h) {
                                  std::memcpy(h.version, "9.9.9\x1b[31m", 11);
                                  std::memset(h.version + 11, 0, sizeof h.version - 11);
                                }))
                .find("Module was compiled with incompatible version '9.9.9?[31m"),
            std::string::npos);
  EXPECT_NE(refusal(with_header(image, [](image::Header& h) { h.settings.cpu = ~u64{0}; }))
                .find("compilation settings of module incompatible with native host"),
            std::string::npos);
  EXPECT_EQ(refusal(with_header(image, [](image::Header& h) { h.settings.fuel = 1; })),
            "Module was compiled with fuel support but it is not enabled for the host");
  EXPECT_EQ(refusal(with_header(image, [](image::Header& h) { h.settings.epoch = 1; })),
            "Module was compiled with epoch interruption but it is not enabled for the host");
  EXPECT_EQ(
      refusal(with_header(image, [](image::Header& h) { h.settings.guard_bytes = u64{1} << 40; })),
      "Module was compiled with a memory guard size of '1099511627776' but '33554432' is "
      "expected for the host");
  Features features = engine->config().features;
  ASSERT_FALSE(features.has(Feature::kStackSwitching));
  features.set(Feature::kStackSwitching, true);
  EXPECT_EQ(
      refusal(with_header(image, [&](image::Header& h) { h.settings.features = features.bits(); })),
      "Module was compiled with support for WebAssembly feature `stack-switching` but it is "
      "not enabled for the host");
}

TEST_F(ImageTest, OtherElfFilesAreRefused) {
  auto own = os::MappedFile::open("/proc/self/exe");
  ASSERT_TRUE(own.has_value());
  auto image = image::Image::open(*std::move(own));
  ASSERT_FALSE(image.has_value());
  EXPECT_EQ(image.error().message, "an ELF file, but not an image of Wazuka");
}

struct InterpretedImageTest : ImageTest {
  static EngineConfig config() {
    EngineConfig config;
    config.strategy = Strategy::kInterpreter;
    return config;
  }
  InterpretedImageTest() : ImageTest(config()) {}
};

TEST_F(InterpretedImageTest, InterpretersRunAllImages) {
  check_all(run(image_of(*engine)));  // which has no code
  check_all(run(image_of(Engine(verified({})))));
}

struct TieringImageTest : ImageTest {
  static EngineConfig config() {
    EngineConfig config;
    config.tier_up = true;
    config.tier_up_budget = 10;
    config.background_compilation = false;
    return config;
  }
  TieringImageTest() : ImageTest(config()) {}
};

TEST_F(TieringImageTest, CodeOfImagesIsNotCompiledAgain) {
  const std::vector<u8> image = image_of(*engine);
  auto code = load(image);
  ASSERT_TRUE(code.has_value());
  auto instance = linker.instantiate(*code);
  ASSERT_TRUE(instance.has_value());
  for (int i = 0; i < 100; ++i) check_all(*instance);
  EXPECT_EQ((*code)->native()->space().used_bytes() % image::kPageBytes, 0u);  // the file's only
}

}  // namespace
}  // namespace wazuka
