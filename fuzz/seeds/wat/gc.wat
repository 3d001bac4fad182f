(module $m
  (rec (type $a (sub (struct (field $x (mut i32)) (field (ref null $b)))))
       (type $b (sub final $a (struct (field $x (mut i32)) (field (ref null $b)) (field i8)))))
  (type $v (array (mut i16)))
  (func $f (export "f") (param $p (ref null $a)) (result i32)
    (if (result i32) (ref.test (ref $b) (local.get $p))
      (then (struct.get $a $x (ref.cast (ref $b) (local.get $p))))
      (else (block $l (result (ref $a)) (br_on_cast $l (ref null $a) (ref $a) (local.get $p)) (drop) (return (i32.const 0))) (drop) (array.len (array.new_default $v (i32.const 3))))))
  (elem declare func $f) (global $g (ref func) (ref.func $f)))
