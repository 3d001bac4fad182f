;; SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
;; Double precision in locals: the logistic map with division, square root and conversions.
;; run: 20000000
;; expect: 4623225040046363000
;; smoke: 15000
;; smoke-expect: 4619773587522134353
(module
  (func (export "run") (param $n i64) (result i64)
    (local $x f64) (local $sum f64) (local $i i32)
    (local.set $x (f64.const 0.3))
    (loop $next
      (local.set $x (f64.mul (f64.mul (f64.const 3.9) (local.get $x)) (f64.sub (f64.const 1) (local.get $x))))
      (local.set $sum (f64.add (local.get $sum)
        (f64.div (f64.sqrt (local.get $x)) (f64.add (f64.convert_i32_s (local.get $i)) (f64.const 1.5)))))
      (local.set $sum (f64.max (local.get $sum) (f64.neg (f64.abs (local.get $x)))))
      (br_if $next (i32.lt_u (local.tee $i (i32.add (local.get $i) (i32.const 1)))
                             (i32.wrap_i64 (local.get $n)))))
    (i64.reinterpret_f64 (local.get $sum))))
