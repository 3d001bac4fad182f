// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Two passes over the lines: the first one makes all values, so that they have their numbers and
// operands may refer to later ones; the second one fills them in.
#include "opt/ir/parser.h"

#include <charconv>
#include <optional>
#include <string>
#include <vector>

namespace wazuka::opt {

namespace {

std::optional<Opcode> find_opcode(std::string_view name) {
  for (u32 i = 0; i < kOpcodeCount; ++i) {
    if (kOpcodeInfo[i].text.view() == name) return static_cast<Opcode>(i);
  }
  return std::nullopt;
}

std::optional<Type> find_type(std::string_view name) {
  for (Type t : {Type::kI32, Type::kI64, Type::kF32, Type::kF64, Type::kV128}) {
    if (type_name(t) == name) return t;
  }
  return std::nullopt;
}

std::optional<wazuka::Op> find_simd(std::string_view name) {
  for (u32 i = 0; i < kOpCount; ++i) {
    if (kOpInfo[i].text.view() == name) return static_cast<wazuka::Op>(i);
  }
  return std::nullopt;
}

constexpr u32 kRegions = 0
#define REGION(name, text) +1
#include "opt/ir/regions.def"
#undef REGION
    ;
constexpr u32 kBuiltins = 0
#define BUILTIN(name, result, ...) +1
#include "abi/builtins.def"
#undef BUILTIN
    ;

/// A line as tokens: words and numbers, and each other character by itself.
class Line {
 public:
  Line(std::string_view text, u32 number) : text_(text), number_(number) {}

  u32 number() const { return number_; }
  bool failed() const { return failed_; }
  void fail() { failed_ = true; }
  bool at_end() {
    skip();
    return text_.empty();
  }
  bool accept(std::string_view token) {
    skip();
    if (!text_.starts_with(token)) return false;
    if (is_word(token.back()) && text_.size() > token.size() && is_word(text_[token.size()])) {
      return false;
    }
    text_.remove_prefix(token.size());
    return true;
  }
  void expect(std::string_view token) {
    if (!accept(token)) fail();
  }
  bool next_is(char c) {
    skip();
    return !text_.empty() && text_[0] == c;
  }
  /// Letters, digits, "_", and with dots if asked for.
  std::string_view word(bool dots = false) {
    skip();
    size_t n = 0;
    while (n < text_.size() && (is_word(text_[n]) || (dots && text_[n] == '.'))) ++n;
    const std::string_view w = text_.substr(0, n);
    text_.remove_prefix(n);
    if (n == 0) fail();
    return w;
  }
  u64 integer() {
    skip();
    const bool negative = accept("-");
    int base = 10;
    if (text_.starts_with("0x")) {
      text_.remove_prefix(2);
      base = 16;
    }
    u64 v = 0;
    const auto [end, error] = std::from_chars(text_.data(), text_.data() + text_.size(), v, base);
    if (error != std::errc()) fail();
    text_.remove_prefix(static_cast<size_t>(end - text_.data()));
    return negative ? u64{0} - v : v;
  }
  u32 number_after(char prefix) {
    skip();
    if (!next_is(prefix)) return fail(), 0;
    text_.remove_prefix(1);
    return static_cast<u32>(integer());
  }

 private:
  static bool is_word(char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_';
  }
  void skip() {
    while (!text_.empty() && text_[0] == ' ') text_.remove_prefix(1);
  }
  std::string_view text_;
  u32 number_;
  bool failed_ = false;
};

class Parser {
 public:
  explicit Parser(Graph& g) : g_(g) {}

  Result<void> run(std::string_view text) {
    g_.clear();
    u32 number = 0;
    for (size_t at = 0; at < text.size();) {
      const size_t end = std::min(text.find('\n', at), text.size());
      const std::string_view line = text.substr(at, end - at);
      ++number;
      at = end + 1;
      if (line.find_first_not_of(' ') != std::string_view::npos) lines_.emplace_back(line, number);
    }
    for (Line line : lines_) {
      declare(line);
      if (line.failed()) return error(line, "cannot be read");
    }
    make_values();
    for (Line line : lines_) {
      define(line);
      if (!line.failed() && !line.at_end()) line.fail();
      if (line.failed()) return error(line, what_.empty() ? "cannot be read" : what_);
    }
    return {};
  }

 private:
  static std::unexpected<Error> error(const Line& line, std::string_view what) {
    return fail("line " + std::to_string(line.number()) + ": " + std::string(what));
  }
  void refuse(Line& line, std::string_view what) {
    what_ = what;
    line.fail();
  }

  // First pass.
  void declare(Line line_copy);
  void make_values();
  // Second pass.
  void define(Line& line);
  void define_block(Line& line);
  void define_slot(Line& line);
  void define_inst(Line& line);
  void imm(Line& line, Inst& inst, CallInfo& call);
  void access(Line& line, Inst& inst);
  void call_info(Line& line, CallInfo& call);
  void operands(Line& line, Inst& inst, CallInfo& call);
  u32 value(Line& line);
  SlotId slot(Line& line);
  std::vector<u32> list(Line& line);
  EdgeId edge(Line& line);

  Graph& g_;
  std::vector<Line> lines_;
  std::string what_;
  u32 values_ = 0;   // one more than the largest number
  u32 unnamed_ = 0;  // instructions without a result
  u32 next_unnamed_ = 0;
  u32 blocks_ = 0;
  Block block_ = kNoBlock;
};

bool is_block(Line line) {
  const std::string_view w = line.word();
  return w.starts_with("block");
}

void Parser::declare(Line line) {
  if (is_block(line)) {
    ++blocks_;
    line.word();
    while (!line.at_end() && !line.failed()) {
      if (line.next_is('v')) {
        values_ = std::max(values_, line.number_after('v') + 1);
        line.accept(":");
        line.word();
      } else if (!line.accept("(") && !line.accept(",") && !line.accept(")") && !line.accept("!") &&
                 !line.accept(":") && !line.accept("cold")) {
        line.fail();
      }
    }
    return;
  }
  Line probe = line;
  if (probe.accept("slot")) return;
  if (probe.next_is('v') && (probe.number_after('v'), probe.accept("="))) {
    values_ = std::max(values_, line.number_after('v') + 1);
  } else {
    ++unnamed_;
  }
}

void Parser::make_values() {
  // Until they are defined they are parameters of no block.
  for (u32 i = 0; i < values_ + unnamed_; ++i) g_.add({.op = Opcode::kParam});
  next_unnamed_ = values_;
  for (u32 i = 0; i < blocks_; ++i) g_.add_block();
}

u32 Parser::value(Line& line) {
  if (line.accept("_")) return index_of(kNoValue);
  const u32 v = line.number_after('v');
  if (v >= values_) refuse(line, "an unknown value");
  return v;
}

SlotId Parser::slot(Line& line) {
  if (line.accept("_")) return kNoSlot;
  return SlotId{line.number_after('s')};
}

std::vector<u32> Parser::list(Line& line) {
  std::vector<u32> values;
  line.expect("(");
  if (line.accept(")")) return values;
  do {
    values.push_back(value(line));
  } while (line.accept(",") && !line.failed());
  line.expect(")");
  return values;
}

EdgeId Parser::edge(Line& line) {
  const std::string_view w = line.word();
  u32 n = blocks_;
  if (w.starts_with("block")) std::from_chars(w.data() + 5, w.data() + w.size(), n);
  if (n >= blocks_) refuse(line, "an unknown block");
  std::vector<u32> args;
  if (line.next_is('(')) args = list(line);
  return g_.add_edge(Block{n}, args);
}

void Parser::define(Line& line) {
  if (is_block(line)) return define_block(line);
  Line probe = line;
  if (probe.accept("slot")) return define_slot(line);
  define_inst(line);
}

void Parser::define_slot(Line& line) {
  line.expect("slot");
  if (line.number_after('s') != g_.num_slots()) refuse(line, "slots must be in order");
  const u32 cells = static_cast<u32>(line.integer());
  g_.add_slot(cells, line.accept("!"));
}

void Parser::define_block(Line& line) {
  const std::string_view w = line.word();
  u32 n = 0;
  std::from_chars(w.data() + 5, w.data() + w.size(), n);
  const u32 expected = block_ == kNoBlock ? 0 : index_of(block_) + 1;
  if (n != expected) return refuse(line, "blocks must be in order");
  block_ = Block{n};
  if (line.accept("(")) {
    do {
      const Value v{line.number_after('v')};
      line.expect(":");
      const auto type = find_type(line.word());
      if (!type || line.failed()) return refuse(line, "an unknown type");
      g_.define_param(block_, v, *type, line.accept("!"));
    } while (line.accept(","));
    line.expect(")");
  }
  line.expect(":");
  g_[block_].cold = line.accept("cold");
}

void Parser::define_inst(Line& line) {
  Inst inst;
  Value v;
  Line probe = line;
  if (probe.next_is('v') && (probe.number_after('v'), probe.accept("="))) {
    v = Value{line.number_after('v')};
    line.expect("=");
  } else {
    v = Value{next_unnamed_++};
  }
  const auto op = find_opcode(line.word());
  if (!op) return refuse(line, "an unknown operation");
  inst.op = *op;
  if (line.accept(".")) {
    const auto type = find_type(line.word());
    if (!type) return refuse(line, "an unknown type");
    inst.type = *type;
  }
  inst.traced = line.accept("!");
  CallInfo call;
  if (line.accept("[")) {
    imm(line, inst, call);
    line.expect("]");
  }
  operands(line, inst, call);
  if (line.failed()) return;
  g_[v] = inst;
  if (is_leaf(inst.op) || (is_pure(inst.op) && block_ == kNoBlock)) return;
  if (block_ == kNoBlock) return refuse(line, "is in no block");
  g_.append(block_, v);
}

void Parser::imm(Line& line, Inst& inst, CallInfo& call) {
  switch (info_of(inst.op).imm) {
    case Imm::kBits: {
      const u64 bits = line.integer();
      inst.args[0] = static_cast<u32>(bits);
      inst.args[1] = type_bytes(inst.type) == 8 ? static_cast<u32>(bits >> 32) : 0;
      return;
    }
    case Imm::kVector:
    case Imm::kShuffle: {
      const std::string_view w = line.word();
      Graph::Bytes16 bytes{};
      if (w.size() != 32) return line.fail();
      for (u32 i = 0; i < 16; ++i) {
        std::from_chars(w.data() + 2 * i, w.data() + 2 * i + 2, bytes[i], 16);
      }
      inst.args[inst.op == Opcode::kVConst ? 0 : 2] = g_.add_vector(bytes);
      return;
    }
    case Imm::kResult: inst.args[1] = static_cast<u32>(line.integer()); return;
    case Imm::kCond: {
      const std::string_view w = line.word();
      const u32 count = inst.op == Opcode::kICmp ? 10 : 6;
      for (u32 i = 0; i < count; ++i) {
        const std::string_view name = inst.op == Opcode::kICmp
                                          ? cond_name(static_cast<IntCond>(i))
                                          : cond_name(static_cast<FloatCond>(i));
        if (name == w) return void(inst.aux = static_cast<u16>(i));
      }
      return refuse(line, "an unknown condition");
    }
    case Imm::kTrap: inst.aux = static_cast<u16>(line.integer()); return;
    case Imm::kAccess: return access(line, inst);
    case Imm::kSimd:
    case Imm::kSimdLane: {
      const auto simd = find_simd(line.word(/*dots=*/true));
      if (!simd) return refuse(line, "an unknown vector operation");
      inst.aux = static_cast<u16>(*simd);
      if (info_of(inst.op).imm == Imm::kSimdLane) inst.args[2] = static_cast<u32>(line.integer());
      return;
    }
    case Imm::kHome:
    case Imm::kOffset:
    case Imm::kExtent: inst.args[2] = static_cast<u32>(line.integer()); return;
    case Imm::kScale:
      inst.aux = static_cast<u16>(line.integer());
      inst.args[2] = static_cast<u32>(line.integer());
      return;
    case Imm::kSlot:
      inst.args[2] = line.number_after('s');
      inst.aux = static_cast<u16>(line.integer());
      return;
    case Imm::kCall:
    case Imm::kInvoke: return call_info(line, call);
    case Imm::kNone:
    case Imm::kParam:
    case Imm::kJump:
    case Imm::kBranch:
    case Imm::kSwitch:
    case Imm::kList: return line.fail();
  }
}

void Parser::access(Line& line, Inst& inst) {
  Access a;
  const std::string_view name = line.word();
  bool known = false;
  for (u32 i = 0; i < kRegions; ++i) {
    if (region_name(static_cast<Region>(i)) != name) continue;
    a.region = static_cast<Region>(i);
    known = true;
  }
  if (!known) return refuse(line, "an unknown region");
  a.region_index = static_cast<u32>(line.integer());
  line.expect("+");
  a.offset = static_cast<u32>(line.integer());
  a.bytes = static_cast<u8>(line.integer());
  a.sign = line.accept("s");
  if (line.accept("traps")) {
    a.traps = true;
    a.trap = static_cast<TrapCode>(line.integer());
  }
  a.atomic = line.accept("atomic");
  if (line.accept("lane")) a.lane = static_cast<u8>(line.integer());
  if (!line.next_is(']')) {
    const auto simd = find_simd(line.word(/*dots=*/true));
    if (!simd) return refuse(line, "an unknown instruction");
    a.simd = *simd;
  }
  inst.aux = static_cast<u16>(g_.intern(a));
}

void Parser::call_info(Line& line, CallInfo& call) {
  if (line.accept("func")) {
    call.kind = CallInfo::Kind::kFunction;
    call.func = static_cast<u32>(line.integer());
    line.expect("type");
    call.type_index = static_cast<u32>(line.integer());
  } else if (line.accept("funcref")) {
    call.kind = CallInfo::Kind::kFuncRef;
    call.own = line.accept("own");
    line.expect("type");
    call.type_index = static_cast<u32>(line.integer());
  } else {
    line.expect("builtin");
    call.kind = CallInfo::Kind::kBuiltin;
    const std::string_view name = line.word();
    bool known = false;
    for (u32 i = 0; i < kBuiltins; ++i) {
      if (builtin_name(static_cast<Builtin>(i)) != name) continue;
      call.builtin = static_cast<Builtin>(i);
      known = true;
    }
    if (!known) return refuse(line, "an unknown builtin");
  }
  std::vector<u32> roots;
  if (line.accept("roots")) {
    while (line.next_is('s')) roots.push_back(line.number_after('s'));
  }
  call.roots_begin = g_.add_list(roots);
  call.roots_count = static_cast<u32>(roots.size());
  std::vector<Handler> handlers;
  while (line.accept("handler")) {
    Handler h;
    if (!line.accept("_")) h.tag = static_cast<u32>(line.integer());
    h.args_slot = slot(line);
    h.ref_slot = slot(line);
    handlers.push_back(h);
  }
  call.handlers_begin = g_.add_handlers(handlers);
  call.handlers_count = static_cast<u32>(handlers.size());
}

void Parser::operands(Line& line, Inst& inst, CallInfo& call) {
  const OpcodeInfo& info = info_of(inst.op);
  if (!info.is_listed()) {
    for (u32 i = 0; i < info.operands; ++i) {
      if (i != 0) line.expect(",");
      inst.args[i] = value(line);
    }
    return;
  }
  bool more = true;
  if (info.imm == Imm::kCall || info.imm == Imm::kInvoke) {
    inst.args[1] = line.next_is('(') ? index_of(kNoValue) : value(line);
    const std::vector<u32> args = list(line);
    call.args_begin = g_.add_list(args);
    call.args_count = static_cast<u32>(args.size());
    inst.args[0] = index_of(g_.add_call(call));
    more = line.accept(",");
  } else if (info.imm == Imm::kList || info.imm == Imm::kAccess) {
    const std::vector<u32> args = list(line);
    inst.args[0] = g_.add_list(args);
    inst.args[1] = static_cast<u32>(args.size());
    return;
  } else if (info.imm != Imm::kJump) {
    inst.args[0] = value(line);
    line.expect(",");
  }
  const u32 first = g_.num_edges();
  while (more && !line.failed()) {
    edge(line);
    more = line.accept(",");
  }
  const u32 count = g_.num_edges() - first;
  if (info.imm == Imm::kJump) inst.args[0] = first;
  if (info.imm == Imm::kBranch) inst.args[1] = first, inst.args[2] = first + 1;
  if (info.imm == Imm::kSwitch) inst.args[1] = first, inst.args[2] = count;
  if (info.imm == Imm::kInvoke) inst.args[2] = first;
  const u32 wanted = info.imm == Imm::kJump     ? 1
                     : info.imm == Imm::kBranch ? 2
                     : info.imm == Imm::kInvoke
                         ? call.handlers_count + (inst.op == Opcode::kInvoke ? 1 : 0)
                     : info.imm == Imm::kCall ? 0
                                              : count;
  if (count != wanted && !line.failed()) refuse(line, "wrong number of edges");
}

}  // namespace

Result<void> parse(std::string_view text, Graph& g) {
  return Parser(g).run(text);
}

}  // namespace wazuka::opt
