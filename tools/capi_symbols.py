#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Checks that libwazuka.so exports the C API and nothing else.

    tools/capi_symbols.py [--library FILE] [--bless]

Three lists must be equal: the functions that include/*.h declare, what the library exports, and tests/capi/symbols.txt,
which is there so that a declaration that gets lost is noticed (--bless writes it). Two more names are exported without a
declaration: what debuggers call.
"""
import argparse
import json
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
LIST = ROOT / "tests/capi/symbols.txt"
UNDECLARED = {"set_vmctx_memory_50_0_0", "resolve_vmctx_memory_ptr_50_0_0"}
PREFIXES = ("wasm_", "wasmtime_", "wasi_", "wazuka_")


def declared(compiler):
    """The functions that the headers declare without defining them."""
    text = subprocess.run([compiler, "-std=c11", "-fsyntax-only", "-Xclang", "-ast-dump=json", "-I", ROOT / "include",
                           "-x", "c", "-"], input=b"#include <wazuka.h>\n", capture_output=True, check=True).stdout
    names = set()
    for node in json.loads(text)["inner"]:
        name = node.get("name", "")
        has_body = any(part["kind"] == "CompoundStmt" for part in node.get("inner", []))
        if node["kind"] == "FunctionDecl" and name.startswith(PREFIXES) and not has_body:
            names.add(name)
    return names


def exported(library):
    lines = subprocess.run(["nm", "-D", "--defined-only", library], capture_output=True, check=True, text=True).stdout
    return {line.split()[-1] for line in lines.splitlines()}


def compare(what, expected, found):
    for name in sorted(expected - found):
        print(f"{what}: {name} is missing")
    for name in sorted(found - expected):
        print(f"{what}: {name} is unexpected")
    return expected == found


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--library", default=ROOT / "build/release/libwazuka.so")
    parser.add_argument("--compiler", default="clang-22")
    parser.add_argument("--bless", action="store_true", help="write the list")
    options = parser.parse_args()
    names = declared(options.compiler) | UNDECLARED
    if options.bless:
        LIST.write_text("".join(f"{name}\n" for name in sorted(names)))
    listed = set(LIST.read_text().split())
    ok = compare("headers", listed, names)
    ok &= compare("library", listed, exported(options.library))
    print(f"{len(listed)} symbols" if ok else "the C API differs from tests/capi/symbols.txt")
    return 0 if ok else 1


if __name__ == "__main__":
    sys.exit(main())
