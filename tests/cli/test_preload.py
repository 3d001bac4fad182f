# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""--preload NAME=FILE: modules that the main module imports from."""
from harness import RETURNS, TAKES, TRAP, error, file, trap, wazuka

LIBRARY = """(module
  (func (export "twice") (param i32) (result i32) (i32.mul (local.get 0) (i32.const 2)))
  (func $boom (export "boom") unreachable)
  (memory (export "mem") 1)
  (data (i32.const 0) "*"))
"""


def test_calls_a_preloaded_function():
    file("lib.wat", LIBRARY)
    file("m.wat", """(module
      (import "lib" "twice" (func $twice (param i32) (result i32)))
      (func (export "f") (param i32) (result i32) (call $twice (local.get 0))))""")
    wazuka("--preload", "lib=lib.wat", "--invoke", "f", "m.wat", "21").gives(stdout="42\n", stderr=TAKES + RETURNS)


def test_shares_a_preloaded_memory():
    file("lib.wat", LIBRARY)
    file("m.wat", """(module
      (import "lib" "mem" (memory 1))
      (func (export "f") (result i32) (i32.load8_u (i32.const 0))))""")
    wazuka("--preload", "lib=lib.wat", "--invoke", "f", "m.wat").gives(stdout="42\n", stderr=RETURNS)


def test_preloads_can_use_earlier_ones():
    file("lib.wat", LIBRARY)
    file("four.wat", """(module
      (import "lib" "twice" (func $twice (param i32) (result i32)))
      (func (export "times4") (param i32) (result i32) (call $twice (call $twice (local.get 0)))))""")
    file("m.wat", """(module
      (import "four" "times4" (func $times4 (param i32) (result i32)))
      (func (export "f") (result i32) (call $times4 (i32.const 5))))""")
    wazuka("--preload", "lib=lib.wat", "--preload", "four=four.wat", "--invoke", "f", "m.wat").gives(
        stdout="20\n", stderr=RETURNS)
    wazuka("--preload", "four=four.wat", "--preload", "lib=lib.wat", "--invoke", "f", "m.wat").gives(
        stderr=error("failed to process preload `four` at `four.wat`",
                     "unknown import: `lib::twice` has not been defined"),
        code=1)


def test_trap_in_a_preload():
    file("lib.wat", LIBRARY)
    file("m.wat", '(module (import "lib" "boom" (func $boom)) (func (export "f") (call $boom)))')
    wazuka("--preload", "lib=lib.wat", "--invoke", "f", "m.wat").gives(
        stderr=trap("m.wat", "`f`", [(0x42, "<unknown>!boom"), (0x2c, "<unknown>!<wasm function 1>")],
                    "wasm trap: wasm `unreachable` instruction executed"), code=TRAP)


def test_without_the_preload():
    file("m.wat", '(module (import "lib" "boom" (func $boom)))')
    wazuka("m.wat").gives(
        stderr=error("failed to run main module `m.wat`", 'failed to instantiate "m.wat"',
                     "unknown import: `lib::boom` has not been defined"), code=1)


def test_function_of_another_type():
    file("lib.wat", LIBRARY)
    file("m.wat", '(module (import "lib" "twice" (func (param i64))))')
    wazuka("--preload", "lib=lib.wat", "m.wat").gives(
        stderr=error("failed to run main module `m.wat`", 'failed to instantiate "m.wat"',
                     "incompatible import type for `lib::twice`",
                     "types incompatible: expected type `(func (param i64))`, "
                     "found type `(func (param i32) (result i32))`"), code=1)


def test_same_name_twice():
    file("lib.wat", LIBRARY)
    file("m.wat", "(module)")
    wazuka("--preload", "lib=lib.wat", "--preload", "lib=lib.wat", "m.wat").gives(
        stderr=error("failed to process preload `lib` at `lib.wat`", "import of `lib::twice` defined twice"), code=1)


def test_preload_that_cannot_be_loaded():
    file("m.wat", "(module)")
    wazuka("--preload", "lib=nope.wat", "m.wat").gives(
        stderr=error('failed to open wasm module "nope.wat"', "No such file or directory (os error 2)"), code=1)


def test_value_without_an_equals_sign():
    file("m.wat", "(module)")
    wazuka("--preload", "lib", "m.wat").gives(stderr="""\
error: invalid value 'lib' for '--preload <NAME=MODULE_PATH>': must contain exactly one equals character ('=')

For more information, try '--help'.
""", code=2)
