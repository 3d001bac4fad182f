#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""The table of command lines with what Wasmtime does with them: table.json, one row a line.

    tests/cli/table.py record WASMTIME   run all rows with that command and write what it gave

test_table.py compares the command under test with the table. A row is {"run": "arguments separated by spaces", and what
was not nothing of "stdout", "stderr", "code", "env", "stdin"}; rows are grouped by what they are about. To add one, write
"run" (and "env", "stdin") by hand and record. Rows where we differ on purpose do not belong here.
"""
import json
import os
import pathlib
import sys
import tempfile

import harness

TABLE = harness.GUESTS.parent / "table.json"

# The files that the rows use, made anew for each group.
FILES = {
    "m.wat": "(module)",
    "add.wat": """(module
      (func (export "add") (param i32 i32) (result i32) (i32.add (local.get 0) (local.get 1)))
      (func (export "two") (result i64 f32) (i64.const -1) (f32.const 0.5))
      (func (export "v") (param v128))
      (func (export "div") (param i32 i32) (result i32) (i32.div_s (local.get 0) (local.get 1))))""",
    "trap.wat": '(module (func (export "_start") unreachable))',
    "imports.wat": """(module (import "env" "foo" (func $f (param i32) (result i32))) (import "env" "g" (global i32))
      (func (export "_start") (drop (call $f (i32.const 1)))))""",
    "function.wat": """(module (import "env" "foo" (func $f (param i32) (result i32 f64 externref)))
      (func (export "_start") (call $f (i32.const 1)) drop drop drop))""",
    "grow.wat": """(module (memory 1) (table 1 funcref)
      (func (export "memory") (result i32) (memory.grow (i32.const 100)))
      (func (export "table") (result i32) (table.grow (ref.null func) (i32.const 100))))""",
    "big.wat": "(module (memory 10) (memory 1) (table 10 funcref) (table 1 externref))",
    "spin.wat": '(module (func (export "_start") (loop (br 0))))',
    "recursive.wat": '(module (func $r (export "_start") (call $r)))',
    "exit.wat": """(module (import "wasi_snapshot_preview1" "proc_exit" (func $exit (param i32))) (memory (export "memory") 1)
      (func (export "seven") (call $exit (i32.const 7))) (func (export "big") (call $exit (i32.const 126))))""",
    "deep.wat": """(module (global $n (mut i32) (i32.const 0))
      (func $deep (export "_start") (global.set $n (i32.add (global.get $n) (i32.const 1)))
        (block $go (br_if $go (i32.lt_u (global.get $n) (i32.const 40))) (memory.fill (i32.const 0) (i32.const 0) (i32.const -1)))
        (call $deep)) (memory 1))""",
    "core.wat": """(module (memory 1) (memory 1) (global (mut i32) (i32.const 3)) (global i64 (i64.const 3))
      (func $outer (export "_start") (call $inner)) (func $inner unreachable))""",
    "bad.wast": '(module (func (export "f") (result i32) (i32.const 1)))\n(assert_return (invoke "f") (i32.const 2))\n',
    "good.wast": '(module (func (export "f") (result i32) (i32.const 1)))\n(assert_return (invoke "f") (i32.const 1))\n',
    "truncated.wasm": "\0asm\1\0\0\0\1",
    "hello.wat": (harness.ROOT / "examples/hello.wat").read_text(),
    "args.wat": (harness.GUESTS / "args.wat").read_text(),
}


def make_files():
    for name, content in FILES.items():
        harness.file(name, content)
    os.makedirs("folder", exist_ok=True)


def run(row):
    return harness.wazuka(*row["run"].split(" "), stdin=row.get("stdin", ""), env=row.get("env"))


def load():
    return json.loads(TABLE.read_text())


def write(table):
    groups = []
    for group, rows in table.items():
        lines = ",\n".join("    " + json.dumps(row) for row in rows)
        groups.append(f"  {json.dumps(group)}: [\n{lines}\n  ]")
    TABLE.write_text("{\n" + ",\n".join(groups) + "\n}\n")


def record(command):
    harness.Setting.runtime, harness.Setting.reference = command, True
    table = load()
    for rows in table.values():
        with tempfile.TemporaryDirectory() as folder:
            os.chdir(folder)
            make_files()
            for row in rows:
                got = run(row)
                for key, value in (("stdout", got.stdout.decode()), ("stderr", got.stderr.decode()), ("code", got.code)):
                    row.pop(key, None)
                    if value:
                        row[key] = value
            os.chdir("/")
    write(table)


if __name__ == "__main__":
    if len(sys.argv) != 3 or sys.argv[1] != "record":
        sys.exit(__doc__)
    record(str(pathlib.Path(sys.argv[2]).absolute()))
