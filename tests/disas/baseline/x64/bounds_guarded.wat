;; The guard pages find what is out of bounds: no comparison, but for offsets that reach behind them.
(module
  (memory 1)
  (func (export "loads") (param i32) (result i32)
    (i32.add (i32.load8_u (local.get 0)) (i32.load offset=16 (local.get 0))))
  (func (export "stores") (param i32 i64 f32)
    (i64.store offset=8 (local.get 0) (local.get 1))
    (f32.store (local.get 0) (local.get 2))
    (i32.store8 (local.get 0) (i32.const 7)))
  (func (export "constant_address") (result i64) (i64.load (i32.const 1024)))
  (func (export "computed_index") (param i32 i32) (result i32)
    (i32.load (i32.shl (i32.add (local.get 0) (local.get 1)) (i32.const 2))))
  (func (export "behind_the_guard") (param i32) (result i32)
    (i32.load offset=0x8000000 (local.get 0))))
