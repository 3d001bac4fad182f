;; SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
;; Binary trees, as in the benchmarks game: one tree lives throughout, many short-lived ones of growing depth come and go.
;; wazuka --invoke run bench/gc/binary_trees.wat 16
(module
  (type $node (struct (field $left (ref null $node)) (field $right (ref null $node))))
  (func $make (param $depth i32) (result (ref $node))
    (if (i32.eqz (local.get $depth)) (then (return (struct.new_default $node))))
    (local.set $depth (i32.sub (local.get $depth) (i32.const 1)))
    (struct.new $node (call $make (local.get $depth)) (call $make (local.get $depth))))
  (func $check (param $t (ref $node)) (result i32)
    (local $left (ref null $node))
    (local.set $left (struct.get $node $left (local.get $t)))
    (if (ref.is_null (local.get $left)) (then (return (i32.const 1))))
    (i32.add (i32.const 1) (i32.add
      (call $check (ref.as_non_null (local.get $left)))
      (call $check (ref.as_non_null (struct.get $node $right (local.get $t)))))))
  (func (export "run") (param $max i32) (result i64)
    (local $long (ref $node)) (local $depth i32) (local $n i32) (local $sum i64)
    (local.set $long (call $make (local.get $max)))
    (local.set $depth (i32.const 4))
    (loop $depths
      (local.set $n (i32.shl (i32.const 1) (i32.add (i32.sub (local.get $max) (local.get $depth)) (i32.const 4))))
      (loop $trees
        (local.set $sum (i64.add (local.get $sum)
          (i64.extend_i32_u (call $check (call $make (local.get $depth))))))
        (br_if $trees (local.tee $n (i32.sub (local.get $n) (i32.const 1)))))
      (local.set $depth (i32.add (local.get $depth) (i32.const 2)))
      (br_if $depths (i32.le_s (local.get $depth) (local.get $max))))
    (i64.add (local.get $sum) (i64.extend_i32_u (call $check (local.get $long))))))
