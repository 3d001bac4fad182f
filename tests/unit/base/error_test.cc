// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "base/error.h"

#include <gtest/gtest.h>

namespace wazuka {
namespace {

TEST(Error, ContextPushesTheMessageDown) {
  Error e = Error{"inner", 7, {}}.context("outer");
  EXPECT_EQ(e.message, "outer");
  ASSERT_EQ(e.causes.size(), 1u);
  EXPECT_EQ(e.causes[0], "inner");
  EXPECT_EQ(e.offset, 7u);
}

Result<int> propagates() {
  WAZUKA_TRY(Result<int>(fail("no", 3)));
  return 1;
}

TEST(Error, TryPropagates) {
  auto r = propagates();
  ASSERT_FALSE(r);
  EXPECT_EQ(r.error().message, "no");
}

}  // namespace
}  // namespace wazuka
