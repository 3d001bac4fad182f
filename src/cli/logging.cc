// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "cli/logging.h"

#include <cerrno>
#include <cstdlib>
#include <ctime>
#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>

#include "cli/options.h"
#include "cli/output.h"
#include "os/clock.h"
#include "os/file_bytes.h"
#include "wasi/call_log.h"

namespace wazuka::cli {
namespace {

constexpr const char* kLogFile = "wazuka.dbg.main";
constexpr std::string_view kCompilerTarget = "wazuka_opt";
constexpr std::string_view kLevelNames[] = {"OFF", "ERROR", "WARN", "INFO", "DEBUG", "TRACE"};

std::optional<LogLevel> level_of(std::string_view text) {
  if (text.size() == 1 && text[0] >= '0' && text[0] <= '5') {
    return static_cast<LogLevel>(text[0] - '0');
  }
  for (size_t i = 0; i < std::size(kLevelNames); ++i) {
    auto same = [](char a, char b) { return (a & ~0x20) == b; };
    if (std::equal(text.begin(), text.end(), kLevelNames[i].begin(), kLevelNames[i].end(), same)) {
      return static_cast<LogLevel>(i);
    }
  }
  return std::nullopt;
}

bool is_target(std::string_view text) {
  if (text.empty()) return false;
  for (char c : text) {
    bool letter = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
    if (!letter && c != '_' && c != ':' && c != '-') return false;
  }
  return true;
}

/// Wasmtime's name for a place is as good as ours.
std::string own_name(std::string_view target) {
  constexpr std::string_view kTheirs = "wasmtime";
  if (!target.starts_with(kTheirs)) return std::string(target);
  return "wazuka" + std::string(target.substr(kTheirs.size()));
}

std::string timestamp() {
  u64 now = os::clock_now(os::HostClock::kRealtime);
  time_t seconds = static_cast<time_t>(now / 1'000'000'000);
  tm t = {};
  gmtime_r(&seconds, &t);
  return fmt::format("{:04}-{:02}-{:02}T{:02}:{:02}:{:02}.{:06}Z", t.tm_year + 1900, t.tm_mon + 1,
                     t.tm_mday, t.tm_hour, t.tm_min, t.tm_sec, now % 1'000'000'000 / 1000);
}

/// The escape sequence of a level's colour.
std::string_view colour_of(LogLevel level) {
  switch (level) {
    case LogLevel::kError: return "\x1b[31m";
    case LogLevel::kWarn: return "\x1b[33m";
    case LogLevel::kInfo: return "\x1b[32m";
    case LogLevel::kDebug: return "\x1b[34m";
    case LogLevel::kOff:
    case LogLevel::kTrace: break;
  }
  return "\x1b[35m";
}

const char* variable(const char* name, const char* other_name) {
  const char* value = std::getenv(name);
  return value != nullptr ? value : std::getenv(other_name);
}

std::string target_of(const wasi::HostFunction& function) {
  std::string_view face = function.module == "wasi_unstable" ? "p0" : "p1";
  return fmt::format("wazuka_wasi::{}::{}", face, function.module);
}

std::string span_of(const wasi::HostFunction& function) {
  return fmt::format("wiggle abi{{module=\"{}\" function=\"{}\"}}", function.module, function.name);
}

}  // namespace

LogFilter LogFilter::parse(std::string_view text, std::vector<std::string>& complaints) {
  LogFilter filter;
  auto ignore = [&](std::string_view directive, std::string_view why) {
    complaints.push_back(fmt::format("ignoring `{}`: {}", directive, why));
  };
  while (!text.empty()) {
    size_t comma = std::min(text.find(','), text.size());
    std::string_view directive = text.substr(0, comma);
    text.remove_prefix(std::min(comma + 1, text.size()));
    if (directive.empty()) continue;
    size_t equals = directive.find('=');
    std::string_view target = directive.substr(0, equals);
    if (equals == std::string_view::npos) {
      if (auto level = level_of(directive)) {
        filter.directives_.push_back({"", *level});
        continue;
      }
    }
    if (!is_target(target)) {
      ignore(directive, "invalid filter directive");
      continue;
    }
    std::optional<LogLevel> level = LogLevel::kTrace;
    if (equals != std::string_view::npos) level = level_of(directive.substr(equals + 1));
    if (level) {
      filter.directives_.push_back({own_name(target), *level});
    } else {
      ignore(directive,
             "error parsing level filter: expected one of \"off\", \"error\", \"warn\", \"info\", "
             "\"debug\", \"trace\", or a number 0-5");
    }
  }
  return filter;
}

bool LogFilter::allows(std::string_view target, LogLevel level) const {
  const Directive* best = nullptr;
  for (const Directive& d : directives_) {
    if (!target.starts_with(d.target)) continue;
    if (best == nullptr || d.target.size() >= best->target.size()) best = &d;
  }
  return best != nullptr && level <= best->level;
}

Result<std::unique_ptr<Log>> Log::from_environment(const Options& options) {
  const char* text = variable("WAZUKA_LOG", "WASMTIME_LOG");
  if (text == nullptr || *text == 0 || !options.is_on(OptionId::kDebugLogging, true))
    return nullptr;
  std::vector<std::string> complaints;
  auto log = std::make_unique<Log>();
  log->filter_ = LogFilter::parse(text, complaints);
  for (const std::string& complaint : complaints) print_err(complaint + "\n");
  const char* bare = variable("WAZUKA_LOG_NO_CONTEXT", "WASMTIME_LOG_NO_CONTEXT");
  log->context_ = bare == nullptr || std::string_view(bare) != "1";
  if (options.is_on(OptionId::kDebugLogToFiles)) {
    log->fd_ = open(kLogFile, O_WRONLY | O_CREAT | O_TRUNC | O_APPEND | O_CLOEXEC, 0666);
    if (log->fd_ < 0) {
      return fail_with_cause(std::string("failed to create the log file `") + kLogFile + "`",
                             os::error_text(errno));
    }
  }
  log->colour_ = use_colour(log->fd_);
  return log;
}

void Log::write(LogLevel level, std::string_view target, std::string_view span,
                std::string_view message) const {
  std::string line;
  if (context_) {
    std::string_view name = kLevelNames[static_cast<size_t>(level)];
    std::string_view on = colour_ ? colour_of(level) : "", off = colour_ ? "\x1b[0m" : "";
    line = fmt::format("{} {}{:>5}{} ", timestamp(), on, name, off);
  }
  if (!span.empty()) line += fmt::format("{}: ", span);
  if (context_) line += fmt::format("{}: ", target);
  line += message;
  line += '\n';
  write_all(fd_, line);
}

void Log::write_call(const wasi::HostFunction& function, std::string_view message) const {
  std::string target = target_of(function);
  if (filter_.allows(target, LogLevel::kTrace)) {
    write(LogLevel::kTrace, target, span_of(function), message);
  }
}

wasi::Tracer Log::wasi_tracer() {
  bool any = filter_.allows("wazuka_wasi::p1::wasi_snapshot_preview1", LogLevel::kTrace) ||
             filter_.allows("wazuka_wasi::p0::wasi_unstable", LogLevel::kTrace);
  if (!any) return {};
  wasi::Tracer tracer;
  tracer.user = this;
  tracer.on_enter = [](void* user, const wasi::CallEvent& call) {
    std::string text = wasi::describe_arguments(call);
    if (!text.empty()) static_cast<Log*>(user)->write_call(call.function, text);
  };
  tracer.on_exit = [](void* user, const wasi::CallEvent& call, const wasi::Outcome& outcome) {
    static_cast<Log*>(user)->write_call(call.function,
                                        "result=" + wasi::describe_result(call, outcome));
  };
  return tracer;
}

void Log::note(LogLevel level, std::string_view target, std::string_view message) const {
  if (filter_.allows(target, level)) write(level, target, "", message);
}

CompileLog Log::compile_log() {
  if (!filter_.allows(kCompilerTarget, LogLevel::kDebug)) return {};
  auto refused = [](void* user, u32 func_index, const Error& why) {
    static_cast<const Log*>(user)->write(LogLevel::kDebug, kCompilerTarget, "",
                                         fmt::format("function {}: {}", func_index, why.message));
  };
  return {refused, this};
}

}  // namespace wazuka::cli
