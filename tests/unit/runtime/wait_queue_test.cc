// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "runtime/wait_queue.h"

#include <atomic>
#include <gtest/gtest.h>
#include <thread>

namespace wazuka::wait_queue {
namespace {

TEST(WaitQueue, AnotherValueReturnsAtOnce) {
  u32 cell = 1;
  EXPECT_EQ(wait32(&cell, 2, -1), Outcome::kNotEqual);
}

TEST(WaitQueue, TimesOut) {
  u64 cell = 1;
  EXPECT_EQ(wait64(&cell, 1, 1'000'000), Outcome::kTimedOut);
  EXPECT_EQ(notify(&cell, 1), 0u) << "the waiter must be gone";
}

TEST(WaitQueue, NotifyWakesAsManyAsAsked) {
  alignas(8) static u32 cell = 5;
  std::atomic<int> woken = 0;
  std::thread threads[3];
  for (std::thread& t : threads) {
    t = std::thread([&] {
      if (wait32(&cell, 5, -1) == Outcome::kWoken) ++woken;
    });
  }
  u32 total = 0;
  while (total < 3) total += notify(&cell, 1);
  for (std::thread& t : threads) t.join();
  EXPECT_EQ(woken, 3);
  EXPECT_EQ(total, 3u);
}

TEST(WaitQueue, OtherAddressesStayAsleep) {
  alignas(8) static u32 cells[2] = {};
  std::thread t([&] { EXPECT_EQ(wait32(&cells[0], 0, -1), Outcome::kWoken); });
  EXPECT_EQ(notify(&cells[1], 100), 0u);
  while (notify(&cells[0], 100) == 0) std::this_thread::yield();
  t.join();
}

}  // namespace
}  // namespace wazuka::wait_queue
