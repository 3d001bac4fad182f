;; SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
;;
;; The smallest WASI command: write one line to standard output.
;;
;;     wazuka examples/hello.wat
;;
;; A WASI command is a module that exports `_start` (what to run) and `memory` (where the host reads the
;; arguments of WASI calls).

(module
  ;; fd_write(fd, iovs, iovs_len, nwritten_out) -> errno
  ;; Writes a list of buffers ("iovecs") to a file descriptor. 1 is standard output.
  (import "wasi_snapshot_preview1" "fd_write"
    (func $fd_write (param i32 i32 i32 i32) (result i32)))

  (memory (export "memory") 1)

  ;; One iovec at address 0: the buffer's address and its length, both little-endian 32-bit numbers.
  (data (i32.const 0) "\10\00\00\00" "\0e\00\00\00")
  ;; The buffer itself at address 16.
  (data (i32.const 16) "Hello, world!\n")

  (func (export "_start")
    (drop
      (call $fd_write
        (i32.const 1)       ;; standard output
        (i32.const 0)       ;; the iovec list is at address 0
        (i32.const 1)       ;; and has one element
        (i32.const 8)))))   ;; where the host stores the number of bytes written
