#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Runs the test suite of the Go package `wasmtime-go` on libwazuka.so and on libwazuka.a.

    bindings/go/run_tests.py [--library FILE]… [--original] [--gc] [FILTER…]

The package is fetched and adapted by prepare.py in a folder that does not outlive the run. --gc runs Go's collector
before each call into the library (the package's own build tag for it), so that finalizers run as early as they can.

Tests in KNOWN_FAILURES count as skipped; one that passes is a failure. The last line is
"N passed, N failed, N skipped".
"""
import argparse
import json
import os
import subprocess
import sys
import tempfile
from collections import defaultdict
from pathlib import Path

import prepare

KNOWN_FAILURES = {
    # Since version 42 Wasmtime ends the text of a trap with a line feed; its own library fails this test, too.
    "TestTrapFrames",
}


def run(folder, libraries, gc, timeout):
    """{test: what it printed if it failed, "skip", or ""} of the package."""
    command = ["go", "test", "-json", "-count=1", f"-timeout={timeout}s", *(["-tags=debug"] if gc else []), "."]
    done = subprocess.run(command, cwd=folder, stdout=subprocess.PIPE, env={**os.environ, "LD_LIBRARY_PATH": str(libraries)})
    outcomes, output = {}, defaultdict(str)
    for line in done.stdout.decode().splitlines():
        event = json.loads(line)
        test = event.get("Test", "package")
        if event["Action"] in ("output", "build-output"):
            output[test] += event["Output"]
        elif event["Action"] in ("pass", "fail", "skip"):
            outcomes[test] = {"pass": "", "skip": "skip", "fail": output[test]}[event["Action"]]
    whole = outcomes.pop("package", "")
    tests = {test: why for test, why in outcomes.items() if "/" not in test}
    # A process that died, or did not build, has not failed in a test.
    unfinished = [test for test in output if test != "package" and "/" not in test and test not in outcomes]
    if done.returncode != 0 and (unfinished or not any(why not in ("", "skip") for why in tests.values())):
        tests["package"] = whole + "".join(output.values())
    return tests


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--library", type=Path, action="append", help="default: both of build/release")
    parser.add_argument("--original", action="store_true", help="the library of Wasmtime 50.0.1")
    parser.add_argument("--gc", action="store_true")
    parser.add_argument("--timeout", type=int, default=600)
    parser.add_argument("filters", nargs="*")
    options = parser.parse_args()
    release = prepare.ROOT / "build/release"
    passed = failed = skipped = 0
    with tempfile.TemporaryDirectory(prefix="wazuka-go-") as scratch:
        libraries = options.library or [release / "libwazuka.so", release / "libwazuka.a"]
        if options.original:
            libraries = [prepare.fetch_original(Path(scratch))]
        for number, library in enumerate(libraries):
            folder = Path(scratch) / f"package{number}"
            place = prepare.prepare(folder, library)
            for test, why in run(folder, place, options.gc, options.timeout).items():
                if options.filters and not any(f in test for f in options.filters):
                    continue
                known = test in KNOWN_FAILURES
                if known and why == "":
                    why = "passes: take it out of KNOWN_FAILURES"
                elif known:
                    why = "skip"
                passed, failed, skipped = passed + (why == ""), failed + (why not in ("", "skip")), skipped + (why == "skip")
                if why not in ("", "skip"):
                    print(f"FAILED {test} ({library.name})\n{why}")
    print(f"{passed} passed, {failed} failed, {skipped} skipped")
    return failed != 0


if __name__ == "__main__":
    sys.exit(main())
