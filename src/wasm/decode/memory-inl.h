// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// BodyDecoder: memories, data segments, tables, element segments, atomics (spec 3.4.8–3.4.10;
// threads proposal).
#pragma once

#include <bit>

#include "wasm/body_decoder.h"
#include "wasm/decode/signature.h"

namespace wazuka::decode {

struct Memory {
  /// Reads a memarg; `address` becomes the type of the memory's addresses.
  template <class D>
  WAZUKA_ALWAYS_INLINE static bool read_memarg(D& d, u32 natural_log2, MemArg* arg,
                                               ValType* address) {
    bool short_form = d.remaining() >= 2 && d.pc_[0] <= natural_log2 && d.pc_[1] < 0x80 &&
                      !d.memory0_address_.is_bottom();
    if (WAZUKA_LIKELY(short_form)) {
      arg->align_log2 = d.pc_[0];
      arg->offset = d.pc_[1];
      *address = d.memory0_address_;
      return d.pc_ += 2, true;
    }
    return read_memarg_slow(d, natural_log2, arg, address);
  }

  template <class D>
  [[gnu::noinline]] static bool read_memarg_slow(D& d, u32 natural_log2, MemArg* arg,
                                                 ValType* address) {
    bool multi_memory = d.features_.has(Feature::kMultiMemory);
    u32 flags_offset = d.position();
    u32 flags = d.read_u32();
    if (multi_memory && (flags & 0x40) != 0) {
      flags ^= 0x40;
      arg->memory = d.read_u32();
    }
    if (flags >= (multi_memory ? 64u : 32u)) {
      d.fail_at(flags_offset, "malformed memop alignment: alignment too large");
    }
    arg->align_log2 = flags;
    arg->offset = d.features_.has(Feature::kMemory64) ? d.read_u64() : d.read_u32();
    if (d.failed()) return d.live_ = false;
    if (!d.address_type_of(arg->memory, address)) return false;
    if (!D::kValidate) return true;
    if (flags > natural_log2) {
      d.fail({"invalid memop alignment: alignment must not be larger than natural"});
      return false;
    }
    if (*address == kI32 && arg->offset > 0xffff'ffff) {
      d.fail({"offset out of range: must be <= 2**32"});
      return false;
    }
    return true;
  }

  static constexpr u32 natural_log2(Op op) {
    return static_cast<u32>(std::countr_zero(op_info(op).access_bytes()));
  }

  template <class D>
  WAZUKA_ALWAYS_INLINE static void load(D& d, Op op, ValType result) {
    MemArg arg;
    ValType address;
    if (!read_memarg(d, natural_log2(op), &arg, &address) || !d.pop(address)) return;
    typename D::Slot out{result, {}};
    if (d.live_) d.sink_.load(d, op, arg, *d.sp_, out);
    d.push(out);
  }

  template <class D>
  WAZUKA_ALWAYS_INLINE static void store(D& d, Op op, ValType value) {
    MemArg arg;
    ValType address;
    if (!read_memarg(d, natural_log2(op), &arg, &address)) return;
    if (!d.pop(value) || !d.pop(address)) return;
    if (d.live_) d.sink_.store(d, op, arg, d.sp_[0], d.sp_[1]);
  }

  template <class D>
  static void atomic(D& d, Op op) {
    MemArg arg;
    const OpSignature& signature = op_signature(op);
    if (op == Op::kAtomicFence) {
      if (d.read_u8() != 0) return d.fail({"nonzero byte after `atomic.fence`"});
    } else {
      ValType address;
      u32 natural = natural_log2(op);
      if (!read_memarg(d, natural, &arg, &address)) return;
      if (D::kValidate && arg.align_log2 != natural) {
        return d.fail({"atomic instructions must always specify maximum alignment"});
      }
      if (!d.pop(signature.params().subspan(1)) || !d.pop(address)) return;
    }
    std::span<typename D::Slot> args(d.sp_, signature.num_params);
    std::span<typename D::Slot> out = d.prepare_results(args.size(), signature.results());
    if (d.live_) d.sink_.atomic(d, op, arg, args, out);
    d.push_results(out);
  }

  template <Op kOp, class D>
  [[gnu::noinline]] static void step(D& d) {
    if constexpr (kOp == Op::kMemorySize || kOp == Op::kMemoryGrow)
      size_or_grow<kOp>(d);
    else if constexpr (kOp == Op::kMemoryInit)
      memory_init(d);
    else if constexpr (kOp == Op::kDataDrop)
      data_drop(d);
    else if constexpr (kOp == Op::kMemoryCopy)
      memory_copy(d);
    else if constexpr (kOp == Op::kMemoryFill)
      memory_fill(d);
    else if constexpr (kOp == Op::kTableGet)
      table_get(d);
    else if constexpr (kOp == Op::kTableSet)
      table_set(d);
    else if constexpr (kOp == Op::kTableInit)
      table_init(d);
    else if constexpr (kOp == Op::kElemDrop)
      elem_drop(d);
    else if constexpr (kOp == Op::kTableCopy)
      table_copy(d);
    else if constexpr (kOp == Op::kTableGrow)
      table_grow(d);
    else if constexpr (kOp == Op::kTableSize)
      table_size(d);
    else if constexpr (kOp == Op::kTableFill)
      table_fill(d);
    else
      static_assert(kUnhandled<kOp>);
  }

 private:
  template <Op kOp, class D>
  static void size_or_grow(D& d) {
    Immediates imm;
    if (!D::kValidate || d.features_.has(Feature::kMultiMemory)) {
      imm.index = d.read_u32();
    } else if (d.read_u8() != 0) {
      return d.fail_at(d.position() - 1, "zero byte expected");
    }
    ValType address;
    if (!d.address_type_of(imm.index, &address)) return;
    if constexpr (kOp == Op::kMemorySize) {
      d.other(kOp, imm, 0, address);
    } else {
      if (d.pop(address)) d.other(kOp, imm, 1, address);
    }
  }

  template <class D>
  static void memory_init(D& d) {
    Immediates imm;
    imm.index = d.read_u32();
    imm.index2 = d.read_u32();
    ValType address;
    if (!d.address_type_of(imm.index2, &address) || !d.check_data_segment(imm.index)) return;
    if (d.pop({address, kI32, kI32})) d.other(Op::kMemoryInit, imm, 3);
  }

  template <class D>
  static void data_drop(D& d) {
    Immediates imm;
    imm.index = d.read_u32();
    if (d.check_data_segment(imm.index)) d.other(Op::kDataDrop, imm, 0);
  }

  /// The length of a copy between different address types is of the smaller one.
  static ValType shorter(ValType a, ValType b) { return a == kI32 ? a : b; }

  template <class D>
  static void memory_copy(D& d) {
    Immediates imm;
    imm.index = d.read_u32();
    imm.index2 = d.read_u32();
    ValType to, from;
    if (!d.address_type_of(imm.index, &to) || !d.address_type_of(imm.index2, &from)) return;
    if (d.pop({to, from, shorter(from, to)})) d.other(Op::kMemoryCopy, imm, 3);
  }

  template <class D>
  static void memory_fill(D& d) {
    Immediates imm;
    imm.index = d.read_u32();
    ValType address;
    if (!d.address_type_of(imm.index, &address)) return;
    if (d.pop({address, kI32, address})) d.other(Op::kMemoryFill, imm, 3);
  }

  template <class D>
  static const TableType* read_table(D& d, u32* index) {
    *index = d.read_u32();
    return d.table_at(*index);
  }

  template <class D>
  static void table_get(D& d) {
    Immediates imm;
    const TableType* table = read_table(d, &imm.index);
    if (table == nullptr || !d.pop(address_val_type(table->address))) return;
    d.other(Op::kTableGet, imm, 1, table->element);
  }

  template <class D>
  static void table_set(D& d) {
    Immediates imm;
    const TableType* table = read_table(d, &imm.index);
    if (table == nullptr || !d.pop({address_val_type(table->address), table->element})) return;
    d.other(Op::kTableSet, imm, 2);
  }

  template <class D>
  static void table_init(D& d) {
    Immediates imm;
    imm.index = d.read_u32();
    const TableType* table = read_table(d, &imm.index2);
    if (table == nullptr) return;
    const ElemSegment* elem = d.elem_at(imm.index);
    if (elem == nullptr) return;
    if (D::kValidate && !is_subtype(d.module_, elem->type, table->element)) {
      return d.fail({"type mismatch"});
    }
    if (d.pop({address_val_type(table->address), kI32, kI32})) d.other(Op::kTableInit, imm, 3);
  }

  template <class D>
  static void elem_drop(D& d) {
    Immediates imm;
    imm.index = d.read_u32();
    if (d.elem_at(imm.index) != nullptr) d.other(Op::kElemDrop, imm, 0);
  }

  template <class D>
  static void table_copy(D& d) {
    Immediates imm;
    imm.index = d.read_u32();
    imm.index2 = d.read_u32();
    const TableType* from = d.table_at(imm.index2);
    const TableType* to = from == nullptr ? nullptr : d.table_at(imm.index);
    if (to == nullptr) return;
    if (D::kValidate && !is_subtype(d.module_, from->element, to->element)) {
      return d.fail({"type mismatch"});
    }
    ValType a = address_val_type(to->address), b = address_val_type(from->address);
    if (d.pop({a, b, shorter(b, a)})) d.other(Op::kTableCopy, imm, 3);
  }

  template <class D>
  static void table_grow(D& d) {
    Immediates imm;
    const TableType* table = read_table(d, &imm.index);
    if (table == nullptr) return;
    ValType address = address_val_type(table->address);
    if (d.pop({table->element, address})) d.other(Op::kTableGrow, imm, 2, address);
  }

  template <class D>
  static void table_size(D& d) {
    Immediates imm;
    const TableType* table = read_table(d, &imm.index);
    if (table != nullptr) d.other(Op::kTableSize, imm, 0, address_val_type(table->address));
  }

  template <class D>
  static void table_fill(D& d) {
    Immediates imm;
    const TableType* table = read_table(d, &imm.index);
    if (table == nullptr) return;
    ValType address = address_val_type(table->address);
    if (d.pop({address, table->element, address})) d.other(Op::kTableFill, imm, 3);
  }
};

}  // namespace wazuka::decode
