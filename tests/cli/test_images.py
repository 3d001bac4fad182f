# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Precompiled modules: `compile`, and `run --allow-precompiled`."""
import os
import pathlib
import shutil
import subprocess

from harness import SIMPLE_CAT, TRAP, Setting, differs, environment, error, file, trap, wazuka

HELLO = """(module
  (import "wasi_snapshot_preview1" "fd_write" (func $write (param i32 i32 i32 i32) (result i32)))
  (memory (export "memory") 1)
  (data (i32.const 0) "\\08\\00\\00\\00\\06\\00\\00\\00hello\\0a")
  (func (export "_start") (drop (call $write (i32.const 1) (i32.const 0) (i32.const 1) (i32.const 100)))))"""
DIVIDE = '(module $m (func $f (export "f") (result i32) (i32.div_s (i32.const 1) (i32.const 0))))'


def test_compile_and_run():
    file("hello.wat", HELLO)
    wazuka("compile", "hello.wat").gives()
    assert pathlib.Path("hello.cwasm").read_bytes()[:4] == b"\x7fELF"
    wazuka("run", "--allow-precompiled", "hello.cwasm").gives(stdout="hello\n")
    wazuka("--allow-precompiled", "hello.cwasm").gives(stdout="hello\n")
    wazuka("run", "hello.cwasm").gives(
        stderr="Error: running a precompiled module requires the `--allow-precompiled` flag\n", code=1)
    wazuka("run", "--allow-precompiled", "hello.wat").gives(stdout="hello\n")


def test_where_the_output_goes():
    file("folder/my.module.wat", "(module)")
    wazuka("compile", "folder/my.module.wat").gives()
    assert os.path.exists("my.module.cwasm")
    wazuka("compile", "-o", "a", "folder/my.module.wat").gives()
    wazuka("compile", "--output", "b.x", "folder/my.module.wat").gives()
    assert pathlib.Path("a").read_bytes()[:4] == pathlib.Path("b.x").read_bytes()[:4] == b"\x7fELF"
    wazuka("compile", "-o", "no/folder", "folder/my.module.wat").gives(
        stderr=error("failed to write output: no/folder", "No such file or directory (os error 2)"), code=1)


@differs("it writes a file with this name")
def test_output_to_a_stream():
    file("m.wat", "(module)")
    made = wazuka("compile", "-o", "-", "m.wat")
    made.expect(made.code == 0 and made.stdout.startswith(b"\x7fELF"), "the image")
    file("m.cwasm", made.stdout)
    wazuka("run", "--allow-precompiled", "m.cwasm").gives()
    # A pipe cannot be mapped.
    wazuka("run", "--allow-precompiled", "-", stdin=made.stdout).gives()
    altered = made.stdout[:-1] + bytes([made.stdout[-1] ^ 1])
    wazuka("run", "--allow-precompiled", "-", stdin=altered).gives(
        stderr=error("failed deserialization for: -", "the image was altered"), code=1)


def test_what_cannot_be_compiled():
    wazuka("compile", "none.wasm").gives(
        stderr=error('failed to open wasm module "none.wasm"', "No such file or directory (os error 2)"), code=1)
    file("bad.wat", "(module (func (result i32)))")
    wazuka("compile", "bad.wat").gives(
        stderr=error("failed to compile: wasm[0]::function[0]", "WebAssembly translation error",
                     "Invalid input WebAssembly code at offset 24: type mismatch: expected i32 but nothing on stack"),
        code=1)
    assert not os.path.exists("bad.cwasm")


@differs("it compiles for them")
def test_what_is_not_there_yet():
    file("m.wat", "(module)")
    for kind in ("obj", "exe", "lib"):
        wazuka("compile", "--emit", kind, "m.wat").gives(
            stderr=f"Error: the option `--emit {kind}` is not supported yet by this build\n", code=1)
    wazuka("compile", "--emit", "cwasm", "m.wat").gives()
    wazuka("compile", "--emit-clif", "x", "m.wat").gives(
        stderr="Error: the option `--emit-clif x` is not supported yet by this build\n", code=1)
    wazuka("compile", "--target", "aarch64-unknown-linux-gnu", "m.wat").gives(
        stderr=error("compilation settings are not compatible with the native host", "target 'aarch64-unknown-linux-gnu' "
                     "specified in the configuration does not match the host"), code=1)


def test_the_same_bytes_each_time():
    shutil.copy(SIMPLE_CAT, "cat.wat")
    images = []
    for options in ([], [], ["-C", "parallel-compilation=n"]):
        wazuka("compile", *options, "-o", "cat.cwasm", "cat.wat").gives()
        images.append(pathlib.Path("cat.cwasm").read_bytes())
    assert images[0] == images[1] == images[2]


def test_traps_have_names_and_offsets():
    file("m.wat", DIVIDE)
    wazuka("compile", "m.wat").gives()
    wazuka("run", "--allow-precompiled", "--invoke", "f", "m.cwasm").gives(
        stderr=trap("m.cwasm", "`f`", [(0x23, "m!f")], "wasm trap: integer divide by zero"), code=TRAP)


def test_settings_must_be_the_same():
    file("m.wat", "(module)")

    def refused(made, run, *causes):
        wazuka("compile", *made, "m.wat").gives()
        wazuka("run", "--allow-precompiled", *run, "m.cwasm").gives(
            stderr=error("failed deserialization for: m.cwasm", *causes), code=1)

    refused([], ["-W", "fuel=100"], "Module was compiled without fuel support but it is enabled for the host")
    refused(["-W", "fuel=100"], [], "Module was compiled with fuel support but it is not enabled for the host")
    refused([], ["-W", "timeout=1"], "Module was compiled without epoch interruption but it is enabled for the host")
    refused(["-W", "stack-switching"], [], "Module was compiled with support for WebAssembly feature `stack-switching` "
            "but it is not enabled for the host")
    wazuka("compile", "-W", "fuel=1", "m.wat").gives()
    wazuka("run", "--allow-precompiled", "-W", "fuel=5", "m.cwasm").gives()


@differs("it has other names for processors")
def test_other_processors():
    file("m.wat", HELLO)
    wazuka("compile", "--target", "x86_64-unknown-linux-gnu", "-o", "base.cwasm", "m.wat").gives()
    for cpu in ("x86-64", "host"):
        wazuka("run", "--allow-precompiled", "-C", f"cpu={cpu}", "base.cwasm").gives(stdout="hello\n")
    wazuka("compile", "-C", "cpu=x86-64-v2", "-o", "v2.cwasm", "m.wat").gives()
    made = wazuka("run", "--allow-precompiled", "-C", "cpu=x86-64", "v2.cwasm")
    made.expect(made.code == 1 and b"compilation settings of module incompatible with native host" in made.stderr
                and b"which this processor does not have" in made.stderr, "the feature that is missing")
    wazuka("run", "--allow-precompiled", "v2.cwasm").gives(stdout="hello\n")


@differs("it has no such messages")
def test_damaged_files():
    file("m.wat", HELLO)
    wazuka("compile", "m.wat").gives()
    image = pathlib.Path("m.cwasm").read_bytes()

    def refused(content, cause):
        file("x.cwasm", content)
        wazuka("run", "--allow-precompiled", "x.cwasm").gives(
            stderr=error("failed deserialization for: x.cwasm", cause), code=1)

    refused(image[:-1], "the image is truncated")
    refused(image[:20], "the image is truncated")
    refused(image[:1000] + b"\xff" + image[1001:], "the image was altered: its checksum is wrong")
    refused(pathlib.Path("/bin/sh").read_bytes(), "an ELF file, but not an image of Wazuka")
    at = image.index(b"wazuka image") + 16
    end = image.index(b"\0", at)
    refused(image[:at] + b"0.0.1 " + image[at + 6:], f"Module was compiled with incompatible version "
            f"'0.0.1 {image[at + 6:end].decode()}', this is '{image[at:end].decode()}'")


@differs("an output that is mapped is changed in place")
def test_programs_go_on_when_their_image_is_replaced():
    file("wait.wat", """(module
      (import "wasi_snapshot_preview1" "fd_read" (func $read (param i32 i32 i32 i32) (result i32)))
      (import "wasi_snapshot_preview1" "proc_exit" (func $exit (param i32)))
      (memory (export "memory") 1) (data (i32.const 0) "\\40\\00\\00\\00\\01\\00\\00\\00")
      (func $later (result i32) (i32.const 7))
      (func (export "_start") (drop (call $read (i32.const 0) (i32.const 0) (i32.const 1) (i32.const 16)))
        (call $exit (call $later))))""")
    wazuka("compile", "wait.wat").gives()
    child = subprocess.Popen([Setting.runtime, "run", "--allow-precompiled", "wait.cwasm"], stdin=subprocess.PIPE,
                             env=environment())
    file("empty.wat", "(module)")
    wazuka("compile", "-o", "wait.cwasm", "empty.wat").gives()
    child.communicate(b"x", timeout=60)
    assert child.returncode == 7


@differs("it has no interpreter for them")
def test_other_tiers_run_images():
    file("m.wat", HELLO)
    wazuka("compile", "m.wat").gives()
    for options in (["-C", "compiler=interpreter"], ["-C", "compiler=baseline"], ["-C", "tier-up"]):
        wazuka("run", "--allow-precompiled", *options, "m.cwasm").gives(stdout="hello\n")


@differs("it shows code only")
def test_objdump_shows_parts_and_module():
    file("m.wat", HELLO)
    wazuka("compile", "m.wat").gives()
    wazuka("parse", "-o", "m.wasm", "m.wat").gives()
    shown, module = wazuka("objdump", "m.cwasm").stdout, wazuka("objdump", "m.wasm").stdout
    assert shown.startswith(b"Image made by version ") and shown.endswith(b"The module in it:\n" + module), shown
    for part in (b".wazuka.functions ", b".text ", b".wazuka.memory "):
        assert b"\n  " + part in shown, shown
    wazuka("objdump", "-d", "m.cwasm").gives(stdout=wazuka("objdump", "-d", "m.wasm").stdout)
    file("x.cwasm", b"\x7fELF")
    wazuka("objdump", "x.cwasm").gives(
        stderr=error("failed deserialization for: x.cwasm", "the image is truncated"), code=1)
