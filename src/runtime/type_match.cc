// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "runtime/type_match.h"

#include "runtime/memory.h"
#include "runtime/table.h"

namespace wazuka {

ValType canonical_type(const Module& module, ValType type) {
  if (!type.is_ref() || !type.heap().is_index()) return type;
  u32 id = module.type_ids[type.heap().type_index()];
  return ValType::ref(HeapType::index(id), type.nullable(), type.exact());
}

TableType canonical_type(const Module& module, TableType type) {
  type.element = canonical_type(module, type.element);
  return type;
}

GlobalType canonical_type(const Module& module, GlobalType type) {
  type.type = canonical_type(module, type.type);
  return type;
}

namespace {

bool is_any_family(HeapType::Abstract h) {
  switch (h) {
    case HeapType::kAny:
    case HeapType::kEq:
    case HeapType::kI31:
    case HeapType::kStruct:
    case HeapType::kArray:
    case HeapType::kNone: return true;
    case HeapType::kFunc:
    case HeapType::kNoFunc:
    case HeapType::kExtern:
    case HeapType::kNoExtern:
    case HeapType::kExn:
    case HeapType::kNoExn:
    case HeapType::kCont:
    case HeapType::kNoCont:
    case HeapType::kBottom: return false;
  }
  return false;
}

/// The abstract type directly above a concrete one, and the bottom of its hierarchy.
HeapType::Abstract abstract_of(CompositeKind kind) {
  switch (kind) {
    case CompositeKind::kFunc: return HeapType::kFunc;
    case CompositeKind::kStruct: return HeapType::kStruct;
    case CompositeKind::kArray: return HeapType::kArray;
    case CompositeKind::kCont: return HeapType::kCont;
  }
  return HeapType::kBottom;
}

HeapType::Abstract bottom_of(HeapType::Abstract h) {
  if (is_any_family(h)) return HeapType::kNone;
  switch (h) {
    case HeapType::kFunc:
    case HeapType::kNoFunc: return HeapType::kNoFunc;
    case HeapType::kExtern:
    case HeapType::kNoExtern: return HeapType::kNoExtern;
    case HeapType::kExn:
    case HeapType::kNoExn: return HeapType::kNoExn;
    case HeapType::kCont:
    case HeapType::kNoCont: return HeapType::kNoCont;
    case HeapType::kAny:
    case HeapType::kEq:
    case HeapType::kI31:
    case HeapType::kStruct:
    case HeapType::kArray:
    case HeapType::kNone:
    case HeapType::kBottom: return HeapType::kBottom;
  }
  return HeapType::kBottom;
}

bool is_abstract_subtype(HeapType::Abstract sub, HeapType::Abstract super) {
  if (sub == super || sub == bottom_of(super)) return true;
  if (super == HeapType::kAny) return is_any_family(sub);
  return super == HeapType::kEq &&
         (sub == HeapType::kI31 || sub == HeapType::kStruct || sub == HeapType::kArray);
}

bool is_heap_subtype(const TypeRegistry& registry, HeapType sub, HeapType super) {
  if (sub == super) return true;
  if (sub.is_index() && super.is_index()) {
    return registry.is_subtype(sub.type_index(), super.type_index());
  }
  if (sub.is_index()) {
    return is_abstract_subtype(abstract_of(registry.get(sub.type_index()).kind), super.abstract());
  }
  if (super.is_index()) {
    return sub.abstract() == bottom_of(abstract_of(registry.get(super.type_index()).kind));
  }
  return is_abstract_subtype(sub.abstract(), super.abstract());
}

const char* abstract_name(HeapType::Abstract h) {
  switch (h) {
    case HeapType::kFunc: return "func";
    case HeapType::kNoFunc: return "nofunc";
    case HeapType::kExtern: return "extern";
    case HeapType::kNoExtern: return "noextern";
    case HeapType::kAny: return "any";
    case HeapType::kEq: return "eq";
    case HeapType::kI31: return "i31";
    case HeapType::kStruct: return "struct";
    case HeapType::kArray: return "array";
    case HeapType::kNone: return "none";
    case HeapType::kExn: return "exn";
    case HeapType::kNoExn: return "noexn";
    case HeapType::kCont: return "cont";
    case HeapType::kNoCont: return "nocont";
    case HeapType::kBottom: return "bottom";
  }
  return "?";
}

}  // namespace

HeapType abstract_heap_type(const TypeRegistry& registry, HeapType heap) {
  return heap.is_index() ? HeapType(abstract_of(registry.get(heap.type_index()).kind)) : heap;
}

bool is_subtype(const TypeRegistry& registry, ValType sub, ValType super) {
  if (sub == super) return true;
  if (!sub.is_ref() || !super.is_ref()) return false;
  if (sub.nullable() && !super.nullable()) return false;
  if (super.exact() && !(sub.exact() && sub.heap() == super.heap())) return false;
  return is_heap_subtype(registry, sub.heap(), super.heap());
}

std::string type_name(const TypeRegistry& registry, ValType type) {
  switch (type.kind()) {
    case ValKind::kBottom: return "bottom";
    case ValKind::kI32: return "i32";
    case ValKind::kI64: return "i64";
    case ValKind::kF32: return "f32";
    case ValKind::kF64: return "f64";
    case ValKind::kV128: return "v128";
    case ValKind::kRef: break;
  }
  if (type == kFuncRef) return "funcref";
  if (type == kExternRef) return "externref";
  std::string name = type.nullable() ? "(ref null " : "(ref ";
  if (type.heap().is_index()) {
    u32 id = type.heap().type_index();
    name += abstract_name(abstract_of(registry.get(id).kind));
    name += " (engine " + std::to_string(id) + ")";
  } else {
    name += abstract_name(type.heap().abstract());
  }
  return name + ")";
}

namespace {

std::string func_type_name(const TypeRegistry& registry, const FuncType& type) {
  std::string name = "(func";
  auto list = [&](const char* keyword, std::span<const ValType> types) {
    if (types.empty()) return;
    name += keyword;
    for (ValType t : types) name += " " + type_name(registry, t);
    name += ")";
  };
  list(" (param", type.params);
  list(" (result", type.results);
  return name + ")";
}

std::string field_name(const TypeRegistry& registry, const FieldType& field) {
  std::string name = field.storage.packed == StorageType::kI8 ? "i8"
                     : field.storage.packed == StorageType::kI16
                         ? "i16"
                         : type_name(registry, field.storage.val);
  return field.mut ? "(mut " + name + ")" : name;
}

std::string composite_name(const TypeRegistry& registry, const SubType& type) {
  switch (type.kind) {
    case CompositeKind::kFunc: return func_type_name(registry, type.func);
    case CompositeKind::kArray: return "(array " + field_name(registry, type.element()) + ")";
    case CompositeKind::kCont: return "(cont (engine " + std::to_string(type.cont_func) + "))";
    case CompositeKind::kStruct: break;
  }
  std::string name = "(struct";
  for (const FieldType& f : type.fields) name += " (field " + field_name(registry, f) + ")";
  return name + ")";
}

}  // namespace

std::string type_name(const TypeRegistry& registry, const SubType& type) {
  std::string name = composite_name(registry, type);
  if (type.final && type.supertype == SubType::kNone) return name;
  std::string head = "(sub";
  if (type.final) head += " final";
  if (type.supertype != SubType::kNone) {
    head += " (engine " + std::to_string(type.supertype) + ")";
  }
  return head + " " + name + ")";
}

namespace {

const char* wanted_name(ExternKind kind) {
  switch (kind) {
    case ExternKind::kFunc: return "func";
    case ExternKind::kTable: return "table";
    case ExternKind::kMemory: return "memory";
    case ExternKind::kGlobal: return "global";
    case ExternKind::kTag: return "tag";
  }
  return "?";
}

const char* found_name(ExternKind kind) {
  return kind == ExternKind::kFunc ? "function" : wanted_name(kind);
}

std::unexpected<Error> types_differ(const TypeRegistry& registry, const char* what,
                                    ValType expected, ValType actual) {
  std::string w = what;
  return fail(w + " types incompatible: expected " + w + " of type `" +
              type_name(registry, expected) + "`, found " + w + " of type `" +
              type_name(registry, actual) + "`");
}

Result<void> match_property(const char* what, const char* expected, const char* actual) {
  if (expected == actual) return {};
  std::string w = what;
  return fail(w + " types incompatible: expected " + expected + " " + w + ", found " + actual +
              " " + w);
}

std::string limits_text(const Limits& limits) {
  return "(min: " + std::to_string(limits.min) +
         ", max: " + (limits.max ? std::to_string(*limits.max) : "none") + ")";
}

Result<void> match_limits(const char* what, const Limits& expected, const Limits& actual) {
  bool max_fits = !expected.max || (actual.max && *actual.max <= *expected.max);
  if (expected.min <= actual.min && max_fits) return {};
  std::string w = what;
  return fail(w + " types incompatible: expected " + w + " limits " + limits_text(expected) +
              " doesn't match provided " + w + " limits " + limits_text(actual));
}

constexpr const char* kBits64 = "64-bit";
constexpr const char* kBits32 = "32-bit";
const char* address_name(AddressType a) {
  return a == AddressType::kI64 ? kBits64 : kBits32;
}

Result<void> match_func(const TypeRegistry& registry, u32 expected, bool exact, u32 actual) {
  if (exact ? actual == expected : registry.is_subtype(actual, expected)) return {};
  return fail("types incompatible: expected type `" + type_name(registry, registry.get(expected)) +
              "`, found type `" + type_name(registry, registry.get(actual)) + "`");
}

Result<void> match_global(const TypeRegistry& registry, const GlobalType& expected,
                          const GlobalType& actual) {
  bool same = expected.mut || actual.mut ? expected.type == actual.type
                                         : is_subtype(registry, actual.type, expected.type);
  if (!same) return types_differ(registry, "global", expected.type, actual.type);
  constexpr const char* kMutable = "mutable";
  constexpr const char* kImmutable = "immutable";
  return match_property("global", expected.mut ? kMutable : kImmutable,
                        actual.mut ? kMutable : kImmutable);
}

Result<void> match_table(const TypeRegistry& registry, const TableType& expected,
                         const Table& actual) {
  const TableType& type = actual.type();
  if (expected.element != type.element) {
    return types_differ(registry, "table", expected.element, type.element);
  }
  WAZUKA_TRY(match_property("table", address_name(expected.address), address_name(type.address)));
  return match_limits("table", expected.limits, {actual.vm.size, type.limits.max});
}

Result<void> match_memory(const MemoryType& expected, const Memory& actual) {
  constexpr const char* kShared = "shared";
  constexpr const char* kUnshared = "non-shared";
  const MemoryType& type = actual.type();
  WAZUKA_TRY(match_property("memory", expected.shared ? kShared : kUnshared,
                            type.shared ? kShared : kUnshared));
  WAZUKA_TRY(match_property("memory", address_name(expected.address), address_name(type.address)));
  WAZUKA_TRY(match_limits("memory", expected.limits, {actual.size_in_pages(), type.limits.max}));
  if (expected.page_size_log2 == type.page_size_log2) return {};
  return fail("memory types incompatible: expected a memory with a page size of " +
              std::to_string(u64{1} << expected.page_size_log2) +
              ", but received a memory with a page size of " +
              std::to_string(u64{1} << type.page_size_log2));
}

}  // namespace

Result<void> match_import(const TypeRegistry& registry, const Module& module, const Import& import,
                          const Extern& item) {
  if (import.kind != kind_of(item)) {
    return fail(std::string("expected ") + wanted_name(import.kind) + ", but found " +
                found_name(kind_of(item)));
  }
  switch (import.kind) {
    case ExternKind::kFunc:
      return match_func(registry, module.type_ids[module.funcs[import.index].type_index],
                        import.exact, std::get<VMFuncRef*>(item)->type_id);
    case ExternKind::kTable:
      return match_table(registry, canonical_type(module, module.tables[import.index].type),
                         *std::get<Table*>(item));
    case ExternKind::kMemory:
      return match_memory(module.memories[import.index], *std::get<Memory*>(item));
    case ExternKind::kGlobal:
      return match_global(registry, canonical_type(module, module.globals[import.index].type),
                          std::get<Global>(item).type);
    case ExternKind::kTag:
      if (module.type_ids[module.tags[import.index].type_index] ==
          std::get<VMTag*>(item)->type_id) {
        return {};
      }
      return fail("incompatible tag types");
  }
  return {};
}

}  // namespace wazuka
