// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Preopened listeners and the connections accepted on them.
#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include "guest.h"

namespace wazuka::wasi::test {
namespace {

struct SockTest : testing::Test {
  SockTest() {
    os::OwnedFd listener(::socket(AF_INET, SOCK_STREAM, 0));
    sockaddr_in address = {};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t length = sizeof address;
    EXPECT_EQ(::bind(listener.get(), reinterpret_cast<sockaddr*>(&address), length), 0);
    EXPECT_EQ(::listen(listener.get(), 4), 0);
    EXPECT_EQ(::getsockname(listener.get(), reinterpret_cast<sockaddr*>(&address), &length), 0);
    peer = os::OwnedFd(::socket(AF_INET, SOCK_STREAM, 0));
    EXPECT_EQ(::connect(peer.get(), reinterpret_cast<sockaddr*>(&address), length), 0);
    ContextOptions options = Guest::with_preopen(box);
    options.listeners.push_back(std::move(listener));
    g = std::make_unique<Guest>(std::move(options));
  }
  u32 accept() {
    EXPECT_EQ(g->call("sock_accept", {3, 0, Guest::kResult}), Errno::kSuccess);
    return g->fd();
  }
  Sandbox box;
  os::OwnedFd peer;
  std::unique_ptr<Guest> g;
};

TEST_F(SockTest, AcceptReceiveSendShutdown) {
  u32 fd = accept();
  EXPECT_EQ(fd, 5u);  // 3 is the listener, 4 the preopen
  ASSERT_EQ(::send(peer.get(), "hello", 5, 0), 5);
  g->iovs({{Guest::kBuffer, 3}, {Guest::kBuffer + 3, 10}});
  ASSERT_EQ(g->call("sock_recv", {fd, Guest::kIovs, 2, 1, Guest::kResult, Guest::kResult + 8}),
            Errno::kSuccess);  // peek
  EXPECT_EQ(g->data(), "hello");
  ASSERT_EQ(g->call("sock_recv", {fd, Guest::kIovs, 2, 0, Guest::kResult, Guest::kResult + 8}),
            Errno::kSuccess);
  EXPECT_EQ(g->data(), "hello");
  EXPECT_EQ(g->get<u16>(Guest::kResult + 8), 0);
  g->iovs({{Guest::kBuffer, 5}});
  ASSERT_EQ(g->call("sock_send", {fd, Guest::kIovs, 1, 0, Guest::kResult}), Errno::kSuccess);
  char buffer[16];
  EXPECT_EQ(::recv(peer.get(), buffer, sizeof buffer, 0), 5);
  EXPECT_EQ(g->call("sock_send", {fd, Guest::kIovs, 1, 1, Guest::kResult}), Errno::kInval);
  EXPECT_EQ(g->call("sock_shutdown", {fd, 0}), Errno::kInval);
  ASSERT_EQ(g->call("sock_shutdown", {fd, 2}), Errno::kSuccess);
  EXPECT_EQ(::recv(peer.get(), buffer, sizeof buffer, 0), 0);
  EXPECT_EQ(g->call("sock_send", {fd, Guest::kIovs, 1, 0, Guest::kResult}), Errno::kPipe);
}

TEST_F(SockTest, ReadAndWriteWorkOnSockets) {
  u32 fd = accept();
  ASSERT_EQ(g->write(fd, "abc"), Errno::kSuccess);
  char buffer[16];
  EXPECT_EQ(::recv(peer.get(), buffer, sizeof buffer, 0), 3);
  ASSERT_EQ(::send(peer.get(), "xy", 2, 0), 2);
  ASSERT_EQ(g->read(fd, 10), Errno::kSuccess);
  EXPECT_EQ(g->data(), "xy");
  EXPECT_EQ(g->seek(fd, 0, 0), Errno::kSpipe);
  ASSERT_EQ(g->call("fd_fdstat_get", {fd, Guest::kResult}), Errno::kSuccess);
  EXPECT_EQ(g->get<u8>(Guest::kResult), 6);
}

TEST_F(SockTest, NonBlockingAnswersAgain) {
  u32 fd = accept();
  ASSERT_EQ(g->call("fd_fdstat_set_flags", {fd, kNonblock}), Errno::kSuccess);
  EXPECT_EQ(g->read(fd, 1), Errno::kAgain);
  ASSERT_EQ(g->call("fd_fdstat_set_flags", {3, kNonblock}), Errno::kSuccess);
  EXPECT_EQ(g->call("sock_accept", {3, 0, Guest::kResult}), Errno::kAgain);
}

TEST_F(SockTest, OtherDescriptorsAreNoSockets) {
  box.write("file", "");
  g->put(Guest::kPath, "file");
  ASSERT_EQ(g->open("file", 0, 2, 0, 1, 4), Errno::kSuccess);
  for (u32 fd : {0u, 4u, g->fd()}) {
    EXPECT_EQ(g->call("sock_accept", {fd, 0, Guest::kResult}), Errno::kNotsock);
    EXPECT_EQ(g->call("sock_recv", {fd, 0, 0, 0, 0, 8}), Errno::kNotsock);
    EXPECT_EQ(g->call("sock_send", {fd, 0, 0, 0, 0}), Errno::kNotsock);
    EXPECT_EQ(g->call("sock_shutdown", {fd, 1}), Errno::kNotsock);
  }
  EXPECT_EQ(g->call("sock_shutdown", {99, 1}), Errno::kBadf);
  EXPECT_EQ(g->call("sock_accept", {99, 0, Guest::kResult}), Errno::kBadf);
}

}  // namespace
}  // namespace wazuka::wasi::test
