// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// `validate`: says whether files are valid modules, and if not, everything that is wrong with them,
// and which feature would have to be on where that is the reason.
#include <algorithm>
#include <fmt/format.h>

#include "cli/commands.h"
#include "cli/common.h"
#include "cli/output.h"
#include "wasm/module_reader.h"

namespace wazuka::cli {
namespace {

constexpr size_t kMaxShown = 100;

bool contains(const std::vector<Error>& errors, const Error& error) {
  return std::ranges::any_of(errors, [&](const Error& e) {
    return e.offset == error.offset && e.message == error.message;
  });
}

std::vector<Error> errors_with(const std::shared_ptr<const ModuleBytes>& bytes, Features features) {
  ReadOptions options;
  options.features = features;
  return find_errors(bytes, std::make_shared<TypeRegistry>(), options);
}

/// For each error the flag of the feature without which it would not be there, or nothing. Found by
/// trying: what an error depends on is written nowhere but in the validator.
std::vector<std::string_view> missing_features(const std::shared_ptr<const ModuleBytes>& bytes,
                                               Features features,
                                               const std::vector<Error>& errors) {
  std::vector<std::string_view> flags(errors.size());
  std::vector<Error> remaining = errors_with(bytes, Features::all());
  std::vector<size_t> open;
  for (size_t i = 0; i < errors.size(); ++i) {
    if (!contains(remaining, errors[i])) open.push_back(i);
  }
  for (const FeatureInfo& feature : kFeatures) {
    if (open.empty()) break;
    if (features.has(feature.feature)) continue;
    Features more = features;
    more.set(feature.feature, true);
    std::vector<Error> then = errors_with(bytes, more);
    std::erase_if(open, [&](size_t i) {
      if (contains(then, errors[i])) return false;
      flags[i] = feature.flag;
      return true;
    });
  }
  return flags;
}

Result<void> validate_file(const std::string& path, Features features) {
  auto bytes = load_binary(path, false);
  if (!bytes) return std::unexpected(std::move(bytes).error());
  ReadOptions options;
  options.features = features;
  if (read_module(*bytes, std::make_shared<TypeRegistry>(), options)) return {};
  std::vector<Error> errors = errors_with(*bytes, features);
  size_t total = errors.size();
  errors.resize(std::min(total, kMaxShown));
  std::vector<std::string_view> flags = missing_features(*bytes, features, errors);
  Error report{"`" + path + "` is not a valid module", Error::kNoOffset, {}};
  for (size_t i = 0; i < errors.size(); ++i) {
    std::string place = function_place((*bytes)->bytes(), errors[i].offset);
    std::string line = fmt::format("{}{}at offset {:#x}: {}", place, place.empty() ? "" : " ",
                                   errors[i].offset, errors[i].message);
    if (!flags[i].empty()) line += fmt::format(" (needs `-W {}`)", flags[i]);
    report.causes.push_back(std::move(line));
  }
  if (total > kMaxShown) report.causes.push_back(fmt::format("and {} more", total - kMaxShown));
  return std::unexpected(std::move(report));
}

}  // namespace

int validate_command(Arguments arguments) {
  ParsedArguments parsed;
  if (int code = start_command(CommandId::kValidate, arguments, parsed); code >= 0) return code;
  OptionsOutcome outcome = read_options(parsed);
  if (outcome.exit_code >= 0) return outcome.exit_code;
  // Features that this build can check but not run are fine here.
  Features features = outcome.options.features();
  int code = 0;
  for (std::string_view path : parsed.positionals) {
    auto valid = validate_file(std::string(path), features);
    if (valid) continue;
    print_error(valid.error());
    code = kExitFailure;
  }
  return code;
}

}  // namespace wazuka::cli
