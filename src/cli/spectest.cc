// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "cli/spectest.h"

#include "cli/option_values.h"
#include "cli/output.h"

namespace wazuka::cli {
namespace {

std::string text_of(Cell cell, ValType type) {
  switch (type.kind()) {
    case ValKind::kI32: return std::to_string(static_cast<i32>(cell)) + ": i32\n";
    case ValKind::kI64: return std::to_string(static_cast<i64>(cell)) + ": i64\n";
    case ValKind::kF32: return display_f32(static_cast<u32>(cell)) + ": f32\n";
    case ValKind::kF64: return display_f64(cell) + ": f64\n";
    case ValKind::kV128:
    case ValKind::kRef:
    case ValKind::kBottom: break;
  }
  return {};
}

/// Prints its arguments; `env` is the FuncType's parameter list.
struct PrintFunc {
  const char* name;
  std::span<const ValType> params;

  static TrapOr call(void* env, VMContext*, Cell* cells) {
    const PrintFunc& self = *static_cast<const PrintFunc*>(env);
    std::string text;
    for (size_t i = 0; i < self.params.size(); ++i) text += text_of(cells[i], self.params[i]);
    print_out(text);
    return kNoTrap;
  }
};

constexpr ValType kOneI32[] = {kI32}, kOneI64[] = {kI64}, kOneF32[] = {kF32}, kOneF64[] = {kF64};
constexpr ValType kI32F32[] = {kI32, kF32}, kF64F64[] = {kF64, kF64};

constinit PrintFunc print_funcs[] = {{"print", {}},
                                     {"print_i32", kOneI32},
                                     {"print_i64", kOneI64},
                                     {"print_f32", kOneF32},
                                     {"print_f64", kOneF64},
                                     {"print_i32_f32", kI32F32},
                                     {"print_f64_f64", kF64F64}};

Result<void> define_globals(Linker& linker) {
  struct Constant {
    const char* name;
    Value value;
  };
  const Constant constants[] = {{"global_i32", Value::i32(666)},
                                {"global_i64", Value::i64(666)},
                                {"global_f32", Value::f32_bits(0x4426'a666)},
                                {"global_f64", Value::f64_bits(0x4084'd4cc'cccc'cccd)}};
  for (const Constant& c : constants) {
    GlobalType type;
    type.type = c.value.type;
    WAZUKA_TRY(linker.define("spectest", c.name, linker.store().new_global(type, c.value)));
  }
  return {};
}

Result<void> define_table(Linker& linker, const char* name, AddressType address) {
  TableType type;
  type.element = kFuncRef;
  type.limits = {10, 20};
  type.address = address;
  auto table = linker.store().new_table(type);
  if (!table) return std::unexpected(std::move(table).error());
  return linker.define("spectest", name, *table);
}

Result<void> define_memory(Linker& linker, const char* name, u64 max, bool shared) {
  MemoryType type;
  type.limits = {1, max};
  type.shared = shared;
  auto memory = linker.store().new_memory(type);
  if (!memory) return std::unexpected(std::move(memory).error());
  return linker.define("spectest", name, *memory);
}

}  // namespace

Result<void> define_spectest(Linker& linker) {
  for (PrintFunc& f : print_funcs) {
    VMFuncRef* func = linker.store().new_host_func({f.params, {}}, &PrintFunc::call, &f);
    WAZUKA_TRY(linker.define("spectest", f.name, func));
  }
  WAZUKA_TRY(define_globals(linker));
  WAZUKA_TRY(define_table(linker, "table", AddressType::kI32));
  WAZUKA_TRY(define_table(linker, "table64", AddressType::kI64));
  WAZUKA_TRY(define_memory(linker, "memory", 2, false));
  return define_memory(linker, "shared_memory", 1, true);
}

Result<void> define_wasmtime_builtins(Linker& linker) {
  HostCallback gc = [](void*, VMContext*, Cell*) -> TrapOr { return kNoTrap; };
  return linker.define("wasmtime", "gc", linker.store().new_host_func({}, gc, nullptr));
}

}  // namespace wazuka::cli
