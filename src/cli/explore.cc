// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// `explore`: one HTML page with a module's instructions on the left and their machine code on the
// right. Both sides of one instruction carry the same number, its offset in the module; the page's
// script shows them together. Everything in the page comes from the module, so everything is
// escaped.
#include <fmt/format.h>

#include "cli/code_listing.h"
#include "cli/commands.h"
#include "cli/images.h"
#include "cli/output.h"
#include "cli/output_file.h"

namespace wazuka::cli {
namespace {

constexpr std::string_view kHead = R"(<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'; script-src 'unsafe-inline'">
<meta name="viewport" content="width=device-width">
<style>
:root { color-scheme: light dark; --line: #8884; --mark: #fb04; --dim: #888; }
body { margin: 0; height: 100vh; display: flex; flex-direction: column; font: 14px sans-serif; }
header { padding: .4em 1em; border-bottom: 1px solid var(--line); }
main { flex: 1; display: grid; grid-template-columns: 1fr 1fr; min-height: 0; }
main > div { overflow: auto; padding: 0 1em; font: 13px monospace; white-space: pre; }
main > div + div { border-left: 1px solid var(--line); }
h2 { font: bold 13px monospace; margin: 1em 0 .3em; }
[data-at] { cursor: pointer; }
.block { border-left: 3px solid var(--line); padding-left: .6em; margin: 1px 0; }
.none, i { color: var(--dim); font-style: normal; }
.hover { background: var(--mark); }
</style>
)";

constexpr std::string_view kScript = R"(<script>
"use strict";
const sides = [document.getElementById("wasm"), document.getElementById("code")];
let marked = [];
function mark(at) {
  for (const e of marked) e.classList.remove("hover");
  marked = at === null ? [] : [...document.querySelectorAll(`[data-at="${at}"]`)];
  for (const e of marked) e.classList.add("hover");
}
const target = event => event.target.closest("[data-at]");
document.addEventListener("mouseover", event => {
  const e = target(event);
  mark(e ? e.dataset.at : null);
});
document.addEventListener("click", event => {
  const e = target(event);
  if (!e) return;
  const other = sides.find(side => !side.contains(e)).querySelector(`[data-at="${e.dataset.at}"]`);
  if (other) other.scrollIntoView({block: "center", behavior: "smooth"});
});
</script>
</body>
</html>
)";

std::string escaped(std::string_view text) {
  std::string out;
  for (char c : text) {
    switch (c) {
      case '&': out += "&amp;"; break;
      case '<': out += "&lt;"; break;
      case '>': out += "&gt;"; break;
      case '"': out += "&quot;"; break;
      default: out += c;
    }
  }
  return out;
}

std::string wasm_side(const FunctionListing& f) {
  std::vector<bool> has_code(f.instructions.size());
  for (const CodeBlock& block : f.blocks) {
    if (block.instruction) has_code[*block.instruction] = true;
  }
  std::string html = fmt::format("<h2>{}</h2>", escaped(f.title));
  for (size_t i = 0; i < f.instructions.size(); ++i) {
    const wat::InstructionText& t = f.instructions[i];
    html += fmt::format("<div data-at=\"{0:x}\"{1}><i>{0:06x}</i>  {2:{3}}{4}</div>", t.offset,
                        has_code[i] ? "" : " class=none", "", 2 * std::min(t.depth, 20u),
                        escaped(t.text));
  }
  return html + "\n";
}

std::string code_side(const FunctionListing& f) {
  std::string html = fmt::format("<h2>{}</h2>", escaped(f.title));
  if (!f.not_there.empty()) html += "<div class=none>" + escaped(f.not_there) + "</div>";
  for (const CodeBlock& block : f.blocks) {
    html += "<div class=block";
    if (block.instruction) {
      html += fmt::format(" data-at=\"{:x}\"", f.instructions[*block.instruction].offset);
    }
    html += ">";
    for (const verify::CodeLine& line : block.lines) {
      const std::string notes = line_notes(f.code, line, {});
      html += fmt::format("<div><i>{:6x}</i>  {}", line.offset, escaped(line.text));
      if (!notes.empty()) html += "  <i>; " + escaped(notes) + "</i>";
      html += "</div>";
    }
    html += "</div>";
  }
  return html + "\n";
}

Result<void> write_page(const CodeLister& lister, std::string_view path, OutputFile& out) {
  out.write(kHead);
  out.write(
      fmt::format("<title>{0}</title>\n</head>\n<body>\n<header>{0}: WebAssembly and the "
                  "machine code of it</header>\n<main>\n<div id=wasm>\n",
                  escaped(path)));
  // One side after the other, each function compiled for both: what is kept is one function.
  lister.each("", [&out](const FunctionListing& f) { return out.write(wasm_side(f)); });
  out.write("</div>\n<div id=code>\n");
  lister.each("", [&out](const FunctionListing& f) { return out.write(code_side(f)); });
  out.write("</div>\n</main>\n");
  out.write(kScript);
  return out.close();
}

Result<void> explore(const ParsedArguments& parsed, const Options& options) {
  const std::string path(parsed.positionals[0]);
  auto shown = load_shown(path);
  if (!shown) return std::unexpected(std::move(shown).error());
  auto lister = CodeLister::create("`explore`", options, *std::move(shown));
  if (!lister) return std::unexpected(std::move(lister).error());
  const ParsedFlag* output = parsed.find(FlagId::kOutput);
  const std::string target(output == nullptr ? stem(path) + ".explore.html"
                                             : std::string(output->value));
  auto out = OutputFile::open(target);
  if (!out) return std::unexpected(std::move(out).error());
  WAZUKA_TRY(write_page(*lister, path, *out));
  if (target != "-") print_out("Exploration written to " + target + "\n");
  return {};
}

}  // namespace

int explore_command(Arguments arguments) {
  ParsedArguments parsed;
  if (int code = start_command(CommandId::kExplore, arguments, parsed); code >= 0) return code;
  OptionsOutcome outcome = read_options(parsed);
  if (outcome.exit_code >= 0) return outcome.exit_code;
  auto explored = explore(parsed, outcome.options);
  if (explored) return 0;
  print_error(explored.error());
  return kExitFailure;
}

}  // namespace wazuka::cli
