// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "wat/body_printer.h"

#include <algorithm>

namespace wazuka::wat {
namespace {

constexpr u32 kBodyDepth = 2;  // indentation of the instructions of a function

std::unexpected<Error> error_of(InstructionReader& reader) {
  return std::unexpected(reader.take_error());
}

}  // namespace

Result<void> BodyPrinter::body(u32 func, std::span<const BranchHint> hints) {
  hints_ = hints;
  next_label_ = 0;
  const FuncDecl& decl = c_.m.funcs[func];
  InstructionReader reader(c_.m.bytes, decl.body);
  if (!reader.read_locals(runs_)) return error_of(reader);
  u32 start = reader.position();
  ByteRange code{start, decl.body.offset + decl.body.size - start};
  const FuncType* type = c_.func_type(decl.type_index);
  u32 params = type == nullptr ? 0 : static_cast<u32>(type->params.size());
  size_t total = params;
  for (const auto& run : runs_) total += run.count;
  c_.names.inner(NameKind::kLocal, func, total, locals_);
  labels_.reset(c_.names.labels(func));
  locals(params);
  if (c_.options.fold) {
    bool nested = tree_.build(c_.m, func, reader);
    if (reader.failed()) return error_of(reader);
    if (nested) return folded(code);
  }
  return flat(code);
}

void BodyPrinter::locals(u32 first) {
  if (runs_.empty()) return;
  std::vector<ValType> types;
  for (const auto& run : runs_) types.insert(types.end(), run.count, run.type);
  if (types.empty()) return;
  c_.line(kBodyDepth);
  c_.variables(/*spaced=*/false, "local", types, first, &locals_);
}

void BodyPrinter::hint(u32 offset, u32 depth) {
  if (hints_.empty()) return;
  auto found = std::ranges::lower_bound(hints_, offset, {}, &BranchHint::offset);
  if (found == hints_.end() || found->offset != offset) return;
  c_.line(depth);
  c_.out << "(@metadata.code.branch_hint \"\\0" << static_cast<char>('0' + found->likely) << "\")";
}

// ---- Flat

Result<void> BodyPrinter::flat(ByteRange body) {
  InstructionReader reader(c_.m.bytes, body);
  Instruction i;
  while (!c_.out.failed() && reader.next(i)) {
    bool divides = divides_block(i.op), closes = closes_block(i.op);
    if (i.op == Op::kEnd && labels_.depth() == 0) {
      if (reader.at_end()) return {};
      return fail("operators remaining after end of function body or expression",
                  reader.position());
    }
    if (closes && labels_.depth() != 0) labels_.pop();
    u32 depth = kBodyDepth + labels_.depth() - (divides && labels_.depth() != 0 ? 1 : 0);
    hint(i.offset, depth);
    c_.line(depth, i.offset);
    if (!opens_block(i.op)) {
      c_.instruction(i, reader, &locals_, &labels_);
      continue;
    }
    PrintedName name = labels_.name(next_label_);
    c_.instruction(i, reader, &locals_, &labels_, name);
    labels_.push(next_label_++);
    if (!name.id.empty()) continue;
    c_.out << " ;; label = @";
    c_.out.number(labels_.depth());
  }
  if (c_.out.failed()) return {};
  if (!reader.failed()) reader.unexpected_end();
  return error_of(reader);
}

// ---- Folded
//
// Nesting is as deep as the input says, so what is still to be written waits on a stack of steps.

Result<void> BodyPrinter::folded(ByteRange body) {
  InstructionReader reader(c_.m.bytes, body);
  steps_.clear();
  push_children(0, static_cast<u32>(tree_.nodes().size()), kBodyDepth);
  while (!steps_.empty() && !c_.out.failed()) {
    Step step = steps_.back();
    steps_.pop_back();
    switch (step.kind) {
      case Step::kUnit: unit(step.node, step.depth, reader); break;
      case Step::kArm: arm(step, reader); break;
      case Step::kCloseConstruct: labels_.pop(); [[fallthrough]];
      case Step::kClose:
        c_.line(step.depth);
        c_.out << ')';
        break;
    }
  }
  return {};
}

/// The units of the nodes [first, end), the first one on top.
void BodyPrinter::push_children(u32 first, u32 end, u32 depth) {
  while (end > first) {
    steps_.push_back({Step::kUnit, end - 1, depth});
    end = tree_.nodes()[end - 1].first;
  }
}

Instruction BodyPrinter::read(u32 node, InstructionReader& reader) const {
  Instruction i;
  reader.seek(tree_.nodes()[node].offset);
  reader.next(i);
  return i;
}

void BodyPrinter::unit(u32 last, u32 depth, InstructionReader& reader) {
  const FoldNode& node = tree_.nodes()[last];
  if (closes_block(node.op)) return construct(last, depth, reader);
  hint(node.offset, depth);
  c_.line(depth, node.offset);
  if (fits_line(last, depth, reader)) return;
  c_.out << '(';
  c_.instruction(read(last, reader), reader, &locals_, &labels_);
  if (node.first == last) {
    c_.out << ')';
    return;
  }
  steps_.push_back({Step::kClose, last, depth});
  push_children(node.first, last, depth + 1);
}

/// Tries to write a small unit on one line.
bool BodyPrinter::fits_line(u32 last, u32 depth, InstructionReader& reader) {
  constexpr size_t kMaxWidth = 80;
  u32 first = tree_.nodes()[last].first;
  if (first == last || last - first >= kMaxInline || c_.options.offsets) return false;
  for (u32 n = first; n <= last; ++n) {
    Op op = tree_.nodes()[n].op;
    if (closes_block(op) || (op == Op::kBrIf && !hints_.empty())) return false;
  }
  c_.out.hold();
  inline_unit(last, reader);
  bool fits = c_.out.held() + 2 * depth <= kMaxWidth;
  fits ? c_.out.release() : c_.out.take_back();
  return fits;
}

/// Recurses at most kMaxInline times.
void BodyPrinter::inline_unit(u32 last, InstructionReader& reader) {
  c_.out << '(';
  c_.instruction(read(last, reader), reader, &locals_, &labels_);
  u32 children[kMaxInline];
  u32 count = 0;
  for (u32 end = last; end > tree_.nodes()[last].first; end = tree_.nodes()[end - 1].first) {
    children[count++] = end - 1;
  }
  while (count > 0) {
    c_.out << ' ';
    inline_unit(children[--count], reader);
  }
  c_.out << ')';
}

void BodyPrinter::construct(u32 last, u32 depth, InstructionReader& reader) {
  u32 opener = tree_.opener(last);
  const FoldNode& node = tree_.nodes()[opener];
  hint(node.offset, depth);
  c_.line(depth, node.offset);
  c_.out << '(';
  PrintedName name = labels_.name(node.label);
  c_.instruction(read(opener, reader), reader, &locals_, &labels_, name);
  if (name.id.empty()) {
    c_.out << " (;@";
    c_.out.number(labels_.depth() + 1);
    c_.out << ";)";
  }
  steps_.push_back({Step::kCloseConstruct, last, depth});
  if (node.op != Op::kIf && node.op != Op::kTry) {
    labels_.push(node.label);
    return push_children(opener + 1, last, depth + 1);
  }
  if (tree_.nodes()[last].op == Op::kDelegate) {
    steps_.back() = {Step::kClose, last, depth};
    steps_.push_back({Step::kArm, last, depth + 1});
  }
  u32 end = last;
  do {
    u32 start = tree_.nodes()[end].link;
    steps_.push_back({Step::kClose, start, depth + 1});
    push_children(start + 1, end, depth + 2);
    steps_.push_back({Step::kArm, start, depth + 1});
    end = start;
  } while (end != opener);
  if (node.op == Op::kIf) push_children(node.first, opener, depth + 1);
}

/// `(then`, `(else`, `(do`, `(catch $t`, `(catch_all`, `(delegate 0)`.
void BodyPrinter::arm(const Step& step, InstructionReader& reader) {
  const FoldNode& node = tree_.nodes()[step.node];
  bool delegates = node.op == Op::kDelegate;
  if (delegates) labels_.pop();
  c_.line(step.depth, opens_block(node.op) ? PrintContext::kNoOffset : node.offset);
  c_.out << '(';
  if (opens_block(node.op)) {
    c_.out << (node.op == Op::kIf ? "then" : "do");
    labels_.push(node.label);
  } else {
    c_.instruction(read(step.node, reader), reader, &locals_, &labels_);
  }
  if (delegates) c_.out << ')';
}

// ---- Constant expressions

Result<void> BodyPrinter::expression(ByteRange expr, std::string_view list) {
  InstructionReader reader(c_.m.bytes, expr);
  Instruction i;
  u32 count = 0;
  Op first = Op::kNop;
  while (reader.next(i)) {
    if (count++ == 0) first = i.op;
  }
  if (reader.failed()) return error_of(reader);
  bool alone = count == 2 && !divides_block(first) && !closes_block(first);
  if (alone || !list.empty()) c_.out << '(';
  if (!alone) c_.out << list << (list.empty() || count < 2 ? "" : " ");
  reader.seek(expr.offset);
  for (u32 n = 0; n + 1 < count && reader.next(i); ++n) {
    if (n != 0) c_.out << ' ';
    c_.instruction(i, reader, nullptr, nullptr);
  }
  if (alone || !list.empty()) c_.out << ')';
  return {};
}

}  // namespace wazuka::wat
