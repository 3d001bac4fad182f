// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Linear memories and globals. In a guarded memory an access is one instruction that may fault;
// otherwise a `bounds` instruction compares the index with the size before.
#include "opt/build/graph_builder.h"

namespace wazuka::opt {

// Plain accesses ----------------------------------------------------------------------------------

Value GraphBuilder::load_at(Type t, Value base, u32 offset, Region region, u32 region_index,
                            u8 bytes) {
  const u16 access =
      intern({.offset = offset, .region_index = region_index, .region = region, .bytes = bytes});
  return append({.op = Opcode::kLoad,
                 .type = t,
                 .aux = access,
                 .args = {index_of(base), index_of(kNoValue)}});
}

void GraphBuilder::store_at(Value base, u32 offset, Region region, u32 region_index, u8 bytes,
                            Value value) {
  const u16 access =
      intern({.offset = offset, .region_index = region_index, .region = region, .bytes = bytes});
  append({.op = Opcode::kStore,
          .aux = access,
          .args = {index_of(base), index_of(kNoValue), index_of(value)}});
}

// Globals -----------------------------------------------------------------------------------------

GraphBuilder::GlobalPlace GraphBuilder::global_place(u32 index) {
  const VMLayout& layout = env_->layout;
  if (!layout.is_imported_global(index)) {
    return {f_.vmctx(), static_cast<u32>(layout.defined_global(index)), index};
  }
  // Two of them may be the same.
  return {f_.vmload(Type::kI64, f_.vmctx(), static_cast<i32>(layout.imported_global(index))), 0,
          kImportedIndex};
}

void GraphBuilder::global_get(u32 index, Slot& out) {
  const GlobalPlace place = global_place(index);
  const Type t = type_of(out.type);
  const bool traced = is_traced(out.type);
  // What a collection moves does change.
  if (!module_->globals[index].type.mut && !traced) {
    out.value = f_.vmload(t, place.base, static_cast<i32>(place.offset));
    return;
  }
  out.value = load_at(t, place.base, place.offset, Region::kGlobal, place.region_index,
                      static_cast<u8>(type_bytes(t)));
  g_[out.value].traced = traced;
}

void GraphBuilder::global_set(u32 index, Slot& in) {
  const GlobalPlace place = global_place(index);
  store_at(place.base, place.offset, Region::kGlobal, place.region_index,
           static_cast<u8>(type_bytes(type_of(in.type))), in.value);
}

// Memories ----------------------------------------------------------------------------------------

Value GraphBuilder::memory_base(u32 memory) {
  if (memory == 0) {
    return f_.vmload(Type::kI64, f_.vmctx(), offsetof(VMContext, memory0_base));
  }
  return f_.vmload(Type::kI64, vm_memory(memory), offsetof(VMMemory, base));
}

/// In bytes.
Value GraphBuilder::memory_size(u32 memory) {
  return load_at(Type::kI64, vm_memory(memory), offsetof(VMMemory, size), Region::kMemorySize,
                 memory_region(memory), 8);
}

GraphBuilder::Address GraphBuilder::address_of(const MemArg& arg, u32 bytes, Value index) {
  if (!env_->guarded(arg.memory) || arg.offset + bytes > env_->guard_bytes ||
      arg.offset >= kMaxOffset) {
    return checked_address(arg, bytes, index);
  }
  Address a{.base = memory_base(arg.memory),
            .index = index,
            .offset = static_cast<u32>(arg.offset),
            .traps = true};
  const Inst& x = g_[index];
  if (x.op == Opcode::kIConst && x.bits() + arg.offset < kMaxOffset) {
    a.index = kNoValue;
    a.offset += static_cast<u32>(x.bits());
  }
  return a;
}

GraphBuilder::Address GraphBuilder::checked_address(const MemArg& arg, u32 bytes, Value index) {
  const Value size = memory_size(arg.memory);
  u64 offset = arg.offset;
  if (offset >= kMaxOffset) {
    // Too large for an instruction.
    const Value low = index_64(index);
    index = f_.add(low, f_.i64_const(offset));
    if (is_64(arg.memory)) {
      trap_if(f_.icmp(IntCond::kLtU, index, low), TrapCode::kMemoryOutOfBounds);
    }
    offset = 0;
  }
  const Value checked =
      f_.check({.op = Opcode::kBounds,
                .type = Type::kI64,
                .args = {index_of(index), index_of(size), static_cast<u32>(offset + bytes)}},
               block_);
  return {.base = memory_base(arg.memory),
          .index = checked,
          .offset = static_cast<u32>(offset),
          .traps = false};
}

Access GraphBuilder::access_of(Op op, const MemArg& arg, const Address& a) const {
  return {.offset = a.offset,
          .region_index = memory_region(arg.memory),
          .region = Region::kMemory,
          .bytes = static_cast<u8>(op_info(op).access_bytes()),
          .traps = a.traps,
          .trap = TrapCode::kMemoryOutOfBounds};
}

void GraphBuilder::load(Op op, const MemArg& arg, Slot& address, Slot& out) {
  const Address a = address_of(arg, op_info(op).access_bytes(), address.value);
  Access access = access_of(op, arg, a);
  switch (op) {
    case Op::kI32Load8S:
    case Op::kI32Load16S:
    case Op::kI64Load8S:
    case Op::kI64Load16S:
    case Op::kI64Load32S: access.sign = true; break;
    case Op::kV128Load: break;
    default:
      if (op_info(op).prefix == 0xfd) access.simd = op;
  }
  out.value = append({.op = Opcode::kLoad,
                      .type = type_of(out.type),
                      .aux = intern(access),
                      .args = {index_of(a.base), index_of(a.index)}});
}

void GraphBuilder::store(Op op, const MemArg& arg, Slot& address, Slot& value) {
  const Address a = address_of(arg, op_info(op).access_bytes(), address.value);
  append({.op = Opcode::kStore,
          .aux = intern(access_of(op, arg, a)),
          .args = {index_of(a.base), index_of(a.index), index_of(value.value)}});
}

void GraphBuilder::load_lane(Op op, const MemArg& arg, u32 lane, Slot& address, Slot& vector,
                             Slot& out) {
  const Address a = address_of(arg, op_info(op).access_bytes(), address.value);
  Access access = access_of(op, arg, a);
  access.simd = op;
  access.lane = static_cast<u8>(lane);
  out.value = append({.op = Opcode::kLoadLane,
                      .type = Type::kV128,
                      .aux = intern(access),
                      .args = {index_of(a.base), index_of(a.index), index_of(vector.value)}});
}

void GraphBuilder::store_lane(Op op, const MemArg& arg, u32 lane, Slot& address, Slot& vector) {
  const Address a = address_of(arg, op_info(op).access_bytes(), address.value);
  Access access = access_of(op, arg, a);
  access.simd = op;
  access.lane = static_cast<u8>(lane);
  append({.op = Opcode::kStoreLane,
          .aux = intern(access),
          .args = {index_of(a.base), index_of(a.index), index_of(vector.value)}});
}

// Atomic accesses ---------------------------------------------------------------------------------

/// Alignment is looked at before bounds.
void GraphBuilder::check_alignment(const MemArg& arg, u32 bytes, Value index) {
  if (bytes == 1) return;
  const Value low = g_.type(index) == Type::kI64 ? f_.wrap(index) : index;
  const Value start = f_.add(low, f_.i32_const(static_cast<u32>(arg.offset)));
  trap_if(f_.binary(Opcode::kIAnd, start, bytes - 1), TrapCode::kHeapMisaligned);
}

void GraphBuilder::atomic(Op op, const MemArg& arg, std::span<Slot> args, std::span<Slot> results) {
  const OpCategory category = op_info(op).category;
  if (category == OpCategory::kAtomicFence) {
    append({.op = Opcode::kFence});
    return;
  }
  if (category == OpCategory::kAtomicWait || category == OpCategory::kAtomicNotify) {
    return atomic_wait(op, arg, args, results);
  }
  const u32 bytes = op_info(op).access_bytes();
  check_alignment(arg, bytes, args[0].value);
  const Address a = address_of(arg, bytes, args[0].value);
  Access access = access_of(op, arg, a);
  access.atomic = true;
  const u32 base = index_of(a.base), index = index_of(a.index);
  auto value = [&](u32 i) { return index_of(args[i].value); };
  Inst inst{.op = Opcode::kLoad, .aux = 0, .args = {base, index}};
  if (!results.empty()) inst.type = type_of(results[0].type);
  if (category == OpCategory::kAtomicStore) {
    inst.op = Opcode::kStore;
    inst.args[2] = value(1);
  } else if (category == OpCategory::kAtomicRmw) {
    inst.op = Opcode::kAtomicRmw;
    inst.args[2] = value(1);
    access.simd = op;
  } else if (category == OpCategory::kAtomicCmpxchg) {
    inst.op = Opcode::kAtomicCas;
    const u32 list[] = {base, index, value(1), value(2)};
    inst.args[0] = g_.add_list(list);
    inst.args[1] = 4;
  }
  inst.aux = intern(access);
  const Value v = append(inst);
  if (!results.empty()) results[0].value = v;
}

/// Wait and notify: the address is checked here, and the rest is the runtime's.
void GraphBuilder::atomic_wait(Op op, const MemArg& arg, std::span<Slot> args,
                               std::span<Slot> results) {
  const u32 bytes = op_info(op).access_bytes();
  // An address that overflows is seen before its alignment.
  const Value start = index_64(args[0].value);
  const Value address = f_.add(start, f_.i64_const(arg.offset));
  if (args[0].type == kI32) {
    trap_if(f_.icmp(IntCond::kNe, f_.binary(Opcode::kUShr, address, u64{32}), 0),
            TrapCode::kMemoryOutOfBounds);
  } else {
    trap_if(f_.icmp(IntCond::kLtU, address, start), TrapCode::kMemoryOutOfBounds);
  }
  check_alignment(arg, bytes, args[0].value);
  const Value checked =
      f_.check({.op = Opcode::kBounds,
                .type = Type::kI64,
                .args = {index_of(address), index_of(memory_size(arg.memory)), bytes}},
               block_);
  const Value memory = f_.i32_const(arg.memory);
  if (op == Op::kMemoryAtomicNotify) {
    results[0].value = builtin(Builtin::k_atomic_notify, {memory, checked, args[1].value});
    return;
  }
  const SlotId slot = g_.add_slot(1);
  const Value out = slot_address(slot, 0);
  check_trap(
      builtin(op == Op::kMemoryAtomicWait32 ? Builtin::k_atomic_wait32 : Builtin::k_atomic_wait64,
              {memory, checked, args[1].value, args[2].value, out}));
  results[0].value = slot_load(slot, 0, kI32);
}

}  // namespace wazuka::opt
