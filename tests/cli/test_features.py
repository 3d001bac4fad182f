# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Proposals that are off unless they are asked for, and those that can be switched off."""
from harness import file, wazuka

OFF = {
    "stack-switching": "(type $f (func)) (type (cont $f))",
    "custom-descriptors": "(rec (type $a (descriptor $b) (struct)) (type $b (describes $a) (struct)))",
    "custom-page-sizes": "(memory 1 (pagesize 1))",
    "compact-imports": '(import "m" (item "a" (func)) (item "b" (func)))',
    "legacy-exceptions": "(func try catch_all end)",
}
ON = {
    "wide-arithmetic": "(func (i64.mul_wide_s (i64.const 1) (i64.const 2)) drop drop)",
    "threads": "(func (atomic.fence))",
    "exceptions": "(tag)",
    "gc": "(type (struct))",
    "tail-call": "(func $f (return_call $f))",
    "relaxed-simd": "(func (param v128) (drop (f32x4.relaxed_min (local.get 0) (local.get 0))))",
    "memory64": "(memory i64 1)",
    "multi-memory": "(memory 1) (memory 1)",
    "extended-const": "(global i32 (i32.add (i32.const 1) (i32.const 2)))",
}


def is_valid(*options):
    return wazuka("validate", *options, "m.wat").code == 0


def test_off_by_default():
    for feature, fields in OFF.items():
        file("m.wat", f"(module {fields})")
        assert not is_valid(), feature
        assert is_valid("-W", feature), feature


def test_on_by_default():
    for feature, fields in ON.items():
        file("m.wat", f"(module {fields})")
        assert is_valid(), feature
        assert not is_valid("-W", feature + "=n"), feature


def test_errors_in_branch_hints_are_no_errors():
    file("m.wat", '(module (func (@metadata.code.branch_hint "\\01") (nop)))')
    assert is_valid() and is_valid("-W", "branch-hinting")
