// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// BodyDecoder: structures, arrays, i31, casts (spec 3.4.7; custom descriptors proposal).
#pragma once

#include "wasm/body_decoder.h"
#include "wasm/decode/reference-inl.h"

namespace wazuka::decode {

struct Gc {
  template <Op kOp, class D>
  static void step(D& d) {
    using enum Op;
    if constexpr (kOp == kStructNew || kOp == kStructNewDefault)
      struct_new<kOp>(d);
    else if constexpr (kOp == kStructNewDesc || kOp == kStructNewDefaultDesc)
      struct_new<kOp>(d);
    else if constexpr (kOp == kStructGet || kOp == kStructGetS)
      struct_get<kOp>(d);
    else if constexpr (kOp == kStructGetU)
      struct_get<kOp>(d);
    else if constexpr (kOp == kStructSet)
      struct_set(d);
    else if constexpr (kOp == kArrayNew || kOp == kArrayNewDefault)
      array_new<kOp>(d);
    else if constexpr (kOp == kArrayNewFixed)
      array_new_fixed(d);
    else if constexpr (kOp == kArrayNewData)
      array_new_data(d);
    else if constexpr (kOp == kArrayNewElem)
      array_new_elem(d);
    else if constexpr (kOp == kArrayGet || kOp == kArrayGetS)
      array_get<kOp>(d);
    else if constexpr (kOp == kArrayGetU)
      array_get<kOp>(d);
    else if constexpr (kOp == kArraySet)
      array_set(d);
    else if constexpr (kOp == kArrayLen)
      array_len(d);
    else if constexpr (kOp == kArrayFill)
      array_fill(d);
    else if constexpr (kOp == kArrayCopy)
      array_copy(d);
    else if constexpr (kOp == kArrayInitData)
      array_init_data(d);
    else if constexpr (kOp == kArrayInitElem)
      array_init_elem(d);
    else if constexpr (kOp == kRefTest || kOp == kRefTestNull)
      cast<kOp>(d);
    else if constexpr (kOp == kRefCast || kOp == kRefCastNull)
      cast<kOp>(d);
    else if constexpr (kOp == kRefCastDescEq || kOp == kRefCastDescEqNull)
      cast_desc<kOp>(d);
    else if constexpr (kOp == kBrOnCast || kOp == kBrOnCastFail)
      br_on_cast<kOp>(d);
    else if constexpr (kOp == kBrOnCastDescEq || kOp == kBrOnCastDescEqFail)
      br_on_cast<kOp>(d);
    else if constexpr (kOp == kAnyConvertExtern)
      convert<kOp>(d, HeapType::kExtern, HeapType::kAny);
    else if constexpr (kOp == kExternConvertAny)
      convert<kOp>(d, HeapType::kAny, HeapType::kExtern);
    else if constexpr (kOp == kRefI31)
      ref_i31(d);
    else if constexpr (kOp == kI31GetS || kOp == kI31GetU)
      i31_get<kOp>(d);
    else if constexpr (kOp == kRefGetDesc)
      ref_get_desc(d);
    else
      static_assert(kUnhandled<kOp>);
  }

 private:
  static ValType nullable_ref(u32 type) { return ValType::ref(HeapType::index(type), true); }

  /// What allocations give: exact where exact types exist.
  template <class D>
  static ValType new_ref(const D& d, u32 type) {
    bool exact = d.features_.has(Feature::kCustomDescriptors);
    return ValType::ref(HeapType::index(type), false, exact);
  }

  template <class D>
  static const SubType* struct_at(D& d, u32 index) {
    const SubType* type = d.sub_type_at(index);
    if (type == nullptr || type->kind == CompositeKind::kStruct) return type;
    d.fail({"expected struct type at index ", index, ", found ", composite_name(type->kind)});
    return nullptr;
  }

  template <class D>
  static const FieldType* field_at(D& d, u32 index, u32 field) {
    const SubType* type = struct_at(d, index);
    if (type == nullptr || field < type->fields.size()) {
      return type == nullptr ? nullptr : &type->fields[field];
    }
    return d.fail({"unknown field: field index out of bounds"}), nullptr;
  }

  template <class D>
  static const FieldType* array_at(D& d, u32 index) {
    const SubType* type = d.sub_type_at(index);
    if (type == nullptr) return nullptr;
    if (type->kind == CompositeKind::kArray) return &type->element();
    d.fail({"expected array type at index ", index, ", found ", composite_name(type->kind)});
    return nullptr;
  }

  template <class D>
  static const FieldType* mutable_array_at(D& d, u32 index) {
    const FieldType* element = array_at(d, index);
    if (!D::kValidate || element == nullptr || element->mut) return element;
    return d.fail({"invalid array modification: array is immutable"}), nullptr;
  }

  /// struct.new and its variants: [fields…] [descriptor] → (ref exact $t)
  template <Op kOp, class D>
  [[gnu::noinline]] static void struct_new(D& d) {
    constexpr bool kDefault = kOp == Op::kStructNewDefault || kOp == Op::kStructNewDefaultDesc;
    constexpr bool kDesc = kOp == Op::kStructNewDesc || kOp == Op::kStructNewDefaultDesc;
    Immediates imm;
    imm.index = d.read_u32();
    const SubType* type = d.sub_type_at(imm.index);
    if (type == nullptr || !check_descriptor_use<kOp, kDesc>(d, *type, imm.index)) return;
    size_t args = kDesc;
    if (kDesc && !d.pop(ValType::ref(HeapType::index(type->descriptor), true, true))) return;
    if (struct_at(d, imm.index) == nullptr) return;
    if constexpr (kDefault) {
      if (!check_defaultable(d, *type)) return;
    } else {
      if (!pop_fields(d, *type)) return;
      args += type->fields.size();
    }
    d.other(kOp, imm, args, new_ref(d, imm.index));
  }

  template <Op kOp, bool kDesc, class D>
  static bool check_descriptor_use(D& d, const SubType& type, u32 index) {
    if (!D::kValidate || (type.descriptor != SubType::kNone) == kDesc) return true;
    if constexpr (kDesc) {
      d.fail({"invalid `", op_info(kOp).text.view(), "`: type ", index, " is not described"});
    } else {
      d.fail({"type with descriptor requires descriptor allocation: `", op_info(kOp).text.view(),
              "` with type ", index});
    }
    return false;
  }

  template <class D>
  static bool check_defaultable(D& d, const SubType& type) {
    for (const FieldType& field : type.fields) {
      if (!D::kValidate || field.storage.val.is_defaultable()) continue;
      d.fail({"invalid `struct.new_default`: ", type_text(field.storage.val),
              " field is not defaultable"});
      return false;
    }
    return true;
  }

  template <class D>
  static bool pop_fields(D& d, const SubType& type) {
    for (size_t i = type.fields.size(); i-- > 0;) {
      if (!d.pop(type.fields[i].storage.val)) return false;
    }
    return true;
  }

  template <Op kOp, class D>
  [[gnu::noinline]] static void struct_get(D& d) {
    Immediates imm;
    imm.index = d.read_u32();
    imm.index2 = d.read_u32();
    const FieldType* field = field_at(d, imm.index, imm.index2);
    if (field == nullptr) return;
    bool packed = field->storage.packed != StorageType::kNotPacked;
    if (D::kValidate && packed != (kOp != Op::kStructGet)) {
      if (packed) return d.fail({"can only use struct `get` with non-packed storage types"});
      return d.fail({"cannot use ", op_info(kOp).text.view(), " with non-packed storage types"});
    }
    if (d.pop(nullable_ref(imm.index))) d.other(kOp, imm, 1, field->storage.val);
  }

  template <class D>
  [[gnu::noinline]] static void struct_set(D& d) {
    Immediates imm;
    imm.index = d.read_u32();
    imm.index2 = d.read_u32();
    const FieldType* field = field_at(d, imm.index, imm.index2);
    if (field == nullptr) return;
    if (D::kValidate && !field->mut) {
      return d.fail({"invalid struct modification: struct field is immutable"});
    }
    if (d.pop({nullable_ref(imm.index), field->storage.val})) d.other(Op::kStructSet, imm, 2);
  }

  template <Op kOp, class D>
  [[gnu::noinline]] static void array_new(D& d) {
    Immediates imm;
    imm.index = d.read_u32();
    const FieldType* element = array_at(d, imm.index);
    if (element == nullptr) return;
    ValType value = element->storage.val;
    if constexpr (kOp == Op::kArrayNew) {
      if (d.pop({value, kI32})) d.other(kOp, imm, 2, new_ref(d, imm.index));
      return;
    }
    if (D::kValidate && !value.is_defaultable()) {
      return d.fail(
          {"invalid `array.new_default`: ", type_text(value), " field is not defaultable"});
    }
    if (d.pop(kI32)) d.other(kOp, imm, 1, new_ref(d, imm.index));
  }

  template <class D>
  [[gnu::noinline]] static void array_new_fixed(D& d) {
    Immediates imm;
    imm.index = d.read_u32();
    imm.index2 = d.read_u32();
    const FieldType* element = array_at(d, imm.index);
    if (element == nullptr) return;
    if (D::kValidate && imm.index2 > limits::kMaxArrayNewFixed) {
      return d.fail({"array.new_fixed size is out of bounds"});
    }
    for (u32 i = 0; i < imm.index2; ++i) {
      if (!d.pop(element->storage.val)) return;
    }
    d.other(Op::kArrayNewFixed, imm, imm.index2, new_ref(d, imm.index));
  }

  template <class D>
  [[gnu::noinline]] static void array_new_data(D& d) {
    Immediates imm;
    imm.index = d.read_u32();
    imm.index2 = d.read_u32();
    const FieldType* element = array_at(d, imm.index);
    if (element == nullptr) return;
    if (D::kValidate && element->storage.val.is_ref()) {
      return d.fail(
          {"type mismatch: array.new_data can only create arrays with numeric and vector "
           "elements"});
    }
    if (!d.check_data_segment(imm.index2) || !d.pop({kI32, kI32})) return;
    d.other(Op::kArrayNewData, imm, 2, new_ref(d, imm.index));
  }

  template <class D>
  static bool check_elem_segment(D& d, const char* op, ValType element, u32 segment) {
    if (!D::kValidate) return true;
    if (!element.is_ref()) {
      d.fail({"type mismatch: ", op, " can only create arrays with reference elements"});
      return false;
    }
    const ElemSegment* elem = d.elem_at(segment);
    if (elem == nullptr) return false;
    if (is_subtype(d.module_, elem->type, element)) return true;
    d.fail({"invalid ", op, " instruction: element segment ", segment, " type mismatch: expected ",
            type_text(element), ", found ", type_text(elem->type)});
    return false;
  }

  template <class D>
  [[gnu::noinline]] static void array_new_elem(D& d) {
    Immediates imm;
    imm.index = d.read_u32();
    imm.index2 = d.read_u32();
    const FieldType* element = array_at(d, imm.index);
    if (element == nullptr) return;
    if (!check_elem_segment(d, "array.new_elem", element->storage.val, imm.index2)) return;
    if (d.pop({kI32, kI32})) d.other(Op::kArrayNewElem, imm, 2, new_ref(d, imm.index));
  }

  template <Op kOp, class D>
  [[gnu::noinline]] static void array_get(D& d) {
    Immediates imm;
    imm.index = d.read_u32();
    const FieldType* element = array_at(d, imm.index);
    if (element == nullptr) return;
    bool packed = element->storage.packed != StorageType::kNotPacked;
    if (D::kValidate && packed != (kOp != Op::kArrayGet)) {
      if (packed) return d.fail({"cannot use array.get with packed storage types"});
      return d.fail({"cannot use ", op_info(kOp).text.view(), " with non-packed storage types"});
    }
    if (d.pop({nullable_ref(imm.index), kI32})) d.other(kOp, imm, 2, element->storage.val);
  }

  template <class D>
  [[gnu::noinline]] static void array_set(D& d) {
    Immediates imm;
    imm.index = d.read_u32();
    const FieldType* element = mutable_array_at(d, imm.index);
    if (element == nullptr) return;
    if (d.pop({nullable_ref(imm.index), kI32, element->storage.val}))
      d.other(Op::kArraySet, imm, 3);
  }

  template <class D>
  [[gnu::noinline]] static void array_len(D& d) {
    ValType type;
    if (References::pop_subtype(d, HeapType::kArray, &type)) d.other(Op::kArrayLen, {}, 1, kI32);
  }

  template <class D>
  [[gnu::noinline]] static void array_fill(D& d) {
    Immediates imm;
    imm.index = d.read_u32();
    const FieldType* element = mutable_array_at(d, imm.index);
    if (element == nullptr) return;
    if (d.pop({nullable_ref(imm.index), kI32, element->storage.val, kI32})) {
      d.other(Op::kArrayFill, imm, 4);
    }
  }

  static std::string storage_text(const StorageType& type) {
    if (type.packed == StorageType::kI8) return "i8";
    if (type.packed == StorageType::kI16) return "i16";
    return type_text(type.val);
  }

  template <class D>
  [[gnu::noinline]] static void array_copy(D& d) {
    Immediates imm;
    imm.index = d.read_u32();
    imm.index2 = d.read_u32();
    const FieldType* to = mutable_array_at(d, imm.index);
    const FieldType* from = to == nullptr ? nullptr : array_at(d, imm.index2);
    if (from == nullptr) return;
    if (D::kValidate && (to->storage.packed != from->storage.packed ||
                         !is_subtype(d.module_, from->storage.val, to->storage.val))) {
      return d.fail({"array types do not match: expected ", storage_text(to->storage), ", found ",
                     storage_text(from->storage)});
    }
    if (d.pop({nullable_ref(imm.index), kI32, nullable_ref(imm.index2), kI32, kI32})) {
      d.other(Op::kArrayCopy, imm, 5);
    }
  }

  template <class D>
  [[gnu::noinline]] static void array_init_data(D& d) {
    Immediates imm;
    imm.index = d.read_u32();
    imm.index2 = d.read_u32();
    const FieldType* element = mutable_array_at(d, imm.index);
    if (element == nullptr) return;
    if (D::kValidate && element->storage.val.is_ref()) {
      return d.fail({"invalid array.init_data: array type is not numeric or vector"});
    }
    if (!d.check_data_segment(imm.index2)) return;
    if (d.pop({nullable_ref(imm.index), kI32, kI32, kI32})) d.other(Op::kArrayInitData, imm, 4);
  }

  template <class D>
  [[gnu::noinline]] static void array_init_elem(D& d) {
    Immediates imm;
    imm.index = d.read_u32();
    imm.index2 = d.read_u32();
    const FieldType* element = mutable_array_at(d, imm.index);
    if (element == nullptr) return;
    if (!check_elem_segment(d, "array.init_elem", element->storage.val, imm.index2)) return;
    if (d.pop({nullable_ref(imm.index), kI32, kI32, kI32})) d.other(Op::kArrayInitElem, imm, 4);
  }

  template <class D>
  static bool check_castable(D& d, HeapType type) {
    if (!D::kValidate || top_of(d.module_, type) != HeapType::kCont) return true;
    return d.fail({"invalid cast: cannot cast to a continuation type"}), false;
  }

  /// ref.test and ref.cast: any reference of the target's hierarchy → i32 or the target.
  template <Op kOp, class D>
  [[gnu::noinline]] static void cast(D& d) {
    constexpr bool kTest = kOp == Op::kRefTest || kOp == Op::kRefTestNull;
    Immediates imm;
    imm.heap = d.read_heap_type(&imm.exact);
    if (d.failed()) return;
    imm.nullable = op_info(kOp).has(OpFlags::kNullable);
    ValType target = ValType::ref(imm.heap, imm.nullable, imm.exact);
    if (!d.check_type(target) || !check_castable(d, imm.heap)) return;
    if (!d.pop(ValType::ref(top_of(d.module_, imm.heap), true))) return;
    d.other(kOp, imm, 1, kTest ? kI32 : target);
  }

  /// Pops the descriptor operand of a cast to `target` (exact if the target is).
  template <class D>
  static bool pop_descriptor(D& d, ValType target) {
    if (D::kValidate && !target.heap().is_index()) return d.fail({"unexpected heap type"}), false;
    const SubType* type = d.sub_type_at(target.heap().type_index());
    if (type == nullptr) return false;
    if (D::kValidate && type->descriptor == SubType::kNone) {
      return d.fail({"cast target must have descriptor"}), false;
    }
    ValType expected = ValType::ref(HeapType::index(type->descriptor), true);
    ValType found = d.above_base() > 0 ? d.sp_[-1].type : ValType();
    if (!d.pop(expected) || !D::kValidate || !target.exact()) return !d.failed();
    expected = ValType::ref(expected.heap(), true, true);
    if (is_subtype(d.module_, found, expected)) return true;
    d.fail({"type mismatch: expected descriptor of exact type ", type_text(expected), " found ",
            type_text(found)});
    return false;
  }

  template <Op kOp, class D>
  [[gnu::noinline]] static void cast_desc(D& d) {
    Immediates imm;
    imm.heap = d.read_heap_type(&imm.exact);
    if (d.failed()) return;
    imm.nullable = op_info(kOp).has(OpFlags::kNullable);
    ValType target = ValType::ref(imm.heap, imm.nullable, imm.exact);
    if (!d.check_type(target) || !pop_descriptor(d, target)) return;
    if (!check_castable(d, imm.heap)) return;
    if (!d.pop(ValType::ref(top_of(d.module_, imm.heap), true))) return;
    d.other(kOp, imm, 2, target);
  }

  /// Reads flags, label and two heap types.
  template <class D>
  static bool read_cast(D& d, u32* depth, ValType* from, ValType* to) {
    u32 flags_offset = d.position();
    u8 flags = d.read_u8();
    *depth = d.read_u32();
    if (flags > 3) d.fail_at(flags_offset, {"invalid cast flags: ", u32{flags}});
    bool exact;
    HeapType heap = d.read_heap_type(&exact);
    *from = ValType::ref(heap, flags & 1, exact);
    heap = d.read_heap_type(&exact);
    *to = ValType::ref(heap, (flags & 2) != 0, exact);
    if (d.failed()) return d.live_ = false;
    return d.check_type(*from) && d.check_type(*to) && check_cast_types(d, *from, *to);
  }

  template <class D>
  static bool check_cast_types(D& d, ValType from, ValType to) {
    if (!D::kValidate) return true;
    if (!check_castable(d, to.heap())) return false;
    if (d.features_.has(Feature::kCustomDescriptors)) {
      if (top_of(d.module_, from.heap()) == top_of(d.module_, to.heap())) return true;
      d.fail({"type mismatch: ", type_text(from), " and ", type_text(to),
              " have different heap type hierarchies"});
      return false;
    }
    if (is_subtype(d.module_, to, from)) return true;
    d.fail({"type mismatch: expected ", type_text(from), ", found ", type_text(to)});
    return false;
  }

  /// The label's last type must accept what the branch carries.
  template <class D>
  static bool check_cast_label(D& d, std::span<const ValType> label, ValType carried, bool fail) {
    if (!D::kValidate) return true;
    if (label.empty()) {
      if (fail) {
        d.fail({"type mismatch: expected a reference type, found nothing"});
      } else {
        d.fail({"type mismatch: br_on_cast to label with empty types, must have a reference type"});
      }
      return false;
    }
    if (is_subtype(d.module_, carried, label.back())) return true;
    if (fail) {
      d.fail({"type mismatch: expected label result type ", type_text(label.back()), ", found ",
              type_text(carried)});
    } else {
      d.fail({"type mismatch: casting to type ", type_text(carried),
              ", but it does not match label result type ", type_text(label.back())});
    }
    return false;
  }

  template <Op kOp, class D>
  [[gnu::noinline]] static void br_on_cast(D& d) {
    constexpr bool kFail = kOp == Op::kBrOnCastFail || kOp == Op::kBrOnCastDescEqFail;
    constexpr bool kDesc = kOp == Op::kBrOnCastDescEq || kOp == Op::kBrOnCastDescEqFail;
    u32 depth;
    ValType from, to;
    if (!read_cast(d, &depth, &from, &to)) return;
    typename D::Slot desc;
    if constexpr (kDesc) {
      if (!pop_descriptor(d, to)) return;
      desc = *d.sp_;
    }
    typename D::Frame* target = d.label(depth);
    if (target == nullptr) return;
    // What remains when the cast fails: null only if the target does not take it.
    ValType rest = References::with_null(from, from.nullable() && !to.nullable());
    ValType carried = kFail ? rest : to;
    std::span<const ValType> label = target->label_types();
    if (!check_cast_label(d, label, carried, kFail) || !d.pop(from)) return;
    typename D::Slot ref = *d.sp_;
    if (!d.match_top(label.first(label.size() - 1))) return;
    d.push(typename D::Slot{label.back(), ref.value});
    typename D::Slot out{kFail ? to : rest, {}};
    Immediates imm;
    imm.heap = to.heap();
    imm.nullable = to.nullable();
    imm.exact = to.exact();
    if (d.live_) d.sink_.br_on_cast(d, kOp, depth, imm, ref, kDesc ? &desc : nullptr, out);
    d.mark_branch_to(*target);
    --d.sp_;
    d.push(out);
  }

  template <Op kOp, class D>
  [[gnu::noinline]] static void convert(D& d, HeapType::Abstract from, HeapType::Abstract to) {
    ValType type;
    if (!References::pop_subtype(d, from, &type)) return;
    d.other(kOp, {}, 1, ValType::ref(to, type.nullable()));
  }

  template <class D>
  [[gnu::noinline]] static void ref_i31(D& d) {
    if (d.pop(kI32)) d.other(Op::kRefI31, {}, 1, ValType::ref(HeapType::kI31, false));
  }

  template <Op kOp, class D>
  [[gnu::noinline]] static void i31_get(D& d) {
    ValType type;
    if (References::pop_subtype(d, HeapType::kI31, &type)) d.other(kOp, {}, 1, kI32);
  }

  /// The descriptor is exact if the described reference is.
  template <class D>
  [[gnu::noinline]] static void ref_get_desc(D& d) {
    Immediates imm;
    imm.index = d.read_u32();
    ValType expected = nullable_ref(imm.index), actual;
    if (!d.check_type(expected) || !d.pop_any(&actual)) return;
    const SubType* type = &d.module_.types[imm.index];
    if (D::kValidate && !is_subtype(d.module_, actual, expected)) {
      return d.fail_mismatch(expected, actual);
    }
    if (D::kValidate && type->descriptor == SubType::kNone) {
      return d.fail({"expected type with descriptor"});
    }
    bool exact = is_subtype(d.module_, actual, ValType::ref(expected.heap(), true, true));
    d.other(Op::kRefGetDesc, imm, 1, ValType::ref(HeapType::index(type->descriptor), false, exact));
  }
};

}  // namespace wazuka::decode
