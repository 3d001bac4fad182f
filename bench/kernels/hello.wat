;; SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
;; The smallest useful program: one fd_write. Measured by `bench/run.py startup`.
;; expect: Hello, world!
(module
  (import "wasi_snapshot_preview1" "fd_write" (func $fd_write (param i32 i32 i32 i32) (result i32)))
  (import "wasi_snapshot_preview1" "proc_exit" (func $proc_exit (param i32)))
  (memory (export "memory") 1)
  (data (i32.const 16) "\20\00\00\00\0e\00\00\00")  ;; one iovec: 14 bytes at 32
  (data (i32.const 32) "Hello, world!\n")
  (func (export "_start")
    (if (call $fd_write (i32.const 1) (i32.const 16) (i32.const 1) (i32.const 24))
      (then (call $proc_exit (i32.const 1))))))
