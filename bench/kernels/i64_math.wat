;; SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
;; 64-bit arithmetic: multiply, rotate, shift, bit counts, division.
;; run: 15000000
;; expect: 7998611088756737742
;; smoke: 15000
;; smoke-expect: 4231999798278524212
(module
  (func (export "run") (param $n i64) (result i64)
    (local $x i64) (local $sum i64)
    (local.set $x (i64.const 0x9e3779b97f4a7c15))
    (loop $next
      (local.set $x (i64.xor (local.get $x) (i64.shl (local.get $x) (i64.const 13))))
      (local.set $x (i64.xor (local.get $x) (i64.shr_u (local.get $x) (i64.const 7))))
      (local.set $x (i64.xor (local.get $x) (i64.rotl (local.get $x) (i64.const 17))))
      (local.set $sum (i64.add (i64.mul (local.get $sum) (i64.const 6364136223846793005)) (i64.popcnt (local.get $x))))
      (local.set $sum (i64.xor (local.get $sum) (i64.add (i64.clz (local.get $x)) (i64.ctz (local.get $x)))))
      (local.set $sum (i64.add (local.get $sum)
        (i64.div_u (local.get $x) (i64.or (i64.shr_u (local.get $sum) (i64.const 40)) (i64.const 1)))))
      (local.set $sum (i64.sub (local.get $sum) (i64.rem_s (local.get $x) (i64.const 1000003))))
      (br_if $next (i64.ne (local.tee $n (i64.sub (local.get $n) (i64.const 1))) (i64.const 0))))
    (local.get $sum)))
