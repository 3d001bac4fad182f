# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""`wazuka wast`: scripts of the specification's test suite."""
import os

from harness import error, file, wazuka

MODULE = """(module
  (func (export "add") (param i32 i32) (result i32) (i32.add (local.get 0) (local.get 1)))
  (func (export "minus") (result i64) (i64.const -1))
  (func (export "half") (result f64) (f64.const 0.5))
  (func (export "trap") unreachable))
"""
LINE = MODULE.count("\n") + 1  # of the directive that follows


def passes(script):
    wazuka("wast", file("t.wast", script)).gives()


def fails(directive, *why):
    file("t.wast", MODULE + directive + "\n")
    wazuka("wast", "t.wast").gives(
        stderr=error("failed to run script file 't.wast'", f"failed directive on t.wast:{LINE}", *why), code=1)


def test_all_kinds_of_assertions_pass():
    passes(MODULE + """
      (assert_return (invoke "add" (i32.const 1) (i32.const 2)) (i32.const 3))
      (invoke "half")
      (assert_trap (invoke "trap") "unreachable")
      (assert_invalid (module (func (result i32))) "type mismatch")
      (assert_malformed (module quote "(func") "expected")
      (assert_unlinkable (module (import "a" "b" (func))) "unknown import")
      (module $deep (func $f (export "f") (call $f)))
      (assert_exhaustion (invoke "f") "call stack exhausted")
      (module (tag $e) (func (export "throw") (throw $e)))
      (assert_exception (invoke "throw"))""")


def test_registered_modules():
    passes("""
      (module $lib (func (export "seven") (result i32) (i32.const 7)))
      (register "lib" $lib)
      (module (import "lib" "seven" (func $f (result i32))) (func (export "f") (result i32) (call $f)))
      (assert_return (invoke "f") (i32.const 7))
      (assert_return (invoke $lib "seven") (i32.const 7))""")


def test_globals_and_nan_patterns():
    passes("""
      (module
        (global (export "g") i32 (i32.const 5))
        (func (export "nan") (result f32) (f32.div (f32.const 0) (f32.const 0))))
      (assert_return (get "g") (i32.const 5))
      (assert_return (invoke "nan") (f32.const nan:arithmetic))""")


def test_spectest_prints():
    file("t.wast", """
      (module
        (import "spectest" "print_i32" (func $print (param i32)))
        (func (export "p") (call $print (i32.const 5))))
      (invoke "p")""")
    wazuka("wast", "t.wast").gives(stdout="5: i32\n")


def test_several_scripts():
    file("a.wast", "(module)")
    file("b.wast", '(module (func (export "f"))) (assert_return (invoke "f"))')
    wazuka("wast", "a.wast", "b.wast").gives()


def test_first_failing_script_is_named():
    file("a.wast", "(module)")
    file("b.wast", '(module)\n(invoke "f")')
    wazuka("wast", "a.wast", "b.wast").gives(
        stderr=error("failed to run script file 'b.wast'", "failed directive on b.wast:2", "no item named `f` found"),
        code=1)


def test_wrong_results():
    fails('(assert_return (invoke "add" (i32.const 1) (i32.const 2)) (i32.const 4))', "result 0 didn't match",
          "expected                  4 / 0x0000000000000004\nactual                    3 / 0x0000000000000003")
    fails('(assert_return (invoke "minus") (i64.const 2))', "result 0 didn't match",
          "expected                  2 / 0x0000000000000002\nactual                   -1 / 0xffffffffffffffff")
    fails('(assert_return (invoke "half") (f64.const 2))', "result 0 didn't match",
          "expected                  2 / 0x4000000000000000\nactual                  0.5 / 0x3fe0000000000000")


def test_wrong_number_of_results():
    fails('(assert_return (invoke "half"))', "expected 0 results found 1")


def test_missing_export():
    fails('(invoke "nope")', "no item named `nope` found")


def test_module_that_should_have_been_invalid():
    fails('(assert_invalid (module) "type mismatch")', "expected module to fail to build")


def test_module_that_should_have_been_valid():
    fails("(module (func (call 1)))", "failed to compile: wasm[0]::function[0]", "WebAssembly translation error",
          "Invalid input WebAssembly code at offset 23: unknown function 1: function index out of bounds")


def test_trap_that_does_not_come():
    file("t.wast", MODULE + '(assert_trap (invoke "half") "unreachable")\n')
    outcome = wazuka("wast", "t.wast")
    outcome.expect(outcome.code == 1 and f"failed directive on t.wast:{LINE}\n    1: expected trap, got ".encode()
                   in outcome.stderr, "an expected trap")


def test_another_trap():
    file("t.wast", MODULE + '(assert_trap (invoke "trap") "integer overflow")\n')
    outcome = wazuka("wast", "t.wast")
    outcome.expect(outcome.code == 1 and b": expected 'integer overflow', got '" in outcome.stderr
                   and b"wasm `unreachable` instruction executed" in outcome.stderr, "both messages")


def test_another_error_message():
    file("t.wast", '(assert_invalid (module (func (result i32))) "something else")')
    outcome = wazuka("wast", "t.wast")
    outcome.expect(outcome.code == 1 and b'assert_invalid: expected "something else", got "' in outcome.stderr,
                   "both messages")
    wazuka("wast", "--ignore-error-messages", "t.wast").gives()


def test_syntax_error_in_a_script():
    file("t.wast", "(module)\n(bogus)\n")
    outcome = wazuka("wast", "t.wast")
    text = outcome.stderr.decode()
    outcome.expect(outcome.code == 1 and text.startswith("Error: failed to run script file 't.wast'\n")
                   and text.endswith("     --> t.wast:2:2\n      |\n    2 | (bogus)\n      |  ^\n\n"), "the position")


def test_missing_script():
    wazuka("wast", "nope.wast").gives(
        stderr=error("failed to run script file 'nope.wast'", "failed to read `nope.wast`",
                     "No such file or directory (os error 2)"), code=1)


def test_folder_instead_of_a_script():
    os.mkdir("folder")
    wazuka("wast", "folder").gives(
        stderr=error("failed to run script file 'folder'", "failed to read `folder`", "Is a directory (os error 21)"),
        code=1)


def test_no_script():
    wazuka("wast").gives(stderr="""\
error: the following required arguments were not provided:
  <SCRIPT_FILE>...

Usage: wazuka wast <SCRIPT_FILE>...

For more information, try '--help'.
""", code=2)
