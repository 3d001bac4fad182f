// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Every SIMD operation, executed with each level of the processor and each way in which the
// result's register can be an operand's, against the interpreter.
#include "baseline/x64/simd.h"

#include "unit/baseline/simd_reference.h"

namespace wazuka::baseline {
namespace {

using namespace x64;

constexpr u32 kRounds = 60;

/// Registers of a vector operation.
struct Registers {
  Xmm dst, a, b, c;
};

/// All ways in which they can coincide that make a difference, with low and high numbers.
std::vector<Registers> vector_registers(u32 operands) {
  std::vector<Registers> r = {{xmm0, xmm1, xmm2, xmm3},
                              {xmm9, xmm1, xmm10, xmm3},
                              {xmm1, xmm8, xmm9, xmm13},
                              {xmm5, xmm5, xmm2, xmm3},
                              {xmm0, xmm4, xmm4, xmm3}};
  if (operands >= 2) {
    r.push_back({xmm11, xmm1, xmm11, xmm3});
    r.push_back({xmm6, xmm6, xmm6, xmm3});
  }
  if (operands >= 3) {
    r.push_back({xmm2, xmm0, xmm1, xmm2});
    r.push_back({xmm2, xmm2, xmm1, xmm2});
    r.push_back({xmm2, xmm1, xmm2, xmm2});
    r.push_back({xmm2, xmm2, xmm2, xmm2});
    r.push_back({xmm7, xmm1, xmm2, xmm1});
  }
  return r;
}

std::vector<Op> simd_ops() {
  std::vector<Op> ops;
  for (u32 i = 0; i < kOpCount; ++i) {
    if (kOpInfo[i].prefix == 0xfd) ops.push_back(static_cast<Op>(i));
  }
  return ops;
}

template <class T>
bool all_lanes(const Bytes16& actual, const Bytes16& expected, bool (*same)(T, T)) {
  for (u32 at = 0; at < 16; at += sizeof(T)) {
    T x, y;
    std::memcpy(&x, actual.data() + at, sizeof x);
    std::memcpy(&y, expected.data() + at, sizeof y);
    if (!same(x, y)) return false;
  }
  return true;
}

bool same_vector(LaneKind kind, const Bytes16& actual, const Bytes16& expected) {
  switch (kind) {
    case LaneKind::kBits: return actual == expected;
    case LaneKind::kF32: return all_lanes<u32>(actual, expected, same_float<u32>);
    case LaneKind::kF64: return all_lanes<u64>(actual, expected, same_float<u64>);
  }
  return false;
}

/// After the code, nothing but `dst` may differ from before: makes it equal there, and compares.
void expect_untouched(MachineState before, const MachineState& after, Xmm dst) {
  before.xmm[code(dst)] = after.xmm[code(dst)];
  EXPECT_TRUE(before == after) << "another register or memory has changed";
}
void expect_untouched(MachineState before, const MachineState& after, Gpr dst) {
  before.gpr[code(dst)] = after.gpr[code(dst)];
  EXPECT_TRUE(before == after) << "another register or memory has changed";
}

class SimdTest : public ::testing::Test {
 protected:
  /// Emits for each level and calls `check` with the code.
  void at_all_levels(FloatMode mode, const EmittedCode::Body& body,
                     const std::function<void(const EmittedCode&)>& check) {
    for (assembly::CpuFeatures features : runnable_levels()) {
      SCOPED_TRACE(features.to_string());
      const EmittedCode code(features, mode, body);
      ASSERT_TRUE(code.ok());
      check(code);
      if (HasFailure()) return;
    }
  }

  /// One operation on vectors of all registers and levels; `prepare` may change the operands.
  void check_vectors(Op op, u32 operands, FloatMode mode,
                     const std::function<void(Bytes16& a, Bytes16& b, Bytes16& c)>& prepare) {
    const SimdReference* reference = simd_reference(op);
    ASSERT_NE(reference, nullptr) << op_info(op).text.view();
    for (const Registers& r : vector_registers(operands)) {
      auto body = [&](Masm& m) {
        if (!simd_supported(m, op)) return;
        if (operands == 1) emit_simd_unary(m, op, r.dst, r.a);
        if (operands == 2) emit_simd_binary(m, op, r.dst, r.a, r.b);
        if (operands == 3) emit_simd_ternary(m, op, r.dst, r.a, r.b, r.c);
      };
      for (assembly::CpuFeatures features : runnable_levels()) {
        Assembler probe(features);
        if (!simd_supported(Masm(probe, mode), op)) continue;
        const EmittedCode code(features, mode, body);
        ASSERT_TRUE(code.ok());
        for (u32 round = 0; round < kRounds; ++round) {
          MachineState before = values.state();
          prepare(at(before, r.a), at(before, r.b), at(before, r.c));
          MachineState after = before;
          code.run(after);
          Bytes16 expected{};
          reference->eval(at(before, r.a).data(), at(before, r.b).data(), at(before, r.c).data(),
                          expected.data());
          ASSERT_TRUE(same_vector(reference->result, at(after, r.dst), expected))
              << op_info(op).text.view() << " with " << features.to_string() << "\n  a "
              << hex(at(before, r.a)) << "\n  b " << hex(at(before, r.b)) << "\n  c "
              << hex(at(before, r.c)) << "\n  expected " << hex(expected) << "\n  actual   "
              << hex(at(after, r.dst)) << "\n  registers " << +x64::code(r.dst) << ' '
              << +x64::code(r.a) << ' ' << +x64::code(r.b) << ' ' << +x64::code(r.c);
          expect_untouched(before, after, r.dst);
          if (HasFailure()) {
            ADD_FAILURE() << op_info(op).text.view() << " with " << features.to_string();
            return;
          }
        }
      }
    }
  }

  static Bytes16& at(MachineState& s, Xmm r) { return s.xmm[x64::code(r)]; }
  static const Bytes16& at(const MachineState& s, Xmm r) { return s.xmm[x64::code(r)]; }

  Values values{2024};
};

u32 vector_operands(Op op) {
  const std::string_view signature = op_info(op).signature.view();
  if (op == Op::kI8x16Shuffle) return 0;
  return signature == "v:v" ? 1 : signature == "vv:v" ? 2 : signature == "vvv:v" ? 3 : 0;
}

TEST_F(SimdTest, VectorsAsTheInterpreter) {
  for (Op op : simd_ops()) {
    if (const u32 n = vector_operands(op); n != 0) {
      check_vectors(op, n, {}, [](Bytes16&, Bytes16&, Bytes16&) {});
    }
  }
}

/// The lane type of the operands of an operation that makes floats; kBits if it does not.
LaneKind float_operands(Op op) {
  const std::string_view text = op_info(op).text.view();
  if (op == Op::kF32x4DemoteF64x2Zero) return LaneKind::kF64;
  if (op == Op::kF64x2PromoteLowF32x4) return LaneKind::kF32;
  const SimdReference* r = simd_reference(op);
  if (r == nullptr || text.find("convert") != text.npos || text.find("pm") != text.npos) {
    return LaneKind::kBits;
  }
  return r->result;
}

template <class T>
void make_nans_canonical(Bytes16& v, Values& values) {
  for (u32 at = 0; at < 16; at += sizeof(T)) {
    T lane;
    std::memcpy(&lane, v.data() + at, sizeof lane);
    if (is_nan(lane) || values.below(6) == 0) lane = kQuietNan<T> | (lane & ~(~T{0} >> 1));
    std::memcpy(v.data() + at, &lane, sizeof lane);
  }
}

template <class T>
void expect_nans(const Bytes16& v, bool (*good)(T)) {
  for (u32 at = 0; at < 16; at += sizeof(T)) {
    T lane;
    std::memcpy(&lane, v.data() + at, sizeof lane);
    if (is_nan(lane)) EXPECT_TRUE(good(lane)) << std::hex << lane;
  }
}

// Canonical NaN in, canonical NaN out; and with canonical_nans, always the positive one.
TEST_F(SimdTest, NansAreCanonical) {
  for (Op op : simd_ops()) {
    const u32 n = vector_operands(op);
    const LaneKind kind = n == 0 ? LaneKind::kBits : float_operands(op);
    if (kind == LaneKind::kBits) continue;
    const bool narrow = simd_reference(op)->result == LaneKind::kF32;
    for (const bool always : {false, true}) {
      at_all_levels(
          {.canonical_nans = always},
          [&](Masm& m) {
            if (!simd_supported(m, op)) return m.zero(xmm0);
            if (n == 1) emit_simd_unary(m, op, xmm0, xmm1);
            if (n == 2) emit_simd_binary(m, op, xmm0, xmm1, xmm2);
            if (n == 3) emit_simd_ternary(m, op, xmm0, xmm1, xmm2, xmm3);
          },
          [&](const EmittedCode& code) {
            for (u32 round = 0; round < kRounds; ++round) {
              MachineState s = values.state();
              for (u32 i = 1; i <= 3 && !always; ++i) {
                kind == LaneKind::kF32 ? make_nans_canonical<u32>(s.xmm[i], values)
                                       : make_nans_canonical<u64>(s.xmm[i], values);
              }
              code.run(s);
              if (always) {
                narrow ? expect_nans<u32>(s.xmm[0], [](u32 x) { return x == kQuietNan<u32>; })
                       : expect_nans<u64>(s.xmm[0], [](u64 x) { return x == kQuietNan<u64>; });
              } else {
                narrow ? expect_nans<u32>(s.xmm[0], is_canonical_nan<u32>)
                       : expect_nans<u64>(s.xmm[0], is_canonical_nan<u64>);
              }
            }
          });
      ASSERT_FALSE(HasFailure()) << op_info(op).text.view();
    }
  }
}

// Where the relaxed operations are not open, the fast ones agree with the strict ones.
TEST_F(SimdTest, FastRelaxedOperationsAgreeInsideTheirDomain) {
  auto each_lane32 = [](Bytes16& v, auto f) {
    for (u32 at = 0; at < 16; at += 4) {
      u32 lane;
      std::memcpy(&lane, v.data() + at, 4);
      lane = f(lane);
      std::memcpy(v.data() + at, &lane, 4);
    }
  };
  const FloatMode fast = {.relaxed_fast = true};
  check_vectors(Op::kI8x16RelaxedSwizzle, 2, fast, [](Bytes16&, Bytes16& b, Bytes16&) {
    for (u8& lane : b) lane = lane & 0x80 ? lane : lane & 15;
  });
  for (Op op : {Op::kI32x4RelaxedTruncF32x4S, Op::kI32x4RelaxedTruncF32x4U}) {
    check_vectors(op, 1, fast, [&](Bytes16& a, Bytes16&, Bytes16&) {
      each_lane32(a, [](u32 x) { return std::bit_cast<u32>(static_cast<f32>(x >> 1)) & ~0x100u; });
      each_lane32(a, [](u32 x) { return x >= 0x4f00'0000 ? 0x4eff'ffff : x; });
    });
  }
  for (Op op : {Op::kI32x4RelaxedTruncF64x2SZero, Op::kI32x4RelaxedTruncF64x2UZero}) {
    check_vectors(op, 1, fast, [&](Bytes16& a, Bytes16&, Bytes16&) {
      f64 lanes[2] = {static_cast<f64>(a[0] * 0x7f'0001), static_cast<f64>(a[1]) + 0.75};
      std::memcpy(a.data(), lanes, 16);
    });
  }
  auto whole_masks = [](u32 width) {
    return [width](Bytes16&, Bytes16&, Bytes16& mask) {
      for (u32 at = 0; at < 16; ++at) mask[at] = mask[at / width * width] & 1 ? 0xff : 0;
    };
  };
  check_vectors(Op::kI8x16RelaxedLaneselect, 3, fast, whole_masks(1));
  check_vectors(Op::kI16x8RelaxedLaneselect, 3, fast, whole_masks(2));
  check_vectors(Op::kI32x4RelaxedLaneselect, 3, fast, whole_masks(4));
  check_vectors(Op::kI64x2RelaxedLaneselect, 3, fast, whole_masks(8));
  auto numbers = [&](Bytes16& a, Bytes16& b, Bytes16&) {
    for (Bytes16* v : {&a, &b})
      each_lane32(*v, [](u32 x) { return (x & 0x807f'ffff) | 0x4120'0000; });
  };
  for (Op op :
       {Op::kF32x4RelaxedMin, Op::kF32x4RelaxedMax, Op::kF64x2RelaxedMin, Op::kF64x2RelaxedMax}) {
    check_vectors(op, 2, fast, numbers);
  }
  check_vectors(Op::kI16x8RelaxedQ15mulrS, 2, fast, [](Bytes16& a, Bytes16& b, Bytes16&) {
    for (u32 i = 1; i < 16; i += 2)
      a[i] = a[i] == 0x80 ? 0x81 : a[i], b[i] = b[i] == 0x80 ? 0 : b[i];
  });
  auto seven_bits = [](Bytes16& a, Bytes16& b, Bytes16&) {
    for (u8& lane : b) lane &= 0x7f;
    for (u8& lane : a) lane = lane == 0x80 ? 0x81 : lane;
  };
  check_vectors(Op::kI16x8RelaxedDotI8x16I7x16S, 2, fast, seven_bits);
  check_vectors(Op::kI32x4RelaxedDotI8x16I7x16AddS, 3, fast, seven_bits);
  // With small integers nothing is rounded, once or twice.
  auto small = [&](Bytes16& a, Bytes16& b, Bytes16& c) {
    for (Bytes16* v : {&a, &b, &c}) {
      each_lane32(*v, [](u32 x) { return std::bit_cast<u32>(static_cast<f32>(x % 1000) + 1); });
    }
  };
  check_vectors(Op::kF32x4RelaxedMadd, 3, fast, small);
  check_vectors(Op::kF32x4RelaxedNmadd, 3, fast, small);
  auto small_wide = [&](Bytes16& a, Bytes16& b, Bytes16& c) {
    for (Bytes16* v : {&a, &b, &c}) {
      const f64 lanes[2] = {static_cast<f64>((*v)[0]) + 1, static_cast<f64>((*v)[9])};
      std::memcpy(v->data(), lanes, 16);
    }
  };
  check_vectors(Op::kF64x2RelaxedMadd, 3, fast, small_wide);
  check_vectors(Op::kF64x2RelaxedNmadd, 3, fast, small_wide);
}

TEST_F(SimdTest, Shifts) {
  for (Op op : simd_ops()) {
    if (op_info(op).signature.view() != "vi:v" || op_info(op).category != OpCategory::kBinary) {
      continue;
    }
    SCOPED_TRACE(op_info(op).text.view());
    const SimdReference* reference = simd_reference(op);
    ASSERT_NE(reference, nullptr);
    auto check = [&](Xmm dst, Xmm src, const MachineState& before, const MachineState& after,
                     u32 count) {
      Bytes16 expected{};
      reference->eval(at(before, src).data(), reinterpret_cast<const u8*>(&count), nullptr,
                      expected.data());
      ASSERT_EQ(at(after, dst), expected) << "by " << count << ": " << hex(at(before, src)) << " "
                                          << hex(at(after, dst)) << " " << hex(expected);
      expect_untouched(before, after, dst);
    };
    for (auto [dst, src] : {std::pair{xmm0, xmm1}, {xmm3, xmm3}, {xmm9, xmm2}}) {
      at_all_levels(
          {}, [&](Masm& m) { emit_simd_shift(m, op, dst, src, rcx); },
          [&](const EmittedCode& code) {
            for (u32 round = 0; round < kRounds && !HasFailure(); ++round) {
              const MachineState before = values.state();
              MachineState after = before;
              code.run(after);
              check(dst, src, before, after, static_cast<u32>(before.gpr[1]));
            }
          });
      for (u32 count = 0; count <= 65 && !HasFailure(); ++count) {
        at_all_levels(
            {}, [&](Masm& m) { emit_simd_shift(m, op, dst, src, count); },
            [&](const EmittedCode& code) {
              for (u32 round = 0; round < 10 && !HasFailure(); ++round) {
                const MachineState before = values.state();
                MachineState after = before;
                code.run(after);
                check(dst, src, before, after, count);
              }
            });
      }
      ASSERT_FALSE(HasFailure());
    }
  }
}

// ---- Scalars ------------------------------------------------------------------------------------

TEST_F(SimdTest, TestsAndBitmasks) {
  for (Op op : simd_ops()) {
    if (op_info(op).signature.view() != "v:i" || op_info(op).category != OpCategory::kUnary)
      continue;
    SCOPED_TRACE(op_info(op).text.view());
    const SimdReference* reference = simd_reference(op);
    ASSERT_NE(reference, nullptr);
    const bool has_flags = op_info(op).text.view().find("bitmask") == std::string_view::npos;
    auto check = [&](const EmittedCode& code) {
      for (u32 round = 0; round < kRounds; ++round) {
        MachineState before = values.state();
        if (round < 3) before.xmm[1] = splat16(static_cast<u8>(round == 2 ? 0x80 : round));
        MachineState after = before;
        code.run(after);
        u32 expected = 0;
        reference->eval(before.xmm[1].data(), nullptr, nullptr, reinterpret_cast<u8*>(&expected));
        ASSERT_EQ(after.gpr[x64::code(rdx)], expected) << hex(before.xmm[1]);
        expect_untouched(before, after, rdx);
      }
    };
    at_all_levels({}, [&](Masm& m) { emit_simd_test(m, op, rdx, xmm1); }, check);
    if (!has_flags) continue;
    at_all_levels(
        {},
        [&](Masm& m) {
          const Cond c = emit_simd_test_flags(m, op, xmm1);
          m.a.set(c, rdx);
          m.a.movzx_b(k32, rdx, rdx);
        },
        check);
  }
}

TEST_F(SimdTest, Splats) {
  for (Op op : {Op::kI8x16Splat, Op::kI16x8Splat, Op::kI32x4Splat, Op::kI64x2Splat}) {
    at_all_levels(
        {}, [&](Masm& m) { emit_simd_splat(m, op, xmm9, rsi); },
        [&](const EmittedCode& code) {
          for (u32 round = 0; round < kRounds; ++round) {
            const MachineState before = values.state();
            MachineState after = before;
            code.run(after);
            Bytes16 expected{};
            simd_reference(op)->eval(reinterpret_cast<const u8*>(&before.gpr[6]), nullptr, nullptr,
                                     expected.data());
            ASSERT_EQ(after.xmm[9], expected) << op_info(op).text.view();
            expect_untouched(before, after, xmm9);
          }
        });
  }
  for (Op op : {Op::kF32x4Splat, Op::kF64x2Splat}) {
    for (auto [dst, src] : {std::pair{xmm3, xmm8}, {xmm4, xmm4}}) {
      at_all_levels(
          {}, [&](Masm& m) { emit_simd_splat(m, op, dst, src); },
          [&](const EmittedCode& code) {
            const MachineState before = values.state();
            MachineState after = before;
            code.run(after);
            const u32 width = op == Op::kF32x4Splat ? 4 : 8;
            for (u32 i = 0; i < 16; ++i) {
              ASSERT_EQ(at(after, dst)[i], at(before, src)[i % width]);
            }
            expect_untouched(before, after, dst);
          });
    }
  }
}

/// i8x16 … f64x2: how wide a lane is.
u32 lane_bytes(Op op) {
  return 16 / op_info(op).lane_count();
}

TEST_F(SimdTest, LanesExtracted) {
  for (Op op : simd_ops()) {
    if (op_info(op).category != OpCategory::kExtractLane) continue;
    const std::string_view text = op_info(op).text.view();
    const u32 width = lane_bytes(op);
    for (u32 lane = 0; lane < op_info(op).lane_count(); ++lane) {
      SCOPED_TRACE(std::string(text) + " " + std::to_string(lane));
      const bool is_float = text[0] == 'f';
      for (auto [dst, src] : {std::pair{xmm3, xmm8}, {xmm4, xmm4}}) {
        at_all_levels(
            {},
            [&](Masm& m) {
              is_float ? emit_simd_extract_lane(m, op, dst, src, lane)
                       : emit_simd_extract_lane(m, op, r9, src, lane);
            },
            [&](const EmittedCode& code) {
              const MachineState before = values.state();
              MachineState after = before;
              code.run(after);
              u64 expected = 0;
              std::memcpy(&expected, at(before, src).data() + width * lane, width);
              if (text.ends_with("_s")) {
                const u32 up = 64 - 8 * width;
                expected = static_cast<u32>(static_cast<i64>(expected << up) >> up);
              }
              u64 actual = after.gpr[9];
              if (is_float) {
                actual = 0;
                std::memcpy(&actual, at(after, dst).data(), width);
              }
              ASSERT_EQ(actual, expected);
              is_float ? expect_untouched(before, after, dst) : expect_untouched(before, after, r9);
            });
      }
    }
  }
}

TEST_F(SimdTest, LanesReplaced) {
  for (Op op : simd_ops()) {
    if (op_info(op).category != OpCategory::kReplaceLane) continue;
    const std::string_view text = op_info(op).text.view();
    const u32 width = lane_bytes(op);
    for (u32 lane = 0; lane < op_info(op).lane_count(); ++lane) {
      SCOPED_TRACE(std::string(text) + " " + std::to_string(lane));
      const bool is_float = text[0] == 'f';
      for (const Registers& r : vector_registers(2)) {
        at_all_levels(
            {},
            [&](Masm& m) {
              is_float ? emit_simd_replace_lane(m, op, r.dst, r.a, r.b, lane)
                       : emit_simd_replace_lane(m, op, r.dst, r.a, rax, lane);
            },
            [&](const EmittedCode& code) {
              const MachineState before = values.state();
              MachineState after = before;
              code.run(after);
              Bytes16 expected = at(before, r.a);
              const u8* value =
                  is_float ? at(before, r.b).data() : reinterpret_cast<const u8*>(&before.gpr[0]);
              std::memcpy(expected.data() + width * lane, value, width);
              ASSERT_EQ(at(after, r.dst), expected);
              expect_untouched(before, after, r.dst);
            });
      }
    }
  }
}

TEST_F(SimdTest, Constants) {
  for (const Bytes16& bytes :
       {Bytes16{}, splat16<u8>(0xff), splat16<u32>(0x3f80'0000), values.vector(), splat16<u8>(1)}) {
    at_all_levels(
        {}, [&](Masm& m) { emit_simd_const(m, xmm12, bytes); },
        [&](const EmittedCode& code) {
          MachineState s = values.state();
          code.run(s);
          EXPECT_EQ(s.xmm[12], bytes);
        });
  }
}

// ---- Shuffles -----------------------------------------------------------------------------------

class ShuffleTest : public SimdTest {
 protected:
  void check_shuffle(const Bytes16& lanes) {
    for (const Registers& r : vector_registers(2)) {
      at_all_levels(
          {}, [&](Masm& m) { emit_simd_shuffle(m, r.dst, r.a, r.b, lanes); },
          [&](const EmittedCode& code) {
            const MachineState before = values.state();
            MachineState after = before;
            code.run(after);
            Bytes16 expected;
            for (u32 i = 0; i < 16; ++i) {
              expected[i] = at(before, lanes[i] < 16 ? r.a : r.b)[lanes[i] & 15];
            }
            ASSERT_EQ(at(after, r.dst), expected) << hex(lanes);
            expect_untouched(before, after, r.dst);
          });
      if (HasFailure()) return;
    }
  }

  /// Lanes of `width` bytes, numbered through both sources.
  static Bytes16 wide(u32 width, const std::function<u32(u32)>& lane) {
    Bytes16 r;
    for (u32 i = 0; i < 16; ++i) {
      r[i] = static_cast<u8>(lane(i / width) * width + i % width);
    }
    return r;
  }
};

TEST_F(ShuffleTest, EveryPatternAndItsNeighbours) {
  std::vector<Bytes16> patterns;
  for (u32 width : {1u, 2u, 4u, 8u}) {
    const u32 n = 16 / width;
    for (u32 order : {0u, n}) {
      for (u32 half : {0u, n / 2}) {
        patterns.push_back(wide(width, [&](u32 i) { return (half + i / 2 + i % 2 * n) ^ order; }));
        patterns.push_back(wide(width, [&](u32 i) { return (half + i / 2) ^ order; }));
      }
      for (u32 k = 0; k < 3; ++k) {
        patterns.push_back(wide(width, [&](u32 i) { return i + (values.below(2) * n); }));
        patterns.push_back(wide(width, [&](u32) { return values.below(n) ^ order; }));
        patterns.push_back(wide(width, [&](u32) { return values.below(2 * n); }));
        const u32 only = values.below(n), from = values.below(2 * n);
        patterns.push_back(wide(width, [&](u32 i) { return i == only ? from : i ^ order; }));
      }
      patterns.push_back(wide(width, [&](u32) { return order; }));
      patterns.push_back(wide(width, [&](u32 i) { return (i < n / 2 ? n - 1 - i : i) ^ order; }));
      patterns.push_back(
          wide(width, [&](u32 i) { return (i < n / 2 ? i : n - 1 - (i - n / 2)) ^ order; }));
      patterns.push_back(
          wide(width, [&](u32 i) { return values.below(n) ^ (i < n / 2 ? 0 : n) ^ order; }));
    }
    for (u32 by = 0; by < 32; ++by) {
      patterns.push_back(wide(1, [&](u32 i) { return (i + by) % 32; }));
      patterns.push_back(wide(1, [&](u32 i) { return (i + by) % 16; }));
    }
  }
  for (const Bytes16& p : patterns) {
    check_shuffle(p);
    Bytes16 changed = p;
    changed[values.below(16)] = static_cast<u8>(values.below(32));
    check_shuffle(changed);
    if (HasFailure()) return;
  }
}

// ---- Memory -------------------------------------------------------------------------------------

class SimdMemoryTest : public SimdTest {
 protected:
  /// The state's memory as a heap; rsi is the index, 3, and the offset 5.
  static constexpr u32 kIndex = 3, kOffset = 5;
  static HeapMem heap(Masm& m) {
    // Not an access, and its registers are restored: the access must still come first after this.
    m.a.lea(k64, rax, Mem(rdi, offsetof(MachineState, memory) - 0x100));
    m.a.mov(k64, Mem(rdi, offsetof(MachineState, exit)), rax);
    const HeapBase base = m.a.heap_base(rax, Mem(rdi, offsetof(MachineState, exit)));
    const ZextIndex index = m.a.zero_extend(rsi, rsi);
    return HeapMem::at(base, index, kOffset + 0x100);
  }
  MachineState state() {
    MachineState s = values.state();
    s.gpr[x64::code(rsi)] = u64{0xdead} << 32 | kIndex;
    return s;
  }
  static u8* accessed(MachineState& s) { return s.memory + kIndex + kOffset; }

  /// Ignores what heap() does.
  static void expect_memory_untouched(MachineState before, MachineState after, Xmm dst) {
    for (MachineState* s : {&before, &after}) {
      s->exit = 0;
      s->gpr[x64::code(rax)] = s->gpr[x64::code(rsi)] = 0;
    }
    expect_untouched(before, after, dst);
  }
};

TEST_F(SimdMemoryTest, Loads) {
  for (Op op : simd_ops()) {
    if (op_info(op).category != OpCategory::kLoad) continue;
    const std::string_view text = op_info(op).text.view();
    SCOPED_TRACE(text);
    const u32 bytes = op_info(op).access_bytes();
    at_all_levels(
        {}, [&](Masm& m) { emit_simd_load(m, op, xmm10, heap(m)); },
        [&](const EmittedCode& code) {
          for (u32 round = 0; round < 50; ++round) {
            MachineState before = state();
            MachineState after = before;
            code.run(after);
            Bytes16 expected{};
            const u8* from = accessed(before);
            if (text.ends_with("_splat")) {
              for (u32 i = 0; i < 16; ++i) expected[i] = from[i % bytes];
            } else if (text.ends_with("_s") || text.ends_with("_u")) {
              const u32 width = text.find("8x8") != text.npos    ? 1
                                : text.find("16x4") != text.npos ? 2
                                                                 : 4;
              for (u32 i = 0; i < 16; ++i) {
                const u32 lane = i / (2 * width), byte = i % (2 * width);
                const u8 top = from[lane * width + width - 1];
                const bool sign = text.ends_with("_s") && top >= 0x80;
                expected[i] = byte < width ? from[lane * width + byte] : sign ? 0xff : 0;
              }
            } else {
              std::memcpy(expected.data(), from, bytes);
            }
            ASSERT_EQ(after.xmm[10], expected);
            expect_memory_untouched(before, after, xmm10);
          }
        });
  }
}

TEST_F(SimdMemoryTest, StoresAndLanes) {
  at_all_levels(
      {}, [&](Masm& m) { emit_simd_store(m, heap(m), xmm11); },
      [&](const EmittedCode& code) {
        MachineState before = state();
        MachineState after = before;
        code.run(after);
        std::memcpy(accessed(before), before.xmm[11].data(), 16);
        expect_memory_untouched(before, after, xmm11);
      });
  for (Op op : simd_ops()) {
    const bool loads = op_info(op).category == OpCategory::kLoadLane;
    if (!loads && op_info(op).category != OpCategory::kStoreLane) continue;
    SCOPED_TRACE(op_info(op).text.view());
    const u32 width = op_info(op).access_bytes();
    for (u32 lane = 0; lane < 16 / width; ++lane) {
      for (auto [dst, src] : {std::pair{xmm3, xmm8}, {xmm4, xmm4}}) {
        at_all_levels(
            {},
            [&](Masm& m) {
              const HeapMem at = heap(m);
              loads ? emit_simd_load_lane(m, op, dst, src, at, lane)
                    : emit_simd_store_lane(m, op, at, src, lane);
            },
            [&](const EmittedCode& code) {
              MachineState before = state();
              MachineState after = before;
              code.run(after);
              if (loads) {
                Bytes16 expected = at(before, src);
                std::memcpy(expected.data() + lane * width, accessed(before), width);
                ASSERT_EQ(at(after, dst), expected);
                expect_memory_untouched(before, after, dst);
              } else {
                std::memcpy(accessed(before), at(before, src).data() + lane * width, width);
                at(before, dst) = at(after, dst);
                expect_memory_untouched(before, after, dst);
              }
            });
      }
    }
  }
}

}  // namespace
}  // namespace wazuka::baseline
