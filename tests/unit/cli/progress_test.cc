// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "cli/progress.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <poll.h>
#include <stdlib.h>
#include <termios.h>
#include <unistd.h>

namespace wazuka::cli {
namespace {

/// Standard error as a terminal, whose other end the test reads.
class Terminal {
 public:
  Terminal() : kept_(dup(STDERR_FILENO)), master_(posix_openpt(O_RDWR | O_NOCTTY)) {
    grantpt(master_);
    unlockpt(master_);
    char name[64] = {};
    ptsname_r(master_, name, sizeof name);
    int slave = open(name, O_RDWR | O_NOCTTY);
    dup2(slave, STDERR_FILENO);
    close(slave);
  }
  ~Terminal() {
    dup2(kept_, STDERR_FILENO);
    close(kept_);
    close(master_);
  }

  /// What has been written so far.
  std::string text() const {
    std::string out;
    char part[4096];
    pollfd waiting = {master_, POLLIN, 0};
    while (poll(&waiting, 1, 0) == 1) {
      ssize_t n = read(master_, part, sizeof part);
      if (n <= 0) break;
      out.append(part, static_cast<size_t>(n));
    }
    return out;
  }

  void wait() const {
    pollfd waiting = {master_, POLLIN, 0};
    poll(&waiting, 1, 10'000);
  }

 private:
  int kept_, master_;
};

constexpr size_t kMuch = 3'000'000;

TEST(Progress, ShowsALineOnATerminalAndTakesItAway) {
  Terminal terminal;
  {
    Progress progress("Compiling", kMuch);
    terminal.wait();
  }
  std::string text = terminal.text();
  EXPECT_TRUE(text.starts_with("\rCompiling (3.0 MB) 0.")) << text;
  EXPECT_TRUE(text.ends_with("\r\x1b[K")) << text;
}

TEST(Progress, IsQuietWhenTheStepIsShortOrSmall) {
  Terminal terminal;
  {
    Progress progress("Compiling", kMuch);
  }
  {
    Progress progress("Compiling", 100);
  }
  EXPECT_EQ(terminal.text(), "");
}

}  // namespace
}  // namespace wazuka::cli
