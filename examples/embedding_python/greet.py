# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Runs a WebAssembly module: offers two functions to the guest, calls the guest, and stops it when it has used up its fuel."""
from wasmtime import Config, Engine, Func, FuncType, Linker, Module, Store, Trap, TrapCode, ValType

I32 = ValType.i32()


def print_text(caller, start, size):
    """A host function that reads the guest's memory: what the guest says about it is checked."""
    memory = caller["memory"]
    start, size = start & 0xFFFFFFFF, size & 0xFFFFFFFF
    if start + size > memory.data_len(caller):
        raise IndexError("print: outside of the memory")
    print(memory.read(caller, start, start + size).decode())


config = Config()
config.consume_fuel = True
engine = Engine(config)
module = Module.from_file(engine, "../embedding/greet.wat")

store = Store(engine)
store.set_fuel(10000)
count = 2
linker = Linker(engine)
linker.define(store, "host", "times", Func(store, FuncType([], [I32]), lambda: count))
linker.define(store, "host", "print", Func(store, FuncType([I32, I32], []), print_text, access_caller=True))
exports = linker.instantiate(store, module).exports(store)

print("greet:", exports["greet"](store))
try:
    exports["spin"](store)
except Trap as trap:
    if trap.trap_code != TrapCode.OUT_OF_FUEL:
        raise
    print("spin: out of fuel")
