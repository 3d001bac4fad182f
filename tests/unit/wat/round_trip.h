// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Printing and parsing must be inverse: what tests, the fuzz target and tools/print_check.cc check
// of a binary. Returns what is wrong, or nothing.
#pragma once

#include <string>

#include "wasm/module_reader.h"
#include "wasm/type_registry.h"
#include "wat/wat_parser.h"
#include "wat/wat_printer.h"

namespace wazuka::wat {

struct BinaryBytes : ModuleBytes {
  std::vector<u8> data;
  explicit BinaryBytes(std::span<const u8> bytes) : data(bytes.begin(), bytes.end()) {}
  std::span<const u8> bytes() const override { return data; }
};

/// The text; an error also if it became longer than `limit`.
inline Result<std::string> print_text(std::span<const u8> binary, const PrintOptions& options,
                                      size_t limit = ~size_t{0}) {
  std::string text;
  auto printed =
      print_module(std::make_shared<BinaryBytes>(binary), options, [&](std::string_view piece) {
        text += piece;
        return text.size() <= limit;
      });
  if (!printed) return std::unexpected(std::move(printed).error());
  if (text.size() > limit) return fail("text too long");
  return text;
}

enum class Canonical : bool { kNo, kYes };

/// `canonical`: the binary is as our own parser writes it, so the same bytes must come back.
/// Otherwise the text must be the same when it is printed again.
inline std::string check_round_trip(std::span<const u8> binary, const PrintOptions& options,
                                    Canonical canonical, size_t limit = ~size_t{0}) {
  auto text = print_text(binary, options, limit);
  if (!text) return text.error().message == "text too long" ? "" : "print: " + text.error().message;
  auto again = text_to_binary(*text);
  if (!again) {
    return "parse: " + again.error().message + " at " + std::to_string(again.error().offset);
  }
  bool same = std::equal(again->begin(), again->end(), binary.begin(), binary.end());
  if (canonical == Canonical::kYes && !same) return "the binary is another one";
  if (same) return {};
  auto second = print_text(*again, options);
  if (!second) return "second print: " + second.error().message;
  return *second == *text ? "" : "the second text is another one";
}

/// All of a module that matter: flat, folded, with invented names (which change the binary).
inline std::string check_round_trips(std::span<const u8> binary, Canonical canonical,
                                     size_t limit = ~size_t{0}) {
  PrintOptions options;
  if (auto wrong = check_round_trip(binary, options, canonical, limit); !wrong.empty()) {
    return "flat: " + wrong;
  }
  options.fold = true;
  if (auto wrong = check_round_trip(binary, options, canonical, limit); !wrong.empty()) {
    return "folded: " + wrong;
  }
  options.name_unnamed = true;
  auto wrong = check_round_trip(binary, options, Canonical::kNo, limit);
  return wrong.empty() ? wrong : "named: " + wrong;
}

}  // namespace wazuka::wat
