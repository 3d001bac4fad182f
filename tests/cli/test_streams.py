# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""The standard streams: what the guest reads and writes, and streams that are closed or full."""
import os
import re
import subprocess

from harness import GUESTS, RETURNS, ROOT, SIMPLE_CAT, TAKES, Setting, differs, environment, file, wazuka

HELLO = str(ROOT / "examples/hello.wat")
ECHO = str(GUESTS / "echo.wat")
BADF, IO, NOSPC, PIPE = 8, 29, 51, 64  # numbers of WASI's errno


def closed_pipe():
    """The writing end of a pipe that nobody reads."""
    reading, writing = os.pipe()
    os.close(reading)
    return os.fdopen(writing, "wb")


def test_standard_input_reaches_the_guest():
    wazuka(ECHO, stdin="one\ntwo").gives(stdout="one\ntwo")
    wazuka(ECHO, stdin="").gives()


def test_binary_data_passes_unchanged():
    data = os.urandom(1_000_003)
    wazuka(ECHO, stdin=data).gives(stdout=data)


def test_standard_input_from_a_file():
    file("in", "from a file\n")
    with open("in", "rb") as stream:
        wazuka(ECHO, stdin=stream).gives(stdout="from a file\n")


def test_input_arrives_before_its_end():
    # A guest that answers line by line must not wait for the end of its input.
    process = subprocess.Popen([Setting.runtime, ECHO], stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                               env=environment())
    try:
        for line in (b"first\n", b"second\n"):
            process.stdin.write(line)
            process.stdin.flush()
            assert process.stdout.readline() == line
        process.stdin.close()
        assert process.wait(timeout=10) == 0
    finally:
        process.kill()
        process.wait()
        process.stdout.close()


def test_module_from_standard_input_leaves_nothing_to_read():
    with open(ECHO, "rb") as module:
        wazuka("-", stdin=module.read()).gives()


def test_inherit_stdin_can_be_turned_off():
    wazuka("-S", "inherit-stdin=n", ECHO, stdin="hidden").gives()


def test_inherit_stdout_can_be_turned_off():
    wazuka("-S", "inherit-stdout=n", HELLO).gives()


def test_standard_error_of_the_guest():
    wazuka("--dir", ".", SIMPLE_CAT, "nope").gives(stderr="simple_cat: nope: no such file or directory\n", code=1)


def test_output_into_a_file_is_in_order():
    with open("out", "wb") as out:
        wazuka(HELLO, stdout=out).gives()
        wazuka(HELLO, stdout=out).gives()
    with open("out", "rb") as out:
        assert out.read() == 2 * b"Hello, world!\n"


def test_guest_gets_an_errno_for_a_closed_pipe():
    with closed_pipe() as pipe:
        outcome = wazuka(ECHO, stdin="lost\n", stdout=pipe)
    outcome.expect(outcome.code in (IO, PIPE) and not outcome.stderr, "the guest's exit with an errno")


def test_guest_that_ignores_a_closed_pipe():
    with closed_pipe() as pipe:
        wazuka(HELLO, stdout=pipe).gives()


def test_large_output_into_a_pipe_that_closes_early():
    file("large", 1_000_000 * b"x")
    reading, writing = os.pipe()
    with os.fdopen(writing, "wb") as pipe:
        process = subprocess.Popen([Setting.runtime, "--dir", ".", SIMPLE_CAT, "large"], stdout=pipe,
                                   stderr=subprocess.PIPE, env=environment())
    os.read(reading, 100)
    os.close(reading)
    message = process.communicate(timeout=60)[1].decode()
    assert process.returncode == 1, process.returncode
    assert re.fullmatch(rf"simple_cat: standard output: error ({IO}|{PIPE})\n", message), message


def test_guest_gets_an_errno_for_a_full_disk():
    with open("/dev/full", "wb") as full:
        wazuka(ECHO, stdin="lost\n", stdout=full).gives(code=NOSPC)


def test_closed_standard_input():
    wazuka(ECHO, stdin=None, preexec_fn=lambda: os.close(0)).gives()


def test_help_into_a_closed_pipe_is_quiet():
    for arguments in (["--help"], ["--version"], ["run", "-h"]):
        with closed_pipe() as pipe:
            outcome = wazuka(*arguments, stdout=pipe)
        outcome.expect(not outcome.stderr and outcome.code in (0, 1), "silence")


@differs("it panics when its own output cannot be written")
def test_results_into_a_closed_pipe_are_quiet():
    file("m.wat", '(module (func (export "f") (param i32) (result i32) (local.get 0)))')
    with closed_pipe() as pipe:
        outcome = wazuka("--invoke", "f", "m.wat", "1", stdout=pipe)
    outcome.expect(outcome.stderr.decode() == TAKES + RETURNS and outcome.code in (0, 1), "only the warnings")
    with closed_pipe() as pipe:
        outcome = wazuka("-W", "help", stdout=pipe)
    outcome.expect(not outcome.stderr and outcome.code in (0, 1), "silence")


def test_error_message_into_a_closed_pipe():
    with closed_pipe() as pipe:
        wazuka("nope.wasm", stderr=pipe).gives(code=1)
