# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Machine code to look at: `objdump --code`, `explore`, `-C verify-code`, `-C cpu`, and the files of `--profile`.

The command that users get may have no disassembler; the one beside it, wazuka-verify, has.
"""
import contextlib
import glob
import html.parser
import os
import pathlib
import re
import struct
import subprocess

from harness import RETURNS, Setting, Skip, differs, environment, error, file, wazuka

MODULE = """(module $m
  (func $double (param i32) (result i32) (i32.mul (local.get 0) (i32.const 2)))
  (func $<odd> (export "f") (result i32) (call $double (i32.const 21))))"""
DOUBLE = """\
func[0] $double (type 0) (param i32) (result i32):
  20 bytes, frame of 48 bytes
       0: push rbp
       1: mov rbp, rsp
       4: sub rsp, 0x30
       b: mov [rbp-0x8], r14
  ;; 000025  local.get 0
  ;; 000027  i32.const 2
  ;; 000029  i32.mul
       f: lea eax, [rdi+rdi*1]
  ;; 00002a  end
      12: leave
      13: ret
"""
NO_DISASSEMBLER = ("needs a disassembler, which this build does not have (`wazuka-verify`, built beside it where Zydis is "
                   "installed, does)")


@contextlib.contextmanager
def disassembler():
    """Runs what is inside with a command that has one; skips the rest of the test if there is none."""
    plain = Setting.runtime
    file("probe.wat", "(module (func))")
    for command in (plain, plain + "-verify"):
        Setting.runtime = command
        try:
            if os.path.exists(command) and wazuka("objdump", "--code", "probe.wat").code == 0:
                yield
                return
        finally:
            Setting.runtime = plain
    raise Skip("no command has a disassembler: libzydis-dev is not installed")


@differs("it shows precompiled modules")
def test_objdump_code():
    file("m.wat", MODULE)
    with disassembler():
        wazuka("objdump", "--code", "-C", "cpu=x86-64-v2,tier-up=n", "m.wat", "--filter", "double").gives(stdout=DOUBLE)
        wazuka("objdump", "--code", "-C", "cpu=x86-64-v2,tier-up=n", "m.wat", "--filter", "0").gives(stdout=DOUBLE)
        shown = wazuka("objdump", "--code", "-C", "tier-up=n", "--bytes", "--addrmap=false", "--filter", "double", "m.wat")
        shown.expect(shown.code == 0 and b";;" not in shown.stdout, "no wasm text")
        shown.expect(re.search(rb"\n +0: 55 +push rbp\n", shown.stdout), "bytes before the instruction")
        shown.expect(shown.stdout.count(b"func[") == 1, "one function")
        everything = wazuka("objdump", "--code", "m.wat")
        everything.expect(everything.stdout.count(b"func[") == 2 and b"; function 0\n" in everything.stdout,
                          "both functions, and which one is called")
        everything.expect(re.search(rb";; 0000[0-9a-f]{2}  call \$double\n", everything.stdout), "the text of the module")
        wazuka("objdump", "--code", "--filter", "nothing", "m.wat").gives(
            stderr=error("no function `nothing` in the module"), code=1)
        wazuka("objdump", "--code", "-C", "compiler=interpreter", "m.wat").gives(
            stderr=error("`objdump --code` needs a compiler, and `-C compiler=interpreter` has none"), code=1)
        refused = wazuka("objdump", "--code", "--traps=maybe", "m.wat")
        refused.expect(refused.code == 2 and b"invalid value 'maybe' for '--traps" in refused.stderr, "a usage error")


@differs("it shows precompiled modules")
def test_objdump_code_says_where_traps_and_references_are():
    file("m.wat", """(module (memory 1) (type $s (struct)) (tag $t)
      (func $f (param (ref $s)) (result anyref)
        (block $h (try_table (catch $t $h) (drop (struct.new $s)) (drop (i32.load (i32.const 0))) (throw $t)))
        (local.get 0)))""")
    with disassembler():
        plain = wazuka("objdump", "--code", "m.wat").stdout
        assert b"; trap: out of bounds memory access\n" in plain and b"references in" not in plain, plain
        assert b"catch" not in wazuka("objdump", "--code", "--addrmap=false", "m.wat").stdout
        more = wazuka("objdump", "--code", "--traps=false", "--stack-maps", "--exception-tables", "m.wat").stdout
        assert b"trap:" not in more and b"references in cells 0" in more and b"catch at 0x" in more, more
        explicit = wazuka("objdump", "--code", "-O", "signals-based-traps=n", "m.wat").stdout
        assert b"sub r11, 0x4" in explicit and b"sub r11, 0x4" not in plain, explicit


class Page(html.parser.HTMLParser):
    """The places of each side of an `explore` page, and its text."""

    def __init__(self, page):
        super().__init__()
        self.sides = {"wasm": [], "code": []}
        self.side = None
        self.text = ""
        self.foreign = []  # what would be loaded from elsewhere
        self.feed(page)

    def handle_starttag(self, tag, attributes):
        attributes = dict(attributes)
        if attributes.get("id") in self.sides:
            self.side = attributes["id"]
        if "data-at" in attributes:
            self.sides[self.side].append(int(attributes["data-at"], 16))
        self.foreign += [value for key, value in attributes.items() if key in ("src", "href")]

    def handle_data(self, data):
        self.text += data


@differs("its page is another")
def test_explore():
    file("dir/m.x.wat", MODULE)
    with disassembler():
        wazuka("explore", "dir/m.x.wat").gives(stdout="Exploration written to m.x.explore.html\n")
        page = Page(pathlib.Path("m.x.explore.html").read_text())
        binary = wazuka("parse", "dir/m.x.wat").stdout
        assert page.sides["wasm"] == sorted(set(page.sides["wasm"])), page.sides
        assert set(page.sides["code"]) <= set(page.sides["wasm"]) and page.sides["code"], page.sides
        call = next(at for at in page.sides["wasm"] if binary[at:at + 2] == b"\x10\x00")
        assert call in page.sides["code"], (call, page.sides)
        assert not page.foreign, page.foreign
        assert "push rbp" in page.text and "$<odd>" in page.text and "i32.mul" in page.text, page.text[-2000:]
        wazuka("explore", "-o", "out.html", "dir/m.x.wat").gives(stdout="Exploration written to out.html\n")
        assert pathlib.Path("out.html").read_bytes() == pathlib.Path("m.x.explore.html").read_bytes()
        wazuka("explore", "missing.wat").gives(
            stderr=error('failed to open wasm module "missing.wat"', "No such file or directory (os error 2)"), code=1)


@differs("it always has one")
def test_commands_without_a_disassembler_say_so():
    file("m.wat", MODULE)
    if wazuka("objdump", "--code", "m.wat").code == 0:
        raise Skip("this one has it")
    for arguments, what in ((["objdump", "--code", "m.wat"], "`objdump --code`"), (["explore", "m.wat"], "`explore`"),
                            (["-C", "verify-code", "m.wat"], "the option `-C verify-code`")):
        wazuka(*arguments).gives(stderr=error(f"{what} {NO_DISASSEMBLER}"), code=1)
    wazuka("-C", "verify-code=n", "--invoke", "f", "m.wat").gives(stdout="42\n", stderr=RETURNS)
    assert not glob.glob("*.html")


@differs("it has no such option")
def test_verified_code_runs():
    file("m.wat", MODULE)
    with disassembler():
        for more in ([], ["-C", "lazy=n"], ["-O", "signals-based-traps=n"]):
            wazuka("-C", "verify-code", *more, "--invoke", "f", "m.wat").gives(stdout="42\n", stderr=RETURNS)


@differs("it has no such option")
def test_cpu():
    file("m.wat", MODULE)
    for cpu in ("host", "x86-64", "x86-64-v2"):
        wazuka("-C", f"cpu={cpu}", "--invoke", "f", "m.wat").gives(stdout="42\n", stderr=RETURNS)
    for cpu in ("x86-64-v5", "x86-64-", "avx", ""):
        wazuka("-C", f"cpu={cpu}", "m.wat").gives(code=1, stderr=error(
            f"unknown processor `{cpu}`, only host,x86-64,x86-64-v2,x86-64-v3,x86-64-v4 accepted"))


def run_with_profile(strategy, *arguments):
    """Runs m.wat; answers its process id."""
    command = [Setting.runtime, "--profile", strategy, *arguments, "--invoke", "f", "m.wat"]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=environment())
    out, err = process.communicate(timeout=60)
    assert (process.returncode, out) == (0, b"42\n"), (process.returncode, out, err)
    return process.pid


@differs("it knows more code")
def test_perf_map():
    file("m.wat", MODULE)
    for more in ([], ["-C", "lazy=n"]):
        path = pathlib.Path(f"/tmp/perf-{run_with_profile('perfmap', *more)}.map")
        lines = path.read_text().splitlines()
        path.unlink()
        functions = {}
        for line in lines:
            start, size, name = line.split(" ", 2)
            functions[name] = range(int(start, 16), int(start, 16) + int(size, 16))
        assert set(functions) == {"double", "<odd>"}, lines
        double, odd = functions["double"], functions["<odd>"]
        assert len(double) > 8 and len(odd) > 8 and (double.stop <= odd.start or odd.stop <= double.start), lines


def records(dump):
    """(kind, contents) of each record of a jitdump file, and its header."""
    magic, version, size, machine, _, pid, _, flags = struct.unpack_from("<IIIIIIQQ", dump)
    assert (magic, version, size, machine, flags) == (0x4a695444, 1, 40, 62, 0), dump[:40]
    at, found, before = size, [], 0
    while at < len(dump):
        kind, length, time = struct.unpack_from("<IIQ", dump, at)
        assert length >= 16 and at + length <= len(dump) and time >= before, (at, length)
        found.append((kind, dump[at + 16:at + length]))
        at, before = at + length, time
    return pid, found


@differs("it knows more code")
def test_jit_dump():
    file("m.wat", MODULE)
    pid = run_with_profile("jitdump", "-C", "cpu=x86-64-v2,tier-up=n")
    named, found = records(pathlib.Path(f"jit-{pid}.dump").read_bytes())
    assert named == pid
    assert [kind for kind, _ in found] == [2, 0, 2, 0], found
    loaded = {}
    for (_, lines), (_, load) in zip(found[::2], found[1::2]):
        owner, thread, address, code_address, size, index = struct.unpack_from("<IIQQQQ", load)
        name, code = load[40:].split(b"\0", 1)
        assert owner == pid and thread == pid and address == code_address and index == len(loaded)
        assert len(code) == size and code.startswith(b"\x55"), code  # push rbp
        line_address, count = struct.unpack_from("<QQ", lines)
        assert line_address == address
        at, places = 16, []
        for _ in range(count):
            place, offset, discriminator = struct.unpack_from("<QII", lines, at)
            end = lines.index(b"\0", at + 16)
            assert lines[at + 16:end] == b"m.wasm" and discriminator == 0, lines[at:end]
            places.append((place - address, offset))
            at = end + 1
        assert at == len(lines) and places == sorted(places) and places[-1][0] < size, places
        loaded[name] = places
    assert set(loaded) == {b"double", b"<odd>"}, loaded
    binary = wazuka("parse", "m.wat").stdout
    assert 0x10 in [binary[offset] for _, offset in loaded[b"<odd>"]], loaded  # the call
    assert 0x6c in [binary[offset] for _, offset in loaded[b"double"]], loaded  # i32.mul


@differs("it has it")
def test_profiles_that_are_not_there_yet():
    file("m.wat", MODULE)
    for strategy, name in (("guest", "guest"), ("guest,out.json,1ms", "guest"), ("vtune", "vtune"), ("pulley", "pulley")):
        wazuka("--profile", strategy, "m.wat").gives(
            stderr=error(f"the option `--profile {name}` is not supported yet by this build"), code=1)
    wazuka("--profile", "perfmap", "-C", "compiler=interpreter", "m.wat").gives(code=1, stderr=error(
        "the option `--profile` needs a compiler, and `-C compiler=interpreter` has none"))


@differs("it follows links")
def test_profiles_write_to_no_file_of_another_name():
    file("m.wat", MODULE)
    file("victim", "untouched")
    # The process id is not known before: a shell makes the link and becomes the command.
    script = 'ln -s victim jit-$$.dump && exec "$0" --profile jitdump m.wat'
    made = subprocess.run(["sh", "-c", script, Setting.runtime], capture_output=True, env=environment(), timeout=60)
    assert made.returncode == 1 and b"failed to create the profile `jit-" in made.stderr, made
    assert pathlib.Path("victim").read_text() == "untouched"
