// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// BodyDecoder: locals, globals, drop and select (spec 3.4.6, 3.4.7).
#pragma once

#include "wasm/body_decoder.h"

namespace wazuka::decode {

struct Variables {
  template <Op kOp, class D>
  WAZUKA_ALWAYS_INLINE static void step(D& d) {
    if constexpr (kOp == Op::kLocalGet)
      local_get(d);
    else if constexpr (kOp == Op::kLocalSet)
      local_set(d);
    else if constexpr (kOp == Op::kLocalTee)
      local_tee(d);
    else if constexpr (kOp == Op::kGlobalGet)
      global_get(d);
    else if constexpr (kOp == Op::kGlobalSet)
      global_set(d);
    else if constexpr (kOp == Op::kDrop)
      drop(d);
    else if constexpr (kOp == Op::kSelect)
      select(d);
    else if constexpr (kOp == Op::kSelectT)
      select_typed(d);
    else
      static_assert(kUnhandled<kOp>);
  }

  template <class D>
  WAZUKA_ALWAYS_INLINE static bool read_local(D& d, u32* index) {
    *index = d.read_u32_short();
    if (!D::kValidate || WAZUKA_LIKELY(*index < d.num_locals_)) return true;
    d.fail({"unknown local ", *index, ": local index out of bounds"});
    return false;
  }

  template <class D>
  WAZUKA_ALWAYS_INLINE static void local_get(D& d) {
    u32 index;
    if (!read_local(d, &index)) return;
    if (D::kValidate && WAZUKA_UNLIKELY(index >= d.first_uninit_) && !is_initialized(d, index)) {
      return d.fail({"uninitialized local: ", index});
    }
    typename D::Slot out{d.local_type(index), {}};
    if (d.live_) d.sink_.local_get(d, index, out);
    d.push(out);
  }

  template <class D>
  WAZUKA_ALWAYS_INLINE static void local_set(D& d) {
    u32 index;
    if (!read_local(d, &index) || !d.pop(d.local_type(index))) return;
    if (D::kValidate && WAZUKA_UNLIKELY(index >= d.first_uninit_)) set_initialized(d, index);
    if (d.live_) d.sink_.local_set(d, index, *d.sp_);
  }

  template <class D>
  WAZUKA_ALWAYS_INLINE static void local_tee(D& d) {
    u32 index;
    if (!read_local(d, &index)) return;
    ValType type = d.local_type(index);
    if (!d.pop(type)) return;
    if (D::kValidate && WAZUKA_UNLIKELY(index >= d.first_uninit_)) set_initialized(d, index);
    typename D::Slot out{type, {}};
    if (d.live_) d.sink_.local_tee(d, index, *d.sp_, out);
    d.push(out);
  }

  template <class D>
  [[gnu::noinline]] static bool is_initialized(const D& d, u32 index) {
    return (d.buffers_.initialized[index / 64] >> (index % 64)) & 1;
  }

  template <class D>
  [[gnu::noinline]] static void set_initialized(D& d, u32 index) {
    if (is_initialized(d, index)) return;
    d.buffers_.initialized[index / 64] |= u64{1} << (index % 64);
    d.buffers_.init_log.push_back(index);
  }

  template <class D>
  static const GlobalType* global_at(D& d, u32 index) {
    if (!D::kValidate || WAZUKA_LIKELY(index < d.module_.globals.size())) {
      return &d.module_.globals[index].type;
    }
    if constexpr (D::kConstExpr) {
      d.fail({"unknown global ", index, ": global index out of bounds"});
    } else {
      d.fail({"unknown global: global index out of bounds"});
    }
    return nullptr;
  }

  template <class D>
  static void global_get(D& d) {
    u32 index = d.read_u32();
    const GlobalType* global = global_at(d, index);
    if (global == nullptr) return;
    if constexpr (D::kConstExpr && D::kValidate) {
      if (index >= d.module_.imported_globals && !d.features_.has(Feature::kGc)) {
        return d.fail({"constant expression required: global.get of locally defined global"});
      }
      if (global->mut) {
        return d.fail({"constant expression required: global.get of mutable global"});
      }
    }
    typename D::Slot out{global->type, {}};
    if (d.live_) d.sink_.global_get(d, index, out);
    d.push(out);
  }

  template <class D>
  static void global_set(D& d) {
    u32 index = d.read_u32();
    const GlobalType* global = global_at(d, index);
    if (global == nullptr) return;
    if (D::kValidate && !global->mut) {
      return d.fail({"global is immutable: cannot modify it with `global.set`"});
    }
    if (!d.pop(global->type)) return;
    if (d.live_) d.sink_.global_set(d, index, *d.sp_);
  }

  template <class D>
  static void drop(D& d) {
    ValType type;
    if (!d.pop_any(&type)) return;
    if (d.live_) d.sink_.drop(d, *d.sp_);
  }

  template <class D>
  static void select(D& d) {
    ValType second, first;
    if (!d.pop(kI32) || !d.pop_any(&second) || !d.pop_any(&first)) return;
    if (D::kValidate && WAZUKA_UNLIKELY(first != second || first.is_ref())) {
      if (first.is_ref() || second.is_ref()) {
        return d.fail({"type mismatch: select only takes integral types"});
      }
      if (!first.is_bottom() && !second.is_bottom()) {
        return d.fail({"type mismatch: select operands have different types"});
      }
    }
    finish_select(d, first.is_bottom() ? second : first);
  }

  template <class D>
  static void finish_select(D& d, ValType type) {
    typename D::Slot out{type, {}};
    if (d.live_) d.sink_.select(d, d.sp_[0], d.sp_[1], d.sp_[2], out);
    d.push(out);
  }

  template <class D>
  [[gnu::noinline]] static void select_typed(D& d) {
    constexpr u32 kMaxSelectTypes = 10;  // other counts than 1 are invalid, but well-formed
    u32 count = d.read_count(kMaxSelectTypes, "select types");
    ValType type;
    for (u32 i = 0; i < count; ++i) type = d.read_val_type();
    if (d.failed()) return;
    if (D::kValidate && count != 1) return d.fail({"invalid result arity"});
    if (!d.check_type(type) || !d.pop({type, type, kI32})) return;
    finish_select(d, type);
  }
};

}  // namespace wazuka::decode
