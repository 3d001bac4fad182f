// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Every scalar operation of floats, executed, against the interpreter's expressions.
#include "baseline/x64/float.h"

#include "interp/semantics.h"
#include "unit/baseline/emitted.h"

namespace wazuka::interp {
namespace {

/// An operation of one or two operands of up to 64 bits, as bits.
struct ScalarReference {
  std::string_view text;
  bool float_result;
  u64 (*eval)(u64 a, u64 b, TrapOr& trap);
};

template <class T>
T from_bits(u64 bits) {
  T v;
  std::memcpy(&v, &bits, sizeof v);
  return v;
}
template <class T>
u64 to_bits(T v) {
  u64 bits = 0;
  std::memcpy(&bits, &v, sizeof v);
  return bits;
}

constexpr ScalarReference kScalarRows[] = {
#define OP(name, shape, words, text, R, T, ...)                       \
  {text, std::is_floating_point_v<R>,                                 \
   [](u64 x, [[maybe_unused]] u64 y, [[maybe_unused]] TrapOr& trap) { \
     const T a = from_bits<T>(x);                                     \
     [[maybe_unused]] const T b = from_bits<T>(y);                    \
     return to_bits<R>(static_cast<R>(__VA_ARGS__));                  \
   }},
#include "interp/ops/convert.def"
#include "interp/ops/float.def"
#undef OP
};

}  // namespace
}  // namespace wazuka::interp

namespace wazuka::baseline {
namespace {

using namespace x64;

constexpr u32 kRounds = 500;

Op op_named(std::string_view text) {
  for (u32 i = 0; i < kOpCount; ++i) {
    if (kOpInfo[i].text.view() == text) return static_cast<Op>(i);
  }
  ADD_FAILURE() << "no operation " << text;
  return Op::kNop;
}

/// Operations with this signature in the given range of the table.
std::vector<Op> ops_of(std::string_view signature, OpCategory category) {
  std::vector<Op> ops;
  for (u32 i = 0; i < kOpCount; ++i) {
    if (kOpInfo[i].signature.view() == signature && kOpInfo[i].category == category &&
        (kOpInfo[i].prefix == 0 || kOpInfo[i].prefix == 0xfc)) {
      ops.push_back(static_cast<Op>(i));
    }
  }
  EXPECT_FALSE(ops.empty());
  return ops;
}

const interp::ScalarReference* reference_of(std::string_view text) {
  for (const auto& row : interp::kScalarRows) {
    if (row.text == text) return &row;
  }
  return nullptr;
}

class FloatTest : public ::testing::Test {
 protected:
  struct Registers {
    Xmm dst, a, b;
  };
  static constexpr Registers kRegisters[] = {{xmm0, xmm1, xmm2}, {xmm9, xmm10, xmm3},
                                             {xmm1, xmm1, xmm2}, {xmm8, xmm1, xmm8},
                                             {xmm0, xmm4, xmm4}, {xmm5, xmm5, xmm5}};

  void at_all_levels(const EmittedCode::Body& body,
                     const std::function<void(const EmittedCode&)>& check, FloatMode mode = {}) {
    for (assembly::CpuFeatures features : runnable_levels()) {
      SCOPED_TRACE(features.to_string());
      const EmittedCode code(features, mode, body);
      ASSERT_TRUE(code.ok());
      check(code);
      if (HasFailure()) return;
    }
  }

  u64 operand(char type) {
    switch (type) {
      case 'f': return values.f32_bits() | u64{0xabcd'ef01} << 32;
      case 'd': return values.f64_bits();
      case 'i': return values.integer(4) | values.bits() << 32;  // the upper half has no meaning
      default: return values.integer(8);
    }
  }
  MachineState state(char type) {
    MachineState s;
    for (Bytes16& x : s.xmm) {
      const u64 lanes[] = {operand(type), values.bits()};
      std::memcpy(x.data(), lanes, 16);
    }
    for (Gpr r : kTestGprs) s.gpr[x64::code(r)] = operand(type);
    return s;
  }

  static u64 low(const MachineState& s, Xmm r) {
    u64 v;
    std::memcpy(&v, s.xmm[x64::code(r)].data(), 8);
    return v;
  }
  static void expect_untouched(MachineState before, const MachineState& after, Xmm dst) {
    before.xmm[x64::code(dst)] = after.xmm[x64::code(dst)];
    EXPECT_TRUE(before == after) << "another register has changed";
  }
  static void expect_untouched(MachineState before, const MachineState& after, Gpr dst) {
    before.gpr[x64::code(dst)] = after.gpr[x64::code(dst)];
    EXPECT_TRUE(before == after) << "another register has changed";
  }
  static bool same(char type, u64 actual, u64 expected, bool exact) {
    if (type == 'f') {
      const u32 x = static_cast<u32>(actual), y = static_cast<u32>(expected);
      return exact ? x == y : same_float(x, y);
    }
    if (type == 'd' && !exact) return same_float(actual, expected);
    return actual == expected;
  }
  /// abs, neg, copysign and reinterpretations are about bits, NaN or not.
  static bool is_exact(Op op) {
    const std::string_view t = op_info(op).text.view();
    return t.ends_with("abs") || t.ends_with("neg") || t.ends_with("copysign") ||
           t.find("reinterpret") != t.npos;
  }

  Values values{7};
};

TEST_F(FloatTest, Binary) {
  for (const char* signature : {"ff:f", "dd:d"}) {
    const char type = signature[0];
    for (Op op : ops_of(signature, OpCategory::kBinary)) {
      SCOPED_TRACE(op_info(op).text.view());
      const auto* reference = reference_of(op_info(op).text.view());
      ASSERT_NE(reference, nullptr);
      auto check = [&](const Registers& r, const MachineState& before, const MachineState& after) {
        TrapOr trap{};
        const u64 expected = reference->eval(low(before, r.a), low(before, r.b), trap);
        ASSERT_TRUE(same(type, low(after, r.dst), expected, is_exact(op)))
            << std::hex << low(before, r.a) << ' ' << low(before, r.b) << " gives "
            << low(after, r.dst) << " instead of " << expected;
        expect_untouched(before, after, r.dst);
      };
      auto run = [&](const Registers& r, const EmittedCode::Body& body) {
        at_all_levels(body, [&](const EmittedCode& code) {
          for (u32 round = 0; round < kRounds && !HasFailure(); ++round) {
            const MachineState before = state(type);
            MachineState after = before;
            code.run(after);
            check(r, before, after);
          }
        });
      };
      for (const Registers& r : kRegisters) {
        run(r, [&](Masm& m) { emit_float_binary(m, op, r.dst, r.a, r.b); });
        if (!float_binary_takes_memory(op)) continue;
        run(r,
            [&](Masm& m) { emit_float_binary(m, op, r.dst, r.a, Mem(rdi, 16 * x64::code(r.b))); });
      }
    }
  }
}

TEST_F(FloatTest, Unary) {
  for (const char* signature : {"f:f", "d:d", "f:d", "d:f"}) {
    for (Op op : ops_of(signature, OpCategory::kUnary)) {
      SCOPED_TRACE(op_info(op).text.view());
      const auto* reference = reference_of(op_info(op).text.view());
      ASSERT_NE(reference, nullptr);
      for (const Registers& r : kRegisters) {
        at_all_levels([&](Masm& m) { emit_float_unary(m, op, r.dst, r.a); },
                      [&](const EmittedCode& code) {
                        for (u32 round = 0; round < kRounds; ++round) {
                          const MachineState before = state(signature[0]);
                          MachineState after = before;
                          code.run(after);
                          TrapOr trap{};
                          const u64 expected = reference->eval(low(before, r.a), 0, trap);
                          ASSERT_TRUE(same(signature[2], low(after, r.dst), expected, is_exact(op)))
                              << std::hex << low(before, r.a) << " gives " << low(after, r.dst)
                              << " instead of " << expected;
                          expect_untouched(before, after, r.dst);
                        }
                      });
      }
    }
  }
}

TEST_F(FloatTest, ComparisonsAsValuesJumpsAndMoves) {
  for (const char* signature : {"ff:i", "dd:i"}) {
    for (Op op : ops_of(signature, OpCategory::kCompare)) {
      const std::string_view text = op_info(op).text.view();
      SCOPED_TRACE(text);
      auto expected = [&](u64 a, u64 b) {
        // The interpreter exchanges the operands of gt and ge.
        const bool swapped = text.ends_with("gt") || text.ends_with("ge");
        std::string name(text);
        if (swapped) name[name.size() - 2] = 'l';
        if (swapped) std::swap(a, b);
        TrapOr trap{};
        return reference_of(swapped ? name.substr(0, 4) + (text.ends_with("gt") ? "lt" : "le")
                                    : name)
            ->eval(a, b, trap);
      };
      enum class How : u8 { kValue, kSet, kJump, kJumpNot, kMove };
      for (How how : {How::kValue, How::kSet, How::kJump, How::kJumpNot, How::kMove}) {
        auto body = [&](Masm& m) {
          if (how == How::kValue) return emit_float_compare(m, op, rsi, xmm1, xmm2);
          const FloatCond c = emit_float_compare_flags(m, op, xmm1, xmm2);
          if (how == How::kSet) return emit_set_if(m, c, rsi);
          if (how == How::kMove) {
            m.a.mov(k32, rsi, Mem(rdi, offsetof(MachineState, memory)));
            m.a.mov(k32, rax, Mem(rdi, offsetof(MachineState, memory) + 4));
            return emit_move_if(m, c, k64, rsi, rax);
          }
          Label yes, end;
          emit_jump_if(m, how == How::kJump ? c : c.negated(), yes);
          m.a.mov_u32(rsi, how == How::kJump ? 0 : 1);
          m.a.jmp(end);
          m.a.bind(yes);
          m.a.mov_u32(rsi, how == How::kJump ? 1 : 0);
          m.a.bind(end);
        };
        at_all_levels(body, [&](const EmittedCode& code) {
          for (u32 round = 0; round < kRounds; ++round) {
            MachineState before = state(signature[0]);
            if (round % 4 == 0) before.xmm[2] = before.xmm[1];
            std::ranges::fill(before.memory, u8{0});
            before.memory[4] = 1;
            if (how == How::kMove) before.gpr[0] = 1;
            MachineState after = before;
            code.run(after);
            const u64 want = expected(low(before, xmm1), low(before, xmm2));
            ASSERT_EQ(after.gpr[6], want) << std::hex << low(before, xmm1) << ' '
                                          << low(before, xmm2) << " way " << static_cast<u32>(how);
            expect_untouched(before, after, rsi);
          }
        });
      }
    }
  }
}

TEST_F(FloatTest, FromIntegers) {
  for (const char* signature : {"i:f", "I:f", "i:d", "I:d"}) {
    for (Op op : ops_of(signature, OpCategory::kUnary)) {
      SCOPED_TRACE(op_info(op).text.view());
      const auto* reference = reference_of(op_info(op).text.view());
      ASSERT_NE(reference, nullptr);
      const bool bits = is_exact(op);
      at_all_levels(
          [&](Masm& m) {
            bits ? emit_reinterpret(m, op, xmm12, rcx) : emit_float_convert(m, op, xmm12, rcx);
          },
          [&](const EmittedCode& code) {
            for (u32 round = 0; round < 4 * kRounds; ++round) {
              const MachineState before = state(signature[0]);
              MachineState after = before;
              code.run(after);
              TrapOr trap{};
              const u64 expected = reference->eval(before.gpr[1], 0, trap);
              ASSERT_TRUE(same(signature[2], low(after, xmm12), expected, /*exact=*/true))
                  << std::hex << before.gpr[1] << " gives " << low(after, xmm12) << " instead of "
                  << expected;
              expect_untouched(before, after, xmm12);
            }
          });
    }
  }
}

TEST_F(FloatTest, ToIntegers) {
  constexpr u64 kOverflow = 1, kInvalid = 2;
  for (const char* signature : {"f:i", "f:I", "d:i", "d:I"}) {
    for (Op op : ops_of(signature, OpCategory::kUnary)) {
      const std::string_view text = op_info(op).text.view();
      SCOPED_TRACE(text);
      const auto* reference = reference_of(text);
      ASSERT_NE(reference, nullptr);
      at_all_levels(
          [&](Masm& m) {
            if (is_exact(op)) return emit_reinterpret(m, op, r8, xmm13);
            if (text.find("sat") != text.npos) return emit_trunc_sat(m, op, r8, xmm13);
            Label overflow, invalid, end;
            emit_trunc_trap(m, op, r8, xmm13, overflow, invalid);
            m.a.jmp(end);
            const Mem exit(rdi, offsetof(MachineState, exit));
            m.a.bind(overflow);
            m.a.mov(k64, exit, kOverflow);
            m.a.jmp(end);
            m.a.bind(invalid);
            m.a.mov(k64, exit, kInvalid);
            m.a.bind(end);
          },
          [&](const EmittedCode& code) {
            for (u32 round = 0; round < 4 * kRounds; ++round) {
              const MachineState before = state(signature[0]);
              MachineState after = before;
              code.run(after);
              TrapOr trap{};
              const u64 expected = reference->eval(low(before, xmm13), 0, trap);
              const u64 exit = trap == trap_or(TrapCode::kIntegerOverflow)          ? kOverflow
                               : trap == trap_or(TrapCode::kBadConversionToInteger) ? kInvalid
                                                                                    : 0;
              ASSERT_EQ(after.exit, exit) << std::hex << low(before, xmm13);
              if (exit == 0) {
                ASSERT_EQ(after.gpr[8], expected) << std::hex << low(before, xmm13);
              }
              after.exit = 0;
              expect_untouched(before, after, r8);
            }
          });
    }
  }
}

TEST_F(FloatTest, NansAreCanonical) {
  struct Case {
    const char* signature;
    OpCategory category;
  };
  for (const Case& c : {Case{"ff:f", OpCategory::kBinary},
                        {"dd:d", OpCategory::kBinary},
                        {"f:f", OpCategory::kUnary},
                        {"d:d", OpCategory::kUnary},
                        {"f:d", OpCategory::kUnary},
                        {"d:f", OpCategory::kUnary}}) {
    const bool binary = c.category == OpCategory::kBinary;
    const char result = c.signature[binary ? 3 : 2];
    for (Op op : ops_of(c.signature, c.category)) {
      if (is_exact(op)) continue;
      SCOPED_TRACE(op_info(op).text.view());
      for (const bool always : {false, true}) {
        at_all_levels(
            [&](Masm& m) {
              binary ? emit_float_binary(m, op, xmm0, xmm1, xmm2)
                     : emit_float_unary(m, op, xmm0, xmm1);
            },
            [&](const EmittedCode& code) {
              for (u32 round = 0; round < kRounds; ++round) {
                MachineState s = state(c.signature[0]);
                auto nan = [&](u32 i) {
                  u64 v = low(s, Xmm{static_cast<u8>(i)});
                  if (c.signature[0] == 'f' && is_nan(static_cast<u32>(v))) v = kQuietNan<u32>;
                  if (c.signature[0] == 'd' && is_nan(v)) v = kQuietNan<u64>;
                  std::memcpy(s.xmm[i].data(), &v, 8);
                };
                if (!always) nan(1), nan(2);
                code.run(s);
                const u64 v = low(s, xmm0);
                if (result == 'f' && is_nan(static_cast<u32>(v))) {
                  EXPECT_TRUE(always ? static_cast<u32>(v) == kQuietNan<u32>
                                     : is_canonical_nan(static_cast<u32>(v)))
                      << std::hex << v;
                }
                if (result == 'd' && is_nan(v)) {
                  EXPECT_TRUE(always ? v == kQuietNan<u64> : is_canonical_nan(v)) << std::hex << v;
                }
              }
            },
            {.canonical_nans = always});
      }
    }
  }
}

// What the interpreter has rows for, the tests above have been through.
TEST_F(FloatTest, NothingIsLeftOut) {
  for (const auto& row : interp::kScalarRows) {
    if (row.text.starts_with("br_") || row.text.ends_with("nlt") || row.text.ends_with("nle") ||
        row.text.ends_with("canonical_nan")) {
      continue;  // the interpreter's own
    }
    const OpInfo& info = op_info(op_named(row.text));
    const std::string_view s = info.signature.view();
    EXPECT_NE(s.find_first_of("fd"), s.npos) << row.text;
    EXPECT_TRUE(info.category == OpCategory::kUnary || info.category == OpCategory::kBinary ||
                info.category == OpCategory::kCompare)
        << row.text;
  }
}

}  // namespace
}  // namespace wazuka::baseline
