// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "cli/flag_values.h"

#include <arpa/inet.h>
#include <charconv>

#include "cli/arguments.h"
#include "cli/option_values.h"
#include "cli/options.h"
#include "cli/output.h"
#include "cli/wasi_options.h"

namespace wazuka::cli {
namespace {

/// An error for a profiling strategy that does not exist.
Result<void> check_profile(std::string_view strategy) {
  for (std::string_view name : {"perfmap", "jitdump", "vtune", "pulley", "guest"}) {
    if (strategy == name) return {};
  }
  std::string_view rest = strategy;
  constexpr std::string_view kGuest = "guest,";
  if (!rest.starts_with(kGuest))
    return fail("unknown profiling strategy: " + std::string(strategy));
  rest.remove_prefix(kGuest.size());
  size_t comma = rest.find(',');
  if (comma == std::string_view::npos) return {};
  auto interval = parse_duration(rest.substr(comma + 1));
  if (interval) return {};
  return std::unexpected(std::move(interval).error());
}

/// A line that names the key that may have been meant; empty if none is similar.
std::string tip_for(Group group, std::string_view message) {
  constexpr std::string_view kUnknown = "unknown option: ";
  if (!message.starts_with(kUnknown)) return {};
  std::string similar = Options::similar_key(group, message.substr(kUnknown.size()));
  return similar.empty() ? "" : "  tip: a similar option exists: '" + similar + "'\n\n";
}

std::string group_error(Group group, std::string_view value) {
  if (value == "help" || value == "help-long") return {};
  Options scratch;
  auto parsed = scratch.parse(group, value);
  if (parsed) return {};
  const GroupInfo& info = group_info(group);
  std::string text = "error: failed to parse -" + std::string(1, info.letter) + " / --" +
                     std::string(info.name) + " option: " + error_text(parsed.error());
  while (text.ends_with('\n')) text.pop_back();
  return text + "\n\n" + tip_for(group, parsed.error().message);
}

bool is_port(std::string_view text) {
  if (text.starts_with('+')) text.remove_prefix(1);
  u16 port = 0;
  const char* end = text.data() + text.size();
  const auto [rest, error] = std::from_chars(text.data(), end, port);
  return error == std::errc() && rest == end;
}

bool is_address(int family, std::string_view text) {
  u8 bytes[16];
  return inet_pton(family, std::string(text).c_str(), bytes) == 1;
}

}  // namespace

std::string value_error(FlagId id, std::string_view value) {
  if (static_cast<u32>(id) < kGroupCount) return group_error(static_cast<Group>(id), value);
  if (id == FlagId::kDir) {
    auto dir = parse_dir(value);
    return dir ? "" : invalid_value(id, value, dir.error().message);
  }
  if (id == FlagId::kProfile) {
    auto known = check_profile(value);
    return known ? "" : invalid_value(id, value, known.error().message);
  }
  if (id == FlagId::kPreload && value.find('=') == std::string_view::npos) {
    return invalid_value(id, value, "must contain exactly one equals character ('=')");
  }
  return {};
}

Result<void> check_gdbstub(std::string_view text) {
  if (is_port(text)) return {};
  const size_t colon = text.rfind(':');
  if (colon != std::string_view::npos && !text.substr(colon + 1).starts_with('+') &&
      is_port(text.substr(colon + 1))) {
    std::string_view host = text.substr(0, colon);
    if (is_address(AF_INET, host)) return {};
    if (host.starts_with('[') && host.ends_with(']') &&
        is_address(AF_INET6, host.substr(1, host.size() - 2))) {
      return {};
    }
  }
  return fail_with_cause("invalid gdbstub address: `" + std::string(text) + "`",
                         "invalid socket address syntax");
}

}  // namespace wazuka::cli
