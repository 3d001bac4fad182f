// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Accesses to linear memories. In a guarded memory an access is one instruction: the index is a
// register whose upper half is zero, and whatever it is, base + index + offset lies in the
// reservation or in the guard behind it. Otherwise the index is compared with the size first.
#include "base/compiler.h"
#include "baseline/function_compiler.h"
#include "baseline/x64/simd.h"

namespace wazuka::baseline {

/// The operand of the instruction that accesses memory, which is to be emitted next. The address is
/// not released.
WAZUKA_ALWAYS_INLINE HeapMem FunctionCompiler::address_of(const MemArg& arg, Op o, Slot& address) {
  if (arg.offset < guarded_end_ && arg.memory == 0 && !is_const(address)) [[likely]] {
    const Gpr index = gpr(address);
    const HeapBase base = memory_base();
    return HeapMem::at(base, zext_index(index), static_cast<u32>(arg.offset));
  }
  return other_address(arg, op_info(o).access_bytes(), address);
}

HeapMem FunctionCompiler::other_address(const MemArg& arg, u32 bytes, Slot& address) {
  if (!env_->guarded(arg.memory) || arg.offset + bytes > env_->guard_bytes ||
      arg.offset >= kMaxOffset) {
    return checked_address(arg, bytes, address);
  }
  const bool constant = is_const(address) && address.value.bits + arg.offset < kMaxOffset;
  const Gpr index = constant ? kScratch : gpr(address);
  HeapBase base = any_memory_base(arg.memory);
  const u32 offset = static_cast<u32>(arg.offset);
  if (constant) return HeapMem::at(base, static_cast<u32>(address.value.bits), offset);
  return HeapMem::at(base, zext_index(index), offset);
}

HeapBase FunctionCompiler::any_memory_base(u32 memory) {
  if (memory == 0) return memory_base();
  a_.mov(k64, kScratch2, Mem(vmctx(), static_cast<i32>(env_->layout.memory(memory))));
  return a_.heap_base(kScratch2, Mem(kScratch2, offsetof(VMMemory, base)));
}

/// kScratch = size of the memory - bytes; traps if that is negative.
void FunctionCompiler::load_limit(u32 memory, u64 bytes) {
  a_.mov(k64, kScratch, Mem(vmctx(), static_cast<i32>(env_->layout.memory(memory))));
  a_.mov(k64, kScratch, Mem(kScratch, offsetof(VMMemory, size)));
  a_.sub(k64, kScratch, static_cast<i32>(bytes));
  trap_if(Cond::kB, TrapCode::kMemoryOutOfBounds);
}

HeapMem FunctionCompiler::checked_address(const MemArg& arg, u32 bytes, Slot& address) {
  const bool is_64 = module_->memories[arg.memory].address == AddressType::kI64;
  const Gpr index = gpr(address);
  if (!is_64) zext_index(index);
  if (arg.offset < kMaxOffset) {
    load_limit(arg.memory, arg.offset + bytes);
    x64::CheckedIndex checked =
        a_.check_index(index, kScratch, trap_label(TrapCode::kMemoryOutOfBounds));
    return HeapMem::at(any_memory_base(arg.memory), checked, static_cast<u32>(arg.offset));
  }
  // The offset is too large for an instruction.
  a_.load_imm(kScratch2, arg.offset);
  a_.add(k64, kScratch2, index);
  if (is_64) trap_if(Cond::kB, TrapCode::kMemoryOutOfBounds);
  load_limit(arg.memory, bytes);
  x64::CheckedIndex checked =
      a_.check_index(kScratch2, kScratch, trap_label(TrapCode::kMemoryOutOfBounds));
  if (arg.memory == 0) return HeapMem::at(memory_base(), checked, 0);
  a_.mov(k64, kScratch, Mem(vmctx(), static_cast<i32>(env_->layout.memory(arg.memory))));
  return HeapMem::at(a_.heap_base(kScratch, Mem(kScratch, offsetof(VMMemory, base))), checked, 0);
}

template <Inst kI>
WAZUKA_ALWAYS_INLINE void FunctionCompiler::load_gpr(Op o, Size size, const MemArg& arg,
                                                     Slot& address, Slot& out) {
  const HeapMem m = address_of(arg, o, address);
  const Reg index = address.value.where == Where::kReg ? address.value.reg : kNoReg;
  release(address);
  const Reg dst = result_reg(false, index);
  access_site();
  if constexpr (kI == Inst::movsxd) {
    a_.movsxd(as_gpr(dst), m);
    zext_.erase(as_gpr(dst));
  } else {
    op<kI>(size, as_gpr(dst), m);
  }
  set_out(out, dst);
}

void FunctionCompiler::load_xmm(Op o, const MemArg& arg, Slot& address, Slot& out) {
  const HeapMem m = address_of(arg, o, address);
  release(address);
  const Reg dst = result_reg(true, kNoReg);
  access_site();
  if (o == Op::kF32Load) {
    m_->load_32(as_xmm(dst), m);
  } else if (o == Op::kF64Load) {
    m_->load_64(as_xmm(dst), m);
  } else {
    emit_simd_load(*m_, o, as_xmm(dst), m);
  }
  set_out(out, dst);
}

void FunctionCompiler::load(Op o, const MemArg& arg, Slot& address, Slot& out) {
  switch (o) {
    case Op::kI32Load:
    case Op::kI64Load32U: return load_gpr<Inst::mov_rm>(o, k32, arg, address, out);
    case Op::kI64Load: return load_gpr<Inst::mov_rm>(o, k64, arg, address, out);
    case Op::kI32Load8U:
    case Op::kI64Load8U: return load_gpr<Inst::movzx_b>(o, k32, arg, address, out);
    case Op::kI32Load16U:
    case Op::kI64Load16U: return load_gpr<Inst::movzx_w>(o, k32, arg, address, out);
    case Op::kI32Load8S: return load_gpr<Inst::movsx_b>(o, k32, arg, address, out);
    case Op::kI32Load16S: return load_gpr<Inst::movsx_w>(o, k32, arg, address, out);
    case Op::kI64Load8S: return load_gpr<Inst::movsx_b>(o, k64, arg, address, out);
    case Op::kI64Load16S: return load_gpr<Inst::movsx_w>(o, k64, arg, address, out);
    case Op::kI64Load32S: return load_gpr<Inst::movsxd>(o, k64, arg, address, out);
    default: return load_xmm(o, arg, address, out);
  }
}

void FunctionCompiler::store(Op o, const MemArg& arg, Slot& address, Slot& value) {
  pin(address), pin(value);
  const u32 bytes = op_info(o).access_bytes();
  const Size size = bytes == 1 ? k8 : bytes == 2 ? k16 : bytes == 4 ? k32 : k64;
  if (is_const(value) && !in_xmm(value.type) && (size != k64 || is_imm32(value))) {
    const HeapMem m = address_of(arg, o, address);
    const u64 v = value.value.bits;
    const i64 imm = size == k8    ? i64{static_cast<i8>(v)}
                    : size == k16 ? i64{static_cast<i16>(v)}
                                  : i64{static_cast<i32>(v)};
    access_site();
    a_.mov(size, m, imm);
    return release(address);
  }
  const Reg r = in_reg(value);
  const HeapMem m = address_of(arg, o, address);
  access_site();
  if (!is_xmm(r)) {
    a_.mov(size, m, as_gpr(r));
  } else if (bytes == 4) {
    m_->store_32(m, as_xmm(r));
  } else if (bytes == 8) {
    m_->store_64(m, as_xmm(r));
  } else {
    emit_simd_store(*m_, m, as_xmm(r));
  }
  release(address);
  release(value);
}

void FunctionCompiler::load_lane(Op o, const MemArg& arg, u32 lane, Slot& address, Slot& vector,
                                 Slot& out) {
  pin(address), pin(vector);
  const Xmm v = xmm(vector);
  const HeapMem m = address_of(arg, o, address);
  release(address);
  release(vector);
  const Reg dst = result_reg(true, reg_of(v));
  access_site();
  emit_simd_load_lane(*m_, o, as_xmm(dst), v, m, lane);
  set_out(out, dst);
}

void FunctionCompiler::store_lane(Op o, const MemArg& arg, u32 lane, Slot& address, Slot& vector) {
  pin(address), pin(vector);
  const Xmm v = xmm(vector);
  const HeapMem m = address_of(arg, o, address);
  access_site();
  emit_simd_store_lane(*m_, o, m, v, lane);
  release(address);
  release(vector);
}

}  // namespace wazuka::baseline
