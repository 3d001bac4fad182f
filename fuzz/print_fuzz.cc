// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Any bytes as a binary. Printing never crashes, whatever they are; of a valid module every print
// is parsed to a valid module, and that one is printed the same way.
#include <cstdio>
#include <cstdlib>

#include "../tests/unit/wat/round_trip.h"
#include "wasm/section_list.h"

using namespace wazuka;

namespace {

/// Text can be far longer than the binary: a few bytes declare thousands of locals.
constexpr size_t kMaxText = 4 << 20;

bool is_valid(std::span<const u8> binary) {
  static auto registry = std::make_shared<TypeRegistry>();
  ReadOptions options;
  options.features = Features::all();
  auto bytes = std::make_shared<wat::BinaryBytes>(binary);
  bool valid = read_module(bytes, registry, options).has_value();
  // Both ways of validating must agree.
  if (find_errors(bytes, registry, options).empty() != valid) {
    std::fprintf(stderr, "find_errors and read_module differ\n");
    std::abort();
  }
  return valid;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const u8* data, size_t size) {
  std::span<const u8> binary(data, size);
  list_sections(binary);
  bool valid = is_valid(binary);
  for (bool fold : {false, true}) {
    wat::PrintOptions options;
    options.fold = fold;
    auto text = wat::print_text(binary, options, kMaxText);
    if (!valid) continue;
    if (!text && text.error().message == "text too long") return 0;
    auto again = text ? wat::text_to_binary(*text) : std::unexpected(text.error());
    if (!again || !is_valid(*again)) {
      std::fprintf(stderr, "%s\n", again ? "no longer valid" : again.error().message.c_str());
      std::abort();
    }
    std::string wrong = wat::check_round_trip(binary, options, wat::Canonical::kNo);
    if (wrong.empty()) continue;
    std::fprintf(stderr, "%s\n", wrong.c_str());
    std::abort();
  }
  wat::PrintOptions all{true, true, true, true};
  if (!wat::print_text(binary, all, kMaxText) && valid) return 0;
  return 0;
}
