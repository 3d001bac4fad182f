// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Errors in binaries, worded as Wasmtime words them: an error inside a function's body names the
// function ("failed to compile"), any other one is a parse error. The reader's Error only carries
// an offset; which body it is in is found by walking over the sections again, leniently.
#include "wasm/module_error.h"

#include <algorithm>
#include <fmt/format.h>
#include <optional>

#include "wasm/module_reader.h"

namespace wazuka {
namespace {

struct Cursor {
  std::span<const u8> bytes;
  size_t at = 0;

  bool done() const { return at >= bytes.size(); }
  u8 byte() { return done() ? u8{0} : bytes[at++]; }
  u64 leb() {
    u64 value = 0;
    for (u32 shift = 0; shift < 64 && !done(); shift += 7) {
      u8 b = byte();
      value |= u64{b & 0x7fu} << shift;
      if ((b & 0x80) == 0) break;
    }
    return value;
  }
  void skip(u64 n) { at = n > bytes.size() - std::min(at, bytes.size()) ? bytes.size() : at + n; }
};

/// Function imports in the contents of an import section; only plain encodings are understood.
u64 count_imported_funcs(Cursor c) {
  u64 funcs = 0;
  for (u64 n = c.leb(); n > 0 && !c.done(); --n) {
    c.skip(c.leb());
    c.skip(c.leb());
    auto skip_val_type = [&] {
      u8 t = c.byte();
      if (t == 0x63 || t == 0x64) c.leb();
    };
    auto skip_limits = [&] {
      u8 flags = c.byte();
      c.leb();
      if (flags & 1) c.leb();
      if (flags & 8) c.leb();
    };
    switch (c.byte()) {
      case 0: ++funcs, c.leb(); break;
      case 1: skip_val_type(), skip_limits(); break;
      case 2: skip_limits(); break;
      case 3: skip_val_type(), c.byte(); break;
      case 4: c.byte(), c.leb(); break;
      default: return funcs;
    }
  }
  return funcs;
}

/// The function whose body contains the offset.
std::optional<u64> function_at(std::span<const u8> binary, u64 offset) {
  Cursor c{binary, 8};
  u64 imported = 0;
  while (!c.done()) {
    u8 id = c.byte();
    u64 size = c.leb();
    Cursor section{binary.first(std::min<u64>(binary.size(), c.at + size)), c.at};
    c.skip(size);
    if (id == 2) imported = count_imported_funcs(section);
    if (id != 10 || offset >= c.at) continue;
    u64 count = section.leb();
    for (u64 i = 0; i < count && !section.done(); ++i) {
      u64 body = section.leb();
      if (offset < section.at) return std::nullopt;
      section.skip(body);
      if (offset < section.at || (i + 1 == count && offset == section.at)) return imported + i;
    }
    return std::nullopt;
  }
  return std::nullopt;
}

/// The function's name in the name section, in the characters that Wasmtime keeps of it.
std::string symbol_name(std::span<const u8> binary, u32 func) {
  Module sections;  // only what read_names looks at
  sections.bytes = binary;
  Cursor c{binary, 8};
  while (!c.done()) {
    u8 id = c.byte();
    u64 size = c.leb();
    Cursor section{binary, c.at};
    c.skip(size);
    if (id != 0) continue;
    u64 length = section.leb();
    if (section.at > c.at || length > c.at - section.at) continue;
    std::string_view name(reinterpret_cast<const char*>(binary.data()) + section.at, length);
    u32 start = static_cast<u32>(section.at + length);
    sections.customs.push_back({name, {start, static_cast<u32>(c.at) - start}});
  }
  constexpr size_t kMaxLength = 96;
  std::string symbol;
  for (char ch : read_names(sections).func_name(func)) {
    bool graphic = ch > ' ' && ch < 0x7f;
    if (!graphic && symbol.ends_with('?')) continue;
    symbol += graphic ? ch : '?';
    if (symbol.size() == kMaxLength) break;
  }
  return symbol;
}

}  // namespace

std::string function_place(std::span<const u8> binary, u64 offset) {
  auto func = function_at(binary, offset);
  if (!func) return {};
  std::string name = symbol_name(binary, static_cast<u32>(*func));
  return fmt::format("function[{}]{}{}", *func, name.empty() ? "" : "::", name);
}

Error module_error(Error error, std::span<const u8> binary) {
  if (error.offset == Error::kNoOffset) return error;
  if (function_at(binary, error.offset)) {
    Error inner{
        fmt::format("Invalid input WebAssembly code at offset {}: {}", error.offset, error.message),
        error.offset,
        {}};
    return std::move(inner)
        .context("WebAssembly translation error")
        .context("failed to compile: wasm[0]::" + function_place(binary, error.offset));
  }
  error.message += fmt::format(" (at offset {:#x})", error.offset);
  return std::move(error).context("failed to parse WebAssembly module");
}

}  // namespace wazuka
