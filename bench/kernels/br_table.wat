;; SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
;; A tiny byte-code machine: br_table with eight arms, as C compilers emit for a switch in a loop.
;; run: 16000000
;; expect: 204947588
;; smoke: 30000
;; smoke-expect: 3974420028
(module
  (func (export "run") (param $n i64) (result i64)
    (local $i i32) (local $seed i32) (local $acc i32)
    (local.set $seed (i32.const 12345))
    (loop $next
      (local.set $seed (i32.add (i32.mul (local.get $seed) (i32.const 1664525)) (i32.const 1013904223)))
      (block $done
        (block $neg (block $shr (block $and (block $or (block $xor (block $sub (block $mul
          (br_table $mul $sub $xor $or $and $shr $neg $done (i32.shr_u (local.get $seed) (i32.const 29))))
          (local.set $acc (i32.mul (local.get $acc) (i32.const 5))) (br $done))
          (local.set $acc (i32.sub (local.get $acc) (local.get $seed))) (br $done))
          (local.set $acc (i32.xor (local.get $acc) (local.get $seed))) (br $done))
          (local.set $acc (i32.or (local.get $acc) (local.get $i))) (br $done))
          (local.set $acc (i32.and (local.get $acc) (i32.const 0x7fffff0f))) (br $done))
          (local.set $acc (i32.shr_u (local.get $acc) (i32.const 1))) (br $done))
        (local.set $acc (i32.sub (i32.const 0) (local.get $acc))))
      (br_if $next (i32.lt_u (local.tee $i (i32.add (local.get $i) (i32.const 1)))
                             (i32.wrap_i64 (local.get $n)))))
    (i64.extend_i32_u (local.get $acc))))
