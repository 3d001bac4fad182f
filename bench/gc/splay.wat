;; SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
;; A splay tree of 8,000 nodes with a payload each: every step inserts a new key and removes the greatest one below it, so
;; that the tree stays as large while everything in it is replaced. The collector has to follow a structure that changes.
;; wazuka --invoke run bench/gc/splay.wat 200000
(module
  (rec
    (type $node (struct (field $key i32) (field $left (mut (ref null $node))) (field $right (mut (ref null $node)))
      (field $value (ref $payload))))
    (type $payload (struct (field $text (ref $text)) (field $next (ref null $payload))))
    (type $text (array (mut i8))))
  (global $root (mut (ref null $node)) (ref.null $node))
  (global $seed (mut i32) (i32.const 49734321))

  (func $random (result i32)  ;; xorshift
    (local $x i32)
    (local.set $x (global.get $seed))
    (local.set $x (i32.xor (local.get $x) (i32.shl (local.get $x) (i32.const 13))))
    (local.set $x (i32.xor (local.get $x) (i32.shr_u (local.get $x) (i32.const 17))))
    (local.set $x (i32.xor (local.get $x) (i32.shl (local.get $x) (i32.const 5))))
    (global.set $seed (local.get $x))
    (i32.shr_u (local.get $x) (i32.const 1)))

  (func $make_payload (param $depth i32) (result (ref $payload))
    (struct.new $payload
      (array.new $text (local.get $depth) (i32.const 24))
      (if (result (ref null $payload)) (local.get $depth)
        (then (call $make_payload (i32.sub (local.get $depth) (i32.const 1))))
        (else (ref.null $payload)))))

  ;; Top-down splay (Sleator and Tarjan): the node with the key, or the last one on the way, becomes the root.
  (func $splay (param $key i32)
    (local $t (ref null $node)) (local $y (ref null $node)) (local $head (ref $node))
    (local $l (ref null $node)) (local $r (ref null $node))
    (local.set $t (global.get $root))
    (if (ref.is_null (local.get $t)) (then (return)))
    (local.set $head (struct.new $node (i32.const 0) (ref.null $node) (ref.null $node)
      (struct.get $node $value (local.get $t))))
    (local.set $l (local.get $head))
    (local.set $r (local.get $head))
    (block $done
      (loop $down
        (if (i32.lt_s (local.get $key) (struct.get $node $key (local.get $t)))
          (then
            (local.set $y (struct.get $node $left (local.get $t)))
            (br_if $done (ref.is_null (local.get $y)))
            (if (i32.lt_s (local.get $key) (struct.get $node $key (local.get $y)))
              (then
                (struct.set $node $left (local.get $t) (struct.get $node $right (local.get $y)))
                (struct.set $node $right (local.get $y) (local.get $t))
                (local.set $t (local.get $y))
                (br_if $done (ref.is_null (struct.get $node $left (local.get $t))))))
            (struct.set $node $left (local.get $r) (local.get $t))
            (local.set $r (local.get $t))
            (local.set $t (struct.get $node $left (local.get $t)))
            (br $down)))
        (br_if $done (i32.eq (local.get $key) (struct.get $node $key (local.get $t))))
        (local.set $y (struct.get $node $right (local.get $t)))
        (br_if $done (ref.is_null (local.get $y)))
        (if (i32.gt_s (local.get $key) (struct.get $node $key (local.get $y)))
          (then
            (struct.set $node $right (local.get $t) (struct.get $node $left (local.get $y)))
            (struct.set $node $left (local.get $y) (local.get $t))
            (local.set $t (local.get $y))
            (br_if $done (ref.is_null (struct.get $node $right (local.get $t))))))
        (struct.set $node $right (local.get $l) (local.get $t))
        (local.set $l (local.get $t))
        (local.set $t (struct.get $node $right (local.get $t)))
        (br $down)))
    (struct.set $node $right (local.get $l) (struct.get $node $left (local.get $t)))
    (struct.set $node $left (local.get $r) (struct.get $node $right (local.get $t)))
    (struct.set $node $left (local.get $t) (struct.get $node $right (local.get $head)))
    (struct.set $node $right (local.get $t) (struct.get $node $left (local.get $head)))
    (global.set $root (local.get $t)))

  ;; False if the key is there already.
  (func $insert (param $key i32) (result i32)
    (local $n (ref $node)) (local $t (ref null $node))
    (call $splay (local.get $key))
    (local.set $t (global.get $root))
    (local.set $n (struct.new $node (local.get $key) (ref.null $node) (ref.null $node) (call $make_payload (i32.const 5))))
    (if (i32.eqz (ref.is_null (local.get $t)))
      (then
        (if (i32.eq (local.get $key) (struct.get $node $key (local.get $t))) (then (return (i32.const 0))))
        (if (i32.gt_s (local.get $key) (struct.get $node $key (local.get $t)))
          (then
            (struct.set $node $left (local.get $n) (local.get $t))
            (struct.set $node $right (local.get $n) (struct.get $node $right (local.get $t)))
            (struct.set $node $right (local.get $t) (ref.null $node)))
          (else
            (struct.set $node $right (local.get $n) (local.get $t))
            (struct.set $node $left (local.get $n) (struct.get $node $left (local.get $t)))
            (struct.set $node $left (local.get $t) (ref.null $node))))))
    (global.set $root (local.get $n))
    (i32.const 1))

  ;; Removes the root; its left subtree's greatest node takes its place.
  (func $remove_root
    (local $right (ref null $node)) (local $key i32)
    (local.set $key (struct.get $node $key (global.get $root)))
    (local.set $right (struct.get $node $right (global.get $root)))
    (if (ref.is_null (struct.get $node $left (global.get $root)))
      (then (global.set $root (local.get $right)) (return)))
    (global.set $root (struct.get $node $left (global.get $root)))
    (call $splay (local.get $key))
    (struct.set $node $right (global.get $root) (local.get $right)))

  (func $insert_new (result i32)
    (local $key i32)
    (loop $again
      (local.set $key (call $random))
      (br_if $again (i32.eqz (call $insert (local.get $key)))))
    (local.get $key))

  (func (export "run") (param $steps i32) (result i64)
    (local $n i32) (local $sum i64)
    (local.set $n (i32.const 8000))
    (loop $fill
      (drop (call $insert_new))
      (br_if $fill (local.tee $n (i32.sub (local.get $n) (i32.const 1)))))
    (loop $steps
      (drop (call $insert_new))
      (call $splay (call $random))
      (local.set $sum (i64.add (i64.mul (local.get $sum) (i64.const 31))
        (i64.extend_i32_u (struct.get $node $key (global.get $root)))))
      (call $remove_root)
      (br_if $steps (local.tee $steps (i32.sub (local.get $steps) (i32.const 1)))))
    (local.get $sum)))
