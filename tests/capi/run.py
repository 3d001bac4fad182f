#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Runs the programs of tests/capi, built beside the runtime, and compares the exported symbols.

    tests/capi/run.py --runtime build/release/wazuka [FILTER…]

A program prints "ok NAME" or "FAILED NAME" for each test. The last line is "N passed, N failed, N skipped".
"""
import argparse
import re
import subprocess
import sys
from pathlib import Path

HERE = Path(__file__).resolve().parent
TIMEOUT = 300


def run_program(program, wanted):
    """(passed, failed) of the tests in one program."""
    result = subprocess.run([program], capture_output=True, timeout=TIMEOUT)
    out = result.stdout.decode(errors="replace")
    lines = [line.split(" ", 1) for line in out.splitlines() if line.startswith(("ok ", "FAILED "))]
    failed = [name for word, name in lines if word == "FAILED"]
    if failed or result.returncode != 0:
        print(f"FAILED {program.name}: {', '.join(failed) or 'ended with ' + str(result.returncode)}")
        print(out + result.stderr.decode(errors="replace"))
        return len(lines) - len(failed), max(len(failed), 1)
    return len([name for _, name in lines if not wanted or any(w in f"{program.name}.{name}" for w in wanted)]), 0


def uncovered(programs):
    """The functions of the API that no program calls, but for those of what is not there yet (docs/c-api.md), of which some
    are called to see that they say so, and two for debuggers."""
    called = set()
    for program in programs:
        undefined = subprocess.run(["nm", "--undefined-only", program], capture_output=True, text=True, check=True).stdout
        called |= {line.split()[-1] for line in undefined.splitlines()}
    names = (HERE / "symbols.txt").read_text().split()
    return [n for n in names if n not in called and not re.search("component|_vmctx_|_wasi_http$|^wasmtime_module_type_", n)]


def thread_local_bytes(library):
    """Of a library that programs load while they run: they come out of what the C library keeps in reserve."""
    headers = subprocess.run(["readelf", "-lW", library], capture_output=True, text=True, check=True).stdout
    return sum(int(line.split()[5], 16) for line in headers.splitlines() if line.split()[:1] == ["TLS"])


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--runtime", type=Path, required=True)
    parser.add_argument("filters", nargs="*")
    options = parser.parse_args()
    build = options.runtime.resolve().parent
    passed = failed = skipped = 0
    wanted = [] if any("capi".startswith(f) for f in options.filters) else options.filters
    programs = sorted(p for p in (build / "tests/capi").glob("*") if p.is_file())
    if not programs:
        skipped += 1
    for program in programs:
        p, f = run_program(program, wanted)
        passed, failed = passed + p, failed + f
    library = build / "libwazuka.so"
    if not wanted and library.exists():
        ok = subprocess.run([sys.executable, HERE.parent.parent / "tools/capi_symbols.py", "--library", library]).returncode == 0
        passed, failed = passed + ok, failed + (not ok)
        ok = thread_local_bytes(library) <= 1024
        if not ok:
            print(f"FAILED thread-local variables: {thread_local_bytes(library)} bytes, more than dlopen may have room for")
        passed, failed = passed + ok, failed + (not ok)
        untested = uncovered(programs)
        passed, failed = passed + (not untested), failed + bool(untested)
        if untested:
            print(f"FAILED capi.coverage: no program of tests/capi calls {', '.join(untested)}")
    print(f"{passed} passed, {failed} failed, {skipped} skipped")
    return failed != 0


if __name__ == "__main__":
    sys.exit(main())
