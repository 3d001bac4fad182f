// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// `settings`: which features of a processor compiled code may use, and which the host has.
#include <fmt/format.h>
#include <iterator>

#include "asm/cpu_features.h"
#include "cli/commands.h"
#include "cli/output.h"
#include "cli/target.h"

namespace wazuka::cli {
namespace {

using assembly::CpuFeature;
using assembly::CpuFeatures;

constexpr u32 kLevels = 4;  // of the psABI

std::string level_name(u32 n) {
  return n == 1 ? "x86-64" : fmt::format("x86-64-v{}", n);
}

/// Calls `visit` with each feature.
template <class Visit>
void for_each_feature(Visit visit) {
  for (u32 i = 0; i < assembly::kCpuFeatureCount; ++i) visit(static_cast<CpuFeature>(i));
}

std::string as_text(std::string_view target, bool is_host) {
  std::string text = fmt::format("Settings for target '{}':\n\nBoolean settings:\n", target);
  auto out = std::back_inserter(text);
  for_each_feature([&](CpuFeature f) {
    fmt::format_to(out, "  {0:<18} Has support for {0}.\n", assembly::name_of(f));
  });
  text += "\nPresets:\n";
  for (u32 n = 1; n <= kLevels; ++n) {
    fmt::format_to(out, "  {:<18} {}\n", level_name(n), CpuFeatures::level(n).to_string());
  }
  if (!is_host) return text;
  text += "\nSettings inferred for the current host:\n";
  CpuFeatures host = CpuFeatures::host();
  for_each_feature([&](CpuFeature f) {
    if (host.has(f)) fmt::format_to(out, "  {}\n", assembly::name_of(f));
  });
  return text;
}

std::string as_json(std::string_view target, bool is_host) {
  std::string text = fmt::format(
      "{{\n  \"triple\": \"{}\",\n  \"enums\": [],\n  \"nums\": [],\n  \"bools\": [", target);
  auto out = std::back_inserter(text);
  std::string_view comma;
  for_each_feature([&](CpuFeature f) {
    fmt::format_to(
        out,
        "{0}\n    {{\n      \"name\": \"{1}\",\n      \"description\": \"Has support for "
        "{1}.\",\n      \"values\": null\n    }}",
        comma, assembly::name_of(f));
    comma = ",";
  });
  text += "\n  ],\n  \"presets\": [";
  comma = "";
  for (u32 n = 1; n <= kLevels; ++n) {
    fmt::format_to(out,
                   "{}\n    {{\n      \"name\": \"{}\",\n      \"description\": \"{}\",\n      "
                   "\"values\": null\n    }}",
                   comma, level_name(n), CpuFeatures::level(n).to_string());
    comma = ",";
  }
  text += "\n  ]";
  if (is_host) {
    text += ",\n  \"inferred\": [";
    comma = "";
    CpuFeatures host = CpuFeatures::host();
    for_each_feature([&](CpuFeature f) {
      if (!host.has(f)) return;
      fmt::format_to(out, "{}\n    \"{}\"", comma, assembly::name_of(f));
      comma = ",";
    });
    text += "\n  ]";
  }
  return text + "\n}\n";
}

}  // namespace

int settings_command(Arguments arguments) {
  ParsedArguments parsed;
  if (int code = start_command(CommandId::kSettings, arguments, parsed); code >= 0) return code;
  const ParsedFlag* target = parsed.find(FlagId::kTarget);
  std::string_view name = target == nullptr ? kHostTriple : target->value;
  auto kind = target_kind(name);
  if (!kind) {
    print_error(kind.error());
    return kExitFailure;
  }
  if (*kind != TargetKind::kHost) {
    print_error(Error{
        "settings of the target `" + std::string(name) + "` are not supported yet by this build",
        Error::kNoOffset,
        {}});
    return kExitFailure;
  }
  print_out(parsed.find(FlagId::kJson) != nullptr ? as_json(name, target == nullptr)
                                                  : as_text(name, target == nullptr));
  return 0;
}

}  // namespace wazuka::cli
