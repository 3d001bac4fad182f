// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "interp/trace.h"

#if WAZUKA_INTERP_TRACE

#include <algorithm>
#include <fmt/format.h>
#include <map>
#include <string>
#include <vector>

namespace wazuka::interp {

namespace {

std::string name_of(u32 number) {
  u32 base = 0;
  while (kFirstForm[base + 1] <= number) ++base;
  const Form f{static_cast<Base>(base), static_cast<u8>(number - kFirstForm[base])};
  std::string text(base_info(f.base).text);
  const Combo c = f.combo();
  if (c.a != Kind::kNone) text += '.';
  for (Kind k : {c.a, c.b}) {
    if (k != Kind::kNone) text += k == Kind::kR ? 'r' : k == Kind::kS ? 's' : 'i';
  }
  if (f.stores()) text += '>';
  return text;
}

/// Histograms of the last one, two and three instructions.
class Counts {
 public:
  Counts() : pairs_(size_t{kFormCount} * kFormCount) {}
  void report() const {
    print("operations", singles(), 40);
    print("pairs", pairs(), 60);
    print("triples", triples(), 50);
  }
  void add(u32 number) {
    ++total_;
    ++pairs_[last_ * kFormCount + number];
    ++triples_[(u64{before_last_} << 40) | (u64{last_} << 20) | number];
    before_last_ = last_;
    last_ = number;
  }

 private:
  using Rows = std::vector<std::pair<u64, std::string>>;

  Rows singles() const {
    Rows rows;
    for (u32 j = 0; j < kFormCount; ++j) {
      u64 n = 0;
      for (u32 i = 0; i < kFormCount; ++i) n += pairs_[size_t{i} * kFormCount + j];
      rows.emplace_back(n, name_of(j));
    }
    return rows;
  }
  Rows pairs() const {
    Rows rows;
    for (u32 i = 0; i < kFormCount; ++i) {
      for (u32 j = 0; j < kFormCount; ++j) {
        const u64 n = pairs_[size_t{i} * kFormCount + j];
        if (n != 0) rows.emplace_back(n, name_of(i) + "  " + name_of(j));
      }
    }
    return rows;
  }
  Rows triples() const {
    Rows rows;
    for (auto [key, n] : triples_) {
      rows.emplace_back(n, name_of(static_cast<u32>(key >> 40)) + "  " +
                               name_of(static_cast<u32>(key >> 20 & 0xfffff)) + "  " +
                               name_of(static_cast<u32>(key & 0xfffff)));
    }
    return rows;
  }
  void print(const char* title, Rows rows, size_t max) const {
    std::sort(rows.begin(), rows.end(), std::greater<>());
    fmt::print(stderr, "{} (of {})\n", title, total_);
    for (size_t i = 0; i < rows.size() && i < max && rows[i].first != 0; ++i) {
      fmt::print(stderr, "{:5.2f}%  {}\n",
                 100.0 * static_cast<double>(rows[i].first) / static_cast<double>(total_),
                 rows[i].second);
    }
  }

  std::vector<u64> pairs_;
  std::map<u64, u64> triples_;
  u64 total_ = 0;
  u32 last_ = 0, before_last_ = 0;
};

}  // namespace

Counts& counts() {
  static Counts c;
  return c;
}

void trace_instruction(Form form) {
  counts().add(form.number());
}
void trace_report() {
  counts().report();
}

}  // namespace wazuka::interp

#endif
