;; Locals that loops use stay in registers around the back edge.
(module
  (memory 1)
  (func (export "sum") (param $at i32) (param $n i32) (result i32) (local $sum i32)
    (loop $l
      (local.set $sum (i32.add (local.get $sum) (i32.load (local.get $at))))
      (local.set $at (i32.add (local.get $at) (i32.const 4)))
      (br_if $l (local.tee $n (i32.sub (local.get $n) (i32.const 1)))))
    (local.get $sum))
  (func (export "nested") (param $n i32) (result i64) (local $i i32) (local $j i32) (local $sum i64)
    (loop $outer
      (local.set $j (i32.const 0))
      (loop $inner
        (local.set $sum (i64.add (local.get $sum)
          (i64.extend_i32_u (i32.mul (local.get $i) (local.get $j)))))
        (br_if $inner (i32.lt_u (local.tee $j (i32.add (local.get $j) (i32.const 1))) (local.get $n))))
      (br_if $outer (i32.lt_u (local.tee $i (i32.add (local.get $i) (i32.const 1))) (local.get $n))))
    (local.get $sum))
  (func $step (param f64) (result f64) (f64.sqrt (local.get 0)))
  (func (export "with_call") (param $n i32) (result f64) (local $x f64)
    (local.set $x (f64.const 2))
    (loop $l
      (local.set $x (f64.mul (local.get $x) (call $step (local.get $x))))
      (br_if $l (local.tee $n (i32.sub (local.get $n) (i32.const 1)))))
    (local.get $x)))
