// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// What the command itself prints: unbuffered, so that its output and the guest's keep their order,
// and in Wasmtime's layout for errors.
#pragma once

#include <string>
#include <string_view>

#include "base/error_text.h"

namespace wazuka::cli {

/// Writes all of it. A closed pipe ends the process quietly; other errors are ignored.
void print_out(std::string_view text);
void print_err(std::string_view text);

/// An error of usage, in clap's words; its first word is coloured on a terminal.
void print_usage_error(std::string_view text);

/// All of it to a descriptor; errors are ignored.
void write_all(int fd, std::string_view text);

/// Whether to use colours there: on a terminal, unless NO_COLOR or TERM say otherwise.
bool use_colour(int fd);

/// "Error: …" on standard error.
void print_error(const Error& error);

/// Ends the process at once: nothing that is still allocated is worth the time to free it.
[[noreturn]] void exit_process(int code);

// Exit codes.
inline constexpr int kExitFailure = 1;
inline constexpr int kExitUsage = 2;
inline constexpr int kExitTrap = 134;  // as of a process that SIGABRT killed

}  // namespace wazuka::cli
