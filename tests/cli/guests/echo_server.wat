;; SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
;;
;; Makes descriptor 3, a listening socket, block, accepts one connection on it, sends back what it receives until the other side ends its stream, shuts
;; the connection down and prints how many bytes came. Exits with the errno of the first call that fails.

(module
  (import "wasi_snapshot_preview1" "sock_accept" (func $accept (param i32 i32 i32) (result i32)))
  (import "wasi_snapshot_preview1" "sock_recv" (func $recv (param i32 i32 i32 i32 i32 i32) (result i32)))
  (import "wasi_snapshot_preview1" "sock_send" (func $send (param i32 i32 i32 i32 i32) (result i32)))
  (import "wasi_snapshot_preview1" "sock_shutdown" (func $shutdown (param i32 i32) (result i32)))
  (import "wasi_snapshot_preview1" "fd_fdstat_set_flags" (func $set_flags (param i32 i32) (result i32)))
  (import "wasi_snapshot_preview1" "fd_write" (func $write (param i32 i32 i32 i32) (result i32)))
  (import "wasi_snapshot_preview1" "fd_close" (func $close (param i32) (result i32)))
  (import "wasi_snapshot_preview1" "proc_exit" (func $exit (param i32)))

  (memory (export "memory") 1)
  (data (i32.const 0x100) "000 bytes\n")
  (global $iovec i32 (i32.const 0x10))
  (global $count i32 (i32.const 0x20))
  (global $flags i32 (i32.const 0x24))
  (global $buffer i32 (i32.const 0x1000))

  (func $check (param $errno i32)
    (if (local.get $errno) (then (call $exit (local.get $errno)))))

  (func $set_iovec (param $length i32)
    (i32.store (global.get $iovec) (global.get $buffer))
    (i32.store offset=4 (global.get $iovec) (local.get $length)))

  (func $put_digit (param $at i32) (param $value i32)
    (i32.store8 (local.get $at) (i32.add (i32.const 48) (i32.rem_u (local.get $value) (i32.const 10)))))

  (func (export "_start") (local $socket i32) (local $total i32)
    ;; Listeners come non-blocking, so that an event loop can ask for them.
    (call $check (call $set_flags (i32.const 3) (i32.const 0)))
    (call $check (call $accept (i32.const 3) (i32.const 0) (global.get $count)))
    (local.set $socket (i32.load (global.get $count)))
    (block $end
      (loop $more
        (call $set_iovec (i32.const 64))
        (call $check (call $recv (local.get $socket) (global.get $iovec) (i32.const 1) (i32.const 0)
                                 (global.get $count) (global.get $flags)))
        (br_if $end (i32.eqz (i32.load (global.get $count))))
        (local.set $total (i32.add (local.get $total) (i32.load (global.get $count))))
        (call $set_iovec (i32.load (global.get $count)))
        (call $check (call $send (local.get $socket) (global.get $iovec) (i32.const 1) (i32.const 0)
                                 (global.get $count)))
        (br $more)))
    (call $check (call $shutdown (local.get $socket) (i32.const 3)))
    (call $check (call $close (local.get $socket)))
    (call $put_digit (i32.const 0x100) (i32.div_u (local.get $total) (i32.const 100)))
    (call $put_digit (i32.const 0x101) (i32.div_u (local.get $total) (i32.const 10)))
    (call $put_digit (i32.const 0x102) (local.get $total))
    (i32.store (global.get $iovec) (i32.const 0x100))
    (i32.store offset=4 (global.get $iovec) (i32.const 10))
    (call $check (call $write (i32.const 1) (global.get $iovec) (i32.const 1) (global.get $count)))))
