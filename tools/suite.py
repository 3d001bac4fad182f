# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""What all test runners share: where things are, running a program under limits, counting, known failures.

A runner is a small script with one suite. It prints what failed and then one line

    spec: 310 passed, 2 failed, 4 skipped

and appends the same numbers to the file named by $WAZUKA_TALLY, from which `./dev test` and `.ci/run` make their
last line. A test is skipped only for a reason that is printed; a known failure counts as skipped, and a known failure
that passes counts as failed, so that the lists under tests/known_failures/ can only shrink knowingly.
"""
import concurrent.futures
import os
import signal
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass, field
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
OUTPUT_LIMIT = 1 << 20  # bytes of each stream that are kept of one program; the rest is dropped


def shared_data(*parts):
    """The path of external test data, or None where it is absent (a user's fresh clone)."""
    base = os.environ.get("WAZUKA_SHARED")
    path = (Path(base) if base else ROOT.parent / "shared").joinpath(*parts)
    return path if path.exists() else None


def clean_environment(**extra):
    """The environment for programs under test: nothing of the user's that changes behaviour or messages."""
    env = {k: v for k, v in os.environ.items() if not k.startswith(("WASMTIME_", "WAZUKA_", "RUST_"))}
    return {**env, **extra}


@dataclass
class Finished:
    code: int  # exit status; negative: killed by that signal
    out: bytes
    err: bytes
    timed_out: bool
    seconds: float

    def why(self):
        if self.timed_out:
            return f"no end after {self.seconds:.0f} s"
        if self.code < 0:
            return f"killed by {signal.Signals(-self.code).name}"
        return f"exit status {self.code}"


def run_program(command, timeout, cwd=None, env=None):
    """Runs a program in its own process group, without standard input; ends the group when the time is up."""
    with tempfile.TemporaryFile() as out, tempfile.TemporaryFile() as err:
        start = time.monotonic()
        process = subprocess.Popen([str(c) for c in command], stdin=subprocess.DEVNULL, stdout=out, stderr=err,
                                   cwd=cwd, env=env or clean_environment(), start_new_session=True)
        timed_out = False
        try:
            process.wait(timeout)
        except subprocess.TimeoutExpired:
            timed_out = True
            os.killpg(process.pid, signal.SIGKILL)
            process.wait()
        texts = []
        for stream in (out, err):
            stream.seek(0)
            texts.append(stream.read(OUTPUT_LIMIT))
        return Finished(process.returncode, *texts, timed_out, time.monotonic() - start)


def in_parallel(function, items, jobs):
    """Yields (item, function(item)) in the order of the items."""
    with concurrent.futures.ThreadPoolExecutor(max(1, jobs)) as pool:
        yield from zip(items, pool.map(function, items))


def require_program(path):
    if not os.access(path, os.X_OK):
        sys.exit(f"{path}: no such program; `./dev build` makes it")


class KnownFailures:
    """A list of names, one on a line, with `#` comments, which bless keeps where their line stays."""

    def __init__(self, path):
        self.path = path
        self.lines = path.read_text().splitlines() if path and path.exists() else []
        self.names = {name for line in self.lines if (name := self._name(line))}

    @staticmethod
    def _name(line):
        return line.split("#")[0].strip()

    def bless(self, failed, ran):
        """Makes the list tell the truth about the tests that ran, and leaves the others alone."""
        lines = [line for line in self.lines if self._name(line) not in ran or self._name(line) in failed]
        lines += sorted(set(failed) - self.names)
        if lines != self.lines:
            self.path.parent.mkdir(parents=True, exist_ok=True)
            self.path.write_text("".join(line + "\n" for line in lines))


@dataclass
class Suite:
    """Counts the outcomes of one suite and reports them."""
    name: str
    passed: int = 0
    failed: int = 0
    skipped: int = 0
    failures: list = field(default_factory=list)

    def ok(self):
        self.passed += 1

    def fail(self, test, why, detail=""):
        self.failed += 1
        self.failures.append(test)
        print(f"FAILED {self.name} {test}: {why}", flush=True)
        for line in detail.rstrip().splitlines():
            print(f"    {line}", flush=True)

    def skip(self, test, why):
        self.skipped += 1
        print(f"skipped {self.name} {test}: {why}", flush=True)

    def known_failure(self):
        self.skipped += 1

    def finish(self):
        """Prints the count, adds it to the tally, and answers the exit status."""
        counts = f"{self.passed} passed, {self.failed} failed, {self.skipped} skipped"
        if not self.passed + self.failed + self.skipped:
            counts = "no tests"
        print(f"{self.name}: {counts}", flush=True)
        tally = os.environ.get("WAZUKA_TALLY")
        if tally:
            with open(tally, "a") as file:
                file.write(f"{self.name} {self.passed} {self.failed} {self.skipped}\n")
        return 1 if self.failed else 0


def skip_suite(name, why):
    """Reports a suite that cannot run here, and answers the exit status."""
    suite = Suite(name)
    suite.skip("suite", why)
    return suite.finish()


def excerpt(data, lines=6, width=300):
    """The first lines of a program's output, for a failure report."""
    text = data.decode("utf-8", "replace")
    kept = [line[:width] for line in text.splitlines() if line.strip()]
    return "\n".join(kept[:lines] + (["…"] if len(kept) > lines else []))
