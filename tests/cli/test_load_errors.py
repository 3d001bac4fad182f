# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Files that cannot be loaded: missing, unreadable, malformed text, malformed or invalid binaries."""
import os

from harness import Skip, error, file, wazuka

MAGIC = b"\0asm\1\0\0\0"


def syntax(message, name, line, column, source):
    """A diagnostic of the text format: the position and the line, with a caret below the column."""
    return (f"Error: {message}\n     --> {name}:{line}:{column}\n      |\n"
            f" {line:4} | {source}\n      | {' ' * (column - 1)}^\n")


def refuses_text(text, message, line, column):
    file("m.wat", text)
    source = (text.split("\n") + [""])[line - 1]
    wazuka("m.wat").gives(stderr=syntax(message, "m.wat", line, column, source), code=1)


def refuses_binary(data, why):
    file("m.wasm", data)
    wazuka("m.wasm").gives(stderr=error("failed to parse WebAssembly module", why), code=1)


def refuses_code(function, why, offset):
    file("m.wat", f"(module {function})")
    wazuka("m.wat").gives(
        stderr=error("failed to compile: wasm[0]::function[0]", "WebAssembly translation error",
                     f"Invalid input WebAssembly code at offset {offset}: {why}"), code=1)


def test_missing_file():
    for name in ("nope.wasm", "bogus", "nope/../m.wat"):
        wazuka(name).gives(
            stderr=error(f'failed to open wasm module "{name}"', "No such file or directory (os error 2)"), code=1)


def test_folder_instead_of_a_file():
    os.mkdir("folder")
    wazuka("folder").gives(stderr=error("failed to read file: folder", "Is a directory (os error 21)"), code=1)


def test_file_without_permission():
    if os.geteuid() == 0:
        raise Skip("root may read every file")
    os.chmod(file("m.wat", "(module)"), 0)
    wazuka("m.wat").gives(stderr=error('failed to open wasm module "m.wat"', "Permission denied (os error 13)"), code=1)


def test_empty_file():
    refuses_text("", "expected at least one module field", 1, 1)


def test_text_without_a_module():
    refuses_text(";; only a comment\n", "expected at least one module field", 2, 1)


def test_text_that_is_no_expression():
    refuses_text("hello", "expected `(`", 1, 1)


def test_unclosed_module():
    refuses_text("(module", "expected `)`", 1, 8)


def test_unknown_instruction():
    refuses_text('(module\n  (func (export "x")\n    (i32.ad (i32.const 1))))\n',
                 "unknown operator or unexpected token", 3, 6)


def test_unknown_name():
    refuses_text("(module (func $f (call $nope)))", "unknown func: failed to find name `$nope`", 1, 24)


def test_text_after_the_module():
    refuses_text("(module) (module)", "extra tokens remaining after parse", 1, 10)


def test_bad_escape_in_a_string():
    refuses_text('(module (data "\\zz"))', "invalid string escape 'z'", 1, 17)


def test_text_that_is_not_utf8():
    file("m.wat", b"\xff\xfe(module)")
    wazuka("m.wat").gives(stderr="Error: failed to parse `m.wat`: input bytes aren't valid utf-8\n", code=1)


def test_deep_nesting_ends_in_an_error_or_works():
    # The depth comes from the input: any answer but a crash will do.
    depth = 100_000
    file("m.wat", "(module (func " + "(block " * depth + ")" * depth + "))")
    outcome = wazuka("m.wat")
    outcome.expect(outcome.code in (0, 1), "exit code 0 or 1")


def test_truncated_header():
    refuses_binary(b"\0asm", "unexpected end-of-file (at offset 0x4)")
    refuses_binary(MAGIC[:7], "unexpected end-of-file (at offset 0x4)")


def test_unknown_version():
    refuses_binary(b"\0asm\2\0\0\0", "unknown binary version:        0x2 (at offset 0x4)")


def test_truncated_section():
    refuses_binary(MAGIC + b"\1", "unexpected end-of-file (at offset 0x9)")
    refuses_binary(MAGIC + b"\1\5\1", "unexpected end-of-file (at offset 0xa)")


def test_unknown_section():
    refuses_binary(MAGIC + b"\x3f\1\0", "malformed section id: 63 (at offset 0xa)")


def test_duplicate_export():
    file("m.wat", '(module (func (export "a")) (func (export "a")))')
    wazuka("m.wat").gives(
        stderr=error("failed to parse WebAssembly module",
                     "duplicate export name `a` already defined (at offset 0x1a)"),
        code=1)


def test_memory_beyond_the_limit_of_the_format():
    file("m.wat", "(module (memory 65537))")
    wazuka("m.wat").gives(
        stderr=error("failed to parse WebAssembly module",
                     "memory size must be at most 0x10000 65536-byte pages (at offset 0xb)"), code=1)


def test_function_without_its_result():
    refuses_code("(func (result i32))", "type mismatch: expected i32 but nothing on stack", 24)


def test_operand_of_the_wrong_type():
    refuses_code("(func (drop (i32.eqz (i64.const 0))))", "type mismatch: expected i32, found i64", 25)


def test_unknown_local():
    refuses_code("(func (drop (local.get 0)))", "unknown local 0: local index out of bounds", 23)


def test_unknown_function():
    refuses_code("(func (call 1))", "unknown function 1: function index out of bounds", 23)


def test_nothing_runs_if_any_function_is_invalid():
    file("m.wat", """(module
      (import "wasi_snapshot_preview1" "proc_exit" (func $proc_exit (param i32)))
      (memory (export "memory") 1)
      (func (export "_start") (call $proc_exit (i32.const 9)))
      (func (result i32)))""")
    outcome = wazuka("m.wat")
    outcome.expect(outcome.code == 1 and b"type mismatch" in outcome.stderr, "a validation error")
