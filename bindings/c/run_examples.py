#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Builds C and C++ programs that were written for Wasmtime's library, and compares what they print with each library.

    bindings/c/run_examples.py --sources FOLDER [--library FILE] [--original FILE] [--keep FOLDER] [FILTER…]

FOLDER is a checkout of somebody else's sources, of which a copy is used. Known ones, and others like them:

    github.com/WebAssembly/wasm-c-api       the programs of example/
    github.com/bytecodealliance/wasmtime    those of examples/, and the tests of crates/c-api/tests

Each file with a `main`, and each with tests of GoogleTest, is one program. It is compiled with the headers of include/ and
linked to either library; exit code and output must be the same. The headers wasmtime.hh are the official ones, from the
crate that tools/capi_headers.py fetches, the original library comes from the Python package. Skipped is what is not meant
for this (other APIs, Rust programs that have to be built first), what fails with both libraries, and what needs a part that ours
does not have yet, and says so.

A program that fails with the original library and ends well with ours has passed.

The last line is "N passed, N failed, N skipped".
"""
import argparse
import os
import platform
import re
import shutil
import subprocess
import sys
import tempfile
import zipfile
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent.parent
sys.path.insert(0, str(ROOT / "tools"))
import capi_headers  # noqa: E402

# What is different in each run: addresses, times, and the order of what threads print.
VARIES = ((re.compile(r"0x[0-9a-f]{6,}"), "0x…"), (re.compile(r"\(\d+ ms( total)?\)"), "(… ms)"),
          (re.compile(r"(Thread |ThreadId\(|Moving \()\d+"), r"\1…"))
NOT_THERE = re.compile(r".*(?:is|are) not supported(?: yet)?.*")


# (file, old text, new text): text from which its binary is made anew, as that has an encoding that was given up in 2020.
OLD_MODULES = (("hostref.wat", "(ref.null)", "(ref.null extern)"),)


class Skip(Exception):
    pass


def original_library(folder, cache):
    capi_headers.fetch_bindings(cache)
    with zipfile.ZipFile(next((cache / "python").glob("wasmtime-*.whl"))) as archive:
        path = folder / "_libwasmtime.so"
        path.write_bytes(archive.read(f"wasmtime/linux-{platform.machine()}/_libwasmtime.so"))
    return path


class Builder:
    def __init__(self, scratch, cpp_headers):
        self.scratch, self.cpp_headers = scratch, cpp_headers

    def build(self, source, libraries):
        """One program for each library."""
        text = source.read_text(errors="replace")
        if re.search(r'#include [<"]wasm\.hh[>"]', text):
            raise Skip("wasm.hh is another API")
        gtest = "gtest/gtest.h" in text
        compiler = ["clang-22", "-std=gnu11"] if source.suffix == ".c" else ["clang++-22", "-std=c++17"]
        name = re.sub(r"\W", "_", str(source))
        made = self.scratch / f"{name}.o"
        # Ours are found first; of the official ones only the headers for C++ are left.
        includes = ["-I", ROOT / "include", "-I", self.cpp_headers] if source.suffix != ".c" else ["-I", ROOT / "include"]
        compile_it = [*compiler, "-g", "-O1", "-w", "-c", source, "-o", made]
        try:
            self.run([*compile_it, *includes])
        except RuntimeError:
            try:
                self.run([*compile_it, "-I", self.cpp_headers])
            except RuntimeError as error:
                raise Skip(f"does not compile with the official headers: {first_error(error)}") from error
            raise
        for number, library in enumerate(libraries):
            program = self.scratch / f"{name}.{number}"
            self.run([compiler[0], made, *(["-lgtest", "-lgtest_main"] if gtest else []), library,
                      f"-Wl,-rpath,{library.resolve().parent}", "-pthread", "-lm", "-o", program])
            yield program

    @staticmethod
    def run(command):
        done = subprocess.run(command, capture_output=True, text=True)
        if done.returncode != 0:
            raise RuntimeError(done.stderr)


def first_error(error):
    return next((line for line in str(error).splitlines() if "error:" in line), str(error))


def outcome(program, folder, timeout):
    """Exit code and output, without what varies."""
    try:
        done = subprocess.run([program], cwd=folder, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                              timeout=timeout)
    except subprocess.TimeoutExpired:
        return -9, f"no end after {timeout} s"
    text = done.stdout.decode(errors="replace")
    for pattern, replacement in VARIES:
        text = pattern.sub(replacement, text)
    return done.returncode, text


def differ(ours, theirs, threads):
    if threads and ours[0] == theirs[0]:
        return sorted(ours[1].splitlines()) != sorted(theirs[1].splitlines())
    return ours != theirs


def failed_tests(text):
    return set(re.findall(r"^\[  FAILED  \] ([\w./]+)(?: \(|$)", text, re.M))


def complaint_of(builder, source, libraries, root, timeout):
    """What is wrong with a program, or nothing."""
    ours, theirs = (outcome(program, folder_of(source, root), timeout) for program in builder.build(source, libraries))
    if theirs[0] != 0 and "[  FAILED  ]" not in theirs[1]:
        if ours[0] == 0:
            return ""
        raise Skip(f"fails with both libraries: {(ours[1].strip().splitlines() or [''])[-1]}")
    text = source.read_text(errors="replace")
    if "gtest/gtest.h" in text:
        worse = failed_tests(ours[1]) - failed_tests(theirs[1])
        if (worse or ours[0] < 0) and NOT_THERE.search(ours[1]):
            raise Skip(f"needs what is not there: {NOT_THERE.search(ours[1])[0].strip()}")
        if not worse and ours[0] >= 0 and "[==========]" in ours[1]:
            return ""
        return f"failed: {sorted(worse)}\n{ours[1]}"
    if ours[0] != 0 and NOT_THERE.search(ours[1]):
        raise Skip(f"needs what is not there: {NOT_THERE.search(ours[1])[0].strip()}")
    if differ(ours, theirs, "thread" in text):
        return f"exit code {ours[0]}, with the original library {theirs[0]}\n--- original\n{theirs[1]}--- ours\n{ours[1]}"
    return ""


def folder_of(source, root):
    """Where a program finds its modules: beside itself, or by their paths from the top."""
    tops = [folder.parent for folder in source.parents if folder.name == "examples"]
    return tops[0] if tops and re.search(r'"(examples|target)/', source.read_text(errors="replace")) else source.parent


def copy_sources(root, copy):
    """What a program may need of the folder."""
    wanted = {".c", ".cc", ".h", ".hh", ".hpp", ".wat", ".wasm", ".txt"}
    for path in root.rglob("*"):
        if path.is_file() and path.suffix in wanted and ".git" not in path.parts:
            target = copy / path.relative_to(root)
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(path, target)


def renew_modules(copy, library):
    """Modules that no version of the language has any more."""
    for name, old, new in OLD_MODULES:
        for path in copy.rglob(name):
            text = path.read_text()
            if old in text:
                path.write_text(text.replace(old, new))
                subprocess.run([library.parent / "wazuka", "parse", path, "-o", path.with_suffix(".wasm")], check=True)


def programs(root):
    for path in sorted([*root.rglob("*.c"), *root.rglob("*.cc")]):
        text = path.read_text(errors="replace")
        if ("gtest/gtest.h" in text and "TEST" in text) or re.search(r"^int main\(", text, re.M):
            if re.search(r"#include [<\"](wasm|wasmtime|wasi)", text):
                yield path


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--sources", type=Path, required=True)
    parser.add_argument("--library", type=Path, default=ROOT / "build/release/libwazuka.so")
    parser.add_argument("--original", type=Path, help="Wasmtime's library; default: that of the Python package")
    parser.add_argument("--cache", type=Path, default=Path.home() / ".cache/wazuka/capi")
    parser.add_argument("--timeout", type=int, default=120)
    parser.add_argument("filters", nargs="*")
    options = parser.parse_args()
    passed = failed = skipped = 0
    if not options.sources.is_dir():
        sys.exit(f"{options.sources} is no folder")
    with tempfile.TemporaryDirectory(prefix="wazuka-examples-") as scratch:
        try:
            headers = capi_headers.fetch_headers(options.cache)
            original = options.original or original_library(Path(scratch), options.cache)
        except capi_headers.Unavailable as why:
            sys.exit(f"needs the official headers and library: {why}")
        # With a folder of that name above, as modules are looked for.
        root = Path(scratch) / options.sources.resolve().name
        copy_sources(options.sources, root)
        renew_modules(root, options.library.resolve())
        builder = Builder(Path(scratch), headers)
        for source in programs(root):
            name = str(source.relative_to(root))
            if options.filters and not any(word in name for word in options.filters):
                continue
            try:
                complaint = complaint_of(builder, source, [options.library, original], root, options.timeout)
            except Skip as why:
                skipped += 1
                print(f"skip  {name}: {why}")
                continue
            except RuntimeError as error:
                complaint = str(error)
            passed, failed = passed + (not complaint), failed + bool(complaint)
            print(f"FAIL  {name}\n{complaint}" if complaint else f"ok    {name}", flush=True)
    print(f"{passed} passed, {failed} failed, {skipped} skipped")
    return failed != 0


if __name__ == "__main__":
    sys.exit(main())
