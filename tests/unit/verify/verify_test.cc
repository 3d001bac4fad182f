// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// The verifier against code that is right, and the same with one mistake that a compiler could
// make.
#include "unit/verify/verify_fixture.h"

namespace wazuka::verify {
namespace {

// ---- Linear memory ------------------------------------------------------------------------------

GOOD(GuardedAccess, HeapBase b = base(); ZextIndex i = a.zero_extend(rdi, rdi); trap_here();
     a.mov(k32, rax, HeapMem::at(b, i, 8));)
// The index of an i32 parameter has anything in its upper half: the sandbox escape.
BAD(IndexWithoutExtension, "upper half of the index", base(); trap_here();
    a.mov(k32, rax, Mem(r15, rdi, Scale::k1, 8));)
BAD(IndexExtendedOnOnePathOnly, "upper half of the index", base(); a.test(k32, rax, rax);
    a.jcc(Cond::kE, loose); a.mov(k32, rdi, rdi); a.bind(loose); trap_here();
    a.mov(k32, rax, Mem(r15, rdi, Scale::k1));)
BAD(IndexChangedAfterExtension, "upper half of the index", base(); a.mov(k32, rdi, rdi);
    a.add(k64, rdi, 8); trap_here(); a.mov(k32, rax, Mem(r15, rdi, Scale::k1));)
BAD(SignExtendedIndex, "upper half of the index", base(); a.movsxd(rdi, rdi); trap_here();
    a.mov(k32, Mem(r15, rdi, Scale::k1), rax);)
BAD(ScaledIndex, "scaled index", base(); a.mov(k32, rdi, rdi); trap_here();
    a.mov(k32, rax, Mem(r15, rdi, Scale::k4));)
GOOD(ScaledSmallIndex, base(); a.mov(k32, rdi, rdi); a.and_(k32, rdi, 0xff); trap_here();
     a.mov(k32, rax, Mem(r15, rdi, Scale::k4, 8));)
BAD(BeyondTheGuard, "beyond the guard", base(); a.mov(k32, rdi, rdi); trap_here();
    a.mov(k32, rax, Mem(r15, rdi, Scale::k1, kGuardBytes));)
GOOD(LastInTheGuard, base(); a.mov(k32, rdi, rdi); trap_here();
     a.mov(k32, rax, Mem(r15, rdi, Scale::k1, kGuardBytes - 4));)
BAD(BeforeTheMemory, "before the heap", base(); a.mov(k32, rdi, rdi); trap_here();
    a.mov(k32, rax, Mem(r15, rdi, Scale::k1, -4));)
BAD(NoTrapSite, "no trap site", base(); a.mov(k32, rdi, rdi);
    a.mov(k32, rax, Mem(r15, rdi, Scale::k1));)
BAD(BaseIsAnIndex, "the base may be any number", base(); a.mov(k32, rdi, rdi); trap_here();
    a.mov(k32, rax, Mem(rdi, r15, Scale::k1));)
BAD(BaseLostInACall, "the base may be any number", base(); a.lea(k64, r10, RipMem::outside(1, 1));
    a.call(Mem(r10, offsetof(FuncCode, native))); call_site(kCall); trap_here();
    a.mov(k32, rax, Mem(r15, 8));)

void checked(Assembler& a, Label& trap, u64 memory, i32 bytes, bool subtract_checked) {
  a.mov(k64, r11, Mem(r14, static_cast<i32>(memory)));
  a.mov(k64, r11, Mem(r11, offsetof(VMMemory, size)));
  a.sub(k64, r11, bytes);
  if (subtract_checked) a.jcc(Cond::kB, trap);
  a.cmp(k64, rdi, r11);
  a.jcc(Cond::kA, trap);
  a.mov(k64, r10, Mem(r14, static_cast<i32>(memory)));
  a.mov(k64, r10, Mem(r10, offsetof(VMMemory, base)));
}
GOOD(CheckedAccess, checked(a, trap, layout.memory(1), 16, true);
     a.mov(k64, rax, Mem(r10, rdi, Scale::k1, 8));)
/// What memory.size gives, in rdi.
void size_as_index(Assembler& a, u64 memory) {
  a.mov(k64, rdi, Mem(r14, static_cast<i32>(memory)));
  a.mov(k64, rdi, Mem(rdi, offsetof(VMMemory, size)));
}
GOOD(SizeAsIndex, size_as_index(a, layout.memory(1)); checked(a, trap, layout.memory(1), 8, true);
     a.mov(k64, rax, Mem(r10, rdi, Scale::k1));)
BAD(SizeAsIndexNotChecked, "has not been compared", size_as_index(a, layout.memory(1));
    a.mov(k64, r10, context(layout.memory(1))); a.mov(k64, r10, Mem(r10, offsetof(VMMemory, base)));
    a.mov(k64, rax, Mem(r10, rdi, Scale::k1));)
BAD(CheckedForFewerBytes, "has not been compared", checked(a, trap, layout.memory(1), 12, true);
    a.mov(k64, rax, Mem(r10, rdi, Scale::k1, 8));)
BAD(LimitBelowZero, "has not been compared", checked(a, trap, layout.memory(1), 16, false);
    a.mov(k64, rax, Mem(r10, rdi, Scale::k1, 8));)
BAD(CheckedWithAnotherMemory, "has not been compared", checked(a, trap, layout.memory(0), 16, true);
    a.mov(k64, r10, context(layout.memory(1))); a.mov(k64, r10, Mem(r10, offsetof(VMMemory, base)));
    a.mov(k64, rax, Mem(r10, rdi, Scale::k1, 8));)
BAD(CheckedThenChanged, "has not been compared", checked(a, trap, layout.memory(1), 16, true);
    a.inc(k64, rdi); a.mov(k64, rax, Mem(r10, rdi, Scale::k1, 8));)
BAD(NotChecked, "has not been compared", a.mov(k64, r10, context(layout.memory(1)));
    a.mov(k64, r10, Mem(r10, offsetof(VMMemory, base))); a.mov(k64, rax, Mem(r10, rdi, Scale::k1));)

void ask_for_better_code(Assembler& a, u32 func, bool leave) {
  Label back;
  a.lea(k64, r10, RipMem::outside(1, func));
  a.sub(k32, Mem(r10, offsetof(FuncCode, budget)), 10);
  a.jcc(Cond::kNs, back);
  a.load_imm(r11, 1);
  a.call(Mem(r14, offsetof(VMContext, tier_up_stub)));
  a.test(k64, r11, r11);
  a.jcc(Cond::kE, back);
  if (leave) a.jmp(r11);
  a.bind(back);
}
GOOD(BetterCodeForALoop, ask_for_better_code(a, 2, true);)
BAD(BetterCodeOfAnotherFunction, "not the function's FuncCode", ask_for_better_code(a, 1, true);)
BAD(BetterCodeWithHalfAFrame, "without a whole frame", a.push(rdi);
    ask_for_better_code(a, 2, true);)
BAD(BetterCodeAsAnAddress, "the base may be any number", ask_for_better_code(a, 2, false);
    a.mov(k64, rax, Mem(r11));)
BAD(WritesAFieldOfFuncCode, "not a field", a.lea(k64, r10, RipMem::outside(1, 2));
    a.mov(k64, Mem(r10, offsetof(FuncCode, native)), rax);)

TEST_F(VerifyTest, NothingIsGuardedWithoutSignals) {
  bad(
      [&] {
        base();
        a.mov(k32, rdi, rdi);
        trap_here();
        a.mov(k32, rax, Mem(r15, rdi, Scale::k1));
      },
      "has not been compared", /*signals=*/false);
}

TEST_F(VerifyTest, ConstantBelowTheDeclaredSize) {
  good(
      [&] {
        base();
        a.mov(k32, rax, Mem(r15, 65532));
      },
      /*signals=*/false);
}
TEST_F(VerifyTest, ConstantAcrossTheDeclaredSize) {
  bad(
      [&] {
        base();
        a.mov(k32, rax, Mem(r15, 65533));
      },
      "has not been compared", /*signals=*/false);
}

// ---- The garbage-collected heap -----------------------------------------------------------------

void gc_base(Assembler& a) {
  a.mov(k64, r11, Mem(r14, offsetof(VMContext, store_context)));
  a.mov(k64, r11, Mem(r11, offsetof(VMStoreContext, gc) + offsetof(VMGcHeap, base)));
}
GOOD(GcAccess, gc_base(a); a.mov(k32, rdi, rdi); a.mov(k64, rax, Mem(r11, rdi, Scale::k1, 12));)
BAD(GcReferenceNotExtended, "upper half of the index", gc_base(a);
    a.mov(k64, rax, Mem(r11, rdi, Scale::k1, 12));)

// ---- Frame --------------------------------------------------------------------------------------

GOOD(Homes, a.mov(k32, Mem(rsp, 8), rdi); a.mov(k64, rax, Mem(rbp, -24));)
BAD(BelowTheStackPointer, "below the stack pointer", a.mov(k32, Mem(rsp, -8), rdi);)
BAD(AboveTheFrame, "above the function's frame", a.mov(k64, Mem(rbp, 16), rdi);)
BAD(IndexedFrame, "an index in the frame", a.mov(k32, rdi, rdi);
    a.mov(k64, rax, Mem(rsp, rdi, Scale::k1));)
BAD(ReturnAddressWritten, "return address has been written", a.mov(k64, Mem(rbp, 8), rdi);)
BAD(CallersFrameWritten, "rbp is not the caller's", a.mov(k64, Mem(rbp), rdi);)
BAD(ContextWritten, "the base may be any number", a.mov(k64, Mem(rbp, -8), rdi);
    a.mov(k64, r14, Mem(rbp, -8)); a.mov(k64, rax, context(8));)
BAD(StackLeftUnbalanced, "rbp is not the frame", a.push(rdi); a.pop(rbp);)
GOOD(FrameMadeZero, a.xor_(k32, rax, rax); a.lea(k64, r11, Mem(rsp)); a.mov_u32(r10, 2);
     a.pxor(xmm15, xmm15); Label again; a.bind(again); a.movups(Mem(r11), xmm15);
     a.add(k64, r11, 16); a.sub(k32, r10, 1); a.jcc(Cond::kNe, again);)
BAD(TooMuchMadeZero, "more than the frame", a.lea(k64, r11, Mem(rsp)); a.mov_u32(r10, 4);
    a.pxor(xmm15, xmm15); Label again; a.bind(again); a.movups(Mem(r11), xmm15);
    a.add(k64, r11, 16); a.sub(k32, r10, 1); a.jcc(Cond::kNe, again);)

TEST_F(VerifyTest, WithoutAFrame) {
  EXPECT_EQ(frameless([&] {
              base();
              a.mov(k32, rdi, rdi);
              trap_here();
              a.mov(k32, rax, Mem(r15, rdi, Scale::k1));
            }),
            "");
}

// The handler of the trap would take anything for the VMContext.
TEST_F(VerifyTest, WithoutAFrameAndContext) {
  const std::string why = frameless([&] {
    base();
    a.mov(k32, rdi, rdi);
    a.mov(k32, r14, rdi);
    trap_here();
    a.mov(k32, rax, Mem(r15, rdi, Scale::k1));
  });
  EXPECT_NE(why.find("r14 is not the VMContext"), std::string::npos) << why;
}

// ---- Structures ---------------------------------------------------------------------------------

GOOD(Globals, a.mov(k32, context(layout.defined_global(1)), rdi);
     a.mov(k64, context(layout.defined_global(2)), rsi);
     a.mov(k64, r11, context(layout.imported_global(0))); a.mov(k64, Mem(r11), rdi);)
BAD(NumberAsFunction, "makes a number a reference",
    a.mov(k64, context(layout.defined_global(2)), rdi);)
BAD(BeyondAGlobal, "beyond the global", a.mov(k64, r11, context(layout.imported_global(0)));
    a.mov(k64, Mem(r11, 8), rdi);)
BAD(ContextFieldWritten, "not a whole field",
    a.mov(k64, context(offsetof(VMContext, memory0_base)), rdi);)
BAD(UnknownContextField, "not a field of the VMContext",
    a.mov(k64, rax, context(offsetof(VMContext, instance)));)
BAD(StoreFieldWritten, "may access like this", a.mov(k64, r11, context(8));
    a.mov(k64, Mem(r11, offsetof(VMStoreContext, native_stack_limit)), rdi);)
BAD(FunctionWritten, "may access like this", a.mov(k64, Mem(rsi), rdi);)
BAD(NumberUsedAsFunction, "the base may be any number", a.mov(k64, rax, Mem(rdi));)

void table_access(Assembler& a, u64 table, bool check) {
  a.mov(k64, r11, Mem(r14, static_cast<i32>(table)));
  a.mov(k32, rdi, rdi);
  if (check) a.cmp(k64, rdi, Mem(r11, offsetof(VMTable, size)));
}
GOOD(TableAccess, table_access(a, layout.table(0), true); a.jcc(Cond::kAe, trap);
     a.mov(k64, r11, Mem(r11, offsetof(VMTable, elements)));
     a.mov(k64, rax, Mem(r11, rdi, Scale::k8));
     a.mov(k32, rax, Mem(rax, offsetof(VMFuncRef, type_id)));)
void constant_element(Assembler& a, u64 table, u32 index) {
  a.mov(k64, r11, Mem(r14, static_cast<i32>(table)));
  a.mov(k64, r11, Mem(r11, offsetof(VMTable, elements)));
  a.mov_u32(rcx, index);
  a.mov(k64, rax, Mem(r11, rcx, Scale::k8));
}
GOOD(TableIndexBelowDeclaredSize, constant_element(a, layout.table(0), 3);)
BAD(TableIndexNotBelowDeclaredSize, "compared with the table's size",
    constant_element(a, layout.table(0), 4);)
BAD(TableNotChecked, "compared with the table's size", table_access(a, layout.table(0), false);
    a.mov(k64, r11, Mem(r11, offsetof(VMTable, elements)));
    a.mov(k64, rax, Mem(r11, rdi, Scale::k8));)
BAD(TableCheckedOffByOne, "compared with the table's size", table_access(a, layout.table(0), true);
    a.jcc(Cond::kA, trap); a.mov(k64, r11, Mem(r11, offsetof(VMTable, elements)));
    a.mov(k64, rax, Mem(r11, rdi, Scale::k8));)
BAD(AnotherTableChecked, "compared with the table's size", table_access(a, layout.table(1), true);
    a.jcc(Cond::kAe, trap); a.mov(k64, r11, context(layout.table(0)));
    a.mov(k64, r11, Mem(r11, offsetof(VMTable, elements)));
    a.mov(k64, rax, Mem(r11, rdi, Scale::k8));)
GOOD(ConstantElement, a.mov(k64, r11, context(layout.table(0)));
     a.mov(k64, r11, Mem(r11, offsetof(VMTable, elements))); a.mov(k64, rax, Mem(r11, 24));)
BAD(ConstantElementBehindTheTable, "compared with the table's size",
    a.mov(k64, r11, context(layout.table(0)));
    a.mov(k64, r11, Mem(r11, offsetof(VMTable, elements))); a.mov(k64, rax, Mem(r11, 32));)
BAD(NumberIntoTheTable, "makes a number a reference", table_access(a, layout.table(0), true);
    a.jcc(Cond::kAe, trap); a.mov(k64, r11, Mem(r11, offsetof(VMTable, elements)));
    a.mov(k64, Mem(r11, rdi, Scale::k8), rcx);)

// ---- Control ------------------------------------------------------------------------------------

GOOD(DirectCall, a.lea(k64, r10, RipMem::outside(1, 1));
     a.call(Mem(r10, offsetof(FuncCode, native))); call_site(kCall); a.mov(k64, r14, Mem(rbp, -8));
     a.mov(k64, context(layout.defined_global(2)), rax);)
BAD(CallOfAnotherFunction, "calls another function", a.lea(k64, r10, RipMem::outside(1, 2));
    a.call(Mem(r10, offsetof(FuncCode, native))); call_site(kCall);)
BAD(CallWithoutSite, "no call site", a.lea(k64, r10, RipMem::outside(1, 1));
    a.call(Mem(r10, offsetof(FuncCode, native)));)
BAD(MisalignedCall, "not aligned", a.push(rdi); a.lea(k64, r10, RipMem::outside(1, 1));
    a.call(Mem(r10, offsetof(FuncCode, native))); call_site(kCall);)
BAD(CallThroughANumber, "the base may be any number", a.mov(k64, r10, Mem(rdi));
    a.call(Mem(r10, offsetof(FuncCode, native))); call_site(kCallRef);)
GOOD(CallOfAReference, a.mov(k64, r10, Mem(rsi)); a.mov(k64, r11, Mem(rsi, 8));
     a.test(k64, r11, r11); a.cmov(k64, Cond::kNe, r14, r11);
     a.call(Mem(r10, offsetof(FuncCode, native))); call_site(kCallIndirect);)
BAD(ContextNotReloaded, "the base may be any number", a.lea(k64, r10, RipMem::outside(1, 1));
    a.call(Mem(r10, offsetof(FuncCode, native))); call_site(kCall); a.mov(k64, rax, context(8));)
BAD(UnknownBuiltin, "not a builtin", a.mov(k64, rdi, r14); a.mov_u32(r11, 4);
    a.call(Mem(rdi, offsetof(VMContext, builtin_stub))); call_site(kCall);)
BAD(CellsOutsideOfTheFrame, "outside of the frame's cells", a.lea(k64, rcx, Mem(rbp, -8));
    a.mov(k64, rdi, r14); a.mov_u32(r11, offsetof(VMBuiltins, exn_new));
    a.call(Mem(rdi, offsetof(VMContext, builtin_stub))); call_site(kCall);)
/// gc_operation with `cell` for its operands and result.
void gc_operation(Assembler& a, Op op, i32 cell) {
  a.lea(k64, r8, Mem(rbp, cell));
  a.mov_u32(rsi, op_info(op).code);
  a.mov_u32(rdx, 1000);  // a type that there is not, so that a result may be of any type
  a.mov(k64, rdi, r14);
  a.mov_u32(r11, offsetof(VMBuiltins, gc_operation));
  a.call(Mem(rdi, offsetof(VMContext, builtin_stub)));
}
GOOD(ResultInTheLastCell, a.mov(k64, Mem(rbp, -16), r14); gc_operation(a, Op::kStructNew, -24);
     call_site(kCall); a.mov(k64, r11, Mem(rbp, -16));
     a.mov(k64, r11, Mem(r11, offsetof(VMContext, store_context)));)
BAD(ResultBehindTheLastCell, "outside of the frame's cells", gc_operation(a, Op::kStructNew, -16);
    call_site(kCall);)
BAD(VectorBehindTheLastCell, "outside of the frame's cells", gc_operation(a, Op::kStructGet, -24);
    call_site(kCall);)

/// A call whose handler finds the exception in cell 2, and writes what is at rsp + `from` to `to`.
void call_with_handler(Assembler& a, CompiledCode& code, i32 from, const Mem& to) {
  a.mov_u32(rsi, 0);
  a.mov(k64, rdi, r14);
  a.mov_u32(r11, offsetof(VMBuiltins, elem_drop));
  a.call(Mem(rdi, offsetof(VMContext, builtin_stub)));
  code.tables.calls.push_back({.return_offset = a.offset(), .wasm_offset = 0, .try_region = 0});
  code.tables.tries.push_back({CallSite::kNoTry, 0, 1});
  Label behind;
  a.jmp(behind);
  code.tables.clauses.push_back({.ref_cell = 2, .landing = a.offset()});
  a.mov(k64, r14, Mem(rbp, -8));
  a.mov(k64, rax, Mem(rsp, from));
  a.mov(k64, to, rax);
  a.bind(behind);
}
GOOD(HandlerFindsTheException, call_with_handler(a, code, 16, context(layout.defined_global(3)));)
BAD(HandlerTakesAnotherCell, "makes a number a reference",
    call_with_handler(a, code, 24, context(layout.defined_global(3)));)
BAD(ExceptionAsAFunction, "makes a number a reference",
    call_with_handler(a, code, 16, context(layout.defined_global(2)));)
BAD(JumpToANumber, "a jump to anywhere", a.jmp(rdi);)
BAD(CallOfARegister, "a call of anything", a.call(rdi); call_site(kCall);)
BAD(TrapWithoutSite, "no trap site", a.ud2();)
BAD(UnknownInstruction, "not an instruction", a.buffer().append_u8(0x0f);
    a.buffer().append_u8(0x05);)  // syscall

void jump_table(Assembler& a, Label& target, i32 bound, u32 entries, bool clamp) {
  Label table;
  a.load_imm(r10, static_cast<u64>(bound));
  a.cmp(k32, rdi, r10);
  if (clamp) a.cmov(k32, Cond::kB, r10, rdi);
  if (!clamp) a.mov(k32, r10, rdi);
  a.lea(k64, r11, RipMem::to(table));
  a.lea(k64, r11, Mem(r11, r10, Scale::k4));
  a.movsxd(r10, Mem(r11));
  a.lea(k64, r11, Mem(r11, r10, Scale::k1, 4));
  a.jmp(r11);
  a.bind(table);
  for (u32 i = 0; i < entries; ++i) a.distance_to(target);
  a.bind(target);
}
GOOD(JumpTable, jump_table(a, loose, 3, 4, true);)
// The form of the optimising compiler: distances from the table.
void jump_table_from_itself(Assembler& a, bool same_table) {
  Label table, other, target;
  a.load_imm(r10, 3);
  a.cmp(k32, rdi, r10);
  a.cmov(k32, Cond::kB, r10, rdi);
  a.lea(k64, r11, RipMem::to(table));
  a.movsxd(r10, Mem(r11, r10, Scale::k4));
  if (!same_table) a.lea(k64, r11, RipMem::to(other));
  a.add(k64, r11, r10);
  a.jmp(r11);
  a.bind(table);
  for (u32 i = 0; i < 4; ++i) a.buffer().append_u32(16);
  a.bind(other);
  a.bind(target);
}
GOOD(JumpTableFromItself, jump_table_from_itself(a, true);)
BAD(JumpTableFromElsewhere, "a jump to anywhere", jump_table_from_itself(a, false);)
BAD(JumpTableWithoutClamp, "the base may be any number", jump_table(a, loose, 3, 4, false);)

// ---- The stack ----------------------------------------------------------------------------------

/// Compares `low` with the stack's limit.
void ask_for_stack(Assembler& a, Gpr low) {
  a.mov(k64, r11, Mem(r14, offsetof(VMContext, store_context)));
  a.cmp(k64, low, Mem(r11, offsetof(VMStoreContext, native_stack_limit)));
}
constexpr i32 kMuch = 1 << 20;
GOOD(MoreStackAfterAsking, a.lea(k64, r10, Mem(rbp, -kMuch)); ask_for_stack(a, r10);
     a.jcc(Cond::kB, trap); a.lea(k64, rsp, Mem(rbp, -kMuch)); a.mov(k64, Mem(rsp), rdi);)
GOOD(LittleStackWithoutAsking, a.sub(k64, rsp, 4096); a.mov(k64, Mem(rsp), rdi);)
BAD(MoreStackWithoutAsking, "further than there is known to be stack", a.sub(k64, rsp, kMuch);)
BAD(MoreStackThanAskedFor, "further than there is known to be stack",
    a.lea(k64, r10, Mem(rbp, -kMuch));
    ask_for_stack(a, r10); a.jcc(Cond::kB, trap); a.lea(k64, rsp, Mem(rbp, -2 * kMuch));)
BAD(StackMovedBeforeAsking, "further than there is known to be stack", a.sub(k64, rsp, kMuch);
    ask_for_stack(a, rsp); a.jcc(Cond::kB, trap);)
BAD(StackAskedForOnOnePathOnly, "further than there is known to be stack", a.test(k64, rdi, rdi);
    a.jcc(Cond::kE, loose); a.lea(k64, r10, Mem(rbp, -kMuch)); ask_for_stack(a, r10);
    a.jcc(Cond::kB, trap); a.bind(loose); a.lea(k64, rsp, Mem(rbp, -kMuch));)
BAD(AnswerForgotten, "further than there is known to be stack", a.lea(k64, r10, Mem(rbp, -kMuch));
    ask_for_stack(a, r10); a.jcc(Cond::kAe, trap); a.lea(k64, rsp, Mem(rbp, -kMuch));)

// ---- Listings -----------------------------------------------------------------------------------

TEST_F(VerifyTest, ListsCodeAndData) {
  CompileEnv env{*module, layout, assembly::CpuFeatures::host()};
  const CompiledCode c = make([&] { jump_table(a, loose, 3, 4, true); });
  const std::vector<CodeLine> lines = disassemble(env, 2, c);
  u32 at = 0, words = 0;
  for (const CodeLine& line : lines) {
    EXPECT_EQ(line.offset, at) << line.text;  // everything, once
    at += line.size;
    if (line.is_data) {
      EXPECT_TRUE(line.text.starts_with(".long 0x") || line.text.starts_with(".byte 0x"));
      words += line.size == 4;
    }
  }
  EXPECT_EQ(at, c.bytes.size());
  EXPECT_EQ(lines.front().text, "push rbp");
  EXPECT_GE(words, 3u);  // four entries, of which the first may begin at any byte
}

TEST_F(VerifyTest, ListsWhatIsNotSafe) {
  CompileEnv env{*module, layout, assembly::CpuFeatures::host()};
  const CompiledCode c = make([&] { a.jmp(rdi); });
  ASSERT_FALSE(verify(env, 2, c));
  bool there = false;
  for (const CodeLine& line : disassemble(env, 2, c)) there |= line.text == "jmp rdi";
  EXPECT_TRUE(there);
}

}  // namespace
}  // namespace wazuka::verify
