// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "cli/output.h"

#include <cerrno>
#include <cstdlib>
#include <unistd.h>

namespace wazuka::cli {

void write_all(int fd, std::string_view text) {
  while (!text.empty()) {
    ssize_t n = ::write(fd, text.data(), text.size());
    if (n < 0) {
      if (errno == EINTR) continue;
      if (errno == EPIPE && fd == STDOUT_FILENO) exit_process(kExitFailure);
      return;
    }
    text.remove_prefix(static_cast<size_t>(n));
  }
}

bool use_colour(int fd) {
  if (isatty(fd) == 0) return false;
  const char* no_color = std::getenv("NO_COLOR");
  const char* term = std::getenv("TERM");
  if (no_color != nullptr && *no_color != 0) return false;
  return term != nullptr && std::string_view(term) != "dumb";
}

namespace {

constexpr std::string_view kRed = "\x1b[1;31m", kGreen = "\x1b[32m", kOff = "\x1b[0m";

/// Colours the first place where `word` stands.
void paint(std::string& text, std::string_view word, std::string_view colour) {
  size_t at = text.find(word);
  if (at == std::string::npos) return;
  text.insert(at + word.size(), kOff);
  text.insert(at, colour);
}

}  // namespace

void print_usage_error(std::string_view text) {
  if (!use_colour(STDERR_FILENO)) return print_err(text);
  std::string painted(text);
  paint(painted, "error:", kRed);
  paint(painted, "tip:", kGreen);
  print_err(painted);
}

void print_out(std::string_view text) {
  write_all(STDOUT_FILENO, text);
}

void print_err(std::string_view text) {
  write_all(STDERR_FILENO, text);
}

void print_error(const Error& error) {
  std::string text = "Error: " + error_text(error) + "\n";
  if (use_colour(STDERR_FILENO)) paint(text, "Error:", kRed);
  print_err(text);
}

void exit_process(int code) {
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
  std::exit(code);  // sanitizers report at exit
#else
  _exit(code);
#endif
}

}  // namespace wazuka::cli
