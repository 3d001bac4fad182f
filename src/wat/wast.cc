// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "wat/wast.h"

#include <utility>

#include "base/utf8.h"
#include "wat/module_parser.h"
#include "wat/script_values.h"

namespace wazuka::wat {
namespace {

constexpr u32 kMaxNesting = 100;  // of (thread …)

class ScriptParser {
 public:
  explicit ScriptParser(std::string_view text) : c_(text, /*allow_confusing=*/true) {}

  Result<Script> run() {
    Script script;
    bool ok = is_script() ? commands(script.commands, 0) : inline_module(script);
    if (ok && !c_.at(TokenKind::kEof)) ok = c_.fail("extra tokens remaining after parse");
    if (!ok) return std::unexpected(c_.take_error());
    return script;
  }

 private:
  /// Anything else is the fields of one module.
  bool is_script() const {
    if (!c_.at(TokenKind::kLParen) || c_.ahead().kind != TokenKind::kKeyword) return false;
    Keyword k = c_.ahead().keyword;
    return c_.spelling(c_.ahead()).starts_with("assert_") || k == Keyword::kModule ||
           k == Keyword::kComponent || k == Keyword::kRegister || k == Keyword::kInvoke ||
           k == Keyword::kGet || k == Keyword::kThread || k == Keyword::kWait;
  }

  bool inline_module(Script& script) {
    if (c_.at(TokenKind::kEof)) return c_.fail("expected at least one module field");
    Command command{here(), ModuleCommand{}};
    ParsedModule parsed;
    if (!parse_bare_fields(c_, {}, parsed)) return false;
    std::get<ModuleCommand>(command.what).module.binary = std::move(parsed.binary);
    script.commands.push_back(std::move(command));
    return true;
  }

  bool commands(std::vector<Command>& out, u32 nesting) {
    while (!c_.at_end()) {
      if (!c_.expect_left()) return false;
      Command& command = out.emplace_back();
      command.location = here();
      if (!this->command(command, nesting) || !c_.expect_right()) return false;
    }
    return true;
  }

  /// The place of the current token. Lines are counted on from the last call: linear over all.
  Location here() {
    std::string_view text = c_.text();
    for (; place_.offset < c_.offset(); ++place_.offset) {
      u8 b = static_cast<u8>(text[place_.offset]);
      if (b == '\n') {
        ++place_.line;
        place_.column = 1;
      } else if ((b & 0xc0) != 0x80) {
        ++place_.column;
      }
    }
    return place_;
  }

  bool command(Command& out, u32 nesting) {
    if (!c_.at(TokenKind::kKeyword)) return c_.fail("unexpected token, expected a script command");
    Keyword k = c_.token().keyword;
    if (k == Keyword::kModule || k == Keyword::kComponent) return module_command(out);
    if (k == Keyword::kInvoke || k == Keyword::kGet) return action_command(out);
    if (k == Keyword::kRegister) return register_command(out);
    if (k == Keyword::kThread) return thread_command(out, nesting);
    if (k == Keyword::kWait) {
      c_.advance();
      return name_of(out.what.emplace<WaitCommand>().thread);
    }
    if (k == Keyword::kAssertReturn) return assert_return(out);
    if (k == Keyword::kAssertTrap) return assert_execution<AssertTrap>(out);
    if (k == Keyword::kAssertSuspension) return assert_execution<AssertSuspension>(out);
    if (k == Keyword::kAssertException) {
      c_.advance();
      return execution(out.what.emplace<AssertException>().execution);
    }
    if (k == Keyword::kAssertExhaustion) {
      c_.advance();
      AssertExhaustion& a = out.what.emplace<AssertExhaustion>();
      return c_.expect_left() && invoke(a.invoke) && c_.expect_right() && string(a.message);
    }
    if (k == Keyword::kAssertUnlinkable) return assert_module<AssertUnlinkable>(out);
    if (k == Keyword::kAssertInvalid || k == Keyword::kAssertInvalidCustom) {
      if (!assert_module<AssertInvalid>(out)) return false;
      std::get<AssertInvalid>(out.what).custom = k == Keyword::kAssertInvalidCustom;
      return true;
    }
    if (k == Keyword::kAssertMalformed || k == Keyword::kAssertMalformedCustom) {
      if (!assert_module<AssertMalformed>(out)) return false;
      std::get<AssertMalformed>(out.what).custom = k == Keyword::kAssertMalformedCustom;
      return true;
    }
    return c_.fail("unexpected token, expected a script command");
  }

  // ---- Modules

  bool module_command(Command& out) {
    if (c_.ahead().kind == TokenKind::kKeyword && c_.ahead().keyword == Keyword::kDefinition) {
      ModuleDefinitionCommand& d = out.what.emplace<ModuleDefinitionCommand>();
      return module(d.module);
    }
    if (c_.ahead().kind == TokenKind::kKeyword && c_.ahead().keyword == Keyword::kInstance) {
      c_.advance(), c_.advance();
      ModuleInstanceCommand& i = out.what.emplace<ModuleInstanceCommand>();
      return optional_id(i.instance) && optional_id(i.module);
    }
    return module(out.what.emplace<ModuleCommand>().module);
  }

  /// `module …` or `component …`, behind the parenthesis.
  bool module(ScriptModule& out) {
    if (c_.at(Keyword::kComponent)) {
      out.component = true;
      return skip_component(out);
    }
    if (!c_.expect(Keyword::kModule)) return false;
    c_.take(Keyword::kDefinition);
    if (c_.at(Keyword::kQuote) ||
        (c_.at(TokenKind::kId) && c_.ahead().keyword == Keyword::kQuote)) {
      return optional_id(out.name) && quoted_module(out);
    }
    return text_module(out);
  }

  bool quoted_module(ScriptModule& out) {
    c_.advance();
    out.form = ModuleForm::kQuote;
    while (!c_.at_end()) {
      if (!c_.expect_string(out.quoted)) return false;
      out.quoted.push_back(' ');
    }
    if (is_valid_utf8(bytes_of(out.quoted))) {
      out.binary = valid_text_to_binary(out.quoted, {});
    } else {
      out.binary = wazuka::fail("malformed UTF-8 encoding");
    }
    return true;
  }

  bool text_module(ScriptModule& out) {
    ParsedModule parsed;
    if (!parse_module(c_, {}, parsed)) return false;
    out.name = std::move(parsed.name);
    out.form = parsed.is_binary ? ModuleForm::kBinary : ModuleForm::kText;
    out.binary = std::move(parsed.binary);
    return true;
  }

  /// Components are not converted yet: the command stays, and says so when it is run.
  bool skip_component(ScriptModule& out) {
    out.binary = wazuka::fail("components in the text format are not supported", c_.offset());
    Lexer lexer(c_.text());
    lexer.seek(c_.offset());
    if (!lexer.skip_list()) return c_.fail("expected `)`");
    c_.seek(lexer.position() - 1);
    return true;
  }

  template <class Assertion>
  bool assert_module(Command& out) {
    c_.advance();
    Assertion& a = out.what.emplace<Assertion>();
    return c_.expect_left() && module(a.module) && c_.expect_right() && string(a.message);
  }

  // ---- Actions

  bool action_command(Command& out) {
    ActionCommand& a = out.what.emplace<ActionCommand>();
    if (c_.at(Keyword::kGet)) return get(a.action.emplace<Get>());
    return invoke(a.action.emplace<Invoke>());
  }

  bool invoke(Invoke& out) {
    if (!c_.expect(Keyword::kInvoke) || !optional_id(out.module) || !string(out.name)) return false;
    while (!c_.at_end()) {
      if (!c_.expect_left() || !parse_value(c_, out.args.emplace_back()) || !c_.expect_right()) {
        return false;
      }
    }
    return true;
  }

  bool get(Get& out) {
    return c_.expect(Keyword::kGet) && optional_id(out.module) && string(out.name);
  }

  /// `(invoke …)`, `(get …)` or `(module …)`
  bool execution(Execution& out) {
    if (!c_.expect_left()) return false;
    bool ok = c_.at(Keyword::kInvoke) ? invoke(out.emplace<Invoke>())
              : c_.at(Keyword::kGet)  ? get(out.emplace<Get>())
              : c_.at(Keyword::kModule) || c_.at(Keyword::kComponent)
                  ? module(out.emplace<ScriptModule>())
                  : c_.fail("unexpected token, expected one of: `invoke`, `module`, `get`");
    return ok && c_.expect_right();
  }

  template <class Assertion>
  bool assert_execution(Command& out) {
    c_.advance();
    Assertion& a = out.what.emplace<Assertion>();
    return execution(a.execution) && string(a.message);
  }

  bool assert_return(Command& out) {
    c_.advance();
    AssertReturn& a = out.what.emplace<AssertReturn>();
    if (!execution(a.execution)) return false;
    while (!c_.at_end()) {
      if (!c_.expect_left() || !parse_pattern(c_, a.results.emplace_back()) || !c_.expect_right()) {
        return false;
      }
    }
    return true;
  }

  // ---- The rest

  bool register_command(Command& out) {
    c_.advance();
    RegisterCommand& r = out.what.emplace<RegisterCommand>();
    return string(r.name) && optional_id(r.module);
  }

  bool thread_command(Command& out, u32 nesting) {
    if (nesting == kMaxNesting) return c_.fail("item nesting too deep");
    c_.advance();
    ThreadCommand thread;
    if (!name_of(thread.name)) return false;
    if (c_.take_list(Keyword::kShared)) {
      bool ok = c_.expect_left() && c_.expect(Keyword::kModule) &&
                name_of(thread.shared_module.emplace()) && c_.expect_right() && c_.expect_right();
      if (!ok) return false;
    }
    if (!commands(thread.commands, nesting + 1)) return false;
    out.what = std::move(thread);
    return true;
  }

  bool name_of(std::string& out) {
    std::string_view id;
    if (!c_.expect_id(id)) return false;
    out = id;
    return true;
  }

  bool optional_id(std::optional<std::string>& out) {
    out.reset();
    return !c_.at(TokenKind::kId) || name_of(out.emplace());
  }

  bool string(std::string& out) {
    std::string_view name;
    if (!c_.expect_name(name)) return false;
    out = name;
    return true;
  }

  Cursor c_;
  Location place_;
};

}  // namespace

Result<Script> parse_wast(std::string_view text) {
  if (text.size() >= ~u32{0}) return fail("text of 4 GiB or more");
  if (!is_valid_utf8(bytes_of(text))) return fail("input bytes aren't valid utf-8");
  return ScriptParser(text).run();
}

}  // namespace wazuka::wat
