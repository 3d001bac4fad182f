// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Memory: of the guest, of the engine, and of the frame.
#include "opt/x64/lowering.h"

namespace wazuka::opt {

using regalloc::Operand;

namespace {

Size size_of_bytes(u32 bytes) {
  return bytes == 1 ? k8 : bytes == 2 ? k16 : bytes == 4 ? k32 : k64;
}

}  // namespace

// Addresses ---------------------------------------------------------------------------------------

/// An i32 index has a zero upper half; an i64 one is what `bounds` has checked, or a reference,
/// which has one, too.
HeapIndex Lowering::heap_index(Value index, const Access& access) {
  if (g_.type(index) == Type::kI64 && access.region == Region::kMemory &&
      at(index).op != Opcode::kBounds && at(index).op != Opcode::kZExt32) {
    unsupported("an unchecked index of a memory");
  }
  return HeapIndex(use(index));
}

Address Lowering::address_of(Value v, Value base, Value index) {
  const Access& access = g_.access(at(v));
  Address a;
  if (access.traps) {
    a.trap = static_cast<u8>(access.trap);
    a.wasm_offset = g_.wasm_offset(v);
  }
  a.base = use(base);
  a.disp = static_cast<i32>(access.offset);
  if (index == kNoValue) return a;
  const Inst& i = at(index);
  if (i.op == Opcode::kIConst) {
    const u64 sum = i.bits() + access.offset;
    if (i.bits() < u64{1} << 31 && sum < u64{1} << 31) {
      a.disp = static_cast<i32>(sum);
      return a;
    }
  }
  // Elements of tables: all in 64 bits.
  if (i.op == Opcode::kIShl && i.type == Type::kI64 && access.region != Region::kMemory &&
      can_take(index) && at(i.arg(1)).op == Opcode::kIConst && at(i.arg(1)).bits() <= 3) {
    a.index = use(i.arg(0));
    a.scale = static_cast<u8>(at(i.arg(1)).bits());
    return a;
  }
  if (i.op == Opcode::kIShl && i.type == Type::kI32 && can_take(index) && stays_32(index)) {
    a.index = heap_index(i.arg(0), access).vreg();
    a.scale = static_cast<u8>(at(i.arg(1)).bits());
    return a;
  }
  a.index = heap_index(index, access).vreg();
  return a;
}

/// Whether x << c, with c up to 3, never reaches 2^32: then it is the same in 64 bits.
bool Lowering::stays_32(Value shift) const {
  const Inst& count = at(at(shift).arg(1));
  if (count.op != Opcode::kIConst || count.bits() > 3) return false;
  const Inst& x = at(at(shift).arg(0));
  if (x.op == Opcode::kLoad) {
    const Access& a = g_.access(x);
    return !a.sign && a.bytes <= 2;
  }
  return x.op == Opcode::kIAnd && at(x.arg(1)).op == Opcode::kIConst &&
         at(x.arg(1)).bits() < u64{1} << 29;
}

// Loads and stores
// ----------------------------------------------------------------------------------

void Lowering::load(Value v) {
  const Inst& inst = at(v);
  const Access& access = g_.access(inst);
  if (!needed(v) && !access.traps) return;
  if (access.simd != Op::kNop && !access.atomic) return simd_load(v);
  load_into(dst(v), inst.type, access, address_of(v));
}

void Lowering::load_into(VReg to, Type type, const Access& access, const Address& from) {
  switch (type) {
    case Type::kF32: return add(Row(avx_ ? MInst::vmovss_rm : MInst::movss_rm).def(to).mem(from));
    case Type::kF64: return add(Row(avx_ ? MInst::vmovsd_rm : MInst::movsd_rm).def(to).mem(from));
    case Type::kV128:
      return add(Row(avx_ ? MInst::vmovups_rm : MInst::movups_rm).def(to).mem(from));
    default: break;
  }
  const Size size = size_of(type);
  switch (access.bytes) {
    case 1:
      if (access.sign) return add(Row(MInst::movsx_b, size).def(to).mem(from));
      return add(Row(MInst::movzx_b, k32).def(to).mem(from));
    case 2:
      if (access.sign) return add(Row(MInst::movsx_w, size).def(to).mem(from));
      return add(Row(MInst::movzx_w, k32).def(to).mem(from));
    case 4:
      if (access.sign && size == k64) return add(Row(MInst::movsxd).def(to).mem(from));
      return add(Row(MInst::mov_rm, k32).def(to).mem(from));
    default: return add(Row(MInst::mov_rm, k64).def(to).mem(from));
  }
}

void Lowering::store(Value v) {
  const Inst& inst = at(v);
  const Access& access = g_.access(inst);
  const Value x = inst.arg(2);
  const Size size = size_of_bytes(access.bytes);
  const Type type = g_.type(x);
  if (access.atomic) {
    const VReg value = low(x);
    const Address to = address_of(v);
    return add(Row(MInst::xchg_mr, size).mem(to).reuse(temp(), value));
  }
  if (!is_int(type)) {
    const VReg value = use(x);
    const Address to = address_of(v);
    const MInst row = type == Type::kF32   ? (avx_ ? MInst::vmovss_mr : MInst::movss_mr)
                      : type == Type::kF64 ? (avx_ ? MInst::vmovsd_mr : MInst::movsd_mr)
                                           : (avx_ ? MInst::vmovups_mr : MInst::movups_mr);
    return add(Row(row).mem(to).use(value));
  }
  if (at(x).op == Opcode::kIConst) {
    const i64 bits = at(x).signed_bits();
    if (size != k64 || bits == static_cast<i32>(bits)) {
      const i32 imm = size == k8    ? static_cast<i8>(bits)
                      : size == k16 ? static_cast<i16>(bits)
                                    : static_cast<i32>(bits);
      const Address to = address_of(v);
      return add(Row(MInst::mov_mi, size).mem(to).imm(imm));
    }
  }
  if (store_operation(v)) return;
  const VReg value = low(x);
  const Address to = address_of(v);
  add(Row(MInst::mov_mr, size).mem(to).use(value));
}

/// An operation whose first operand is loaded from where its result goes is one instruction, which
/// traps where the load does.
bool Lowering::store_operation(Value v) {
  struct Form {
    MInst mr, mi;
  };
  const Inst& store = at(v);
  const Value x = store.arg(2);
  const Inst& inst = at(x);
  const Access& access = g_.access(store);
  if (!can_take(x) || type_bytes(inst.type) != access.bytes) return false;
  Form form;
  switch (inst.op) {
    case Opcode::kIAdd: form = {MInst::add_mr, MInst::add_mi}; break;
    case Opcode::kISub: form = {MInst::sub_mr, MInst::sub_mi}; break;
    case Opcode::kIAnd: form = {MInst::and_mr, MInst::and_mi}; break;
    case Opcode::kIOr: form = {MInst::or_mr, MInst::or_mi}; break;
    case Opcode::kIXor: form = {MInst::xor_mr, MInst::xor_mi}; break;
    default: return false;
  }
  auto is_old = [&](Value l) {
    if (at(l).op != Opcode::kLoad || !can_take_load(l, access.bytes)) return false;
    const Access& from = g_.access(at(l));
    return at(l).args[0] == store.args[0] && at(l).args[1] == store.args[1] &&
           from.offset == access.offset && from.region == access.region &&
           from.region_index == access.region_index;
  };
  Value old = inst.arg(0), other = inst.arg(1);
  if (!is_old(old) && inst.op != Opcode::kISub) std::swap(old, other);
  if (!is_old(old)) return false;
  taken_[index_of(x)] = taken_[index_of(old)] = true;
  const Size size = size_of_bytes(access.bytes);
  if (const auto imm = imm32(other)) {
    add(Row(form.mi, size).mem(address_of(old)).imm(*imm));
  } else {
    const VReg value = low(other);
    add(Row(form.mr, size).mem(address_of(old)).use(value));
  }
  return true;
}

void Lowering::vm_load(Value v) {
  const Inst& inst = at(v);
  Address a;
  a.base = use(inst.arg(0));
  a.disp = inst.offset();
  Access access;
  access.bytes = static_cast<u8>(type_bytes(inst.type));
  load_into(dst(v), inst.type, access, a);
}

// Slots -------------------------------------------------------------------------------------------

void Lowering::slot_load(Value v) {
  const Inst& inst = at(v);
  load_cell(v, Arg::Kind::kCell, static_cast<i32>(cell_of(inst.slot()) + inst.aux));
}

/// In the part of the frame that baseline code has made.
void Lowering::home(Value v) {
  load_cell(v, Arg::Kind::kFrame,
            static_cast<i32>(8 * at(v).args[2]) - static_cast<i32>(g_.taken_frame_bytes));
}

void Lowering::load_cell(Value v, Arg::Kind place, i32 number) {
  switch (at(v).type) {
    case Type::kF32:
      return add(Row(avx_ ? MInst::vmovss_rm : MInst::movss_rm).def(dst(v)).place(place, number));
    case Type::kF64:
      return add(Row(avx_ ? MInst::vmovsd_rm : MInst::movsd_rm).def(dst(v)).place(place, number));
    case Type::kV128:
      return add(Row(avx_ ? MInst::vmovups_rm : MInst::movups_rm).def(dst(v)).place(place, number));
    default: return add(Row(MInst::mov_rm, size_of(v)).def(dst(v)).place(place, number));
  }
}

void Lowering::slot_store(Value v) {
  const Inst& inst = at(v);
  const Value x = inst.arg(0);
  const u32 cell = cell_of(inst.slot()) + inst.aux;
  switch (g_.type(x)) {
    case Type::kF32:
      return add(Row(avx_ ? MInst::vmovss_mr : MInst::movss_mr).cell(cell).use(use(x)));
    case Type::kF64:
      return add(Row(avx_ ? MInst::vmovsd_mr : MInst::movsd_mr).cell(cell).use(use(x)));
    case Type::kV128:
      return add(Row(avx_ ? MInst::vmovups_mr : MInst::movups_mr).cell(cell).use(use(x)));
    default: break;
  }
  if (const auto imm = imm32(x)) {
    return add(Row(MInst::mov_mi, size_of(x)).cell(cell).imm(*imm));
  }
  add(Row(MInst::mov_mr, size_of(x)).cell(cell).use(low(x)));
}

// Checks ------------------------------------------------------------------------------------------

/// Traps unless index + extent <= size: without a carry, size - extent is what the index is
/// compared with.
void Lowering::bounds(Value v) {
  const Inst& inst = at(v);
  const VReg index = use(inst.arg(0)), size = use(inst.arg(1));
  auto trap_if_flags = [&](x64::Cond cond) {
    MachInst i;
    i.op = MOp::kTrapIf;
    i.trap = static_cast<u8>(TrapCode::kMemoryOutOfBounds);
    i.detail = detail_of({cond});
    i.wasm_offset = g_.wasm_offset(v);
    f_.code.add(i, {});
  };
  const VReg limit = temp();
  if (inst.extent() <= 0x7fff'ffff) {
    add(Row(MInst::sub_mi).reuse(limit, size).imm(static_cast<i32>(inst.extent())));
  } else {
    add(Row(MInst::sub_rm).reuse(limit, size).use(load_imm(inst.extent())));
  }
  trap_if_flags(x64::Cond::kB);
  add(Row(MInst::cmp_rm).use(index).use(limit));
  trap_if_flags(x64::Cond::kA);
  if (needed(v)) move(dst(v), index);
}

/// An address in the collected heap, modulo 2^32.
void Lowering::ref_offset(Value v) {
  const Inst& inst = at(v);
  Address sum;
  sum.base = low(inst.arg(0));
  if (inst.arg(1) != kNoValue) {
    sum.index = low(inst.arg(1));
    sum.scale = static_cast<u8>(inst.aux);
  }
  sum.disp = inst.offset();
  if (sum.scale > 3) return unsupported("elements of this size");
  add(Row(MInst::lea, k32).def(dst(v)).mem(sum));
}

// Atomics -----------------------------------------------------------------------------------------

void Lowering::atomic_rmw(Value v) {
  const Inst& inst = at(v);
  const Access& access = g_.access(inst);
  const u32 first = static_cast<u32>(Op::kI32AtomicRmwAdd);
  // In opcodes.def: seven widths each of add, sub, and, or, xor, xchg.
  const u32 kind = (static_cast<u32>(access.simd) - first) / 7;
  const Size size = size_of_bytes(access.bytes);
  VReg value = low(inst.arg(2));
  if (kind == 1) {
    const VReg negated = temp();
    add(Row(MInst::neg, k64).reuse(negated, value));
    value = negated;
  }
  const Address to = address_of(v);
  const VReg old = access.bytes < 4 ? temp() : dst(v);
  if (kind == 0 || kind == 1) {
    add(Row(MInst::lock_xadd, size).mem(to).reuse(old, value));
  } else if (kind == 5) {
    add(Row(MInst::xchg_mr, size).mem(to).reuse(old, value));
  } else {
    MachInst loop;
    loop.op = MOp::kAtomicLoop;
    loop.size = size;
    loop.detail = static_cast<u16>(kind - 2);
    const Operand operands[] = {Operand::fixed_def(dst(v), preg(x64::rax)),
                                Operand::late_use(value)};
    return add_atomic(loop, to, operands);
  }
  if (access.bytes == 1) add(Row(MInst::movzx_b, k32).def(dst(v)).use(old));
  if (access.bytes == 2) add(Row(MInst::movzx_w, k32).def(dst(v)).use(old));
}

void Lowering::atomic_cas(Value v) {
  const Inst& inst = at(v);
  const Access& access = g_.access(inst);
  const auto list = g_.list(inst.args[0], inst.args[1]);
  const Value expected{list[2]};
  const VReg old = low(expected), replacement = low(Value{list[3]});
  const Address to = address_of(v, Value{list[0]}, Value{list[1]});
  MachInst cas;
  cas.op = MOp::kAtomicCas;
  cas.size = size_of_bytes(access.bytes);
  const Operand operands[] = {Operand::fixed_use(old, preg(x64::rax)),
                              Operand::fixed_def(dst(v), preg(x64::rax)),
                              Operand::late_use(replacement)};
  add_atomic(cas, to, operands);
}

/// The address is used to the end of the instruction.
void Lowering::add_atomic(MachInst inst, const Address& a, std::span<const Operand> operands) {
  Operands all(operands.begin(), operands.end());
  Arg m{.kind = Arg::Kind::kMem, .scale = a.scale, .value = a.disp};
  m.a = static_cast<u8>(all.size());
  all.push_back(Operand::late_use(a.base));
  if (a.index != Address::kNone) {
    m.b = static_cast<u8>(all.size());
    all.push_back(Operand::late_use(a.index));
  }
  inst.args[0] = m;
  inst.arg_count = 1;
  inst.trap = a.trap;
  inst.wasm_offset = a.wasm_offset;
  f_.code.add(inst, all);
}

}  // namespace wazuka::opt
