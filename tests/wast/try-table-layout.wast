;; SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
;; A call in a try region goes on in code that does not come next: compilers that leave the empty
;; way there out must jump.
(module
  (tag $e)
  (func $f (param i32) (if (i32.eq (local.get 0) (i32.const 9)) (then (throw $e))))
  (func (export "far") (param i32) (result i32)
    (block $done (result i32)
      (block $caught
        (try_table (catch_all $caught)
          (block $later
            (block $middle
              (br_if $middle (i32.and (local.get 0) (i32.const 1)))
              (call $f (local.get 0))
              (br $later))
            (call $f (local.get 0))
            (br $done (i32.const 1)))
          (br $done (i32.const 2))))
      (i32.const 3)))
  ;; The same in a loop, whose head the call goes on at.
  (func (export "loop") (param i32) (result i32) (local i32)
    (block $caught
      (try_table (catch_all $caught)
        (loop $again
          (local.set 1 (i32.add (local.get 1) (i32.const 1)))
          (if (i32.lt_u (local.get 1) (local.get 0))
            (then (call $f (local.get 1)) (br $again)))
          (local.set 1 (i32.add (local.get 1) (i32.const 100))))))
    (local.get 1)))

(assert_return (invoke "far" (i32.const 0)) (i32.const 2))
(assert_return (invoke "far" (i32.const 1)) (i32.const 1))
(assert_return (invoke "far" (i32.const 9)) (i32.const 3))
(assert_return (invoke "loop" (i32.const 5)) (i32.const 105))
(assert_return (invoke "loop" (i32.const 50)) (i32.const 9))
