// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// What the verifier concludes from comparisons: of copies in registers and slots, over merges, of
// sizes that never shrink, and of offsets in tables. For each, code that concludes too much.
#include "unit/verify/verify_fixture.h"

namespace wazuka::verify {
namespace {

using namespace x64;

/// r10: base of memory 1; r11: its size.
void wide_memory(Assembler& a, u64 memory) {
  a.mov(k64, r11, Mem(r14, static_cast<i32>(memory)));
  a.mov(k64, r10, Mem(r11, offsetof(VMMemory, base)));
  a.mov(k64, r11, Mem(r11, offsetof(VMMemory, size)));
}
#define WIDE wide_memory(a, layout.memory(1))
/// Compares a register with r11 - 16.
void check_16(Assembler& a, Label& trap, Gpr index) {
  a.sub(k64, r11, 16);
  a.jcc(Cond::kB, trap);
  a.cmp(k64, index, r11);
  a.jcc(Cond::kA, trap);
}
void access_16(Assembler& a, Gpr index) {
  a.mov(k64, rax, Mem(r10, index, Scale::k1, 8));
}

// ---- Copies -------------------------------------------------------------------------------------

GOOD(CopyOfTheChecked, WIDE; a.mov(k64, rcx, rdi); check_16(a, trap, rdi); access_16(a, rcx);)
GOOD(CheckOfTheCopy, WIDE; a.mov(k64, rcx, rdi); check_16(a, trap, rcx); access_16(a, rdi);)
BAD(CopyChanged, "has not been compared", WIDE; a.mov(k64, rcx, rdi); a.inc(k64, rcx);
    check_16(a, trap, rdi); access_16(a, rcx);)
BAD(OriginalChanged, "has not been compared", WIDE; a.mov(k64, rcx, rdi); a.inc(k64, rdi);
    check_16(a, trap, rdi); access_16(a, rcx);)
BAD(HalfACopy, "has not been compared", WIDE; a.mov(k32, rcx, rdi); check_16(a, trap, rcx);
    access_16(a, rdi);)
GOOD(SpilledIndex, WIDE; a.mov(k64, Mem(rbp, -24), rdi); check_16(a, trap, rdi);
     a.mov(k64, rdi, Mem(rbp, -24)); access_16(a, rdi);)
GOOD(ReloadedTwice, WIDE; a.mov(k64, rcx, Mem(rbp, -24)); a.mov(k64, rdx, Mem(rbp, -24));
     check_16(a, trap, rcx); access_16(a, rdx);)
BAD(SlotWrittenBetween, "has not been compared", WIDE; a.mov(k64, Mem(rbp, -24), rdi);
    check_16(a, trap, rdi); a.mov(k64, Mem(rbp, -24), rsi); a.mov(k64, rdi, Mem(rbp, -24));
    access_16(a, rdi);)
BAD(SlotWrittenInPart, "has not been compared", WIDE; a.mov(k64, Mem(rbp, -24), rdi);
    check_16(a, trap, rdi); a.mov(k32, Mem(rbp, -20), rdx); a.mov(k64, rdi, Mem(rbp, -24));
    access_16(a, rdi);)
BAD(AnotherSlot, "has not been compared", WIDE; a.mov(k64, Mem(rbp, -24), rdi);
    check_16(a, trap, rdi); a.mov(k64, rdi, Mem(rbp, -32)); access_16(a, rdi);)

/// A builtin with the cell at rbp - 24 for a root, and a copy of what is in there in rbx.
void root_over_a_call(Assembler& a) {
  a.mov(k64, rbx, Mem(rbp, -24));
  a.xor_(k32, rsi, rsi);
  a.mov(k64, rdi, r14);
  a.mov_u32(r11, offsetof(VMBuiltins, elem_drop));
  a.call(Mem(rdi, offsetof(VMContext, builtin_stub)));
}
BAD(RootIsAnotherReference, "has not been compared", root_over_a_call(a);
    code.tables.calls.push_back({.return_offset = a.offset(), .roots_begin = 0, .roots_count = 1});
    code.tables.roots = {(kFrameBytes - 24) / 8}; WIDE; check_16(a, trap, rbx);
    a.mov(k64, rcx, Mem(rbp, -24)); access_16(a, rcx);)
GOOD(NoRootIsTheSame, root_over_a_call(a);
     code.tables.calls.push_back({.return_offset = a.offset()}); WIDE; check_16(a, trap, rbx);
     a.mov(k64, rcx, Mem(rbp, -24)); access_16(a, rcx);)
BAD(RootsThatAreNotThere, "no such roots", root_over_a_call(a);
    code.tables.calls.push_back({.return_offset = a.offset(), .roots_begin = 1, .roots_count = 1});
    code.tables.roots = {1};)
BAD(RootOverTheContext, "a root outside", root_over_a_call(a);
    code.tables.calls.push_back({.return_offset = a.offset(), .roots_begin = 0, .roots_count = 1});
    code.tables.roots = {(kFrameBytes - 8) / 8};)

// A limit that is spilled between the subtraction and its check.
GOOD(LimitSpilled, WIDE; a.sub(k64, r11, 16); a.mov(k64, Mem(rbp, -24), r11); a.jcc(Cond::kB, trap);
     a.mov(k64, rcx, Mem(rbp, -24)); a.cmp(k64, rdi, rcx); a.jcc(Cond::kA, trap);
     access_16(a, rdi);)
GOOD(LimitSpilledAndGone, WIDE; a.sub(k64, r11, 16); a.mov(k64, Mem(rbp, -24), r11);
     a.mov(k64, r11, rsi); a.jcc(Cond::kB, trap); a.mov(k64, rcx, Mem(rbp, -24));
     a.cmp(k64, rdi, rcx); a.jcc(Cond::kA, trap); access_16(a, rdi);)
BAD(LimitNotChecked, "has not been compared", WIDE; a.sub(k64, r11, 16);
    a.mov(k64, Mem(rbp, -24), r11); a.mov(k64, rcx, Mem(rbp, -24)); a.cmp(k64, rdi, rcx);
    a.jcc(Cond::kA, trap); access_16(a, rdi);)
// 16 - 4 - 16 is below zero, and no borrow of the second subtraction says so if the first wrapped.
BAD(SubtractedTwiceCheckedOnce, "has not been compared", WIDE; a.sub(k64, r11, 4);
    a.sub(k64, r11, 12); a.jcc(Cond::kB, trap); a.cmp(k64, rdi, r11); a.jcc(Cond::kA, trap);
    access_16(a, rdi);)
GOOD(SubtractedTwiceCheckedTwice, WIDE; a.sub(k64, r11, 4); a.jcc(Cond::kB, trap);
     a.sub(k64, r11, 12); a.jcc(Cond::kB, trap); a.cmp(k64, rdi, r11); a.jcc(Cond::kA, trap);
     access_16(a, rdi);)
// A size that is an index stays a size.
GOOD(SizeComparedWithItself, WIDE; a.mov(k64, rcx, r11); a.sub(k64, rcx, 8); a.jcc(Cond::kB, trap);
     a.cmp(k64, r11, rcx); a.jcc(Cond::kA, trap); check_16(a, trap, rdi); access_16(a, rdi);)
BAD(DifferenceOfACheckedSize, "has not been compared", WIDE; a.mov(k64, rcx, r11);
    a.sub(k64, rcx, 16); a.jcc(Cond::kB, trap); a.cmp(k64, r11, rcx); a.jcc(Cond::kA, trap);
    a.sub(k64, r11, 1); access_16(a, r11);)

// A weaker check does not make forget the stronger one.
GOOD(CheckedTwice, WIDE; a.mov(k64, rcx, r11); check_16(a, trap, rdi); a.sub(k64, rcx, 4);
     a.jcc(Cond::kB, trap); a.cmp(k64, rdi, rcx); a.jcc(Cond::kA, trap); access_16(a, rdi);)
BAD(ComparisonOfWhatWasInTheRegister, "has not been compared", WIDE; a.sub(k64, r11, 16);
    a.jcc(Cond::kB, trap); a.cmp(k64, rdi, r11); a.mov(k64, rdi, rsi); a.jcc(Cond::kA, trap);
    access_16(a, rdi);)

// ---- Where paths meet ---------------------------------------------------------------------------

GOOD(SameOnBothPaths, WIDE; Label other, meet; a.test(k32, rdx, rdx); a.jcc(Cond::kE, other);
     a.mov(k64, rcx, rdi); a.jmp(meet); a.bind(other); a.mov(k64, rdi, rdx); a.mov(k64, rcx, rdx);
     a.bind(meet); check_16(a, trap, rdi); access_16(a, rcx);)
BAD(SameOnOnePathOnly, "has not been compared", WIDE; Label other, meet; a.test(k32, rdx, rdx);
    a.jcc(Cond::kE, other); a.mov(k64, rcx, rdi); a.jmp(meet); a.bind(other); a.mov(k64, rcx, rdx);
    a.bind(meet); check_16(a, trap, rdi); access_16(a, rcx);)
BAD(CheckedOnOnePathOnly, "has not been compared", WIDE; a.mov(k64, rcx, rdi);
    a.test(k32, rdx, rdx); a.jcc(Cond::kE, loose); check_16(a, trap, rdi); a.bind(loose);
    access_16(a, rcx);)
// rcx is the rdi of the iteration before.
BAD(OfTheIterationBefore, "has not been compared", WIDE; a.sub(k64, r11, 16); a.jcc(Cond::kB, trap);
    a.mov(k64, rcx, rdi); Label again; a.bind(again); a.cmp(k64, rdi, r11); a.jcc(Cond::kA, trap);
    a.mov(k64, rax, Mem(r10, rcx, Scale::k1, 8)); a.mov(k64, rcx, rdi); a.inc(k64, rcx);
    a.mov(k64, rdi, rdx); a.test(k32, rdx, rdx); a.jcc(Cond::kNe, again);)
BAD(CopiedInTheIterationBefore, "has not been compared", WIDE; a.sub(k64, r11, 16);
    a.jcc(Cond::kB, trap); a.mov(k64, rcx, rdi); a.mov(k64, r9, rdi); Label again; a.bind(again);
    a.mov(k64, r9, rcx); a.inc(k64, rcx); a.mov(k64, r8, rcx); a.cmp(k64, r8, r11);
    a.jcc(Cond::kA, trap); a.mov(k64, rax, Mem(r10, r9, Scale::k1, 8)); a.test(k32, rdx, rdx);
    a.jcc(Cond::kNe, again);)
// One path knows that it is zero.
GOOD(ZeroOnOnePath, WIDE; a.mov(k64, rcx, rdi); check_16(a, trap, rdi); a.test(k64, rdi, rdi);
     a.jcc(Cond::kE, loose); a.mov_u32(rax, 1); a.bind(loose); access_16(a, rcx);)

// ---- Sizes never shrink -------------------------------------------------------------------------

GOOD(ConstantBelowTheCheckedSize, WIDE; a.sub(k64, r11, 1 << 20); a.jcc(Cond::kB, trap);
     a.mov(k64, rax, Mem(r10, (1 << 20) - 8));)
BAD(ConstantAcrossTheCheckedSize, "has not been compared", WIDE; a.sub(k64, r11, 1 << 20);
    a.jcc(Cond::kB, trap); a.mov(k64, rax, Mem(r10, (1 << 20) - 7));)
BAD(SizeCheckedOnOnePathOnly, "has not been compared", WIDE; a.test(k32, rdx, rdx);
    a.jcc(Cond::kE, loose); a.sub(k64, r11, 1 << 20); a.jcc(Cond::kB, trap); a.bind(loose);
    a.mov(k64, rax, Mem(r10, (1 << 20) - 8));)
BAD(SizeOfAnotherMemory, "has not been compared", a.mov(k64, r11, context(layout.memory(0)));
    a.mov(k64, r11, Mem(r11, offsetof(VMMemory, size))); a.sub(k64, r11, 1 << 20);
    a.jcc(Cond::kB, trap); WIDE; a.mov(k64, rax, Mem(r10, (1 << 20) - 8));)
/// A constant of 64 bits, made once for the check and once for the access.
void huge_constant(Assembler& a, Label& trap, u64 checked, u64 used) {
  a.load_imm(rcx, checked);
  check_16(a, trap, rcx);
  a.load_imm(rdx, used);
  access_16(a, rdx);
}
GOOD(HugeConstant, WIDE; huge_constant(a, trap, ~u64{0} - 100, ~u64{0} - 100);)
BAD(HugerConstant, "has not been compared", WIDE;
    huge_constant(a, trap, ~u64{0} - 100, ~u64{0} - 99);)
BAD(ConstantThatWraps, "has not been compared", WIDE; huge_constant(a, trap, 100, ~u64{0} - 4);)

// What a condition is, 0 or 1. Memory 1 has 65,536 bytes.
GOOD(ConditionAsIndex, WIDE; a.test(k32, rdx, rdx); a.set(Cond::kE, rax); a.movzx_b(k32, rax, rax);
     a.mov(k64, rax, Mem(r10, rax, Scale::k1, 65536 - 9));)
BAD(ConditionBehindTheEnd, "has not been compared", WIDE; a.test(k32, rdx, rdx);
    a.set(Cond::kE, rax); a.movzx_b(k32, rax, rax);
    a.mov(k64, rax, Mem(r10, rax, Scale::k1, 65536 - 8));)
BAD(WholeRegisterOfACondition, "has not been compared", WIDE; a.test(k32, rdx, rdx);
    a.set(Cond::kE, rax); a.mov(k64, rax, Mem(r10, rax, Scale::k1, 65536 - 9));)
BAD(ConditionOverwritten, "has not been compared", WIDE; a.test(k32, rdx, rdx);
    a.set(Cond::kE, rax); a.not_(k32, rax); a.movzx_b(k32, rax, rax);
    a.mov(k64, rax, Mem(r10, rax, Scale::k1, 65536 - 9));)

GOOD(SmallIndex, WIDE; a.movzx_w(k32, rcx, rdi); a.shr(k32, rcx, 1);
     a.mov(k64, rax, Mem(r10, rcx, Scale::k1, 1000));)
BAD(SmallIndexTooLarge, "has not been compared", WIDE; a.movzx_w(k32, rcx, rdi); a.shl(k32, rcx, 1);
    a.mov(k64, rax, Mem(r10, rcx, Scale::k1, 1000));)
BAD(SumThatWraps, "has not been compared", WIDE; a.mov(k32, rcx, rdi); a.shl(k32, rcx, 31);
    a.add(k32, rcx, rcx); a.movzx_w(k32, rdx, rcx); a.lea(k64, rdx, Mem(rdx, -100));
    a.mov(k64, rax, Mem(r10, rdx, Scale::k1));)

// ---- Tables -------------------------------------------------------------------------------------

/// r11: elements, rcx: size, rdi: an index.
void table_shape(Assembler& a, u64 table) {
  a.mov(k64, r10, Mem(r14, static_cast<i32>(table)));
  a.mov(k64, r11, Mem(r10, offsetof(VMTable, elements)));
  a.mov(k64, rcx, Mem(r10, offsetof(VMTable, size)));
  a.mov(k32, rdi, rdi);
}
#define TABLE table_shape(a, layout.table(0))
GOOD(TableSizeInARegister, TABLE; a.cmp(k64, rdi, rcx); a.jcc(Cond::kAe, trap);
     a.mov(k64, rax, Mem(r11, rdi, Scale::k8));)
BAD(TableSizeInARegisterOffByOne, "compared with the table's size", TABLE; a.cmp(k64, rdi, rcx);
    a.jcc(Cond::kA, trap); a.mov(k64, rax, Mem(r11, rdi, Scale::k8));)
GOOD(OffsetInTheTable, TABLE; a.cmp(k64, rdi, rcx); a.jcc(Cond::kAe, trap); a.shl(k64, rdi, 3);
     a.mov(k64, rax, Mem(r11, rdi, Scale::k1));)
GOOD(OffsetBeforeTheCheck, TABLE; a.mov(k64, rdx, rdi); a.shl(k64, rdx, 3); a.cmp(k64, rdi, rcx);
     a.jcc(Cond::kAe, trap); a.mov(k64, rax, Mem(r11, rdx, Scale::k1));)
BAD(OffsetOfAnotherIndex, "compared with the table's size", TABLE; a.mov(k64, rdx, rdi);
    a.inc(k64, rdx); a.shl(k64, rdx, 3); a.cmp(k64, rdi, rcx); a.jcc(Cond::kAe, trap);
    a.mov(k64, rax, Mem(r11, rdx, Scale::k1));)
BAD(OffsetThatIsNone, "compared with the table's size", TABLE; a.cmp(k64, rdi, rcx);
    a.jcc(Cond::kAe, trap); a.shl(k64, rdi, 2); a.mov(k64, rax, Mem(r11, rdi, Scale::k1));)
BAD(BetweenTwoElements, "compared with the table's size", TABLE; a.cmp(k64, rdi, rcx);
    a.jcc(Cond::kAe, trap); a.shl(k64, rdi, 3); a.mov(k64, rax, Mem(r11, rdi, Scale::k1, 4));)
BAD(SmallOffsetBetweenElements, "compared with the table's size", TABLE; a.and_(k32, rdi, 15);
    a.mov(k64, rax, Mem(r11, rdi, Scale::k1));)
GOOD(ConstantElement, TABLE; a.cmp(k64, rcx, 9); a.jcc(Cond::kBe, trap);
     a.mov(k64, rax, Mem(r11, 72));)
GOOD(ConstantElementOfALoadedSize, TABLE; a.cmp(k64, Mem(r10, offsetof(VMTable, size)), 9);
     a.jcc(Cond::kBe, trap); a.mov(k64, rax, Mem(r11, 72));)
BAD(ConstantElementOffByOne, "compared with the table's size", TABLE; a.cmp(k64, rcx, 9);
    a.jcc(Cond::kB, trap); a.mov(k64, rax, Mem(r11, 72));)
BAD(ConstantElementOfHalfTheSize, "compared with the table's size", TABLE; a.cmp(k32, rcx, 9);
    a.jcc(Cond::kBe, trap); a.mov(k64, rax, Mem(r11, 72));)
GOOD(ConstantOffset, TABLE; a.cmp(k64, rcx, 9); a.jcc(Cond::kBe, trap); a.mov_u32(rdx, 72);
     a.mov(k64, rax, Mem(r11, rdx, Scale::k1));)
BAD(ConstantOffsetBetweenElements, "compared with the table's size", TABLE; a.cmp(k64, rcx, 9);
    a.jcc(Cond::kBe, trap); a.mov_u32(rdx, 68); a.mov(k64, rax, Mem(r11, rdx, Scale::k1));)

GOOD(AddressOfAnElement, TABLE; a.cmp(k64, rdi, rcx); a.jcc(Cond::kAe, trap);
     a.lea(k64, rax, Mem(r11, rdi, Scale::k8)); a.mov(k64, Mem(rax), rsi);)
BAD(AddressBehindAnElement, "compared with the table's size", TABLE; a.cmp(k64, rdi, rcx);
    a.jcc(Cond::kAe, trap); a.lea(k64, rax, Mem(r11, rdi, Scale::k8));
    a.mov(k64, Mem(rax, 8), rsi);)

// ah is no copy of rax: that it is zero says nothing of the whole.
BAD(SecondByte, "compared with the table's size", TABLE; a.mov(k64, rax, rdi); a.and_(k32, rax, 15);
    for (int byte : {0x0f, 0xb6, 0xcc}) a.buffer().append_u8(
        static_cast<u8>(byte));  // movzx ecx, ah
    a.test(k32, rcx, rcx); a.jcc(Cond::kNe, trap); a.mov(k64, rax, Mem(r11, rax, Scale::k8));)

// Only a table that cannot grow stays where it is over a call.
void elements_over_a_call(Assembler& a, u64 table) {
  a.mov(k64, r10, Mem(r14, static_cast<i32>(table)));
  a.mov(k64, r11, Mem(r10, offsetof(VMTable, elements)));
  a.mov(k64, Mem(rbp, -24), r11);
  a.lea(k64, r10, RipMem::outside(1, 1));
  a.call(Mem(r10, offsetof(FuncCode, native)));
}
GOOD(FixedTableOverACall, elements_over_a_call(a, layout.table(2)); call_site(kCall);
     a.mov(k64, r11, Mem(rbp, -24)); a.mov(k64, rax, Mem(r11, 24));)
// Nobody else has it, and nothing in the module writes it.
GOOD(OwnTableOverACall, elements_over_a_call(a, layout.table(3)); call_site(kCall);
     a.mov(k64, r11, Mem(rbp, -24)); a.mov(k64, rax, Mem(r11, 24));)
BAD(TableOverACall, "the base may be any number", elements_over_a_call(a, layout.table(0));
    call_site(kCall); a.mov(k64, r11, Mem(rbp, -24)); a.mov(k64, rax, Mem(r11, 24));)
/// rbx is preserved by builtins, what it points to is not.
void elements_over_a_builtin(Assembler& a, u64 table, u32 builtin) {
  a.mov(k64, r10, Mem(r14, static_cast<i32>(table)));
  a.mov(k64, rbx, Mem(r10, offsetof(VMTable, elements)));
  a.xor_(k32, rsi, rsi);
  a.mov(k64, rdi, r14);
  a.mov_u32(r11, builtin);
  a.call(Mem(rdi, offsetof(VMContext, builtin_stub)));
}
GOOD(TableOverABuiltin,
     elements_over_a_builtin(a, layout.table(0), offsetof(VMBuiltins, elem_drop));
     call_site(kCall); a.mov(k64, rax, Mem(rbx, 24));)
BAD(TableThatGrows, "the base may be any number",
    elements_over_a_builtin(a, layout.table(0), offsetof(VMBuiltins, table_grow));
    call_site(kCall); a.mov(k64, rax, Mem(rbx, 24));)

}  // namespace
}  // namespace wazuka::verify
