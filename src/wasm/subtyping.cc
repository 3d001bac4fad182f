// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "wasm/subtyping.h"

#include "base/text.h"
#include "wasm/type_registry.h"

namespace wazuka {
namespace {

/// The top and the bottom of each hierarchy.
struct Hierarchy {
  HeapType::Abstract top, bottom;
};

constexpr Hierarchy hierarchy_of(HeapType::Abstract type) {
  switch (type) {
    case HeapType::kFunc:
    case HeapType::kNoFunc: return {HeapType::kFunc, HeapType::kNoFunc};
    case HeapType::kExtern:
    case HeapType::kNoExtern: return {HeapType::kExtern, HeapType::kNoExtern};
    case HeapType::kExn:
    case HeapType::kNoExn: return {HeapType::kExn, HeapType::kNoExn};
    case HeapType::kCont:
    case HeapType::kNoCont: return {HeapType::kCont, HeapType::kNoCont};
    case HeapType::kAny:
    case HeapType::kEq:
    case HeapType::kI31:
    case HeapType::kStruct:
    case HeapType::kArray:
    case HeapType::kNone:
    case HeapType::kBottom: break;
  }
  return {HeapType::kAny, HeapType::kNone};
}

Hierarchy hierarchy_of(const Module& module, HeapType type) {
  return hierarchy_of(type.is_index() ? abstract_of(module.types[type.type_index()].kind)
                                      : type.abstract());
}

bool is_heap_subtype(const Module& m, ValType sub, ValType super) {
  HeapType a = sub.heap(), b = super.heap();
  if (a == HeapType::kBottom) return true;
  if (a.is_index() && b.is_index()) {
    if (super.exact()) return sub.exact() && same_type(m, a.type_index(), b.type_index());
    return a == b || m.registry->is_subtype(m.type_ids[a.type_index()], m.type_ids[b.type_index()]);
  }
  if (a.is_index()) {
    return is_abstract_subtype(abstract_of(m.types[a.type_index()].kind), b.abstract());
  }
  if (b.is_index()) return a.abstract() == hierarchy_of(m, b).bottom;
  return is_abstract_subtype(a.abstract(), b.abstract());
}

}  // namespace

bool is_abstract_subtype(HeapType::Abstract sub, HeapType::Abstract super) {
  using H = HeapType;
  if (sub == super || sub == H::kBottom) return true;
  switch (sub) {
    case H::kEq: return super == H::kAny;
    case H::kI31:
    case H::kStruct:
    case H::kArray: return super == H::kEq || super == H::kAny;
    case H::kNone:
      return super == H::kI31 || super == H::kStruct || super == H::kArray || super == H::kEq ||
             super == H::kAny;
    case H::kNoFunc: return super == H::kFunc;
    case H::kNoExtern: return super == H::kExtern;
    case H::kNoExn: return super == H::kExn;
    case H::kNoCont: return super == H::kCont;
    case H::kFunc:
    case H::kExtern:
    case H::kAny:
    case H::kExn:
    case H::kCont:
    case H::kBottom: return false;
  }
  return false;
}

HeapType::Abstract top_of(const Module& module, HeapType type) {
  return hierarchy_of(module, type).top;
}

bool is_subtype_slow(const Module& module, ValType sub, ValType super) {
  if (sub == super || sub.is_bottom()) return true;
  if (!sub.is_ref() || !super.is_ref()) return false;
  if (sub.nullable() && !super.nullable()) return false;
  return is_heap_subtype(module, sub, super);
}

bool is_func_subtype(const Module& module, const FuncType& sub, const FuncType& super) {
  if (sub.params.size() != super.params.size() || sub.results.size() != super.results.size()) {
    return false;
  }
  for (size_t i = 0; i < sub.params.size(); ++i) {
    if (!is_subtype(module, super.params[i], sub.params[i])) return false;
  }
  for (size_t i = 0; i < sub.results.size(); ++i) {
    if (!is_subtype(module, sub.results[i], super.results[i])) return false;
  }
  return true;
}

namespace {

std::string_view nullable_ref_name(HeapType type) {
  switch (type.abstract()) {
    case HeapType::kFunc: return "funcref";
    case HeapType::kNoFunc: return "nullfuncref";
    case HeapType::kExtern: return "externref";
    case HeapType::kNoExtern: return "nullexternref";
    case HeapType::kAny: return "anyref";
    case HeapType::kEq: return "eqref";
    case HeapType::kI31: return "i31ref";
    case HeapType::kStruct: return "structref";
    case HeapType::kArray: return "arrayref";
    case HeapType::kNone: return "nullref";
    case HeapType::kExn: return "exnref";
    case HeapType::kNoExn: return "nullexnref";
    case HeapType::kCont: return "contref";
    case HeapType::kNoCont: return "nullcontref";
    case HeapType::kBottom: return "(ref null bot)";
  }
  return "?";
}

std::string_view ref_name(HeapType type) {
  switch (type.abstract()) {
    case HeapType::kFunc: return "(ref func)";
    case HeapType::kNoFunc: return "(ref nofunc)";
    case HeapType::kExtern: return "(ref extern)";
    case HeapType::kNoExtern: return "(ref noextern)";
    case HeapType::kAny: return "(ref any)";
    case HeapType::kEq: return "(ref eq)";
    case HeapType::kI31: return "(ref i31)";
    case HeapType::kStruct: return "(ref struct)";
    case HeapType::kArray: return "(ref array)";
    case HeapType::kNone: return "(ref none)";
    case HeapType::kExn: return "(ref exn)";
    case HeapType::kNoExn: return "(ref noexn)";
    case HeapType::kCont: return "(ref cont)";
    case HeapType::kNoCont: return "(ref nocont)";
    case HeapType::kBottom: return "heap type";
  }
  return "?";
}

}  // namespace

std::string_view type_name(ValType type) {
  switch (type.kind()) {
    case ValKind::kBottom: return "bot";
    case ValKind::kI32: return "i32";
    case ValKind::kI64: return "i64";
    case ValKind::kF32: return "f32";
    case ValKind::kF64: return "f64";
    case ValKind::kV128: return "v128";
    case ValKind::kRef: break;
  }
  if (!type.heap().is_index()) {
    return type.nullable() ? nullable_ref_name(type.heap()) : ref_name(type.heap());
  }
  if (type.exact()) return type.nullable() ? "(ref null (exact $type))" : "(ref (exact $type))";
  return type.nullable() ? "(ref null $type)" : "(ref $type)";
}

std::string type_text(ValType type) {
  if (!type.is_ref() || !type.heap().is_index()) return std::string(type_name(type));
  std::string index = join({"(id ", type.heap().type_index(), ")"});
  return join({type.nullable() ? "(ref null " : "(ref ", type.exact() ? "(exact " : "", index,
               type.exact() ? "))" : ")"});
}

std::string_view composite_name(CompositeKind kind) {
  switch (kind) {
    case CompositeKind::kFunc: return "(func)";
    case CompositeKind::kStruct: return "(struct)";
    case CompositeKind::kArray: return "(array)";
    case CompositeKind::kCont: return "(cont)";
  }
  return "?";
}

namespace {

/// The feature that a reference type needs beyond reference types, and the message without it.
struct TypeNeed {
  Feature feature;
  const char* message;
};

TypeNeed need_of(ValType type) {
  HeapType heap = type.heap();
  if (type.exact()) {
    return {Feature::kCustomDescriptors, "custom descriptors required for exact reference types"};
  }
  if (heap.is_index()) {
    return {Feature::kFunctionReferences, "function references required for index reference types"};
  }
  switch (heap.abstract()) {
    case HeapType::kFunc:
    case HeapType::kExtern:
      if (type.nullable()) return {Feature::kReferenceTypes, ""};
      return {Feature::kFunctionReferences, "function references required for non-nullable types"};
    case HeapType::kExn:
    case HeapType::kNoExn:
      return {Feature::kExceptions,
              "exception refs not supported without the exception handling feature"};
    case HeapType::kCont:
    case HeapType::kNoCont:
      return {Feature::kStackSwitching,
              "continuation refs not supported without the stack switching feature"};
    case HeapType::kAny:
    case HeapType::kEq:
    case HeapType::kI31:
    case HeapType::kStruct:
    case HeapType::kArray:
    case HeapType::kNone:
    case HeapType::kNoFunc:
    case HeapType::kNoExtern:
    case HeapType::kBottom: break;
  }
  return {Feature::kGc, "heap types not supported without the gc feature"};
}

bool type_enabled(const Features& features, ValType type, std::string* message) {
  if (type.is_v128() && !features.has(Feature::kSimd)) {
    *message = "SIMD support is not enabled";
    return false;
  }
  if (!type.is_ref()) return true;
  if (!features.has(Feature::kReferenceTypes)) {
    *message = "reference types support is not enabled";
    return false;
  }
  TypeNeed need = need_of(type);
  bool implied = need.feature == Feature::kFunctionReferences && type.heap().is_index() &&
                 features.has(Feature::kGc);
  if (features.has(need.feature) || implied) return true;
  *message = need.message;
  return false;
}

}  // namespace

bool is_valid_type(const Module& module, ValType type, std::string* message) {
  if (!type_enabled(module.features, type, message)) return false;
  if (type.is_ref() && type.heap().is_index() && type.heap().type_index() >= module.types.size()) {
    *message = join({"unknown type ", type.heap().type_index(), ": type index out of bounds"});
    return false;
  }
  return true;
}

}  // namespace wazuka
