// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Rewrite rules against the operations' own meaning: expressions are made twice, with rules and
// without, and give the same for all inputs tried.
#include <bit>
#include <gtest/gtest.h>
#include <random>

#include "opt/ir/printer.h"
#include "opt/ir/verifier.h"
#include "opt/pass/dead.h"
#include "opt/pass/elaborate.h"
#include "opt/pass/factory.h"
#include "unit/opt/ir_interpreter.h"

namespace wazuka::opt {
namespace {

constexpr u64 kInteresting[] = {0,
                                1,
                                2,
                                3,
                                5,
                                7,
                                8,
                                10,
                                12,
                                15,
                                16,
                                24,
                                31,
                                32,
                                33,
                                48,
                                63,
                                64,
                                100,
                                127,
                                128,
                                255,
                                256,
                                641,
                                1000,
                                0x7fff,
                                0x8000,
                                0xffff,
                                0x10000,
                                0x7fffffff,
                                0x80000000,
                                0x80000001,
                                0xfffffffe,
                                0xffffffff,
                                0x100000000,
                                0x100000001,
                                6700417,
                                ~u64{0},
                                ~u64{0} - 1,
                                u64{1} << 63,
                                (u64{1} << 63) - 1,
                                (u64{1} << 63) + 1,
                                0xffffffff80000000,
                                0xffffffff00000000,
                                1000000007,
                                0xccccccccu,
                                0xaaaaaaaaaaaaaaab};

class Random {
 public:
  explicit Random(u64 seed) : engine_(seed) {}
  u32 below(u32 n) { return static_cast<u32>(engine_() % n); }
  u64 number() {
    if (below(2) == 0) return kInteresting[below(std::size(kInteresting))];
    return engine_() >> below(64);
  }

 private:
  std::mt19937_64 engine_;
};

/// A function of an i32 and an i64 whose result is one value.
struct Function {
  Graph g;
  Factory f{g};
  Block block = g.add_block();
  Value params[2] = {g.add_param(block, Type::kI32), g.add_param(block, Type::kI64)};

  explicit Function(bool rules) {
    f.set_rules(rules);
    f.push_scope();
  }
  void finish(Value v) {
    const u32 list = index_of(v);
    const u32 begin = g.add_list({&list, 1});
    g.append(block, g.add({.op = Opcode::kReturn, .args = {begin, 1}}));
  }
  /// The result, or the trap's number in the upper half.
  u64 run(u32 a, u64 b) {
    const IrInterpreter::Calls none;
    IrInterpreter interpreter(g, nullptr, none);
    const Cell args[] = {a, b};
    std::vector<Cell> results;
    const auto code = interpreter.run(args, results);
    EXPECT_TRUE(code) << interpreter.why();
    if (!code) return 0;
    return *code == kNoTrap ? results[0] : u64{0xdead} << 32 | static_cast<u32>(*code);
  }
};

Value apply(Function& fn, const Inst& inst) {
  return is_pure(inst.op) ? fn.f.make(inst) : fn.f.check(inst, fn.block);
}

// Division ----------------------------------------------------------------------------------------

void check_division(Opcode op, Type t, u64 divisor, Random& random) {
  Function fast(true), plain(false);
  for (Function* fn : {&fast, &plain}) {
    const Value x = fn->params[t == Type::kI32 ? 0 : 1];
    fn->finish(apply(
        *fn, {.op = op, .type = t, .args = {index_of(x), index_of(fn->f.iconst(t, divisor))}}));
  }
  for (u32 i = 0; i < 60; ++i) {
    u64 x = random.number();
    // Around multiples of the divisor, where the rounding is.
    if (i % 3 == 0 && divisor != 0) x = x / divisor * divisor + random.below(3) - 1;
    ASSERT_EQ(fast.run(static_cast<u32>(x), x), plain.run(static_cast<u32>(x), x))
        << opcode_name(op) << " " << type_name(t) << " " << x << " by " << divisor << "\n"
        << print(fast.g);
  }
}

TEST(Simplify, DivisionsByConstantsDivide) {
  Random random(1);
  for (Opcode op : {Opcode::kSDiv, Opcode::kUDiv, Opcode::kSRem, Opcode::kURem}) {
    for (Type t : {Type::kI32, Type::kI64}) {
      for (u64 d = 0; d < 130; ++d) check_division(op, t, d, random);
      for (u64 d : kInteresting) {
        check_division(op, t, d, random);
        check_division(op, t, u64{0} - d, random);
      }
      for (u32 i = 0; i < 200; ++i) check_division(op, t, random.number(), random);
    }
  }
}

TEST(Simplify, DivisionsByConstantsDoNotDivide) {
  Function fn(true);
  const Value q = apply(fn, {.op = Opcode::kUDiv,
                             .type = Type::kI32,
                             .args = {index_of(fn.params[0]), index_of(fn.f.i32_const(10))}});
  fn.finish(q);
  const std::string text = print(fn.g);
  EXPECT_EQ(text.find("udiv"), std::string::npos) << text;
  EXPECT_EQ(verify(fn.g, Stage::kBuilt), std::nullopt);
}

// Expressions -------------------------------------------------------------------------------------

/// The same random expression in both functions.
class Pair {
 public:
  explicit Pair(u64 seed) : random_(seed) {
    for (u32 i = 0; i < 2; ++i) add(fast.params[i], plain.params[i]);
    const u32 steps = 4 + random_.below(16);
    for (u32 i = 0; i < steps; ++i) step();
    // A result of every type, as an integer.
    Value a = last(fast, true), b = last(plain, false);
    fast.finish(as_i64(fast, a));
    plain.finish(as_i64(plain, b));
  }
  Random& random() { return random_; }

  Function fast{true}, plain{false};

 private:
  struct Both {
    Value fast, plain;
    Type type;
  };

  void add(Value a, Value b) { values_.push_back({a, b, fast.g.type(a)}); }
  static Value as_i64(Function& fn, Value v) {
    switch (fn.g.type(v)) {
      case Type::kI32: return fn.f.zext(v);
      case Type::kF32: return fn.f.zext(fn.f.unary(Opcode::kBitcast, Type::kI32, v));
      case Type::kF64: return fn.f.unary(Opcode::kBitcast, Type::kI64, v);
      default: return v;
    }
  }
  Value last(Function&, bool is_fast) {
    return is_fast ? values_.back().fast : values_.back().plain;
  }

  Both pick(Type t) {
    for (u32 i = 0; i < 8; ++i) {
      const Both& v = values_[values_.size() - 1 -
                              random_.below(static_cast<u32>(std::min<size_t>(values_.size(), 6)))];
      if (v.type == t && random_.below(4) != 0) return v;
    }
    const u64 bits = random_.number();
    if (is_int(t)) return {fast.f.iconst(t, bits), plain.f.iconst(t, bits), t};
    // No NaN but by operations.
    const u64 x = t == Type::kF32 ? std::bit_cast<u32>(static_cast<f32>(bits))
                                  : std::bit_cast<u64>(static_cast<f64>(bits));
    return {fast.f.fconst(t, x), plain.f.fconst(t, x), t};
  }

  Type any(bool ints) {
    constexpr Type kTypes[] = {Type::kI32, Type::kI64, Type::kF32, Type::kF64};
    return kTypes[random_.below(ints ? 2 : 4)];
  }

  void step() {
    Inst inst;
    do {
      inst.op = static_cast<Opcode>(random_.below(kOpcodeCount));
    } while (!is_scalar(inst.op));
    const std::string_view sig = info_of(inst.op).signature.view();
    const bool ints = random_.below(5) != 0;
    Type bound = Type::kNone;
    Inst a = inst, b = inst;
    const size_t colon = sig.find(':');
    for (size_t i = 0; i < colon; ++i) {
      const Both v = pick(type_for(sig[i], bound, ints));
      a.args[i] = index_of(v.fast);
      b.args[i] = index_of(v.plain);
    }
    if (info_of(inst.op).imm == Imm::kCond) {
      a.aux = b.aux = static_cast<u16>(random_.below(inst.op == Opcode::kICmp ? 10 : 6));
    }
    if (inst.op == Opcode::kBitcast) {
      const Type from = fast.g.type(a.arg(0));
      a.type = b.type = from == Type::kI32   ? Type::kF32
                        : from == Type::kF32 ? Type::kI32
                        : from == Type::kI64 ? Type::kF64
                                             : Type::kI64;
    } else {
      a.type = b.type = type_for(sig[colon + 1], bound, ints);
    }
    const Value x = apply(fast, a), y = apply(plain, b);
    if (a.type != Type::kNone) add(x, y);
  }

  static bool is_scalar(Opcode op) {
    const OpcodeInfo& info = info_of(op);
    return !is_leaf(op) && !info.is_listed() &&
           (info.imm == Imm::kNone || info.imm == Imm::kCond) && op != Opcode::kFence;
  }
  Type type_for(char letter, Type& bound, bool ints) {
    switch (letter) {
      case 'i': return Type::kI32;
      case 'I': return Type::kI64;
      case 'f': return Type::kF32;
      case 'd': return Type::kF64;
      case 'x': return any(true);
      case 'y': return random_.below(2) == 0 ? Type::kF32 : Type::kF64;
      case 'a': return any(false);
      case 'n':
        if (bound == Type::kNone) bound = any(true);
        return bound;
      case 'r':
        if (bound == Type::kNone) bound = random_.below(2) == 0 ? Type::kF32 : Type::kF64;
        return bound;
      default:
        if (bound == Type::kNone) bound = any(ints);
        return bound;
    }
  }

  Random random_;
  std::vector<Both> values_;
};

/// NaNs may have any payload: both or none.
bool equal(u64 a, u64 b) {
  if (a == b) return true;
  auto nan64 = [](u64 x) { return std::bit_cast<f64>(x) != std::bit_cast<f64>(x); };
  auto nan32 = [](u64 x) {
    const f32 y = std::bit_cast<f32>(static_cast<u32>(x));
    return x >> 32 == 0 && y != y;
  };
  return (nan64(a) && nan64(b)) || (nan32(a) && nan32(b));
}

TEST(Simplify, ExpressionsGiveTheSame) {
  for (u64 seed = 1; seed <= 30'000; ++seed) {
    Pair pair(seed);
    const auto wrong = verify(pair.fast.g, Stage::kBuilt);
    ASSERT_EQ(wrong, std::nullopt) << seed << "\n" << print(pair.fast.g);
    for (u32 i = 0; i < 4; ++i) {
      const u32 a = static_cast<u32>(pair.random().number());
      const u64 b = pair.random().number();
      ASSERT_TRUE(equal(pair.fast.run(a, b), pair.plain.run(a, b)))
          << "seed " << seed << ": " << a << ", " << b << "\n"
          << print(pair.fast.g) << "\nwithout rules:\n"
          << print(pair.plain.g);
    }
    remove_dead(pair.fast.g);
    elaborate(pair.fast.g);
    ASSERT_EQ(verify(pair.fast.g, Stage::kElaborated), std::nullopt) << seed;
    ASSERT_TRUE(equal(pair.fast.run(77, 1234567), pair.plain.run(77, 1234567))) << seed;
  }
}

TEST(Simplify, EqualInstructionsAreOne) {
  Function fn(true);
  const Value a = fn.f.add(fn.params[0], fn.f.i32_const(4));
  EXPECT_EQ(fn.f.add(fn.f.i32_const(4), fn.params[0]), a);
  fn.f.push_scope();
  const Value b = fn.f.binary(Opcode::kIMul, fn.params[0], 3);
  EXPECT_EQ(fn.f.add(fn.params[0], fn.f.i32_const(4)), a);
  fn.f.pop_scope();
  EXPECT_NE(fn.f.binary(Opcode::kIMul, fn.params[0], 3), b) << "its scope has ended";
}

}  // namespace
}  // namespace wazuka::opt
