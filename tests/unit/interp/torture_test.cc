// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// A handler that does not end in a tail call would leave a native frame behind. So instructions of
// every category run in long loops on a thread with a small native stack: a few bytes per
// instruction would exhaust it. The bodies are made from the opcode table, so that new opcodes take
// part by themselves.
#include <functional>
#include <pthread.h>
#include <string>

#include "../runtime/runtime_fixture.h"
#include "wasm/decode/signature.h"
#include "wasm/opcode.h"

namespace wazuka {
namespace {

using Torture = RuntimeTest;

constexpr size_t kStackBytes = 192 << 10;
constexpr u32 kIterations = 60'000;

void run_on_small_stack(std::function<void()> body) {
  pthread_attr_t attr;
  ASSERT_EQ(pthread_attr_init(&attr), 0);
  ASSERT_EQ(pthread_attr_setstacksize(&attr, kStackBytes), 0);
  pthread_t thread;
  auto start = [](void* arg) -> void* {
    (*static_cast<std::function<void()>*>(arg))();
    return nullptr;
  };
  ASSERT_EQ(pthread_create(&thread, &attr, start, &body), 0);
  ASSERT_EQ(pthread_join(thread, nullptr), 0);
  pthread_attr_destroy(&attr);
}

std::string one(ValType t) {
  switch (t.kind()) {
    case ValKind::kI32: return "(i32.const 1)";
    case ValKind::kI64: return "(i64.const 1)";
    case ValKind::kF32: return "(f32.const 1)";
    case ValKind::kF64: return "(f64.const 1)";
    case ValKind::kV128: return "(v128.const i32x4 1 1 1 1)";
    case ValKind::kBottom:
    case ValKind::kRef: break;
  }
  return "(i32.const 8)";  // an address
}

/// `op` with ones as operands, its results dropped; empty for opcodes without a plain signature.
std::string plain_use(Op op) {
  const OpInfo& info = op_info(op);
  if (info.typed_by_hand() || info.category == OpCategory::kAtomicWait) return "";
  std::string immediate;
  if (info.imm == ImmKind::kLane || info.imm == ImmKind::kMemArgLane) {
    immediate = " 0";
  } else if (info.imm == ImmKind::kShuffle) {
    immediate = " 0 1 2 3 4 5 6 7 8 9 10 11 12 13 14 31";
  } else if (info.imm != ImmKind::kNone && info.imm != ImmKind::kMemArg &&
             info.imm != ImmKind::kFence) {
    return "";
  }
  std::string text;
  const OpSignature& signature = op_signature(op);
  for (ValType t : signature.params()) text += one(t);
  text += "(" + std::string(info.text) + immediate + ")";
  for (size_t i = 0; i < signature.results().size(); ++i) text += "(drop)";
  return text + "\n";
}

std::string loop_of(const std::string& body, const std::string& rest = "") {
  return "(module (memory 1 2) (global $g (mut i32) (i32.const 0))"
         "(table $t 4 funcref) (elem (i32.const 0) $leaf $leaf) (type $leaf (func (param i32) "
         "(result i32)))"
         "(func $leaf (type $leaf) (i32.add (local.get 0) (i32.const 1)))" +
         rest +
         "(func (export \"run\") (param $n i32) (result i32) (local $x i32) (local $d f64)"
         "(local $f f32) (local $v v128) (local $l i64)\n"
         "(loop $loop " +
         body +
         "(br_if $loop (local.tee $n (i32.sub (local.get $n) (i32.const 1)))))"
         "(local.get $x)))";
}

TEST_F(Torture, PlainInstructions) {
  std::string body;
  u32 count = 0;
  for (u32 i = 0; i < kOpCount; ++i) {
    std::string use = plain_use(static_cast<Op>(i));
    count += !use.empty();
    body += use;
  }
  EXPECT_GT(count, 400u);
  Instance* instance = instantiate(loop_of(body));
  ASSERT_NE(instance, nullptr);
  run_on_small_stack([&] { EXPECT_EQ(call_u64(instance, "run", {Value::i32(3000)}), 0u); });
}

TEST_F(Torture, FormsOfOperandsAndFusions) {
  Instance* instance = instantiate(loop_of(
      // accumulator, slots and immediates, stores to locals, fused pairs
      "(local.set $x (i32.xor (i32.rotl (local.get $n) (i32.const 7)) (local.get $x)))"
      "(local.set $x (i32.add (i32.mul (local.get $x) (i32.const 3)) (local.get $n)))"
      "(local.set $x (i32.or (i32.and (local.get $x) (local.get $n)) (local.get $x)))"
      "(local.set $l (i64.add (local.get $l) (i64.extend_i32_u (local.get $x))))"
      "(local.set $d (f64.add (local.get $d) (f64.mul (local.get $d) (f64.const 0.5))))"
      "(local.set $f (f32.sub (f32.const 1) (f32.mul (local.get $f) (local.get $f))))"
      "(f64.store offset=16 (i32.const 8) (f64.add (local.get $d) (f64.load (i32.const 32))))"
      "(local.set $x (i32.load offset=4 (i32.add (i32.const 64) (i32.shl (i32.and (local.get $x) "
      "(i32.const 15)) (i32.const 2)))))"
      "(i32.store8 (i32.and (local.get $n) (i32.const 1023)) (local.get $x))"
      "(i64.store (i32.and (local.get $n) (i32.const 1023)) (i64.const -1))"
      "(local.set $x (select (local.get $x) (i32.const 5) (local.get $n)))"
      "(global.set $g (i32.add (global.get $g) (i32.const 1)))"
      "(if (i32.lt_s (local.get $x) (local.get $n)) (then (local.set $x (i32.const 3)))"
      "  (else (local.set $x (i32.const 4))))"
      "(if (f64.lt (local.get $d) (f64.const 3)) (then (local.set $d (f64.const 4))))"
      "(block $a (block $b (block $c (br_table $a $b $c (i32.and (local.get $n) (i32.const 3)))))"
      "  (local.set $x (i32.add (local.get $x) (i32.const 1))))"
      "(local.set $v (v128.load (i32.const 16))) (v128.store (i32.const 16) (local.get $v))"
      "(memory.fill (i32.const 100) (i32.const 1) (i32.const 10))"
      "(memory.copy (i32.const 100) (i32.const 200) (i32.const 10))"
      "(drop (memory.size)) (drop (memory.grow (i32.const 0))) (drop (table.size $t))"
      "(table.set $t (i32.const 3) (table.get $t (i32.const 0)))"
      "(drop (ref.is_null (ref.func $leaf)))"));
  ASSERT_NE(instance, nullptr);
  run_on_small_stack([&] { EXPECT_EQ(call_u64(instance, "run", {Value::i32(kIterations)}), 4u); });
}

TEST_F(Torture, CallsAndReturns) {
  Instance* instance = instantiate(
      loop_of("(local.set $x (call $leaf (local.get $x)))"
              "(local.set $x (call_indirect $t (type $leaf) (local.get $x) (i32.const 1)))"
              "(local.set $x (call_ref $leaf (local.get $x) (ref.func $leaf)))"
              "(local.set $x (call $tail (local.get $x)))"
              "(call $two (i32.const 1) (i64.const 2)) (drop) (drop)",
              "(func $tail (param i32) (result i32) (return_call $leaf (local.get 0)))"
              "(func $two (param i32 i64) (result i64 i32) (local.get 1) (local.get 0))"));
  ASSERT_NE(instance, nullptr);
  run_on_small_stack(
      [&] { EXPECT_EQ(call_u64(instance, "run", {Value::i32(kIterations)}), 4 * kIterations); });
}

TEST_F(Torture, DeepRecursionEndsInATrapNotInTheNativeStack) {
  Instance* instance = instantiate(
      "(module (func $f (export \"f\") (param i32) (result i32)"
      "  (i32.add (call $f (i32.add (local.get 0) (i32.const 1))) (i32.const 1))))");
  run_on_small_stack([&] {
    EXPECT_NE(call_error(instance, "f", {Value::i32(0)}).find("call stack exhausted"),
              std::string::npos);
  });
}

TEST_F(Torture, TailCallsNeedNoStack) {
  Instance* instance = instantiate(
      "(module (type $t (func (param i32 i64) (result i64))) (table 1 funcref)"
      "  (elem (i32.const 0) $odd)"
      "  (func $even (export \"even\") (param i32 i64) (result i64)"
      "    (if (i32.eqz (local.get 0)) (then (return (local.get 1))))"
      "    (return_call_indirect (type $t) (i32.sub (local.get 0) (i32.const 1))"
      "      (i64.add (local.get 1) (i64.const 1)) (i32.const 0)))"
      "  (func $odd (type $t)"
      "    (return_call $even (i32.sub (local.get 0) (i32.const 1)) (local.get 1))))");
  run_on_small_stack([&] {
    EXPECT_EQ(call_u64(instance, "even", {Value::i32(1'000'000), Value::i64(0)}), 500'000u);
  });
}

}  // namespace
}  // namespace wazuka
