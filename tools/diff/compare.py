# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Runs engines over lists of modules and compares what they print (module_digest.cc, wasmtime_digest.py)."""
import os
import subprocess
import sys
import tempfile

HERE = os.path.dirname(os.path.abspath(__file__))
ROOT = os.path.dirname(os.path.dirname(HERE))
PACKAGES = os.path.join(ROOT, "build", "python")  # where ./dev installs the wasmtime package

TRAP_STACK_OVERFLOW = "trap 0"
# The rest of a module is not compared once an engine has met a limit of its own: how deep calls go, and how much the
# collected heap holds.
OWN_LIMITS = (TRAP_STACK_OVERFLOW, "GC heap out of memory", "trap 15")


class Engine:
    """A command that reads paths and prints digests."""

    def __init__(self, name, command, environment=None):
        self.name, self.command = name, command
        self.environment = dict(os.environ, **(environment or {}))

    def run(self, paths, timeout, dump=None):
        """A list of lines for each path. An engine that dies or hangs says so in the lines of the module it was at."""
        results, rest = {}, list(paths)
        command = self.command + (["--dump", dump] if dump else [])
        while rest:
            with tempfile.TemporaryFile() as out:
                process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=out, stderr=subprocess.PIPE,
                                           env=self.environment)
                problem = "died"
                try:
                    _, errors = process.communicate("".join(p + "\n" for p in rest).encode(), timeout=timeout)
                except subprocess.TimeoutExpired:
                    process.kill()
                    _, errors = process.communicate()
                    problem = f"hung ({timeout} s)"
                out.seek(0)
                done, current, lines = 0, None, []
                for line in out.read().decode(errors="replace").splitlines():
                    if line.startswith("module "):
                        current, lines = line[7:], []
                    elif line == "end" and current is not None:
                        results[current] = lines
                        current = None
                        done += 1
                    else:
                        lines.append(line)
            if done == len(rest):
                break
            detail = errors.decode(errors="replace").strip().splitlines()
            if current is None and done == 0:
                sys.exit(f"{self.name}: {' '.join(command)} did not start: {' / '.join(detail[-5:])}")
            results[rest[done]] = lines + [f"{problem}: status {process.returncode}"] + ["# " + d for d in detail[-40:]]
            rest = rest[done + 1:]
        return results


def wasmtime_engine(fuel, rounds, memory_limit, nan_canonical=False):
    command = [sys.executable, os.path.join(HERE, "wasmtime_digest.py"), "--rounds", str(rounds), "--memory-limit",
               str(memory_limit), "--table-limit", "100000"]
    if fuel is not None:
        command += ["--fuel", str(fuel)]
    if nan_canonical:
        command.append("--nan-canonical")
    path = os.pathsep.join(p for p in (PACKAGES, os.environ.get("PYTHONPATH")) if p)
    return Engine("wasmtime", command, {"PYTHONPATH": path})


def wazuka_engine(program, tier, fuel, rounds, memory_limit, options=()):
    command = [program, "--rounds", str(rounds), "-W", "all-proposals", "-W", f"max-memory-size={memory_limit}",
               "-W", "max-table-elements=100000"]
    if fuel is not None:
        command += ["-W", f"fuel={fuel}"]
    if tier == "tiered":  # every function and every loop goes on in optimised code at once
        command += ["-C", "tier-up-budget=1,tier-up-in-background=n"]
    elif tier:
        command += ["-C", f"compiler={tier}"]
    if tier in ("optimizing", "cranelift", "tiered"):  # the verifier cannot follow all of it (docs/verifier.md)
        command += ["-C", "verify-code=n"]
    return Engine(f"wazuka {tier}" if tier else "wazuka", command + list(options))


def comparable(lines, with_fuel):
    """What must be equal: no messages, no fuel unless asked for."""
    for line in lines:
        if line.startswith("#") or (line.startswith("fuel ") and not with_fuel):
            continue
        if " error: " in line and not any(limit in line for limit in OWN_LIMITS):
            line = line[:line.index(" error: ") + 7]
        yield line


def is_nan(bits, width):
    exponent, fraction = (0x7f800000, 0x7fffff) if width == 32 else (0x7ff << 52, 2**52 - 1)
    return bits & exponent == exponent and bits & fraction != 0


def same_vector(a, b):
    """Whether two v128 differ only in which NaNs their lanes hold, as f32x4 or as f64x2."""
    for width in (32, 64):
        lanes = [(a >> at & (1 << width) - 1, b >> at & (1 << width) - 1) for at in range(0, 128, width)]
        if all(x == y or (is_nan(x, width) and is_nan(y, width)) for x, y in lanes):
            return True
    return False


def same_line(a, b):
    """Equal up to the bits of NaNs, which engines may choose."""
    if a == b:
        return True
    left, right = a.split(), b.split()
    return len(left) == len(right) and all(
        x == y or (x.startswith("v128:") and y.startswith("v128:") and same_vector(int(x[5:], 16), int(y[5:], 16)))
        for x, y in zip(left, right))


def same_reason(ours, theirs):
    """Wasmtime checks bounds and nulls of bulk instructions before it pays for them, Wazuka afterwards: if both would trap,
    the traps differ."""
    return ours.endswith(" trap 11") and theirs.endswith((" trap 1", " trap 3", " trap 13", " trap 14"))


def first_difference(a, b, with_fuel):
    """The first pair of lines that differ; None if there is no such pair that counts."""
    left, right = list(comparable(a, with_fuel)), list(comparable(b, with_fuel))
    for i in range(max(len(left), len(right))):
        x = left[i] if i < len(left) else "(nothing)"
        y = right[i] if i < len(right) else "(nothing)"
        if any(limit in line for line in (x, y) for limit in OWN_LIMITS):
            return None
        if same_reason(y, x):
            return None  # what follows may depend on it
        if not same_line(x, y):
            return x, y
    return None
