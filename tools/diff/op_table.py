# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""src/wasm/opcodes.def as Python sees it, and the values that find the corners of each type."""
import os
import re
import struct
from dataclasses import dataclass

from wasm_writer import leb

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
ROW = re.compile(r'^OP\((\w+),\s*(0x\w+),\s*(0x\w+),\s*"([^"]+)",\s*(\w+),\s*(\w+),\s*"([^"]*)",\s*(\w+),\s*(.*)\)')


@dataclass
class Op:
    name: str
    text: str
    code: bytes
    feature: str
    imm: str
    params: str
    results: str
    category: str
    flags: str

    @property
    def traps(self):
        return "kTraps" in self.flags

    def number(self, word):
        found = re.search(word + r"\((\d+)\)", self.flags)
        return int(found.group(1)) if found else 0

    @property
    def nan_lane(self):
        """f or d if results may be NaNs whose bits engines choose; the lane of a v128 likewise."""
        exact = ("abs", "neg", "copysign", "reinterpret", "const", "load", "pmin", "pmax", "splat", "extract_lane",
                 "replace_lane", "eq", "ne", "lt", "gt", "le", "ge")
        what = self.text.split(".", 1)[1] if "." in self.text else ""
        if any(what == e or what.startswith(("reinterpret", "load")) for e in exact):
            return None
        if self.results in ("f", "d"):
            return self.results
        if self.results == "v":
            return {"f32x4": "f", "f64x2": "d"}.get(self.text.split(".")[0])
        return None


def read_table():
    ops = []
    with open(os.path.join(ROOT, "src", "wasm", "opcodes.def"), encoding="utf-8") as file:
        for line in file:
            row = ROW.match(line)
            if not row:
                continue
            name, prefix, code, text, feature, imm, signature, category, flags = row.groups()
            code, prefix = int(code, 16), int(prefix, 16)
            params, _, results = signature.partition(":")
            data = bytes([prefix]) + leb(code) if prefix else bytes([code])
            ops.append(Op(name, text, data, feature, imm, params, results, category, flags))
    return ops


I32 = [0, 1, 0xffffffff, 0x80000000, 0x7fffffff, 2, 31, 32, 33, 63, 64, 0x80, 0xff, 0x8000, 0xffff, 0x12345678, 0xfffffffe, 7]
I64 = [0, 1, 2**64 - 1, 2**63, 2**63 - 1, 2, 31, 32, 63, 64, 65, 0x80000000, 0x7fffffff, 0xffffffff, 0xffffffff80000000,
       0x100000000, 0x123456789abcdef0, 2**64 - 2, 0xff, 0x8000]
F32 = [0, 0x80000000, 0x3f800000, 0xbf800000, 0x7f800000, 0xff800000, 0x7fc00000, 0xffc00000, 0x7fa00000, 1, 0x80000001,
       0x7f7fffff, 0x3f000000, 0xbf000000, 0x3fc00000, 0x40200000, 0x4effffff, 0x4f000000, 0xcf000000, 0xcf000001,
       0x4f800000, 0x5effffff, 0x5f000000, 0xdf000000, 0x5f800000, 0x4b000001, 0xbf7fffff]
F64 = [0, 2**63, 0x3ff0000000000000, 0xbff0000000000000, 0x7ff0000000000000, 0xfff0000000000000, 0x7ff8000000000000,
       0xfff8000000000000, 0x7ff4000000000000, 1, 2**63 + 1, 0x7fefffffffffffff, 0x3fe0000000000000,
       0xbfe0000000000000, 0x3ff8000000000000, 0x4004000000000000, 0x41dfffffffc00000, 0x41dfffffffe00000,
       0x41e0000000000000, 0xc1e0000000000000, 0xc1e0000000200000, 0x41efffffffe00000, 0x41f0000000000000,
       0x43dfffffffffffff, 0x43e0000000000000, 0xc3e0000000000000, 0x43f0000000000000, 0x4330000000000001,
       0x36a0000000000000, 0x47efffffe0000000, 0xbfefffffffffffff]


def lanes(letter, *values):
    return int.from_bytes(struct.pack("<" + letter * len(values), *values), "little")


V128 = [
    0, 2**128 - 1, int.from_bytes(bytes(range(16)), "little"), lanes("B", *([0x80, 0x7f, 0xff, 1] * 4)),
    lanes("H", *([0x8000, 0x7fff, 0xffff, 1] * 2)), lanes("I", 0x80000000, 0x7fffffff, 0xffffffff, 1),
    lanes("Q", 2**63, 2**63 - 1), lanes("Q", 2**64 - 1, 1), lanes("I", 0x3f800000, 0x80000000, 0x7fc00000, 0x7f800000),
    lanes("I", 1, 0x7f7fffff, 0xbfc00000, 0x40200000), lanes("I", 0x4f000000, 0xcf000001, 0x4f800000, 0x5f000000),
    lanes("I", 0xff800000, 0, 0x7fa00000, 0xbf000000), lanes("Q", 0x3ff0000000000000, 0x7ff8000000000000),
    lanes("Q", 2**63, 0x7ff0000000000000), lanes("Q", 0x41e0000000000000, 0xc1e0000000200000),
    lanes("Q", 0xfff4000000000000, 0x43dfffffffffffff), lanes("H", *([0x8000] * 8)), lanes("B", *range(240, 256)),
    0x0123456789abcdeffedcba9876543210,
]

VALUES = {"i": I32, "I": I64, "f": F32, "d": F64, "v": V128}
SIZE = {"i": 4, "I": 8, "f": 4, "d": 8, "v": 16}
