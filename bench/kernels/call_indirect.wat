;; SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
;; Indirect calls through a table whose target changes every time: signature check and unpredictable dispatch.
;; run: 12000000
;; expect: 4044103375
;; smoke: 20000
;; smoke-expect: 1590980781
(module
  (type $op (func (param i32) (result i32)))
  (table 4 4 funcref)
  (elem (i32.const 0) $inc $dbl $not $rot)
  (func $inc (type $op) (i32.add (local.get 0) (i32.const 0x9e3779b9)))
  (func $dbl (type $op) (i32.mul (local.get 0) (i32.const 3)))
  (func $not (type $op) (i32.xor (local.get 0) (i32.const -1)))
  (func $rot (type $op) (i32.rotl (local.get 0) (i32.const 7)))
  (func (export "run") (param $n i64) (result i64)
    (local $i i32) (local $x i32)
    (loop $next
      (local.set $x (call_indirect (type $op) (local.get $x)
        (i32.and (i32.shr_u (i32.mul (local.get $i) (i32.const 0x2545f491)) (i32.const 13)) (i32.const 3))))
      (br_if $next (i32.lt_u (local.tee $i (i32.add (local.get $i) (i32.const 1)))
                             (i32.wrap_i64 (local.get $n)))))
    (i64.extend_i32_u (local.get $x))))
