# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""`print`, `parse`, `objdump`, and `validate` of modules with several errors."""
import pathlib

from harness import error, file, wazuka

MODULE = """(module $m
  (import "env" "log" (func $log (param $what i32)))
  (memory 1)
  (func $f (export "f") (param $n i32) (result i32) (local f64)
    (block $done
      (br_if $done (i32.eqz (local.get $n)))
      (call $log (i32.add (local.get $n) (i32.const -1))))
    (i32.load offset=4 (i32.const 0)))
  (data (i32.const 1) "a\\00\\"\\ff"))
"""

FLAT = """(module $m
  (type (;0;) (func (param i32)))
  (type (;1;) (func (param i32) (result i32)))
  (import "env" "log" (func $log (;0;) (type 0) (param $what i32)))
  (memory (;0;) 1)
  (export "f" (func $f))
  (func $f (;1;) (type 1) (param $n i32) (result i32)
    (local f64)
    block $done
      local.get $n
      i32.eqz
      br_if $done
      local.get $n
      i32.const -1
      i32.add
      call $log
    end
    i32.const 0
    i32.load offset=4
  )
  (data (;0;) (i32.const 1) "a\\00\\"\\ff")
)
"""

FOLDED_BODY = """    (block $done
      (br_if $done (i32.eqz (local.get $n)))
      (call $log (i32.add (local.get $n) (i32.const -1)))
    )
    (i32.load offset=4 (i32.const 0))
"""


def folded():
    head, tail = FLAT[:FLAT.index("    block $done")], FLAT[FLAT.index("  )\n  (data"):]
    return head + FOLDED_BODY + tail


def test_print_flat_and_folded():
    file("m.wat", MODULE)
    wazuka("print", "m.wat").gives(stdout=FLAT)
    wazuka("print", "-f", "m.wat").gives(stdout=folded())


def test_print_what_was_parsed():
    file("m.wat", MODULE)
    wazuka("parse", "m.wat", "-o", "m.wasm").gives()
    wazuka("print", "m.wasm", "-o", "again.wat").gives()
    wazuka("parse", "again.wat", "-o", "again.wasm").gives()
    binary = pathlib.Path("m.wasm").read_bytes()
    assert binary == pathlib.Path("again.wasm").read_bytes()
    assert pathlib.Path("again.wat").read_text() == FLAT
    wazuka("print", "-", stdin=binary).gives(stdout=FLAT)


def test_print_skeleton_and_invented_names():
    file("m.wat", '(module (func (param i32)) (data "secret"))')
    wazuka("print", "--skeleton", "m.wat").gives(stdout="""(module
  (type (;0;) (func (param i32)))
  (func (;0;) (type 0) (param i32) (;...;))
  (data (;0;) "" (;...;))
)
""")
    wazuka("print", "--skeleton", "--name-unnamed", "m.wat").gives(stdout="""(module
  (type $#type0 (;0;) (func (param $#param0 i32)))
  (func $#func0 (;0;) (type $#type0) (param $#local0 i32) (;...;))
  (data $#data0 (;0;) "" (;...;))
)
""")


def test_print_offsets():
    file("m.wat", "(module (func nop))")
    wazuka("print", "-p", "m.wat").gives(stdout="""(module
                (type (;0;) (func))
(;@00000016;)   (func (;0;) (type 0)
(;@00000017;)     nop
                )
)
""")


def test_print_an_invalid_module():
    file("m.wat", "(module (func i32.add local.get 7 br 3))")
    wazuka("print", "m.wat").gives(stdout="""(module
  (type (;0;) (func))
  (func (;0;) (type 0)
    i32.add
    local.get 7
    br 3
  )
)
""")


def test_print_a_malformed_module():
    head = b"\0asm\1\0\0\0\1\4\1\x60\0\0\3\2\1\0\x0a"
    file("m.wasm", head + b"\5\1\3\0\x27\x0b")
    wazuka("print", "m.wasm").gives(
        stdout="(module\n  (type (;0;) (func))\n  (func (;0;) (type 0)",
        stderr=error("failed to compile: wasm[0]::function[0]", "WebAssembly translation error",
                     "Invalid input WebAssembly code at offset 23: illegal opcode: 0x27"), code=1)
    file("m.wasm", b"\0asm\1\0\0\0\1")
    wazuka("print", "m.wasm").gives(
        stderr=error("failed to parse WebAssembly module", "unexpected end-of-file (at offset 0x9)"), code=1)


def test_validate_tells_all_errors():
    file("m.wat", """(module
      (memory i64 1)
      (func $one (result i32) i64.const 1)
      (func (drop (v128.const i32x4 0 0 0 0)))
      (func nop)
      (func (export "a") local.get 0)
      (export "a" (func 2)))""")
    wazuka("validate", "m.wat").gives(code=1, stderr=error(
        "`m.wat` is not a valid module",
        "at offset 0x25: duplicate export name `a` already defined",
        "function[0]::one at offset 0x30: type mismatch: expected i32, found i64",
        "function[3] at offset 0x4d: unknown local 0: local index out of bounds"))
    wazuka("validate", "-W", "simd=n,relaxed-simd=n,memory64=n", "m.wat").gives(code=1, stderr=error(
        "`m.wat` is not a valid module",
        "at offset 0x1c: memory64 must be enabled for 64-bit memories (needs `-W memory64`)",
        "at offset 0x25: duplicate export name `a` already defined",
        "function[0]::one at offset 0x30: type mismatch: expected i32, found i64",
        "function[1] at offset 0x33: SIMD support is not enabled (needs `-W simd`)",
        "function[3] at offset 0x4d: unknown local 0: local index out of bounds"))
    file("good.wat", "(module)")
    wazuka("validate", "good.wat", "good.wat").gives()


def test_objdump():
    file("m.wat", '(module (func $f (local i32) (block (drop (i32.const 300)))) (@custom "note" "hi"))')
    wazuka("objdump", "m.wat").gives(stdout="""Sections:
  type                         0x0000000a - 0x0000000e          4 bytes        1 item
  function                     0x00000010 - 0x00000012          2 bytes        1 item
  code                         0x00000014 - 0x00000021         13 bytes        1 item
  custom "note"                0x00000023 - 0x0000002a          7 bytes
  custom "name"                0x0000002c - 0x00000037         11 bytes
""")
    wazuka("objdump", "-d", "m.wat").gives(stdout="""Code:
000016 func[0] $f (type 0):
 000016: 01 01 7f                   | local [0] i32
 000019: 02 40                      | block
 00001b: 41 ac 02                   |   i32.const 300
 00001e: 1a                         |   drop
 00001f: 0b                         | end
 000020: 0b                         | end
""")
    wazuka("objdump", "-s", "-j", "note", "m.wat").gives(stdout="""Contents of section custom "note":
  000023: 046e 6f74 6568 69                        .notehi
""")


def test_objdump_of_a_malformed_module():
    file("m.wasm", b"\0asm\1\0\0\0\1\4\1\x60\0\0\3\x7f")
    wazuka("objdump", "m.wasm").gives(
        stdout="Sections:\n  type                         0x0000000a - 0x0000000e          4 bytes        1 item\n",
        stderr=error("failed to parse WebAssembly module", "unexpected end-of-file (at offset 0x10)"), code=1)
