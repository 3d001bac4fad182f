#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Compares the cost of calls and instances through the C API: the same program (calls.c) on two shared libraries.

    bench/capi/run.py [--library FILE] [--other FILE] [--rounds N]

The other one is the shared object of the Python package `wasmtime` (bindings/python fetches it) unless one is given. Both
run alternately; the best of all rounds counts. Only ratios of one run are worth noting.
"""
import argparse
import os
import subprocess
import sys
import tempfile
import zipfile
from pathlib import Path

NAME = "libwazuka.so"  # by which the program finds either of them
ROOT = Path(__file__).resolve().parent.parent.parent
sys.path.insert(0, str(ROOT / "bindings/python"))
import run_tests as package  # noqa: E402


def official(cache, folder):
    with zipfile.ZipFile(package.fetch(cache, "wheel", "--only-binary", ":all:")) as archive:
        name = next(n for n in archive.namelist() if n.endswith("_libwasmtime.so"))
        path = folder / "official.so"
        path.write_bytes(archive.read(name))
        return path


def measure(program, library, folder):
    """{case: nanoseconds} of one run."""
    place = folder / library.stem
    place.mkdir(exist_ok=True)
    link = place / NAME
    if not link.exists():
        link.symlink_to(library.resolve())
    done = subprocess.run([program], env={**os.environ, "LD_LIBRARY_PATH": str(place)}, stdout=subprocess.PIPE, text=True,
                          check=True)
    return {name: float(ns) for name, ns in (line.split() for line in done.stdout.splitlines())}


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--library", type=Path, default=ROOT / "build/release/libwazuka.so")
    parser.add_argument("--other", type=Path)
    parser.add_argument("--cache", type=Path, default=Path.home() / ".cache/wazuka/python")
    parser.add_argument("--rounds", type=int, default=3)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="wazuka-bench-") as scratch:
        folder = Path(scratch)
        other = options.other or official(options.cache, folder)
        program = folder / "calls"
        (folder / NAME).symlink_to(options.library.resolve())
        subprocess.run(["cc", "-O2", "-std=c11", "-D_GNU_SOURCE", f"-I{ROOT}/include", Path(__file__).with_name("calls.c"),
                        f"-L{folder}", "-lwazuka", "-o", program], check=True)
        best = [{}, {}]
        for _ in range(options.rounds):
            for i, library in enumerate([options.library, other]):
                for name, ns in measure(program, library, folder).items():
                    best[i][name] = min(ns, best[i].get(name, ns))
    print(f"{'case':16} {'ours':>10} {'other':>10}  ratio")
    for name, ns in best[0].items():
        print(f"{name:16} {ns:10.1f} {best[1][name]:10.1f}  {ns / best[1][name]:.2f}")


if __name__ == "__main__":
    main()
