# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Which exit code says what; traps (134) and usage errors (2) have their own files."""
from harness import TAKES, file, trap, wazuka

EXIT = """(module
  (import "wasi_snapshot_preview1" "proc_exit" (func $proc_exit (param i32)))
  (memory (export "memory") 1)
  (func (export "exit") (param i32) (call $proc_exit (local.get 0)) unreachable))
"""


def test_code_of_proc_exit():
    file("exit.wat", EXIT)
    for code in (0, 1, 2, 42, 125):
        wazuka("--invoke", "exit", "exit.wat", str(code)).gives(stderr=TAKES, code=code)


def test_codes_that_a_shell_uses_for_signals_are_refused():
    file("exit.wat", EXIT)
    for code in (126, 127, 128, 134, 255, 256, -1):
        wazuka("--invoke", "exit", "exit.wat", str(code)).gives(
            stderr=TAKES + trap("exit.wat", "`exit`", [(0x58, "<unknown>!<wasm function 1>")],
                                "exit with invalid exit status outside of [0..126)"), code=1)


def test_return_from_start_is_success():
    file("m.wat", '(module (func (export "_start")))')
    wazuka("m.wat").gives(code=0)


def test_exit_within_nested_calls():
    file("m.wat", """(module
      (import "wasi_snapshot_preview1" "proc_exit" (func $proc_exit (param i32)))
      (memory (export "memory") 1)
      (func $deep (param i32)
        (if (local.get 0)
          (then (call $deep (i32.sub (local.get 0) (i32.const 1))))
          (else (call $proc_exit (i32.const 9)))))
      (func (export "_start") (call $deep (i32.const 50)) unreachable))""")
    wazuka("m.wat").gives(code=9)


def test_exit_in_the_start_section():
    file("m.wat", """(module
      (import "wasi_snapshot_preview1" "proc_exit" (func $proc_exit (param i32)))
      (memory (export "memory") 1)
      (func $begin (call $proc_exit (i32.const 11)))
      (start $begin)
      (func (export "_start") unreachable))""")
    wazuka("m.wat").gives(code=11)


def test_proc_raise_is_not_supported():
    file("m.wat", """(module
      (import "wasi_snapshot_preview1" "proc_raise" (func $proc_raise (param i32) (result i32)))
      (import "wasi_snapshot_preview1" "proc_exit" (func $proc_exit (param i32)))
      (memory (export "memory") 1)
      (func (export "_start") (call $proc_exit (call $proc_raise (i32.const 6)))))""")
    outcome = wazuka("m.wat")
    outcome.expect(outcome.code > 0, "an error, and not the death of the process by a signal")
