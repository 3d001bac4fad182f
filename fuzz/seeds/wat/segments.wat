(memory $m (export "m") i64 (data "a\00\ff\u{1F600}" (i16 1 -2) (f32 1.5 nan:0x200001 0x1.8p-3 -inf) (v128 i8x16 0 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15)))
(table $t funcref (elem $f $f)) (table 1 2 externref (ref.null extern)) (elem (table $t) (offset i32.const 0) func $f)
(elem $e funcref (item ref.func $f) (ref.null func)) (data $d "x") (data (memory $m) (i64.const 1) "y")
(func $f (local $x i64) (memory.init $m $d (i64.const 0) (i32.const 0) (i32.const 0)) data.drop $d table.init $t $e
  (call_indirect $t (param i32) (result i32 i32) (i32.const 1) (i32.const 0)) br_table 0 0)
(@custom "c" (after code) "data") (start $f)
(func (@name "n") (@metadata.code.branch_hint "\01") (if (i32.const 1) (then (br 0))))
