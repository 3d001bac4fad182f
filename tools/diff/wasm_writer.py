# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Writes WebAssembly binaries: just what the generators of this folder need."""

TYPE_BYTES = {"i": 0x7f, "I": 0x7e, "f": 0x7d, "d": 0x7c, "v": 0x7b}  # the letters of opcodes.def
END = b"\x0b"


def leb(value):
    out = bytearray()
    while True:
        byte = value & 0x7f
        value >>= 7
        if value == 0:
            out.append(byte)
            return bytes(out)
        out.append(byte | 0x80)


def sleb(value):
    out = bytearray()
    while True:
        byte = value & 0x7f
        value >>= 7
        if (value == 0 and not byte & 0x40) or (value == -1 and byte & 0x40):
            out.append(byte)
            return bytes(out)
        out.append(byte | 0x80)


def signed(value, bits):
    value &= (1 << bits) - 1
    return value - (1 << bits) if value >> (bits - 1) else value


def const(letter, bits):
    """The constant instruction with this bit pattern."""
    if letter == "i":
        return b"\x41" + sleb(signed(bits, 32))
    if letter == "I":
        return b"\x42" + sleb(signed(bits, 64))
    if letter == "f":
        return b"\x43" + bits.to_bytes(4, "little")
    if letter == "d":
        return b"\x44" + bits.to_bytes(8, "little")
    return b"\xfd\x0c" + bits.to_bytes(16, "little")


def local_get(index):
    return b"\x20" + leb(index)


def local_set(index):
    return b"\x21" + leb(index)


def local_tee(index):
    return b"\x22" + leb(index)


def vector(items):
    return leb(len(items)) + b"".join(items)


def section(number, content):
    return bytes([number]) + leb(len(content)) + content


def name(text):
    data = text.encode()
    return leb(len(data)) + data


class ModuleWriter:
    def __init__(self):
        self.types, self.funcs, self.memories, self.globals, self.exports = [], [], [], [], []
        self.bodies, self.datas = [], []

    def type_index(self, params, results):
        row = b"\x60" + vector([bytes([TYPE_BYTES[t]]) for t in params]) + vector(
            [bytes([TYPE_BYTES[t]]) for t in results])
        if row not in self.types:
            self.types.append(row)
        return self.types.index(row)

    def func(self, params, results, local_letters, code, export=False):
        """`code` without its end."""
        index = len(self.funcs)
        self.funcs.append(leb(self.type_index(params, results)))
        runs = []
        for letter in local_letters:
            if runs and runs[-1][1] == letter:
                runs[-1][0] += 1
            else:
                runs.append([1, letter])
        body = vector([leb(n) + bytes([TYPE_BYTES[t]]) for n, t in runs]) + bytes(code) + END
        self.bodies.append(leb(len(body)) + body)
        if export:
            self.exports.append(name(str(len(self.exports))) + b"\x00" + leb(index))
        return index

    def memory(self, pages, is64=False, export=False):
        index = len(self.memories)
        self.memories.append(bytes([5 if is64 else 1]) + leb(pages) + leb(pages))
        if export:
            self.exports.append(name(str(len(self.exports))) + b"\x02" + leb(index))
        return index

    def global_(self, letter):
        self.globals.append(bytes([TYPE_BYTES[letter], 1]) + const(letter, 0) + END)
        return len(self.globals) - 1

    def data(self, memory, offset, content, is64=False):
        where = const("I" if is64 else "i", offset) + END
        self.datas.append(leb(2) + leb(memory) + where + leb(len(content)) + content)

    def finish(self):
        return b"".join([
            b"\0asm\1\0\0\0", section(1, vector(self.types)), section(3, vector(self.funcs)),
            section(5, vector(self.memories)), section(6, vector(self.globals)), section(7, vector(self.exports)),
            section(10, vector(self.bodies)), section(11, vector(self.datas))])
