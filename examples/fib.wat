;; SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
;;
;; A plain library module: no WASI, no `_start`. Its functions are called from the command line.
;;
;;     wazuka --invoke fib examples/fib.wat 30
;;     wazuka --invoke fib_iterative examples/fib.wat 90

(module
  ;; The textbook recursion: exponential time, so it also serves as a quick look at call speed.
  (func $fib (export "fib") (param $n i32) (result i32)
    (if (result i32) (i32.lt_u (local.get $n) (i32.const 2))
      (then (local.get $n))
      (else
        (i32.add
          (call $fib (i32.sub (local.get $n) (i32.const 1)))
          (call $fib (i32.sub (local.get $n) (i32.const 2)))))))

  ;; The same numbers in linear time; exact up to n = 92, where they outgrow a signed 64-bit integer.
  (func (export "fib_iterative") (param $n i32) (result i64)
    (local $current i64)
    (local $next i64)
    (local.set $next (i64.const 1))
    (block $done
      (loop $step
        (br_if $done (i32.eqz (local.get $n)))
        ;; (current, next) = (next, current + next), without a temporary: the stack holds the old value.
        (local.get $next)
        (local.set $next (i64.add (local.get $current) (local.get $next)))
        (local.set $current)
        (local.set $n (i32.sub (local.get $n) (i32.const 1)))
        (br $step)))
    (local.get $current)))
