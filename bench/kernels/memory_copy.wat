;; SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
;; Word-wise copy and sum of 64 KiB, again and again: loads, stores and address arithmetic.
;; run: 3000
;; expect: 6158688993016324604
;; smoke: 4
;; smoke-expect: -2194934598710
(module
  (memory 3)
  (func $copy (param $to i32) (param $from i32) (param $bytes i32)
    (local $end i32)
    (local.set $end (i32.add (local.get $from) (local.get $bytes)))
    (loop $next
      (i64.store (local.get $to) (i64.load (local.get $from)))
      (local.set $to (i32.add (local.get $to) (i32.const 8)))
      (br_if $next (i32.lt_u (local.tee $from (i32.add (local.get $from) (i32.const 8))) (local.get $end)))))
  (func $sum (param $from i32) (param $bytes i32) (result i64)
    (local $total i64)
    (loop $next
      (local.set $total (i64.add (i64.rotl (local.get $total) (i64.const 1))
                                 (i64.load32_u offset=4 (local.get $from))))
      (local.set $from (i32.add (local.get $from) (i32.const 8)))
      (br_if $next (local.tee $bytes (i32.sub (local.get $bytes) (i32.const 8)))))
    (local.get $total))
  (func (export "run") (param $n i64) (result i64)
    (local $i i32) (local $total i64)
    (loop $fill
      (i32.store (local.get $i) (i32.mul (local.get $i) (i32.const 0x01000193)))
      (br_if $fill (i32.lt_u (local.tee $i (i32.add (local.get $i) (i32.const 4))) (i32.const 65536))))
    (loop $next
      (call $copy (i32.const 65536) (i32.const 0) (i32.const 65536))
      (i64.store (i32.and (i32.wrap_i64 (local.get $n)) (i32.const 0xff8)) (local.get $total))
      (local.set $total (i64.add (local.get $total) (call $sum (i32.const 65536) (i32.const 65536))))
      (br_if $next (i64.ne (local.tee $n (i64.sub (local.get $n) (i64.const 1))) (i64.const 0))))
    (local.get $total)))
