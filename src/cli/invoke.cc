// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "cli/invoke.h"

#include <limits>

#include "cli/option_values.h"
#include "cli/output.h"
#include "runtime/type_match.h"

namespace wazuka::cli {
namespace {

/// "warning: using `--invoke` with a function that … is experimental …"
void warn(const char* what) {
  print_err(std::string("warning: using `--invoke` with a function that ") + what +
            " is experimental and may break in the future\n");
}

template <class Int>
Result<i64> parse_int(std::string_view text) {
  constexpr i64 kMin = std::numeric_limits<Int>::min();
  constexpr i64 kMax = std::numeric_limits<Int>::max();
  if (text.starts_with("0x") || text.starts_with("0X")) {
    return parse_signed(text.substr(2), 16, kMin, kMax);
  }
  return parse_signed(text, 10, kMin, kMax);
}

template <class T>
Result<Value> value_of(ValType type, Result<T> bits) {
  if (!bits) return std::unexpected(std::move(bits).error());
  return Value{type, {static_cast<Cell>(*bits), 0}};
}

Result<Value> parse_argument(const TypeRegistry& registry, ValType type, std::string_view text) {
  switch (type.kind()) {
    case ValKind::kI32: {
      auto n = parse_int<i32>(text);
      if (!n) return std::unexpected(std::move(n).error());
      return Value::i32(static_cast<u32>(*n));
    }
    case ValKind::kI64: return value_of(type, parse_int<i64>(text));
    case ValKind::kF32: return value_of(type, parse_f32(text));
    case ValKind::kF64: return value_of(type, parse_f64(text));
    case ValKind::kV128:
    case ValKind::kRef:
    case ValKind::kBottom: break;
  }
  if (type == kFuncRef) return fail("unsupported argument type (ref null func)");
  if (type == kExternRef) return fail("unsupported argument type (ref null extern)");
  return fail("unsupported argument type " + type_name(registry, type));
}

enum class RefFamily : u8 { kFunc, kExtern, kAny, kExn, kCont };

RefFamily family_of(const TypeRegistry& registry, HeapType heap) {
  if (heap.is_index()) {
    switch (registry.get(heap.type_index()).kind) {
      case CompositeKind::kFunc: return RefFamily::kFunc;
      case CompositeKind::kStruct:
      case CompositeKind::kArray: return RefFamily::kAny;
      case CompositeKind::kCont: return RefFamily::kCont;
    }
  }
  switch (heap.abstract()) {
    case HeapType::kFunc:
    case HeapType::kNoFunc: return RefFamily::kFunc;
    case HeapType::kExtern:
    case HeapType::kNoExtern: return RefFamily::kExtern;
    case HeapType::kExn:
    case HeapType::kNoExn: return RefFamily::kExn;
    case HeapType::kCont:
    case HeapType::kNoCont: return RefFamily::kCont;
    case HeapType::kAny:
    case HeapType::kEq:
    case HeapType::kI31:
    case HeapType::kStruct:
    case HeapType::kArray:
    case HeapType::kNone:
    case HeapType::kBottom: return RefFamily::kAny;
  }
  return RefFamily::kAny;
}

std::string display_ref(const TypeRegistry& registry, const Value& value) {
  static constexpr const char* kNames[] = {"funcref", "externref", "anyref", "exnref", "contref"};
  const char* name = kNames[static_cast<u32>(family_of(registry, value.type.heap()))];
  return std::string(value.is_null_ref() ? "<null " : "<") + name + ">";
}

std::string display(const TypeRegistry& registry, const Value& value) {
  switch (value.type.kind()) {
    case ValKind::kI32: return std::to_string(static_cast<i32>(value.cells[0]));
    case ValKind::kI64: return std::to_string(static_cast<i64>(value.cells[0]));
    case ValKind::kF32: return display_f32(value.as_u32());
    case ValKind::kF64: return display_f64(value.as_u64());
    case ValKind::kV128: return display_u128(value.cells[0], value.cells[1]);
    case ValKind::kRef: return display_ref(registry, value);
    case ValKind::kBottom: break;
  }
  return {};
}

}  // namespace

ExecResult<void> invoke_func(Store& store, const VMFuncRef& func,
                             std::optional<std::string_view> name,
                             std::span<const std::string_view> arguments) {
  const TypeRegistry& registry = *store.engine().types();
  const FuncType& type = store.type_of(func);
  std::string called = name ? "`" + std::string(*name) + "`" : "command default";
  if (!type.params.empty()) warn("takes arguments");
  std::vector<Value> args;
  for (size_t i = 0; i < type.params.size(); ++i) {
    if (i >= arguments.size()) return fail("not enough arguments for " + called);
    auto value = parse_argument(registry, type.params[i], arguments[i]);
    if (!value) return std::unexpected(std::move(value).error());
    args.push_back(*value);
  }
  std::vector<Value> results;
  auto outcome = store.call(func, args, results);
  if (!outcome) {
    return std::unexpected(std::move(outcome).error().context("failed to invoke " + called));
  }
  if (results.empty()) return {};
  warn("returns values");
  std::string text;
  for (const Value& v : results) text += display(registry, v) + "\n";
  print_out(text);
  return {};
}

}  // namespace wazuka::cli
