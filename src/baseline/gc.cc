// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Structures, arrays, i31 and casts. Accesses of one value are inline; what allocates is a builtin
// with its operands in consecutive homes. A cast compares with the wanted type itself inline, and
// asks the runtime about all others, out of line.
#include <algorithm>

#include "baseline/function_compiler.h"

namespace wazuka::baseline {

const GcLayout& FunctionCompiler::layout_of(u32 type) {
  auto it = layouts_.find(type);
  if (it == layouts_.end()) {
    it = layouts_.emplace(type, gc_layout(module_->types[type], module_->types)).first;
  }
  return it->second;
}

HeapBase FunctionCompiler::gc_base() {
  a_.mov(k64, kScratch, Mem(vmctx(), offsetof(VMContext, store_context)));
  return a_.heap_base(kScratch,
                      Mem(kScratch, offsetof(VMStoreContext, gc) + offsetof(VMGcHeap, base)));
}

/// Traps if a reference is null.
Gpr FunctionCompiler::non_null(Slot& ref) {
  const Gpr r = gpr(ref);
  if (!ref.type.nullable()) return r;
  a_.test(k32, r, r);
  trap_if(Cond::kE, TrapCode::kNullReference);
  return r;
}

void FunctionCompiler::gc_load(const GcField& field, bool sign, HeapMem m, Slot& out) {
  const Reg dst = result_reg(in_xmm(out.type), kNoReg);
  if (is_xmm(dst)) {
    if (out.type == kF32) {
      m_->load_32(as_xmm(dst), m);
    } else if (out.type == kF64) {
      m_->load_64(as_xmm(dst), m);
    } else {
      m_->load_128(as_xmm(dst), m);
    }
    return set_out(out, dst);
  }
  const Gpr d = as_gpr(dst);
  switch (field.storage) {
    case GcStorage::kI8: sign ? op<Inst::movsx_b>(k32, d, m) : op<Inst::movzx_b>(k32, d, m); break;
    case GcStorage::kI16: sign ? op<Inst::movsx_w>(k32, d, m) : op<Inst::movzx_w>(k32, d, m); break;
    case GcStorage::kI64: op<Inst::mov_rm>(k64, d, m); break;
    default: op<Inst::mov_rm>(k32, d, m); break;
  }
  set_out(out, dst);
}

void FunctionCompiler::gc_store(const GcField& field, HeapMem m, Reg value) {
  const u32 bytes = gc_storage_bytes(field.storage);
  if (!is_xmm(value)) {
    const Size size = bytes == 1 ? k8 : bytes == 2 ? k16 : bytes == 4 ? k32 : k64;
    return a_.mov(size, m, as_gpr(value));
  }
  if (bytes == 4) return m_->store_32(m, as_xmm(value));
  if (bytes == 8) return m_->store_64(m, as_xmm(value));
  m_->store_128(m, as_xmm(value));
}

/// The operand for an element of an array, after the checks.
HeapMem FunctionCompiler::element_mem(const GcField& element, Slot& ref, Slot& index) {
  const Gpr r = non_null(ref), x = gpr(index);
  HeapBase base = gc_base();
  a_.cmp(k32, x, HeapMem::at(base, zext_index(r), kGcArrayLength));
  trap_if(Cond::kAe, TrapCode::kArrayOutOfBounds);
  // Modulo 2^32: whatever the values are, inside of the reservation.
  const u32 bytes = gc_storage_bytes(element.storage);
  if (bytes == 16) {
    a_.mov(k32, kScratch2, x);
    a_.shl(k32, kScratch2, 4);
    return HeapMem::at(base, a_.index<Inst::add_rm>(kScratch2, r), element.offset);
  }
  const x64::Scale scale = bytes == 1   ? x64::Scale::k1
                           : bytes == 2 ? x64::Scale::k2
                           : bytes == 4 ? x64::Scale::k4
                                        : x64::Scale::k8;
  return HeapMem::at(base, a_.index<Inst::lea>(kScratch2, Mem(r, x, scale)), element.offset);
}

bool FunctionCompiler::gc_access(Op o, const Immediates& imm, std::span<Slot> args,
                                 std::span<Slot> results) {
  const bool is_struct =
      o == Op::kStructGet || o == Op::kStructGetS || o == Op::kStructGetU || o == Op::kStructSet;
  const bool is_array =
      o == Op::kArrayGet || o == Op::kArrayGetS || o == Op::kArrayGetU || o == Op::kArraySet;
  if (!is_struct && !is_array) return false;
  const GcLayout& layout = layout_of(imm.index);
  const GcField field = is_struct ? layout.fields[imm.index2] : layout.element();
  if (field.storage == GcStorage::kFunc) return false;
  const bool sign = o == Op::kStructGetS || o == Op::kArrayGetS;
  if (o == Op::kStructSet || o == Op::kArraySet) {
    const Reg value = in_reg(args.back());
    gc_store(field, is_struct ? field_mem(field, args[0]) : element_mem(field, args[0], args[1]),
             value);
    for (Slot& s : args) release(s);
    return true;
  }
  const HeapMem m = is_struct ? field_mem(field, args[0]) : element_mem(field, args[0], args[1]);
  for (Slot& s : args) release(s);
  gc_load(field, sign, m, results[0]);
  return true;
}

HeapMem FunctionCompiler::field_mem(const GcField& field, Slot& ref) {
  const Gpr r = non_null(ref);
  HeapBase base = gc_base();
  return HeapMem::at(base, zext_index(r), field.offset);
}

/// Brings popped operands home; returns the cell of the first one.
u32 FunctionCompiler::settle_args(std::span<Slot> args) {
  const u32 base = cell_at(height_);
  u32 cells = 2;  // room for any result
  for (Slot& s : args) {
    settle(s);
    cells += cells_of(s.type);
  }
  note_cells(base + cells);
  return base;
}

void FunctionCompiler::gc_call(Op o, const Immediates& imm, std::span<Slot> args,
                               std::span<Slot> results) {
  const u32 base = settle_args(args);
  builtin(offsetof(VMBuiltins, gc_operation),
          {Arg::imm(op_info(o).code), Arg::imm(module_->type_ids[imm.index]), Arg::imm(imm.index2),
           Arg::cell(base)});
  check_trap();
  set_homes(results, base);
}

void FunctionCompiler::gc_op(Op o, const Immediates& imm, std::span<Slot> args,
                             std::span<Slot> results) {
  if (op_info(o).feature == Feature::kCustomDescriptors) return unsupported(o);
  switch (o) {
    case Op::kRefI31: {
      const Gpr x = gpr(args[0]);
      release(args[0]);
      const Gpr dst = as_gpr(result_reg(false, reg_of(x)));
      op<Inst::lea>(k32, dst, Mem(x, x, x64::Scale::k1, 1));
      return set_out(results[0], reg_of(dst));
    }
    case Op::kI31GetS:
    case Op::kI31GetU: {
      const Gpr x = non_null(args[0]);
      release(args[0]);
      const Gpr dst = as_gpr(result_reg(false, reg_of(x)));
      if (dst != x) mov(k32, dst, x);
      o == Op::kI31GetS ? op<Inst::sar_i>(k32, dst, 1) : op<Inst::shr_i>(k32, dst, 1);
      return set_out(results[0], reg_of(dst));
    }
    case Op::kArrayLen: {
      const Gpr r = non_null(args[0]);
      HeapBase base = gc_base();
      const HeapMem m = HeapMem::at(base, zext_index(r), kGcArrayLength);
      release(args[0]);
      const Gpr dst = as_gpr(result_reg(false, reg_of(r)));
      op<Inst::mov_rm>(k32, dst, m);
      return set_out(results[0], reg_of(dst));
    }
    case Op::kAnyConvertExtern:
    case Op::kExternConvertAny: {
      const Reg r = in_reg(args[0]);
      release(args[0]);
      return set_out(results[0], r);
    }
    case Op::kRefTest:
    case Op::kRefTestNull: {
      const Gpr r = gpr(args[0]);
      test_instance(imm, r, /*cast=*/false);
      release(args[0]);
      const Gpr dst = as_gpr(result_reg(false, kNoReg));
      mov(k32, dst, kScratch2);
      return set_out(results[0], reg_of(dst));
    }
    case Op::kRefCast:
    case Op::kRefCastNull: {
      const Gpr r = gpr(args[0]);
      test_instance(imm, r, /*cast=*/true);
      release(args[0]);
      return set_out(results[0], reg_of(r));
    }
    default:
      if (!gc_access(o, imm, args, results)) gc_call(o, imm, args, results);
  }
}

// Casts -------------------------------------------------------------------------------------------

/// r10 = whether the reference is an instance of the target (0 or 1); a cast traps instead.
void FunctionCompiler::test_instance(const Immediates& imm, Gpr ref, bool cast) {
  ValType target = ValType::ref(imm.heap, imm.nullable, imm.exact);
  bool inline_id = false;
  u32 id = 0;
  if (imm.heap.is_index()) {
    id = module_->type_ids[imm.heap.type_index()];
    target = ValType::ref(HeapType::index(id), imm.nullable, imm.exact);
    inline_id = module_->types[imm.heap.type_index()].kind != CompositeKind::kFunc;
  }
  vmctx();
  Label done;
  a_.load_imm(kScratch2, imm.nullable ? 1 : 0);
  a_.test(k64, ref, ref);
  if (cast && !imm.nullable) {
    trap_if(Cond::kE, TrapCode::kCastFailure);
  } else {
    a_.jcc(Cond::kE, done);
  }
  Late& l = late_.emplace_back();
  l.kind = cast ? Late::Kind::kCast : Late::Kind::kTest;
  l.code = TrapCode::kCastFailure;
  l.wasm_offset = offset_;
  l.region = region_;
  l.ref = reg_of(ref);
  l.type_id = target.bits();
  l.keep = used_;
  if (inline_id) {
    a_.test(k32, ref, 3);
    a_.jcc(Cond::kNe, l.label);
    HeapBase base = gc_base();
    a_.cmp(k32, HeapMem::at(base, zext_index(ref), 0), static_cast<i32>(id));
    if (!cast) a_.mov_u32(kScratch2, 1);
    a_.jcc(Cond::kNe, l.label);
  } else {
    a_.jmp(l.label);
  }
  a_.bind(l.back);
  a_.bind(done);
}

// The reference is the topmost operand, as it was popped.
void FunctionCompiler::br_on_cast(Op o, Frame& target, const Immediates& imm, Slot&, Slot* desc,
                                  Slot& out) {
  if (desc != nullptr) return unsupported(o);
  Slot& top = stack_[height_ - 1];
  settled_ = std::min(settled_, height_ - 1);
  const Gpr r = gpr(top);
  test_instance(imm, r, /*cast=*/false);
  a_.test(k32, kScratch2, kScratch2);
  branch_if({o == Op::kBrOnCastFail ? Cond::kE : Cond::kNe}, target);
  release(top);
  set_out_at(out, reg_of(r), top.value.cell);
}

}  // namespace wazuka::baseline
