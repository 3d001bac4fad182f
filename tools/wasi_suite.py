#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Runs the official WASI preview 1 test suite (wasi-testsuite) from the shared test data.

One test is one NAME.wasm with an optional NAME.json beside it that says how to run it and what to expect; the format
is the suite's own "Test Specification", of which both forms are read: the legacy keys, and lists of operations (`run`,
`read`, `wait`; tests that talk to a server are skipped by name). The directory of a test is copied afresh for each
run, because tests write into it and the shared data is read-only.
"""
import argparse
import json
import os
import shutil
import stat
import sys
import tempfile
from pathlib import Path

import suite

RESOLVERS = ("openat2", "walk")  # both ways to open files; the second is for kernels without openat2
SUPPORTED_OPERATIONS = {"run", "read", "wait"}


def read_operations(json_path):
    """The operations of a test, with the legacy form turned into operations."""
    spec = json.loads(json_path.read_text()) if json_path.exists() else {}
    if "operations" in spec:
        return spec["operations"]
    run = {"type": "run", **{key: spec[key] for key in ("args", "env", "root", "dirs") if key in spec}}
    reads = [{"type": "read", "id": stream, "payload": spec[stream]} for stream in ("stdout", "stderr") if stream in spec]
    return [run, *reads, {"type": "wait", "exit_code": spec.get("exit_code", 0)}]


def copy_writable(source, target):
    """A fresh copy with which the test may do anything, even if the source is read-only."""
    shutil.copytree(source, target, symlinks=True, ignore=shutil.ignore_patterns("*.cleanup"))
    for folder, _, files in os.walk(target):
        for path in [folder, *(os.path.join(folder, file) for file in files)]:
            if not os.path.islink(path):
                os.chmod(path, os.stat(path).st_mode | stat.S_IRUSR | stat.S_IWUSR)


def build_command(wazuka, options, wasm, operation, scratch):
    command = [wazuka, "run", *options]
    if operation.get("root"):
        copy_writable(wasm.parent / operation["root"], scratch / "root")
        command += ["--dir", f"{scratch / 'root'}::/"]
    for number, folder in enumerate(operation.get("dirs", [])):
        copy_writable(wasm.parent / folder, scratch / f"dir{number}")
        command += ["--dir", f"{scratch / f'dir{number}'}::{folder}"]
    for key, value in operation.get("env", {}).items():
        command += ["--env", f"{key}={value}"]
    return [*command, wasm, *operation.get("args", [])]


def differences(operations, result):
    """What is not as the operations expect: a list of sentences, empty when the test passed."""
    found = []
    for operation in operations:
        if operation["type"] == "wait" and (result.timed_out or result.code != operation.get("exit_code", 0)):
            found.append(f"{result.why()}, expected exit status {operation.get('exit_code', 0)}")
        if operation["type"] == "read":
            stream = operation.get("id", "stdout")
            got = (result.out if stream == "stdout" else result.err).decode("utf-8", "replace")
            if got != operation.get("payload", ""):
                found.append(f"{stream} is {got[:200]!r}, expected {operation.get('payload', '')[:200]!r}")
    return found


def run_test(wazuka, options, wasm, timeout):
    """Answers (why it was skipped or None, differences, standard error)."""
    operations = read_operations(wasm.with_suffix(".json"))
    foreign = sorted({operation["type"] for operation in operations} - SUPPORTED_OPERATIONS)
    if foreign:
        return f"needs the operations {', '.join(foreign)}", [], b""
    run = next(operation for operation in operations if operation["type"] == "run")
    for resolver in RESOLVERS:
        with tempfile.TemporaryDirectory(prefix="wazuka-wasi-") as scratch:
            result = suite.run_program(build_command(wazuka, options, wasm, run, Path(scratch)), timeout,
                                       env=suite.clean_environment(WAZUKA_RESOLVER=resolver))
        if found := differences(operations, result):
            return None, [f"{text} (WAZUKA_RESOLVER={resolver})" for text in found], result.err
    return None, [], b""


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("tests", nargs="*", help="parts of names; default: all")
    parser.add_argument("--wazuka", type=Path, default=suite.ROOT / "build/release/wazuka", help="the runtime")
    parser.add_argument("--known", type=Path, default=suite.ROOT / "tests/known_failures/wasi-interpreter.txt")
    parser.add_argument("--option", action="append", default=[], help="one more option for every program")
    parser.add_argument("--name", default="wasi", help="name of the suite in the report")
    parser.add_argument("--jobs", type=int, default=os.cpu_count() or 2)
    parser.add_argument("--timeout", type=float, default=30, help="seconds for one test")
    parser.add_argument("--bless", action="store_true", help="rewrite the list of known failures")
    args = parser.parse_args()
    root = suite.shared_data("data", "wasi")
    if root is None:
        return suite.skip_suite(args.name, "the official WASI test suite is not here (set WAZUKA_SHARED)")
    suite.require_program(args.wazuka)
    wazuka = args.wazuka.absolute()
    known = suite.KnownFailures(args.known)
    paths = {f"{wasm.parent.parent.name}/{wasm.stem}": wasm for wasm in sorted(root.glob("*/wasm32-wasip1/*.wasm"))}
    names = [name for name in paths if not args.tests or any(text in name for text in args.tests)]
    counts = suite.Suite(args.name)
    failed = []
    for name, (skipped, found, err) in suite.in_parallel(
            lambda name: run_test(wazuka, args.option, paths[name], args.timeout), names, args.jobs):
        if skipped:
            counts.skip(name, skipped)
        elif not found and name in known.names:
            counts.fail(name, f"passes, but {known.path.name} lists it as a known failure (./dev bless)")
        elif not found:
            counts.ok()
        else:
            failed.append(name)
            if name in known.names:
                counts.known_failure()
            else:
                counts.fail(name, "; ".join(found), suite.excerpt(err))
    if args.bless:
        known.bless(failed, set(names))
        print(f"{known.path}: now tells what happened")
        return 0
    return counts.finish()


if __name__ == "__main__":
    sys.exit(main())
