# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""--invoke on a core module: which function, how arguments are read, how results are written."""
from harness import RETURNS, TAKES, TRAP, error, file, trap, wazuka

IDENTITIES = """
(module
  (func (export "i32") (param i32) (result i32) (local.get 0))
  (func (export "i64") (param i64) (result i64) (local.get 0))
  (func (export "f32") (param f32) (result f32) (local.get 0))
  (func (export "f64") (param f64) (result f64) (local.get 0)))
"""


def reads(type, cases):
    """Each case is (argument, what is printed when it comes back)."""
    file("id.wat", IDENTITIES)
    for argument, printed in cases:
        wazuka("--invoke", type, "id.wat", argument).gives(stdout=printed + "\n", stderr=TAKES + RETURNS)


def refuses(type, cases):
    """Each case is (argument, why it cannot be read)."""
    file("id.wat", IDENTITIES)
    for argument, why in cases:
        wazuka("--invoke", type, "id.wat", argument).gives(
            stderr=TAKES + error("failed to run main module `id.wat`", why), code=1)


def prints(result_type, body, printed):
    """A function without parameters that gives `body` prints these lines."""
    file("m.wat", f'(module (func $f (export "f") (result {result_type}) {body}))')
    wazuka("--invoke", "f", "m.wat").gives(stdout=printed, stderr=RETURNS)


def test_adds_two_numbers():
    file("add.wat", '(module (func (export "add") (param i32 i32) (result i32) (i32.add (local.get 0) (local.get 1))))')
    wazuka("--invoke", "add", "add.wat", "1", "2").gives(stdout="3\n", stderr=TAKES + RETURNS)
    wazuka("run", "--invoke", "add", "add.wat", "1", "2").gives(stdout="3\n", stderr=TAKES + RETURNS)
    wazuka("--invoke=add", "add.wat", "2147483647", "1").gives(stdout="-2147483648\n", stderr=TAKES + RETURNS)


def test_no_warning_without_parameters_and_results():
    file("m.wat", '(module (func (export "f")))')
    wazuka("--invoke", "f", "m.wat").gives()


def test_warning_for_parameters_alone():
    file("m.wat", '(module (func (export "f") (param i32)))')
    wazuka("--invoke", "f", "m.wat", "1").gives(stderr=TAKES)


def test_warning_for_results_alone():
    file("m.wat", '(module (func (export "f") (result i32) (i32.const 7)))')
    wazuka("--invoke", "f", "m.wat").gives(stdout="7\n", stderr=RETURNS)


def test_several_results_are_printed_one_per_line():
    prints("i32 i64 f64", "(i32.const 1) (i64.const -2) (f64.const 0.5)", "1\n-2\n0.5\n")


def test_invoke_does_not_run_start():
    file("m.wat", '(module (func (export "_start") unreachable) (func (export "f")))')
    wazuka("--invoke", "f", "m.wat").gives()


def test_invoke_start_by_name():
    file("m.wat", '(module (func (export "_start") unreachable))')
    wazuka("--invoke", "_start", "m.wat").gives(
        stderr=trap("m.wat", "`_start`", [(0x23, "<unknown>!<wasm function 0>")],
                    "wasm trap: wasm `unreachable` instruction executed"), code=TRAP)


def test_missing_export():
    file("m.wat", "(module)")
    wazuka("--invoke", "nope", "m.wat").gives(
        stderr=error("failed to run main module `m.wat`", "no func export named `nope` found"), code=1)


def test_export_that_is_no_function():
    file("m.wat", '(module (memory (export "memory") 1) (global (export "g") i32 (i32.const 0)))')
    for name in ("memory", "g"):
        wazuka("--invoke", name, "m.wat").gives(
            stderr=error("failed to run main module `m.wat`", f"no func export named `{name}` found"), code=1)


def test_empty_name_is_a_name():
    file("m.wat", '(module (func (export "_start")))')
    wazuka("--invoke", "", "m.wat").gives(
        stderr=error("failed to run main module `m.wat`", "no func export named `` found"), code=1)


def test_not_enough_arguments():
    file("m.wat", '(module (func (export "f") (param i32 i32)))')
    for arguments in ([], ["1"]):
        wazuka("--invoke", "f", "m.wat", *arguments).gives(
            stderr=TAKES + error("failed to run main module `m.wat`", "not enough arguments for `f`"), code=1)


def test_further_arguments_are_ignored():
    file("m.wat", '(module (func (export "f") (param i32) (result i32) (local.get 0)))')
    wazuka("--invoke", "f", "m.wat", "1", "junk", "--dir").gives(stdout="1\n", stderr=TAKES + RETURNS)


def test_start_with_parameters_takes_the_arguments():
    file("m.wat", '(module (func (export "_start") (param i32)))')
    wazuka("m.wat", "5").gives(stderr=TAKES)
    wazuka("m.wat").gives(
        stderr=TAKES + error("failed to run main module `m.wat`", "not enough arguments for command default"), code=1)


def test_start_with_a_result_prints_it():
    file("m.wat", '(module (func (export "_start") (result i32) (i32.const 4)))')
    wazuka("m.wat").gives(stdout="4\n", stderr=RETURNS)


def test_reads_i32():
    reads("i32", [("0", "0"), ("-0", "0"), ("+5", "5"), ("007", "7"), ("2147483647", "2147483647"),
                  ("-2147483648", "-2147483648"), ("0x7fffffff", "2147483647"), ("0X10", "16"), ("0x-10", "-16")])


def test_refuses_i32():
    large, small = "number too large to fit in target type", "number too small to fit in target type"
    digit, empty = "invalid digit found in string", "cannot parse integer from empty string"
    refuses("i32", [("2147483648", large), ("4294967295", large), ("99999999999999999999", large),
                    ("0x80000000", large), ("0xffffffff", large), ("-2147483649", small), ("", empty), ("0x", empty),
                    ("-0x10", digit), ("1_000", digit), (" 1", digit), ("1.5", digit), ("1e3", digit),
                    ("abc", digit), ("+", digit), ("-", digit), ("0b1", digit)])


def test_reads_i64():
    reads("i64", [("9223372036854775807", "9223372036854775807"), ("-9223372036854775808", "-9223372036854775808"),
                  ("0x7fffffffffffffff", "9223372036854775807"), ("0xFf", "255")])


def test_refuses_i64():
    large = "number too large to fit in target type"
    refuses("i64", [("9223372036854775808", large), ("0xffffffffffffffff", large)])


def test_reads_f32():
    reads("f32", [("1", "1"), ("1.5", "1.5"), (".5", "0.5"), ("5.", "5"), ("-0", "-0"), ("1e3", "1000"),
                  ("1E-3", "0.001"), ("16777217", "16777216"), ("3.14159265358979", "3.1415927"), ("1e-7", "0.0000001"),
                  ("1e21", "1000000000000000000000"), ("123456789012345680000", "123456790000000000000"),
                  ("1e40", "inf"), ("1e-50", "0"), ("nan", "NaN"), ("-nan", "NaN"), ("inf", "inf"), ("-inf", "-inf"),
                  ("infinity", "inf")])


def test_reads_f64():
    reads("f64", [("1", "1"), ("1.5", "1.5"), ("-0.0", "-0"), ("16777217", "16777217"), ("0.1", "0.1"),
                  ("3.14159265358979", "3.14159265358979"), ("123456789012345680000", "123456789012345680000"),
                  ("1e-50", "0.00000000000000000000000000000000000000000000000001"), ("1e308", "1" + 308 * "0"),
                  ("1e309", "inf"), ("5e-324", "0." + 323 * "0" + "5"), ("NaN", "NaN"), ("Infinity", "inf"),
                  ("+inf", "inf"), ("-inf", "-inf")])


def test_refuses_floats():
    literal = "invalid float literal"
    for type in ("f32", "f64"):
        refuses(type, [("", "cannot parse float from empty string"), ("abc", literal), ("0x1p3", literal),
                       ("1_0", literal), (" 1", literal), (".", literal), ("e5", literal), ("nan:0x123", literal)])


def test_refuses_parameters_without_a_notation():
    for type, shown in (("v128", "v128"), ("externref", "(ref null extern)"), ("funcref", "(ref null func)")):
        file("m.wat", f'(module (func (export "f") (param {type})))')
        wazuka("--invoke", "f", "m.wat", "1").gives(
            stderr=TAKES + error("failed to run main module `m.wat`", f"unsupported argument type {shown}"), code=1)


def test_prints_v128_as_one_number():
    prints("v128", "(v128.const i64x2 1 2)", "36893488147419103233\n")
    prints("v128", "(v128.const i64x2 -1 -1)", "340282366920938463463374607431768211455\n")


def test_prints_function_and_external_references():
    prints("funcref", "(ref.func $f)", "<funcref>\n")
    prints("funcref", "(ref.null func)", "<null funcref>\n")
    prints("nullfuncref", "(ref.null nofunc)", "<null funcref>\n")
    prints("externref", "(ref.null extern)", "<null externref>\n")
    prints("nullexternref", "(ref.null noextern)", "<null externref>\n")


def test_prints_heap_references():
    prints("(ref null i31)", "(ref.i31 (i32.const 3))", "<anyref>\n")
    prints("eqref", "(ref.i31 (i32.const 3))", "<anyref>\n")
    prints("anyref", "(ref.null any)", "<null anyref>\n")
    prints("structref", "(ref.null struct)", "<null anyref>\n")
    prints("nullref", "(ref.null none)", "<null anyref>\n")


def test_prints_exception_references():
    prints("exnref", "(ref.null exn)", "<null exnref>\n")
