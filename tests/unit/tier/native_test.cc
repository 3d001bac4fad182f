// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// The native side of the runtime, with machine code written by hand in the place of a compiler's:
// what docs/abi.md promises is tested here, what a compiler makes of it in the suites.
#if defined(__x86_64__) && defined(__linux__)

#include <cstddef>
#include <fcntl.h>
#include <functional>
#include <signal.h>
#include <string>
#include <unistd.h>

#include "asm/x64/assembler.h"
#include "unit/runtime/runtime_fixture.h"

namespace wazuka {
namespace {

using namespace x64;  // NOLINT: register names

/// What the "compiler" of the current test makes of a function; null: it refuses.
using Emit = std::function<bool(Assembler&, CompiledCode&, const CompileEnv&, u32 func)>;
Emit emit;

Result<CompiledCode> compile_by_hand(const CompileEnv& env, u32 func) {
  CompiledCode code;
  Assembler a(env.cpu);
  if (!emit || !emit(a, code, env, func)) return fail("refused");
  EXPECT_EQ(a.finish(), assembly::CodeBuffer::Failure::kNone);
  code.bytes.assign(a.bytes().begin(), a.bytes().end());
  return code;
}

EngineConfig native_config() {
  EngineConfig config;
  config.compile = compile_by_hand;
  return config;
}

struct NativeTest : RuntimeTest {
  NativeTest() : RuntimeTest(native_config()) { emit = nullptr; }
  ~NativeTest() override { emit = nullptr; }
};

i32 disp(size_t offset) {
  return static_cast<i32>(offset);
}

/// A frame of 32 bytes: two cells.
void prologue(Assembler& a, CompiledCode& code) {
  a.push(rbp);
  a.mov(k64, rbp, rsp);
  a.sub(k64, rsp, 32);
  a.mov(k64, Mem(rbp, -8), r14);
  code.frame_bytes = 32;
}

/// r10, r14 for a call of imported function `index`, which is the host's.
void load_import(Assembler& a, const CompileEnv& env, u32 index) {
  a.mov(k64, r10, Mem(r14, disp(env.layout.imported_func(index))));
  a.mov(k64, r10, Mem(r10, disp(offsetof(VMFuncRef, code))));
}

/// A call site at the current offset.
void note_call(Assembler& a, CompiledCode& code, u32 wasm_offset) {
  CallSite site;
  site.return_offset = a.offset();
  site.wasm_offset = wasm_offset;
  code.tables.calls.push_back(site);
}

// Signatures
// ---------------------------------------------------------------------------------------

/// Adds 1 to each of env's cells, so that all arrive and go back.
TrapOr add_one(void* env, VMContext*, Cell* cells) {
  for (u32 i = 0; i < *static_cast<u32*>(env); ++i) ++cells[i];
  return kNoTrap;
}

struct Signature {
  const char* types;  // parameters and results alike
  bool native;        // whether the function that calls the host is machine code
};

struct Signatures : NativeTest, testing::WithParamInterface<Signature> {};

TEST_P(Signatures, Pass) {
  const std::string types = GetParam().types;
  std::string list;
  std::vector<ValType> value_types;
  for (char c : types) {
    list += c == 'i' ? " i32" : c == 'l' ? " i64" : c == 'f' ? " f32" : c == 'd' ? " f64" : " v128";
    value_types.push_back(c == 'i'   ? kI32
                          : c == 'l' ? kI64
                          : c == 'f' ? kF32
                          : c == 'd' ? kF64
                                     : kV128);
  }
  std::string text = "(module (type $t (func (param" + list + ") (result" + list + ")))" +
                     "(import \"h\" \"f\" (func $h (type $t))) (func (export \"g\") (type $t)";
  for (size_t i = 0; i < types.size(); ++i) text += " (local.get " + std::to_string(i) + ")";
  text += " (return_call $h)))";
  if (GetParam().native) {
    emit = [](Assembler& a, CompiledCode&, const CompileEnv& env, u32) {
      load_import(a, env, 0);
      a.jmp(Mem(r10, disp(offsetof(FuncCode, native))));
      return true;
    };
  }
  u32 cells = cell_count(value_types);
  const FuncType type{value_types, value_types};
  ASSERT_TRUE(linker.define("h", "f", store.new_host_func(type, add_one, &cells)).has_value());
  Instance* instance = instantiate(text);
  ASSERT_NE(instance, nullptr);
  std::vector<Value> args;
  u64 n = 100;
  for (ValType t : value_types) {
    Value v{t, {}};
    v.cells[0] = n++;
    if (t == kV128) v.cells[1] = n++;
    args.push_back(v);
  }
  for (int round = 0; round < 2; ++round) {  // through the lazy stubs, then directly
    auto results = call(instance, "g", args);
    ASSERT_TRUE(results.has_value()) << chain(results.error().error);
    ASSERT_EQ(results->size(), args.size());
    for (size_t i = 0; i < args.size(); ++i) {
      EXPECT_EQ((*results)[i].cells[0], args[i].cells[0] + 1) << i;
      if (args[i].type == kV128) {
        EXPECT_EQ((*results)[i].cells[1], args[i].cells[1] + 1) << i;
      }
    }
  }
}

constexpr const char* kShapes[] = {"",
                                   "i",
                                   "l",
                                   "d",
                                   "v",
                                   "ilfdv",
                                   "iiiiii",
                                   "iiiiiiii",
                                   "dddddddd",
                                   "fdfdfdfdfd",
                                   "vvvvvvvv",
                                   "vvvvvvvvvvi",
                                   "ildfvildfvildfvildfvildfv"};

std::vector<Signature> all_signatures() {
  std::vector<Signature> all;
  for (const char* shape : kShapes) {
    all.push_back({shape, true});
    all.push_back({shape, false});
  }
  return all;
}

INSTANTIATE_TEST_SUITE_P(All, Signatures, testing::ValuesIn(all_signatures()));

// Traps
// --------------------------------------------------------------------------------------------

TEST_F(NativeTest, Ud2IsTheTrapOfItsSite) {
  emit = [](Assembler& a, CompiledCode& code, const CompileEnv&, u32) {
    prologue(a, code);
    code.tables.traps.push_back({a.offset(), 0x123, TrapCode::kIntegerOverflow});
    a.ud2();
    return true;
  };
  Instance* instance = instantiate("(module (func (export \"f\")))");
  for (int round = 0; round < 3; ++round) {
    const std::string error = call_error(instance, "f");
    EXPECT_NE(error.find("integer overflow"), std::string::npos) << error;
    EXPECT_NE(error.find("0x123 - "), std::string::npos) << error;
  }
}

TEST_F(NativeTest, FaultInAMemoryIsATrap) {
  emit = [](Assembler& a, CompiledCode& code, const CompileEnv& env, u32) {
    EXPECT_TRUE(env.guarded(0));
    prologue(a, code);
    a.mov(k64, rax, Mem(r14, disp(offsetof(VMContext, memory0_base))));
    code.tables.traps.push_back({a.offset(), 0x44, TrapCode::kMemoryOutOfBounds});
    a.mov(k32, rax, Mem(rax, rdi, Scale::k1));
    a.leave();
    a.ret();
    return true;
  };
  Instance* instance =
      instantiate("(module (memory 1) (func (export \"f\") (param i32) (result i32) i32.const 0))");
  EXPECT_EQ(call_u64(instance, "f", {Value::i32(8)}), 0u);
  for (u32 address : {0x10000u, 0x7fffffffu, 0xffffffffu}) {
    const std::string error = call_error(instance, "f", {Value::i32(address)});
    char at[32];
    std::snprintf(at, sizeof at, "wasm address %#x in", address);
    EXPECT_NE(error.find(at), std::string::npos) << error;
  }
}

TEST_F(NativeTest, DeepRecursionEndsAtTheLimit) {
  emit = [](Assembler& a, CompiledCode& code, const CompileEnv&, u32 func) {
    prologue(a, code);
    a.mov(k64, rax, Mem(r14, disp(offsetof(VMContext, store_context))));
    a.cmp(k64, rsp, Mem(rax, disp(offsetof(VMStoreContext, native_stack_limit))));
    Label room;
    a.jcc(Cond::kA, room);
    code.tables.traps.push_back({a.offset(), 1, TrapCode::kStackOverflow});
    a.ud2();
    a.bind(room);
    a.lea(k64, r10, RipMem::outside(0, func));
    code.relocations.push_back({a.offset() - 4, Relocation::Target::kFuncCode, func});
    a.call(Mem(r10, disp(offsetof(FuncCode, native))));
    note_call(a, code, 2);
    a.leave();
    a.ret();
    return true;
  };
  Instance* instance = instantiate("(module (func $f (export \"f\") (call $f)))");
  const std::string error = call_error(instance, "f");
  EXPECT_NE(error.find("call stack exhausted"), std::string::npos) << error;
  EXPECT_GT(store.last_trace().size(), 5000u);
}

// A function that is interpreted calls machine code, which calls the first again, and so on: the
// backtrace has all of them, and the stack ends somewhere.
TEST_F(NativeTest, TiersNest) {
  emit = [](Assembler& a, CompiledCode& code, const CompileEnv&, u32 func) {
    if (func != 1) return false;
    prologue(a, code);
    a.lea(k64, r10, RipMem::outside(0, 0));
    code.relocations.push_back({a.offset() - 4, Relocation::Target::kFuncCode, 0});
    a.call(Mem(r10, disp(offsetof(FuncCode, native))));
    note_call(a, code, 0x77);
    a.leave();
    a.ret();
    return true;
  };
  Instance* instance = instantiate(
      "(module (func $i (export \"i\") (param i32) (result i32)"
      "  (if (i32.eqz (local.get 0)) (then (unreachable)))"
      "  (i32.add (i32.const 1) (call $n (i32.sub (local.get 0) (i32.const 1)))))"
      "  (func $n (param i32) (result i32) unreachable))");
  EXPECT_NE(call_error(instance, "i", {Value::i32(3)}).find("unreachable"), std::string::npos);
  const auto trace = store.last_trace();
  ASSERT_EQ(trace.size(), 7u);
  for (u32 i = 0; i < 7; ++i) {
    EXPECT_EQ(trace[i].func_index, i % 2) << i;
    if (i % 2 == 1) {
      EXPECT_EQ(trace[i].offset, 0x77u);
    }
  }
  EXPECT_NE(call_error(instance, "i", {Value::i32(~u32{0})}).find("call stack exhausted"),
            std::string::npos);
}

// Other people's faults
// ------------------------------------------------------------------------------

struct ForeignFault : NativeTest {
  static void run() {
    ForeignFault test;
    emit = [](Assembler& a, CompiledCode& code, const CompileEnv&, u32) {
      prologue(a, code);
      a.ud2();  // without a trap site
      return true;
    };
    static_cast<void>(test.call_error(test.instantiate("(module (func (export \"f\")))"), "f"));
  }
  void TestBody() override {}
};

TEST(ForeignFaultDeathTest, EndsTheProcess) {
  GTEST_FLAG_SET(death_test_style, "threadsafe");
  auto run = [] {
    for (int s : {SIGILL, SIGSEGV}) signal(s, SIG_DFL);  // sanitizers have handlers
    ForeignFault::run();
  };
  EXPECT_EXIT(run(), testing::KilledBySignal(SIGILL), "");
}

TEST(ForeignFaultDeathTest, GoesToTheHandlerBefore) {
  GTEST_FLAG_SET(death_test_style, "threadsafe");
  auto run = [] {
    struct sigaction action = {};
    action.sa_sigaction = [](int, siginfo_t* info, void*) {
      _exit(info->si_addr != nullptr ? 42 : 1);
    };
    action.sa_flags = SA_SIGINFO;
    sigaction(SIGILL, &action, nullptr);
    ForeignFault::run();
  };
  EXPECT_EXIT(run(), testing::ExitedWithCode(42), "");
}

// Executable memory
// ------------------------------------------------------------------------------------

std::string read_maps() {
  std::string text;
  char buffer[4096];
  const int fd = open("/proc/self/maps", O_RDONLY);
  for (ssize_t n; (n = read(fd, buffer, sizeof buffer)) > 0;)
    text.append(buffer, static_cast<size_t>(n));
  close(fd);
  return text;
}

TEST_F(NativeTest, NothingIsWritableAndExecutable) {
  emit = [](Assembler& a, CompiledCode&, const CompileEnv&, u32) {
    a.ret();
    return true;
  };
  Instance* instance = instantiate("(module (func (export \"f\")))");
  EXPECT_TRUE(call(instance, "f").has_value());
  const std::string maps = read_maps();
  EXPECT_NE(maps.find(" r-xs "), std::string::npos) << "no code is mapped";
  for (size_t at = 0; at < maps.size();) {
    const size_t end = maps.find('\n', at);
    const std::string line = maps.substr(at, end - at);
    const std::string flags = line.substr(line.find(' ') + 1, 4);
    EXPECT_FALSE(flags[1] == 'w' && flags[2] == 'x') << line;
    if (line.find("wazuka-code") != std::string::npos) {
      EXPECT_NE(flags[1], 'w') << line;
    }
    at = end + 1;
  }
}

}  // namespace
}  // namespace wazuka

#endif
