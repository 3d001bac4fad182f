// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// What the processor that will run the code can do. Compilers never ask the machine they run on:
// they are given a CpuFeatures value, so that code for another machine can be made (images), and so
// that tests can choose an older level. The assembler asserts that a feature is present whenever an
// instruction that needs it is emitted.
//
// Invariant: a set is closed under implication (AVX2 without AVX cannot be expressed).
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "base/ints.h"

namespace wazuka::assembly {

enum class CpuFeature : u8 {
#define CPU_FEATURE(name, text, leaf, reg, bit, state, implies) k##name,
#include "asm/cpu_features.def"
#undef CPU_FEATURE
  kBase,  // what every x86-64 has; always present
};
inline constexpr u32 kCpuFeatureCount = static_cast<u32>(CpuFeature::kBase);

class CpuFeatures {
 public:
  /// Nothing beyond what every x86-64 has.
  constexpr CpuFeatures() = default;

  /// The machine this runs on, as far as its operating system saves the registers concerned.
  /// Asks each time (some microseconds); nothing beyond the base where it is no x86-64.
  static CpuFeatures host();

  /// The levels of the psABI, 1 (the base) to 4; what this table does not know of them is left out.
  static CpuFeatures level(unsigned n);

  /// From what to_string() wrote: names separated by commas; empty for the base. Nothing if a name
  /// is unknown.
  static std::optional<CpuFeatures> parse(std::string_view text);
  static std::optional<CpuFeature> feature_named(std::string_view name);

  constexpr bool has(CpuFeature f) const {
    return f == CpuFeature::kBase || (bits_ >> static_cast<u32>(f) & 1) != 0;
  }
  /// Whether code for `other` also runs here.
  constexpr bool covers(CpuFeatures other) const { return (other.bits_ & ~bits_) == 0; }

  /// This set and the feature and whatever it implies.
  CpuFeatures with(CpuFeature f) const;
  /// This set without the feature and whatever implies it.
  CpuFeatures without(CpuFeature f) const;

  /// Names in the order of the table, separated by commas.
  std::string to_string() const;
  /// One bit per row of the table, from the first row in bit 0 on.
  constexpr u64 bits() const { return bits_; }

  friend constexpr bool operator==(CpuFeatures, CpuFeatures) = default;

 private:
  explicit constexpr CpuFeatures(u64 bits) : bits_(bits) {}
  u64 bits_ = 0;
};
static_assert(kCpuFeatureCount <= 64);

std::string_view name_of(CpuFeature f);

}  // namespace wazuka::assembly
