;; SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
;; 128-bit vectors over 32 KiB: load, shuffle, integer and float lanes, reduction. Needs the SIMD proposal.
;; run: 3000
;; expect: -659071097657646407
;; smoke: 3
;; smoke-expect: 2193786648631240633
(module
  (memory 1)
  (func (export "run") (param $n i64) (result i64)
    (local $i i32) (local $int v128) (local $float v128)
    (loop $fill
      (i32.store (local.get $i) (i32.mul (local.get $i) (i32.const 0x01000193)))
      (br_if $fill (i32.lt_u (local.tee $i (i32.add (local.get $i) (i32.const 4))) (i32.const 32768))))
    (loop $again
      (local.set $i (i32.const 0))
      (loop $next
        (local.set $int (i32x4.add (i32x4.mul (local.get $int) (i32x4.splat (i32.const 31)))
          (i8x16.shuffle 3 2 1 0 7 6 5 4 11 10 9 8 15 14 13 12 (v128.load (local.get $i)) (local.get $int))))
        (local.set $float (f32x4.add (f32x4.mul (local.get $float) (f32x4.splat (f32.const 0.5)))
          (f32x4.convert_i32x4_s (i32x4.shr_s (v128.load (local.get $i)) (i32.const 8)))))
        (br_if $next (i32.lt_u (local.tee $i (i32.add (local.get $i) (i32.const 16))) (i32.const 32768))))
      (br_if $again (i64.ne (local.tee $n (i64.sub (local.get $n) (i64.const 1))) (i64.const 0))))
    (local.set $int (v128.xor (local.get $int) (local.get $float)))
    (i64.add (i64x2.extract_lane 0 (local.get $int)) (i64x2.extract_lane 1 (local.get $int)))))
