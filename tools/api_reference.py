#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Writes docs/cpp-api.md from the comments of include/wazuka/*.hh.

    tools/api_reference.py [--check]

The page begins with docs/cpp-api.in.md. Then each header has a section: the essay at its top, and what it declares with a
comment of `///`, as clang-format leaves it. A comment belongs to the declarations that follow up to the next blank line or
comment. What is private, in `namespace detail` or below a line of dashes is left out. --check only compares.
"""
import argparse
import re
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
PAGE = ROOT / "docs/cpp-api.md"
INTRODUCTION = ROOT / "docs/cpp-api.in.md"
# In the order in which one meets them.
HEADERS = ("error", "engine", "module", "store", "wasi", "linker", "instance", "func", "caller", "val", "memory", "global",
           "table", "extern", "pool", "types")
TYPE = re.compile(r"^(?:template <.*>\s*)?(?:class|struct|enum class) (?:\[\[nodiscard\]\] )?(\w+)")


def essay(lines):
    """The comment at the top, as paragraphs and blocks of code."""
    text = []
    for line in lines[1:]:
        if not line.startswith("//"):
            break
        text.append(line[2:].removeprefix(" "))
    out, code = [], False
    for line in text:
        is_code = line.startswith("    ") or (code and not line)
        if is_code != code:
            while code and out and not out[-1]:
                out.pop()
            out += ["```", ""] if code else ["```cpp"]
            code = is_code
        out.append(line[4:] if code else line)
    return out + (["```"] if code else [])


def declaration(lines, at):
    """The declaration that begins there, without its body; and where it ends."""
    text, depth = [], 0
    while at < len(lines):
        line = lines[at]
        text.append(line)
        depth += line.count("{") - line.count("}")
        at += 1
        if depth == 0 and (line.rstrip().endswith((";", "}")) or re.search(r"[;}]\s*//", line)):
            break
    return text, at


def without_body(text):
    """A function's declaration alone; types of plain data stay whole."""
    joined = "\n".join(text)
    if re.match(r"\s*(enum class|struct) ", joined):
        return joined
    # The parameters end where no parenthesis is open; after them comes a body, an initialiser, or the end.
    head = joined.split("\n")
    head = head[1:] if head[0].lstrip().startswith("template") and len(head) > 1 else head
    prefix = joined[: len(joined) - len("\n".join(head))]
    rest, depth, seen = "\n".join(head), 0, False
    for i, c in enumerate(rest):
        depth += (c == "(") - (c == ")")
        seen |= c == "("
        if not seen or depth:
            continue
        after = rest[i + 1:]
        if match := re.match(r"( const)?( noexcept)?( &&)?\s*(\{|:|;|=)", after):
            head_text = rest[: i + 1] + "".join(g or "" for g in match.groups()[:3])
            return prefix + head_text + ";"
    return joined


def clean(text):
    """Without what only compilers read, and without indentation."""
    text = re.sub(r"\[\[(nodiscard|gnu::\w+)(, gnu::\w+)*\]\] ", "", text)
    text = re.sub(r"\s*// NOLINT\S*", "", text)
    text = re.sub(r"\(\n\s+", "(", text)
    text = re.sub(r"\n\s+requires .*", "", text)  # the comment says it
    text = re.sub(r"^(\s*)(inline|static inline) ", r"\1", text)
    text = re.sub(r"\n\s+(?=[\w&*:].*\)( const)?;$)", " ", text) if text.endswith(");") or text.endswith("const;") else text
    lines = text.split("\n")
    indent = min(len(line) - len(line.lstrip()) for line in lines if line.strip())
    return "\n".join(line[indent:] for line in lines)


class Reader:
    def __init__(self, lines):
        self.lines, self.at, self.out = lines, 0, []

    def comment(self):
        text = []
        while self.at < len(self.lines) and self.lines[self.at].lstrip().startswith("///"):
            text.append(self.lines[self.at].lstrip()[3:].strip())
            self.at += 1
        return " ".join(text)

    def entry(self, comment, level):
        """Declarations with one comment; of a class also its public members."""
        line = self.lines[self.at].strip()
        name = TYPE.match(" ".join(part.strip() for part in self.lines[self.at:self.at + 3]))
        is_class = name and re.match(r"(template <.*>\s*)?class ", line + " " + self.lines[self.at + 1].strip())
        if name and is_class and level == 0:
            self.out += [f"### {name[1]}", "", comment, ""]
            self.members()
            return
        texts = []
        while self.at < len(self.lines) and self.lines[self.at].strip():
            stripped = self.lines[self.at].strip()
            if stripped.startswith(("///", "}", "private:", "#")):
                break
            text, self.at = declaration(self.lines, self.at)
            texts.append(clean(without_body(text)))
        if name and level == 0:
            self.out += [f"### {name[1]}", ""]
        if texts:
            self.out += ["```cpp", *texts, "```", "", comment, ""]

    def members(self):
        """From the line of the class to its end."""
        while not self.lines[self.at].rstrip().endswith("{"):
            self.at += 1
        self.at += 1
        public = False
        while self.lines[self.at] != "};":
            line = self.lines[self.at].strip()
            if line in ("public:", "private:", "protected:"):
                public = line == "public:"
            if line.startswith("///") and public:
                self.entry(self.comment(), 1)
                continue
            self.at += 1

    def read(self):
        """Everything between the namespaces."""
        while self.at < len(self.lines):
            line = self.lines[self.at]
            if line.startswith("// ----") or line.startswith("// Host functions") or line.startswith("// Calls"):
                break
            if line.startswith("namespace detail"):
                while not self.lines[self.at].startswith("}  // namespace detail"):
                    self.at += 1
            if line.startswith("///"):
                comment = self.comment()
                if self.lines[self.at].startswith("#define"):
                    macro = re.match(r"#define (\w+\(.*?\))", self.lines[self.at])[1]
                    self.out += [f"### {macro.split('(')[0]}", "", "```cpp", macro, "```", "", comment, ""]
                else:
                    self.entry(comment, 0)
                continue
            self.at += 1
        return self.out


def section(name):
    lines = (ROOT / f"include/wazuka/{name}.hh").read_text().split("\n")
    text = essay(lines)
    start = next(i for i, line in enumerate(lines) if line.startswith("namespace wazuka"))
    body = Reader(lines[start:]).read()
    return [f"## wazuka/{name}.hh", "", *text, "", *body]


def page():
    lines = INTRODUCTION.read_text().split("\n")
    for name in HEADERS:
        lines += section(name)
    return re.sub(r"\n{3,}", "\n\n", "\n".join(lines)).rstrip() + "\n"


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--check", action="store_true", help="only say whether the page is current")
    options = parser.parse_args()
    missing = {p.stem for p in (ROOT / "include/wazuka").glob("*.hh")} ^ set(HEADERS)
    if missing:
        sys.exit(f"HEADERS in {__file__} and include/wazuka differ in {', '.join(sorted(missing))}")
    if not options.check:
        PAGE.write_text(page())
        return 0
    if PAGE.exists() and PAGE.read_text() == page():
        return 0
    print("docs/cpp-api.md is not what the headers say: run tools/api_reference.py")
    return 1


if __name__ == "__main__":
    sys.exit(main())
