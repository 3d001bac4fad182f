// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Whatever a user can write to configure the command. The first byte chooses the reader:
//
//   a  arguments of a command (the next byte says which), one a line
//   o  the value of an option group (the next byte says which)
//   t  a file of `--config`
//   e  variables of the environment, one a line
//   v  single values: numbers, durations, clocks, folders, filters of the log, words of commands
//
// Nothing may crash or hang, and each refusal must say something.
#include <cmath>
#include <cstdlib>
#include <string>
#include <string_view>
#include <vector>

#include "cli/arguments.h"
#include "cli/config_file.h"
#include "cli/logging.h"
#include "cli/option_values.h"
#include "cli/options.h"
#include "cli/target.h"
#include "cli/wasi_options.h"

using namespace wazuka;
using namespace wazuka::cli;

namespace {

void check(bool ok) {
  if (!ok) std::abort();
}

/// Lines as C strings, NULL at the end.
class Lines {
 public:
  explicit Lines(std::string_view text) {
    while (!text.empty()) {
      size_t end = std::min(text.find('\n'), text.size());
      // What the system hands over ends at a NUL.
      lines_.emplace_back(std::string(text.substr(0, end)).c_str());
      text.remove_prefix(std::min(end + 1, text.size()));
    }
    for (std::string& line : lines_) pointers_.push_back(line.data());
    pointers_.push_back(nullptr);
  }

  std::span<char* const> words() const { return {pointers_.data(), lines_.size()}; }
  char** environment() { return pointers_.data(); }

 private:
  std::vector<std::string> lines_;
  std::vector<char*> pointers_;
};

void check_options(const Options& options) {
  options.features();
  if (auto supported = options.check_supported(); !supported) {
    check(!supported.error().message.empty());
  }
}

/// The first byte, which is taken off.
u32 take(std::string_view& text) {
  if (text.empty()) return 0;
  u32 byte = static_cast<u8>(text[0]);
  text.remove_prefix(1);
  return byte;
}

void fuzz_arguments(std::string_view text) {
  CommandId command = static_cast<CommandId>(take(text) % kCommandCount);
  Lines lines(text);
  auto parsed = parse_arguments(command, lines.words());
  if (!parsed) {
    check(parsed.error().starts_with("error: ") && parsed.error().ends_with('\n'));
    return;
  }
  Options options;
  for (const ParsedFlag& flag : parsed->flags) {
    check(command_info(command).takes(flag.id));
    u32 group = static_cast<u32>(flag.id);
    if (group >= kGroupCount) continue;
    auto done = options.parse(static_cast<Group>(group), flag.value);
    if (!done) check(!done.error().message.empty());
  }
  check_options(options);
}

void fuzz_group(std::string_view text) {
  Group group = static_cast<Group>(take(text) % kGroupCount);
  Options options;
  auto done = options.parse(group, text);
  if (!done) {
    check(!done.error().message.empty());
    Options::similar_key(group, text);
  }
  check_options(options);
}

void fuzz_file(std::string_view text) {
  Options options;
  auto done = parse_config(text, options);
  if (!done) check(!done.error().message.empty());
  check_options(options);
}

void fuzz_environment(std::string_view text) {
  Options options;
  Lines lines(text);
  auto done = options.parse_environment(lines.environment());
  if (!done) check(!done.error().causes.empty());
  check_options(options);
}

void fuzz_values(std::string_view text) {
  if (auto n = parse_signed(text, 10, INT32_MIN, INT32_MAX))
    check(*n >= INT32_MIN && *n <= INT32_MAX);
  if (auto n = parse_count(text, 1000)) check(*n <= 1000);
  if (auto bits = parse_f64(text)) {
    f64 value = std::bit_cast<f64>(*bits);
    auto again = parse_f64(display_f64(*bits));
    check(again && (std::isnan(value) || *again == *bits));
  }
  if (auto bits = parse_f32(text)) check(parse_f32(display_f32(*bits)).has_value());
  static_cast<void>(parse_duration(text));
  if (auto clock = parse_clock(text))
    check(*clock == kHostClock || *clock < ~u64{0} / 1'000'000'000);
  check(debug_string(text).size() >= 2);
  if (auto dir = parse_dir(text)) {
    check(text.starts_with(dir->host_path));
    if (dir->access == wasi::Access::kReadOnly) check(text.ends_with("::ro"));
  }
  if (text.find(':') == std::string_view::npos) {
    std::string name(text);
    auto dir = parse_dir(name + "::" + name + "::ro");
    check(dir && dir->access == wasi::Access::kReadOnly && dir->guest_name == name);
  }
  std::vector<std::string> complaints;
  LogFilter filter = LogFilter::parse(text, complaints);
  filter.allows("wazuka_wasi::p1", LogLevel::kTrace);
  static_cast<void>(target_kind(text));
  most_similar_word(text, "run, wast, config, settings, completion, help");
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const u8* data, size_t size) {
  std::string_view text(reinterpret_cast<const char*>(data), size);
  switch (take(text)) {
    case 'a': fuzz_arguments(text); break;
    case 'o': fuzz_group(text); break;
    case 't': fuzz_file(text); break;
    case 'e': fuzz_environment(text); break;
    default: fuzz_values(text); break;
  }
  return 0;
}
