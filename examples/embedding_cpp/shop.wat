;; SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
;; Asks its host for the price of what it is told to buy, and adds up; `forever` never ends.
(module
  (import "shop" "price" (func $price (param i32 i32) (result i64)))
  (memory (export "memory") 1)
  (data (i32.const 0) "bread" "coffee" "gold")
  (func (export "bread") (param i64) (result i64)
    (i64.mul (local.get 0) (call $price (i32.const 0) (i32.const 5))))
  (func (export "coffee") (param i64) (result i64)
    (i64.mul (local.get 0) (call $price (i32.const 5) (i32.const 6))))
  (func (export "gold") (param i64) (result i64)
    (i64.mul (local.get 0) (call $price (i32.const 11) (i32.const 4))))
  (func (export "forever") (param i64) (result i64) (loop $again (br $again)) (unreachable)))
