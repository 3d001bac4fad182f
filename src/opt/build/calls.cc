// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Calls of functions and builtins.
#include "opt/build/graph_builder.h"

namespace wazuka::opt {

CallInfo GraphBuilder::call_info(CallInfo::Kind kind, u32 type_index, std::span<const Slot> args) {
  std::vector<u32> list;
  list.reserve(args.size());
  for (const Slot& s : args) list.push_back(index_of(s.value));
  return {.kind = kind,
          .type_index = type_index,
          .args_begin = g_.add_list(list),
          .args_count = static_cast<u32>(list.size())};
}

void GraphBuilder::call_function(const CallInfo& info, Value callee, std::span<Slot> results) {
  const bool single = results.size() == 1;
  const Value call = finish_call(info, callee, single ? type_of(results[0].type) : Type::kNone);
  for (u32 i = 0; i < results.size(); ++i) {
    const Type t = type_of(results[i].type);
    results[i].value =
        single ? call : append({.op = Opcode::kResult, .type = t, .args = {index_of(call), i}});
    g_[results[i].value].traced = is_traced(results[i].type);
  }
}

void GraphBuilder::call(u32 func, std::span<Slot> args, std::span<Slot> results) {
  const u32 type = module_->funcs[func].type_index;
  if (func < module_->imported_funcs) {
    const Value ref =
        f_.vmload(Type::kI64, f_.vmctx(), static_cast<i32>(env_->layout.imported_func(func)));
    return call_function(call_info(CallInfo::Kind::kFuncRef, type, args), ref, results);
  }
  if (should_inline(func)) return inline_call(func, args, results);
  CallInfo info = call_info(CallInfo::Kind::kFunction, type, args);
  info.func = func;
  call_function(info, kNoValue, results);
}

// Indirect ----------------------------------------------------------------------------------------

TableFacts GraphBuilder::table_facts(u32 table) const {
  // Of modules that are made by hand nothing is known.
  return table < module_->table_facts.size() ? module_->table_facts[table] : TableFacts{};
}

GraphBuilder::TableShape GraphBuilder::table_shape(u32 table) {
  const TableType& type = module_->tables[table].type;
  const Value vm = f_.vmload(Type::kI64, f_.vmctx(), static_cast<i32>(env_->layout.table(table)));
  if ((type.limits.max && *type.limits.max == type.limits.min) || table_facts(table).own) {
    // It never grows: only growing moves it.
    return {f_.vmload(Type::kI64, vm, offsetof(VMTable, elements)), f_.i64_const(type.limits.min)};
  }
  return {
      load_at(Type::kI64, vm, offsetof(VMTable, elements), Region::kTableShape, table_region(table),
              8),
      load_at(Type::kI64, vm, offsetof(VMTable, size), Region::kTableShape, table_region(table), 8),
  };
}

/// Checks an index: the address of the elements, and the offset of this one.
Value GraphBuilder::table_element(u32 table, Value index, Value* offset) {
  const TableShape shape = table_shape(table);
  const Value x = index_64(index);
  trap_if(f_.icmp(IntCond::kGeU, x, shape.size), TrapCode::kTableOutOfBounds);
  *offset = f_.binary(Opcode::kIShl, x, u64{3});
  return shape.elements;
}

/// The reference may be null: with signals, reading its type is what finds out.
void GraphBuilder::check_function_type(u32 type, Value ref) {
  const u32 id = module_->type_ids[type];
  if (!env_->signals) check_not_null(ref, TrapCode::kIndirectCallToNull);
  const Value actual = append({.op = Opcode::kLoad,
                               .type = Type::kI32,
                               .aux = intern({.offset = offsetof(VMFuncRef, type_id),
                                              .region = Region::kFuncRef,
                                              .bytes = 4,
                                              .traps = env_->signals,
                                              .trap = TrapCode::kIndirectCallToNull}),
                               .args = {index_of(ref), index_of(kNoValue)}});
  const Value differs = f_.icmp(IntCond::kNe, actual, id);
  if (module_->types[type].final) return trap_if(differs, TrapCode::kBadSignature);
  // Another type may be a subtype: out of line.
  const Block from = block_, ask = g_.add_block(), next = g_.add_block();
  g_[ask].cold = true;
  const EdgeId unknown = g_.add_edge(ask), known = g_.add_edge(next);
  branch(differs, unknown, known);
  begin_block(ask, from);
  const Value is = builtin(Builtin::k_is_subtype, {actual, f_.i32_const(id)});
  trap_if(f_.icmp(IntCond::kEq, is, 0), TrapCode::kBadSignature);
  jump(g_.add_edge(next));
  begin_block(next, from);
}

Value GraphBuilder::table_function(u32 type, u32 table, Value index) {
  Value offset = kNoValue;
  const Value elements = table_element(table, index, &offset);
  const TableFacts facts = table_facts(table);
  const u16 access = intern({.region_index = facts.own ? 0 : table_region(table),
                             .region = facts.own ? Region::kReadonly : Region::kTable,
                             .bytes = 8});
  const Value ref = append({.op = Opcode::kLoad,
                            .type = Type::kI64,
                            .aux = access,
                            .args = {index_of(elements), index_of(offset)}});
  if (facts.type_index != TableFacts::kNoType && facts.type_index == type) {
    check_not_null(ref, TrapCode::kIndirectCallToNull);
  } else {
    check_function_type(type, ref);
  }
  return ref;
}

void GraphBuilder::call_indirect(u32 type, u32 table, Slot& index, std::span<Slot> args,
                                 std::span<Slot> results) {
  const Value ref = table_function(type, table, index.value);
  CallInfo info = call_info(CallInfo::Kind::kFuncRef, type, args);
  info.own = table_facts(table).own;
  call_function(info, ref, results);
}

void GraphBuilder::call_ref(u32 type, Slot& ref, std::span<Slot> args, std::span<Slot> results) {
  check_not_null(ref.value, TrapCode::kNullReference);
  call_function(call_info(CallInfo::Kind::kFuncRef, type, args), ref.value, results);
}

// Tail calls --------------------------------------------------------------------------------------

void GraphBuilder::return_call(u32 func, std::span<Slot> args) {
  const u32 type = module_->funcs[func].type_index;
  const bool imported = func < module_->imported_funcs;
  CallInfo info =
      call_info(imported ? CallInfo::Kind::kFuncRef : CallInfo::Kind::kFunction, type, args);
  Value ref = kNoValue;
  if (imported) {
    ref = f_.vmload(Type::kI64, f_.vmctx(), static_cast<i32>(env_->layout.imported_func(func)));
  } else {
    info.func = func;
  }
  terminate({.op = Opcode::kTailCall, .args = {index_of(g_.add_call(info)), index_of(ref)}});
}

void GraphBuilder::return_call_indirect(u32 type, u32 table, Slot& index, std::span<Slot> args) {
  const Value ref = table_function(type, table, index.value);
  const CallId call = g_.add_call(call_info(CallInfo::Kind::kFuncRef, type, args));
  terminate({.op = Opcode::kTailCall, .args = {index_of(call), index_of(ref)}});
}

void GraphBuilder::return_call_ref(u32 type, Slot& ref, std::span<Slot> args) {
  check_not_null(ref.value, TrapCode::kNullReference);
  const CallId call = g_.add_call(call_info(CallInfo::Kind::kFuncRef, type, args));
  terminate({.op = Opcode::kTailCall, .args = {index_of(call), index_of(ref.value)}});
}

// Builtins ----------------------------------------------------------------------------------------

Value GraphBuilder::builtin(Builtin b, std::initializer_list<Value> args) {
  u32 list[8];
  u32 n = 0;
  for (Value v : args) list[n++] = index_of(v);
  CallInfo info{.kind = CallInfo::Kind::kBuiltin, .builtin = b};
  info.args_begin = g_.add_list({list, n});
  info.args_count = n;
  // No builtin throws: exceptions are raised by `raise`.
  const CallId call = g_.add_call(info);
  return append(
      {.op = Opcode::kCall, .type = builtin_type(b), .args = {index_of(call), index_of(kNoValue)}});
}

/// Goes on in a new block if a TrapOr is kNoTrap.
void GraphBuilder::check_trap(Value trap_or) {
  const Block from = block_, raised = g_.add_block(), next = g_.add_block();
  g_[raised].cold = true;
  const EdgeId bad = g_.add_edge(raised), good = g_.add_edge(next);
  branch(f_.icmp(IntCond::kNe, trap_or, static_cast<u32>(kNoTrap)), bad, good);
  begin_block(raised, from);
  raise(trap_or);
  begin_block(next, from);
}

/// Of memory.grow and table.grow: an old size, ~0, or kGrowRaised.
Value GraphBuilder::grown(Value old_size, Type type) {
  const Block from = block_, raised = g_.add_block(), next = g_.add_block();
  g_[raised].cold = true;
  const EdgeId bad = g_.add_edge(raised), good = g_.add_edge(next);
  branch(f_.icmp(IntCond::kEq, old_size, kGrowRaised), bad, good);
  begin_block(raised, from);
  raise(f_.i32_const(static_cast<u32>(kHostError)));
  begin_block(next, from);
  return type == Type::kI32 ? f_.wrap(old_size) : old_size;
}

}  // namespace wazuka::opt
