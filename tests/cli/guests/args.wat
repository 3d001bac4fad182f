;; SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
;;
;; Prints each argument and then each environment variable, as `[text]` on a line of its own.

(module
  (import "wasi_snapshot_preview1" "args_sizes_get" (func $args_sizes_get (param i32 i32) (result i32)))
  (import "wasi_snapshot_preview1" "args_get" (func $args_get (param i32 i32) (result i32)))
  (import "wasi_snapshot_preview1" "environ_sizes_get" (func $environ_sizes_get (param i32 i32) (result i32)))
  (import "wasi_snapshot_preview1" "environ_get" (func $environ_get (param i32 i32) (result i32)))
  (import "wasi_snapshot_preview1" "fd_write" (func $fd_write (param i32 i32 i32 i32) (result i32)))

  (memory (export "memory") 64)
  (global $count i32 (i32.const 0))
  (global $bytes i32 (i32.const 4))
  (global $iovec i32 (i32.const 8))
  (global $written i32 (i32.const 16))
  (data (i32.const 40) "[]\n")
  (global $pointers i32 (i32.const 0x10000))   ;; up to 16384
  (global $text i32 (i32.const 0x20000))

  (func (export "_start")
    (call $check (call $args_sizes_get (global.get $count) (global.get $bytes)))
    (call $check (call $args_get (global.get $pointers) (global.get $text)))
    (call $print_list)
    (call $check (call $environ_sizes_get (global.get $count) (global.get $bytes)))
    (call $check (call $environ_get (global.get $pointers) (global.get $text)))
    (call $print_list))

  (func $check (param $errno i32)
    (if (local.get $errno) (then unreachable)))

  (func $print_list
    (local $i i32)
    (block $end
      (loop $next
        (br_if $end (i32.eq (local.get $i) (i32.load (global.get $count))))
        (call $print
          (i32.load (i32.add (global.get $pointers) (i32.shl (local.get $i) (i32.const 2)))))
        (local.set $i (i32.add (local.get $i) (i32.const 1)))
        (br $next))))

  (func $print (param $text i32)
    (call $write (i32.const 40) (i32.const 1))
    (call $write (local.get $text) (call $length (local.get $text)))
    (call $write (i32.const 41) (i32.const 2)))

  (func $write (param $data i32) (param $size i32)
    (loop $next
      (if (i32.eqz (local.get $size)) (then (return)))
      (i32.store (global.get $iovec) (local.get $data))
      (i32.store offset=4 (global.get $iovec) (local.get $size))
      (call $check (call $fd_write (i32.const 1) (global.get $iovec) (i32.const 1) (global.get $written)))
      (local.set $data (i32.add (local.get $data) (i32.load (global.get $written))))
      (local.set $size (i32.sub (local.get $size) (i32.load (global.get $written))))
      (br $next)))

  (func $length (param $text i32) (result i32)
    (local $end i32)
    (local.set $end (local.get $text))
    (block $found
      (loop $next
        (br_if $found (i32.eqz (i32.load8_u (local.get $end))))
        (local.set $end (i32.add (local.get $end) (i32.const 1)))
        (br $next)))
    (i32.sub (local.get $end) (local.get $text))))
