#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Verifies the machine code of random modules and of mutations of the official suite (docs/verifier.md).

Nothing is run: every function is compiled by one of the compilers in several configurations (tools/machine_code.cc),
whether it would ever be called or not. What is rejected is either a mistake of the compiler or something that the verifier cannot prove yet; the
modules are kept in build/diff/found.
"""
import argparse
import os
import shutil
import subprocess
import sys
import time

import compare
import fuzz


class VerifyFuzzer(fuzz.Fuzzer):
    optimizing = False

    def compare_batch(self, paths):
        # Of both compilers, one batch each.
        if self.options.compiler == "both":
            self.optimizing = not self.optimizing
        else:
            self.optimizing = self.options.compiler == "optimizing"
        command = [self.options.program, "verify", "-"] + (["--optimizing"] if self.optimizing else [])
        done = subprocess.run(command, input="\n".join(paths) + "\n", capture_output=True, text=True,
                              timeout=self.options.timeout)
        lines = done.stdout.splitlines()
        self.counts["modules"] += len(paths)
        if done.returncode not in (0, 1) or not lines:
            self.keep(paths, f"the verifier died with status {done.returncode}: {done.stderr[-500:]}")
            return
        self.counts["functions"] += int(lines[-1].split(" functions")[0])
        for line in lines[:-1]:
            self.keep([path for path in paths if line.startswith(path)], line)

    def keep(self, paths, why):
        self.counts["differences"] += 1
        for path in paths:
            shutil.copy(path, self.found)
        print(f"REJECTED {why}", flush=True)


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("seconds", nargs="?", type=float, default=60)
    parser.add_argument("--compiler", choices=("baseline", "optimizing", "both"), default="both")
    parser.add_argument("--seed", type=int, default=int(time.time()))
    parser.add_argument("--program", default=os.path.join(compare.ROOT, "build", "release", "tests", "machine_code"))
    parser.add_argument("--timeout", type=float, default=300, help="seconds for one batch of modules")
    # What the fuzzer that runs modules also wants to know.
    parser.set_defaults(tier=["baseline"], no_wasmtime=True, fuel_exact=False)
    fuzzer = VerifyFuzzer(parser.parse_args())
    fuzzer.counts = dict(modules=0, functions=0, differences=0)
    start, number = time.monotonic(), 0
    while time.monotonic() - start < fuzzer.options.seconds:
        fuzzer.compare_batch(fuzzer.batch(number))
        number += 1
    counts = fuzzer.counts
    print(f"verify: {time.monotonic() - start:.0f} s, {counts['modules']} modules, {counts['functions']} functions of both "
          f"compilers in five configurations, {counts['differences']} rejected (seed {fuzzer.options.seed})")
    return 1 if counts["differences"] else 0


if __name__ == "__main__":
    sys.exit(main())
