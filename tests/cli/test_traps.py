# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Traps: the message with its backtrace, and exit code 134."""
from harness import TAKES, TRAP, file, trap, wazuka

UNREACHABLE = "wasm trap: wasm `unreachable` instruction executed"
OUT_OF_BOUNDS = "wasm trap: out of bounds memory access"


def traps(body, offset, *causes, before="", parameter=None):
    """A function with this body traps at this offset of the file."""
    file("m.wat", f'(module {before} (func (export "f") {"(param i32)" if parameter else ""} {body}))')
    wazuka("--invoke", "f", "m.wat", *([parameter] if parameter else [])).gives(
        stderr=(TAKES if parameter else "") + trap("m.wat", "`f`", [(offset, "<unknown>!<wasm function 0>")], *causes),
        code=TRAP)


def test_exact_text():
    file("trap.wat", """(module
      (func $inner unreachable)
      (func $mid (call $inner))
      (func (export "_start") (call $mid)))""")
    wazuka("trap.wat").gives(stderr="""\
Error: failed to run main module `trap.wat`

Caused by:
    0: failed to invoke command default
    1: error while executing at wasm backtrace:
    0:     0x25 - <unknown>!inner
    1:     0x29 - <unknown>!mid
    2:     0x2e - <unknown>!<wasm function 2>
    2: wasm trap: wasm `unreachable` instruction executed

""", code=TRAP)


def test_invoked_function_is_named():
    traps("unreachable", 0x1e, UNREACHABLE)


def test_module_name_in_the_backtrace():
    file("m.wat", '(module $my_mod (func $inner unreachable) (func (export "_start") (call $inner)))')
    wazuka("m.wat").gives(stderr=trap("m.wat", "command default", [
        (0x24, "my_mod!inner"), (0x28, "my_mod!<wasm function 1>")], UNREACHABLE), code=TRAP)


def test_offsets_count_in_the_given_binary():
    # The same function twice, the second time behind a custom section of 100 bytes.
    head = b"\0asm\1\0\0\0"
    body = b"\1\4\1\x60\0\0" b"\3\2\1\0" b"\7\5\1\1f\0\0" b"\x0a\5\1\3\0\0\x0b"
    for padding, offset in ((b"", 0x1e), (b"\0\x62\1x" + bytes(96), 0x1e + 100)):
        file("m.wasm", head + padding + body)
        wazuka("--invoke", "f", "m.wasm").gives(
            stderr=trap("m.wasm", "`f`", [(offset, "<unknown>!<wasm function 0>")], UNREACHABLE), code=TRAP)


def test_functions_are_counted_with_the_imports():
    file("m.wat", """(module
      (import "wasi_snapshot_preview1" "proc_exit" (func (param i32)))
      (func (export "_start") unreachable))""")
    wazuka("m.wat").gives(
        stderr=trap("m.wat", "command default", [(0x4d, "<unknown>!<wasm function 1>")], UNREACHABLE), code=TRAP)


def test_mangled_names_are_shown_as_in_their_language():
    file("m.wat", """(module
      (func $_ZN4core9panicking5panic17h0123456789abcdefE unreachable)
      (func $_Z3fooi (call 0))
      (func $"a b" (call 1))
      (func (export "_start") (call 2)))""")
    wazuka("m.wat").gives(stderr=trap("m.wat", "command default", [
        (0x26, "<unknown>!core::panicking::panic::h0123456789abcdef"), (0x2a, "<unknown>!foo(int)"),
        (0x2f, "<unknown>!a b"), (0x34, "<unknown>!<wasm function 3>")], UNREACHABLE), code=TRAP)


def test_backtrace_shows_the_innermost_twenty_frames():
    file("m.wat", """(module
      (func $bottom unreachable)
      (func $down (param i32)
        (if (i32.eqz (local.get 0)) (then (call $bottom)))
        (call $down (i32.sub (local.get 0) (i32.const 1))))
      (func (export "_start") (call $down (i32.const 100))))""")
    wazuka("m.wat").gives(stderr=trap("m.wat", "command default", [
        (0x29, "<unknown>!bottom"), (0x32, "<unknown>!down")] + 18 * [(0x3a, "<unknown>!down")],
        UNREACHABLE), code=TRAP)


def test_load_out_of_bounds():
    for address, fault in (("100000", "0x186a0"), ("65536", "0x10000"), ("-1", "0xffffffff"), ("65535", "0x10000")):
        traps("(drop (i32.load (local.get 0)))", 0x26,
              f"memory fault at wasm address {fault} in linear memory of size 0x10000", OUT_OF_BOUNDS,
              before="(memory 1)", parameter=address)


def test_store_out_of_bounds():
    traps("(i64.store (local.get 0) (i64.const 0))", 0x28,
          "memory fault at wasm address 0x20000 in linear memory of size 0x20000", OUT_OF_BOUNDS,
          before="(memory 2)", parameter="131072")


def test_fill_out_of_bounds():
    traps("(memory.fill (i32.const 65530) (i32.const 0) (i32.const 7))", 0x2b, OUT_OF_BOUNDS, before="(memory 1)")


def test_stack_overflow():
    file("m.wat", '(module (func $again (export "_start") (call $again)))')
    frames = [(None, "<unknown>!again")] + 19 * [(0x23, "<unknown>!again")]
    wazuka("m.wat").gives(
        stderr=trap("m.wat", "command default", frames, "wasm trap: call stack exhausted"), code=TRAP)


def test_stack_overflow_of_two_functions():
    file("m.wat", '(module (func $a (call $b)) (func $b (call $a)) (func (export "_start") (call $a)))')
    outcome = wazuka("m.wat")
    outcome.expect(outcome.code == TRAP and outcome.stderr.endswith(b"\n    2: wasm trap: call stack exhausted\n\n"),
                   "call stack exhausted")


def test_divide_by_zero():
    traps("(drop (i32.div_s (i32.const 1) (i32.const 0)))", 0x22, "wasm trap: integer divide by zero")
    traps("(drop (i64.rem_u (i64.const 1) (i64.const 0)))", 0x22, "wasm trap: integer divide by zero")


def test_integer_overflow():
    traps("(drop (i32.div_s (i32.const -2147483648) (i32.const -1)))", 0x26, "wasm trap: integer overflow")
    traps("(drop (i32.trunc_f32_s (f32.const 1e30)))", 0x23, "wasm trap: integer overflow")


def test_invalid_conversion():
    traps("(drop (i32.trunc_f32_s (f32.const nan)))", 0x23, "wasm trap: invalid conversion to integer")


def test_indirect_call():
    table = "(table 2 funcref) (elem (i32.const 0) $g)"
    for index, why in ((5, "undefined element: out of bounds table access"), (1, "uninitialized element"),
                       (0, "indirect call type mismatch")):
        file("m.wat", f"""(module {table}
          (func (export "f") (call_indirect (i32.const {index})))
          (func $g (param i32)))""")
        wazuka("--invoke", "f", "m.wat").gives(
            stderr=trap("m.wat", "`f`", [(0x34, "<unknown>!<wasm function 0>")], f"wasm trap: {why}"), code=TRAP)


def test_table_out_of_bounds():
    traps("(drop (table.get (i32.const 9)))", 0x26, "wasm trap: undefined element: out of bounds table access",
          before="(table 1 funcref)")


def test_null_reference():
    traps("(drop (ref.as_non_null (ref.null func)))", 0x20, "wasm trap: null reference")
    traps("(throw_ref (ref.null exn))", 0x20, "wasm trap: null reference")


def test_cast_failure():
    traps("(drop (ref.cast (ref i31) (ref.null any)))", 0x20, "wasm trap: cast failure")


def test_array_out_of_bounds():
    file("m.wat", """(module (type $bytes (array i8))
      (func (export "f") (drop (array.get_u $bytes (array.new_default $bytes (i32.const 1)) (i32.const 4)))))""")
    wazuka("--invoke", "f", "m.wat").gives(
        stderr=trap("m.wat", "`f`", [(0x28, "<unknown>!<wasm function 0>")], "wasm trap: out of bounds array access"),
        code=TRAP)


def test_uncaught_exception_is_an_error_and_no_trap():
    file("m.wat", '(module (tag $e) (func (export "f") (throw $e)))')
    wazuka("--invoke", "f", "m.wat").gives(
        stderr=trap("m.wat", "`f`", [(0x23, "<unknown>!<wasm function 0>")], "thrown Wasm exception"), code=1)


def test_wasi_call_without_a_memory():
    file("m.wat", """(module
      (import "wasi_snapshot_preview1" "fd_write" (func $fd_write (param i32 i32 i32 i32) (result i32)))
      (func (export "_start") (drop (call $fd_write (i32.const 1) (i32.const 0) (i32.const 1) (i32.const 8)))))""")
    wazuka("m.wat").gives(stderr=trap("m.wat", "command default", [(0x58, "<unknown>!<wasm function 1>")],
                                      "missing required memory export"), code=1)


def test_wasi_call_with_a_pointer_out_of_bounds():
    file("m.wat", """(module
      (import "wasi_snapshot_preview1" "fd_write" (func $fd_write (param i32 i32 i32 i32) (result i32)))
      (memory (export "memory") 1)
      (func (export "_start") (drop (call $fd_write (i32.const 1) (i32.const 65536) (i32.const 1) (i32.const 8)))))""")
    wazuka("m.wat").gives(stderr=trap("m.wat", "command default", [(0x68, "<unknown>!<wasm function 1>")],
                                      "Pointer out of bounds: Region { start: 65536, len: 4 }"), code=1)


def test_trap_after_output_keeps_the_output():
    file("m.wat", """(module
      (import "wasi_snapshot_preview1" "fd_write" (func $fd_write (param i32 i32 i32 i32) (result i32)))
      (memory (export "memory") 1)
      (data (i32.const 0) "\\10\\00\\00\\00\\05\\00\\00\\00") (data (i32.const 16) "first")
      (func (export "_start")
        (drop (call $fd_write (i32.const 1) (i32.const 0) (i32.const 1) (i32.const 8)))
        unreachable))""")
    outcome = wazuka("m.wat")
    outcome.expect(outcome.stdout == b"first" and outcome.code == TRAP, "the output and a trap")


def test_backtrace_goes_through_continuations():
    file("m.wat", """(module
      (type $f (func)) (type $c (cont $f))
      (tag $yield)
      (elem declare func $inner $outer)
      (func $fail unreachable)
      (func $inner (suspend $yield) (call $fail))
      (func $outer (resume $c (block $on (result (ref $c))
        (resume $c (on $yield $on) (cont.new $c (ref.func $inner))) (unreachable))))
      (func (export "_start") (resume $c (cont.new $c (ref.func $outer)))))""")
    wazuka("-W", "stack-switching", "m.wat").gives(stderr=trap("m.wat", "command default", [
        (0x35, "<unknown>!fail"), (0x3b, "<unknown>!inner"), (0x4f, "<unknown>!outer"),
        (0x59, "<unknown>!<wasm function 3>")], UNREACHABLE), code=TRAP)
