;; SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
;;
;; Copies standard input to standard output; exits with the errno of the first call that fails.

(module
  (import "wasi_snapshot_preview1" "fd_read" (func $fd_read (param i32 i32 i32 i32) (result i32)))
  (import "wasi_snapshot_preview1" "fd_write" (func $fd_write (param i32 i32 i32 i32) (result i32)))
  (import "wasi_snapshot_preview1" "proc_exit" (func $proc_exit (param i32)))

  (memory (export "memory") 2)
  (global $iovec i32 (i32.const 0))
  (global $bytes i32 (i32.const 8))
  (global $buffer i32 (i32.const 0x10000))

  (func (export "_start")
    (loop $next
      (i32.store (global.get $iovec) (global.get $buffer))
      (i32.store offset=4 (global.get $iovec) (i32.const 0x10000))
      (call $check (call $fd_read (i32.const 0) (global.get $iovec) (i32.const 1) (global.get $bytes)))
      (if (i32.eqz (i32.load (global.get $bytes))) (then (return)))
      (call $write (global.get $buffer) (i32.load (global.get $bytes)))
      (br $next)))

  (func $write (param $data i32) (param $size i32)
    (loop $next
      (if (i32.eqz (local.get $size)) (then (return)))
      (i32.store (global.get $iovec) (local.get $data))
      (i32.store offset=4 (global.get $iovec) (local.get $size))
      (call $check (call $fd_write (i32.const 1) (global.get $iovec) (i32.const 1) (global.get $bytes)))
      (local.set $data (i32.add (local.get $data) (i32.load (global.get $bytes))))
      (local.set $size (i32.sub (local.get $size) (i32.load (global.get $bytes))))
      (br $next)))

  (func $check (param $errno i32)
    (if (local.get $errno) (then (call $proc_exit (local.get $errno))))))
