// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "asm/cpu_features.h"

#include <gtest/gtest.h>

namespace wazuka::assembly {
namespace {

TEST(CpuFeatures, AreClosedUnderImplication) {
  CpuFeatures f = CpuFeatures().with(CpuFeature::kAvx2);
  EXPECT_TRUE(f.has(CpuFeature::kAvx));
  EXPECT_TRUE(f.has(CpuFeature::kSse3));
  EXPECT_FALSE(f.has(CpuFeature::kFma));
  EXPECT_FALSE(f.has(CpuFeature::kPopcnt));
  f = f.with(CpuFeature::kAvx512Vbmi).without(CpuFeature::kSse41);
  EXPECT_TRUE(f.has(CpuFeature::kSsse3));
  EXPECT_FALSE(f.has(CpuFeature::kAvx));
  EXPECT_FALSE(f.has(CpuFeature::kAvx512Vbmi));
  EXPECT_TRUE(f.has(CpuFeature::kBase));
}

TEST(CpuFeatures, LevelsAscend) {
  for (unsigned n = 1; n <= 4; ++n) {
    EXPECT_TRUE(CpuFeatures::level(n).covers(CpuFeatures::level(n - 1)));
  }
  EXPECT_EQ(CpuFeatures::level(1), CpuFeatures());
  EXPECT_FALSE(CpuFeatures::level(2).has(CpuFeature::kAvx));
  EXPECT_TRUE(CpuFeatures::level(3).has(CpuFeature::kAvx2));
  EXPECT_TRUE(CpuFeatures::level(4).has(CpuFeature::kAvx512Vl));
}

TEST(CpuFeatures, TextIsReadBack) {
  for (CpuFeatures f : {CpuFeatures(), CpuFeatures::level(3), CpuFeatures::host()}) {
    EXPECT_EQ(CpuFeatures::parse(f.to_string()), f);
  }
  EXPECT_EQ(CpuFeatures::parse("popcnt,bmi2")->to_string(), "popcnt,bmi2");
  EXPECT_EQ(CpuFeatures::parse("popcnt,"), std::nullopt);
  EXPECT_EQ(CpuFeatures::parse("avx9"), std::nullopt);
}

#if defined(__x86_64__)
// The compiler's run-time library detects the same, with code of its own.
TEST(CpuFeatures, HostIsWhatTheCompilerDetects) {
  CpuFeatures host = CpuFeatures::host();
  EXPECT_EQ(host.has(CpuFeature::kSse42), __builtin_cpu_supports("sse4.2") != 0);
  EXPECT_EQ(host.has(CpuFeature::kPopcnt), __builtin_cpu_supports("popcnt") != 0);
  EXPECT_EQ(host.has(CpuFeature::kBmi1), __builtin_cpu_supports("bmi") != 0);
  EXPECT_EQ(host.has(CpuFeature::kBmi2), __builtin_cpu_supports("bmi2") != 0);
  EXPECT_EQ(host.has(CpuFeature::kAvx), __builtin_cpu_supports("avx") != 0);
  EXPECT_EQ(host.has(CpuFeature::kAvx2), __builtin_cpu_supports("avx2") != 0);
  EXPECT_EQ(host.has(CpuFeature::kFma), __builtin_cpu_supports("fma") != 0);
  EXPECT_EQ(host.has(CpuFeature::kAvx512F), __builtin_cpu_supports("avx512f") != 0);
  EXPECT_EQ(host.has(CpuFeature::kAvx512Vl), __builtin_cpu_supports("avx512vl") != 0);
  EXPECT_EQ(host.has(CpuFeature::kAvx512Vbmi), __builtin_cpu_supports("avx512vbmi") != 0);
  EXPECT_EQ(host.has(CpuFeature::kAvx512Bitalg), __builtin_cpu_supports("avx512bitalg") != 0);
}
#endif

}  // namespace
}  // namespace wazuka::assembly
