;; SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
;; Asks its host for a number and greets so many times; `spin` never ends.
(module
  (import "host" "times" (func $times (result i32)))
  (import "host" "print" (func $print (param i32 i32)))
  (memory (export "memory") 1)
  (data (i32.const 16) "Hello from the guest!")
  (func (export "greet") (result i32) (local $i i32)
    (loop $again
      (call $print (i32.const 16) (i32.const 21))
      (local.set $i (i32.add (local.get $i) (i32.const 1)))
      (br_if $again (i32.lt_u (local.get $i) (call $times))))
    (local.get $i))
  (func (export "spin") (loop $again (br $again))))
