# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""What `wazuka FILE` runs: the kinds of file it takes, and the function that it calls."""
import os

from harness import ROOT, TRAP, error, file, trap, wazuka

HELLO = (ROOT / "examples/hello.wat").read_text()
EMPTY_MODULE = b"\0asm\1\0\0\0"


def exits(code):
    """A module whose `_start` exits with `code`, to show that it ran."""
    return f"""(module
      (import "wasi_snapshot_preview1" "proc_exit" (func $proc_exit (param i32)))
      (memory (export "memory") 1)
      (func (export "_start") (call $proc_exit (i32.const {code}))))"""


def test_runs_start():
    file("hello.wat", HELLO)
    wazuka("hello.wat").gives(stdout="Hello, world!\n")


def test_run_is_the_default_command():
    file("hello.wat", HELLO)
    wazuka("run", "hello.wat").gives(stdout="Hello, world!\n")


def test_double_dash_before_the_file():
    file("hello.wat", HELLO)
    wazuka("--", "hello.wat").gives(stdout="Hello, world!\n")
    wazuka("run", "--", "hello.wat").gives(stdout="Hello, world!\n")


def test_text_is_recognised_by_content():
    for name in ("hello.wasm", "hello", "hello.txt"):
        file(name, HELLO)
        wazuka(name).gives(stdout="Hello, world!\n")


def test_binary_is_recognised_by_content():
    for name in ("empty.wat", "empty", "empty.wasm"):
        file(name, EMPTY_MODULE)
        wazuka(name).gives()


def test_module_from_standard_input():
    wazuka("-", stdin=HELLO).gives(stdout="Hello, world!\n")
    wazuka("run", "-", stdin=HELLO).gives(stdout="Hello, world!\n")
    wazuka("-", stdin=EMPTY_MODULE).gives()


def test_module_from_a_device_path():
    wazuka("/dev/stdin", stdin=HELLO).gives(stdout="Hello, world!\n")


def test_errors_in_a_module_from_standard_input_name_its_path():
    wazuka("-", stdin="(modul)").gives(
        stderr="Error: expected valid module field\n"
               "     --> /dev/stdin:1:2\n      |\n    1 | (modul)\n      |  ^\n", code=1)


def test_file_named_like_a_command():
    file("run", exits(3))
    file("wast", exits(4))
    wazuka("run", "run").gives(code=3)
    wazuka("run", "wast").gives(code=4)
    wazuka("./run").gives(code=3)


def test_path_with_spaces():
    file("a folder/hello world.wat", HELLO)
    wazuka("a folder/hello world.wat").gives(stdout="Hello, world!\n")


def test_file_through_a_symbolic_link():
    file("real.wat", HELLO)
    os.symlink("real.wat", "link")
    wazuka("link").gives(stdout="Hello, world!\n")


def test_module_without_an_entry_succeeds_silently():
    file("m.wat", '(module (func (export "f") unreachable))')
    wazuka("m.wat").gives()


def test_start_that_is_no_function_is_no_entry():
    file("m.wat", '(module (global (export "_start") i32 (i32.const 0)))')
    wazuka("m.wat").gives()


def test_export_with_an_empty_name_goes_before_start():
    file("m.wat", """(module
      (import "wasi_snapshot_preview1" "proc_exit" (func $proc_exit (param i32)))
      (memory (export "memory") 1)
      (func (export "_start") (call $proc_exit (i32.const 1)))
      (func (export "") (call $proc_exit (i32.const 2))))""")
    wazuka("m.wat").gives(code=2)


def test_start_section_runs_before_the_entry():
    file("m.wat", """(module
      (import "wasi_snapshot_preview1" "proc_exit" (func $proc_exit (param i32)))
      (memory (export "memory") 1)
      (global $n (mut i32) (i32.const 5))
      (func $first (global.set $n (i32.const 6)))
      (start $first)
      (func (export "_start") (call $proc_exit (global.get $n))))""")
    wazuka("m.wat").gives(code=6)


def test_initialize_runs_without_a_start():
    file("m.wat", """(module
      (import "wasi_snapshot_preview1" "proc_exit" (func $proc_exit (param i32)))
      (memory (export "memory") 1)
      (func (export "_initialize") (call $proc_exit (i32.const 7))))""")
    wazuka("m.wat").gives(code=7)


def test_initialize_runs_before_an_invoked_function():
    file("m.wat", """(module
      (global $n (mut i32) (i32.const 5))
      (func (export "_initialize") (global.set $n (i32.const 6)))
      (func (export "f") (result i32) (global.get $n)))""")
    outcome = wazuka("--invoke", "f", "m.wat")
    outcome.expect(outcome.stdout == b"6\n" and outcome.code == 0, "6")


def test_initialize_with_parameters_is_refused():
    file("m.wat", '(module (func (export "_initialize") (param i32)))')
    wazuka("m.wat").gives(
        stderr=error("failed to run main module `m.wat`", "type mismatch with parameters", "expected 0 types, found 1"),
        code=1)


def test_trap_in_initialize_names_no_function():
    file("m.wat", '(module (func (export "_initialize") unreachable))')
    wazuka("m.wat").gives(
        stderr=error("failed to run main module `m.wat`",
                     "error while executing at wasm backtrace:\n    0:     0x28 - <unknown>!<wasm function 0>",
                     "wasm trap: wasm `unreachable` instruction executed"), code=TRAP)


def test_error_names_the_path_as_it_was_given():
    file("m.wat", '(module (func (export "_start") unreachable))')
    frames = [(0x23, "<unknown>!<wasm function 0>")]
    wazuka("./m.wat").gives(
        stderr=trap("./m.wat", "command default", frames, "wasm trap: wasm `unreachable` instruction executed"),
        code=TRAP)


def test_old_wasi_name():
    file("hello.wat", HELLO.replace("wasi_snapshot_preview1", "wasi_unstable"))
    wazuka("hello.wat").gives(stdout="Hello, world!\n")
