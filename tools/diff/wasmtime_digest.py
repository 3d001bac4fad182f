#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""What modules do when Wasmtime runs them: the same lines as module_digest.cc, by way of the `wasmtime` package's C API.

    wasmtime_digest.py [--fuel N] [--rounds N] [--memory-limit BYTES] [--dump FOLDER] < list-of-files
"""
import argparse
import ctypes
import struct
import sys
import zlib

import wasmtime
from wasmtime import _bindings as c

# The same lists are in module_digest.cc.
INTS = [0, 1, 0xffffffffffffffff, 0x7fffffff, 0x80000000, 7, 0x100, 0xffff8000, 0x7fffffffffffffff, 0x8000000000000000,
        0x12345678, 0xdeadbeef, 31, 64, 0xffff]
F32 = [0, 0x80000000, 0x3f800000, 0xbf800000, 0x7f800000, 0xff800000, 0x7fc00000, 0x00000001, 0x7f7fffff, 0x4f000000,
       0xcf000001, 0x40490fdb, 0x5f000000, 0x3effffff]
F64 = [0, 0x8000000000000000, 0x3ff0000000000000, 0xbff0000000000000, 0x7ff0000000000000, 0xfff0000000000000,
       0x7ff8000000000000, 0x0000000000000001, 0x7fefffffffffffff, 0x41e0000000000000, 0xc1e0000000200000,
       0x400921fb54442d18, 0x43e0000000000000, 0x3fdfffffffffffff]

# Kinds of wasmtime_valtype_t, of its heap types, and of wasmtime_val_t.
TYPE_I32, TYPE_I64, TYPE_F32, TYPE_F64, TYPE_V128, TYPE_REF = range(6)
HEAP_EXTERN, HEAP_NOEXTERN, HEAP_FUNC, HEAP_CONCRETE_FUNC, HEAP_NOFUNC = range(5)
HEAP_EXN, HEAP_CONCRETE_EXN, HEAP_NOEXN = range(13, 16)
I32, I64, FLOAT32, FLOAT64, V128, FUNCREF, EXTERNREF, ANYREF, EXNREF = range(9)
EXTERN_FUNC, EXTERN_GLOBAL, EXTERN_TABLE, EXTERN_MEMORY, EXTERN_SHARED, EXTERN_TAG = range(6)


def engine_with(fuel, nan_canonical):
    config = wasmtime.Config()
    config.cranelift_opt_level = "none"
    for feature in ("threads", "tail_call", "reference_types", "simd", "bulk_memory", "multi_value", "multi_memory",
                    "memory64", "relaxed_simd", "relaxed_simd_deterministic", "exceptions", "function_references", "gc",
                    "wide_arithmetic", "custom_page_sizes"):
        setattr(config, "wasm_" + feature, True)
    config.shared_memory = True
    config.gc_support = True
    config.consume_fuel = fuel is not None
    config.cranelift_nan_canonicalization = nan_canonical
    return wasmtime.Engine(config)


def ref_kind(ref):
    heap = ref.heaptype.kind
    if heap in (HEAP_FUNC, HEAP_CONCRETE_FUNC, HEAP_NOFUNC):
        return FUNCREF
    if heap in (HEAP_EXTERN, HEAP_NOEXTERN):
        return EXTERNREF
    return EXNREF if heap in (HEAP_EXN, HEAP_CONCRETE_EXN, HEAP_NOEXN) else ANYREF


def fill_argument(val, valtype, seed):
    """False if there is no value that all engines can make."""
    kind = valtype.kind
    raw = ctypes.cast(ctypes.pointer(val.of), ctypes.POINTER(ctypes.c_uint64))
    raw[0] = raw[1] = 0
    if kind == TYPE_REF:
        val.kind = ref_kind(valtype.reftype)
        return valtype.reftype.nullable
    val.kind = kind
    if kind == TYPE_I32:
        raw[0] = INTS[seed % len(INTS)] & 0xffffffff
    elif kind == TYPE_I64:
        raw[0] = INTS[seed % len(INTS)]
    elif kind == TYPE_F32:
        raw[0] = F32[seed % len(F32)]
    elif kind == TYPE_F64:
        raw[0] = F64[seed % len(F64)]
    else:
        raw[0], raw[1] = INTS[seed % len(INTS)], INTS[(seed + 1) % len(INTS)]
    return True


def text_of(val):
    raw = ctypes.string_at(ctypes.addressof(val.of), 16)
    low, high = struct.unpack("<QQ", raw)
    word = low & 0xffffffff
    if val.kind == I32:
        return f"i32:{word:08x}"
    if val.kind == I64:
        return f"i64:{low:016x}"
    if val.kind == FLOAT32:
        return "f32:nan" if word & 0x7fffffff > 0x7f800000 else f"f32:{word:08x}"
    if val.kind == FLOAT64:
        return "f64:nan" if low & (2**63 - 1) > 0x7ff0000000000000 else f"f64:{low:016x}"
    if val.kind == V128:
        return f"v128:{high:016x}{low:016x}"
    return "null" if low == 0 else "ref"


def message_of(error):
    text = c.wasm_byte_vec_t()
    c.wasmtime_error_message(error, ctypes.byref(text))
    message = ctypes.string_at(text.data, text.size).decode(errors="replace")
    c.wasm_byte_vec_delete(ctypes.byref(text))
    c.wasmtime_error_delete(error)
    return message.splitlines()


class Digest:
    def __init__(self, engine, options):
        self.engine, self.options = engine, options
        self.store = c.wasmtime_store_new(engine.ptr(), None, ctypes.cast(None, c._wasmtime_store_new.argtypes[2]))
        c.wasmtime_store_limiter(self.store, options.memory_limit, options.table_limit, 10000, 10000, 10000)
        self.context = c.wasmtime_store_context(self.store)
        self.linker = c.wasmtime_linker_new(engine.ptr())
        self.module = ctypes.POINTER(c.wasmtime_module_t)()
        self.trap = ctypes.POINTER(c.wasm_trap_t)()

    def close(self):
        if self.module:
            c.wasmtime_module_delete(self.module)
        c.wasmtime_linker_delete(self.linker)
        c.wasmtime_store_delete(self.store)

    def out(self, *words):
        print(*words)

    def add_fuel(self):
        if self.options.fuel is not None:
            c.wasmtime_context_set_fuel(self.context, self.options.fuel)

    def print_fuel(self):
        if self.options.fuel is not None:
            left = ctypes.c_uint64()
            c.wasmtime_context_get_fuel(self.context, ctypes.byref(left))
            self.out("fuel", self.options.fuel - left.value)

    def failure(self, error):
        """The text of what went wrong, or None."""
        if self.trap:
            code = ctypes.c_uint8()
            has_code = c.wasmtime_trap_code(self.trap, ctypes.byref(code))
            c.wasm_trap_delete(self.trap)
            self.trap = ctypes.POINTER(c.wasm_trap_t)()
            if c.wasmtime_context_has_exception(self.context):
                exception = c.wasmtime_exnref_t()
                c.wasmtime_context_take_exception(self.context, ctypes.byref(exception))
                return "exception"
            return f"trap {code.value}" if has_code else "error: trap without code"
        if error:
            lines = message_of(error)
            if c.wasmtime_context_has_exception(self.context):
                exception = c.wasmtime_exnref_t()
                c.wasmtime_context_take_exception(self.context, ctypes.byref(exception))
                return "exception"
            return "error: " + " / ".join(line for line in lines if line)
        return None

    def run(self, data):
        error = c.wasmtime_module_new(self.engine.ptr(), (ctypes.c_uint8 * len(data)).from_buffer_copy(data), len(data),
                                      ctypes.byref(self.module))
        if error:
            self.out("invalid\n#", " / ".join(message_of(error)))
            return
        self.add_fuel()
        error = c.wasmtime_linker_define_unknown_imports_as_default_values(self.linker, self.context, self.module)
        if error:
            self.out("link\n#", " / ".join(message_of(error)))
            return
        self.instance = c.wasmtime_instance_t()
        error = c.wasmtime_linker_instantiate(self.linker, self.context, self.module, ctypes.byref(self.instance),
                                              ctypes.byref(self.trap))
        failure = self.failure(error)
        if failure:
            self.out("instantiate", failure)
            return
        self.print_fuel()
        items = self.exports()
        for round_ in range(self.options.rounds):
            for index, item in enumerate(items):
                if item.kind == EXTERN_FUNC:
                    self.call(item.of.func, index, round_)
        for index, item in enumerate(items):
            self.print_state(item, index)

    def exports(self):
        items = []
        name, length = ctypes.POINTER(ctypes.c_char)(), ctypes.c_size_t()
        while True:
            item = c.wasmtime_extern_t()
            if not c.wasmtime_instance_export_nth(self.context, ctypes.byref(self.instance), len(items),
                                                  ctypes.byref(name), ctypes.byref(length), ctypes.byref(item)):
                return items
            items.append(item)

    def call(self, func, index, round_):
        functype = c.wasmtime_func_type(self.context, ctypes.byref(func))
        params, results = c.wasm_functype_params(functype), c.wasm_functype_results(functype)
        count, result_count = params.contents.size, results.contents.size
        args, outs = (c.wasmtime_val_t * count)(), (c.wasmtime_val_t * result_count)()
        possible = True
        for i in range(count):
            valtype = c.wasmtime_valtype_t()
            c.wasmtime_valtype_new(params.contents.data[i], ctypes.byref(valtype))
            possible = possible and fill_argument(args[i], valtype, 3 * index + 5 * i + 4 * round_)
            c.wasmtime_valtype_delete(ctypes.byref(valtype))
        c.wasm_functype_delete(functype)
        if not possible:
            self.out("call", index, "skipped")
            return
        self.add_fuel()
        error = c.wasmtime_func_call(self.context, ctypes.byref(func), args, count, outs, result_count,
                                     ctypes.byref(self.trap))
        failure = self.failure(error)
        if failure:
            self.out("call", index, failure)
            return
        self.out("call", index, *map(text_of, outs))
        for val in outs:
            c.wasmtime_val_unroot(ctypes.byref(val))
        self.print_fuel()

    def print_state(self, item, index):
        if item.kind in (EXTERN_MEMORY, EXTERN_SHARED):
            if item.kind == EXTERN_MEMORY:
                size = c.wasmtime_memory_data_size(self.context, ctypes.byref(item.of.memory))
                base = c.wasmtime_memory_data(self.context, ctypes.byref(item.of.memory))
            else:
                size = c.wasmtime_sharedmemory_data_size(item.of.sharedmemory)
                base = c.wasmtime_sharedmemory_data(item.of.sharedmemory)
            data = (ctypes.c_char * size).from_address(ctypes.addressof(base.contents)) if size else b""
            self.out("memory", index, size, f"{zlib.crc32(data):08x}")
            if self.options.dump:
                with open(f"{self.options.dump}/{index}.bin", "wb") as out:
                    out.write(data)
        elif item.kind == EXTERN_TABLE:
            size = c.wasmtime_table_size(self.context, ctypes.byref(item.of.table))
            nulls = ""
            for i in range(min(size, 64)):
                val = c.wasmtime_val_t()
                c.wasmtime_table_get(self.context, ctypes.byref(item.of.table), i, ctypes.byref(val))
                nulls += "0" if text_of(val) == "null" else "1"
                c.wasmtime_val_unroot(ctypes.byref(val))
            self.out("table", index, size, nulls)
        elif item.kind == EXTERN_GLOBAL:
            val = c.wasmtime_val_t()
            c.wasmtime_global_get(self.context, ctypes.byref(item.of.global_), ctypes.byref(val))
            self.out("global", index, text_of(val))
            c.wasmtime_val_unroot(ctypes.byref(val))


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--fuel", type=int)
    parser.add_argument("--rounds", type=int, default=2)
    parser.add_argument("--memory-limit", type=int, default=-1)
    parser.add_argument("--table-limit", type=int, default=-1)
    parser.add_argument("--nan-canonical", action="store_true")
    parser.add_argument("--dump")
    options = parser.parse_args()
    engine = engine_with(options.fuel, options.nan_canonical)
    for path in sys.stdin:
        path = path.rstrip("\n")
        print("module", path, flush=True)
        with open(path, "rb") as file:
            data = file.read()
        digest = Digest(engine, options)
        digest.run(data)
        digest.close()
        print("end", flush=True)


if __name__ == "__main__":
    main()
