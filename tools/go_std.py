#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Runs the tests of Go's standard library, built for GOOS=wasip1, and prints counts per package, as a table.

  tools/go_std.py                                          the packages that lean on the system interface
  tools/go_std.py os time                                  these packages
  tools/go_std.py --compare wasmtime os                    also with another runtime; names the tests that differ
  tools/go_std.py --rt 'build/release/wazuka -S preview0=n' os

A package's tests are built by `go test -c` into a cache (build/go-std) and run in its source folder as Go's own runner
script for wasip1 does it: all of `/` is preopened. Short tests only. What fails with both runtimes is Go's or the
machine's business; what fails with ours alone makes the exit code 1.
"""
import argparse
import os
import re
import shlex
import shutil
import subprocess
import sys
import tempfile
from collections import Counter
from pathlib import Path

import suite

PACKAGES = ("os io/fs path/filepath io io/ioutil time net syscall internal/poll os/user embed archive/tar archive/zip "
            "bufio crypto/rand errors flag fmt log testing/fstest text/template mime encoding/json strings").split()
OUTCOME = re.compile(r"^--- (PASS|FAIL|SKIP): (\S+)", re.M)


def build(package, cache, env):
    """The package's test program; None if it cannot be built."""
    program = cache / (package.replace("/", "_") + ".test.wasm")
    if not program.exists():
        done = subprocess.run(["go", "test", "-c", "-o", program, package], env=env, capture_output=True, text=True)
        if done.returncode or not program.exists():
            print(f"{package}: not built: {(done.stderr or done.stdout).strip()[:300]}", file=sys.stderr)
            return None
    return program


def run(command, program, folder, timeout):
    """The outcome of each top-level test; 'end' says how the program ended."""
    environment = suite.clean_environment()
    with tempfile.TemporaryDirectory(prefix="go-std-") as scratch:
        call = [*command, "--dir=/", "--env", f"PWD={folder}", "--env", f"PATH={environment['PATH']}", "--env", f"TMPDIR={scratch}",
                "-W", "max-wasm-stack=8388608", program, "-test.v", "-test.short", f"-test.timeout={timeout}s"]
        result = suite.run_program(call, timeout + 20, cwd=folder, env=environment)
    text = (result.out + b"\n" + result.err).decode("utf-8", "replace")
    outcomes = {name: outcome for outcome, name in OUTCOME.findall(text)}
    outcomes["end"] = "PASS" if result.code == 0 and not result.timed_out else result.why()
    return outcomes, text


def counts(outcomes):
    number = Counter(outcome for name, outcome in outcomes.items() if name != "end")
    text = f"{number['PASS']} / {number['FAIL']} / {number['SKIP']}"
    end = outcomes["end"]
    return text if end == "PASS" or (end == "exit status 1" and number["FAIL"]) else f"{text} ({end})"


def arguments():
    parser = argparse.ArgumentParser(formatter_class=argparse.RawDescriptionHelpFormatter, description=__doc__)
    parser.add_argument("packages", nargs="*", help="import paths; default: a list")
    parser.add_argument("--rt", default=shlex.quote(str(suite.ROOT / "build/release/wazuka")), metavar="COMMAND",
                        help="the runtime (default: our release build)")
    parser.add_argument("--compare", metavar="COMMAND", help="another runtime that takes the same options")
    parser.add_argument("--cache", type=Path, default=suite.ROOT / "build/go-std", metavar="DIR")
    parser.add_argument("--timeout", type=int, default=300, help="seconds for one package")
    parser.add_argument("--log", action="store_true", help="keep each program's output in the cache")
    return parser.parse_intermixed_args()


def main():
    args = arguments()
    if shutil.which("go") is None:
        return suite.skip_suite("go-std", "Go is not installed")
    args.cache.mkdir(parents=True, exist_ok=True)
    os.nice(10)
    env = {**os.environ, "GOOS": "wasip1", "GOARCH": "wasm", "CGO_ENABLED": "0"}
    root = Path(subprocess.run(["go", "env", "GOROOT"], capture_output=True, text=True, check=True).stdout.strip())
    runtimes = [shlex.split(command) for command in (args.rt, args.compare) if command]
    worse = []
    titles = ["ours", "theirs"][:len(runtimes)]
    print(f"| package | {' | '.join(f'{title}: passed / failed / skipped' for title in titles)} |\n|---|{'---|' * len(titles)}")
    for package in args.packages or PACKAGES:
        program = build(package, args.cache, env)
        if program is None:
            continue
        results = []
        for number, command in enumerate(runtimes):
            outcomes, text = run(command, program, root / "src" / package, args.timeout)
            results.append(outcomes)
            if args.log:
                (args.cache / f"{program.name}.{titles[number]}.log").write_text(text)
        print(f"| `{package}` | {' | '.join(map(counts, results))} |", flush=True)
        if len(results) == 2:
            ours, theirs = results
            worse += [f"{package} {name}: {ours.get(name, 'did not run')}" for name, outcome in theirs.items()
                      if outcome in ("PASS", "SKIP") and ours.get(name) not in ("PASS", "SKIP")]
    for line in worse:
        print(f"worse than the other runtime: {line}")
    return 1 if worse else 0


if __name__ == "__main__":
    sys.exit(main())
