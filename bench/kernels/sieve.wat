;; SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
;; The sieve of Eratosthenes over n bytes: byte stores, nested loops, data-dependent branches.
;; run: 4000000
;; expect: 283146
;; smoke: 60000
;; smoke-expect: 6057
(module
  (memory 64)
  (func (export "run") (param $n i64) (result i64)
    (local $size i32) (local $p i32) (local $m i32) (local $count i64)
    (local.set $size (i32.wrap_i64 (local.get $n)))
    (local.set $p (i32.const 2))
    (loop $candidate
      (if (i32.eqz (i32.load8_u (local.get $p)))
        (then
          (local.set $count (i64.add (local.get $count) (i64.const 1)))
          (local.set $m (i32.shl (local.get $p) (i32.const 1)))
          (block $end
            (loop $multiple
              (br_if $end (i32.ge_u (local.get $m) (local.get $size)))
              (i32.store8 (local.get $m) (i32.const 1))
              (local.set $m (i32.add (local.get $m) (local.get $p)))
              (br $multiple)))))
      (br_if $candidate (i32.lt_u (local.tee $p (i32.add (local.get $p) (i32.const 1))) (local.get $size))))
    (local.get $count)))
