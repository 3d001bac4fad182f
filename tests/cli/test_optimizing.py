# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""The optimising compiler: -C compiler=optimizing, which is also Wasmtime's name cranelift."""
from harness import file, wazuka

SUM = """(module (func (export "_start") (local i32 i32)
  (loop (local.set 1 (i32.add (local.get 1) (local.get 0)))
    (br_if 0 (i32.lt_u (local.tee 0 (i32.add (local.get 0) (i32.const 1))) (i32.const 1000))))
  (if (i32.ne (local.get 1) (i32.const 499500)) (then unreachable))))"""


def test_names_and_levels():
    file("m.wat", SUM)
    for options in (["-C", "compiler=optimizing"], ["-C", "compiler=cranelift"],
                    ["-C", "compiler=optimizing", "-O", "opt-level=0"],
                    ["-C", "compiler=optimizing", "-C", "cranelift-debug-verifier"],
                    ["-C", "compiler=optimizing", "-C", "lazy=n"]):
        wazuka("run", *options, "m.wat").gives()


def test_traps_are_where_they_happen():
    file("m.wat", '(module (func (export "_start") (drop (i32.div_s (i32.const 1) (i32.const 0)))))')
    plain, optimized = (wazuka("run", "-C", f"compiler={name}", "m.wat") for name in ("baseline", "optimizing"))
    optimized.expect(b"integer divide by zero" in optimized.stderr, "the trap's message")
    optimized.gives(stderr=plain.stderr.decode(), code=plain.code)
