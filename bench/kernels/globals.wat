;; SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
;; A shadow stack as C compilers make it: every call moves a global and spills to memory below it.
;; run: 10000000
;; expect: 1200068839407616
;; smoke: 15000
;; smoke-expect: 146465911537664
(module
  (memory 1)
  (global $sp (mut i32) (i32.const 65536))
  (global $calls (mut i64) (i64.const 0))
  (func $leaf (param $x i32) (result i32)
    (local $frame i32)
    (global.set $sp (local.tee $frame (i32.sub (global.get $sp) (i32.const 16))))
    (i32.store offset=12 (local.get $frame) (local.get $x))
    (i32.store offset=8 (local.get $frame) (i32.add (i32.load offset=12 (local.get $frame)) (i32.const 17)))
    (global.set $calls (i64.add (global.get $calls) (i64.const 1)))
    (i32.xor (i32.load offset=8 (local.get $frame)) (i32.shr_u (i32.load offset=12 (local.get $frame)) (i32.const 3)))
    (global.set $sp (i32.add (local.get $frame) (i32.const 16))))
  (func (export "run") (param $n i64) (result i64)
    (local $x i32)
    (loop $next
      (local.set $x (call $leaf (i32.add (i32.wrap_i64 (global.get $calls)) (local.get $x))))
      (br_if $next (i64.lt_u (global.get $calls) (local.get $n))))
    (i64.add (i64.shl (i64.extend_i32_u (local.get $x)) (i64.const 20)) (i64.extend_i32_u (global.get $sp)))))
