# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""-W fuel, timeout, max-memory-size, max-wasm-stack: limits on what the guest may use."""
from harness import RETURNS, TAKES, TRAP, error, file, trap, wazuka

SPIN = '(module (func (export "spin") (loop (br 0))))'
GROW = '(module (memory 1) (func (export "grow") (param i32) (result i32) (memory.grow (local.get 0))))'


def test_fuel_runs_out():
    file("spin.wat", SPIN)
    outcome = wazuka("-W", "fuel=1000", "--invoke", "spin", "spin.wat")
    outcome.expect(outcome.code == TRAP and b": wasm trap: all fuel consumed by WebAssembly\n" in outcome.stderr,
                   "out of fuel")


def test_fuel_is_enough():
    file("m.wat", '(module (func (export "_start")))')
    for written in ("1000000", "1_000_000", "0x10000"):
        wazuka("-W", f"fuel={written}", "m.wat").gives()


def test_least_fuel():
    """The limits at which Wasmtime changes its mind."""
    file("m.wat", """(module (memory 1)
      (func (export "empty"))
      (func (export "loop") (local i32)
        (local.set 0 (i32.const 10))
        (loop $l (br_if $l (local.tee 0 (i32.sub (local.get 0) (i32.const 1))))))
      (func (export "fill") (memory.fill (i32.const 0) (i32.const 1) (i32.const 1000))))""")
    for name, least in (("empty", 2), ("loop", 49), ("fill", 1006)):
        wazuka("-W", f"fuel={least}", "--invoke", name, "m.wat").gives()
        less = wazuka("-W", f"fuel={least - 1}", "--invoke", name, "m.wat")
        less.expect(less.code == TRAP and b": wasm trap: all fuel consumed by WebAssembly\n" in less.stderr, "a trap")


def test_all_the_fuel_there_is():
    file("m.wat", '(module (func (export "_start")))')
    wazuka("-W", "fuel=18446744073709551615", "m.wat").gives()


def test_start_function_is_interrupted():
    file("m.wat", "(module (func $f (loop (br 0))) (start $f))")
    for limit, what in (("fuel=1000", b"all fuel consumed by WebAssembly"), ("timeout=50ms", b"interrupt")):
        outcome = wazuka("-W", limit, "m.wat")
        outcome.expect(outcome.code == TRAP and b": wasm trap: " + what + b"\n" in outcome.stderr, "an interruption")


def test_timeout():
    file("spin.wat", SPIN)
    for written in ("1", "100ms", "100000us"):
        outcome = wazuka("-W", f"timeout={written}", "--invoke", "spin", "spin.wat")
        outcome.expect(outcome.code == TRAP and b": wasm trap: interrupt\n" in outcome.stderr, "interrupt")


def test_timeout_is_not_reached():
    file("m.wat", '(module (func (export "_start")))')
    wazuka("-W", "timeout=30s", "m.wat").gives()


def test_memory_grows_up_to_the_limit():
    file("grow.wat", GROW)
    for pages, result in (("1", "1"), ("2", "-1")):
        wazuka("-W", "max-memory-size=131072", "--invoke", "grow", "grow.wat", pages).gives(
            stdout=result + "\n", stderr=TAKES + RETURNS)


def test_memory_that_begins_above_the_limit():
    file("grow.wat", GROW)
    wazuka("-W", "max-memory-size=1000", "grow.wat").gives(
        stderr=error("failed to run main module `grow.wat`", 'failed to instantiate "grow.wat"',
                     "memory minimum size of 1 pages exceeds memory limits"), code=1)


def test_memory_does_not_grow_beyond_4_gib():
    file("grow.wat", GROW)
    wazuka("--invoke", "grow", "grow.wat", "65536").gives(stdout="-1\n", stderr=TAKES + RETURNS)


def test_stack_depth_follows_the_limit():
    file("m.wat", """(module
      (func $depth (param i32) (result i32)
        (if (result i32) (i32.eqz (local.get 0))
          (then (i32.const 0))
          (else (i32.add (i32.const 1) (call $depth (i32.sub (local.get 0) (i32.const 1)))))))
      (export "depth" (func $depth)))""")
    small = wazuka("-W", "max-wasm-stack=65536", "--invoke", "depth", "m.wat", "20000")
    small.expect(small.code == TRAP and small.stderr.endswith(b"wasm trap: call stack exhausted\n\n"), "an overflow")
    wazuka("-W", "max-wasm-stack=16777216", "--invoke", "depth", "m.wat", "20000").gives(
        stdout="20000\n", stderr=TAKES + RETURNS)


def test_stack_of_zero_bytes():
    file("m.wat", "(module)")
    wazuka("-W", "max-wasm-stack=0", "m.wat").gives(stderr="Error: max_wasm_stack size cannot be zero\n", code=1)


GROWS = """(module (memory 2 10) (table 5 20 funcref)
  (func (export "grow") (param i32) (result i32) (memory.grow (local.get 0)))
  (func (export "tgrow") (param i32) (result i32) (table.grow (ref.null func) (local.get 0))))"""


def test_growth_that_fails_traps():
    file("m.wat", GROWS)
    for option, name, delta, offset, what in (
            ("max-memory-size=131072", "grow", "1", 0x3b, "memory to 196608 bytes"),
            ("max-memory-size=9000000", "grow", "-1", 0x3b, "memory to 281474976776192 bytes"),
            ("max-table-elements=6", "tgrow", "2", 0x44, "table to 7 elements")):
        wazuka("-W", f"{option},trap-on-grow-failure", "--invoke", name, "m.wat", delta).gives(
            stderr=TAKES + trap("m.wat", f"`{name}`", [(offset, f"<unknown>!<wasm function {name == 'tgrow':d}>")],
                                          f"forcing trap when growing {what}"), code=1)


def test_table_grows_up_to_the_limit():
    file("m.wat", GROWS)
    for delta, result in (("1", "5"), ("2", "-1")):
        wazuka("-W", "max-table-elements=6", "--invoke", "tgrow", "m.wat", delta).gives(
            stdout=result + "\n", stderr=TAKES + RETURNS)


def test_counts_of_entities():
    file("m.wat", '(module (memory 1) (memory 1) (table 1 funcref) (table 1 funcref) (func (export "_start")))')
    file("p.wat", "(module)")
    for options, what in ((("max-memories=1",), "memory count too high at 2"), (("max-tables=1",), "table count too high at 2"),
                          (("max-instances=0",), "instance count too high at 1"),
                          (("max-instances=1", "--preload", "x=p.wat"), "instance count too high at 2")):
        wazuka("-W", *options, "m.wat").gives(
            stderr=error("failed to run main module `m.wat`", 'failed to instantiate "m.wat"',
                         "resource limit exceeded: " + what), code=1)
    wazuka("-W", "max-memories=2,max-tables=2,max-instances=2", "--preload", "x=p.wat", "m.wat").gives()
