// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Every row of insts.def with every kind of operand, read back by an independent disassembler.
#include "unit/asm/round_trip.h"

#include <gtest/gtest.h>

#include "unit/asm/instances.h"

namespace wazuka::x64 {
namespace {

class RoundTrip : public testing::Test {
 protected:
  /// Emits the instance by table and reads it back. A few complaints of a row are enough.
  void check(const Instance& x) {
    assembler_.reset();
    assembler_.emit(x.inst, x.size, x.operands);
    compare(x, 0);
  }

  void check_rip(const Instance& x, Label& label) {
    assembler_.emit(x.inst, x.size, x.operands);
    assembler_.bind(label);
    compare(x, 0);
  }

  void compare(const Instance& x, i64 rip_disp) {
    ++checked_;
    if (std::optional<std::string> why = disagreement(x, assembler_.bytes(), rip_disp)) {
      if (x.inst != last_complaint_) ADD_FAILURE() << *why;
      last_complaint_ = x.inst;
    }
  }

  Assembler assembler_{all_features()};
  Inst last_complaint_ = static_cast<Inst>(kInstCount);
  u64 checked_ = 0;
};

TEST_F(RoundTrip, Registers) {
  for (u32 i = 0; i < kInstCount; ++i) {
    for (Size size : info(inst_at(i)).sizes()) {
      InstanceMaker maker(inst_at(i), size);
      if (maker.must_have_memory()) continue;
      for (u32 a = 0; a < kRegisterCount; ++a) {
        for (u32 b = 0; b < kRegisterCount; ++b) check(maker.with_registers(a, b));
      }
    }
  }
  EXPECT_GT(checked_, 200'000u);
}

TEST_F(RoundTrip, Memory) {
  const std::vector<Mem> memory = all_memory_operands();
  for (u32 i = 0; i < kInstCount; ++i) {
    for (Size size : info(inst_at(i)).sizes()) {
      InstanceMaker maker(inst_at(i), size);
      if (!maker.may_have_memory()) continue;
      for (const Mem& m : memory) check(maker.with_memory(m));
    }
  }
  EXPECT_GT(checked_, 500'000u);
}

TEST_F(RoundTrip, RipRelative) {
  for (u32 i = 0; i < kInstCount; ++i) {
    for (Size size : info(inst_at(i)).sizes()) {
      InstanceMaker maker(inst_at(i), size);
      if (!maker.may_have_memory()) continue;
      for (u32 n = 0; n < 64; ++n) {
        Label label;
        assembler_.reset();
        check_rip(maker.with_memory(RipMem::to(label)), label);
      }
    }
  }
}

}  // namespace
}  // namespace wazuka::x64
