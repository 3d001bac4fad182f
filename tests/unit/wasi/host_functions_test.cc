// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "wasi/host_functions.h"

#include <set>
#include <sstream>

#include "guest.h"
#include "wasi/call_log.h"

namespace wazuka::wasi::test {
namespace {

TEST(HostFunctions, AreComplete) {
  EXPECT_EQ(preview1_functions().size(), 46u);
  EXPECT_EQ(preview0_functions().size(), 45u);  // no sock_accept
  std::set<std::string_view> names;
  for (const HostFunction& f : preview1_functions()) {
    EXPECT_TRUE(names.insert(f.name).second) << f.name;
    std::string_view signature = f.signature;
    size_t parameters = signature.find(':');
    std::string words(f.parameters);
    size_t count = 0;
    std::istringstream list(words);
    for (std::string word; list >> word;) count += word == ">" ? 0 : word[0] == 's' ? 2 : 1;
    EXPECT_EQ(count, parameters) << f.name;
  }
}

TEST(HostFunctions, AreFoundByModuleAndName) {
  const HostFunction* f = find_host_function("wasi_snapshot_preview1", "path_open");
  ASSERT_NE(f, nullptr);
  EXPECT_STREQ(f->signature, "iiiiiIIii:i");
  EXPECT_STREQ(find_host_function("wasi_snapshot_preview1", "proc_exit")->signature, "i:");
  EXPECT_NE(find_host_function("wasi_unstable", "fd_seek"),
            find_host_function("wasi_snapshot_preview1", "fd_seek"));
  EXPECT_EQ(find_host_function("wasi_unstable", "sock_accept"), nullptr);
  EXPECT_EQ(find_host_function("wasi_snapshot_preview1", "nope"), nullptr);
  EXPECT_EQ(find_host_function("env", "path_open"), nullptr);
}

TEST(HostFunctions, TrapOnArgumentsOutsideTheirTypes) {
  Sandbox box;
  Guest g(box);
  auto fault = [&](const char* name, std::vector<u64> arguments) {
    Outcome o = g.outcome(name, std::move(arguments));
    EXPECT_EQ(o.kind, Outcome::Kind::kTrap) << name;
    return o.fault;
  };
  EXPECT_EQ(fault("fd_seek", {4, 0, 3, 0}), GuestFault::kInvalidCase);
  EXPECT_EQ(fault("fd_seek", {4, 0, 0xffffffff, 0}), GuestFault::kNegative);
  EXPECT_EQ(fault("fd_seek", {4, 0, 256, 0}), GuestFault::kTooLarge);
  EXPECT_EQ(fault("path_open", {3, 2, 0, 0, 0, 0, 0, 0, 0}), GuestFault::kInvalidFlag);
  EXPECT_EQ(fault("path_open", {3, 0, 0, 0, 0, u64{1} << 30, 0, 0, 0}), GuestFault::kInvalidFlag);
  EXPECT_EQ(fault("path_open", {3, 0, 0, 0, 0, ~u64{0}, 0, 0, 0}), GuestFault::kNegative);
  EXPECT_EQ(fault("path_open", {3, 0, 0, 0, 0x10000, 0, 0, 0, 0}), GuestFault::kTooLarge);
  EXPECT_EQ(fault("clock_res_get", {4, 0}), GuestFault::kInvalidCase);
  EXPECT_EQ(fault("proc_raise", {31}), GuestFault::kInvalidCase);
  // The first wrong argument decides.
  Outcome o = g.outcome("path_open", {3, 0, 0, 0, 0x10, ~u64{0}, 0, 0, 0});
  EXPECT_STREQ(o.type_name, "Oflags");
}

TEST(HostFunctions, AnswerAnyArgumentsWithoutHarm) {
  // Every function, every parameter over a set of nasty values: nothing may crash or be written
  // outside memory (the sanitizers watch), and the outcome must be well formed.
  Sandbox box;
  box.write("file", "content");
  const u64 values[] = {0,          1,          3,          4,       0x7fffffff,
                        0x80000000, 0xfffffff8, 0xffffffff, ~u64{0}, 0x1fff8};
  for (auto functions : {preview1_functions(), preview0_functions()}) {
    for (const HostFunction& f : functions) {
      if (f.name == "poll_oneoff" || f.name == "random_get") continue;  // may wait, or be long
      size_t count = std::string_view(f.signature).find(':');
      for (size_t i = 0; i < 400; ++i) {
        Guest g(box);
        ASSERT_EQ(g.open("file", 0, Guest::kRead | Guest::kWrite), Errno::kSuccess);
        std::vector<u64> arguments(count + 1);
        u64 state = i * 7919 + 13;
        for (size_t j = 0; j < count; ++j) {
          state = state * 6364136223846793005u + 1442695040888963407u;
          arguments[j] = values[(state >> 33) % std::size(values)];
          if (f.signature[j] == 'i') arguments[j] = static_cast<u32>(arguments[j]);
        }
        Outcome o = f.call(g.context(), g.memory(), arguments.data());
        if (o.kind == Outcome::Kind::kErrno) {
          EXPECT_NE(errno_name(o.error), "unknown");
        }
        if (o.kind == Outcome::Kind::kTrap) {
          EXPECT_NE(o.fault, GuestFault::kNone);
        }
      }
    }
  }
}

struct Logged {
  std::vector<std::string> lines;
};

TEST(HostFunctions, ReportToTheTracer) {
  Sandbox box;
  Logged log;
  ContextOptions options = Guest::with_preopen(box);
  options.tracer.user = &log;
  options.tracer.on_enter = [](void* user, const CallEvent& call) {
    static_cast<Logged*>(user)->lines.push_back(std::string(call.function.name) + ": " +
                                                describe_arguments(call));
  };
  options.tracer.on_exit = [](void* user, const CallEvent& call, const Outcome& outcome) {
    static_cast<Logged*>(user)->lines.push_back(describe_result(call, outcome));
  };
  Guest g(std::move(options));
  g.call("fd_close", {3});
  g.call("fd_close", {3});
  std::vector<std::string> expected = {"fd_close: fd=Fd(3)", "Ok(())", "fd_close: fd=Fd(3)",
                                       "Err(Error { inner: Badf })"};
  EXPECT_EQ(log.lines, expected);
}

}  // namespace
}  // namespace wazuka::wasi::test
