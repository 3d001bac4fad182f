;; options: -W stack-switching -O gc-heap-initial-size=1048576
;; Continuations that nobody finishes are reclaimed: address space for so many stacks does not exist.
(module
  (rec (type $f (func)) (type $c (cont $f)))
  (tag $yield)
  (global $last (mut (ref null $c)) (ref.null $c))
  (table $t 10 (ref null $c))
  (elem declare func $once $gen $ends)
  (func $once (type $f) (suspend $yield) (suspend $yield))
  (func $ends (type $f))

  ;; Starts n continuations; only the last ten stay reachable.
  (func (export "abandon") (param $n i32) (result i32)
    (loop $l
      (table.set $t (i32.rem_u (local.get $n) (i32.const 10))
        (block $on (result (ref $c))
          (resume $c (on $yield $on) (cont.new $c (ref.func $once)))
          (unreachable)))
      (br_if $l (local.tee $n (i32.sub (local.get $n) (i32.const 1)))))
    (loop $l
      (drop (block $on (result (ref $c))
        (resume $c (on $yield $on) (table.get $t (local.get $n)))
        (unreachable)))
      (br_if $l (i32.lt_u (local.tee $n (i32.add (local.get $n) (i32.const 1))) (i32.const 10))))
    (local.get $n))

  ;; Continuations that never run need no stack.
  (func (export "unused") (param $n i32)
    (loop $l
      (global.set $last (cont.new $c (ref.func $once)))
      (br_if $l (local.tee $n (i32.sub (local.get $n) (i32.const 1))))))

  ;; Those that end give their stack to the next.
  (func (export "finish") (param $n i32)
    (loop $l
      (resume $c (cont.new $c (ref.func $ends)))
      (br_if $l (local.tee $n (i32.sub (local.get $n) (i32.const 1))))))

  ;; One generator, suspended very often.
  (func $gen (type $f) (loop $l (suspend $yield) (br $l)))
  (func (export "suspend") (param $n i32) (local $k (ref null $c))
    (local.set $k (cont.new $c (ref.func $gen)))
    (loop $l
      (local.set $k (block $on (result (ref $c))
        (resume $c (on $yield $on) (local.get $k))
        (unreachable)))
      (br_if $l (local.tee $n (i32.sub (local.get $n) (i32.const 1))))))
)
(assert_return (invoke "abandon" (i32.const 100000)) (i32.const 10))
(assert_return (invoke "unused" (i32.const 300000)))
(assert_return (invoke "finish" (i32.const 300000)))
(assert_return (invoke "suspend" (i32.const 1000000)))
