#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Runs the tests of the command line: every function test_* of the files test_*.py in this folder.

    tests/cli/run.py [--runtime PATH] [--reference] [-v] [word...]   only tests whose name contains a word

The command under test is build/release/wazuka, or what --runtime or the variable WAZUKA names.
--reference says that it is Wasmtime instead, from which the expected outputs come: its name in the outputs
is replaced, and tests in which we deliberately differ are skipped. The file must then be called `wazuka`
(a symbolic link will do), because usage lines repeat the name of the executable.

known_failures.txt, if it is there, lists tests that are expected to fail for now, one `file.test: reason`
a line. Such a test counts as skipped; once it passes it fails the run until its line is taken out.
"""
import argparse
import importlib
import os
import pathlib
import subprocess
import sys
import tempfile
import traceback

import harness

HERE = pathlib.Path(__file__).resolve().parent


def known_failures():
    path = HERE / "known_failures.txt"
    lines = path.read_text().splitlines() if path.exists() else []
    return dict(line.split(": ", 1) for line in lines if line and not line.startswith("#"))


def collect(words):
    """Yields (name, function) in the order of the files and of the functions in them."""
    for path in sorted(HERE.glob("test_*.py")):
        module = importlib.import_module(path.stem)
        for name, function in vars(module).items():
            full = f"{path.stem.removeprefix('test_')}.{name.removeprefix('test_')}"
            if name.startswith("test_") and callable(function) and (not words or any(w in full for w in words)):
                yield full, function


def run(function):
    """Runs one test in a folder of its own; returns (result, explanation)."""
    with tempfile.TemporaryDirectory(prefix="wazuka-cli-") as folder:
        os.chdir(folder)
        try:
            function()
            return "ok", ""
        except harness.Skip as skip:
            return "skip", str(skip)
        except (AssertionError, subprocess.TimeoutExpired) as failure:
            return "FAIL", str(failure)
        except Exception:  # a mistake in the test itself: show where
            return "FAIL", traceback.format_exc()
        finally:
            os.chdir(HERE)


def main():
    parser = argparse.ArgumentParser(description="Runs the tests of the command line.")
    parser.add_argument("--runtime", default=os.environ.get("WAZUKA", harness.ROOT / "build/release/wazuka"))
    parser.add_argument("--reference", action="store_true", help="the runtime is Wasmtime, to check the tests")
    parser.add_argument("-v", "--verbose", action="store_true", help="also name the tests that pass")
    parser.add_argument("words", nargs="*")
    options = parser.parse_args()
    runtime = pathlib.Path(options.runtime).absolute()
    if not os.access(runtime, os.X_OK):
        sys.exit(f"{runtime} is not there: build it, or set WAZUKA")
    harness.Setting.runtime, harness.Setting.reference = str(runtime), options.reference

    known = {} if options.reference else known_failures()
    counts = {"ok": 0, "FAIL": 0, "skip": 0}
    seen = set()
    for name, function in collect(options.words):
        result, why = run(function)
        seen.add(name)
        if name in known:
            result, why = {"ok": ("FAIL", "passes now: take it out of known_failures.txt"),
                           "FAIL": ("skip", f"known failure: {known[name]}")}.get(result, (result, why))
        counts[result] += 1
        if result != "ok" or options.verbose:
            print(f"{result:4}  {name}" + (f": {why}" if result == "skip" else ""), flush=True)
        if result == "FAIL":
            print("\n".join("      " + line for line in why.splitlines()), flush=True)
    for name in set(known) - seen if not options.words else ():
        counts["FAIL"] += 1
        print(f"FAIL  {name}: in known_failures.txt, but there is no such test")
    print(f"{counts['ok']} passed, {counts['FAIL']} failed, {counts['skip']} skipped")
    return 1 if counts["FAIL"] else 0


if __name__ == "__main__":
    sys.exit(main())
