// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "wat/body_parser.h"

namespace wazuka::wat {
namespace {

constexpr std::string_view kHintPlacement =
    "@metadata.code.branch_hint annotation: must precede an instruction";

}  // namespace

void BodyParser::reset() {
  code_.clear();
  stash_.clear();
  levels_.clear();
  blocks_.clear();
  labels_.clear();
  locals_.clear();
  label_names_.clear();
  label_count_ = 0;
  pending_hint_ = kNoHint;
  hint_count_ = 0;
  function_hints_.clear();
}

bool BodyParser::function(u32 func_index, const TypeUse& use, u32 type_index, BinaryWriter& out) {
  reset();
  in_function_ = true;
  NameList names;
  std::optional<u32> first_local = declare_params(use, type_index, names);
  bool ok = locals(first_local, names) && instructions(/*single=*/false);
  in_function_ = false;
  if (!ok) return false;
  code_.op(Op::kEnd);
  out.u32v(static_cast<u32>(code_.size()));
  out.raw(code_.bytes());
  if (first_local) m_.names.add(NameKind::kLocal, func_index, names);
  m_.names.add(NameKind::kLabel, func_index, label_names_);
  finish_hints(func_index);
  return true;
}

bool BodyParser::expression(BinaryWriter& out) {
  reset();
  if (!instructions(/*single=*/false)) return false;
  code_.op(Op::kEnd);
  out.raw(code_.bytes());
  return true;
}

bool BodyParser::folded_expression(BinaryWriter& out) {
  reset();
  if (!instructions(/*single=*/true)) return false;
  code_.op(Op::kEnd);
  out.raw(code_.bytes());
  return true;
}

void BodyParser::declare_local(std::string_view id, u32 index, u32 offset) {
  if (id.empty() || locals_.insert(id, index).inserted) return;
  m_.complain(Rank::kResolve, offset, "duplicate local identifier");
}

/// Returns the index of the first local, or nothing if the type is unknown: locals have no names
/// then.
std::optional<u32> BodyParser::declare_params(const TypeUse& use, u32 type_index, NameList& names) {
  for (const TypeUse::Param& p : use.named) {
    declare_local(p.id, p.index, p.offset);
    names.add(p.index, p.name);
  }
  if (use.has_inline) return static_cast<u32>(use.params.size());
  if (const Signature* s = m_.types.signature(type_index)) return s->params;
  if (type_index >= m_.types.size() && !m_.second_run) m_.needs_types = true;
  return std::nullopt;
}

bool BodyParser::locals(std::optional<u32> first, NameList& names) {
  struct Run {
    u32 count;
    ValType type;
  };
  std::vector<Run> runs;
  u32 index = first.value_or(0);
  while (c_.take_list(Keyword::kLocal)) {
    bool named = false;
    while (!named && !c_.at_end()) {
      u32 offset = c_.offset();
      std::string_view id, name;
      if (c_.at(TokenKind::kId) || c_.at_annotation()) {
        if (!m_.optional_id_and_name(id, name)) return false;
      }
      named = name.data() != nullptr;
      if (named) names.add(index, name);
      declare_local(id, index, offset);
      ValType type;
      if (!types_.val_type(type)) return false;
      if (runs.empty() || runs.back().type != type) runs.push_back({0, type});
      ++runs.back().count;
      ++index;
    }
    if (!c_.expect_right()) return false;
  }
  code_.u32v(static_cast<u32>(runs.size()));
  for (const Run& run : runs) {
    code_.u32v(run.count);
    code_.val_type(run.type);
  }
  return true;
}

bool BodyParser::instructions(bool single) {
  for (;;) {
    if (c_.at(TokenKind::kLParen)) {
      if (!open()) return false;
    } else if (levels_.empty() && !single && c_.at_end()) {
      break;
    } else if (!levels_.empty() && c_.at(TokenKind::kRParen)) {
      if (!close()) return false;
      if (single && levels_.empty()) break;
    } else if (single) {
      return c_.fail("expected to continue a folded instruction");
    } else {
      LevelKind kind = levels_.empty() ? LevelKind::kArm : levels_.back().kind;
      bool clauses_only = kind >= LevelKind::kIf;
      if (clauses_only && !c_.at(TokenKind::kEof)) return c_.fail("expected `(`");
      if (!flat()) return false;
    }
  }
  if (pending_hint_ != kNoHint) return c_.fail(std::string(kHintPlacement));
  if (!blocks_.empty()) {
    m_.complain(Rank::kResolve, c_.offset(), "unexpected token: expected `end` of a block");
  }
  return true;
}

bool BodyParser::current_op(Op& op) {
  if (!c_.at(TokenKind::kKeyword)) return c_.fail("expected an instruction");
  if (!is_op(c_.token().keyword)) return c_.fail("unknown operator or unexpected token");
  op = to_op(c_.token().keyword);
  return true;
}

void BodyParser::emit(const Instruction& i) {
  if (i.hint != kNoHint) {
    ++hint_count_;
    function_hints_.u32v(static_cast<u32>(code_.size()));
    function_hints_.u32v(1);
    function_hints_.u32v(i.hint);
  }
  code_.op(i.op);
  if (i.signature) {
    u32 type_index = m_.types.intern(*i.signature);
    i.op == Op::kIf ? code_.block_type(type_index) : code_.u32v(type_index);
  }
  code_.raw(stash_.bytes().subspan(i.begin));
  stash_.truncate(i.begin);
}

// ---- Blocks and their labels

void BodyParser::push_block(const Label& label, bool folded) {
  Block block;
  block.folded = folded;
  block.label = label.id;
  if (!label.id.empty()) {
    NameMap::Entry& entry = labels_.insert(label.id, 0).entry;
    block.entry = static_cast<u32>(&entry - labels_.entries().data());
    block.shadowed = entry.value;
    entry.value = static_cast<u32>(blocks_.size() + 1);
  }
  blocks_.push_back(block);
  if (label.name.data() != nullptr) label_names_.add(label_count_, label.name);
  ++label_count_;
}

void BodyParser::pop_block() {
  const Block& block = blocks_.back();
  if (block.entry != kNoEntry) labels_.entries()[block.entry].value = block.shadowed;
  blocks_.pop_back();
}

/// The optional identifier behind `end` and `else`: it must be the one of the block.
bool BodyParser::end_label() {
  u32 offset = c_.offset();
  std::string_view id;
  if (!c_.optional_id(id)) return false;
  if (!id.empty() && !blocks_.empty() && blocks_.back().label != id) {
    m_.complain(Rank::kResolve, offset, "mismatching labels between end and block");
  }
  return true;
}

/// block, loop, try, try_table, and the flat if.
bool BodyParser::start_block(Op op, bool folded) {
  Instruction i{op, pending_hint_, static_cast<u32>(stash_.size()), std::nullopt};
  pending_hint_ = kNoHint;
  Label label;
  bool ok = op == Op::kTryTable ? try_table(i, label) : block_type(i, label, /*waits=*/false);
  if (!ok) return false;
  emit(i);
  push_block(label, folded);
  return true;
}

// ---- Flat instructions

bool BodyParser::flat() {
  Op op;
  if (!current_op(op)) return false;
  c_.advance();
  if (op <= Op::kEnd || op_info(op).category == OpCategory::kException) return flat_structure(op);
  Instruction i{op, pending_hint_, static_cast<u32>(stash_.size()), std::nullopt};
  pending_hint_ = kNoHint;
  if (!immediates(i, /*waits=*/false)) return false;
  emit(i);
  return true;
}

/// The instructions that open, divide and close blocks; others pass through.
bool BodyParser::flat_structure(Op op) {
  if (op == Op::kBlock || op == Op::kLoop || op == Op::kIf || op == Op::kTry ||
      op == Op::kTryTable) {
    return start_block(op, /*folded=*/false);
  }
  u32 offset = c_.previous_end();
  bool closes = op == Op::kEnd || op == Op::kDelegate;
  if ((op == Op::kEnd || op == Op::kElse) && !end_label()) return false;
  if (closes) {
    if (blocks_.empty() || blocks_.back().folded) {
      m_.complain(Rank::kResolve, offset, "unexpected token: no block to end here");
    } else {
      pop_block();
    }
  }
  Instruction i{op, pending_hint_, static_cast<u32>(stash_.size()), std::nullopt};
  pending_hint_ = kNoHint;
  if (!immediates(i, /*waits=*/false)) return false;
  emit(i);
  return true;
}

// ---- Folded instructions

bool BodyParser::open() {
  if (c_.at_annotation("metadata.code.branch_hint")) return branch_hint();
  if (c_.at_annotation()) {
    return c_.fail("misplaced " + std::string(c_.spelling(c_.ahead())) + " annotation");
  }
  bool done = false;
  if (!open_clause(done)) return false;
  return done || open_instruction();
}

/// `(then`, `(else`, `(do`, `(catch`, `(catch_all`, `(delegate`, where they belong.
bool BodyParser::open_clause(bool& done) {
  if (levels_.empty() || levels_.back().kind < LevelKind::kIf) return true;
  Level& level = levels_.back();
  if (level.kind == LevelKind::kIf && !c_.at_list(Keyword::kThen)) return true;
  done = true;
  if (pending_hint_ != kNoHint) return c_.fail(std::string(kHintPlacement));
  c_.advance();
  if (level.kind == LevelKind::kIf) {
    c_.advance();
    level.kind = LevelKind::kIfThen;
    emit(level.instruction);
    push_block(level.label, /*folded=*/true);
  } else if (level.kind == LevelKind::kIfThen) {
    if (!c_.expect(to_keyword(Op::kElse))) return false;
    level.kind = LevelKind::kIfElse;
    code_.op(Op::kElse);
  } else if (level.kind == LevelKind::kIfElse) {
    return c_.fail("unexpected token: too many payloads inside of `(if)`");
  } else {
    return open_try_clause(level);
  }
  levels_.push_back({LevelKind::kArm, {}, {}});
  return true;
}

bool BodyParser::open_try_clause(Level& level) {
  if (level.kind == LevelKind::kTry) {
    if (!c_.expect(Keyword::kDo)) return false;
    level.kind = LevelKind::kTryDo;
    levels_.push_back({LevelKind::kArm, {}, {}});
    return true;
  }
  Op op;
  if (!current_op(op)) return false;
  bool after_do = level.kind == LevelKind::kTryDo;
  bool catches = op == Op::kCatch || op == Op::kCatchAll;
  bool fits =
      catches ? after_do || level.kind == LevelKind::kTryCatch : op == Op::kDelegate && after_do;
  if (!fits) return c_.fail("unexpected token: expected `catch`, `catch_all` or `delegate`");
  c_.advance();
  if (catches) level.kind = op == Op::kCatch ? LevelKind::kTryCatch : LevelKind::kTryCatchAll;
  if (op == Op::kDelegate)
    level.kind = LevelKind::kTryDelegate, pop_block();  // counts from outside
  Instruction i{op, kNoHint, static_cast<u32>(stash_.size()), std::nullopt};
  if (!immediates(i, /*waits=*/false)) return false;
  emit(i);
  if (op == Op::kDelegate) return c_.expect_right();
  levels_.push_back({LevelKind::kArm, {}, {}});
  return true;
}

bool BodyParser::open_instruction() {
  c_.advance();
  Op op;
  if (!current_op(op)) return false;
  bool divides = op == Op::kElse || op == Op::kEnd || op == Op::kCatch || op == Op::kCatchAll ||
                 op == Op::kDelegate;
  if (divides) return c_.fail("unknown operator or unexpected token");
  c_.advance();
  if (op == Op::kBlock || op == Op::kLoop || op == Op::kTryTable || op == Op::kTry) {
    if (!start_block(op, /*folded=*/true)) return false;
    levels_.push_back({op == Op::kTry ? LevelKind::kTry : LevelKind::kBlock, {}, {}});
    return true;
  }
  Level level{op == Op::kIf ? LevelKind::kIf : LevelKind::kPlain, {}, {}};
  level.instruction = {op, pending_hint_, static_cast<u32>(stash_.size()), std::nullopt};
  pending_hint_ = kNoHint;
  bool ok = op == Op::kIf ? block_type(level.instruction, level.label, /*waits=*/true)
                          : immediates(level.instruction, /*waits=*/true);
  if (!ok) return false;
  levels_.push_back(level);
  return true;
}

bool BodyParser::close() {
  Level& level = levels_.back();
  c_.advance();
  if (pending_hint_ != kNoHint) return c_.fail(std::string(kHintPlacement));
  switch (level.kind) {
    case LevelKind::kPlain: emit(level.instruction); break;
    case LevelKind::kTryDelegate: break;
    case LevelKind::kArm: close_flat_blocks(); break;
    case LevelKind::kIf: return c_.fail("previous `if` had no `then`");
    case LevelKind::kTry: return c_.fail("previous `try` had no `do`");
    case LevelKind::kBlock:
    case LevelKind::kIfThen:
    case LevelKind::kIfElse:
    case LevelKind::kTryDo:
    case LevelKind::kTryCatch:
    case LevelKind::kTryCatchAll:
      close_flat_blocks();
      code_.op(Op::kEnd);
      pop_block();
      break;
  }
  levels_.pop_back();
  return true;
}

/// Flat blocks that are still open where the parenthesis around them closes.
void BodyParser::close_flat_blocks() {
  while (!blocks_.back().folded) {
    m_.complain(Rank::kResolve, c_.previous_end() - 1,
                "unexpected token: expected `end` of a block");
    pop_block();
  }
}

// ---- Branch hints

/// `(@metadata.code.branch_hint "\00")` or `"\01"`: holds for the next instruction.
bool BodyParser::branch_hint() {
  c_.advance(), c_.advance();
  std::string value;
  if (!c_.expect_string(value)) return false;
  if (value.size() != 1 || static_cast<u8>(value[0]) > 1) {
    return c_.fail("invalid value for branch hint");
  }
  if (pending_hint_ != kNoHint) {
    return c_.fail("@metadata.code.branch_hint annotation: duplicate annotation");
  }
  if (!in_function_) return c_.fail("@metadata.code.branch_hint annotation: not in a function");
  pending_hint_ = static_cast<u8>(value[0]);
  return c_.expect_right();
}

void BodyParser::finish_hints(u32 func_index) {
  if (hint_count_ == 0) return;
  ++hinted_functions_;
  hint_section_.u32v(func_index);
  hint_section_.u32v(hint_count_);
  hint_section_.raw(function_hints_.bytes());
}

}  // namespace wazuka::wat
