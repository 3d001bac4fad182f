// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "cli/code_listing.h"

#include <algorithm>
#include <charconv>
#include <cstring>
#include <fmt/format.h>
#include <iterator>

#include "abi/layout.h"
#include "wasm/module_reader.h"

namespace wazuka::cli {
namespace {

std::optional<u32> as_index(std::string_view text) {
  u32 index = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), index);
  if (error != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return index;
}

bool is_exported_as(const Module& module, u32 func_index, std::string_view part) {
  return std::ranges::any_of(module.exports, [&](const Export& e) {
    return e.kind == ExternKind::kFunc && e.index == func_index &&
           e.name.find(part) != std::string_view::npos;
  });
}

/// Cuts the lines where the code of another instruction begins.
std::vector<CodeBlock> blocks_of(std::vector<verify::CodeLine> lines,
                                 std::span<const CodePosition> positions,
                                 std::span<const wat::InstructionText> instructions) {
  std::vector<CodeBlock> blocks(1);
  size_t next = 0;
  for (verify::CodeLine& line : lines) {
    std::optional<u32> begins;
    while (next < positions.size() && positions[next].offset <= line.offset) {
      begins = positions[next++].wasm_offset;
    }
    if (begins) {
      const auto at =
          std::ranges::lower_bound(instructions, *begins, {}, &wat::InstructionText::offset);
      if (!blocks.back().lines.empty()) blocks.emplace_back();
      if (at != instructions.end()) {
        blocks.back().instruction = static_cast<size_t>(at - instructions.begin());
      }
    } else if (line.is_data && !blocks.back().lines.empty() &&
               !blocks.back().lines.back().is_data) {
      blocks.emplace_back();  // constants belong to all
    }
    blocks.back().lines.push_back(std::move(line));
  }
  return blocks;
}

}  // namespace

Result<CodeLister> CodeLister::create(const char* what, const Options& options, ShownModule shown) {
  auto tools = code_tools(what);
  if (!tools) return std::unexpected(std::move(tools).error());
  auto config = engine_config(options, CodeUse::kShow);
  if (!config) return std::unexpected(std::move(config).error());
  auto engine = std::make_shared<Engine>(*config);
  if (engine->compile_function() == nullptr) {
    return fail(fmt::format("{} needs a compiler, and `-C compiler=interpreter` has none", what));
  }
  ReadOptions read;
  read.features = config->features;
  if (shown.image != nullptr) {
    read.features = Features::from_bits(shown.image->settings().features);
  }
  auto module = read_module(shown.bytes, engine->types(), read);
  if (!module) {
    return std::unexpected(module_error(std::move(module).error(), shown.bytes->bytes()));
  }
  return CodeLister(*tools, std::move(engine), *std::move(module), std::move(shown.image));
}

u32 CodeLister::each(std::string_view filter,
                     const std::function<bool(const FunctionListing&)>& show) const {
  const VMLayout layout(*module_);
  CompileEnv env = engine_->compile_env(*module_, layout);
  env.positions = true;
  wat::BodyTexts texts(*module_);
  const NameSection names = read_names(*module_);
  const std::optional<u32> wanted = as_index(filter);
  u32 shown = 0;
  for (u32 f = module_->imported_funcs; f < module_->funcs.size(); ++f) {
    const bool selected = wanted ? f == *wanted
                                 : filter.empty() || is_exported_as(*module_, f, filter) ||
                                       names.func_name(f).find(filter) != std::string_view::npos;
    if (!selected) continue;
    ++shown;
    if (!show(list(env, texts, f))) break;
  }
  return shown;
}

/// Compiles a function, or takes it from the image.
Result<CompiledCode> CodeLister::code_of(const CompileEnv& env, u32 func_index) const {
  if (image_ == nullptr) return engine_->compile_function()(env, func_index);
  const StoredCode& stored = image_->code();
  const auto all = stored.all();
  const auto at = std::ranges::find(all, func_index, &StoredFunction::func_index);
  if (at == all.end()) return fail("the image has no code of it");
  const StoredFunction& next = stored.functions[static_cast<size_t>(at - all.begin()) + 1];
  auto part = [](auto& to, const auto& from, u32 begin, u32 end) {
    to.assign(from.begin() + begin, from.begin() + end);
  };
  CompiledCode code;
  code.bytes.assign(stored.code.contents + at->begin, stored.code.contents + at->end);
  code.frame_bytes = at->frame_bytes;
  part(code.tables.traps, stored.tables.traps, at->traps, next.traps);
  part(code.tables.calls, stored.tables.calls, at->calls, next.calls);
  part(code.tables.roots, stored.tables.roots, at->roots, next.roots);
  part(code.tables.tries, stored.tables.tries, at->tries, next.tries);
  part(code.tables.clauses, stored.tables.clauses, at->clauses, next.clauses);
  return code;
}

FunctionListing CodeLister::list(const CompileEnv& env, wat::BodyTexts& texts,
                                 u32 func_index) const {
  FunctionListing function;
  function.func_index = func_index;
  function.title = fmt::format("func[{}]{}", func_index, texts.signature(func_index));
  function.instructions = texts.instructions(func_index);
  auto code = code_of(env, func_index);
  if (!code) {
    function.not_there = "interpreted: " + code.error().message;
    return function;
  }
  if (VerifyFunction verify = engine_->config().verify; verify != nullptr && image_ == nullptr) {
    auto safe = verify(env, func_index, *code, nullptr);
    function.rejected = !safe;
    if (!safe) function.not_there = "rejected: " + safe.error().message;
  }
  function.code = *std::move(code);
  function.blocks = blocks_of(tools_.disassemble(env, func_index, function.code),
                              function.code.positions, function.instructions);
  return function;
}

namespace {

constexpr std::string_view kBuiltins[] = {
#define BUILTIN(name, result, ...) #name,
#include "abi/builtins.def"
#undef BUILTIN
};

/// The builtin that a call calls, by the `mov r11d, OFFSET` before it (docs/abi.md); empty if that
/// is not there.
std::string_view builtin_called(const CompiledCode& code, const verify::CodeLine& call) {
  constexpr u32 kMovBytes = 6;
  if (call.offset < kMovBytes) return {};
  const u8* const mov = code.bytes.data() + call.offset - kMovBytes;
  u32 offset;
  std::memcpy(&offset, mov + 2, sizeof offset);
  if (mov[0] != 0x41 || mov[1] != 0xbb || offset % sizeof(void*) != 0) return {};
  const size_t index = offset / sizeof(void*);
  return index < std::size(kBuiltins) ? kBuiltins[index] : std::string_view();
}

}  // namespace

std::string line_notes(const CompiledCode& code, const verify::CodeLine& line,
                       const ListingDetails& details) {
  std::string notes;
  auto out = std::back_inserter(notes);
  auto add = [&] { notes += notes.empty() ? "" : ", "; };
  const u32 end = line.offset + line.size;
  for (const Relocation& r : code.relocations) {
    if (r.offset < line.offset || r.offset >= end) continue;
    add();
    fmt::format_to(out, "function {}", r.index);
  }
  for (const TrapSite& t : code.tables.traps) {
    if (!details.traps || t.offset != line.offset) continue;
    add();
    fmt::format_to(out, "trap: {}", trap_message(t.code));
  }
  for (const CallSite& c : code.tables.calls) {
    if (line.is_data || c.return_offset != end) continue;
    if (std::string_view name = builtin_called(code, line); !name.empty()) {
      add();
      notes += name;
    }
    if (details.stack_maps && c.roots_count != 0) {
      add();
      notes += "references in cells";
      for (u32 i = 0; i < c.roots_count; ++i) {
        fmt::format_to(out, " {}", code.tables.roots[c.roots_begin + i]);
      }
    }
    for (u32 t = c.try_region; details.exception_tables && t != CallSite::kNoTry;) {
      const TryRegion& region = code.tables.tries[t];
      for (u32 i = 0; i < region.clauses_count; ++i) {
        const CatchClauseTable& clause = code.tables.clauses[region.clauses_begin + i];
        add();
        fmt::format_to(out, "{} at {:#x}",
                       clause.tag == CatchClauseTable::kNoTag ? "catch_all" : "catch",
                       clause.landing);
      }
      t = region.outer;
    }
  }
  return notes;
}

namespace {

class ListingWriter {
 public:
  ListingWriter(const FunctionListing& f, const ListingDetails& details)
      : f_(f), details_(details) {}

  std::string write() {
    text_ = f_.title + ":\n";
    if (!f_.not_there.empty()) text_ += "  " + f_.not_there + "\n";
    if (f_.blocks.empty()) return text_;
    fmt::format_to(out(), "  {} bytes, frame of {} bytes\n", f_.code.bytes.size(),
                   f_.code.frame_bytes);
    for (const CodeBlock& block : f_.blocks) {
      if (details_.wasm && block.instruction) instruction(*block.instruction);
      for (const verify::CodeLine& line : block.lines) machine_line(line);
    }
    return text_;
  }

 private:
  std::back_insert_iterator<std::string> out() { return std::back_inserter(text_); }

  /// The instruction and those before it that have not been shown, since they have no code of their
  /// own.
  void instruction(size_t index) {
    for (size_t i = std::min(next_, index); i <= index; ++i) {
      const wat::InstructionText& t = f_.instructions[i];
      fmt::format_to(out(), "  ;; {:06x}  {:{}}{}\n", t.offset, "", 2 * std::min(t.depth, 20u),
                     t.text);
    }
    next_ = std::max(next_, index + 1);
  }

  void machine_line(const verify::CodeLine& line) {
    std::string text = fmt::format("{:8x}: ", line.offset);
    if (details_.bytes) {
      std::string bytes;
      for (u32 i = 0; i < line.size; ++i) {
        bytes += fmt::format("{:02x} ", f_.code.bytes[line.offset + i]);
      }
      text += fmt::format("{:<33}", bytes);
    }
    text += line.text;
    const std::string notes = line_notes(f_.code, line, details_);
    constexpr size_t kNotesColumn = 56;
    if (!notes.empty()) text += fmt::format("{:{}}; {}", "", padding(text, kNotesColumn), notes);
    text_ += text + "\n";
  }

  static size_t padding(const std::string& text, size_t column) {
    return text.size() + 2 <= column ? column - text.size() : 2;
  }

  const FunctionListing& f_;
  const ListingDetails& details_;
  std::string text_;
  size_t next_ = 0;
};

}  // namespace

std::string listing_text(const FunctionListing& function, const ListingDetails& details) {
  return ListingWriter(function, details).write();
}

}  // namespace wazuka::cli
