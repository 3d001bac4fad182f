// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// The command: which subcommand the arguments name.
#include <csignal>
#include <fcntl.h>
#include <poll.h>
#include <string>
#include <string_view>

#include "cli/code_tools.h"
#include "cli/commands.h"
#include "cli/output.h"

namespace {

using namespace wazuka::cli;

int dispatch(Arguments arguments) {
  std::string_view first = arguments.empty() ? "" : arguments[0];
  std::optional<CommandId> command;
  // Names of commands are single words; a second one is the business of the first.
  if (first.find(' ') == std::string_view::npos) command = find_command(first);
  if (!command) return run_by_default(arguments);
  auto later_command = [&](Arguments) {
    print_err("Error: the command `" + std::string(first) +
              "` is not supported yet by this build\n");
    return kExitFailure;
  };
  Arguments rest = arguments.subspan(1);
  switch (*command) {
#define COMMAND(ident, name, positional, properties, flags, handler, summary, details) \
  case CommandId::k##ident: return handler(rest);
#include "cli/commands.def"
#undef COMMAND
  }
  return kExitFailure;
}

/// Opens /dev/null where a standard stream is closed, so that no file of ours takes its number.
void fill_standard_streams() {
  pollfd streams[3] = {{0, 0, 0}, {1, 0, 0}, {2, 0, 0}};
  if (poll(streams, 3, 0) <= 0) return;
  for (const pollfd& s : streams) {
    if ((s.revents & POLLNVAL) != 0) static_cast<void>(open("/dev/null", O_RDWR));
  }
}

}  // namespace

int main(int argc, char** argv) {
#if WAZUKA_VERIFIER
  set_code_tools({wazuka::verify::verify, wazuka::verify::disassemble});
#endif
  fill_standard_streams();
  // Writes to a closed pipe fail with EPIPE, for the guest and for us, instead of killing the
  // process.
  std::signal(SIGPIPE, SIG_IGN);
  return dispatch(Arguments(argv + 1, argc > 0 ? static_cast<size_t>(argc - 1) : 0));
}
