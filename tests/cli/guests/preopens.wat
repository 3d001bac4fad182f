;; SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
;;
;; Prints each preopened directory as "<descriptor> <guest name>", for descriptors below 10.

(module
  (import "wasi_snapshot_preview1" "fd_prestat_get" (func $fd_prestat_get (param i32 i32) (result i32)))
  (import "wasi_snapshot_preview1" "fd_prestat_dir_name" (func $fd_prestat_dir_name (param i32 i32 i32) (result i32)))
  (import "wasi_snapshot_preview1" "fd_write" (func $fd_write (param i32 i32 i32 i32) (result i32)))
  (import "wasi_snapshot_preview1" "proc_exit" (func $proc_exit (param i32)))

  (memory (export "memory") 2)
  (global $prestat i32 (i32.const 0))    ;; kind (0: directory), then the length of the name
  (global $iovec i32 (i32.const 16))
  (global $written i32 (i32.const 24))
  (global $line i32 (i32.const 0x100))   ;; digit, space, name, newline

  (func (export "_start")
    (local $fd i32)
    (local $errno i32)
    (local $length i32)
    (local.set $fd (i32.const 3))
    (loop $next
      (local.set $errno (call $fd_prestat_get (local.get $fd) (global.get $prestat)))
      (if (i32.eq (local.get $errno) (i32.const 8)) (then (return)))   ;; badf: no more preopens
      (call $check (local.get $errno))
      (call $check (i32.load (global.get $prestat)))
      (local.set $length (i32.load offset=4 (global.get $prestat)))
      (call $check
        (call $fd_prestat_dir_name (local.get $fd) (i32.add (global.get $line) (i32.const 2)) (local.get $length)))
      (i32.store8 (global.get $line) (i32.add (local.get $fd) (i32.const 48)))
      (i32.store8 offset=1 (global.get $line) (i32.const 32))
      (i32.store8 offset=2 (i32.add (global.get $line) (local.get $length)) (i32.const 10))
      (i32.store (global.get $iovec) (global.get $line))
      (i32.store offset=4 (global.get $iovec) (i32.add (local.get $length) (i32.const 3)))
      (call $check (call $fd_write (i32.const 1) (global.get $iovec) (i32.const 1) (global.get $written)))
      (local.set $fd (i32.add (local.get $fd) (i32.const 1)))
      (br_if $next (i32.lt_u (local.get $fd) (i32.const 10)))))

  (func $check (param $errno i32)
    (if (local.get $errno) (then (call $proc_exit (local.get $errno))))))
