;; SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
;; Leaf calls with five parameters from a loop: passing arguments, not recursion.
;; run: 15000000
;; expect: 1797098500
;; smoke: 20000
;; smoke-expect: 2561596964
(module
  (func $mix (param $a i32) (param $b i32) (param $c i32) (param $d i32) (param $e i32) (result i32)
    (i32.add (i32.xor (i32.mul (local.get $a) (i32.const 31)) (local.get $b))
             (i32.sub (i32.and (local.get $c) (local.get $d)) (local.get $e))))
  (func (export "run") (param $n i64) (result i64)
    (local $i i32) (local $x i32)
    (loop $next
      (local.set $x (call $mix (local.get $x) (local.get $i) (i32.const 0x5555) (local.get $x) (i32.const 7)))
      (br_if $next (i32.lt_u (local.tee $i (i32.add (local.get $i) (i32.const 1)))
                             (i32.wrap_i64 (local.get $n)))))
    (i64.extend_i32_u (local.get $x))))
