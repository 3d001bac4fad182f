// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// `config new`: a configuration file to begin with.
#include <cerrno>
#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cli/cache.h"
#include "cli/commands.h"
#include "cli/option_values.h"
#include "cli/output.h"
#include "os/file_bytes.h"

namespace wazuka::cli {
namespace {

constexpr std::string_view kNewFile = R"(# Settings that are not here have their default values.
# The table [cache] has the settings of the cache of compiled code.

[cache]
)";

/// Makes the folders above a file.
Result<void> make_folders(const std::string& path) {
  for (size_t at = path.find('/', 1); at != std::string::npos; at = path.find('/', at + 1)) {
    std::string folder = path.substr(0, at);
    if (mkdir(folder.c_str(), 0777) == 0 || errno == EEXIST) continue;
    return fail_with_cause("failed to create the folder " + debug_string(folder),
                           os::error_text(errno));
  }
  return {};
}

Result<void> create_config(const std::string& path) {
  if (path.empty()) return fail("there is no home directory: name the file");
  WAZUKA_TRY(make_folders(path));
  auto failed = [&] {
    return fail_with_cause("failed to write the configuration file '" + path + "'",
                           os::error_text(errno));
  };
  int fd = open(path.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666);
  if (fd < 0 && errno == EEXIST) {
    return fail("Configuration file '" + path + "' already exists.");
  }
  if (fd < 0) return failed();
  bool written =
      write(fd, kNewFile.data(), kNewFile.size()) == static_cast<ssize_t>(kNewFile.size());
  if (close(fd) != 0 || !written) return failed();
  return {};
}

}  // namespace

int config_new_command(Arguments arguments) {
  ParsedArguments parsed;
  if (int code = start_command(CommandId::kConfigNew, arguments, parsed); code >= 0) return code;
  std::string path =
      parsed.positionals.empty() ? default_config_path() : std::string(parsed.positionals[0]);
  if (auto created = create_config(path); !created) {
    print_error(created.error());
    return kExitFailure;
  }
  print_out("Successfully created a new configuration file at '" + path + "'.\n");
  return 0;
}

int config_command(Arguments arguments) {
  if (arguments.empty()) {
    print_err(help_text(CommandId::kConfig, /*long_form=*/false));
    return kExitUsage;
  }
  std::string_view first = arguments[0];
  if (first == "new") return config_new_command(arguments.subspan(1));
  if (first == "help") {
    std::string_view second = arguments.size() > 1 ? arguments[1] : "";
    print_out(help_text(second == "new" ? CommandId::kConfigNew : CommandId::kConfig, true));
    return 0;
  }
  if (first.starts_with('-')) {
    ParsedArguments parsed;
    int code = start_command(CommandId::kConfig, arguments, parsed);
    if (code >= 0) return code;
  }
  std::string_view similar = most_similar_word(first, "new, help");
  std::string tip =
      similar.empty() ? "" : fmt::format("  tip: a similar subcommand exists: '{}'\n\n", similar);
  print_usage_error(fmt::format("error: unrecognized subcommand '{}'\n\n{}Usage: {}\n\n{}", first,
                                tip, command_info(CommandId::kConfig).usage(), kMoreInformation));
  return kExitUsage;
}

}  // namespace wazuka::cli
