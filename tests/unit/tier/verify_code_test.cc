// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// EngineConfig::verify: what it refuses is never run, neither as machine code nor interpreted, and
// whoever wants it gets the reason.
#if defined(__x86_64__) && defined(__linux__)

#include <atomic>
#include <set>

#include "asm/x64/assembler.h"
#include "baseline/compiler.h"
#include "unit/runtime/runtime_fixture.h"

namespace wazuka {
namespace {

std::atomic<u32> asked = 0;

/// Refuses functions 3 and 4.
Result<void> refuse_some(const CompileEnv&, u32 func_index, const CompiledCode& code,
                         const OsrEntry*) {
  ++asked;
  EXPECT_FALSE(code.bytes.empty());
  if (func_index < 3) return {};
  return fail("function " + std::to_string(func_index) + " is refused");
}

EngineConfig refusing_config(bool lazy) {
  EngineConfig config;
  config.verify = refuse_some;
  config.lazy_compilation = lazy;
  return config;
}

constexpr const char* kModule = R"((module
  (import "h" "back" (func $back))
  (global $ran (export "ran") (mut i32) (i32.const 0))
  (func $good (export "good") (result i32) (i32.const 42))
  (func $calls_bad (export "calls_bad") (global.set $ran (i32.const 1)) (call $bad)
    (global.set $ran (i32.const 2)))
  (func $bad (export "bad") (global.set $ran (i32.const 3)))
  (func $worse (export "worse") (global.set $ran (i32.const 4))))
)";

struct RefusalTest : RuntimeTest {
  RefusalTest() : RuntimeTest(refusing_config(true)) { asked = 0; }

  static TrapOr back(void* env, VMContext*, Cell*) {
    auto& self = *static_cast<RefusalTest*>(env);
    auto result = self.call(self.instance, "worse");
    if (result) return kNoTrap;
    self.seen = chain(result.error().error);
    return self.store.raise(std::move(result).error());
  }

  void make() {
    ASSERT_TRUE(linker.define("h", "back", store.new_host_func({}, back, this)).has_value());
    instance = instantiate(kModule);
    ASSERT_NE(instance, nullptr);
  }
  u64 ran() {
    std::optional<Extern> item = instance->find_export("ran");
    return std::get<Global>(*item).vm->cells[0] & 0xffff'ffff;
  }

  Instance* instance = nullptr;
  std::string seen;
};

TEST_F(RefusalTest, CallsFromTheHostEndWithTheReason) {
  make();
  EXPECT_EQ(call_u64(instance, "good"), 42u);
  for (int round = 0; round < 3; ++round) {
    const std::string error = call_error(instance, "bad");
    EXPECT_NE(error.find("function 3 is refused"), std::string::npos) << error;
    EXPECT_NE(call_error(instance, "worse").find("function 4 is refused"), std::string::npos);
  }
  EXPECT_EQ(ran(), 0u);
  EXPECT_EQ(call_u64(instance, "good"), 42u);
}

TEST_F(RefusalTest, CallsFromCodeEndTheActivation) {
  make();
  const std::string error = call_error(instance, "calls_bad");
  EXPECT_NE(error.find("function 3 is refused"), std::string::npos) << error;
  EXPECT_EQ(ran(), 1u);
  const auto trace = store.last_trace();
  ASSERT_EQ(trace.size(), 1u);
  EXPECT_EQ(trace[0].func_index, 2u);
}

TEST_F(RefusalTest, PassesThroughHostFunctions) {
  make();
  Instance* outer = instantiate(R"((module (import "h" "back" (func $back))
    (func (export "f") (call $back))))");
  ASSERT_NE(outer, nullptr);
  EXPECT_NE(call_error(outer, "f").find("function 4 is refused"), std::string::npos);
  EXPECT_NE(seen.find("function 4 is refused"), std::string::npos);
  EXPECT_EQ(ran(), 0u);
}

Result<CompiledCode> compile_but_one(const CompileEnv& env, u32 func_index) {
  if (func_index == 2) return fail("to be interpreted");
  return baseline::compile(env, func_index);
}

struct InterpretedCaller : RefusalTest {
  InterpretedCaller() {
    EngineConfig config = refusing_config(true);
    config.compile = compile_but_one;
    other_engine = std::make_shared<Engine>(config);
  }
  std::shared_ptr<Engine> other_engine;
};

TEST_F(InterpretedCaller, IsEndedToo) {
  auto binary = wat::text_to_binary(kModule);
  ASSERT_TRUE(binary.has_value());
  auto code = ModuleCode::from_binary(other_engine, std::make_shared<OwnedModuleBytes>(*binary));
  ASSERT_TRUE(code.has_value());
  Store other(other_engine);
  Linker links(other);
  static constexpr auto kNothing = [](void*, VMContext*, Cell*) -> TrapOr { return kNoTrap; };
  ASSERT_TRUE(links.define("h", "back", other.new_host_func({}, kNothing, nullptr)).has_value());
  auto made = links.instantiate(*code);
  ASSERT_TRUE(made.has_value());
  for (int round = 0; round < 2; ++round) {
    std::optional<Extern> item = (*made)->find_export("calls_bad");
    auto result = other.call_raw(*as_func(&*item), nullptr);
    ASSERT_FALSE(result.has_value());
    const std::string error = chain(result.error().error);
    EXPECT_NE(error.find("function 3 is refused"), std::string::npos) << error;
    std::optional<Extern> ran = (*made)->find_export("ran");
    EXPECT_EQ(std::get<Global>(*ran).vm->cells[0] & 0xffff'ffff, 1u);
  }
}

TEST(RefusalAtOnce, IsTheErrorOfTheModule) {
  asked = 0;
  auto engine = std::make_shared<Engine>(refusing_config(false));
  auto binary = wat::text_to_binary(kModule);
  ASSERT_TRUE(binary.has_value());
  for (int round = 0; round < 20; ++round) {  // whichever thread was first
    auto code = ModuleCode::from_binary(engine, std::make_shared<OwnedModuleBytes>(*binary));
    ASSERT_FALSE(code.has_value());
    EXPECT_EQ(code.error().message, "function 3 is refused");
  }
  EXPECT_EQ(asked.load(), 20u * 4u);
}

#if WAZUKA_VERIFIER

// A compiler with a hole: it uses a parameter of 32 bits as an index as it is.
Result<CompiledCode> compile_with_hole(const CompileEnv& env, u32) {
  using namespace x64;  // NOLINT: register names
  CompiledCode code;
  Assembler a(env.cpu);
  a.push(rbp);
  a.mov(k64, rbp, rsp);
  a.sub(k64, rsp, 32);
  a.mov(k64, Mem(rbp, -8), r14);
  a.mov(k64, rax, Mem(r14, static_cast<i32>(offsetof(VMContext, memory0_base))));
  code.tables.traps.push_back({a.offset(), 0, TrapCode::kMemoryOutOfBounds});
  a.mov(k32, rax, Mem(rax, rdi, Scale::k1));
  a.leave();
  a.ret();
  EXPECT_EQ(a.finish(), assembly::CodeBuffer::Failure::kNone);
  code.bytes.assign(a.bytes().begin(), a.bytes().end());
  code.frame_bytes = 32;
  return code;
}

TEST(RefusalByTheVerifier, NamesFunctionPlaceAndReason) {
  EngineConfig config;
  config.compile = compile_with_hole;
  config.verify = verify::verify;
  config.lazy_compilation = false;
  auto binary = wat::text_to_binary(
      "(module (memory 1) (func (param i32) (result i32) (i32.load (local.get 0))))");
  ASSERT_TRUE(binary.has_value());
  auto code = ModuleCode::from_binary(std::make_shared<Engine>(config),
                                      std::make_shared<OwnedModuleBytes>(*binary));
  ASSERT_FALSE(code.has_value());
  EXPECT_EQ(code.error().message,
            "emitted code of function 0 is not safe at offset 0x10: mov eax, [rax+rdi*1]: the "
            "upper half of the index may be anything");
}

#endif

/// Refuses the second code of each function.
Result<void> refuse_better(const CompileEnv&, u32 func_index, const CompiledCode&,
                           const OsrEntry*) {
  static std::set<u32> known;
  if (known.insert(func_index).second) return {};
  return fail("better code of function " + std::to_string(func_index) + " is refused");
}

struct RefusalOfBetterCode : RuntimeTest {
  static EngineConfig config() {
    EngineConfig config;
    config.verify = refuse_better;
    config.tier_up = true;
    config.background_compilation = false;
    config.tier_up_budget = 1;
    return config;
  }
  RefusalOfBetterCode() : RuntimeTest(config()) {}
};

TEST_F(RefusalOfBetterCode, EndsTheNextCallWithTheReason) {
  Instance* instance = instantiate(R"((module
    (func $f (result i32) (i32.const 1))
    (func (export "g") (result i32) (i32.add (call $f) (call $f)))))");
  const std::string error = call_error(instance, "g") + call_error(instance, "g");
  EXPECT_NE(error.find("better code of function"), std::string::npos) << error;
}

}  // namespace
}  // namespace wazuka

#endif
