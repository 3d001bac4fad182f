// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Execution: what the specification's test suite does not reach, because it needs the interpreter's
// fused forms, its accumulators, or more than one instance.
#include <bit>

#include "../runtime/runtime_fixture.h"

namespace wazuka {
namespace {

using Exec = RuntimeTest;

Value f64(double v) {
  return Value::f64_bits(std::bit_cast<u64>(v));
}
u64 bits(double v) {
  return std::bit_cast<u64>(v);
}

// Addresses --------------------------------------------------------------------------------------

TEST_F(Exec, ComputedAddressesWrapBeforeTheOffsetIsAdded) {
  Instance* i = instantiate(
      "(module (memory 1) (data (i32.const 0) \"\\01\\02\\03\\04\\05\\06\\07\\08\")"
      "  (func (export \"add\") (param i32) (result i32)"
      "    (i32.load8_u offset=2 (i32.add (local.get 0) (i32.const 16))))"
      "  (func (export \"index\") (param i32 i32) (result i32)"
      "    (i32.load8_u offset=1 (i32.add (local.get 0) (i32.shl (local.get 1) (i32.const 2)))))"
      "  (func (export \"sum\") (param i32 i32) (result i32)"
      "    (i32.load8_u (i32.add (local.get 0) (local.get 1))))"
      "  (func (export \"op\") (param i32 i32) (result i32)"
      "    (i32.add (local.get 1) (i32.load (i32.add (local.get 0) (i32.const -4))))))");
  EXPECT_EQ(call_u64(i, "add", {Value::i32(~u32{15})}), 3u);  // −16 + 16 wraps to 0
  EXPECT_EQ(call_u64(i, "index", {Value::i32(0), Value::i32(0x4000'0000)}), 2u);
  EXPECT_EQ(call_u64(i, "index", {Value::i32(~u32{3}), Value::i32(1)}), 2u);
  EXPECT_EQ(call_u64(i, "sum", {Value::i32(~u32{0}), Value::i32(4)}), 4u);
  EXPECT_EQ(call_u64(i, "op", {Value::i32(4), Value::i32(1)}), 0x04030202u);
  // The sum with the offset does not wrap.
  EXPECT_NE(call_error(i, "add", {Value::i32(~u32{17})}).find("out of bounds"), std::string::npos);
  EXPECT_NE(call_error(i, "op", {Value::i32(1), Value::i32(1)}).find("out of bounds"),
            std::string::npos);
}

TEST_F(Exec, BoundsAreExact) {
  Instance* i = instantiate(
      "(module (memory 1)"
      "  (func (export \"i64\") (param i32) (result i64) (i64.load (local.get 0)))"
      "  (func (export \"const\") (result i32) (i32.load (i32.const 65532)))"
      "  (func (export \"const_out\") (result i32) (i32.load (i32.const 65533)))"
      "  (func (export \"store\") (param i32) (i32.store16 offset=2 (local.get 0) (i32.const 1)))"
      "  (func (export \"huge\") (param i32) (result i32)"
      "    (i32.load offset=4294967295 (local.get 0)))"
      "  (func (export \"vector\") (param i32) (result i32)"
      "    (i32x4.extract_lane 0 (v128.load (local.get 0)))))");
  EXPECT_EQ(call_u64(i, "i64", {Value::i32(65528)}), 0u);
  EXPECT_EQ(call_u64(i, "const"), 0u);
  EXPECT_EQ(call_u64(i, "vector", {Value::i32(65520)}), 0u);
  for (auto [name, address] : {std::pair{"i64", 65529u},
                               {"i64", ~0u},
                               {"store", 65533u},
                               {"huge", 0u},
                               {"huge", ~0u},
                               {"vector", 65521u}}) {
    EXPECT_NE(call_error(i, name, {Value::i32(address)}).find("out of bounds"), std::string::npos)
        << name << address;
  }
  EXPECT_NE(call_error(i, "const_out").find("out of bounds"), std::string::npos);
}

TEST_F(Exec, SixtyFourBitAddressesDoNotOverflow) {
  Instance* i = instantiate(
      "(module (memory i64 1) (data (i64.const 8) \"\\2a\")"
      "  (func (export \"load\") (param i64) (result i32) (i32.load8_u offset=4 (local.get 0)))"
      "  (func (export \"far\") (param i64) (result i32)"
      "    (i32.load8_u offset=0xfffffffffffffff0 (local.get 0))))");
  EXPECT_EQ(call_u64(i, "load", {Value::i64(4)}), 42u);
  for (u64 address : {~u64{0}, ~u64{3}, ~u64{4}, u64{65532}, u64{1} << 32}) {
    EXPECT_NE(call_error(i, "load", {Value::i64(address)}).find("out of bounds"), std::string::npos)
        << address;
    EXPECT_NE(call_error(i, "far", {Value::i64(address)}).find("out of bounds"), std::string::npos);
  }
}

TEST_F(Exec, GrowthIsSeenByTheCallerAndAcrossInstances) {
  Instance* owner = instantiate(
      "(module (memory (export \"m\") 1 4)"
      "  (func $grow (export \"grow\") (drop (memory.grow (i32.const 1))))"
      "  (func (export \"own\") (result i32) (call $grow) (i32.load (i32.const 65536))))");
  ASSERT_TRUE(linker.define_instance("owner", *owner).has_value());
  Instance* user = instantiate(
      "(module (import \"owner\" \"m\" (memory 1)) (import \"owner\" \"grow\" (func $grow))"
      "  (func (export \"use\") (result i32) (i32.store (i32.const 0) (i32.const 7)) (call $grow)"
      "    (i32.load (i32.const 131072))))");
  EXPECT_EQ(call_u64(owner, "own"), 0u);
  EXPECT_EQ(call_u64(user, "use"), 0u);
}

// Accumulators and locals ------------------------------------------------------------------------

TEST_F(Exec, FusedFormsComputeWhatTheirPartsDo) {
  Instance* i = instantiate(
      "(module"
      "  (func (export \"int\") (param i32 i32 i32) (result i32)"
      "    (i32.xor (i32.add (i32.rotl (local.get 0) (i32.const 9)) (local.get 1))"
      "      (i32.and (local.get 2) (i32.shr_u (local.get 0) (i32.const 3)))))"
      "  (func (export \"rotr\") (param i64 i64) (result i64)"
      "    (i64.xor (local.get 1) (i64.rotr (local.get 0) (i64.const 12))))"
      "  (func (export \"float\") (param f64 f64 f64) (result f64)"
      "    (f64.sub (f64.mul (local.get 0) (local.get 1)) (local.get 2)))"
      "  (func (export \"float2\") (param f64 f64 f64) (result f64)"
      "    (f64.sub (local.get 2) (f64.mul (local.get 0) (local.get 1)))))");
  const u32 a = 0x8765'4321, b = 0x1234'5678, c = 0xdead'beef;
  EXPECT_EQ(call_u64(i, "int", {Value::i32(a), Value::i32(b), Value::i32(c)}) & ~u32{0},
            (std::rotl(a, 9) + b) ^ (c & (a >> 3)));
  const u64 d = 0x0123'4567'89ab'cdef;
  EXPECT_EQ(call_u64(i, "rotr", {Value::i64(d), Value::i64(1)}), std::rotr(d, 12) ^ 1);
  // Both roundings happen: with one only, the difference would not be zero.
  const double x = 1 + 0x1p-30, y = 1 - 0x1p-30;
  EXPECT_EQ(call_u64(i, "float", {f64(x), f64(y), f64(x * y)}), bits(0.0));
  EXPECT_EQ(call_u64(i, "float2", {f64(3), f64(4), f64(1)}), bits(-11.0));
}

TEST_F(Exec, LoopEndsCompareTheNewValue) {
  Instance* i = instantiate(
      "(module (func (export \"up\") (param i32 i32) (result i32) (local i32)"
      "    (loop $l (local.set 2 (i32.add (local.get 2) (i32.const 1)))"
      "      (local.set 0 (i32.add (local.get 0) (i32.const 3)))"
      "      (br_if $l (i32.lt_s (local.get 0) (local.get 1))))"
      "    (i32.add (i32.mul (local.get 2) (i32.const 1000)) (local.get 0)))"
      "  (func (export \"far\") (result i32) (local i32)"
      "    (loop $l (br_if $l (i32.ne (local.tee 0 (i32.add (local.get 0) (i32.const 1)))"
      "      (i32.const 100000)))) (local.get 0))"
      // The old value is still wanted behind the addition.
      "  (func (export \"old\") (param i32) (result i32)"
      "    (loop $l (result i32) (local.get 0)"
      "      (local.set 0 (i32.add (local.get 0) (i32.const -1)))"
      "      (drop) (br_if $l (local.get 0)) (local.get 0))))");
  EXPECT_EQ(call_u64(i, "up", {Value::i32(0), Value::i32(10)}), 4012u);
  EXPECT_EQ(call_u64(i, "up", {Value::i32(~u32{9}), Value::i32(0)}), 4002u);
  EXPECT_EQ(call_u64(i, "far"), 100000u);
  EXPECT_EQ(call_u64(i, "old", {Value::i32(5)}), 0u);
}

TEST_F(Exec, OperandsKeepTheValueThatALocalHadWhenTheyWerePushed) {
  Instance* i = instantiate(
      "(module (func (export \"f\") (param i32 f64) (result i32 f64)"
      "  (local.get 0) (local.get 1)"
      "  (local.set 0 (i32.const 100)) (local.set 1 (f64.const 200))"
      "  (local.set 1 (f64.add (local.get 1) (local.get 1)))"
      "  (local.set 0 (i32.add (local.get 0) (i32.const 1)))))");
  auto results = call(i, "f", {Value::i32(1), f64(2)});
  ASSERT_TRUE(results.has_value());
  EXPECT_EQ((*results)[0].as_u32(), 1u);
  EXPECT_EQ((*results)[1].as_u64(), bits(2.0));
}

TEST_F(Exec, ResultsDoNotOverwriteParametersTooEarly) {
  Instance* i = instantiate(
      "(module (func $swap (export \"swap\") (param i32 i64 f32) (result f32 i64 i32)"
      "    (local.get 2) (local.get 1) (local.get 0))"
      "  (func (export \"tail\") (param i32 i64 f32) (result f32 i64 i32)"
      "    (return_call $swap (i32.add (local.get 0) (i32.const 1)) (local.get 1) (local.get "
      "2))))");
  auto results = call(i, "tail", {Value::i32(1), Value::i64(2), Value::f32_bits(3)});
  ASSERT_TRUE(results.has_value());
  EXPECT_EQ((*results)[0].as_u32(), 3u);
  EXPECT_EQ((*results)[1].as_u64(), 2u);
  EXPECT_EQ((*results)[2].as_u32(), 2u);
}

TEST_F(Exec, CallsReturnTheirResultInItsAccumulator) {
  Instance* i = instantiate(
      "(module"
      "  (func $i (param i32) (result i32) (local.get 0))"
      "  (func $f (param f32) (result f32) (local.get 0))"
      "  (func $d (param f64) (result f64) (block (result f64) (local.get 0)))"
      "  (func $v (param v128) (result v128) (local.get 0))"
      "  (func (export \"f\") (result f64)"
      "    (f64.add (f64.convert_i32_s (i32.add (call $i (i32.const 3)) (i32.const 4)))"
      "      (f64.add (f64.promote_f32 (f32.mul (call $f (f32.const 2)) (f32.const 8)))"
      "        (f64.add (call $d (f64.const 0.5)) (f64.convert_i32_u (i8x16.extract_lane_u 15"
      "          (call $v (v128.const i32x4 0 0 0 0xff000000)))))))))");
  EXPECT_EQ(call_u64(i, "f"), bits(7 + 16 + 0.5 + 255));
}

// Instances --------------------------------------------------------------------------------------

TEST_F(Exec, EveryWayOfCallingSwitchesTheInstance) {
  Instance* callee = instantiate(
      "(module (memory 1) (data (i32.const 0) \"\\07\") (type $t (func (param i32) (result i32)))"
      "  (func $f (export \"f\") (type $t) (i32.add (local.get 0) (i32.load8_u (i32.const 0))))"
      "  (func (export \"tail\") (type $t) (return_call $f (local.get 0)))"
      "  (table (export \"t\") 1 funcref) (elem (i32.const 0) $f))");
  ASSERT_TRUE(linker.define_instance("callee", *callee).has_value());
  Instance* i = instantiate(
      "(module (type $t (func (param i32) (result i32)))"
      "  (import \"callee\" \"f\" (func $f (type $t))) (import \"callee\" \"tail\" (func $tail "
      "(type "
      "$t)))"
      "  (import \"callee\" \"t\" (table 1 funcref)) (elem declare func $f)"
      "  (memory 2) (data (i32.const 65536) \"\\64\")"
      "  (func $own (result i32) (i32.load8_u (i32.const 65536)))"
      "  (func (export \"import\") (result i32) (i32.mul (call $f (i32.const 1)) (call $own)))"
      "  (func (export \"indirect\") (result i32)"
      "    (i32.mul (call_indirect (type $t) (i32.const 1) (i32.const 0)) (call $own)))"
      "  (func (export \"ref\") (result i32)"
      "    (i32.mul (call_ref $t (i32.const 1) (ref.func $f)) (call $own)))"
      "  (func (export \"tail\") (result i32)"
      "    (i32.mul (call $tail (i32.const 1)) (call $own)))"
      "  (func $goes (param i32) (result i32) (return_call $f (local.get 0)))"
      "  (func $goes_indirect (param i32) (result i32)"
      "    (return_call_indirect (type $t) (local.get 0) (i32.const 0)))"
      "  (func $goes_ref (param i32) (result i32)"
      "    (return_call_ref $t (local.get 0) (ref.func $f)))"
      "  (func (export \"tails\") (result i32)"
      "    (i32.mul (i32.add (i32.add (call $goes (i32.const 1)) (call $goes_indirect (i32.const "
      "1))) (call $goes_ref (i32.const 1))) (call $own))))");
  for (const char* name : {"import", "indirect", "ref", "tail"}) {
    EXPECT_EQ(call_u64(i, name), 800u) << name;
  }
  EXPECT_EQ(call_u64(i, "tails"), 2400u);
}

TEST_F(Exec, IndirectCallsCheckTheirTarget) {
  Instance* i = instantiate(
      "(module (type $t (func (result i32))) (table 3 funcref) (elem (i32.const 0) $a $b)"
      "  (func $a (result i32) (i32.const 1)) (func $b (result i64) (i64.const 2))"
      "  (func (export \"f\") (param i32) (result i32) (call_indirect (type $t) (local.get 0))))");
  EXPECT_EQ(call_u64(i, "f", {Value::i32(0)}), 1u);
  EXPECT_NE(call_error(i, "f", {Value::i32(1)}).find("indirect call type mismatch"),
            std::string::npos);
  EXPECT_NE(call_error(i, "f", {Value::i32(2)}).find("uninitialized element"), std::string::npos);
  EXPECT_NE(call_error(i, "f", {Value::i32(3)}).find("undefined element"), std::string::npos);
  EXPECT_NE(call_error(i, "f", {Value::i32(~u32{0})}).find("undefined element"), std::string::npos);
}

// Nested activations -----------------------------------------------------------------------------

struct HostEnv {
  RuntimeTest* test;
  VMFuncRef* target = nullptr;
  u32 depth = 0;
};

TEST_F(Exec, HostFunctionsThatCallBackAreBounded) {
  HostEnv env{this};
  ValType i32_type = kI32;
  const FuncType type{{&i32_type, 1}, {&i32_type, 1}};
  VMFuncRef* host = store.new_host_func(
      type,
      [](void* e, VMContext*, Cell* cells) -> TrapOr {
        auto* self = static_cast<HostEnv*>(e);
        ++self->depth;
        const TrapOr t = interp::call(self->test->store.context, *self->target, cells);
        --self->depth;
        return t;
      },
      &env);
  ASSERT_TRUE(linker.define("host", "f", Extern{host}).has_value());
  Instance* i = instantiate(
      "(module (import \"host\" \"f\" (func $f (param i32) (result i32)))"
      "  (func (export \"f\") (param i32) (result i32)"
      "    (if (i32.eqz (local.get 0)) (then (return (i32.const 5))))"
      "    (i32.add (call $f (i32.sub (local.get 0) (i32.const 1))) (i32.const 1))))");
  std::optional<Extern> item = i->find_export("f");
  env.target = as_func(&*item);
  ASSERT_TRUE(store.ensure_stack().has_value());  // whoever calls interp::call sees to that
  EXPECT_EQ(call_u64(i, "f", {Value::i32(20)}), 25u);
  EXPECT_NE(call_error(i, "f", {Value::i32(1'000'000)}).find("call stack exhausted"),
            std::string::npos);
  EXPECT_EQ(env.depth, 0u);
  EXPECT_EQ(call_u64(i, "f", {Value::i32(20)}), 25u);
}

// Conversions ------------------------------------------------------------------------------------

TEST_F(Exec, TruncationTrapsAtTheExactBounds) {
  Instance* i = instantiate(
      "(module (func (export \"s32\") (param f64) (result i32) (i32.trunc_f64_s (local.get 0)))"
      "  (func (export \"u64\") (param f64) (result i64) (i64.trunc_f64_u (local.get 0)))"
      "  (func (export \"s64\") (param f64) (result i64) (i64.trunc_f64_s (local.get 0)))"
      "  (func (export \"sat\") (param f64) (result i64) (i64.trunc_sat_f64_u (local.get 0))))");
  EXPECT_EQ(call_u64(i, "s32", {f64(-2147483648.9)}) & ~u32{0}, 0x8000'0000u);
  EXPECT_EQ(call_u64(i, "u64", {f64(-0.9)}), 0u);
  EXPECT_EQ(call_u64(i, "s64", {f64(-0x1p63)}), u64{1} << 63);
  EXPECT_EQ(call_u64(i, "sat", {f64(1e30)}), ~u64{0});
  EXPECT_EQ(call_u64(i, "sat", {f64(-1e30)}), 0u);
  for (auto [name, v] : {std::pair{"s32", -2147483649.0},
                         {"s32", 2147483648.0},
                         {"u64", -1.0},
                         {"u64", 0x1p64},
                         {"s64", 0x1p63}}) {
    EXPECT_NE(call_error(i, name, {f64(v)}).find("integer overflow"), std::string::npos)
        << name << v;
  }
  EXPECT_NE(call_error(i, "s32", {f64(__builtin_nan(""))}).find("invalid conversion"),
            std::string::npos);
}

}  // namespace
}  // namespace wazuka
