# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""The optimising compiler: -C compiler=optimizing, which is also Wasmtime's name cranelift."""
import pathlib
import subprocess

from harness import Setting, differs, environment, file, wazuka

SUM = """(module (func (export "_start") (local i32 i32)
  (loop (local.set 1 (i32.add (local.get 1) (local.get 0)))
    (br_if 0 (i32.lt_u (local.tee 0 (i32.add (local.get 0) (i32.const 1))) (i32.const 1000))))
  (if (i32.ne (local.get 1) (i32.const 499500)) (then unreachable))))"""


def test_names_and_levels():
    file("m.wat", SUM)
    for options in (["-C", "compiler=optimizing"], ["-C", "compiler=cranelift"],
                    ["-C", "compiler=optimizing", "-O", "opt-level=0"],
                    ["-C", "compiler=optimizing", "-C", "cranelift-debug-verifier"],
                    ["-C", "compiler=optimizing", "-O", "opt-level=s"],
                    ["-C", "compiler=optimizing", "-C", "lazy=y"],
                    ["-C", "compiler=optimizing", "-C", "parallel-compilation=n"]):
        wazuka("run", *options, "m.wat").gives()


def test_traps_are_where_they_happen():
    file("m.wat", '(module (func (export "_start") (drop (i32.div_s (i32.const 1) (i32.const 0)))))')
    plain, optimized = (wazuka("run", "-C", f"compiler={name}", "m.wat") for name in ("baseline", "optimizing"))
    optimized.expect(b"integer divide by zero" in optimized.stderr, "the trap's message")
    optimized.gives(stderr=plain.stderr.decode(), code=plain.code)


def same_in_all_tiers(text, *arguments):
    """The outcome is the same whether small functions are compiled in the place of their calls or not."""
    file("m.wat", text)
    plain = wazuka("run", "-C", "compiler=baseline", *arguments)
    plain.expect(b"backtrace" in plain.stderr, "a backtrace")
    for options in (["-C", "compiler=optimizing"], ["-C", "compiler=optimizing,inlining=n"],
                    ["-C", "compiler=auto,tier-up-budget=1,tier-up-in-background=n"]):
        wazuka("run", *options, *arguments).gives(stderr=plain.stderr.decode(), code=plain.code)


def test_inlined_functions_are_in_backtraces():
    same_in_all_tiers("""(module (memory 1)
      (func $load (param i32) (result i32) (i32.load (local.get 0)))
      (func $twice (param i32) (result i32) (i32.add (call $load (i32.const 4)) (call $load (local.get 0))))
      (func $main (export "_start") (drop (call $twice (i32.const -8)))))""", "m.wat")


def test_calls_from_inlined_functions_are_in_backtraces():
    same_in_all_tiers("""(module (table 2 funcref) (elem (i32.const 0) $check)
      (type $t (func (param i32)))
      (func $check (type $t) (if (i32.eqz (local.get 0)) (then (unreachable))))
      (func $apply (param i32 i32) (call_indirect (type $t) (local.get 0) (local.get 1)))
      (func $main (export "_start") (call $apply (i32.const 1) (i32.const 0)) (call $apply (i32.const 0) (i32.const 0))))""",
                      "m.wat")


def test_recursion_in_backtraces():
    same_in_all_tiers("""(module
      (func $down (param i32) (result i32)
        (if (i32.eqz (local.get 0)) (then (unreachable)))
        (i32.add (i32.const 1) (call $down (i32.sub (local.get 0) (i32.const 1)))))
      (func $main (export "_start") (drop (call $down (i32.const 11)))))""", "m.wat")


def test_null_in_a_table():
    same_in_all_tiers("""(module (table 3 funcref) (elem (i32.const 0) $a $b)
      (func $a (param i32)) (func $b (result i32) (i32.const 1))
      (func $main (export "_start") (call_indirect (param i32) (i32.const 7) (i32.const 2))))""", "m.wat")


def test_traps_of_functions_without_a_frame():
    leaf = """(module (memory 1)
      (func $leaf (param i32 i32) (result i32) (i32.div_u (i32.load (local.get 0)) (local.get 1)))
      (func $main (export "_start") (drop (call $leaf (i32.const {}) (i32.const 0)))))"""
    same_in_all_tiers(leaf.format(8), "m.wat")
    same_in_all_tiers(leaf.format(-1), "m.wat")


def published(*options):
    """The functions whose code was published: their distance from the first, size and name, in order."""
    command = [Setting.runtime, "run", "-C", "compiler=optimizing", "--profile", "perfmap", *options, "many.wat"]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=environment())
    out, err = process.communicate(timeout=60)
    assert (process.returncode, out, err) == (0, b"", b""), (process.returncode, out, err)
    path = pathlib.Path(f"/tmp/perf-{process.pid}.map")
    rows = sorted((int(start, 16), int(size, 16), name)
                  for start, size, name in (line.split(" ", 2) for line in path.read_text().splitlines()))
    path.unlink()
    return [(start - rows[0][0], size, name) for start, size, name in rows]


@differs("it has another compiler")
def test_all_functions_are_compiled_at_once():
    # Functions of different sizes, of which the start calls one.
    body = "(i32.add (i32.mul (i32.const 77) (local.get 0)))"
    many = "".join(f"(func $f{i} (param i32) (result i32) (local.get 0) {body * (i % 37)})" for i in range(500))
    file("many.wat", f'(module {many} (func (export "_start") (drop (call $f3 (i32.const 1)))))')
    every = published()
    assert len(every) == 501, len(every)
    # Always at the same place, whatever the threads do.
    assert published() == every and published("-C", "parallel-compilation=n") == every
    assert len(published("-C", "lazy=y,inlining=n")) == 2
    assert published("-O", "opt-level=s")[-1][0] < every[-1][0]
