// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "wasm/instruction_reader.h"

#include "wasm/limits.h"

namespace wazuka {

bool InstructionReader::read_locals(std::vector<LocalRun>& out) {
  out.clear();
  u64 total = 0;
  for (u32 runs = read_u32(); runs > 0 && !failed(); --runs) {
    u32 start = position();
    LocalRun run{read_u32(), {}};
    run.type = read_val_type();
    total += run.count;
    if (total > limits::kMaxLocals) fail_at(start, "too many locals: locals exceed maximum");
    if (!failed()) out.push_back(run);
  }
  return !failed();
}

bool InstructionReader::read_op(Op& op) {
  u32 start = position();
  u8 first = read_u8();
  u8 prefix = first >= 0xfb ? first : 0;
  u32 code = prefix != 0 ? read_u32() : first;
  if (failed()) return false;
  u16 found = find_op(prefix, code);
  if (found != kNoOp) return op = static_cast<Op>(found), true;
  if (prefix == 0 || prefix == 0xff) {
    return fail_at(start, {"illegal opcode: 0x", Hex{first}}), false;
  }
  return fail_at(start, {"unknown 0x", Hex{prefix}, " subopcode: 0x", Hex{code}}), false;
}

bool InstructionReader::next(Instruction& out) {
  if (at_end() || failed()) return false;
  out.offset = position();
  if (!read_op(out.op)) return false;
  read_immediates(out, op_info(out.op).imm);
  return !failed();
}

void InstructionReader::read_mem_arg(MemArg& out) {
  u32 start = position();
  u32 flags = read_u32();
  if (flags >= 0x80) return fail_at(start, "malformed memop alignment: alignment too large");
  out.align_log2 = flags & 0x3f;
  out.memory = (flags & 0x40) != 0 ? read_u32() : 0;
  out.offset = read_u64();
}

void InstructionReader::read_immediates(Instruction& out, ImmKind kind) {
  bool exact = false;
  switch (kind) {
    case ImmKind::kNone: return;
    case ImmKind::kBlock: out.block = read_block_type(); return;
    case ImmKind::kLabel:
    case ImmKind::kFunc:
    case ImmKind::kType:
    case ImmKind::kTag:
    case ImmKind::kLocal:
    case ImmKind::kGlobal:
    case ImmKind::kTable:
    case ImmKind::kElem:
    case ImmKind::kMemory:
    case ImmKind::kData: out.index = read_u32(); return;
    case ImmKind::kCallIndirect:
    case ImmKind::kTypeType:
    case ImmKind::kTypeField:
    case ImmKind::kTypeCount:
    case ImmKind::kTypeData:
    case ImmKind::kTypeElem:
    case ImmKind::kTypeTag:
    case ImmKind::kTableTable:
    case ImmKind::kElemTable:
    case ImmKind::kMemoryMemory:
    case ImmKind::kDataMemory:
      out.index = read_u32();
      out.index2 = read_u32();
      return;
    case ImmKind::kI32: out.bits = static_cast<u64>(i64{read_s32()}); return;
    case ImmKind::kI64: out.bits = static_cast<u64>(read_s64()); return;
    case ImmKind::kF32:
    case ImmKind::kF64: {
      u32 size = kind == ImmKind::kF32 ? 4 : 8;
      const u8* bytes = read_bytes(size);
      out.bits = 0;
      for (u32 i = 0; bytes != nullptr && i < size; ++i) out.bits |= u64{bytes[i]} << (8 * i);
      return;
    }
    case ImmKind::kV128:
    case ImmKind::kShuffle: out.bytes = read_bytes(16); return;
    case ImmKind::kLane: out.lane = read_u8(); return;
    case ImmKind::kFence:
      if (read_u8() != 0) fail_at(position() - 1, "zero byte expected");
      return;
    case ImmKind::kHeapType: {
      HeapType heap = read_heap_type(&exact);
      out.type = ValType::ref(heap, op_info(out.op).has(OpFlags::kNullable), exact);
      return;
    }
    case ImmKind::kBrCast: {
      u8 flags = read_u8();
      if (flags > 3) return fail_at(position() - 1, "invalid cast flags");
      out.index = read_u32();
      HeapType from = read_heap_type(&exact);
      out.type = ValType::ref(from, (flags & 1) != 0, exact);
      HeapType to = read_heap_type(&exact);
      out.type2 = ValType::ref(to, (flags & 2) != 0, exact);
      return;
    }
    case ImmKind::kMemArg: read_mem_arg(out.mem); return;
    case ImmKind::kMemArgLane:
      read_mem_arg(out.mem);
      out.lane = read_u8();
      return;
    case ImmKind::kBrTable: read_br_table(); return;
    case ImmKind::kSelectTypes: read_select_types(); return;
    case ImmKind::kTryTable:
      out.block = read_block_type();
      read_catches();
      return;
    case ImmKind::kResume:
      out.index = read_u32();
      read_handlers();
      return;
    case ImmKind::kResumeThrow:
      out.index = read_u32();
      out.index2 = read_u32();
      read_handlers();
      return;
  }
}

// Vectors grow as their items are read: a count alone takes no memory.

void InstructionReader::read_br_table() {
  targets_.clear();
  u32 count = read_count(limits::kMaxBrTableTargets, "br_table");
  for (u32 i = 0; i <= count && !failed(); ++i) targets_.push_back(read_u32());
}

void InstructionReader::read_select_types() {
  select_types_.clear();
  constexpr u32 kMaxSelectTypes = 10;
  u32 count = read_count(kMaxSelectTypes, "select types");
  for (u32 i = 0; i < count && !failed(); ++i) select_types_.push_back(read_val_type());
}

void InstructionReader::read_catches() {
  catches_.clear();
  u32 count = read_count(limits::kMaxCatches, "catches");
  for (u32 i = 0; i < count && !failed(); ++i) {
    CatchClause clause;
    clause.kind = read_u8();
    if (clause.kind > 3) return invalid_leading_byte(clause.kind, "catch");
    if (clause.kind < 2) clause.tag = read_u32();
    clause.depth = read_u32();
    catches_.push_back(clause);
  }
}

void InstructionReader::read_handlers() {
  handlers_.clear();
  u32 count = read_count(limits::kMaxHandlers, "resume table");
  for (u32 i = 0; i < count && !failed(); ++i) {
    ResumeHandler handler;
    u8 kind = read_u8();
    if (kind > 1) return invalid_leading_byte(kind, "on clause");
    handler.is_switch = kind == 1;
    handler.tag = read_u32();
    if (!handler.is_switch) handler.depth = read_u32();
    handlers_.push_back(handler);
  }
}

bool skip_expression(InstructionReader& reader) {
  Instruction instruction;
  for (u64 depth = 1; depth != 0;) {
    if (!reader.next(instruction)) return reader.unexpected_end(), false;
    if (opens_block(instruction.op)) ++depth;
    if (closes_block(instruction.op)) --depth;
  }
  return true;
}

}  // namespace wazuka
