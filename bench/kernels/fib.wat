;; SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
;; Recursive calls and returns with almost no work between them: the cost of a call frame.
;; run: 34
;; expect: 5702887
;; smoke: 20
;; smoke-expect: 6765
(module
  (func $fib (param $n i32) (result i32)
    (if (result i32) (i32.lt_u (local.get $n) (i32.const 2))
      (then (local.get $n))
      (else (i32.add (call $fib (i32.sub (local.get $n) (i32.const 1)))
                     (call $fib (i32.sub (local.get $n) (i32.const 2)))))))
  (func (export "run") (param $n i64) (result i64)
    (i64.extend_i32_u (call $fib (i32.wrap_i64 (local.get $n))))))
