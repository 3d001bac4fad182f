#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Every instruction with every form of operand: the class behind most published miscompilations.

    ./dev fuzz matrix [--cases N] [--tier NAME]… [--ops WORD] [--seed N] [--no-wasmtime]

For each numeric, SIMD, wide and memory instruction of src/wasm/opcodes.def this makes functions in which each operand is a
constant, a local, a local that was just set, a load, a load of the last bytes of the memory (a folded load must not read
more), a global, the result of another instruction, of a call, of a block; with the values at the corners of its type; and
in which the result is stored, kept in a local, branched on, selected by, or widened. Constants meet constants in all
pairs. Addresses are made in as many ways, around both ends of 32-bit and 64-bit memories. All engines must leave the same
memories, return the same results and trap alike. NaNs are made canonical by the code itself.
"""
import argparse
import itertools
import os
import random
import shutil
import sys
import time

import compare
from op_table import SIZE, VALUES, read_table
from wasm_writer import END, TYPE_BYTES, ModuleWriter, const, leb, local_get, local_set, local_tee

LETTERS = "iIfdv"
LOAD = {"i": b"\x28\x02", "I": b"\x29\x03", "f": b"\x2a\x02", "d": b"\x2b\x03", "v": b"\xfd\x00\x04"}
STORE = {"i": b"\x36\x02", "I": b"\x37\x03", "f": b"\x38\x02", "d": b"\x39\x03", "v": b"\xfd\x0b\x04"}
FORMS = ("const", "local", "tee", "load", "load_end", "global", "result", "call", "block", "select")
CONSUMERS = {"i": ("store", "local", "widen", "if", "br_if", "eqz", "select", "br_table", "pressure"),
             "I": ("store", "local", "wrap", "eqz", "pressure"), "f": ("store", "local", "pressure"),
             "d": ("store", "local", "pressure"), "v": ("store", "local", "any_true", "pressure")}

# The memory of a module of batches: results of 16 bytes, then the values that operands are loaded from.
PAGES = 2
SLOTS = 4000
VALUES_AT = 0x10000
LAST = PAGES * 0x10000
LOCALS = 4  # of each type: operands 0…2, and one for results


def place(letter, i):
    """Where the i-th value of a type is in memory."""
    return VALUES_AT + LETTERS.index(letter) * 1024 + 16 * i


def local_of(letter, i):
    return LETTERS.index(letter) * LOCALS + i


def load(letter, address):
    return const("i", 0) + LOAD[letter] + leb(address)


class BatchModule:
    """Cases whose results are compared in memory."""

    def __init__(self):
        self.writer = ModuleWriter()
        self.writer.memory(PAGES, export=True)
        self.globals = {t: self.writer.global_(t) for t in LETTERS}
        self.identity = {t: self.writer.func(t, t, "", local_get(0)) for t in LETTERS}
        for letter in LETTERS:
            data = b"".join(v.to_bytes(SIZE[letter], "little").ljust(16, b"\0") for v in VALUES[letter])
            self.writer.data(0, place(letter, 0), data)
        self.cases, self.code, self.in_func = [], bytearray(), 0

    def add(self, description, code):
        self.cases.append(description)
        self.code += code
        self.in_func += 1
        if self.in_func == 24:
            self.flush()

    def flush(self):
        if not self.in_func:
            return
        letters = "".join(t * LOCALS for t in LETTERS)
        if len(self.writer.funcs) % 3 == 0:  # displacements of frames that need 32 bits
            letters += "I" * 40
        self.writer.func("", "", letters, self.code, export=True)
        self.code, self.in_func = bytearray(), 0

    def full(self):
        return len(self.cases) >= SLOTS


def operand(module, letter, i, value, form):
    """Code that must come before the instruction, and code that pushes the operand."""
    local = local_of(letter, i)
    bits = VALUES[letter][value]
    fetch = load(letter, place(letter, value))
    if form == "const":
        return b"", const(letter, bits)
    if form == "local":
        return fetch + local_set(local), local_get(local)
    if form == "tee":
        return b"", fetch + local_tee(local)
    if form == "load":
        return b"", fetch
    if form == "load_end":
        end = LAST - SIZE[letter]
        return const("i", 0) + fetch + STORE[letter] + leb(end), load(letter, end)
    if form == "global":
        index = leb(module.globals[letter])
        return fetch + b"\x24" + index, b"\x23" + index
    if form == "call":
        return b"", fetch + b"\x10" + leb(module.identity[letter])
    if form == "block":
        return b"", b"\x02" + bytes([TYPE_BYTES[letter]]) + fetch + END
    if form == "select":
        other = const(letter, 0)
        return b"", fetch + other + load("i", place("i", 1)) + b"\x1c\x01" + bytes([TYPE_BYTES[letter]])
    return b"", result_of_another(letter, value, fetch)


def result_of_another(letter, value, fetch):
    """An instruction that gives the value; an i32 comes from an i64 with other bits above."""
    if letter == "i":
        return load("I", place("i", value)) + const("I", 0xdeadbeef00000000) + b"\x84\xa7"
    if letter == "I":
        return fetch + const("I", 0x5555) + b"\x85" + const("I", 0x5555) + b"\x85"
    if letter == "f":
        return load("i", place("f", value)) + b"\xbe"
    if letter == "d":
        return load("I", place("d", value)) + b"\xbf"
    return fetch + b"\xfd\x4d\xfd\x4d"


def canonical(op, letter):
    """The code that makes NaNs on the stack canonical."""
    lane = op.nan_lane
    if lane is None:
        return b""
    temp = local_of(letter, LOCALS - 1)
    again = local_get(temp) + local_get(temp)
    if letter == "v":
        nan = 0x7fc00000 * (1 + 2**32 + 2**64 + 2**96) if lane == "f" else 0x7ff8000000000000 * (1 + 2**64)
        equal = b"\xfd\x41" if lane == "f" else b"\xfd\x47"
        return local_tee(temp) + const("v", nan) + again + equal + b"\xfd\x52"
    nan = 0x7fc00000 if letter == "f" else 0x7ff8000000000000
    return local_tee(temp) + const(letter, nan) + again + (b"\x5b" if letter == "f" else b"\x61") + b"\x1b"


def consume(letter, consumer, slot, code):
    """Stores what is observable about the result of `code` in the slot."""
    address, at = const("i", 0), leb(16 * slot)
    temp = local_of(letter, LOCALS - 1)
    if consumer == "local":
        return code + local_set(temp) + address + local_get(temp) + STORE[letter] + at
    if consumer == "pressure":
        # Values in registers while the instruction runs: more than there are.
        many = b"".join(load("I", place("I", k)) for k in range(14)) + b"".join(load("d", place("d", k)) for k in range(14))
        fold = b"".join(local_get(local_of("d", 0)) + b"\x63\x1a" for _ in range(14)) + b"\x85" * 13
        return (many + code + local_set(temp) + fold + local_set(local_of("I", 0)) + address + local_get(temp) +
                STORE[letter] + at + address + local_get(local_of("I", 0)) + b"\x37\x00" + leb(16 * slot + 8)
                if letter != "v" else many + code + local_set(temp) + fold + b"\x1a" + address + local_get(temp) +
                STORE[letter] + at)
    if consumer == "widen":
        return address + code + b"\xad" + STORE["I"] + at
    if consumer == "wrap":
        return address + code + b"\xa7" + STORE["i"] + at
    if consumer == "any_true":
        code, consumer = code + b"\xfd\x53", "if"
    if consumer == "if":
        return code + b"\x04\x40" + address + const("i", 1) + STORE["i"] + at + b"\x05" + address + const(
            "i", 2) + STORE["i"] + at + END
    if consumer == "eqz":
        test = b"\x45" if letter == "i" else b"\x50"
        return b"\x02\x40" + code + test + b"\x0d\x00" + address + const("i", 3) + STORE["i"] + at + END
    if consumer == "br_if":
        return b"\x02\x40" + code + b"\x0d\x00" + address + const("i", 4) + STORE["i"] + at + END
    if consumer == "select":
        return address + const("i", 111) + load("i", place("i", 3)) + code + b"\x1b" + STORE["i"] + at
    if consumer == "br_table":
        return (b"\x02\x40\x02\x40\x02\x40" + code + b"\x0e\x02\x00\x01\x02" + END + address + const("i", 5) + STORE["i"] +
                at + END + address + const("i", 6) + b"\x3a\x00" + leb(16 * slot + 4) + END)
    return address + code + STORE[letter] + at


class Generator:
    def __init__(self, options):
        self.options = options
        self.rng = random.Random(options.seed)
        wanted = ("Unary", "Binary", "Compare", "Ternary", "Wide", "ExtractLane", "ReplaceLane", "Shuffle", "Load", "Store",
                  "LoadLane", "StoreLane", "AtomicLoad", "AtomicStore", "AtomicRmw", "AtomicCmpxchg", "AtomicNotify",
                  "AtomicWait")
        self.ops = [op for op in read_table() if op.category in wanted and options.ops in op.text]
        self.consumers = itertools.count()

    def immediates(self, op):
        """All immediates of an instruction that are worth trying."""
        if op.imm == "Lane":
            return [bytes([lane]) for lane in range(op.number("lanes"))]
        if op.imm == "Shuffle":
            named = [range(16), range(16, 32), [0] * 16, [31] * 16, [15 - i for i in range(16)],
                     [i // 2 + 16 * (i % 2) for i in range(16)], [8 + i // 2 + 16 * (i % 2) for i in range(16)],
                     [4 * (i // 4) + 3 - i % 4 for i in range(16)], [(i + 5) % 32 for i in range(16)],
                     [2 * i for i in range(16)], [2 * i + 1 for i in range(16)]]
            return [bytes(p) for p in named] + [bytes(self.rng.randrange(32) for _ in range(16)) for _ in range(12)]
        return [b""]

    def combinations(self, op):
        """(forms, values) of the operands: all forms with some values each, and all pairs of constants."""
        rng, letters = self.rng, op.params
        count = self.options.cases
        if len(letters) == 1:
            values = range(len(VALUES[letters]))
            for form in FORMS:
                for value in values if count > 1 else rng.sample(values, 5):
                    yield (form,), (value,)
            return
        forms = list(itertools.product(FORMS, repeat=len(letters)))
        if len(letters) > 2:
            forms = rng.sample(forms, 60)
        for form in forms:
            for _ in range(count):
                yield form, tuple(rng.randrange(len(VALUES[t])) for t in letters)
        if len(letters) == 2 and (count > 1 or op.category == "Compare"):
            pairs = list(itertools.product(*(range(len(VALUES[t])) for t in letters)))
            for values in pairs if count > 1 else rng.sample(pairs, 60):
                yield rng.choice((("const", "const"), ("local", "const"), ("const", "local"))), values

    def batches(self):
        """Modules of cases that cannot trap."""
        module = BatchModule()
        for op in self.ops:
            if op.traps or op.number("access") or op.category == "Wide":
                continue
            for imm in self.immediates(op):
                for forms, values in self.combinations(op):
                    if imm and self.options.cases == 1 and self.rng.random() < 0.7:
                        continue
                    self.add_case(module, op, imm, forms, values)
                    if module.full():
                        module.flush()
                        yield module
                        module = BatchModule()
        module.flush()
        yield module

    def add_case(self, module, op, imm, forms, values):
        before, pushes = b"", b""
        for i, letter in enumerate(op.params):
            setup, push = operand(module, letter, i, values[i], forms[i])
            before += setup
            pushes += push
        letter = op.results
        kinds = CONSUMERS[letter]
        consumer = kinds[next(self.consumers) % len(kinds)]
        code = pushes + op.code + imm + canonical(op, letter)
        slot = len(module.cases)
        described = [f"{form} {VALUES[t][v]:#x}" for t, form, v in zip(op.params, forms, values)]
        module.add(f"{op.text} {imm.hex()} ({', '.join(described)}) -> {consumer}",
                   before + consume(letter, consumer, slot, code))

    def singles(self):
        """Modules whose cases are functions of their own, because they may trap or have several results."""
        module, cases = self.new_single(), []
        for op in self.ops:
            if op.number("access") or not (op.traps or op.category == "Wide"):
                continue
            for forms, values in self.combinations(op):
                before, pushes = b"", b""
                for i, letter in enumerate(op.params):
                    setup, push = operand(module, letter, i, values[i], forms[i])
                    before += setup
                    pushes += push
                module.writer.func("", op.results, "".join(t * LOCALS for t in LETTERS), before + pushes + op.code,
                                   export=True)
                described = [f"{form} {VALUES[t][v]:#x}" for t, form, v in zip(op.params, forms, values)]
                module.cases.append(f"{op.text} ({', '.join(described)})")
                if module.full():
                    yield module
                    module = self.new_single()
        yield module

    def new_single(self):
        module = BatchModule()
        module.cases.append("memory")  # export 0
        return module

    def accesses(self):
        """Modules of loads, stores and atomic operations around the ends of memories."""
        module = AccessModule()
        for op in self.ops:
            if not op.number("access"):
                continue
            for is64 in (False, True):
                for _ in range(12 * self.options.cases):
                    module.add(op, is64, self.rng)
                    if module.full():
                        yield module
                        module = AccessModule()
        yield module


class AccessModule:
    """One 32-bit and one 64-bit memory of one page, each full of a pattern."""

    FORMS = ("const", "local", "load", "result", "sum", "shift", "global", "call", "dropped_high")

    def __init__(self):
        self.writer = ModuleWriter()
        self.cases = ["memory", "memory"]
        pattern = bytes((i * 7 + (i >> 8) * 3 + 1) & 0xff for i in range(0x10000))
        for is64 in (False, True):
            index = self.writer.memory(1, is64, export=True)
            self.writer.data(index, 0, pattern, is64)
        self.writer.memory(1)  # addresses are loaded from it
        self.globals = {t: self.writer.global_(t) for t in "iI"}
        self.identity = {t: self.writer.func(t, t, "", local_get(0)) for t in "iI"}

    def full(self):
        return len(self.cases) >= SLOTS

    def address(self, letter, value, form):
        """(before, push, description)"""
        bits = 32 if letter == "i" else 64
        value &= (1 << bits) - 1
        slot = const("i", 16) + const("I", value | 0x6666666600000000 if letter == "i" else value)
        before = slot + b"\x37\x43\x02\x00"  # i64.store align=8 memory 2
        fetch = const("i", 16) + (b"\x28\x42\x02\x00" if letter == "i" else b"\x29\x43\x02\x00")
        add, sub_const = (b"\x6a", 12345) if letter == "i" else (b"\x7c", 12345)
        if form == "const":
            return b"", const(letter, value)
        if form == "local":
            return before + fetch + local_set(0), local_get(0)
        if form == "result":
            wide = const("i", 16) + b"\x29\x43\x02\x00"
            return before, wide + (b"\xa7" if letter == "i" else const("I", 0) + b"\x84")
        if form == "sum":
            return before + fetch + const(letter, -sub_const) + add + local_set(0), local_get(0) + const(
                letter, sub_const) + add
        if form == "shift" and value & 3 == 0:
            shr, shl = (b"\x76", b"\x74") if letter == "i" else (b"\x88", b"\x86")
            high = before + fetch + const(letter, 2) + shr + local_set(0)
            return high, local_get(0) + const(letter, 2) + shl
        if form == "global":
            return before + fetch + b"\x24" + leb(self.globals[letter]), b"\x23" + leb(self.globals[letter])
        if form == "call":
            return before, fetch + b"\x10" + leb(self.identity[letter])
        if form == "dropped_high" and letter == "i":  # 32-bit arithmetic that overflows
            return before + fetch + const("i", 0x80000000) + add + local_set(0), local_get(0) + const(
                "i", 0x80000000) + add
        return before, fetch

    def add(self, op, is64, rng):
        letter, memory, size = ("I", 1, op.number("access")) if is64 else ("i", 0, op.number("access"))
        atomic = op.category.startswith("Atomic")
        offsets = [0, 1, 4, size, 0xffff, 0x10000 - size, 0x10001 - size, 0x7fffffff, 0x80000000, 0xffffffff]
        if is64:
            offsets += [0x100000000, 2**63, 2**64 - 1, 2**64 - size]
        offset = rng.choice(offsets) if rng.random() < 0.7 else 0
        wanted = rng.choice((0, 1, 0x8000, 0x10000 - size, 0x10001 - size, 0xffff, 0x10000, 0x20000))
        base = wanted - offset if rng.random() < 0.7 else rng.choice((0, 1, 0xffff, 0x7fffffff, -1, -size, 0x10000 - size))
        if atomic and rng.random() < 0.8:
            base &= ~(size - 1)
            offset &= ~(size - 1)
        form = rng.choice(self.FORMS)
        before, push = self.address(letter, base, form)
        values = b""
        for t in op.params[1:]:
            values += const(t, rng.choice(VALUES[t])) if rng.random() < 0.5 else local_get({"i": 2, "I": 3, "f": 4, "d": 5,
                                                                                            "v": 6}[t])
        align = size.bit_length() - 1 if atomic else rng.randrange(size.bit_length())
        memarg = leb(align | (0x40 if memory else 0)) + (leb(memory) if memory else b"") + leb(offset)
        lane = bytes([rng.randrange(16 // size)]) if op.imm == "MemArgLane" else b""
        fill = b"".join(const(t, rng.choice(VALUES[t])) + local_set(i) for t, i in zip("iIfdv", range(2, 7)))
        self.writer.func("", op.results, letter + letter + "iIfdv", before + fill + push + values + op.code + memarg + lane,
                         export=True)
        self.cases.append(f"{op.text} memory{64 if is64 else 32} {form} base={base:#x} offset={offset:#x}")


class Matrix:
    def __init__(self, options):
        self.options = options
        self.folder = os.path.join(compare.ROOT, "build", "diff", f"matrix-{os.getpid()}")
        shutil.rmtree(self.folder, ignore_errors=True)
        os.makedirs(self.folder)
        limit = 64 << 20
        self.engines = [compare.wazuka_engine(options.program, tier, None, 1, limit) for tier in options.tier or [""]]
        if not options.no_wasmtime:
            self.engines.append(compare.wasmtime_engine(None, 1, limit))
        if len(self.engines) < 2:
            sys.exit("matrix: nothing to compare with: name a second --tier, or leave --no-wasmtime out")
        self.cases = self.differences = self.modules = 0

    def check(self, kind, module):
        path = os.path.join(self.folder, f"{kind}-{self.modules}.wasm")
        self.modules += 1
        with open(path, "wb") as out:
            out.write(module.writer.finish())
        dumps = [os.path.join(self.folder, f"dump{i}") for i in range(len(self.engines))]
        for dump in dumps:
            os.makedirs(dump, exist_ok=True)
        outputs = [engine.run([path], self.options.timeout, dump)[path] for engine, dump in zip(self.engines, dumps)]
        self.cases += len(module.cases)
        reference = list(compare.comparable(outputs[-1], False))
        if not any(line.startswith("call") for line in reference):
            if len(module.cases) > 2:
                self.fail(path, "no function was called", reference[:5])
            return
        for engine, output, dump in zip(self.engines[:-1], outputs, dumps):
            lines = list(compare.comparable(output, False))
            if lines == reference:
                continue
            found = []
            for ours, theirs in itertools.zip_longest(lines, reference, fillvalue="(nothing)"):
                if ours == theirs or ours.startswith("memory"):
                    continue
                index = int(theirs.split()[1]) if theirs.startswith("call") else -1
                what = module.cases[index] if kind != "batch" and index >= 0 else "?"
                found.append(f"{what}: {self.engines[-1].name} `{theirs}`, {engine.name} `{ours}`")
            if kind == "batch":
                found += self.slots(module, dump, dumps[-1])
            self.fail(path, engine.name, found or ["memories differ"])

    def slots(self, module, ours, theirs):
        with open(ours + "/0.bin", "rb") as a, open(theirs + "/0.bin", "rb") as b:
            ours, theirs = a.read(), b.read()
        for slot, case in enumerate(module.cases):
            x, y = ours[16 * slot:16 * slot + 16], theirs[16 * slot:16 * slot + 16]
            if x != y:
                yield f"{case}: {y[::-1].hex()}, but {x[::-1].hex()}"

    def fail(self, path, name, found):
        self.differences += len(found)
        keep = os.path.join(compare.ROOT, "build", "diff", "found")
        os.makedirs(keep, exist_ok=True)
        shutil.copy(path, keep)
        print(f"DIFFERENCE {name} in {os.path.basename(path)}: {len(found)} cases")
        for line in found[:20]:
            print("  " + line, flush=True)

    def run(self):
        start = time.monotonic()
        generator = Generator(self.options)
        for kind, modules in (("batch", generator.batches()), ("single", generator.singles()),
                              ("access", generator.accesses())):
            for module in modules:
                self.check(kind, module)
        shutil.rmtree(self.folder, ignore_errors=True)
        print(f"matrix: {' / '.join(e.name for e in self.engines)}: {len(generator.ops)} instructions, {self.cases} cases, "
              f"{self.differences} differences, {time.monotonic() - start:.0f} s (seed {self.options.seed})")
        return self.differences == 0


def main():
    parser = argparse.ArgumentParser(prog="./dev fuzz matrix")
    parser.add_argument("--cases", type=int, default=4, help="values for each combination of operand forms (1: quick)")
    parser.add_argument("--tier", action="append", help="a value of -C compiler, or `tiered`; may be repeated")
    parser.add_argument("--ops", default="", help="only instructions with this word in their names")
    parser.add_argument("--seed", type=int, default=int(time.time()))
    parser.add_argument("--timeout", type=float, default=300, help="seconds for a module in one engine")
    parser.add_argument("--no-wasmtime", action="store_true", help="compare Wazuka's tiers with each other only")
    parser.add_argument("--program", default=os.path.join(compare.ROOT, "build", "release", "tests", "module_digest"))
    sys.exit(0 if Matrix(parser.parse_args()).run() else 1)


if __name__ == "__main__":
    main()
