# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Runs commands and reports their cost: processor time, elapsed time, memory, or instructions executed.

The unit of measurement is the whole process: what a user waits for. Processor time (user + system, of all threads) is
the primary figure, because elapsed time on a shared machine mostly measures the neighbours. Engines are interleaved
(A B C, B C A, C A B, ...) so that a slow minute falls on all of them alike, and only figures of one run are compared.
"""
import dataclasses
import os
import re
import shutil
import signal
import statistics
import subprocess
import sys

from . import report

REFUSALS = (b"WASM module", b"Exception:")  # WAMR says these on standard output and exits with 0
HERE = os.path.dirname(os.path.abspath(__file__))


@dataclasses.dataclass
class Sample:
    """One run. cpu, wall in seconds; rss in KiB; instructions is None unless they were counted."""
    cpu: float
    wall: float
    rss: int
    status: int  # exit code, or minus the signal's number
    stdout: bytes
    stderr: bytes
    instructions: int | None = None


@dataclasses.dataclass
class Case:
    """One row of a table: what each engine executes, and what it must print (None: whatever the others print)."""
    name: str
    commands: dict
    expect: bytes | None = None


class Meter:
    def __init__(self, work, compiler, timeout, count_instructions=False):
        self.timeout = timeout
        self.counter = self._pick_counter() if count_instructions else None
        self.helper = os.path.join(work, "measure_one")
        source = os.path.join(HERE, "measure_one.c")
        if not os.path.exists(self.helper) or os.path.getmtime(self.helper) < os.path.getmtime(source):
            subprocess.run([compiler, "-O2", "-static", source, "-o", self.helper], check=True)
        # What must not influence a measurement or a message: options from the environment, Rust's backtraces.
        self.env = {k: v for k, v in os.environ.items()
                    if k != "RUST_BACKTRACE" and not k.startswith(("WASMTIME_", "WAZUKA_"))}
        self.env["RAYON_NUM_THREADS"] = "1"

    @staticmethod
    def _pick_counter():
        """The processor's own counter where the machine offers one, else valgrind's exact simulation."""
        probe = subprocess.run(["perf", "stat", "-x,", "-e", "instructions:u", "true"], capture_output=True, text=True) \
            if shutil.which("perf") else None
        if probe and probe.returncode == 0 and re.match(r"\d+,", probe.stderr):
            return "perf"
        if shutil.which("valgrind"):
            return "valgrind"
        report.usage_error("--instructions needs valgrind, or perf with hardware counters")

    def run(self, command):
        """Executes `command` once. Never raises for what the command does; a time-out is status -SIGKILL."""
        prefix = {None: [],
                  "perf": ["perf", "stat", "-x,", "-e", "instructions:u", "--"],
                  # Without cache simulation cachegrind is five times faster than callgrind; the counts are the same.
                  "valgrind": ["valgrind", "--tool=cachegrind", "--cache-sim=no", "--cachegrind-out-file=/dev/null"],
                  }[self.counter]
        read_end, write_end = os.pipe()
        process = subprocess.Popen([self.helper, str(write_end), *prefix, *command], stdin=subprocess.DEVNULL,
                                   stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=self.env,
                                   pass_fds=[write_end], start_new_session=True)
        os.close(write_end)
        try:
            stdout, stderr = process.communicate(timeout=self.timeout)
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)
            stdout, stderr = process.communicate()
            stderr += b"\nkilled: exceeded the time limit"
        with os.fdopen(read_end) as pipe:
            line = pipe.read().split()
        if len(line) != 4:  # not started, or killed with the helper
            return Sample(0.0, 0.0, 0, -signal.SIGKILL if process.returncode < 0 else process.returncode, stdout, stderr)
        wall, cpu, rss, status = map(int, line)
        code = os.waitstatus_to_exitcode(status)
        return Sample(cpu / 1e6, wall / 1e9, rss, code, stdout, stderr, self._instructions(stderr))

    def _instructions(self, stderr):
        pattern = {None: None, "perf": rb"^(\d+),[^\n]*instructions", "valgrind": rb"I\s+refs:\s+([\d,]+)"}[self.counter]
        found = pattern and re.search(pattern, stderr, re.M)
        return int(found[1].replace(b",", b"")) if found else None


class Cell:
    """All samples of one engine on one case, and what is wrong with them (None: nothing)."""

    def __init__(self):
        self.samples = []
        self.problem = None
        self.wrong = False  # ran, and gave another answer: always an error, whoever the engine is

    def values(self, figure):
        return [getattr(s, figure) for s in self.samples]

    def least(self, figure="cpu"):
        return min(self.values(figure)) if self.usable(figure) else None

    def median(self, figure="cpu"):
        return statistics.median(self.values(figure)) if self.usable(figure) else None

    def usable(self, figure):
        return self.problem is None and self.samples and None not in self.values(figure)


def run_grid(meter, cases, rounds, normalise=None, progress=True):
    """Measures every case on every engine, `rounds` times, interleaved. Returns {case name: {engine: Cell}}.

    normalise(engine, stdout) → bytes brings an engine's way of printing to the common one before answers are compared.
    """
    grid = {}
    for case in cases:
        row = grid[case.name] = {engine: Cell() for engine in case.commands}
        names = list(row)
        for r in range(rounds):
            for engine in names[r % len(names):] + names[:r % len(names)]:
                cell = row[engine]
                if cell.problem:
                    continue
                if progress and sys.stderr.isatty():
                    print(f"\r\x1b[K{case.name}: {engine} {r + 1}/{rounds}", end="", file=sys.stderr, flush=True)
                sample = meter.run(case.commands[engine])
                if normalise:
                    sample.stdout = normalise(engine, sample.stdout)
                cell.samples.append(sample)
                if sample.status != 0:
                    cell.problem = f"exit code {sample.status}: {first_error(sample.stderr)}"
                elif sample.stdout.startswith(REFUSALS):
                    cell.problem = first_error(sample.stdout)
        check_answers(case, row)
    if progress and sys.stderr.isatty():
        print("\r\x1b[K", end="", file=sys.stderr, flush=True)
    return grid


def first_error(output):
    """The line of an error output that says what went wrong; valgrind's own lines start with '==' or '--'."""
    lines = [l for l in output.decode("utf8", "replace").strip().splitlines() if not l.startswith(("==", "--"))]
    lines = lines or ["no message"]
    return next((l for l in lines if "rror" in l or "xception" in l or "trap" in l), lines[-1])[:160]


def check_answers(case, row):
    """Every engine must print the same; without a declared answer the first engine that ran is the reference."""
    expect = case.expect
    for cell in row.values():
        if cell.problem:
            continue
        if expect is None:
            expect = cell.samples[0].stdout
        for sample in cell.samples:
            if sample.stdout != expect:
                cell.wrong = True
                cell.problem = f"wrong answer: {sample.stdout[:80]!r} instead of {expect[:80]!r}"
                break
