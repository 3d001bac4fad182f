;; options: -W fuel=1000
(module
  (memory 1)
  (func (export "loop") (param i32)
    (loop $l (br_if $l (local.tee 0 (i32.sub (local.get 0) (i32.const 1))))))
  (func $leaf (param i32) (result i32) (i32.add (local.get 0) (i32.const 1)))
  (func (export "call") (result i32) (call $leaf (call $leaf (i32.const 1))))
  (func (export "bulk") (param i32 i32) (memory.fill (local.get 0) (i32.const 0) (local.get 1))))
