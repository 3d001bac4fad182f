;; SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
;; Sixteen values that all stay alive through a loop: register pressure, copies between locals.
;; run: 12000000
;; expect: -2722207722704221648
;; smoke: 8000
;; smoke-expect: 2721630722111427791
(module
  (func (export "run") (param $n i64) (result i64)
    (local $a i32) (local $b i32) (local $c i32) (local $d i32)
    (local $e i32) (local $f i32) (local $g i32) (local $h i32)
    (local $p i32) (local $q i32) (local $r i32) (local $s i32)
    (local $t i32) (local $u i32) (local $v i32) (local $w i32)
    (local.set $a (i32.const 0x243f6a88)) (local.set $e (i32.const 0x13198a2e)) (local.set $p (i32.const 0x03707344))
    (loop $next
      (local.set $h (i32.add (local.get $h) (i32.rotl (local.get $e) (i32.const 7))))
      (local.set $d (i32.add (local.get $d) (i32.xor (local.get $h) (local.get $p))))
      (local.set $w (i32.sub (local.get $w) (i32.and (local.get $a) (local.get $v))))
      (local.set $t (i32.xor (local.get $t) (i32.add (local.get $w) (local.get $d))))
      (local.set $h (local.get $g)) (local.set $g (local.get $f)) (local.set $f (local.get $e))
      (local.set $e (local.get $d)) (local.set $d (local.get $c)) (local.set $c (local.get $b))
      (local.set $b (local.get $a)) (local.set $a (i32.add (local.get $t) (local.get $h)))
      (local.set $w (local.get $v)) (local.set $v (local.get $u)) (local.set $u (local.get $t))
      (local.set $t (local.get $s)) (local.set $s (local.get $r)) (local.set $r (local.get $q))
      (local.set $q (local.get $p)) (local.set $p (i32.xor (local.get $a) (local.get $w)))
      (br_if $next (i64.ne (local.tee $n (i64.sub (local.get $n) (i64.const 1))) (i64.const 0))))
    (i64.or (i64.shl (i64.extend_i32_u (local.get $a)) (i64.const 32)) (i64.extend_i32_u (local.get $p)))))
