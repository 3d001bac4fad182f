// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Stacks whose frames are by turns machine code, interpreted, and the host's: exceptions find their
// way through all of them, and so does the collector, which moves every object at each allocation.
#if defined(__x86_64__) && defined(__linux__)

#include <bit>
#include <string>

#include "baseline/compiler.h"
#include "unit/runtime/runtime_fixture.h"

namespace wazuka {
namespace {

constexpr u32 kFunctions = 8;  // of each kind; each calls the next one
constexpr u32 kImports = 2;

// Bit i: the functions number i are interpreted. Set before the module is made.
u32 interpreted = 0;

Result<CompiledCode> compile_some(const CompileEnv& env, u32 func_index) {
  const u32 number = (func_index - kImports) % kFunctions;
  if ((interpreted >> number & 1) != 0) return fail("to be interpreted");
  return baseline::compile(env, func_index);
}

struct Mix {
  u32 interpreted, through_host;  // bits by number
  bool signals;
};

EngineConfig config_of(const Mix& mix) {
  interpreted = mix.interpreted;
  EngineConfig config;
  config.compile = compile_some;
#if WAZUKA_VERIFIER
  config.verify = verify::verify;
#endif
  config.signals_based_traps = mix.signals;
  config.gc.stress_interval = 1;
  return config;
}

struct MixedFrames : RuntimeTest, testing::WithParamInterface<Mix> {
  MixedFrames() : RuntimeTest(config_of(GetParam())) {}

  /// "h" "throws"/"adds" (n): calls function n % kFunctions of that kind.
  template <char kKind>
  static TrapOr back(void* env, VMContext*, Cell* cells) {
    auto& self = *static_cast<MixedFrames*>(env);
    const u32 n = static_cast<u32>(cells[0]);
    ++self.through_host;
    auto result = self.call(self.instance, kKind + std::to_string(n % kFunctions), {Value::i32(n)});
    if (!result) return self.store.raise(std::move(result).error());
    cells[0] = result->front().cells[0];
    return kNoTrap;
  }

  std::string call_of_next(char kind, u32 i) const {
    const bool host = (GetParam().through_host >> i & 1) != 0;
    const std::string callee =
        host ? (kind == 't' ? "$throws" : "$adds")
             : "$" + (kind + std::to_string((i + kFunctions - 1) % kFunctions));
    return "(call " + callee + " (i32.sub (local.get $n) (i32.const 1)))";
  }

  // Catches what the callee throws and throws something else, with an object; knows its own object
  // afterwards.
  std::string thrower(u32 i) const {
    const std::string name = "t" + std::to_string(i);
    return "(func $" + name + " (export \"" + name +
           "\") (param $n i32) (result i32)"
           "  (local $mine (ref null $box)) (local $theirs (ref null $box)) (local $got i32)"
           "  (local.set $mine (struct.new $box (i32.add (local.get $n) (i32.const 1000))))"
           "  (if (i32.eqz (local.get $n))"
           "    (then (throw $t (i32.const 7) (struct.new $box (i32.const 5)))))"
           "  (block $h (result i32 (ref $box))"
           "    (try_table (catch $t $h) (drop " +
           call_of_next('t', i) +
           "))"
           "    (unreachable))"
           "  (local.set $theirs) (local.set $got)"
           "  (drop (struct.new $box (i32.const -1)))"
           "  (if (i32.ne (struct.get $box 0 (local.get $mine))"
           "              (i32.add (local.get $n) (i32.const 1000))) (then (unreachable)))"
           "  (throw $t (i32.add (local.get $got) (i32.const 1))"
           "    (struct.new $box (i32.add (struct.get $box 0 (local.get $theirs)) (i32.const "
           "2)))))";
  }
  // Adds up; has an object on the operand stack and one in a local during the call.
  std::string adder(u32 i) const {
    const std::string name = "a" + std::to_string(i);
    return "(func $" + name + " (export \"" + name +
           "\") (param $n i32) (result i32)"
           "  (local $mine (ref null $box))"
           "  (if (i32.eqz (local.get $n)) (then (return (i32.const 0))))"
           "  (local.set $mine (struct.new $box (local.get $n)))"
           "  (struct.new $box (i32.mul (local.get $n) (i32.const 3)))"
           "  " +
           call_of_next('a', i) +
           "  (drop (struct.new $box (i32.const -1)))"
           "  (call $add3 (local.get $mine)))";
  }

  void make() {
    static constexpr ValType kNumber[] = {kI32};
    const FuncType type{kNumber, kNumber};
    ASSERT_TRUE(linker.define("h", "throws", store.new_host_func(type, back<'t'>, this)));
    ASSERT_TRUE(linker.define("h", "adds", store.new_host_func(type, back<'a'>, this)));
    std::string text =
        "(module (import \"h\" \"throws\" (func $throws (param i32) (result i32)))"
        "  (import \"h\" \"adds\" (func $adds (param i32) (result i32)))"
        "  (type $box (struct (field (mut i32)))) (tag $t (param i32 (ref $box)))";
    for (u32 i = 0; i < kFunctions; ++i) text += thrower(i);
    for (u32 i = 0; i < kFunctions; ++i) text += adder(i);
    text +=
        "(func $add3 (param (ref $box) i32 (ref null $box)) (result i32)"
        "  (i32.add (local.get 1) (i32.add (struct.get $box 0 (local.get 0))"
        "                                  (struct.get $box 0 (local.get 2)))))"
        "(func (export \"catches\") (param $n i32) (result i32) (local $theirs (ref null $box))"
        "  (block $h (result i32 (ref $box))"
        "    (try_table (catch $t $h) (drop (call $throws (local.get $n)))) (unreachable))"
        "  (local.set $theirs)"
        "  (i32.add (i32.mul (i32.const 10000)) (struct.get $box 0 (local.get $theirs)))))";
    // (i32.mul with one operand in front of it on the stack)
    instance = instantiate(text);
    ASSERT_NE(instance, nullptr);
  }

  Instance* instance = nullptr;
  u32 through_host = 0;
};

TEST_P(MixedFrames, ExceptionsComeThrough) {
  make();
  for (u32 n : {0u, 1u, 7u, 40u}) {
    EXPECT_EQ(call_u64(instance, "catches", {Value::i32(n)}), (7 + n) * 10000 + 5 + 2 * n) << n;
  }
  EXPECT_GT(through_host, 0u);
  // Nobody catches it.
  for (u32 i = 0; i < kFunctions; ++i) {
    const std::string error = call_error(instance, "t" + std::to_string(i), {Value::i32(8 + i)});
    EXPECT_NE(error.find("thrown Wasm exception"), std::string::npos) << error;
  }
}

TEST_P(MixedFrames, ObjectsSurviveInAllFrames) {
  make();
  for (u32 i = 0; i < kFunctions; ++i) {
    for (u32 n : {1u, 9u, 50u}) {
      // Number i is called with n, so that host functions go on where they were called.
      const u32 start = n / kFunctions * kFunctions + i;
      EXPECT_EQ(call_u64(instance, "a" + std::to_string(i), {Value::i32(start)}),
                4 * start * (start + 1) / 2);
    }
  }
}

TEST_P(MixedFrames, BacktracesHaveAllOfThem) {
  make();
  static_cast<void>(call_error(instance, "t5", {Value::i32(5)}));
  // Thrown by number 0 first, and again by each of its callers; the last one is number 5.
  const auto trace = store.last_trace();
  ASSERT_EQ(trace.size(), 1u);
  EXPECT_EQ(trace[0].func_index, kImports + 5);
}

std::vector<Mix> mixes() {
  std::vector<Mix> all;
  for (u32 bits : {0x00u, 0xffu, 0x55u, 0xaau, 0x33u, 0x0fu, 0x96u}) {
    for (u32 host : {0x00u, 0x24u, 0xffu}) {
      all.push_back({bits, host, (std::popcount(bits) + std::popcount(host)) % 2 == 0});
      all.push_back({bits, host, (std::popcount(bits) + std::popcount(host)) % 2 != 0});
    }
  }
  return all;
}

INSTANTIATE_TEST_SUITE_P(All, MixedFrames, testing::ValuesIn(mixes()), [](const auto& p) {
  char name[64];
  std::snprintf(name, sizeof name, "Interpreted%02xHost%02x%s", p.param.interpreted,
                p.param.through_host, p.param.signals ? "Signals" : "Explicit");
  return std::string(name);
});

}  // namespace
}  // namespace wazuka

#endif
