#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Runs the test suite of the Python package `wasmtime` on libwazuka.so.

    bindings/python/run_tests.py [--library FILE] [--original] [FILTER…]

The package's source (its version is that of the C API) is fetched with pip into a cache outside of the repository
(--cache, default ~/.cache/wazuka/python). In a copy of it the one shared object is replaced with ours, and the package's
own tests run, each file in a process of its own. --original takes the shared object of the package's wheel instead.

Tests that need a component (NEEDS_COMPONENTS) count as skipped: they must not pass unnoticed either. The last line is
"N passed, N failed, N skipped".
"""
import argparse
import json
import os
import platform
import shutil
import subprocess
import sys
import tarfile
import tempfile
import zipfile
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent.parent
VERSION = "50.0.1"
NEEDS_COMPONENTS = ("tests.component.",)

# Runs one file of tests and writes what became of each.
RUNNER = """
import json, sys, unittest
class Result(unittest.TestResult):
    def __init__(self):
        super().__init__()
        self.outcomes = {}
    def addSuccess(self, test):
        self.outcomes.setdefault(test.id(), "")
    def addSkip(self, test, reason):
        self.outcomes[test.id()] = "skip"
    def note(self, test, error):
        self.outcomes[test.id()] = self._exc_info_to_string(error, test)
    def addError(self, test, error):
        self.note(test, error)
    addFailure = addError
    def addSubTest(self, test, subtest, error):
        if error is not None:
            self.note(test, error)
result = Result()
unittest.defaultTestLoader.loadTestsFromName(sys.argv[1]).run(result)
json.dump(result.outcomes, open(sys.argv[2], "w"))
"""


def fetch(cache, kind, *options):
    """The path of the package's archive in the cache."""
    folder = cache / kind
    found = list(folder.glob("wasmtime-*"))
    if not found:
        folder.mkdir(parents=True, exist_ok=True)
        subprocess.run([sys.executable, "-m", "pip", "download", "--quiet", "--no-deps", *options, "--dest", folder,
                        f"wasmtime=={VERSION}"], check=True)
        found = list(folder.glob("wasmtime-*"))
    return found[0]


def prepare(folder, cache, library):
    """Unpacks the package with the library in it; the folder to run its tests in."""
    with tarfile.open(fetch(cache, "source", "--no-binary", ":all:")) as archive:
        archive.extractall(folder)
    package = folder / f"wasmtime-{VERSION}"
    place = package / "wasmtime" / f"linux-{platform.machine()}" / "_libwasmtime.so"
    place.parent.mkdir(exist_ok=True)
    if library is not None:
        shutil.copyfile(library, place)
    else:
        with zipfile.ZipFile(fetch(cache, "wheel", "--only-binary", ":all:")) as archive:
            place.write_bytes(archive.read(str(place.relative_to(package))))
    (package / "tests/component/__init__.py").touch()
    return package


def run_file(package, name, timeout):
    """{test: what went wrong, or nothing} of one file; a process that dies counts as one failed test."""
    with tempfile.NamedTemporaryFile(suffix=".json") as report:
        try:
            done = subprocess.run([sys.executable, "-c", RUNNER, name, report.name], cwd=package, capture_output=True,
                                  timeout=timeout, env={**os.environ, "PYTHONPATH": str(package)})
            why = done.stderr.decode(errors="replace")[-2000:]
        except subprocess.TimeoutExpired:
            why = f"no end after {timeout} seconds"
        text = Path(report.name).read_text()
        return json.loads(text) if text else {f"{name}.died": why}


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--library", type=Path, default=ROOT / "build/release/libwazuka.so")
    parser.add_argument("--original", action="store_true", help="use the package's own shared object")
    parser.add_argument("--cache", type=Path, default=Path.home() / ".cache/wazuka/python")
    parser.add_argument("--timeout", type=int, default=120)
    parser.add_argument("filters", nargs="*")
    options = parser.parse_args()
    passed = failed = skipped = 0
    with tempfile.TemporaryDirectory(prefix="wazuka-python-") as scratch:
        package = prepare(Path(scratch), options.cache, None if options.original else options.library)
        for path in sorted((package / "tests").rglob("test_*.py")):
            name = ".".join(path.relative_to(package).with_suffix("").parts)
            for test, why in run_file(package, name, options.timeout).items():
                if options.filters and not any(f in test for f in options.filters):
                    continue
                if why and why != "skip" and not test.startswith(NEEDS_COMPONENTS):
                    failed += 1
                    print(f"FAILED {test}\n{why}")
                elif why:
                    skipped += 1
                else:
                    passed += 1
    print(f"{passed} passed, {failed} failed, {skipped} skipped")
    return failed != 0


if __name__ == "__main__":
    sys.exit(main())
