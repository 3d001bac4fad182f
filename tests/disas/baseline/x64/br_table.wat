(module
  (func (export "dense") (param i32) (result i32)
    (block $d (block $c (block $b (block $a
      (br_table $a $b $c $b $a $d (local.get 0)))
      (return (i32.const 10)))
      (return (i32.const 11)))
      (return (i32.const 12)))
    (i32.const 13))
  (func (export "with_value") (param i32 i64) (result i64)
    (block $b (result i64) (block $a (result i64)
      (br_table $a $b $a (local.get 1) (local.get 0)))
      (i64.const 1) (i64.add)))
  (func (export "only_default") (param i32) (result i32)
    (block $a (br_table $a (local.get 0))) (i32.const 1)))
