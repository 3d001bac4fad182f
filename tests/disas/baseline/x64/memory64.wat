;; Indices of 64 bits are compared always; of two memories only the first has its base in a register.
(module
  (memory i64 1)
  (memory $second 1)
  (func (export "loads") (param i64) (result i32) (i32.load offset=8 (local.get 0)))
  (func (export "stores") (param i64 i64) (i64.store (local.get 0) (local.get 1)))
  (func (export "second") (param i32) (result i32) (i32.load $second (local.get 0)))
  (func (export "wide_offset") (param i64) (result i64) (i64.load offset=0x100000000 (local.get 0))))
