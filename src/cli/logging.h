// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// The log that WAZUKA_LOG or WASMTIME_LOG asks for, in Wasmtime's format: `wazuka_wasi=trace` is a
// line before and behind each call of WASI. WASMTIME_LOG_NO_CONTEXT=1 leaves time, level and place
// out.
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.h"
#include "tier/compiler.h"
#include "wasi/context.h"

namespace wazuka::cli {

class Options;

enum class LogLevel : u8 { kOff, kError, kWarn, kInfo, kDebug, kTrace };

/// Which places may log up to which level: `target=level`, `target` or `level`, separated by
/// commas. A target stands for all that begin with it; the longest that fits decides.
class LogFilter {
 public:
  /// Directives that cannot be read are left out; `complaints` gets a line for each.
  static LogFilter parse(std::string_view text, std::vector<std::string>& complaints);

  bool allows(std::string_view target, LogLevel level) const;

 private:
  struct Directive {
    std::string target;  // empty: everything
    LogLevel level;
  };
  std::vector<Directive> directives_;
};

/// Where lines go. Lives until the end of the process.
class Log {
 public:
  /// Null if nothing is to be logged. Complaints about the filter go to standard error.
  static Result<std::unique_ptr<Log>> from_environment(const Options& options);

  void write(LogLevel level, std::string_view target, std::string_view span,
             std::string_view message) const;

  /// Writes a line if the filter allows it.
  void note(LogLevel level, std::string_view target, std::string_view message) const;

  /// For a guest's calls; does nothing unless they are to be logged.
  wasi::Tracer wasi_tracer();

  /// For functions that the optimising compiler refuses (target wazuka_opt, level debug).
  CompileLog compile_log();

 private:
  void write_call(const wasi::HostFunction& function, std::string_view message) const;

  LogFilter filter_;
  int fd_ = 2;
  bool context_ = true;
  bool colour_ = false;
};

}  // namespace wazuka::cli
