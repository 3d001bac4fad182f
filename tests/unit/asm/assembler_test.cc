// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Functions made by the assembler and executed: what a disassembler cannot tell.
#include "asm/x64/assembler.h"

#include <array>
#include <bit>
#include <cstring>
#include <gtest/gtest.h>
#include <limits>

#include "unit/asm/executable.h"
#include "unit/asm/instances.h"

namespace wazuka::x64 {
namespace {

using Failure = CodeBuffer::Failure;

TEST(Assembler, FailsWhenShortJumpsGoFar) {
  Assembler a{CpuFeatures()};
  Label end;
  a.jcc(Cond::kE, end, Reach::kShort);
  a.nops(200);
  a.bind(end);
  EXPECT_EQ(a.finish(), Failure::kShortJumpTooFar);
}

// A hostile function may be so large that the code is refused; nothing must go wrong until then.
TEST(Assembler, GoesOnAfterAFailure) {
  Assembler a(CpuFeatures(), 2'000);
  Label loop, end;
  a.bind(loop);
  for (u32 i = 0; i < 1'000; ++i) {
    a.movups(xmm0, a.constant(std::array<u8, 16>{static_cast<u8>(i), static_cast<u8>(i >> 8)}));
    a.jmp(loop);
    a.jcc(Cond::kA, end);
    a.jcc(Cond::kA, end, Reach::kShort);
  }
  a.bind(end);
  EXPECT_EQ(a.finish(), Failure::kTooLarge);
  EXPECT_LT(a.bytes().size(), 20'000u);
}

TEST(Assembler, BackwardJumpsAreAsShortAsTheyCanBe) {
  for (u32 distance : {0u, 126u, 127u, 200u}) {
    Assembler a{CpuFeatures()};
    Label loop;
    a.bind(loop);
    a.nops(distance);
    a.jmp(loop);
    u32 expected = distance + 2 <= 128 ? 2 : 5;
    EXPECT_EQ(a.offset(), distance + expected);
    a.jcc(Cond::kNe, loop);
    EXPECT_EQ(a.finish(), Failure::kNone);
  }
}

TEST(Assembler, ImmediatesAreAsShortAsTheyCanBe) {
  Assembler a{all_features()};
  auto length = [&](auto emit) {
    a.reset();
    emit();
    return a.offset();
  };
  EXPECT_EQ(length([&] { a.add(k32, rax, 127); }), 3u);
  EXPECT_EQ(length([&] { a.add(k32, rax, 128); }), 6u);
  EXPECT_EQ(length([&] { a.add(k32, rax, 0xffff'ffff); }), 3u);  // -1
  EXPECT_EQ(length([&] { a.add(k64, rax, -1); }), 4u);
  EXPECT_EQ(length([&] { a.add(k16, rax, 0xffff); }), 4u);
  EXPECT_EQ(length([&] { a.load_imm(rax, 1); }), 5u);
  EXPECT_EQ(length([&] { a.load_imm(rax, ~u64{0}); }), 7u);
  EXPECT_EQ(length([&] { a.load_imm(rax, u64{1} << 32); }), 10u);
  EXPECT_EQ(length([&] { a.mov(k32, rax, Mem(rbp, -8)); }), 3u);
  EXPECT_EQ(length([&] { a.vaddps(xmm1, xmm2, xmm3); }), 4u);
}

TEST(Assembler, AcceptsOnlyWhatTheRowsSay) {
  const InstInfo& add = info(Inst::add_rm);
  EXPECT_TRUE(accepts(add, k32, std::array<Operand, 2>{rax, rcx}));
  EXPECT_TRUE(accepts(add, k8, std::array<Operand, 2>{rax, Mem(rcx)}));
  EXPECT_FALSE(accepts(add, k32, std::array<Operand, 2>{rax, xmm0}));
  EXPECT_FALSE(accepts(add, k32, std::array<Operand, 2>{Mem(rcx), rax}));
  EXPECT_FALSE(accepts(info(Inst::movzx_b), k8, std::array<Operand, 2>{rax, rcx}));
  EXPECT_FALSE(accepts(info(Inst::rol_i), k32, std::array<Operand, 2>{rax, Operand(i64{256})}));
  EXPECT_FALSE(supported(info(Inst::vpmullq), CpuFeatures::level(3)));
  EXPECT_FALSE(supported(info(Inst::vpmullq), CpuFeatures().with(CpuFeature::kAvx512Dq)));
  EXPECT_TRUE(supported(info(Inst::vpmullq), CpuFeatures::level(4)));
}

TEST(Mem, RemembersItsParts) {
  for (const Mem& m : all_memory_operands()) {
    if (m.disp() > 1'000'000 || m.disp() < -1'000'000) continue;
    Mem moved = m.plus(1000).plus(-1000);
    EXPECT_EQ(moved, m);
    EXPECT_EQ(m.plus(24).disp(), m.disp() + 24);
  }
  Mem m(r13, r12, Scale::k4, -5);
  EXPECT_EQ(m.base(), r13);
  EXPECT_EQ(m.index(), r12);
  EXPECT_EQ(m.scale(), Scale::k4);
  EXPECT_EQ(Mem(rsp).index(), std::nullopt);
  EXPECT_FALSE(Mem::scaled(rax, Scale::k2, 7).has_base());
}

TEST(ZextSet, ForgetsWhatIsErased) {
  Assembler a{CpuFeatures()};
  ZextSet set, other;
  set.insert(a.zero_extend(rcx, rdx));
  set.insert(a.index<Inst::mov_u32>(rbx, 7));
  EXPECT_TRUE(set.find(rcx) && set.find(rbx));
  EXPECT_FALSE(set.find(rdx));
  other.insert(a.zero_extend(rcx, rcx));
  set.intersect(other);
  EXPECT_TRUE(set.find(rcx));
  EXPECT_FALSE(set.find(rbx));
  set.erase(rcx);
  EXPECT_FALSE(set.find(rcx));
}

TEST(HeapMemDeathTest, OffsetsThatWouldBeNegativeAreRefused) {
  Assembler a{CpuFeatures()};
  HeapBase base = a.heap_base(r15, Mem(rdi));
  ZextIndex index = a.zero_extend(rcx, rcx);
  HeapMem::at(base, index, HeapMem::kOffsetLimit - 1);
  EXPECT_DEATH(HeapMem::at(base, index, HeapMem::kOffsetLimit), "");
  EXPECT_DEATH(HeapMem::at(base, 0x7fff'ffff, 1), "");
}

#if defined(__x86_64__)

/// Finishes the code and makes it callable.
class Function {
 public:
  explicit Function(Assembler& a) : failure_(a.finish()), code_(a.bytes()) {}

  template <class Signature, class... Args>
  auto call(Args... args) const {
    EXPECT_EQ(failure_, Failure::kNone);
    EXPECT_TRUE(code_.ok());
    return code_.as<Signature>()(args...);
  }

 private:
  Failure failure_;
  Executable code_;
};

TEST(Execution, LoopWithLabels) {
  Assembler a{CpuFeatures()};
  Label loop, end;
  a.xor_(k32, rax, rax);
  a.mov_u32(rcx, 1);
  a.bind(loop);
  a.test(k32, rdi, rdi);
  a.jcc(Cond::kE, end, Reach::kShort);
  a.mov(k64, rdx, rcx);
  a.add(k64, rcx, rax);
  a.mov(k64, rax, rdx);
  a.sub(k32, rdi, 1);
  a.jmp(loop);
  a.bind(end);
  a.ret();
  Function fib(a);
  EXPECT_EQ(fib.call<u64(u32)>(10u), 55u);
  EXPECT_EQ(fib.call<u64(u32)>(90u), 2880067194370816120u);
}

TEST(Execution, TableOfJumps) {
  Assembler a{CpuFeatures()};
  Label table, cases[4];
  a.lea(k64, rcx, RipMem::to(table));
  a.lea(k64, rcx, Mem(rcx, rdi, Scale::k4));
  a.movsxd(rdx, Mem(rcx));
  a.lea(k64, rdx, Mem(rcx, rdx, Scale::k1, 4));
  a.jmp(rdx);
  a.align(4);
  a.bind(table);
  for (Label& c : cases) a.distance_to(c);
  for (u32 i = 4; i-- > 0;) {
    a.bind(cases[i]);
    a.mov_u32(rax, 100 + i);
    a.ret();
  }
  Function f(a);
  for (u64 i = 0; i < 4; ++i) EXPECT_EQ(f.call<u32(u64)>(i), 100 + i);
}

TEST(Execution, ConstantsAndCalls) {
  Assembler a{CpuFeatures()};
  Label half;
  a.call(half);
  a.addsd(xmm0, a.constant(std::bit_cast<u64>(1.5)));
  a.ret();
  a.align(16);
  a.bind(half);
  a.mulsd(xmm0, a.constant(std::bit_cast<u64>(0.5)));
  a.ret();
  Function f(a);
  EXPECT_EQ(f.call<f64(f64)>(9.0), 6.0);
}

TEST(Execution, RipRelativeOperandBeforeImmediates) {
  Assembler a{CpuFeatures()};
  a.imul(k32, rax, a.constant(u32{7}), 1000);  // 4 bytes of immediate
  a.imul(k32, rcx, a.constant(u32{7}), 10);    // 1 byte
  a.add(k32, rax, rcx);
  a.add(k32, rax, a.constant(u32{5}));
  a.ret();
  EXPECT_EQ(Function(a).call<u32()>(), 7075u);
}

TEST(Execution, PlacesOutside) {
  Assembler a{CpuFeatures()};
  a.nop();
  Label wrong;
  a.call_outside(3, 77);
  a.cmp(k32, RipMem::outside(4, 78), 1000);  // followed by an immediate
  a.jcc(Cond::kNe, wrong);
  a.add(k32, rax, RipMem::outside(4, 78));
  a.jmp_outside(3, 79);
  a.bind(wrong);
  a.ret();
  ASSERT_EQ(a.sites().size(), 4u);
  EXPECT_EQ(a.sites()[0], (assembly::Site{2, 3, 77}));
  EXPECT_EQ(a.sites()[3].payload, 79u);
  // The places are behind, and a linker does what the assembler says.
  u32 callee = a.offset();
  a.mov_u32(rax, 42);
  a.ret();
  u32 end = a.offset();
  a.add(k32, rax, 10'000);
  a.ret();
  u32 word = a.offset();
  a.buffer().append_u32(1000);
  std::vector<u8> code(a.bytes().begin(), a.bytes().end());
  for (const assembly::Site& site : a.sites()) {
    u32 target = site.payload == 77 ? callee : site.payload == 78 ? word : end;
    u32 field;
    std::memcpy(&field, &code[site.offset], 4);
    field += target - site.offset;
    std::memcpy(&code[site.offset], &field, 4);
  }
  Executable placed(code);
  EXPECT_EQ(placed.as<u32()>()(), 11'042u);
}

TEST(Execution, NopsDoNothing) {
  for (u32 bytes = 0; bytes < 40; ++bytes) {
    Assembler a{CpuFeatures()};
    a.mov_u32(rax, bytes);
    a.nops(bytes);
    EXPECT_EQ(a.offset(), 5 + bytes);
    a.align(32);
    EXPECT_EQ(a.offset() % 32, 0u);
    a.ret();
    EXPECT_EQ(Function(a).call<u32()>(), bytes);
  }
}

TEST(Execution, HeapAccess) {
  Assembler a{CpuFeatures()};
  // (heap base in memory at rdi, index rsi, whose upper half is garbage)
  HeapBase base = a.heap_base(rdx, Mem(rdi));
  ZextIndex index = a.zero_extend(rcx, rsi);
  a.mov(k32, rax, HeapMem::at(base, index, 4));
  a.lock_add(k32, HeapMem::at(base, index, 4), 1);
  a.add(k32, rax, HeapMem::at(base, 0, 12));
  a.ret();
  u32 heap[] = {1, 20, 300, 4000};
  u32* heap_base = heap;
  u64 result = Function(a).call<u64(u32**, u64)>(&heap_base, u64{0xdead'beef'0000'0004});
  EXPECT_EQ(result, 4300u);
  EXPECT_EQ(heap[2], 301u);
}

TEST(Execution, CheckedHeapAccess) {
  Assembler a{CpuFeatures()};
  Label trap;
  HeapBase base = a.heap_base(rdx, Mem(rdi));
  CheckedIndex index = a.check_index(rsi, Mem(rdi, 8), trap);
  a.movzx_b(k32, rax, HeapMem::at(base, index, 0));
  a.ret();
  a.bind(trap);
  a.mov_s32(rax, -1);
  a.ret();
  const char* text = "abc";
  struct {
    const char* base;
    u64 limit;
  } heap = {text, 2};
  Function f(a);
  EXPECT_EQ(f.call<i64(void*, u64)>(&heap, u64{2}), 'c');
  EXPECT_EQ(f.call<i64(void*, u64)>(&heap, u64{3}), -1);
  EXPECT_EQ(f.call<i64(void*, u64)>(&heap, ~u64{0}), -1);
}

TEST(Execution, ConditionsAgreeWithTheirMeaning) {
  const std::pair<i32, i32> pairs[] = {
      {0, 0}, {1, 2}, {2, 1}, {-1, 1}, {1, -1}, {-5, -5}, {std::numeric_limits<i32>::min(), 1}};
  auto holds = [](Cond c, i32 x, i32 y) {
    switch (c) {
      case Cond::kB: return static_cast<u32>(x) < static_cast<u32>(y);
      case Cond::kAe: return static_cast<u32>(x) >= static_cast<u32>(y);
      case Cond::kBe: return static_cast<u32>(x) <= static_cast<u32>(y);
      case Cond::kA: return static_cast<u32>(x) > static_cast<u32>(y);
      case Cond::kE: return x == y;
      case Cond::kNe: return x != y;
      case Cond::kL: return x < y;
      case Cond::kGe: return x >= y;
      case Cond::kLe: return x <= y;
      case Cond::kG: return x > y;
      case Cond::kO:
      case Cond::kNo:
      case Cond::kS:
      case Cond::kNs:
      case Cond::kP:
      case Cond::kNp: break;
    }
    return false;
  };
  for (Cond c : {Cond::kB, Cond::kAe, Cond::kBe, Cond::kA, Cond::kE, Cond::kNe, Cond::kL, Cond::kGe,
                 Cond::kLe, Cond::kG}) {
    Assembler a{CpuFeatures()};
    Label yes;
    a.cmp(k32, rdi, rsi);
    a.set(c, rax);
    a.movzx_b(k32, rax, rax);
    a.mov_u32(rdx, 0);
    a.mov_u32(rcx, 2);
    a.cmov(k32, c, rdx, rcx);
    a.or_(k32, rax, rdx);
    a.cmp(k32, rdi, rsi);
    a.jcc(c, yes);
    a.ret();
    a.bind(yes);
    a.or_(k32, rax, 4);
    a.ret();
    Function f(a);
    for (auto [x, y] : pairs) {
      EXPECT_EQ(f.call<u32(i32, i32)>(x, y), holds(c, x, y) ? 7u : 0u);
      EXPECT_EQ(holds(negate(c), x, y), !holds(c, x, y));
      EXPECT_EQ(holds(swap_operands(c), y, x), holds(c, x, y));
    }
  }
}

TEST(Execution, DivisionAndWideMultiplication) {
  Assembler a{CpuFeatures()};
  a.mov(k64, rax, rdi);
  a.mul(k64, rsi);  // rdx:rax = a * b
  a.div(k64, rsi);  // and back
  a.ret();
  EXPECT_EQ(Function(a).call<u64(u64, u64)>(~u64{5}, u64{77}), ~u64{5});
}

TEST(Execution, CompareAndExchange) {
  Assembler a{CpuFeatures()};
  a.mov(k64, rax, rsi);
  a.lock_cmpxchg(k16, Mem(rdi), rdx);
  a.ret();
  u64 cell = 0x1111'2222'3333'4444;
  Function f(a);
  EXPECT_EQ(f.call<u64(u64*, u64, u64)>(&cell, u64{0x9999}, u64{7}) & 0xffff, 0x4444u);
  EXPECT_EQ(cell, 0x1111'2222'3333'4444u);
  f.call<u64(u64*, u64, u64)>(&cell, u64{0x4444}, u64{7});
  EXPECT_EQ(cell, 0x1111'2222'3333'0007u);
}

// EVEX scales short displacements by the width of the operand; a disassembler that believes the
// same wrong thing would not notice, so the processor is asked.
TEST(Execution, EvexDisplacements) {
  CpuFeatures host = CpuFeatures::host();
  if (!supported(info(Inst::vpmullq), host)) GTEST_SKIP() << "no AVX-512";
  alignas(16) std::array<u64, 80> memory{};
  for (u32 i = 0; i < memory.size(); ++i) memory[i] = i + 1;
  for (i32 disp : {0, 16, 24, 8, 256 - 16, 256, -16, -8, -240}) {
    Assembler a(host);
    a.movups(xmm0, Mem(rdi, disp));
    a.vpmullq(xmm0, xmm0, Mem(rdi, disp));
    a.movups(Mem(rsi), xmm0);
    a.ret();
    std::array<u64, 2> out{};
    u64* middle = memory.data() + 32;
    Function(a).call<void(u64*, u64*)>(middle, out.data());
    u64 first = static_cast<u64>(33 + disp / 8);
    EXPECT_EQ(out[0], first * first) << disp;
    EXPECT_EQ(out[1], (first + 1) * (first + 1)) << disp;
  }
}

TEST(Execution, BlendTakesItsMaskFromTheLastRegister) {
  CpuFeatures host = CpuFeatures::host();
  if (!host.has(CpuFeature::kAvx)) GTEST_SKIP() << "no AVX";
  Assembler a(host);
  a.vmovups(xmm9, Mem(rdi));
  a.vmovups(xmm10, Mem(rdi, 16));
  a.vmovups(xmm12, Mem(rdi, 32));
  a.vpblendvb(xmm8, xmm9, xmm10, xmm12);
  a.vmovups(Mem(rdi, 48), xmm8);
  a.ret();
  std::array<std::array<u8, 16>, 4> v{};
  for (u32 i = 0; i < 16; ++i) {
    v[0][i] = static_cast<u8>(i);
    v[1][i] = static_cast<u8>(100 + i);
    v[2][i] = i % 3 == 0 ? 0x80 : 0x7f;
  }
  Function(a).call<void(void*)>(v.data());
  for (u32 i = 0; i < 16; ++i) EXPECT_EQ(v[3][i], i % 3 == 0 ? 100 + i : i);
}

// The proof that comes with Assembler::index() rests on this, for each row that offers it.
TEST(Execution, InstructionsThatZeroExtendDoSo) {
  CpuFeatures host = CpuFeatures::host();
  u32 checked = 0;
  for (u32 i = 0; i < kInstCount; ++i) {
    const InstInfo& row = info(inst_at(i));
    if (!zero_extends(row) || !supported(row, host)) continue;
    if (row.function == "leave" || row.function == "push" || row.function == "pop") continue;
    Size size = row.enc.sized ? k32 : k64;
    for (u8 source : {u8{0}, u8{0xff}}) {
      std::vector<Operand> operands;
      for (const OperandInfo& o : row.operands()) {
        if (o.kind == OperandKind::kImm)
          operands.push_back(Operand(i64{0}));
        else if (o.kind == OperandKind::kCond)
          operands.push_back(Cond::kO);
        else if (!o.may_be_reg())
          operands.push_back(Mem(rdi));
        else if (o.is_vector())
          operands.push_back(xmm1);
        else
          operands.push_back(operands.empty() ? r8 : r9);
      }
      Assembler a(host);
      a.mov(k64, rcx, Mem(rdi));
      a.mov(k64, rdx, rcx);
      a.mov(k64, r9, rcx);
      a.mov_s32(r8, -1);
      a.movups(xmm1, Mem(rdi));
      a.emit(inst_at(i), size, operands);
      a.mov(k64, rax, r8);
      a.ret();
      std::array<u8, 16> memory;
      memory.fill(source);
      EXPECT_EQ(Function(a).call<u64(void*)>(memory.data()) >> 32, 0u) << row.id;
    }
    ++checked;
  }
  EXPECT_GT(checked, 60u);
}

#endif

}  // namespace
}  // namespace wazuka::x64
