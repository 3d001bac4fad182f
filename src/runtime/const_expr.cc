// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "runtime/const_expr.h"

#include <string>
#include <utility>
#include <vector>

#include "abi/gc_layout.h"
#include "runtime/gc_operation.h"

namespace wazuka {

u64 ConstSink::arithmetic(Op op, u64 a, u64 b) {
  if (op == Op::kI32Add) return static_cast<u32>(a + b);
  if (op == Op::kI32Sub) return static_cast<u32>(a - b);
  if (op == Op::kI32Mul) return static_cast<u32>(a * b);
  if (op == Op::kI64Add) return a + b;
  if (op == Op::kI64Sub) return a - b;
  return a * b;
}

namespace {

/// The operands below those of an instruction that allocates.
struct OperandRoots : RootSource {
  std::span<ConstSink::Slot> operands;
  const Module& module;

  OperandRoots(std::span<ConstSink::Slot> o, const Module& m) : operands(o), module(m) {}
  void visit_roots(RootVisitor& visitor) override {
    for (ConstSink::Slot& s : operands) {
      if (gc_is_traced(s.type, module.types)) visitor.visit(s.value.cells[0]);
    }
  }
};

}  // namespace

ConstValue ConstSink::gc(Op op, const Immediates& immediates, std::span<const Slot> args,
                         std::span<Slot> below) {
  if (op == Op::kAnyConvertExtern || op == Op::kExternConvertAny) return args[0].value;
  if (op == Op::kRefI31) return {{gc_i31(static_cast<u32>(args[0].value.cells[0])), 0}};
  const bool allocates = op == Op::kStructNew || op == Op::kStructNewDefault ||
                         op == Op::kStructNewDesc || op == Op::kStructNewDefaultDesc ||
                         op == Op::kArrayNew || op == Op::kArrayNewDefault ||
                         op == Op::kArrayNewFixed;
  if (!allocates) unsupported = op_info(op).text.view().data();
  if (unsupported != nullptr || error) return {};
  return {{allocate(op, immediates, args, below), 0}};
}

Cell ConstSink::allocate(Op op, const Immediates& immediates, std::span<const Slot> args,
                         std::span<Slot> below) {
  std::vector<Cell> cells;
  for (const Slot& s : args) {
    cells.push_back(s.value.cells[0]);
    if (s.type.is_v128()) cells.push_back(s.value.cells[1]);
  }
  if (cells.empty()) cells.push_back(0);  // for the result
  Store& store = instance->store();
  OperandRoots roots(below, instance->module());
  GcHeap* heap = store.gc_heap();
  if (heap != nullptr) heap->add_root_source(&roots);
  const TrapOr t =
      gc_operation(*instance, op_info(op).code, instance->module().type_ids[immediates.index],
                   immediates.index2, cells.data());
  if (heap != nullptr) heap->remove_root_source(&roots);
  if (t == kNoTrap) return cells[0];
  error = t == kHostError ? store.take_error() : ExecError::of_trap(static_cast<TrapCode>(t));
  return 0;
}

ExecResult<ConstValue> ConstEvaluator::evaluate(ByteRange expr, ValType type) {
  const Module& module = sink_.instance->module();
  const std::span<const u8> code(module.bytes.data() + expr.offset,
                                 module.bytes.size() - expr.offset);
  if (PlainConst plain = read_plain_const(code, type); plain.bytes != 0) {
    return ConstValue{{plain.bits, 0}};
  }
  visit_const_expr(module, expr, type, sink_, &buffers_);
  if (sink_.error) return std::unexpected(*std::exchange(sink_.error, std::nullopt));
  if (sink_.unsupported == nullptr) return sink_.result;
  return fail("the instruction `" + std::string(sink_.unsupported) +
              "` in a constant expression is not supported yet by this build");
}

}  // namespace wazuka
