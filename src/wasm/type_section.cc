// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// The type section (spec 5.5.4): recursion groups, interned one by one in the registry as they are
// read, so that matching of types compares canonical ids from then on.
//
// Order of work for a group: its syntax; references are in bounds and supertypes come first;
// subtyping depth; then it is interned; then each type is checked against its supertype. A group
// that fails afterwards is released with the module. Errors beyond syntax are about the group.
#include <algorithm>

#include "wasm/section_reader.h"
#include "wasm/type_registry.h"

namespace wazuka {
namespace {

constexpr u8 kRecByte = 0x4e, kSubByte = 0x50, kSubFinalByte = 0x4f, kDescribesByte = 0x4c,
             kDescriptorByte = 0x4d, kSharedByte = 0x65, kFuncByte = 0x60, kStructByte = 0x5f,
             kArrayByte = 0x5e, kContByte = 0x5d;

}  // namespace

void SectionReader::read_types() {
  u32 start = position();
  u32 count = read_item_count(m_.types.size(), limits::kMaxTypes, "types", start);
  m_.types.reserve(std::min<size_t>(count, remaining()));
  for (u32 i = 0; i < count && !failed(); ++i) read_rec_group();
}

void SectionReader::read_rec_group() {
  u32 start = position();
  RecGroup group{static_cast<u32>(m_.types.size()), 1, false};
  if (!at_end() && *pc_ == kRecByte) {
    ++pc_;
    group.explicit_rec = true;
    group.count = read_count(limits::kMaxTypes, "rec group types");
    if (failed()) return;
    if (!require(Feature::kGc, start, "rec group usage requires `gc` proposal to be enabled"))
      return;
  }
  if (!check_max(m_.types.size() + group.count, limits::kMaxTypes, "types", start)) return;
  for (u32 i = 0; i < group.count && !failed(); ++i) {
    SubType type;
    if (read_sub_type(group.first + i, &type)) m_.types.push_back(type);
  }
  if (failed()) return;
  if (!checks()) return m_.rec_groups.push_back(group);
  if (!check_group_references(group, start)) return;
  if (!m_.registry->intern(m_.types, group, m_.type_ids)) {
    m_.type_ids.resize(group.first);
    return fail_at(start, "implementation limit: too many types in `TypeList`");
  }
  m_.rec_groups.push_back(group);
  for (u32 i = 0; i < group.count; ++i) {
    if (!check_sub_type(group.first + i, start)) return;
  }
  for (u32 i = 0; i < group.count; ++i) {
    if (!check_descriptors(group.first + i, start)) return;
  }
}

u32 SectionReader::read_type_index() {
  u32 index = read_u32();
  if (index < HeapType::kAbstractBase) return index;
  fail_at(position(), "type index greater than implementation limits");
  return 0;
}

bool SectionReader::read_sub_type(u32 index, SubType* type) {
  u32 start = position();
  u8 form = read_u8();
  if (form == kSubByte || form == kSubFinalByte) {
    type->final = form == kSubFinalByte;
    u32 supertypes = read_count(1, "supertype idxs");
    if (supertypes == 1) type->supertype = read_type_index();
    if (failed()) return false;
    if ((!type->final || supertypes > 0) &&
        !require(Feature::kGc, start, "gc proposal must be enabled to use subtypes")) {
      return false;
    }
    form = read_u8();
  }
  if (type->supertype != SubType::kNone && type->supertype >= index && checks()) {
    return fail_at(start, "supertypes must be defined before subtypes"), false;
  }
  return read_composite(form, type);
}

bool SectionReader::read_composite(u8 form, SubType* type) {
  if (form == kSharedByte) {
    fail_at(position() - 1,
            "shared composite types require the shared-everything-threads proposal");
    return false;
  }
  if (form == kDescribesByte) {
    type->describes = read_type_index();
    form = read_u8();
  }
  if (form == kDescriptorByte) {
    type->descriptor = read_type_index();
    form = read_u8();
  }
  if (failed()) return false;
  switch (form) {
    case kFuncByte:
      type->kind = CompositeKind::kFunc;
      type->func = read_func_type();
      break;
    case kStructByte: {
      type->kind = CompositeKind::kStruct;
      u32 count = read_count(limits::kMaxStructFields, "struct fields");
      if (count > remaining()) return unexpected_end(), false;
      std::span<FieldType> fields = m_.arena.allocate_span<FieldType>(count);
      for (FieldType& field : fields) field = read_field_type();
      type->fields = fields;
      break;
    }
    case kArrayByte: {
      type->kind = CompositeKind::kArray;
      std::span<FieldType> element = m_.arena.allocate_span<FieldType>(1);
      element[0] = read_field_type();
      type->fields = element;
      break;
    }
    case kContByte: {
      type->kind = CompositeKind::kCont;
      i64 index = read_s33();
      if (index < 0) return fail_at(position(), "invalid continuation type"), false;
      if (index >= HeapType::kAbstractBase) {
        return fail_at(position(), "type index greater than implementation limits"), false;
      }
      type->cont_func = static_cast<u32>(index);
      break;
    }
    default: invalid_leading_byte(form, "type");
  }
  return !failed();
}

FuncType SectionReader::read_func_type() {
  FuncType type;
  type.params = read_val_types(limits::kMaxParams, "function params");
  type.results = read_val_types(limits::kMaxResults, "function returns");
  return type;
}

std::span<const ValType> SectionReader::read_val_types(u32 limit, const char* what) {
  u32 count = read_count(limit, what);
  if (count > remaining()) return unexpected_end(), std::span<const ValType>();
  std::span<ValType> types = m_.arena.allocate_span<ValType>(count);
  for (ValType& type : types) type = read_val_type();
  return types;
}

FieldType SectionReader::read_field_type() {
  FieldType field;
  field.storage = read_storage_type();
  u8 mutability = read_u8();
  if (mutability > 1) fail_at(position(), "malformed mutability byte for field type");
  field.mut = mutability == 1;
  return field;
}

bool SectionReader::check_reference(const RecGroup& group, u32 index, u32 offset) {
  if (index == SubType::kNone || index < group.first) return true;
  if (index - group.first >= group.count) {
    fail_at(offset, {"unknown type ", index, ": type index out of bounds"});
  } else if (!has(Feature::kGc)) {
    fail_at(offset, {"unknown type ", index,
                     ": type index out of bounds because the GC proposal is disabled"});
  }
  return !failed();
}

/// References go to earlier types or into the group; supertypes are not too deep.
bool SectionReader::check_group_references(const RecGroup& group, u32 offset) {
  auto check_val = [&](ValType type) {
    if (!type.is_ref() || !type.heap().is_index()) return true;
    return check_reference(group, type.heap().type_index(), offset);
  };
  for (u32 i = group.first; i < group.first + group.count; ++i) {
    const SubType& type = m_.types[i];
    if (type.describes != SubType::kNone && type.describes >= i) {
      return fail_at(offset, "forward describes reference"), false;
    }
    if (!check_reference(group, type.supertype, offset)) return false;
    if (!check_reference(group, type.descriptor, offset)) return false;
    if (!check_reference(group, type.cont_func, offset)) return false;
    if (!std::ranges::all_of(type.func.params, check_val)) return false;
    if (!std::ranges::all_of(type.func.results, check_val)) return false;
    for (const FieldType& field : type.fields) {
      if (!check_val(field.storage.val)) return false;
    }
    u32 depth = type.supertype == SubType::kNone ? 0 : type_depths_[type.supertype] + 1u;
    if (depth > limits::kMaxSubtypingDepth) {
      fail_at(offset, {"sub type hierarchy too deep: found depth ", depth, ", cannot exceed depth ",
                       limits::kMaxSubtypingDepth});
      return false;
    }
    type_depths_.push_back(static_cast<u8>(depth));
  }
  return true;
}

bool SectionReader::check_sub_type(u32 index, u32 offset) {
  return check_composite(m_.types[index], offset) && check_supertype(index, offset);
}

bool SectionReader::check_supertype(u32 index, u32 offset) {
  const SubType& type = m_.types[index];
  if (type.supertype == SubType::kNone) return true;
  const SubType& super = m_.types[type.supertype];
  if (super.final) return fail_at(offset, "sub type cannot have a final super type"), false;
  if (matches_supertype(type, super)) return true;
  return fail_at(offset, "sub type must match super type"), false;
}

bool SectionReader::matches_supertype(const SubType& sub, const SubType& super) const {
  if (sub.kind != super.kind || sub.fields.size() < super.fields.size()) return false;
  if (sub.kind == CompositeKind::kFunc) return is_func_subtype(m_, sub.func, super.func);
  if (sub.kind == CompositeKind::kCont) {
    return is_subtype(m_, ValType::ref(HeapType::index(sub.cont_func), false),
                      ValType::ref(HeapType::index(super.cont_func), false));
  }
  for (size_t i = 0; i < super.fields.size(); ++i) {
    const FieldType &a = sub.fields[i], &b = super.fields[i];
    if (a.mut != b.mut || a.storage.packed != b.storage.packed) return false;
    if (!is_subtype(m_, a.storage.val, b.storage.val)) return false;
    if (a.mut && !is_subtype(m_, b.storage.val, a.storage.val)) return false;
  }
  return true;
}

bool SectionReader::check_composite(const SubType& type, u32 offset) {
  auto check = [&](ValType t) { return check_type(t, offset); };
  switch (type.kind) {
    case CompositeKind::kFunc:
      if (!std::ranges::all_of(type.func.params, check)) return false;
      if (!std::ranges::all_of(type.func.results, check)) return false;
      return type.func.results.size() <= 1 ||
             require(
                 Feature::kMultiValue, offset,
                 "func type returns multiple values but the multi-value feature is not enabled");
    case CompositeKind::kArray:
      return require(Feature::kGc, offset,
                     "array indexed types not supported without the gc feature") &&
             check(type.element().storage.val);
    case CompositeKind::kStruct:
      if (!require(Feature::kGc, offset,
                   "struct indexed types not supported without the gc feature")) {
        return false;
      }
      return std::ranges::all_of(type.fields,
                                 [&](const FieldType& f) { return check(f.storage.val); });
    case CompositeKind::kCont:
      if (!require(Feature::kStackSwitching, offset,
                   "cannot define continuation types when stack switching is disabled")) {
        return false;
      }
      if (m_.types[type.cont_func].kind == CompositeKind::kFunc) return true;
      return fail_at(offset, {"non-function type ", type.cont_func}), false;
  }
  return false;
}

/// Custom descriptors: describes and descriptor clauses are inverse to each other, on structures,
/// and agree with those of the supertype.
bool SectionReader::check_descriptors(u32 index, u32 offset) {
  const SubType& type = m_.types[index];
  bool has_descriptor = type.descriptor != SubType::kNone;
  bool has_describes = type.describes != SubType::kNone;
  if (has_descriptor || has_describes) {
    if (!require(Feature::kCustomDescriptors, offset,
                 "custom descriptors proposal must be enabled to use descriptor and describes")) {
      return false;
    }
    if (type.kind != CompositeKind::kStruct) {
      fail_at(offset, has_descriptor ? "descriptor clause on non-struct type"
                                     : "describes clause on non-struct type");
      return false;
    }
  }
  if (type.supertype != SubType::kNone &&
      !check_descriptor_supertypes(type, m_.types[type.supertype], offset)) {
    return false;
  }
  if (has_descriptor && m_.types[type.descriptor].describes != index) {
    return fail_at(offset, "descriptor with no matching describes"), false;
  }
  if (has_describes && m_.types[type.describes].descriptor != index) {
    return fail_at(offset, "describes with no matching descriptor"), false;
  }
  return true;
}

bool SectionReader::check_descriptor_supertypes(const SubType& type, const SubType& super,
                                                u32 offset) {
  auto declares = [&](u32 sub, u32 expected) {
    u32 declared = m_.types[sub].supertype;
    return declared != SubType::kNone && same_type(m_, declared, expected);
  };
  if (super.descriptor != SubType::kNone) {
    if (type.descriptor == SubType::kNone) {
      fail_at(offset, "supertype of type without descriptor cannot have descriptor");
    } else if (!declares(type.descriptor, super.descriptor)) {
      fail_at(offset, "supertype of described type must be described by supertype of descriptor");
    }
  }
  if (type.describes == SubType::kNone && super.describes != SubType::kNone) {
    fail_at(offset, "supertype of non-descriptor type cannot be a descriptor");
  } else if (type.describes != SubType::kNone && super.describes == SubType::kNone) {
    fail_at(offset, "supertype of descriptor must be a descriptor");
  } else if (type.describes != SubType::kNone && !declares(type.describes, super.describes)) {
    fail_at(offset, "supertype of descriptor does not match");
  }
  return !failed();
}

}  // namespace wazuka
