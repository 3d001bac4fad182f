// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Feature gates derived from features.def. A Features value is part of the engine's configuration
// and is immutable while modules are read with it.
#pragma once

#include <string_view>

#include "base/ints.h"

namespace wazuka {

enum class Feature : u8 {
#define FEATURE(name, flag, on, stage) k##name,
#include "wasm/features.def"
#undef FEATURE
};

enum class FeatureStage : u8 { kStandard, kProposal, kExplicit };

struct FeatureInfo {
  Feature feature;
  std::string_view flag;  // as after -W
  bool on_by_default;
  FeatureStage stage;
};

inline constexpr FeatureInfo kFeatures[] = {
#define FEATURE(name, flag, on, stage) {Feature::k##name, flag, on, FeatureStage::stage},
#include "wasm/features.def"
#undef FEATURE
};
inline constexpr u32 kFeatureCount = sizeof(kFeatures) / sizeof(kFeatures[0]);

/// A set of enabled features.
class Features {
 public:
  /// The defaults of features.def.
  constexpr Features() {
    for (const FeatureInfo& f : kFeatures) set(f.feature, f.on_by_default);
  }
  static constexpr Features all() {
    Features f;
    f.bits_ = (u64{1} << kFeatureCount) - 1;
    return f;
  }
  static constexpr Features none() {
    Features f;
    f.bits_ = 0;
    return f;
  }

  constexpr bool has(Feature f) const { return (bits_ >> static_cast<u32>(f)) & 1; }
  constexpr void set(Feature f, bool on) {
    u64 bit = u64{1} << static_cast<u32>(f);
    bits_ = on ? bits_ | bit : bits_ & ~bit;
  }
  /// One bit per row of the table, from the first row in bit 0 on.
  constexpr u64 bits() const { return bits_; }
  static constexpr Features from_bits(u64 bits) {
    Features f;
    f.bits_ = bits & all().bits_;
    return f;
  }
  constexpr bool operator==(const Features&) const = default;

 private:
  u64 bits_ = 0;
};

}  // namespace wazuka
