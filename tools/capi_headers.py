#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Compares the C headers of include/ with the official ones, and with what the Python package expects.

    tools/capi_headers.py [--cache FOLDER] [FILTER…]

The official headers (the crate CRATE) and the Python package's `_bindings.py` are fetched into a cache outside of the
repository; without network, or with WAZUKA_NO_INSTALL=1, what is not in the cache is skipped. Clang lists what the
official headers declare. From the list a C program is made that prints what a binary depends on: sizes, alignments and
offsets of records, the numbers, and whether each function, typedef and field has the type that is written there. It is
compiled with either folder of headers, and must print the same.

The last line is "N passed, N failed, N skipped".
"""
import argparse
import ctypes
import hashlib
import json
import keyword
import os
import re
import subprocess
import sys
import tarfile
import tempfile
import types
import urllib.request
import zipfile
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
CRATE = "wasmtime-c-api-impl-50.0.1"
CRATE_SHA256 = "3c24d3970786b4baecb5b6aff31759b4f361879e8d99dbd5dc36a9524a0db6e6"
CRATE_URL = f"https://static.crates.io/crates/wasmtime-c-api-impl/{CRATE}.crate"
WHEEL = "wasmtime==50.0.1"
COMPILER = "clang-22"
INCLUDES = "#include <wasmtime.h>\n#include <stddef.h>\n#include <stdio.h>\n#include <assert.h>\n#include <string.h>\n"
# Helpers of the official headers that no program uses, and what depends on how the library was built.
PRIVATE_MACROS = re.compile(r"_H_?$|^WAS[MI]_DECLARE_|^WASM_API_EXTERN$|^WASI_API_EXTERN$|^own$|^WASMTIME_FEATURE_|^WASMTIME_ALIGNOF$")
# What only ours have: functions that the official library exports and its headers forgot, and helpers of inline functions.
OURS = re.compile(r"^wasmtime_component_fixed_length_list_type_|_$")
PREFIXES = ("wasm", "wasi", "WASM", "WASI")


class Unavailable(Exception):
    pass


# What is compared with ------------------------------------------------------------------------------------------------


def fetch_headers(cache):
    """The folder of the official headers."""
    archive = cache / f"{CRATE}.crate"
    if not archive.exists():
        if os.environ.get("WAZUKA_NO_INSTALL"):
            raise Unavailable(f"{archive} is not there")
        try:
            with urllib.request.urlopen(CRATE_URL, timeout=60) as answer:
                text = answer.read()
        except OSError as error:
            raise Unavailable(f"{CRATE_URL}: {error}") from error
        cache.mkdir(parents=True, exist_ok=True)
        archive.write_bytes(text)
    if hashlib.sha256(archive.read_bytes()).hexdigest() != CRATE_SHA256:
        archive.unlink()
        raise Unavailable(f"{CRATE_URL} is not what it was")
    folder = cache / CRATE
    if not folder.exists():
        with tarfile.open(archive) as crate:
            crate.extractall(cache)
    # Made by its build: which parts are there. All are.
    template = (folder / "include/wasmtime/conf.h.in").read_text()
    (folder / "include/wasmtime/conf.h").write_text(template.replace("#cmakedefine", "#define"))
    return folder / "include"


def fetch_bindings(cache):
    """The text of _bindings.py."""
    folder = cache / "python"
    if not list(folder.glob("wasmtime-*.whl")):
        if os.environ.get("WAZUKA_NO_INSTALL"):
            raise Unavailable(f"{folder} is not there")
        done = subprocess.run([sys.executable, "-m", "pip", "download", "--quiet", "--no-deps", "--retries=0",
                               "--only-binary=:all:", "--dest", folder, WHEEL], capture_output=True, text=True)
        if done.returncode != 0:
            raise Unavailable(done.stderr.strip().splitlines()[-1] if done.stderr else "pip failed")
    with zipfile.ZipFile(next(folder.glob("wasmtime-*.whl"))) as archive:
        return archive.read("wasmtime/_bindings.py").decode()


# What headers declare -------------------------------------------------------------------------------------------------


class Headers:
    """functions {name: (type, types of the parameters)}, typedefs {name: type}, records {type: [(field, type)]},
    numbers (enumerators and macros for numbers), macros {name: text}, files."""

    def __init__(self, folder):
        self.folder = folder
        self.functions, self.typedefs, self.records, self.macros, self.tags = {}, {}, {}, {}, {}
        self.numbers = set()
        self.files = {str(path.relative_to(folder)) for path in folder.rglob("*.h") if not path.name.startswith("doc-")}
        arguments = ["-std=c11", "-I", str(folder), "-x", "c", "-"]
        tree = self.compile(["-fsyntax-only", "-Xclang", "-ast-dump=json", *arguments], INCLUDES)
        unnamed = None
        for node in json.loads(tree)["inner"]:
            name, kind = node.get("name", ""), node["kind"]
            if kind == "FunctionDecl" and name.startswith(PREFIXES):
                parameters = [p["type"]["qualType"] for p in node.get("inner", []) if p["kind"] == "ParmVarDecl"]
                self.functions[name] = (node["type"]["qualType"], parameters)
            elif kind == "RecordDecl":
                if name.startswith(PREFIXES):
                    self.tags[name] = f"{node['tagUsed']} {name}"
                    if node.get("completeDefinition"):
                        self.records[self.tags[name]] = list(fields(node))
                unnamed = None if name else node
            elif kind == "EnumDecl":
                self.numbers |= {n["name"] for n in node.get("inner", []) if n["kind"] == "EnumConstantDecl"}
            elif kind == "TypedefDecl" and name.startswith(PREFIXES):
                underlying = node["type"]["qualType"]
                if unnamed is not None and "inner" in node and (name == underlying.split()[-1] or "unnamed" in underlying):
                    self.records[name] = list(fields(unnamed))
                else:
                    self.typedefs[name] = underlying
        self.numbers = {n for n in self.numbers if n.startswith(PREFIXES)}
        for line in self.compile(["-dM", "-E", *arguments], INCLUDES).splitlines():
            _, name, *text = line.split(maxsplit=2)
            if name.startswith(PREFIXES) and not PRIVATE_MACROS.search(name):
                self.macros[name] = "".join(text)
                if self.macros[name].lstrip("-").isdigit():
                    self.numbers.add(name)

    @staticmethod
    def compile(arguments, text):
        done = subprocess.run([COMPILER, *arguments], input=text, capture_output=True, text=True)
        if done.returncode != 0:
            sys.exit(f"{COMPILER} {' '.join(arguments)}\n{done.stderr}")
        return done.stdout

    def spelled(self, name):
        """How C writes the type that the Python package calls so."""
        if name in self.typedefs or name in self.records:
            return name
        return self.tags.get(name, f"{name}_t")


def fields(record, prefix=""):
    """(path, type) of the fields; the type is empty where it has no name, and its fields follow."""
    inner = None
    for node in record.get("inner", []):
        if node["kind"] == "RecordDecl":
            inner = node
        elif node["kind"] == "FieldDecl":
            spelled = node["type"]["qualType"]
            without_name = "unnamed" in spelled or "anonymous" in spelled
            path = prefix + node.get("name", "")
            if "name" in node:
                yield path, "" if without_name else spelled
            if without_name:
                yield from fields(inner, f"{path}." if "name" in node else prefix)


# Facts: {what: C expression of a number} ------------------------------------------------------------------------------


def has_type(expression, spelled):
    return f"__builtin_types_compatible_p(__typeof__({expression}), __typeof__({spelled}))"


def facts_of_functions(official):
    return {name: has_type(name, spelled) for name, (spelled, _) in official.functions.items()}


def facts_of_typedefs(official):
    return {name: has_type(name, spelled) for name, spelled in official.typedefs.items()}


def facts_of_numbers(official):
    return {name: f"(long long)({name})" for name in official.numbers}


def facts_of_records(official):
    facts = {}
    for record, members in official.records.items():
        facts[f"size of {record}"] = f"sizeof({record})"
        facts[f"alignment of {record}"] = f"_Alignof({record})"
        for path, spelled in members:
            field = f"(({record}*)0)->{path}"
            facts[f"offset of {record}.{path}"] = f"offsetof({record}, {path})"
            facts[f"size of {record}.{path}"] = f"sizeof({field})"
            if spelled:
                facts[f"type of {record}.{path}"] = has_type(field, spelled)
    return facts


def evaluate(headers, facts):
    """{what: number} of the facts, or the compiler's complaint about one."""
    lines = "".join(f'  printf("%lld\\n", (long long)({expression}));\n' for expression in facts.values())
    with tempfile.TemporaryDirectory(prefix="wazuka-headers-") as scratch:
        source, program = Path(scratch) / "facts.c", Path(scratch) / "facts"
        source.write_text(f"{INCLUDES}int main(void) {{\n{lines}}}\n")
        # What inline functions of the headers call is not linked.
        command = [COMPILER, "-std=c11", "-w", "-O1", "-ferror-limit=0", "-I", headers.folder, source, "-o", program]
        done = subprocess.run(command, capture_output=True, text=True)
        if done.returncode == 0:
            output = subprocess.run([program], check=True, capture_output=True, text=True).stdout
            return dict(zip(facts, map(int, output.split())))
        first = INCLUDES.count("\n") + 2
        bad = {int(n) - first: why for n, why in re.findall(r"facts\.c:(\d+):\d+: error: (.*)", done.stderr)}
        if not bad:
            sys.exit(done.stderr)
    names = list(facts)
    complaints = {names[i]: why for i, why in bad.items()}
    return complaints | evaluate(headers, {n: f for n, f in facts.items() if n not in complaints})


# What the Python package expects --------------------------------------------------------------------------------------


def load_bindings(text):
    """({function: ctypes object with argtypes and restype}, the module's names)."""
    class Library:
        functions = {}

        def __getattr__(self, name):
            return self.functions.setdefault(name, types.SimpleNamespace(argtypes=None, restype=None))

    package, ffi = types.ModuleType("bindings"), types.ModuleType("bindings._ffi")
    package.__path__ = []
    ffi.dll = Library()
    ffi.wasm_ref_t = type("wasm_ref_t", (ctypes.Structure,), {})
    ffi.wasm_val_t = type("wasm_val_t", (ctypes.Structure,), {"_fields_": [("kind", ctypes.c_uint8), ("of", ctypes.c_uint64)]})
    sys.modules |= {"bindings": package, "bindings._ffi": ffi}
    scope = {"__name__": "bindings._bindings", "__package__": "bindings"}
    exec(compile(text, "_bindings.py", "exec"), scope)
    return Library.functions, scope


SIMPLE = {ctypes.c_bool: "bool", ctypes.c_void_p: "void*", ctypes.c_size_t: "size_t", ctypes.c_uint8: "uint8_t",
          ctypes.c_ubyte: "uint8_t", ctypes.c_uint16: "uint16_t", ctypes.c_uint32: "uint32_t", ctypes.c_uint64: "uint64_t",
          ctypes.c_int8: "int8_t", ctypes.c_int16: "int16_t", ctypes.c_int32: "int32_t", ctypes.c_int64: "int64_t",
          ctypes.c_int: "int", ctypes.c_float: "float", ctypes.c_double: "double", ctypes.c_char: "char",
          ctypes.c_ssize_t: "ptrdiff_t", ctypes.c_longlong: "int64_t"}


def same_as_python(ours, spelled, python):
    """An expression that tells whether a C type is what Python passes. Python knows no `const`, and calls `char` uint8_t."""
    if isinstance(python, type) and issubclass(python, ctypes._Pointer):
        pointee = python._type_
        if isinstance(pointee, type) and issubclass(pointee, ctypes._Pointer):
            return f"sizeof({spelled}) == sizeof(void*)"
        name = ours.spelled(pointee.__name__) if issubclass(pointee, (ctypes.Structure, ctypes.Union)) else SIMPLE.get(pointee)
        if name == "uint8_t":
            return f"sizeof(*(({spelled})0)) == 1"
        return has_type(f"*(({spelled})0)", name)
    if python in SIMPLE and python is not ctypes.c_void_p:
        return has_type(spelled, SIMPLE[python])
    if isinstance(python, type) and issubclass(python, (ctypes.Structure, ctypes.Union)):
        return has_type(spelled, ours.spelled(python.__name__))
    return f"sizeof({spelled}) == sizeof(void*)"  # void*, or a function


def check_python(ours, text):
    """Complaints about what `_bindings.py` declares, in terms of our headers."""
    functions, scope = load_bindings(text)
    complaints, facts = [], {}
    for name, function in functions.items():
        if name not in ours.functions:
            complaints.append(f"{name} is missing")
            continue
        spelled, parameters = ours.functions[name]
        if len(parameters) != len(function.argtypes):
            complaints.append(f"{name} has {len(parameters)} parameters, not {len(function.argtypes)}")
            continue
        for i, (parameter, python) in enumerate(zip(parameters, function.argtypes)):
            facts[f"parameter {i} of {name}, {parameter}, as {python.__name__}"] = same_as_python(ours, parameter, python)
        if function.restype is None:
            complaints += [f"{name} returns something"] if not spelled.startswith("void (") else []
        else:
            result = f"{name}({', '.join(f'*({p}*)0' if '(*' not in p else '0' for p in parameters)})"
            facts[f"result of {name} as {function.restype.__name__}"] = same_as_python(ours, f"__typeof__({result})", function.restype)
    expected = dict.fromkeys(facts, 1)
    for name, record in scope.items():
        if not isinstance(record, type) or not issubclass(record, (ctypes.Structure, ctypes.Union)) or name != record.__name__:
            continue
        # wasm_val_t is ours above. Python has no anonymous records, their fields are in the C record itself.
        if name == "wasm_val_t" or "_anon_" in name or not getattr(record, "_fields_", None):
            continue
        spelled = ours.spelled(name)
        facts[f"size of {name}"], expected[f"size of {name}"] = f"sizeof({spelled})", ctypes.sizeof(record)
        for field, *_ in record._fields_:
            if not field.startswith("_anon_"):
                what, member = f"offset of {name}.{field}", field[:-1] if keyword.iskeyword(field[:-1]) else field
                facts[what], expected[what] = f"offsetof({spelled}, {member})", getattr(record, field).offset
    found = evaluate(ours, facts)
    return complaints + [f"{what}: {found[what]}, not {number}" for what, number in expected.items() if found[what] != number]


# Tests: each returns complaints ---------------------------------------------------------------------------------------


def compare_facts(official, ours, facts):
    theirs, mine = evaluate(official, facts), evaluate(ours, facts)
    return [f"{what}: {mine[what]}, not {theirs[what]}" for what in facts if mine[what] != theirs[what]]


def compare_names(expected, found):
    unexpected = [name for name in sorted(found - expected) if not OURS.search(name)]
    return [f"{name} is missing" for name in sorted(expected - found)] + [f"{name} is unexpected" for name in unexpected]


def check_files(official, ours):
    """Each official file is there and can be included alone, from C and from C++."""
    complaints = [f"{name} is missing" for name in sorted(official.files - ours.files)]
    for name in sorted(official.files & ours.files):
        for arguments in (["-x", "c", "-std=c11"], ["-x", "c++", "-std=c++17"]):
            done = subprocess.run([COMPILER, *arguments, "-Wall", "-Wextra", "-Werror", "-fsyntax-only", "-I",
                                   ours.folder, "-"], input=f"#include <{name}>\n", capture_output=True, text=True)
            if done.returncode != 0:
                complaints.append(f"{name} ({arguments[1]}): {done.stderr.strip()}")
    return complaints


def check_macros(official, ours):
    def squeezed(text):
        return re.sub(r"\s+", "", text)
    complaints = [f"{name} is missing" for name in sorted(official.macros.keys() - ours.macros.keys())]
    for name in sorted(official.macros.keys() & ours.macros.keys() - official.numbers):
        if squeezed(official.macros[name]) != squeezed(ours.macros[name]):
            complaints.append(f"{name} is {ours.macros[name]}, not {official.macros[name]}")
    return complaints


def tests(official, ours):
    """Yields (name, function that makes complaints)."""
    def named(kind, facts):
        theirs, mine = set(getattr(official, kind)), set(getattr(ours, kind))
        wanted = facts(official)
        return lambda: compare_names(theirs, mine) + compare_facts(official, ours, wanted)
    yield "files", lambda: check_files(official, ours)
    yield "functions", named("functions", facts_of_functions)
    yield "typedefs", named("typedefs", facts_of_typedefs)
    yield "records", named("records", facts_of_records)
    yield "numbers", named("numbers", facts_of_numbers)
    yield "macros", lambda: check_macros(official, ours)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--cache", type=Path, default=Path.home() / ".cache/wazuka/capi")
    parser.add_argument("filters", nargs="*")
    options = parser.parse_args()
    passed = failed = skipped = 0

    def wanted(name):
        return not options.filters or any(word in f"capi-headers.{name}" for word in options.filters)

    def run(name, check):
        nonlocal passed, failed, skipped
        try:
            complaints = check()
        except Unavailable as why:
            print(f"skipped: {name}: {why}")
            skipped += 1
            return
        passed, failed = passed + (not complaints), failed + bool(complaints)
        if complaints:
            print(f"FAILED capi-headers.{name}\n" + "".join(f"  {line}\n" for line in complaints), end="")

    ours = None
    if any(wanted(name) for name in ("files", "functions", "typedefs", "records", "numbers", "macros", "python")):
        ours = Headers(ROOT / "include")
        try:
            for name, check in tests(Headers(fetch_headers(options.cache)), ours):
                if wanted(name):
                    run(name, check)
        except Unavailable as why:
            print(f"skipped: the official headers: {why}")
            skipped += 1
        if wanted("python"):
            run("python", lambda: check_python(ours, fetch_bindings(options.cache)))
    print(f"{passed} passed, {failed} failed, {skipped} skipped")
    return failed != 0


if __name__ == "__main__":
    sys.exit(main())
