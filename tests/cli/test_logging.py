# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""The log of WASI calls that WASMTIME_LOG or WAZUKA_LOG asks for."""
import os
import pathlib
import pty
import re

from harness import GUESTS, SIMPLE_CAT, Setting, differs, file, wazuka

HELLO = str(pathlib.Path(SIMPLE_CAT).parent / "hello.wat")
PLAIN = {"WASMTIME_LOG": "wasmtime_wasi=trace", "WASMTIME_LOG_NO_CONTEXT": "1"}


def lines(outcome):
    return outcome.stderr.decode().splitlines()


def call(name, text):
    return f'wiggle abi{{module="wasi_snapshot_preview1" function="{name}"}}: {text}'


def test_calls_with_arguments_and_results():
    outcome = wazuka(HELLO, env=PLAIN)
    outcome.gives(stdout="Hello, world!\n", stderr="\n".join([
        call("fd_write", "fd=Fd(1) iovs=*guest 0x0/1"), call("fd_write", "result=Ok(14)"), ""]))


def test_every_call():
    """What does not depend on the host, of a guest that calls nearly everything."""
    os.mkdir("d")
    outcome = wazuka("--dir", "d::.", "--env", "A=b", "--argv0", "all.wat", GUESTS / "every_call.wat", env=PLAIN)
    got = [re.sub(r"Ok\(1\d{18}\)", "Ok(TIME)", re.sub(r"(ino|[acm]tim): \d+", r"\1: N", line)) for line in lines(outcome)
           if "is not implemented" not in line]
    expected = (GUESTS / "every_call.log").read_text().splitlines()
    outcome.expect(outcome.code == 0, "exit code 0")
    outcome.expect(len(got) == len(expected), f"{len(expected)} lines, not {len(got)}")
    for e, g in zip(expected, got):
        outcome.expect(e == g, f"{e!r}, not {g!r}")


def test_context():
    outcome = wazuka(HELLO, env={"WASMTIME_LOG": "wasmtime_wasi=trace"})
    stamp = r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z TRACE wiggle abi\{.*\}: \w+_wasi::p1::wasi_snapshot_preview1: "
    got = lines(outcome)
    outcome.expect(len(got) == 2 and all(re.match(stamp, line) for line in got), "time, level and place")


def test_levels_and_targets():
    for value in ("off", "error", "info", "wiggle=trace", "wasmtime_wasi=debug", "wasmtime_wasi=trace,wasmtime_wasi=off",
                  "wasmtime_wasi=trace,wasmtime_wasi::p1=error", ""):
        wazuka(HELLO, env={"WASMTIME_LOG": value}).gives(stdout="Hello, world!\n")
    for value in ("wasmtime_wasi", "wasmtime_wasi=5", "wasmtime_wasi=TRACE", "off,wasmtime_wasi::p1=trace"):
        outcome = wazuka(HELLO, env={"WASMTIME_LOG": value})
        outcome.expect(len(lines(outcome)) == 2, f"two lines with {value!r}")


def test_bad_directives_are_ignored():
    file("m.wat", "(module)")
    levels = '"off", "error", "warn", "info", "debug", "trace", or a number 0-5'
    wazuka("m.wat", env={"WASMTIME_LOG": "=/!,a=what"}).gives(
        stderr=f"ignoring `=/!`: invalid filter directive\n"
               f"ignoring `a=what`: error parsing level filter: expected one of {levels}\n")


def test_logging_can_be_switched_off():
    wazuka("-D", "logging=n", HELLO, env=PLAIN).gives(stdout="Hello, world!\n")


@differs("its own name")
def test_own_names_of_the_variables():
    for target in ("wazuka_wasi", "wasmtime_wasi"):
        outcome = wazuka(HELLO, env={"WAZUKA_LOG": target, "WAZUKA_LOG_NO_CONTEXT": "1", "WASMTIME_LOG": "off"})
        outcome.expect(lines(outcome)[1] == call("fd_write", "result=Ok(14)"), "a line for the result")


@differs("it makes no file")
def test_log_to_files():
    wazuka("-D", "log-to-files", HELLO, env=PLAIN).gives(stdout="Hello, world!\n")
    assert pathlib.Path("wazuka.dbg.main").read_text().count("\n") == 2


@differs("other errors of file systems")
def test_log_file_that_cannot_be_made():
    os.mkdir("wazuka.dbg.main")
    outcome = wazuka("-D", "log-to-files", HELLO, env=PLAIN)
    outcome.expect(outcome.code == 1 and b"Is a directory (os error 21)" in outcome.stderr, "an error")


def on_terminal(*arguments, env=None):
    """What the command writes to a terminal that is its standard error."""
    ours, theirs = pty.openpty()
    outcome = wazuka(*arguments, env={"TERM": "xterm", **(env or {})}, stderr=theirs)
    os.close(theirs)
    text = b""
    try:
        while part := os.read(ours, 65536):
            text += part
    except OSError:  # how Linux reports that the other end is closed
        pass
    os.close(ours)
    return outcome, text.replace(b"\r\n", b"\n")


@differs("other colours")
def test_colours_only_on_a_terminal():
    file("m.wat", "(module)")
    _, text = on_terminal("nope.wasm")
    assert text.startswith(b"\x1b[1;31mError:\x1b[0m failed to open"), text
    _, text = on_terminal("--dirr", "m.wat")
    assert text.startswith(b"\x1b[1;31merror:\x1b[0m unexpected") and b"  \x1b[32mtip:\x1b[0m a similar" in text, text
    _, text = on_terminal(HELLO, env={"WAZUKA_LOG": "trace"})
    assert b" \x1b[35mTRACE\x1b[0m wiggle" in text, text
    for env in ({"NO_COLOR": "1"}, {"TERM": "dumb"}):
        _, text = on_terminal("nope.wasm", env=env)
        assert text.startswith(b"Error: "), text
