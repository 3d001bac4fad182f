// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Looks up every code offset of programs that the installed Clang compiles, and compares with what
// llvm-symbolizer says. Skipped where these programs are not installed.
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <gtest/gtest.h>
#include <iterator>

#include "debug/dwarf.h"

namespace wazuka::debug {
namespace {

namespace fs = std::filesystem;

constexpr std::string_view kProgram = R"(
typedef int (*Op)(int, int);
static volatile int sink;
static inline __attribute__((always_inline)) int inner(const int *p, int i) {
  if (i > 3) __builtin_trap();
  return p[i];
}
static inline __attribute__((always_inline)) int middle(const int *p, int i) {
  sink++;
  return inner(p, i + 2) + 1;
}
__attribute__((noinline)) int outer(const int *p, int n) {
  int s = 0;
  for (int i = 0; i < n; i++) s += middle(p, i);
  return s;
}
static int add(int a, int b) { return a + b + sink; }
static int mul(int a, int b) { return a * b - sink; }
#line 100 "generated/tables.h"
static const Op table[] = {add, mul};
int dispatch(int k, int a, int b) {
  switch (k) {
    case 0: return table[0](a, b);
    case 1: return table[1](a, b) + outer(&a, b);
    default: return middle(&b, a);
  }
}
)";

std::string output_of(const std::string& command) {
  std::string out;
  FILE* pipe = popen((command + " 2>/dev/null").c_str(), "r");
  if (pipe == nullptr) return out;
  char buffer[4096];
  while (const size_t n = std::fread(buffer, 1, sizeof buffer, pipe)) out.append(buffer, n);
  return pclose(pipe) == 0 ? out : std::string();
}

constexpr u8 kExportSection = 7;

/// A module's sections, without a decoder of modules: this layer knows none.
struct Binary {
  std::vector<u8> bytes;
  std::vector<u8> without_names;  // the module without its names and exports
  DwarfSections sections;
  size_t code_size = 0;

  explicit Binary(const fs::path& path) {
    std::ifstream file(path, std::ios::binary);
    bytes.assign(std::istreambuf_iterator<char>(file), {});
    Cursor in(bytes, 8);
    size_t copied = 0;
    while (in.ok() && !in.at_end()) {
      const size_t start = in.pos();
      const u8 id = in.byte();
      const u64 size = in.uleb(), end = in.pos() + size;
      if (id == 10) code_size = static_cast<size_t>(size);
      const std::string_view name = id == 0 ? name_of(in) : std::string_view();
      if (in.ok() && in.pos() <= end && end <= bytes.size()) {
        sections.assign(name, std::span(bytes).subspan(in.pos(), end - in.pos()));
      }
      if (name == "name" || id == kExportSection) {
        without_names.insert(without_names.end(), bytes.begin() + static_cast<i64>(copied),
                             bytes.begin() + static_cast<i64>(start));
        copied = static_cast<size_t>(end);
      }
      in.seek(end);
    }
    without_names.insert(without_names.end(), bytes.begin() + static_cast<i64>(copied),
                         bytes.end());
  }

  std::string_view name_of(Cursor& in) const {
    const u64 length = in.uleb();
    const size_t start = in.pos();
    in.skip(length);
    if (!in.ok()) return {};
    return {reinterpret_cast<const char*>(&bytes[start]), static_cast<size_t>(length)};
  }
};

class Toolchain : public testing::TestWithParam<std::string> {
 protected:
  void SetUp() override {
    if (output_of("clang-22 --version").empty() || output_of("wasm-ld-22 --version").empty() ||
        output_of("llvm-symbolizer-22 --version").empty()) {
      GTEST_SKIP() << "needs clang-22, lld-22 and llvm-22";
    }
    std::string name = fs::temp_directory_path() / "wazuka-dwarf-XXXXXX";
    ASSERT_NE(mkdtemp(name.data()), nullptr);
    folder_ = name;
  }
  void TearDown() override {
    if (!folder_.empty()) fs::remove_all(folder_);
  }
  fs::path folder_;
};
INSTANTIATE_TEST_SUITE_P(Options, Toolchain,
                         testing::Values("-gdwarf-3 -O1", "-gdwarf-4 -O0", "-gdwarf-4 -O2",
                                         "-gdwarf-5 -O0", "-gdwarf-5 -O2",
                                         "-gdwarf-5 -O2 -ffunction-sections",
                                         "-gline-tables-only -O2"));

std::string describe(const std::vector<SourceFrame>& frames) {
  std::string out;
  for (const SourceFrame& f : frames) {
    out += f.function + "\n" + f.file + ":" + std::to_string(f.line.value_or(0)) + ":" +
           std::to_string(f.column.value_or(0)) + "\n";
  }
  return out;
}

/// Columns of no line (code that the compiler made): shown by the symbolizer alone.
std::string without_columns_of_no_line(const std::string& text) {
  std::string out = text;
  for (size_t at = 0; (at = out.find(":0:", at)) != std::string::npos; ++at) {
    const size_t end = out.find('\n', at);
    out.replace(at, end - at, ":0:0");
  }
  return out;
}

TEST_P(Toolchain, AgreesWithTheSymbolizer) {
  const fs::path source = folder_ / "program.c", module = folder_ / "program.wasm";
  std::ofstream(source) << kProgram;
  output_of("cd " + folder_.string() + " && clang-22 --target=wasm32-unknown-unknown " +
            GetParam() +
            " -nostdlib -Wl,--no-entry -Wl,--export=dispatch program.c -o program.wasm");
  ASSERT_TRUE(fs::exists(module));
  const Binary binary(module);
  ASSERT_GT(binary.code_size, 100u);
  // The symbolizer prefers the names of symbols, whose addresses are not quite those of code.
  std::ofstream(module, std::ios::binary)
      .write(reinterpret_cast<const char*>(binary.without_names.data()),
             static_cast<std::streamsize>(binary.without_names.size()));
  {
    std::ofstream addresses(folder_ / "addresses");
    for (size_t a = 0; a < binary.code_size; ++a) addresses << "0x" << std::hex << a << "\n";
  }
  const std::string expected =
      output_of("llvm-symbolizer-22 --functions=linkage --no-demangle --obj=" + module.string() +
                " < " + (folder_ / "addresses").string());
  auto index = DwarfIndex::open(binary.sections);
  ASSERT_TRUE(index);
  size_t known = 0, position = 0;
  for (size_t a = 0; a < binary.code_size; ++a) {
    const size_t end = expected.find("\n\n", position);
    ASSERT_NE(end, std::string::npos);
    const std::string wanted =
        without_columns_of_no_line(expected.substr(position, end + 1 - position));
    position = end + 2;
    const std::string got = describe(index->lookup(static_cast<u32>(a)));
    if (wanted.find("??:") != std::string::npos || wanted.find("\n:0:0") != std::string::npos) {
      EXPECT_EQ(got, "") << a;
    } else {
      EXPECT_EQ(got, wanted) << a;
      ++known;
    }
  }
  EXPECT_GT(known, binary.code_size * 3 / 4);
}

}  // namespace
}  // namespace wazuka::debug
