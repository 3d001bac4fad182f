;; SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
;;
;; simple_cat: writes the file named by its first argument to standard output.
;;
;;     wazuka --dir . examples/simple_cat.wat README.md
;;
;; A WASI program has no access to the file system of its own. The host opens the directories given with
;; `--dir` beforehand ("preopens") and hands them over as file descriptors 3, 4, …; every path is then
;; looked up below one of these. This program uses the first, so `README.md` and `./docs/index.md` work,
;; while `/etc/passwd` and `../secret` are refused by the host, whatever the program does.
;;
;; Exit code: 0 if the whole file was written, 1 after any error, which is reported on standard error.

(module
  ;; Every WASI call returns an errno: 0 means success. Results are stored through pointers, named *_out.
  (import "wasi_snapshot_preview1" "args_sizes_get"      ;; (count_out, bytes_out)
    (func $args_sizes_get (param i32 i32) (result i32)))
  (import "wasi_snapshot_preview1" "args_get"            ;; (pointers_out, text_out)
    (func $args_get (param i32 i32) (result i32)))
  (import "wasi_snapshot_preview1" "path_open"
    ;; (dir, lookup_flags, path, path_len, open_flags, rights, inherited_rights, fd_flags, fd_out)
    (func $path_open (param i32 i32 i32 i32 i32 i64 i64 i32 i32) (result i32)))
  (import "wasi_snapshot_preview1" "fd_read"             ;; (fd, iovecs, iovec_count, bytes_out)
    (func $fd_read (param i32 i32 i32 i32) (result i32)))
  (import "wasi_snapshot_preview1" "fd_write"            ;; (fd, iovecs, iovec_count, bytes_out)
    (func $fd_write (param i32 i32 i32 i32) (result i32)))
  (import "wasi_snapshot_preview1" "proc_exit"           ;; (exit_code), never returns
    (func $proc_exit (param i32)))

  ;; Memory map:
  ;;   0x00000  the cells that WASI calls store results in
  ;;   0x00100  messages, each ended by a zero byte
  ;;   0x10000  the copy buffer, 64 KiB
  ;;   0x20000  the arguments: a list of pointers, then their text; grown to the size needed
  (memory (export "memory") 2)

  (global $iovec i32 (i32.const 0x00))        ;; one iovec: address, length
  (global $bytes i32 (i32.const 0x08))        ;; how much a read or write transferred
  (global $fd_cell i32 (i32.const 0x0c))      ;; the file descriptor of the opened file
  (global $arg_count i32 (i32.const 0x10))
  (global $arg_bytes i32 (i32.const 0x14))
  (global $digits i32 (i32.const 0x20))       ;; 16 bytes for "error <n>" and a zero byte
  (global $buffer i32 (i32.const 0x10000))
  (global $buffer_size i32 (i32.const 0x10000))
  (global $args i32 (i32.const 0x20000))

  (global $stdout i32 (i32.const 1))
  (global $stderr i32 (i32.const 2))
  (global $first_preopen i32 (i32.const 3))

  (data (i32.const 0x100) "simple_cat: \00")
  (data (i32.const 0x110) ": \00")
  (data (i32.const 0x114) "\n\00")
  (data (i32.const 0x120) "error \00")
  (data (i32.const 0x130) "usage: simple_cat FILE\n\00")
  (data (i32.const 0x150) "cannot get the arguments\00")
  (data (i32.const 0x170) "standard output\00")
  (data (i32.const 0x180) "permission denied\00")
  (data (i32.const 0x1a0) "no directory is open for it (give one with --dir)\00")
  (data (i32.const 0x1e0) "is a directory\00")
  (data (i32.const 0x200) "no such file or directory\00")
  (data (i32.const 0x220) "not a directory\00")
  (data (i32.const 0x240) "outside of the given directory\00")
  (data (i32.const 0x260) "cannot be read (is it a directory?)\00")

  (func (export "_start")
    (local $path i32)
    (local $fd i32)
    (call $read_args)
    (if (i32.lt_u (i32.load (global.get $arg_count)) (i32.const 2))
      (then
        (call $print_error (i32.const 0x130))
        (call $proc_exit (i32.const 1))))
    (local.set $path (i32.load offset=4 (global.get $args)))   ;; argv[1]
    (local.set $fd (call $open (local.get $path)))
    (call $copy (local.get $fd) (local.get $path)))

  ;; Fetches the arguments to $args. They can be longer than any fixed buffer, so ask for the size first.
  (func $read_args
    (local $text i32)
    (local $missing i32)
    (call $check_args
      (call $args_sizes_get (global.get $arg_count) (global.get $arg_bytes)))
    ;; The text follows the list of pointers, 4 bytes each.
    (local.set $text
      (i32.add (global.get $args) (i32.shl (i32.load (global.get $arg_count)) (i32.const 2))))
    ;; Grow by the bytes past the end of memory, rounded up to pages of 64 KiB.
    (local.set $missing
      (i32.sub
        (i32.add (local.get $text) (i32.load (global.get $arg_bytes)))
        (i32.shl (memory.size) (i32.const 16))))
    (if (i32.gt_s (local.get $missing) (i32.const 0))
      (then
        (call $check_args
          (i32.eq
            (memory.grow
              (i32.shr_u (i32.add (local.get $missing) (i32.const 0xffff)) (i32.const 16)))
            (i32.const -1)))))
    (call $check_args (call $args_get (global.get $args) (local.get $text))))

  (func $check_args (param $failed i32)
    (if (local.get $failed)
      (then
        (call $print_error (i32.const 0x100))
        (call $print_error (i32.const 0x150))
        (call $print_error (i32.const 0x114))
        (call $proc_exit (i32.const 1)))))

  ;; Opens $path for reading below the first preopen.
  (func $open (param $path i32) (result i32)
    (local $errno i32)
    (local.set $errno
      (call $path_open
        (global.get $first_preopen)
        (i32.const 1)                         ;; lookup flag 1: follow symbolic links
        (local.get $path)
        (call $length (local.get $path))
        (i32.const 0)                         ;; no open flag: do not create, do not truncate
        (i64.const 2)                         ;; right 2: fd_read
        (i64.const 0)
        (i32.const 0)
        (global.get $fd_cell)))
    (if (local.get $errno)
      (then (call $fail (local.get $path) (call $open_error (local.get $errno)))))
    (i32.load (global.get $fd_cell)))

  ;; Copies from $fd to standard output until a read gives nothing more.
  (func $copy (param $fd i32) (param $path i32)
    (loop $next
      (i32.store (global.get $iovec) (global.get $buffer))
      (i32.store offset=4 (global.get $iovec) (global.get $buffer_size))
      (if (call $fd_read (local.get $fd) (global.get $iovec) (i32.const 1) (global.get $bytes))
        (then (call $fail (local.get $path) (i32.const 0x260))))
      (if (i32.load (global.get $bytes))
        (then
          (call $write_all (global.get $stdout) (global.get $buffer) (i32.load (global.get $bytes)))
          (br $next)))))

  ;; Writes $size bytes at $data. One fd_write may take only a part of them: go on with the rest.
  (func $write_all (param $fd i32) (param $data i32) (param $size i32)
    (local $errno i32)
    (loop $next
      (if (i32.eqz (local.get $size)) (then (return)))
      (i32.store (global.get $iovec) (local.get $data))
      (i32.store offset=4 (global.get $iovec) (local.get $size))
      (local.set $errno
        (call $fd_write (local.get $fd) (global.get $iovec) (i32.const 1) (global.get $bytes)))
      (if (local.get $errno)
        (then
          ;; An error message that cannot be written has nobody to tell.
          (if (i32.eq (local.get $fd) (global.get $stderr)) (then (call $proc_exit (i32.const 1))))
          (call $fail (i32.const 0x170) (call $number_text (local.get $errno)))))
      (local.set $data (i32.add (local.get $data) (i32.load (global.get $bytes))))
      (local.set $size (i32.sub (local.get $size) (i32.load (global.get $bytes))))
      (br $next)))

  ;; "simple_cat: <subject>: <reason>" on standard error, and exit code 1.
  (func $fail (param $subject i32) (param $reason i32)
    (call $print_error (i32.const 0x100))
    (call $print_error (local.get $subject))
    (call $print_error (i32.const 0x110))
    (call $print_error (local.get $reason))
    (call $print_error (i32.const 0x114))
    (call $proc_exit (i32.const 1)))

  (func $print_error (param $text i32)
    (call $write_all (global.get $stderr) (local.get $text) (call $length (local.get $text))))

  ;; The message for an errno of path_open.
  (func $open_error (param $errno i32) (result i32)
    (if (i32.eq (local.get $errno) (i32.const 2)) (then (return (i32.const 0x180))))    ;; acces
    (if (i32.eq (local.get $errno) (i32.const 8)) (then (return (i32.const 0x1a0))))    ;; badf
    (if (i32.eq (local.get $errno) (i32.const 31)) (then (return (i32.const 0x1e0))))   ;; isdir
    (if (i32.eq (local.get $errno) (i32.const 44)) (then (return (i32.const 0x200))))   ;; noent
    (if (i32.eq (local.get $errno) (i32.const 54)) (then (return (i32.const 0x220))))   ;; notdir
    (if (i32.eq (local.get $errno) (i32.const 63)) (then (return (i32.const 0x240))))   ;; perm
    (if (i32.eq (local.get $errno) (i32.const 76)) (then (return (i32.const 0x240))))   ;; notcapable
    (call $number_text (local.get $errno)))

  ;; "error <n>" in decimal, built backwards from the last digit in front of a zero byte at $digits + 15.
  (func $number_text (param $n i32) (result i32)
    (local $at i32)
    (local.set $at (i32.add (global.get $digits) (i32.const 15)))
    (i32.store8 (local.get $at) (i32.const 0))
    (loop $next
      (local.set $at (i32.sub (local.get $at) (i32.const 1)))
      (i32.store8 (local.get $at)
        (i32.add (i32.const 48) (i32.rem_u (local.get $n) (i32.const 10))))
      (local.set $n (i32.div_u (local.get $n) (i32.const 10)))
      (br_if $next (local.get $n)))
    (local.set $at (i32.sub (local.get $at) (i32.const 6)))
    (memory.copy (local.get $at) (i32.const 0x120) (i32.const 6))   ;; "error "
    (local.get $at))

  ;; The length of the text at $text, up to its zero byte.
  (func $length (param $text i32) (result i32)
    (local $end i32)
    (local.set $end (local.get $text))
    (block $found
      (loop $next
        (br_if $found (i32.eqz (i32.load8_u (local.get $end))))
        (local.set $end (i32.add (local.get $end) (i32.const 1)))
        (br $next)))
    (i32.sub (local.get $end) (local.get $text))))
