;; options: -O signals-based-traps=n
;; Every access is compared with the memory's size, and traps are calls.
(module
  (memory 1)
  (func (export "loads") (param i32) (result i32)
    (i32.add (i32.load8_u (local.get 0)) (i32.load offset=16 (local.get 0))))
  (func (export "stores") (param i32 i64)
    (i64.store offset=8 (local.get 0) (local.get 1)))
  (func (export "constant_address") (result i64) (i64.load (i32.const 1024)))
  (func (export "divides") (param i32 i32) (result i32) (i32.div_s (local.get 0) (local.get 1))))
