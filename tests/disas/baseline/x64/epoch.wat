;; options: -W timeout=1s
(module
  (func (export "loop") (param i32)
    (loop $l (br_if $l (local.tee 0 (i32.sub (local.get 0) (i32.const 1))))))
  (func (export "leaf") (param i32) (result i32) (i32.add (local.get 0) (i32.const 1))))
