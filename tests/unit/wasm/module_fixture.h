// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Reads modules from text or bytes, with all features unless told otherwise.
#pragma once

#include <gtest/gtest.h>
#include <string>
#include <vector>

#include "wasm/encoder.h"
#include "wasm/module_reader.h"
#include "wasm/type_registry.h"
#include "wat/wat_parser.h"

namespace wazuka {

struct TestBytes : ModuleBytes {
  explicit TestBytes(std::vector<u8> d) : data(std::move(d)) {}
  std::vector<u8> data;
  std::span<const u8> bytes() const override { return data; }
};

inline std::shared_ptr<TypeRegistry> test_registry() {
  static auto registry = std::make_shared<TypeRegistry>();
  return registry;
}

inline Result<std::shared_ptr<const Module>> read_bytes(std::vector<u8> bytes,
                                                        Features features = Features::all(),
                                                        u32 threads = 1) {
  return read_module(std::make_shared<TestBytes>(std::move(bytes)), test_registry(),
                     {features, threads});
}

inline std::vector<u8> encode(std::string_view text) {
  auto bytes = wat::text_to_binary(text, {.emit_names = false});
  EXPECT_TRUE(bytes) << (bytes ? "" : bytes.error().message);
  return bytes ? *bytes : std::vector<u8>();
}

/// A module that must be valid.
inline std::shared_ptr<const Module> read_valid(std::string_view text,
                                                Features features = Features::all()) {
  auto module = read_bytes(encode(text), features);
  EXPECT_TRUE(module) << (module ? "" : module.error().message) << "\n" << text;
  return module ? *module : nullptr;
}

/// The message about an invalid module; "valid" if there is none.
inline std::string message_of(std::string_view text, Features features = Features::all()) {
  auto module = read_bytes(encode(text), features);
  return module ? "valid" : module.error().message;
}

inline std::string message_of_bytes(std::vector<u8> bytes, Features features = Features::all()) {
  auto module = read_bytes(std::move(bytes), features);
  return module ? "valid" : module.error().message;
}

/// The header followed by `sections`.
inline std::vector<u8> with_header(std::vector<u8> sections) {
  std::vector<u8> bytes{0, 'a', 's', 'm', 1, 0, 0, 0};
  bytes.insert(bytes.end(), sections.begin(), sections.end());
  return bytes;
}

/// A module with one function () -> () of the given body (locals and instructions) and a memory.
inline std::vector<u8> module_with_body(const BinaryWriter& body) {
  BinaryWriter out, types, funcs, memories, code;
  write_module_header(out);
  types.raw(std::vector<u8>{0x60, 0, 0});
  write_vector_section(out, SectionId::kType, 1, types);
  funcs.byte(0);
  write_vector_section(out, SectionId::kFunction, 1, funcs);
  memories.raw(std::vector<u8>{0, 1});
  write_vector_section(out, SectionId::kMemory, 1, memories);
  code.u32v(static_cast<u32>(body.size()));
  code.raw(body.bytes());
  write_vector_section(out, SectionId::kCode, 1, code);
  return std::move(out).take();
}

inline Features without(Feature feature) {
  Features features = Features::all();
  features.set(feature, false);
  return features;
}

}  // namespace wazuka
