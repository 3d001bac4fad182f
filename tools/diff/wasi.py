#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Random sequences of WASI calls, in two runtimes: every errno and every result must be the same.

  tools/diff/wasi.py [--compare wasmtime] [--seed 1] [--count 100] [-v]

A sequence is a small text module that makes some dozens of calls on files below a fresh folder and prints errnos and
results; numbers that differ by nature (inodes, times that are now) are left out.
"""
import argparse
import os
import random
import subprocess
import sys
import tempfile
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))
import suite

OUT, PATH1, PATH2, BUFFER, RESULTS = 0x100, 0x400, 0x600, 0x800, 0x2000
SIGNATURES = {
    "path_open": "i i i i i I I i i", "fd_close": "i", "path_create_directory": "i i i", "path_remove_directory": "i i i",
    "path_unlink_file": "i i i", "path_rename": "i i i i i i", "path_link": "i i i i i i i", "path_symlink": "i i i i i",
    "path_readlink": "i i i i i i", "path_filestat_get": "i i i i i", "path_filestat_set_times": "i i i i I I i",
    "fd_filestat_get": "i i", "fd_filestat_set_size": "i I", "fd_filestat_set_times": "i I I i", "fd_fdstat_get": "i i",
    "fd_fdstat_set_flags": "i i", "fd_fdstat_set_rights": "i I I", "fd_write": "i i i i", "fd_read": "i i i i",
    "fd_pwrite": "i i i I i", "fd_pread": "i i i I i", "fd_seek": "i I i i", "fd_tell": "i i", "fd_renumber": "i i",
    "fd_advise": "i I I i", "fd_allocate": "i I I", "fd_sync": "i", "fd_datasync": "i", "fd_prestat_get": "i i",
    "fd_prestat_dir_name": "i i i", "fd_readdir": "i i i I i", "sock_shutdown": "i i", "sock_accept": "i i i",
    "proc_raise": "i", "clock_res_get": "i i", "poll_oneoff": "i i i i",
}


class Generator:
    """Writes one sequence of calls."""

    def __init__(self, seed):
        self.random = random.Random(seed)
        self.lines, self.said, self.calls = [], 0, []

    def pick(self, *values):
        return self.random.choice(values)

    def fd(self):
        return self.pick(3, 3, 3, 4, 5, 6, 7, 8, self.pick(0, 1, 2, 9, 10, 99))

    def path(self, at):
        parts = [self.pick("a", "b", "c", "d", "a", "b", "..", ".", "", "file", "dir", "link", "dlink", "out", "dangling")
                 for _ in range(self.pick(1, 1, 1, 2, 2, 3))]
        text = "/".join(parts) + self.pick("", "", "", "", "/", "//", "/.")
        if self.pick(*range(30)) == 0:
            text = self.pick("", "/", "/etc/passwd", "\\ff", "x" * 300)
        self.calls[-1:] = [f"{self.calls[-1]} '{text[:20]}'"]
        data = text.encode() if text != "\\ff" else b"\xff"
        for offset, byte in enumerate(data):
            self.lines.append(f"(i32.store8 (i32.const {at + offset}) (i32.const {byte}))")
        return at, len(data)

    def call(self, name, *arguments, outputs=()):
        types = SIGNATURES[name].split()
        shown = " ".join(f"({'i32' if t == 'i' else 'i64'}.const {a})" for t, a in zip(types, arguments, strict=True))
        self.lines.append(f"(memory.fill (i32.const {OUT}) (i32.const 0) (i32.const 512))")
        self.say(f"(i64.extend_i32_u (call ${name} {shown}))", f"{self.calls[-1]} {arguments}: errno")
        for load in outputs:
            self.say(load, f"{self.calls[-1]} {arguments}: {load}")

    def say(self, value, what):
        self.lines.append(f"(i64.store (i32.const {RESULTS + 8 * self.said}) {value})")
        self.labels = getattr(self, "labels", [])
        self.labels.append(what)
        self.said += 1

    def step(self):
        name = self.random.choice(list(SIGNATURES) + ["path_open"] * 10 + ["fd_write", "fd_read", "fd_seek"] * 2)
        self.calls.append(name)
        o32, o64 = f"(i64.load32_u (i32.const {OUT}))", f"(i64.load (i32.const {OUT}))"
        stat = [f"(i64.load8_u (i32.const {OUT + 16}))", f"(i64.load (i32.const {OUT + 24}))"]
        p = lambda at=PATH1: self.path(at)
        small = self.pick(0, 1, 2, 3, 5, 10, 100)
        wide = self.pick(0, 1, 2, 5, 100, 2**31, 2**40, 2**63 - 1, 2**64 - 1, 2**63)
        flags = self.pick(0, 0, 0, 1, 4, self.pick(2, 8, 16, 5))
        if name == "path_open":
            rights = self.pick(0, 2, 0x40, 0x42, 0x42, 0x1fffffff, 0x4000, 0x42 | 0x4000)
            oflags = self.pick(0, 0, 1, 1, 2, 3, 4, 5, 8, 9, 10, 13)
            self.call(name, self.fd(), self.pick(0, 1), *p(), oflags, rights, 0x1fffffff, flags, OUT, outputs=[o32])
        elif name in ("path_create_directory", "path_remove_directory", "path_unlink_file"):
            self.call(name, self.fd(), *p())
        elif name == "path_rename":
            self.call(name, self.fd(), *p(), self.fd(), *p(PATH2))
        elif name == "path_link":
            self.call(name, self.fd(), self.pick(0, 0, 1), *p(), self.fd(), *p(PATH2))
        elif name == "path_symlink":
            self.call(name, *p(), self.fd(), *p(PATH2))
        elif name == "path_readlink":
            self.call(name, self.fd(), *p(), OUT + 64, small, OUT, outputs=[o32, f"(i64.load (i32.const {OUT + 64}))"])
        elif name == "path_filestat_get":
            self.call(name, self.fd(), self.pick(0, 1), *p(), OUT, outputs=stat)
        elif name == "path_filestat_set_times":
            self.call(name, self.fd(), self.pick(0, 1), *p(), 10**18, 2 * 10**18, self.pick(0, 1, 2, 3, 4, 5, 8, 10, 12))
        elif name == "fd_filestat_get":
            self.call(name, self.fd(), OUT, outputs=[*stat, f"(i64.load (i32.const {OUT + 32}))"])
        elif name == "fd_filestat_set_size":
            self.call(name, self.fd(), self.pick(0, 1, 5, 100, 10**6, 2**63, 2**64 - 1))
        elif name == "fd_filestat_set_times":
            self.call(name, self.fd(), 10**18, 2 * 10**18, self.pick(0, 1, 2, 3, 4, 5, 8, 10, 12))
        elif name == "fd_fdstat_get":
            self.call(name, self.fd(), OUT, outputs=[o32, *(f"(i64.load (i32.const {OUT + n}))" for n in (8, 16))])
        elif name == "fd_fdstat_set_flags":
            self.call(name, self.pick(3, 4, 5, 6, 7, 8, 99), flags)
        elif name == "fd_fdstat_set_rights":
            self.call(name, self.fd(), self.pick(0, 2, 0x1fffffff), 0)
        elif name in ("fd_write", "fd_pwrite", "fd_read", "fd_pread"):
            # Wasmtime transfers the first buffer only, and reads nothing from standard input as an interruption.
            for n, (start, length) in enumerate([(BUFFER + 200, 0), (BUFFER, small or 1)]):
                self.lines.append(f"(i64.store (i32.const {0x80 + 8 * n}) (i64.const {length << 32 | start}))")
            offset = [self.pick(0, 1, 3, 100, 10**6, 2**63 - 200, 2**63, 2**64 - 1)] if "_p" in name else []
            fd = self.pick(3, 4, 5, 6, 7, 8, 99) if "write" in name else self.fd()
            self.call(name, fd, 0x80, 2, *offset, OUT,
                      outputs=[o32] + [f"(i64.load (i32.const {BUFFER}))"] * ("read" in name))
        elif name == "fd_seek":
            self.call(name, self.fd(), self.pick(0, 1, -1, 5, -5, 100, 2**62, -2**62, 2**63 - 1), self.pick(0, 1, 2), OUT, outputs=[o64])
        elif name == "fd_tell":
            self.call(name, self.fd(), OUT, outputs=[o64])
        elif name == "fd_renumber":
            self.call(name, self.pick(4, 5, 6, 7, 8, 99), self.pick(4, 5, 6, 7, 8, 3, 99))
        elif name == "fd_advise":
            self.call(name, self.fd(), wide, self.pick(0, 1, 100, 2**63 - 1, 2**64 - 1), self.pick(*range(6)))
        elif name == "fd_allocate":
            self.call(name, self.fd(), small, small)
        elif name in ("fd_sync", "fd_datasync", "fd_close"):
            self.call(name, self.pick(3, 4, 5, 6, 7, 8, 99) if name == "fd_close" and self.pick(0, 1) else self.fd() or 4)
        elif name == "fd_prestat_get":
            self.call(name, self.fd(), OUT, outputs=[o64])
        elif name == "fd_prestat_dir_name":
            self.call(name, self.fd(), OUT, small, outputs=[o64])
        elif name == "fd_readdir":
            size = self.pick(0, 10, 24, 4096)
            self.call(name, self.fd(), BUFFER + 512, size, self.pick(0, 0, 0, 1, 2, 99), OUT, outputs=[o32])
        elif name == "sock_shutdown":
            self.call(name, self.fd(), self.pick(1, 2, 3))
        elif name == "sock_accept":
            self.call(name, self.fd(), self.pick(0, 4), OUT)
        elif name == "proc_raise":
            self.call(name, self.pick(0, 6, 15))
        elif name == "clock_res_get":
            self.call(name, self.pick(2, 3), OUT)
        elif name == "poll_oneoff":
            kind, fd = self.pick(1, 2), self.pick(1, 2, 3, 4, 5, 6, 7, 8, 99)
            for n, value in enumerate([7, kind, fd, 0, 0, 0]):
                self.lines.append(f"(i64.store (i32.const {0x300 + 8 * n}) (i64.const {value}))")
            self.call(name, 0x300, OUT + 64, 1, OUT, outputs=[o32, *(f"(i64.load (i32.const {OUT + 64 + n}))" for n in (0, 8))])

    def module(self, steps):
        for _ in range(steps):
            self.step()
        imports = "".join(f'(import "wasi_snapshot_preview1" "{name}" (func ${name} (param '
                          f'{" ".join("i32" if t == "i" else "i64" for t in types.split())}) (result i32)))'
                          for name, types in SIGNATURES.items())
        end = (f"(i32.store (i32.const 0x80) (i32.const {RESULTS})) (i32.store (i32.const 0x84) (i32.const {8 * self.said}))"
               "(drop (call $fd_write (i32.const 1) (i32.const 0x80) (i32.const 1) (i32.const 0x90)))")
        return f'(module {imports} (memory (export "memory") 1) (func (export "_start") {" ".join(self.lines)} {end}))'


def outcome(command, text, folder):
    """The numbers that the module printed, or why it printed none."""
    box = Path(folder) / "box"
    (box / "dir/a").mkdir(parents=True)
    (box / "file").write_text("some text")
    (box / "dir/file").write_text("other")
    for name, target in (("link", "file"), ("dlink", "dir/"), ("out", "../outside"), ("dangling", "nowhere"), ("dir/b", "../file")):
        os.symlink(target, box / name)
    (Path(folder) / "outside").mkdir()
    module = Path(folder) / "m.wat"
    module.write_text(text)
    made = subprocess.run([*command, "run", "--dir", f"{box}::/", module], capture_output=True, timeout=60, stdin=subprocess.DEVNULL)
    numbers = [int.from_bytes(made.stdout[i:i + 8], "little") for i in range(0, len(made.stdout), 8)]
    return made.returncode, numbers, made.stderr.decode("utf-8", "replace")


def main():
    parser = argparse.ArgumentParser(formatter_class=argparse.RawDescriptionHelpFormatter, description=__doc__)
    parser.add_argument("--rt", default=str(suite.ROOT / "build/release/wazuka"))
    parser.add_argument("--compare", default="wasmtime", metavar="COMMAND")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--count", type=int, default=100)
    parser.add_argument("--steps", type=int, default=60)
    args = parser.parse_args()
    bad = 0
    for seed in range(args.seed, args.seed + args.count):
        generator = Generator(seed)
        text = generator.module(args.steps)
        results = []
        for command in (args.rt, args.compare):
            with tempfile.TemporaryDirectory(prefix="wasi-diff-") as folder:
                results.append(outcome([command], text, folder))
        ours, theirs = results
        if ours[:2] == theirs[:2]:
            continue
        bad += 1
        where = next((n for n, pair in enumerate(zip(ours[1], theirs[1])) if pair[0] != pair[1]), None)
        if where is None:
            print(f"seed {seed}: exit codes {ours[0]} and {theirs[0]}: {ours[2][:300]} | {theirs[2][:300]}")
        else:
            print(f"seed {seed}: {generator.labels[where]}: ours {ours[1][where]}, theirs {theirs[1][where]}")
    print(f"wasi diff: {args.count - bad} passed, {bad} failed")
    return 1 if bad else 0


if __name__ == "__main__":
    sys.exit(main())
