# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Modules that load but cannot be instantiated."""
from harness import TRAP, backtrace, error, file, wazuka


def refuses(module, *why, code=1):
    file("m.wat", module)
    wazuka("m.wat").gives(
        stderr=error("failed to run main module `m.wat`", 'failed to instantiate "m.wat"', *why), code=code)


def test_unknown_function():
    refuses('(module (import "env" "foo" (func (param i32))))', "unknown import: `env::foo` has not been defined")


def test_unknown_memory():
    refuses('(module (import "env" "m" (memory 1)))', "unknown import: `env::m` has not been defined")


def test_unknown_function_of_wasi():
    refuses('(module (import "wasi_snapshot_preview1" "nope" (func)))',
            "unknown import: `wasi_snapshot_preview1::nope` has not been defined")


def test_the_first_missing_import_is_named():
    refuses('(module (import "a" "b" (global i32)) (import "a" "c" (table 1 funcref)))',
            "unknown import: `a::b` has not been defined")


def test_function_of_wasi_with_a_wrong_type():
    refuses('(module (import "wasi_snapshot_preview1" "fd_write" (func (param i32))))',
            "incompatible import type for `wasi_snapshot_preview1::fd_write`",
            "types incompatible: expected type `(func (param i32))`, "
            "found type `(func (param i32 i32 i32 i32) (result i32))`")


def test_missing_import_counts_even_if_unused():
    refuses('(module (import "env" "f" (func)) (func (export "_start")))',
            "unknown import: `env::f` has not been defined")


def test_trap_in_the_start_section():
    refuses("(module (func $begin unreachable) (start $begin))",
            backtrace((0x1a, "<unknown>!begin")), "wasm trap: wasm `unreachable` instruction executed", code=TRAP)


def test_data_segment_out_of_bounds():
    refuses('(module (memory 1) (data (i32.const 65536) "x"))', "wasm trap: out of bounds memory access", code=TRAP)


def test_element_segment_out_of_bounds():
    refuses("(module (table 1 funcref) (func $f) (elem (i32.const 1) $f))",
            "wasm trap: undefined element: out of bounds table access", code=TRAP)
