# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""What the tests of the command line share: write a file, run the command, compare what it gave.

A test is a function whose name begins with `test_`. It runs in a fresh temporary folder and fails by an
AssertionError. The usual shape is

    def test_unknown_export():
        file("m.wat", "(module)")
        wazuka("--invoke", "f", "m.wat").gives(
            stderr=error("failed to run main module `m.wat`", "no func export named `f` found"), code=1)

`gives` compares both streams and the exit code exactly.
"""
import contextlib
import difflib
import os
import pathlib
import re
import shutil
import subprocess

ROOT = pathlib.Path(__file__).resolve().parents[2]
GUESTS = pathlib.Path(__file__).resolve().parent / "guests"
SIMPLE_CAT = str(ROOT / "examples/simple_cat.wat")

REFERENCE_VERSION = b"wasmtime 49."  # what the expected outputs come from
TIMEOUT = 60  # seconds; a test that needs longer hangs
TRAP = 134    # the exit code of a trap: 128 + SIGABRT, as a shell shows an aborted process

TAKES = "warning: using `--invoke` with a function that takes arguments is experimental and may break in the future\n"
RETURNS = "warning: using `--invoke` with a function that returns values is experimental and may break in the future\n"


class Skip(Exception):
    """Raised by a test that cannot be run here; says why."""


class Setting:
    """Set by run.py: the command under test, and whether it is another runtime that checks the tests."""
    runtime = None
    reference = False


def differs(reason):
    """Marks a test in which the reference runtime deliberately behaves otherwise."""
    def mark(test):
        def wrapped():
            if Setting.reference:
                raise Skip(f"the reference differs: {reason}")
            test()
        wrapped.__name__ = test.__name__
        return wrapped
    return mark


def as_bytes(text):
    return text.encode() if isinstance(text, str) else text


def file(name, content):
    """Writes a file below the test's folder and returns its name."""
    path = pathlib.Path(name)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(as_bytes(content))
    return name


def error(header, *causes):
    """The text of an error with its chain of causes, as the command prints it."""
    if not causes:
        return f"Error: {header}\n"
    numbered = [f"    {i}: {cause}\n" for i, cause in enumerate(causes)] if len(causes) > 1 else [f"    {causes[0]}\n"]
    return f"Error: {header}\n\nCaused by:\n" + "".join(numbered) + "\n"


def backtrace(*frames):
    """The cause that shows where the guest was, innermost first; a frame is (offset in the file, function)."""
    lines = ["error while executing at wasm backtrace:"]
    for i, (offset, function) in enumerate(frames):
        where = f"{offset:#8x} - " if offset is not None else ""
        lines.append(f"{i:5}: {where}{function}")
    return "\n".join(lines)


def trap(module, invoked, frames, *causes):
    """The text of a trap in the main module. `invoked`: "`name`", or "command default" for `_start`."""
    return error(f"failed to run main module `{module}`", f"failed to invoke {invoked}", backtrace(*frames), *causes)


class Outcome:
    """What a run gave: both streams as bytes, and the exit code (negative: killed by that signal)."""

    def __init__(self, command, stdout, stderr, code):
        self.command, self.stdout, self.stderr, self.code = command, stdout, stderr, code

    def gives(self, stdout="", stderr="", code=0):
        complaints = []
        for name, expected, got in (("stdout", stdout, self.stdout), ("stderr", stderr, self.stderr)):
            expected = as_bytes(expected)
            if expected != got:
                complaints.append(f"{name} differs (- expected, + got)\n" + difference(expected, got))
        if code != self.code:
            complaints.append(f"exit code {self.code}, expected {code}")
        assert not complaints, f"$ {self.command}\n" + "\n".join(complaints)

    def expect(self, condition, what):
        """For the few cases that cannot be compared exactly."""
        assert condition, (f"$ {self.command}\nexpected {what}; exit code {self.code}\n"
                           f"stdout: {self.stdout[-2000:]!r}\nstderr: {self.stderr[-2000:]!r}")


def difference(expected, got):
    a, b = (text.decode(errors="backslashreplace").splitlines(keepends=True) for text in (expected, got))
    lines = list(difflib.unified_diff(a, b, n=2))[2:60]
    return "".join(f"    {line!r}\n"[:400] for line in lines)


def environment(extra=None):
    """The caller's environment without the variables that change messages."""
    kept = {k: v for k, v in os.environ.items()
            if not k.startswith(("WASMTIME_", "WAZUKA_")) and k not in ("RUST_BACKTRACE", "WAZUKA")}
    kept["XDG_CACHE_HOME"] = "/dev/null/none"  # no test depends on what another has compiled
    kept.update(extra or {})
    return kept


def wazuka(*arguments, stdin=b"", env=None, **streams):
    """Runs the command. `streams` go to subprocess: stdout=, stderr=, close_fds=, preexec_fn=, …"""
    command = [Setting.runtime, *(a if isinstance(a, bytes) else str(a) for a in arguments)]
    if "stdin" not in streams and not hasattr(stdin, "fileno"):
        streams["input"] = as_bytes(stdin)
    else:
        streams["stdin"] = stdin
    streams.setdefault("stdout", subprocess.PIPE)
    streams.setdefault("stderr", subprocess.PIPE)
    made = subprocess.run(command, env=environment(env), timeout=TIMEOUT, **streams)
    shown = "wazuka " + " ".join(os.fsdecode(a) if isinstance(a, bytes) else str(a) for a in arguments)
    return Outcome(shown, normal(made.stdout or b""), normal(made.stderr or b""), made.returncode)


@contextlib.contextmanager
def reference():
    """Runs what is inside with an installed Wasmtime 49 ($WASMTIME, or the one in $PATH) as the command under test; skips
    the rest of the test if there is none."""
    if Setting.reference:
        yield
        return
    command = os.environ.get("WASMTIME") or shutil.which("wasmtime")
    try:
        made = subprocess.run([command or "", "--version"], capture_output=True, timeout=TIMEOUT)
    except OSError:
        made = None
    if made is None or not made.stdout.startswith(REFERENCE_VERSION):
        raise Skip("Wasmtime 49 is not installed")
    ours, Setting.runtime, Setting.reference = Setting.runtime, command, True
    try:
        yield
    finally:
        Setting.runtime, Setting.reference = ours, False


def normal(output):
    """The reference's output with our name in place of its own."""
    if not Setting.reference:
        return output
    return re.sub(rb"\bwasmtime\b", b"wazuka", re.sub(rb"\bWasmtime\b", b"Wazuka", output))
