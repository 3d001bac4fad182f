# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Options of the garbage-collected heap."""
from harness import RETURNS, TAKES, file, wazuka

LIST = """(module
  (type $n (struct (field i64) (field (ref null $n))))
  (func (export "garbage") (param $n i32) (result i32)
    (loop $l
      (drop (struct.new $n (i64.const 1) (ref.null $n)))
      (br_if $l (local.tee $n (i32.sub (local.get $n) (i32.const 1)))))
    (i32.const 7))
  (func (export "list") (param $n i32) (result i32) (local $x (ref null $n))
    (loop $l
      (local.set $x (struct.new $n (i64.const 1) (local.get $x)))
      (br_if $l (local.tee $n (i32.sub (local.get $n) (i32.const 1)))))
    (i32.const 7)))"""
OUT_OF_MEMORY = "GC heap out of memory: no capacity for allocation of 24 bytes"
SMALL = ("-O", "gc-heap-reservation=1048576,gc-heap-may-move=n")


def runs(function, count, *options):
    file("m.wat", LIST)
    wazuka("run", *options, "--invoke", function, "m.wat", str(count)).gives(stdout="7\n", stderr=TAKES + RETURNS)


def exhausts(function, count, *options):
    file("m.wat", LIST)
    outcome = wazuka("run", *options, "--invoke", function, "m.wat", str(count))
    outcome.expect(OUT_OF_MEMORY.encode() in outcome.stderr and outcome.code == 1, "the heap is exhausted")


def test_every_collector_runs():
    for collector in ("drc", "copying", "null"):
        runs("garbage", 1000, "-C", "collector=" + collector)


def test_null_never_frees():
    runs("garbage", 100_000, *SMALL)
    exhausts("garbage", 100_000, *SMALL, "-C", "collector=null")


def test_a_heap_that_may_not_move_stays_in_its_reservation():
    runs("list", 20_000, *SMALL)
    exhausts("list", 30_000, *SMALL)
    runs("list", 30_000, "-O", "gc-heap-reservation=1048576")


def test_collections_at_every_allocation():
    runs("list", 500, "-O", "gc-zeal-alloc-counter=1")
    runs("list", 500, "-O", "gc-zeal-alloc-counter=7")
    runs("list", 500, "-O", "gc-zeal-alloc-counter=1", "-C", "collector=null")
