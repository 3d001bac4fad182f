// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "wat/disassemble.h"

#include <algorithm>
#include <optional>
#include <utility>

#include "wat/print_context.h"

namespace wazuka::wat {
namespace {

constexpr u32 kBytesPerLine = 9;

class Disassembler {
 public:
  Disassembler(const Module& module, const WriteText& write)
      : m_(module), c_(module, options_, write) {}

  Result<void> run() {
    Result<void> result;
    for (u32 func = m_.imported_funcs; func < m_.funcs.size() && !c_.out.failed(); ++func) {
      auto shown = function(func);
      if (!shown && result) result = std::move(shown);
    }
    c_.out.flush();
    return result;
  }

  /// `written` is where the output goes.
  std::vector<InstructionText> texts(u32 func, std::string& written) {
    std::vector<InstructionText> texts;
    InstructionReader reader(m_.bytes, m_.funcs[func].body);
    std::vector<InstructionReader::LocalRun> runs;
    read_locals(func, reader, runs);
    each_instruction(func, reader, [&](const Instruction& i, u32 depth, auto text) {
      text();
      c_.out.flush();
      texts.push_back({i.offset, depth, std::exchange(written, {})});
    });
    return texts;
  }

  void signature(u32 func) {
    c_.definition_name(c_.names.func(func));
    c_.type_use(m_.funcs[func].type_index, nullptr);
    c_.out.flush();
  }

 private:
  /// Calls `each` with every instruction, its depth, and what writes its text.
  template <class Each>
  void each_instruction(u32 func, InstructionReader& reader, Each each) {
    u32 depth = 0, next_label = 0;
    labels_.reset(c_.names.labels(func));
    Instruction i;
    while (!c_.out.failed() && reader.next(i)) {
      bool closes = closes_block(i.op), divides = divides_block(i.op);
      if (closes && depth != 0) --depth, labels_.pop();
      each(i, depth - (divides && depth != 0 ? 1 : 0), [&] {
        PrintedName name = opens_block(i.op) ? labels_.name(next_label) : PrintedName();
        c_.instruction(i, reader, &locals_, &labels_, name);
      });
      if (!opens_block(i.op)) continue;
      labels_.push(next_label++);
      ++depth;
    }
  }

  Result<void> function(u32 func) {
    const FuncDecl& decl = m_.funcs[func];
    offset(decl.body.offset);
    c_.out << " func[";
    c_.out.number(func);
    c_.out << ']';
    c_.definition_name(c_.names.func(func));
    c_.type_use(decl.type_index, nullptr);
    c_.out << ":\n";
    InstructionReader reader(m_.bytes, decl.body);
    locals(func, reader);
    each_instruction(func, reader, [&](const Instruction& i, u32 depth, auto text) {
      bytes(i.offset, reader.position(), depth, text);
    });
    if (!reader.failed()) return {};
    Error error = reader.take_error();
    offset(static_cast<u32>(error.offset));
    c_.out << ": error: " << error.message << '\n';
    return std::unexpected(std::move(error));
  }

  /// Reads the declarations of locals, and their names. The index of the first one; nothing if they
  /// are malformed.
  std::optional<u64> read_locals(u32 func, InstructionReader& reader,
                                 std::vector<InstructionReader::LocalRun>& runs) {
    bool ok = reader.read_locals(runs);
    const FuncType* type = c_.func_type(m_.funcs[func].type_index);
    u64 index = type == nullptr ? 0 : type->params.size();
    u64 total = index;
    for (const auto& run : runs) total += run.count;
    c_.names.inner(NameKind::kLocal, func, ok ? total : 0, locals_);
    if (!ok) return std::nullopt;
    return index;
  }

  void locals(u32 func, InstructionReader& reader) {
    u32 start = reader.position();
    std::vector<InstructionReader::LocalRun> runs;
    std::optional<u64> first = read_locals(func, reader, runs);
    if (!first) return;
    u64 index = *first;
    bytes(start, reader.position(), 0, [&] {
      c_.out << "local";
      for (const auto& run : runs) {
        c_.out << " [";
        c_.out.number(index);
        if (run.count != 1) c_.out << "..", c_.out.number(index + run.count);
        c_.out << "] ";
        c_.val_type(run.type);
        index += run.count;
      }
    });
  }

  void offset(u32 at) { c_.out.hex(at, 6); }

  /// ` 00002a: 41 2a        | i32.const 42`, with more lines where there are many bytes.
  template <class Text>
  void bytes(u32 begin, u32 end, u32 depth, Text text) {
    for (u32 at = begin; at == begin || (at < end && !c_.out.failed()); at += kBytesPerLine) {
      c_.out << ' ';
      offset(at);
      c_.out << ':';
      for (u32 k = at; k < at + kBytesPerLine; ++k) {
        c_.out << ' ';
        k < end ? c_.out.hex(m_.bytes[k], 2) : void(c_.out << "  ");
      }
      c_.out << " |";
      if (at == begin) {
        constexpr u32 kMaxIndent = 20;
        for (u32 k = 0; k <= std::min(depth, kMaxIndent); ++k) c_.out << (k == 0 ? " " : "  ");
        text();
      }
      c_.out << "\n";
    }
  }

  static constexpr PrintOptions options_{};
  const Module& m_;
  PrintContext c_;
  NameSpace locals_;
  LabelStack labels_;
};

}  // namespace

Result<void> disassemble(const Module& module, const WriteText& write) {
  return Disassembler(module, write).run();
}

struct BodyTexts::Impl {
  explicit Impl(const Module& module)
      : disassembler(module, [this](std::string_view piece) {
          written += piece;
          return true;
        }) {}

  std::string written;
  Disassembler disassembler;
};

BodyTexts::BodyTexts(const Module& module) : impl_(std::make_unique<Impl>(module)) {}
BodyTexts::~BodyTexts() = default;

std::vector<InstructionText> BodyTexts::instructions(u32 func_index) {
  return impl_->disassembler.texts(func_index, impl_->written);
}

std::string BodyTexts::signature(u32 func_index) {
  impl_->disassembler.signature(func_index);
  return std::exchange(impl_->written, {});
}

}  // namespace wazuka::wat
