#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Checks the rules of the house that a program can check; `./dev lint` runs it.

    format     C++ is as clang-format leaves it (./dev fmt)
    layers     src/ is a DAG: a layer includes only the layers it may know (LAYERS, also docs/architecture.md)
    includes   project headers are written from src/ ("wasm/types.h"), headers are guarded, and the engine keeps away
               from what it does without: streams, exceptions, locale-dependent formatting
    licence    every source file carries the SPDX line near its top
    size       no source file is longer than 1000 lines (tables, *.def, may be)
    links      a relative link in a document leads to a file
    text       no trailing blanks, no tabs in C++ and Python, and a line end at the end of every file

Prints `path:line: rule: message` for each violation; exit status 1 if there are any.
"""
import argparse
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent

# What each layer may include, besides itself. Keep equal to the picture in docs/architecture.md and CMakeLists.txt.
LAYERS = {
    "base": set(),
    "os": {"base"},
    "asm": {"base"},
    "wasm": {"base"},
    "wat": {"wasm", "base"},
    "debug": {"wasm", "base"},
    "abi": {"wasm", "base"},
    "tier": {"asm", "abi", "wasm", "os", "base"},
    "interp": {"abi", "wasm", "base", "os"},
    "baseline": {"tier", "asm", "abi", "wasm", "base"},
    "opt": {"baseline", "tier", "asm", "abi", "wasm", "base"},
    "verify": {"tier", "asm", "abi", "wasm", "base"},
    "image": {"tier", "asm", "abi", "wasm", "os", "base"},
    "runtime": {"image", "interp", "opt", "baseline", "tier", "asm", "debug", "abi", "wasm", "os", "base"},
    "wasi": {"runtime", "os", "abi", "wasm", "base"},
    "capi": {"wasi", "runtime", "image", "interp", "abi", "wat", "wasm", "os", "base"},
    "cli": {"wasi", "runtime", "image", "verify", "tier", "interp", "abi", "debug", "wat", "wasm", "asm", "os", "base"},
}
FORBIDDEN = {
    "iostream": "no static stream objects: write through os/ or {fmt}",
    "istream": "no streams", "ostream": "no streams", "sstream": "no streams: use {fmt}",
    "fstream": "no streams: use os/", "iomanip": "no streams", "locale": "locale-dependent",
    "exception": "errors are values", "stdexcept": "errors are values", "typeinfo": "no RTTI", "any": "no RTTI",
    "regex": "slow, throws, recurses on input", "format": "not in libstdc++ 12: use {fmt}",
    "print": "not in libstdc++ 12: use {fmt}", "fmt/ostream.h": "no streams",
}
CXX = {".cc", ".h", ".hh", ".cpp", ".c"}
SOURCE = CXX | {".py", ".sh", ".def", ".cmake", ".S"}
SIZED = SOURCE - {".def"}
TEXT = SOURCE | {".md", ".txt", ".json", ".wat", ".wast"}
MAX_LINES = 1000
SPDX = "SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception"
LINK = re.compile(r"\]\(([^)#:\s]+)(?:#[^)]*)?\)")  # with a colon it is an address elsewhere
INCLUDE = re.compile(r'^\s*#\s*include\s*(?:"([^"]+)"|<([^>]+)>)')
SKIPPED_FOLDERS = {".git", "build", ".cache", "__pycache__"}


def project_files(root):
    """Paths relative to the root of all files that are part of the project (tracked, or new and not ignored)."""
    if (root / ".git").exists() and shutil.which("git"):
        listed = subprocess.run(["git", "-C", root, "ls-files", "-z", "-co", "--exclude-standard"],
                                capture_output=True, check=True).stdout.decode().split("\0")
        return sorted({Path(name) for name in listed if name and (root / name).is_file()})
    found = []
    for folder, folders, files in os.walk(root):
        folders[:] = [name for name in folders if name not in SKIPPED_FOLDERS]
        found += [(Path(folder) / name).relative_to(root) for name in files]
    return sorted(found)


def kind_of(path, text):
    """The suffix that tells what a file is; scripts without one are told by their first line."""
    if path.name == "CMakeLists.txt":
        return ".cmake"
    if not path.suffix or path.name.startswith("."):
        first = text.split("\n", 1)[0]
        return ".py" if "python" in first else ".sh" if first.startswith("#!") else ""
    return path.suffix


def check_layer(layer, header):
    """Why `layer` may not include "header", or None."""
    target = header.split("/")[0] if "/" in header else None
    if target is None or target in (".", ".."):
        return f'"{header}": write project headers from src/ on, as "{layer}/…"'
    if target not in LAYERS:
        return f'"{header}": no such layer as {target}'
    if target != layer and target not in LAYERS[layer]:
        allowed = ", ".join(sorted(LAYERS[layer])) or "nothing"
        return f'"{header}": {layer} may include only itself and {allowed}'
    return None


def check_includes(path, text):
    """Yields (line, rule, message) for one C++ file."""
    in_engine = path.parts[0] == "src"
    layer = path.parts[1] if in_engine and len(path.parts) > 2 else None
    if in_engine and layer not in LAYERS:
        yield 1, "layers", f"src/{layer or path.name} is in no layer that tools/lint.py knows (LAYERS)"
        return
    for number, line in enumerate(text.splitlines(), 1):
        match = INCLUDE.match(line)
        if not match:
            continue
        quoted, angled = match.groups()
        if in_engine and quoted and (why := check_layer(layer, quoted)):
            yield number, "layers", why
        if in_engine and angled and angled.split("/")[0] in LAYERS:
            yield number, "includes", f'<{angled}>: project headers go in quotes'
        if in_engine and angled in FORBIDDEN:
            yield number, "includes", f"<{angled}>: {FORBIDDEN[angled]}"
    guarded = "#pragma once" in text or "-inl" in path.stem
    if in_engine and path.suffix in (".h", ".hh") and not guarded:
        yield 1, "includes", "no #pragma once"


def check_text(path, kind, text):
    """Yields (line, rule, message) of the rules that hold for every file."""
    lines = text.split("\n")
    if kind in SOURCE and not any(SPDX in line for line in lines[:4]):
        yield 1, "licence", f"no line with {SPDX}"
    if kind in SIZED and len(lines) - 1 > MAX_LINES:
        yield MAX_LINES, "size", f"{len(lines) - 1} lines, at most {MAX_LINES}: find its natural seam"
    if kind not in TEXT:
        return
    if text and not text.endswith("\n"):
        yield len(lines), "text", "no line end at the end of the file"
    for number, line in enumerate(lines, 1):
        if line != line.rstrip() and kind != ".md":
            yield number, "text", "trailing blanks"
        if "\t" in line and kind in CXX | {".py", ".def"}:
            yield number, "text", "a tab"


def check_links(root, path, text):
    """Yields (line, rule, message) of one document; code in it is not looked at."""
    in_code = False
    for number, line in enumerate(text.splitlines(), 1):
        in_code ^= line.lstrip().startswith("```")
        for target in [] if in_code else LINK.findall(line):
            if not (root / path.parent / target).exists():
                yield number, "links", f"{target} is not there"


def check_format(root, paths, clang_format):
    """Yields (path, line, message) for what clang-format would change."""
    if not paths:
        return
    result = subprocess.run([clang_format, "--dry-run", "--ferror-limit=1", *paths], cwd=root, capture_output=True,
                            text=True)
    for match in re.finditer(r"^(.+?):(\d+):\d+: (?:warning|error): code should be clang-formatted", result.stderr, re.M):
        yield Path(match[1]), int(match[2]), "not as clang-format leaves it (./dev fmt)"
    if result.returncode != 0 and "clang-formatted" not in result.stderr:
        yield paths[0], 1, f"clang-format: {result.stderr.strip()[:200]}"


def lint(root, clang_format):
    """All violations of the tree as (path, line, rule, message)."""
    violations, formatted = [], []
    for path in project_files(root):
        try:
            text = (root / path).read_text(encoding="utf-8")
        except UnicodeDecodeError:
            continue  # binary files have no lines
        kind = kind_of(path, text)
        violations += [(path, *rest) for rest in check_text(path, kind, text)]
        if kind == ".md":
            violations += [(path, *rest) for rest in check_links(root, path, text)]
        if kind in CXX:
            formatted.append(path)
            violations += [(path, *rest) for rest in check_includes(path, text)]
    if clang_format:
        violations += [(path, line, "format", why) for path, line, why in check_format(root, formatted, clang_format)]
    return sorted(violations)


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--root", type=Path, default=ROOT)
    parser.add_argument("--clang-format", default="clang-format-22", help="program to check the format with, or ''")
    args = parser.parse_args()
    if args.clang_format and not shutil.which(args.clang_format):
        sys.exit(f"{args.clang_format}: no such program; `./dev lint` installs it")
    violations = lint(args.root, args.clang_format)
    for path, line, rule, message in violations:
        print(f"{path}:{line}: {rule}: {message}")
    print(f"lint: {len(violations)} violations" if violations else "lint: clean")
    return 1 if violations else 0


if __name__ == "__main__":
    sys.exit(main())
