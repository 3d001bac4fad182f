# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""The cache of compiled code: that runs use it, and that nothing depends on it."""
import os
import pathlib
import re
import resource
import subprocess

from harness import Setting, differs, environment, error, file, wazuka

FUNCTIONS = 400
HIT, STORED = b"found the entry", b"stored the entry"


def module(seed=0):
    """A module that is large enough for the cache; its result depends on the seed."""
    step = """(local.set 0 (i64.xor (i64.rotl (local.get 0) (i64.const 7)) (i64.add (local.get 1) (i64.const {}))))
              (local.set 1 (i64.mul (i64.add (local.get 1) (local.get 0)) (i64.const {})))"""
    body = "\n".join(step.format(i + 3, 2 * i + 1) for i in range(8))
    functions = "\n".join(f"(func $f{i} (param i64 i64) (result i64) {body} (local.get 0))" for i in range(FUNCTIONS))
    calls = "\n".join(f"(local.set 0 (call $f{i} (local.get 0) (i64.const {i + seed})))" for i in range(FUNCTIONS))
    return f"""(module (memory 2) (data (i32.const 0) "{'x' * 100_000}")
      {functions}
      (func (export "f") (result i64) (local i64) {calls} (local.get 0)))"""


def write_module(name="m.wasm", seed=0):
    file("m.wat", module(seed))
    wazuka("parse", "-o", name, "m.wat").gives()
    assert pathlib.Path(name).stat().st_size > 128 << 10


def run(*options, folder="cache", name="m.wasm", env=None, **streams):
    home = {"XDG_CACHE_HOME": str(pathlib.Path(folder).absolute()), "XDG_CONFIG_HOME": "/nonexistent",
            "WAZUKA_LOG": "wazuka_cache=debug", **(env or {})}
    return wazuka("--invoke", "f", *options, name, env=home, **streams)


def entries(folder="cache/wazuka"):
    return sorted(p for p in pathlib.Path(folder).iterdir() if p.name != "cleaned")


@differs("its entries are others")
def test_the_second_run_has_the_code_of_the_first():
    write_module()
    for options in ([], ["-C", "compiler=cranelift"], ["-C", "tier-up=n"], ["-W", "fuel=1000000"]):
        count = len(entries()) if os.path.exists("cache/wazuka") else 0
        first = run(*options)
        first.expect(first.code == 0 and STORED in first.stderr and HIT not in first.stderr, "a new entry")
        second = run(*options)
        second.expect(HIT in second.stderr and STORED not in second.stderr, "the entry to be found")
        assert first.stdout == second.stdout != b""
        assert len(entries()) == count + 1
    assert os.stat("cache/wazuka").st_mode & 0o777 == 0o700


@differs("its entries are others")
def test_what_is_not_kept():
    write_module()
    for options in (["-C", "cache=n"], ["--deterministic"], ["-C", "compiler=interpreter"], ["-C", "lazy=n"]):
        made = run(*options)
        made.expect(made.code == 0 and b"entry" not in made.stderr, "no entry")
    file("small.wat", '(module (func (export "f")))')
    run(name="small.wat").gives()
    assert not os.path.exists("cache")


@differs("its entries are others")
def test_other_modules_have_other_entries():
    write_module()
    write_module("n.wasm", seed=1)
    results = [run(name=name).stdout for name in ("m.wasm", "n.wasm", "m.wasm", "n.wasm")]
    assert results[0] == results[2] != results[1] == results[3]
    assert len(entries()) == 2


@differs("its entries are others")
def test_damaged_entries_are_replaced():
    write_module()
    expected = run().stdout
    entry, = entries()
    image = entry.read_bytes()
    foreign = bytearray(image)
    binary = pathlib.Path("m.wasm").read_bytes()
    foreign[image.index(binary) + len(binary) - 50] ^= 1  # in the data segment
    code = bytearray(image)
    shown = wazuka("objdump", entry).stdout.decode()
    code[int(re.search(r"\.text +0x([0-9a-f]+)", shown)[1], 16)] ^= 0xff
    for damaged, why in ((b"", b"not an ELF file"), (image[:500], b"truncated"), (image[:-4096], b"truncated"),
                         (b"\x7fELF" + bytes(len(image)), b"not an image"), (bytes(foreign), b"of another module"),
                         (bytes(code), b"was altered"), (image[:300] + b"\xff" * 50 + image[350:], b"was altered")):
        entry.write_bytes(damaged)
        made = run()
        made.expect(made.code == 0 and made.stdout == expected and why in made.stderr and STORED in made.stderr,
                    f"{why} and a new entry")
        assert entry.read_bytes() == image
    made = run()
    made.expect(HIT in made.stderr, "the entry to be found")


@differs("its entries are others")
def test_hosts_that_refuse():
    write_module()
    expected = run("-C", "cache=n").stdout
    file("a-file", "")
    os.mkdir("others", 0o777)
    os.mkdir("others/wazuka")
    os.chmod("others/wazuka", 0o777)

    def works(folder, env=None, **streams):
        made = run(folder=folder, env=env, **streams)
        made.expect(made.code == 0 and made.stdout == expected and STORED not in made.stderr, "a run without a cache")

    works("a-file")
    works("/dev/null")
    works("others")
    assert os.listdir("others/wazuka") == []
    works("", env={"XDG_CACHE_HOME": "", "HOME": ""})
    if os.geteuid() != 0:
        os.mkdir("fixed", 0o500)
        works("fixed")
    works("full", preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (50_000, 50_000)),
          env={"WAZUKA_LOG": "off"})
    assert not os.path.exists("full/wazuka") or entries("full/wazuka") == []


@differs("its entries are others")
def test_many_first_runs_at_once():
    write_module()
    expected = run("-C", "cache=n").stdout
    env = environment({"XDG_CACHE_HOME": os.path.abspath("cache"), "XDG_CONFIG_HOME": "/nonexistent"})
    command = [Setting.runtime, "--invoke", "f", "m.wasm"]
    for _ in range(2):
        runs = [subprocess.Popen(command, env=env, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL) for _ in range(60)]
        for child in runs:
            assert child.communicate(timeout=120)[0] == expected and child.returncode == 0
        assert len(entries()) == 1
    made = run()
    made.expect(HIT in made.stderr and made.stdout == expected, "the entry to be found")


@differs("its entries are others")
def test_configuration():
    write_module()
    there = os.path.abspath("there")
    file("c.toml", f'[cache]\ndirectory = "{there}"\ncleanup-interval = "0s"\nfiles-total-size-soft-limit = "2M"\n'
                   'files-total-size-limit-percent-if-deleting = "60%"\n')
    run("-C", "cache-config=c.toml").expect(len(entries("there")) == 1, "an entry there")
    assert not os.path.exists("cache")
    old, = entries("there")
    file("there/x.cwasm.new-1-1", "left by a writer")
    os.utime("there/x.cwasm.new-1-1", (0, 0))
    os.rename(old, "there/old.cwasm")
    with open("there/old.cwasm", "ab") as f:
        f.truncate(2 << 20)
    os.utime("there/old.cwasm", (1, 1))
    run("-C", "cache-config=c.toml")
    names = [p.name for p in entries("there")]
    assert names == [old.name], (names, old.name, old.stat().st_size if old.exists() else None)
    file("home/wazuka/config.toml", f'[cache]\ndirectory = "{os.path.abspath("elsewhere")}"\n')
    run(env={"XDG_CONFIG_HOME": os.path.abspath("home")})
    assert len(entries("elsewhere")) == 1
    for line, key in (('directory = "relative"', "directory"), ('cleanup-interval = "soon"', "cleanup-interval"),
                      ('files-total-size-soft-limit = "1X"', "files-total-size-soft-limit"),
                      ('file-count-limit-percent-if-deleting = "101%"', "file-count-limit-percent-if-deleting")):
        file("bad.toml", f"[cache]\n{line}\n")
        value = line.split('"')[1]
        run("-C", "cache-config=bad.toml").gives(
            stderr=error("failed to parse config file: bad.toml", f"invalid value `{value}` of the key `{key}`"), code=1)
