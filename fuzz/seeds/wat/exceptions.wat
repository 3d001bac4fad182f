(module
  (tag (import "a" "b")) (tag $t (param i32))
  (func (result i32) (block $h (result i32) (try_table (result i32) (catch $t $h) (catch_all_ref 0) (throw $t (i32.const 1)))))
  (func try nop catch 0 drop rethrow 0 catch_all end (try $x (do nop) (catch 0 drop) (catch_all (rethrow $x)))
    (block $b (try (do) (delegate $b)))))
