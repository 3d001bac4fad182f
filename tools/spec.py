#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Runs .wast scripts, one process each, and compares the outcome with a list of known failures.

Without --root it runs the official WebAssembly test suite from the shared test data (core, its subfolders and
proposals, and `extra`); with `--root tests/wast` it runs the project's own scripts. One test is one script: exit
status 0 is a pass. Scripts of the official suite get options by folder (FOLDER_OPTIONS); an own script names its
options in a comment on its first line, `;; options: -W threads`.

`--variant NAME` (repeated, or `all`) runs them in the ways of VARIANTS instead, each a suite of its own.

`--wazuka` takes any runtime with Wasmtime's command line, which is how this runner itself is checked.
"""
import argparse
import copy
import os
import sys
from pathlib import Path

import suite

# The nearest folder wins. What Wasm 3.0 has is on by default; proposals are switched on where they are tested, so that
# the other scripts also show that they are off elsewhere.
FOLDER_OPTIONS = {
    "": [],
    "core/custom": ["-W", "branch-hinting"],
    "core/legacy": ["-W", "legacy-exceptions"],
    "core/proposals/custom-descriptors": ["-W", "custom-descriptors"],
    "core/proposals/custom-page-sizes": ["-W", "custom-page-sizes"],
    # This folder is written against Wasm 1.0, where a second memory or table is invalid.
    "core/proposals/threads": ["-W", "threads,shared-memory,multi-memory=n,reference-types=n"],
    "core/proposals/wide-arithmetic": ["-W", "wide-arithmetic"],
    "extra/compact-import-section": ["-W", "compact-imports"],
    "extra/stack-switching": ["-W", "stack-switching"],
    "extra/threads-forms": ["-W", "threads,shared-memory"],
}
# The suite quotes the messages of the reference interpreter; runtimes word them as they like.
OFFICIAL_OPTIONS = ["--ignore-error-messages"]
OPTIONS_COMMENT = ";; options:"

# Ways to run the same scripts, with --variant: every combination of compiling at once or at the first call, finding traps
# by faults or by comparisons, and collecting as the heap fills up or at each allocation. Machine code is verified in all of
# them, which needs a command with a verifier. The last ones leave out what this processor may have and others do not, and
# have all that code may be asked to count and check.
VARIANTS = {"interpreter": ["-Ccompiler=interpreter"]} | {
    "-".join(filter(None, [compiled, traps, collected])): ["-Cverify-code", *options_a, *options_b, *options_c]
    for compiled, options_a in (("lazy", []), ("eager", ["-Clazy=n"]))
    for traps, options_b in (("", []), ("explicit", ["-Osignals-based-traps=n"]))
    for collected, options_c in (("", []), ("stress", ["-Ogc-zeal-alloc-counter=1"]))
} | {
    "old-cpu": ["-Cverify-code,lazy=n,cpu=x86-64-v2"],
    # All that runs is compiled twice, loops in the middle of their first iterations.
    "tiered": ["-Cverify-code,tier-up-budget=1,tier-up-in-background=n"],
    "tiered-explicit-stress": ["-Cverify-code,tier-up-budget=1,tier-up-in-background=n", "-Osignals-based-traps=n",
                               "-Ogc-zeal-alloc-counter=1"],
    "tiered-background": ["-Cverify-code,tier-up-budget=1"],
    # Code of the optimising compiler, of all functions.
    "optimizing": ["-Cverify-code,lazy=n,compiler=optimizing"],
    "optimizing-explicit": ["-Cverify-code,lazy=n,compiler=optimizing", "-Osignals-based-traps=n"],
    "optimizing-old-cpu": ["-Cverify-code,lazy=n,compiler=optimizing,cpu=x86-64-v2"],
    "metered": ["-Cverify-code,lazy=n", "-Wfuel=0x7fffffffffffffff,timeout=1000s,nan-canonicalization"],
}
# Scripts that fail in one variant only.
VARIANT_FAILURES = {}


def folder_options(name):
    folder = os.path.dirname(name)
    while folder not in FOLDER_OPTIONS:
        folder = os.path.dirname(folder)
    return FOLDER_OPTIONS[folder]


def own_options(path):
    with open(path, encoding="utf-8", errors="replace") as file:
        first = file.readline(1000).strip()
    return first[len(OPTIONS_COMMENT):].split() if first.startswith(OPTIONS_COMMENT) else []


def select(root, wanted):
    """Names (relative to root) of the scripts to run: all, or those equal to, below or containing a wanted text."""
    names = sorted(str(path.relative_to(root)) for path in root.rglob("*.wast"))
    if not wanted:
        return names

    def matches(name):
        return any(text in name or (root / name) == Path(text).absolute() for text in wanted)

    return [name for name in names if matches(name)]


def parse_arguments():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("files", nargs="*", help="scripts, folders or parts of names; default: all")
    parser.add_argument("--wazuka", type=Path, default=suite.ROOT / "build/release/wazuka", help="the runtime")
    parser.add_argument("--root", type=Path, help="folder of scripts; default: the official suite")
    parser.add_argument("--known", type=Path, help="list of known failures")
    parser.add_argument("--option", action="append", default=[], help="one more option for every script")
    parser.add_argument("--variant", action="append", choices=["all", *VARIANTS], default=[], help="a way to run them")
    parser.add_argument("--jobs", type=int, default=os.cpu_count() or 2)
    parser.add_argument("--timeout", type=float, default=60, help="seconds for one script")
    parser.add_argument("--bless", action="store_true", help="rewrite the list of known failures")
    parser.add_argument("--name", help="name of the suite in the report")
    return parser.parse_args()


def judge(counts, known, name, result):
    """Adds one outcome to the counts; answers whether the script failed."""
    failed = result.timed_out or result.code != 0
    if failed and name in known.names:
        counts.known_failure()
    elif failed:
        counts.fail(name, result.why(), suite.excerpt(result.err))
    elif name in known.names:
        counts.fail(name, f"passes, but {known.path.name} lists it as a known failure (./dev bless)")
    else:
        counts.ok()
    return failed


def run_suite(args, name, options, root, known, names):
    """Runs the scripts once; answers the exit status."""
    official = args.root is None
    wazuka = args.wazuka.absolute()

    def run(test):
        own = OFFICIAL_OPTIONS + folder_options(test) if official else own_options(root / test)
        return suite.run_program([wazuka, "wast", *own, *options, root / test], args.timeout)

    counts = suite.Suite(name)
    failed = [test for test, result in suite.in_parallel(run, names, args.jobs)
              if judge(counts, known, test, result)]
    if not args.files:
        for gone in sorted(known.names - set(names)):
            counts.fail(gone, f"listed in {known.path.name}, but there is no such script")
    if args.bless:
        known.bless(failed, set(names) if args.files else set(names) | known.names)
        print(f"{known.path}: now tells what happened")
        return 0
    listed = len(known.names & set(failed))
    if listed:
        print(f"{name}: {listed} known failures (in {known.path.name}) count as skipped")
    return counts.finish()


def main():
    args = parse_arguments()
    official = args.root is None
    name = args.name or ("spec" if official else "wast")
    root = suite.shared_data("data", "spec") if official else args.root.absolute()
    if root is None:
        return suite.skip_suite(name, "the official test suite is not here (set WAZUKA_SHARED)")
    suite.require_program(args.wazuka)
    known = suite.KnownFailures(args.known or suite.ROOT / f"tests/known_failures/{name}-interpreter.txt")
    names = select(root, args.files)
    if not args.variant:
        return run_suite(args, name, args.option, root, known, names)
    # What the compiler does not support is interpreted: the same scripts fail whatever the variant.
    variants = VARIANTS if "all" in args.variant else {v: VARIANTS[v] for v in args.variant}
    status = 0
    for variant, options in variants.items():
        here = copy.copy(known)
        here.names = known.names | (VARIANT_FAILURES.get(variant, set()) & set(names))
        status |= run_suite(args, f"{name}-{variant}", options + args.option, root, here, names)
    return status


if __name__ == "__main__":
    sys.exit(main())
