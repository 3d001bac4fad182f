// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "debug/coredump.h"

#include <gtest/gtest.h>
#include <string_view>

namespace wazuka::debug {
namespace {

std::string dump_text(const CoreDump& dump) {
  std::string out;
  const auto result = write_core_dump(dump, [&](std::span<const u8> piece) {
    out.append(reinterpret_cast<const char*>(piece.data()), piece.size());
    return true;
  });
  EXPECT_TRUE(result);
  return out;
}

template <size_t N>
std::string bytes(const char (&literal)[N]) {
  return {literal, N - 1};
}

TEST(CoreDump, EmptyStore) {
  CoreDump dump;
  dump.program = "a.wasm";
  EXPECT_EQ(dump_text(dump), bytes("\0asm\1\0\0\0"
                                   "\0\x0d\4core\0\6a.wasm"
                                   "\5\1\0"
                                   "\6\1\0"
                                   "\x0b\1\0"
                                   "\0\x0d\x0b"
                                   "coremodules\0"
                                   "\0\x0f\x0d"
                                   "coreinstances\0"));
}

/// The bytes are those that Wasmtime writes for such a module, up to what it does not record:
/// locals and operands.
TEST(CoreDump, OneOfEachGlobalAndAFrame) {
  std::vector<u8> memory(65536), second(65536);
  memory[100] = 'h';
  memory[101] = 'i';
  memory[4095] = 'a';
  memory[4096] = 'b';
  second[8] = 'x';
  CoreDump dump;
  dump.program = "g.wat";
  dump.modules = {"modname", ""};
  dump.memories = {{{{1, 3}}, memory}, {{{1, 4}, AddressType::kI64}, second}};
  dump.globals = {{{kI32, true}, static_cast<u32>(-5)},
                  {{kI64}, 77},
                  {{kF32}, 0x3fc0'0000},
                  {{kF64, true}, 0x4004'0000'0000'0000},
                  {{kV128}, 0x2'0000'0001, 0x4'0000'0003},
                  {{kFuncRef}},
                  {{ValType::ref(HeapType::kNoExtern, true)}},
                  {{ValType::ref(HeapType::kStruct, true)}}};
  dump.instances = {{0, {0, 1}, {0, 1, 2}}};
  CoreThread thread;
  thread.frames = {{0, 2, 4, {{ValKind::kI32, static_cast<u32>(-1)}, {ValKind::kI64, 128}}, {}},
                   {0, 1, 300, {}, {{ValKind::kF32, 1}, {ValKind::kF64, 2}, {ValKind::kRef, 3}}}};
  dump.threads = {thread};
  const std::string text = dump_text(dump);
  EXPECT_EQ(text.substr(8, 14), bytes("\0\x0c\4core\0\5g.wat"));
  EXPECT_EQ(text.substr(22, 9), bytes("\5\7\2\1\1\3\5\1\4"));
  EXPECT_EQ(text.substr(31, 70), bytes("\6\x44\x08"
                                       "\x7f\1\x41\x7b\x0b"
                                       "\x7e\0\x42\xcd\0\x0b"
                                       "\x7d\0\x43\0\0\xc0\x3f\x0b"
                                       "\x7c\1\x44\0\0\0\0\0\0\4\x40\x0b"
                                       "\x7b\0\xfd\x0c\1\0\0\0\2\0\0\0\3\0\0\0\4\0\0\0\x0b"
                                       "\x70\0\xd0\x70\x0b"
                                       "\x6f\0\xd0\x6f\x0b"
                                       "\x6e\0\xd0\x6e\x0b"));
  const size_t data = 31 + 70;
  EXPECT_EQ(text.substr(data, 13), bytes("\x0b\xb2\x1f\3\0\x41\xe4\0\x0b\x9c\x1fhi"));
  const size_t rest = text.find('b', data);
  EXPECT_EQ(text.substr(rest - 6, 14), bytes("\0\x41\x80\x20\x0b\1b\2\1\x42\x08\x0b\1x"));
  const size_t modules = rest - 6 + 14;
  EXPECT_EQ(text.substr(modules), bytes("\0\x2c\x0b"
                                        "coremodules\2\0\7modname\0\x14<anonymous-module-1>") +
                                      bytes("\0\x18\x0d"
                                            "coreinstances\1\0\0\2\0\1\3\0\1\2") +
                                      bytes("\0\x32\x09"
                                            "corestack\0\4main\2"
                                            "\0\0\2\4\2\x7f\x7f\x7e\x80\1\0"
                                            "\0\0\1\xac\2\0\3\x7d\1\0\0\0\x7c\2\0\0\0\0\0\0\0\1"));
}

TEST(CoreDump, CustomPagesAndSharedMemories) {
  std::vector<u8> memory(3);
  memory[2] = 7;
  CoreDump dump;
  MemoryType type{{3, 3}, AddressType::kI32, true, 0};
  dump.memories = {{type, memory}};
  const std::string text = dump_text(dump);
  EXPECT_NE(text.find(bytes("\5\5\1\x0b\3\3\0\6")), std::string::npos);
  EXPECT_NE(text.find(bytes("\x0b\7\1\0\x41\2\x0b\1\7")), std::string::npos);
}

/// More chunks than a module may have segments: 440 MiB in chunks of 4 KiB are 112,640.
TEST(CoreDump, LargeMemoriesKeepWithinTheLimitOfSegments) {
  std::vector<u8> memory(size_t{4} << 20);
  for (size_t i = 0; i < memory.size(); i += 4096) memory[i] = 1;
  CoreDump dump;
  dump.memories.resize(110, {{{memory.size() / 65536, {}}}, memory});
  size_t pieces = 0, total = 0;
  const auto result = write_core_dump(dump, [&](std::span<const u8> piece) {
    ++pieces;
    total += piece.size();
    return true;
  });
  EXPECT_TRUE(result);
  EXPECT_LT(pieces, 2u * 100'000 + 3);
  EXPECT_GT(total, dump.memories.size() * memory.size() / 3);
}

TEST(CoreDump, StopsWithTheSink) {
  int calls = 0;
  const auto result = write_core_dump({}, [&](std::span<const u8>) { return ++calls < 1; });
  ASSERT_FALSE(result);
  EXPECT_EQ(result.error().message, "writing the core dump failed");
  EXPECT_EQ(calls, 1);
}

}  // namespace
}  // namespace wazuka::debug
