;; options: --exception-tables
(module
  (tag $t (param i32 i64))
  (func $may_throw (param i32) (if (local.get 0) (then (throw $t (local.get 0) (i64.const 7)))))
  (func (export "catches") (param i32) (result i32)
    (block $h (result i32 i64)
      (try_table (catch $t $h) (call $may_throw (local.get 0)))
      (return (i32.const -1)))
    (drop))
  (func (export "catches_all") (param i32) (result i32)
    (block $h (result exnref)
      (try_table (catch_all_ref $h) (call $may_throw (local.get 0)))
      (return (i32.const -1)))
    (throw_ref)))
