;; SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
;; A walk along a scattered cycle through 512 KiB: each load needs the result of the one before.
;; run: 40000000
;; expect: 55296
;; smoke: 20000
;; smoke-expect: 187264
(module
  (memory 8)
  (func (export "run") (param $n i64) (result i64)
    (local $i i32) (local $at i32) (local $next i32)
    ;; Word i points to word (i * 5 + 12345) mod 2^17, which is one cycle through all of them.
    (loop $fill
      (i32.store (i32.shl (local.get $i) (i32.const 2))
        (i32.shl (i32.and (i32.add (i32.mul (local.get $i) (i32.const 5)) (i32.const 12345)) (i32.const 0x1ffff))
                 (i32.const 2)))
      (br_if $fill (i32.lt_u (local.tee $i (i32.add (local.get $i) (i32.const 1))) (i32.const 0x20000))))
    (loop $step
      (local.set $at (i32.load (local.get $at)))
      (br_if $step (i64.ne (local.tee $n (i64.sub (local.get $n) (i64.const 1))) (i64.const 0))))
    (i64.extend_i32_u (local.get $at))))
