// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Code written by hand, of a function in a module that has one of everything.
#pragma once

#include <functional>
#include <gtest/gtest.h>

#include "abi/layout.h"
#include "abi/vm.h"
#include "asm/x64/assembler.h"
#include "unit/wasm/module_fixture.h"
#include "verify/verify.h"

namespace wazuka::verify {

using namespace x64;

inline constexpr u32 kFrameBytes = 64;
inline constexpr u32 kGuardBytes = 1 << 16;

class VerifyTest : public ::testing::Test {
 protected:
  using Body = std::function<void()>;

  VerifyTest()
      : module(read_valid(
            "(module (type $t (func (param i32) (result funcref)))"
            "  (import \"m\" \"f\" (func $imported (type $t)))"
            "  (import \"m\" \"g\" (global $imported_global (mut i64)))"
            "  (memory 1) (memory $wide i64 1) (table (export \"t\") 4 funcref) (table $numbers 4 "
            "externref) (table $fixed 4 4 funcref) (table $own 4 funcref)"
            "  (tag $tag (param i64))"
            "  (global $number (mut i32) (i32.const 0))"
            "  (global $function (mut funcref) (ref.null func))"
            "  (global $exception (mut exnref) (ref.null exn))"
            "  (func $callee (type $t) (unreachable))"
            "  (func (export \"f\") (param i32 funcref) (result i32)"
            "    (drop (call $callee (i32.const 1)))"
            "    (drop (call_indirect (type $t) (i32.const 1) (i32.const 0)))"
            "    (drop (call_ref $t (i32.const 1) (ref.func $callee)))"
            "    (i32.const 0)) (elem declare func $callee))")),
        layout(*module),
        a(assembly::CpuFeatures::host()) {}

  /// Whether this is right in a function that has no frame.
  std::string frameless(const Body& body) {
    body();
    a.ret();
    EXPECT_EQ(a.finish(), assembly::CodeBuffer::Failure::kNone);
    code.bytes.assign(a.bytes().begin(), a.bytes().end());
    code.frame_bytes = 0;
    CompileEnv env{*module, layout, assembly::CpuFeatures::host()};
    env.guard_bytes = kGuardBytes;
    const auto r = verify(env, 2, code);
    return r ? "" : r.error().message;
  }
  /// The function around `body`: rdi is the first parameter, rsi the second, a reference.
  CompiledCode make(const Body& body) {
    a.push(rbp);
    a.mov(k64, rbp, rsp);
    a.sub(k64, rsp, kFrameBytes);
    a.mov(k64, Mem(rbp, -8), r14);
    body();
    a.leave();
    a.ret();
    a.bind(trap);
    trap_here();
    a.ud2();
    for (Label* label : {&loose, &trap}) {
      if (!label->is_bound()) a.bind(*label);
    }
    EXPECT_EQ(a.finish(), assembly::CodeBuffer::Failure::kNone);
    code.bytes.assign(a.bytes().begin(), a.bytes().end());
    code.frame_bytes = kFrameBytes;
    for (const assembly::Site& s : a.sites()) {
      code.relocations.push_back(
          {s.offset, Relocation::Target::kFuncCode, static_cast<u32>(s.payload)});
    }
    return code;
  }
  std::string verdict(const Body& body, bool signals = true) {
    CompileEnv env{*module, layout, assembly::CpuFeatures::host()};
    env.signals = signals;
    env.guard_bytes = signals ? kGuardBytes : 0;
    const auto r = verify(env, 2, make(body));
    return r ? "" : r.error().message;
  }
  void good(const Body& body, bool signals = true) { EXPECT_EQ(verdict(body, signals), ""); }
  void bad(const Body& body, std::string_view why, bool signals = true) {
    const std::string v = verdict(body, signals);
    EXPECT_NE(v.find(why), std::string::npos) << (v.empty() ? "accepted" : v);
    EXPECT_NE(v.find("function 2 is not safe at offset 0x"), std::string::npos) << v;
  }

  void trap_here(TrapCode c = TrapCode::kMemoryOutOfBounds) {
    code.tables.traps.push_back({a.offset(), 0, c});
  }
  /// After a call: `opcode` is that of the instruction in the body which it is for.
  void call_site(u8 opcode) {
    const ByteRange body = module->funcs[2].body;
    u32 at = body.offset;
    while (at < body.offset + body.size && module->bytes[at] != opcode) ++at;
    code.tables.calls.push_back({.return_offset = a.offset(), .wasm_offset = at});
  }
  HeapBase base() { return a.heap_base(r15, Mem(r14, offsetof(VMContext, memory0_base))); }
  Mem context(u64 offset) { return Mem(r14, static_cast<i32>(offset)); }

  std::shared_ptr<const Module> module;
  VMLayout layout;
  Assembler a;
  CompiledCode code;
  Label trap, loose;
};

inline constexpr u8 kCall = 0x10, kCallIndirect = 0x11, kCallRef = 0x14;

#define GOOD(name, ...)        \
  TEST_F(VerifyTest, name) {   \
    good([&] { __VA_ARGS__ }); \
  }
#define BAD(name, why, ...)        \
  TEST_F(VerifyTest, name) {       \
    bad([&] { __VA_ARGS__ }, why); \
  }

}  // namespace wazuka::verify
