// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Reads cpuid and XCR0 against the table. A flag of cpuid says what the processor can do, not what
// may be used: an operating system that does not save the upper halves of vector registers leaves
// their bits in XCR0 clear, and an AVX instruction is then a fault. The only place of this layer
// that depends on the machine it is compiled for.
#include "asm/cpu_features.h"

#include <iterator>
#if defined(__x86_64__)
#include <cpuid.h>
#endif

namespace wazuka::assembly {
namespace {

enum Leaf : u8 { k1, k7, k7_1, kExt, kLeafCount };
enum Register : u8 { kEax, kEbx, kEcx, kEdx };
enum class State : u8 { kNone, kYmm, kZmm };

struct Row {
  std::string_view name;
  Leaf leaf;
  Register reg;
  u8 bit;
  State state;
  CpuFeature implies;
};

constexpr Row kRows[] = {
#define CPU_FEATURE(name, text, leaf, reg, bit, state, implies) \
  {text, leaf, k##reg, bit, State::k##state, CpuFeature::k##implies},
#include "asm/cpu_features.def"
#undef CPU_FEATURE
};
static_assert(std::size(kRows) == kCpuFeatureCount);

constexpr bool rows_are_ordered() {
  for (u32 i = 0; i < kCpuFeatureCount; ++i) {
    CpuFeature implied = kRows[i].implies;
    if (implied != CpuFeature::kBase && static_cast<u32>(implied) >= i) return false;
  }
  return true;
}
static_assert(rows_are_ordered(), "what a feature implies must be an earlier row");

#if defined(__x86_64__)

struct Cpuid {
  u32 regs[kLeafCount][4] = {};
  u64 xcr0 = 0;  // which register states the operating system saves
};

u64 read_xcr0() {
  u32 low, high;
  asm volatile("xgetbv" : "=a"(low), "=d"(high) : "c"(0));
  return u64{high} << 32 | low;
}

Cpuid read_cpuid() {
  Cpuid id;
  auto read = [](u32 leaf, u32 subleaf, u32* out) {
    if (!__get_cpuid_count(leaf, subleaf, &out[kEax], &out[kEbx], &out[kEcx], &out[kEdx])) {
      out[kEax] = out[kEbx] = out[kEcx] = out[kEdx] = 0;
    }
  };
  read(1, 0, id.regs[k1]);
  read(7, 0, id.regs[k7]);
  if (id.regs[k7][kEax] >= 1) read(7, 1, id.regs[k7_1]);  // eax of sub-leaf 0 is the last sub-leaf
  read(0x80000001, 0, id.regs[kExt]);
  constexpr u32 kOsxsave = 27;
  if (id.regs[k1][kEcx] >> kOsxsave & 1) id.xcr0 = read_xcr0();
  return id;
}

bool saved_by_os(const Cpuid& id, State state) {
  constexpr u64 kYmmState = 0b110;        // xmm, upper halves of ymm
  constexpr u64 kZmmState = 0b1110'0110;  // and opmask, upper halves of zmm0–15, zmm16–31
  u64 needed = state == State::kNone ? 0 : state == State::kYmm ? kYmmState : kZmmState;
  return (id.xcr0 & needed) == needed;
}

#endif

}  // namespace

CpuFeatures CpuFeatures::host() {
  CpuFeatures found;
#if defined(__x86_64__)
  Cpuid id = read_cpuid();
  for (u32 i = 0; i < kCpuFeatureCount; ++i) {
    const Row& row = kRows[i];
    bool there = (id.regs[row.leaf][row.reg] >> row.bit & 1) != 0 && saved_by_os(id, row.state);
    // A hypervisor may hide a feature and not those that need it.
    if (there && found.has(row.implies)) found.bits_ |= u64{1} << i;
  }
#endif
  return found;
}

CpuFeatures CpuFeatures::level(unsigned n) {
  CpuFeatures f;
  if (n >= 2) {
    f = f.with(CpuFeature::kSse42).with(CpuFeature::kPopcnt).with(CpuFeature::kCx16);
  }
  if (n >= 3) {
    f = f.with(CpuFeature::kAvx2).with(CpuFeature::kFma).with(CpuFeature::kF16c);
    f = f.with(CpuFeature::kBmi1).with(CpuFeature::kBmi2);
    f = f.with(CpuFeature::kLzcnt).with(CpuFeature::kMovbe);
  }
  if (n >= 4) {
    f = f.with(CpuFeature::kAvx512Vl).with(CpuFeature::kAvx512Bw);
    f = f.with(CpuFeature::kAvx512Cd).with(CpuFeature::kAvx512Dq);
  }
  return f;
}

CpuFeatures CpuFeatures::with(CpuFeature f) const {
  CpuFeatures result = *this;
  for (; f != CpuFeature::kBase; f = kRows[static_cast<u32>(f)].implies) {
    result.bits_ |= u64{1} << static_cast<u32>(f);
  }
  return result;
}

CpuFeatures CpuFeatures::without(CpuFeature f) const {
  if (f == CpuFeature::kBase) return *this;
  CpuFeatures result(bits_ & ~(u64{1} << static_cast<u32>(f)));
  for (u32 i = static_cast<u32>(f) + 1; i < kCpuFeatureCount; ++i) {
    if (!result.has(kRows[i].implies)) result.bits_ &= ~(u64{1} << i);
  }
  return result;
}

std::optional<CpuFeature> CpuFeatures::feature_named(std::string_view name) {
  for (u32 i = 0; i < kCpuFeatureCount; ++i) {
    if (kRows[i].name == name) return static_cast<CpuFeature>(i);
  }
  return std::nullopt;
}

std::optional<CpuFeatures> CpuFeatures::parse(std::string_view text) {
  CpuFeatures result;
  while (!text.empty()) {
    size_t end = text.find(',');
    std::optional<CpuFeature> f = feature_named(text.substr(0, end));
    if (!f) return std::nullopt;
    result = result.with(*f);
    if (end == text.npos) break;
    text.remove_prefix(end + 1);
    if (text.empty()) return std::nullopt;  // a comma at the end
  }
  return result;
}

std::string CpuFeatures::to_string() const {
  std::string text;
  for (u32 i = 0; i < kCpuFeatureCount; ++i) {
    if (!has(static_cast<CpuFeature>(i))) continue;
    if (!text.empty()) text += ',';
    text += kRows[i].name;
  }
  return text;
}

std::string_view name_of(CpuFeature f) {
  return f == CpuFeature::kBase ? "x86-64" : kRows[static_cast<u32>(f)].name;
}

}  // namespace wazuka::assembly
