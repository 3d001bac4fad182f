// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// The functions of the assembler must emit what emission by table emits, which is the form that the
// round trip test checks. That this compiles shows besides that no two rows of one function accept
// the same operands. Compiled without optimisation: it has every function of the assembler in it.
#include <gtest/gtest.h>

#include "unit/asm/instances.h"

namespace wazuka::x64 {
namespace {

using Operands = std::span<const Operand>;

/// Turns operands n, n + 1, … of the row into typed arguments after `args` and makes the call.
template <Inst kI, u32 kN, class Call, class... Args>
void call_typed(const Call& call, Operands operands, Args... args) {
  constexpr const InstInfo& row = kInst<kI>;
  if constexpr (kN == row.operand_count) {
    call(args...);
  } else {
    constexpr const OperandInfo& o = row.operand[kN];
    const Operand& given = operands[kN];
    auto next = [&](auto arg) { call_typed<kI, kN + 1>(call, operands, args..., arg); };
    if constexpr (operand_accepts<Mem>(o)) {
      if (given.kind() == Operand::Kind::kMem) return next(given.mem());
      if (given.kind() == Operand::Kind::kRipMem) return next(given.rip_mem());
    }
    if constexpr (operand_accepts<Gpr>(o)) return next(Gpr{given.number()});
    if constexpr (operand_accepts<Xmm>(o)) return next(Xmm{given.number()});
    if constexpr (operand_accepts<Ymm>(o)) return next(Ymm{given.number()});
    if constexpr (operand_accepts<Cond>(o)) return next(static_cast<Cond>(given.number()));
    if constexpr (operand_accepts<i64>(o)) return next(given.imm());
  }
}

template <Inst kI, class Call>
void call_row(const Call& call, Size size, Operands operands) {
  if constexpr (kInst<kI>.enc.sized) {
    call_typed<kI, 0>(call, operands, size);
  } else {
    call_typed<kI, 0>(call, operands);
  }
}

using Caller = void (*)(Assembler&, Size, Operands);
constexpr Caller kCallers[] = {
#define INST(id, fn, operands, encoding, feature)                          \
  [](Assembler& a, Size size, Operands given) {                            \
    call_row<Inst::id>([&](auto... args) { a.fn(args...); }, size, given); \
  },
#include "asm/x64/insts.def"
#undef INST
};

class TypedFunctions : public testing::Test {
 protected:
  /// One label for both: it is bound at the end, which is at the same place if they agree.
  void check(const Instance& x) {
    by_table_.reset();
    by_table_.emit(x.inst, x.size, x.operands);
    typed_.reset();
    kCallers[static_cast<u32>(x.inst)](typed_, x.size, x.operands);
    ASSERT_TRUE(std::ranges::equal(typed_.bytes(), by_table_.bytes())) << info(x.inst).id;
  }

  Assembler by_table_{all_features()};
  Assembler typed_{all_features()};
};

TEST_F(TypedFunctions, EmitWhatTheTableSays) {
  const std::vector<Mem> memory = all_memory_operands();
  for (u32 i = 0; i < kInstCount; ++i) {
    for (Size size : info(inst_at(i)).sizes()) {
      InstanceMaker maker(inst_at(i), size);
      for (u32 n = 0; n < 64 && !maker.must_have_memory(); ++n) {
        check(maker.with_registers(n % 16, (n * 5 + n / 16) % 16));
      }
      for (u32 n = 0; n < memory.size() && maker.may_have_memory(); n += 13) {
        check(maker.with_memory(memory[n]));
      }
    }
  }
}

TEST_F(TypedFunctions, HaveRipRelativeOperands) {
  for (u32 i = 0; i < kInstCount; ++i) {
    for (Size size : info(inst_at(i)).sizes()) {
      InstanceMaker maker(inst_at(i), size);
      if (!maker.may_have_memory()) continue;
      by_table_.reset();
      typed_.reset();
      Label a, b;
      Instance x = maker.with_memory(RipMem::to(a));
      Instance y = x;
      for (Operand& o : y.operands) {
        if (o.kind() == Operand::Kind::kRipMem) o = RipMem::to(b);
      }
      by_table_.emit(x.inst, size, x.operands);
      by_table_.bind(a);
      kCallers[i](typed_, size, y.operands);
      typed_.bind(b);
      ASSERT_TRUE(std::ranges::equal(typed_.bytes(), by_table_.bytes())) << info(x.inst).id;
    }
  }
}

}  // namespace
}  // namespace wazuka::x64
