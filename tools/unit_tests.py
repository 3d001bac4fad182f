#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Runs the unit tests: the GoogleTest program of a build, then the tests of the tools themselves (tests/tools).

The numbers come from GoogleTest's own JSON report. A program that dies writes none; then the test that ran last is
named as the failed one, since the tests after it did not run at all.
"""
import argparse
import json
import re
import sys
import tempfile
import unittest
from pathlib import Path

import suite


def count_report(counts, report):
    for group in report["testsuites"]:
        for test in group["testsuite"]:
            name = f"{group['name']}.{test['name']}"
            if test.get("failures"):
                counts.fail(name, "assertion failed", "\n".join(f["failure"] for f in test["failures"]))
            elif test.get("result") == "SKIPPED":
                counts.skip(name, "says so itself")
            elif test.get("status") == "NOTRUN":
                counts.skip(name, "disabled")
            else:
                counts.ok()


def filter_pattern(wanted):
    return ":".join(f"*{text}*" for text in wanted) or "*"


def run_gtest(program, wanted, timeout):
    suite.require_program(program)
    counts = suite.Suite("unit")
    with tempfile.TemporaryDirectory(prefix="wazuka-unit-") as scratch:
        report = Path(scratch) / "report.json"
        result = suite.run_program([program.absolute(), f"--gtest_filter={filter_pattern(wanted)}",
                                    f"--gtest_output=json:{report}"], timeout, cwd=scratch)
        if report.exists():
            count_report(counts, json.loads(report.read_text()))
        if not report.exists() or (result.code != 0 and not counts.failed):
            started = re.findall(rb"\[ RUN      \] (\S+)", result.out)
            last = started[-1].decode() if started else "unit_tests"
            counts.fail(last, result.why(), suite.excerpt(result.out[-2000:] + b"\n" + result.err, lines=40))
    return counts.finish()


class ToolResult(unittest.TextTestResult):
    """Also remembers how many passed."""
    passed = 0

    def addSuccess(self, test):
        super().addSuccess(test)
        self.passed += 1


def run_tool_tests(wanted):
    counts = suite.Suite("tools")
    loader = unittest.TestLoader()
    loader.testNamePatterns = [f"*{text}*" for text in wanted] or None
    tests = loader.discover(str(suite.ROOT / "tests/tools"), pattern="*_test.py")
    with tempfile.TemporaryFile("w") as log:
        result = unittest.TextTestRunner(stream=log, resultclass=ToolResult, buffer=True).run(tests)
    counts.passed = result.passed
    for test, trace in result.failures + result.errors:
        counts.fail(str(test), "assertion failed", trace)
    for test, why in result.skipped:
        counts.skip(str(test), why)
    return counts.finish()


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("tests", nargs="*", help="parts of names; default: all")
    parser.add_argument("--program", type=Path, default=suite.ROOT / "build/release/tests/unit_tests")
    parser.add_argument("--timeout", type=float, default=300, help="seconds for the whole program")
    parser.add_argument("--tools", action="store_true", help="only the tests of the tools")
    args = parser.parse_args()
    return run_tool_tests(args.tests) if args.tools else run_gtest(args.program, args.tests, args.timeout)


if __name__ == "__main__":
    sys.exit(main())
