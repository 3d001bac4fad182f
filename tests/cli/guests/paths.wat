;; SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
;;
;; Makes one WASI call that takes a path below the first preopen, and exits with its errno (0: success).
;;
;;     paths.wat LETTER PATH [SECOND]
;;
;; The letter says which call; see $call. SECOND is the new name of a rename or link, or the text of a new
;; symbolic link.

(module
  (import "wasi_snapshot_preview1" "args_sizes_get" (func $args_sizes_get (param i32 i32) (result i32)))
  (import "wasi_snapshot_preview1" "args_get" (func $args_get (param i32 i32) (result i32)))
  (import "wasi_snapshot_preview1" "path_open"
    (func $path_open (param i32 i32 i32 i32 i32 i64 i64 i32 i32) (result i32)))
  (import "wasi_snapshot_preview1" "path_create_directory"
    (func $path_create_directory (param i32 i32 i32) (result i32)))
  (import "wasi_snapshot_preview1" "path_unlink_file"
    (func $path_unlink_file (param i32 i32 i32) (result i32)))
  (import "wasi_snapshot_preview1" "path_remove_directory"
    (func $path_remove_directory (param i32 i32 i32) (result i32)))
  (import "wasi_snapshot_preview1" "path_filestat_get"
    (func $path_filestat_get (param i32 i32 i32 i32 i32) (result i32)))
  (import "wasi_snapshot_preview1" "path_filestat_set_times"
    (func $path_filestat_set_times (param i32 i32 i32 i32 i64 i64 i32) (result i32)))
  (import "wasi_snapshot_preview1" "path_readlink"
    (func $path_readlink (param i32 i32 i32 i32 i32 i32) (result i32)))
  (import "wasi_snapshot_preview1" "path_rename"
    (func $path_rename (param i32 i32 i32 i32 i32 i32) (result i32)))
  (import "wasi_snapshot_preview1" "path_link"
    (func $path_link (param i32 i32 i32 i32 i32 i32 i32) (result i32)))
  (import "wasi_snapshot_preview1" "path_symlink"
    (func $path_symlink (param i32 i32 i32 i32 i32) (result i32)))
  (import "wasi_snapshot_preview1" "proc_exit" (func $proc_exit (param i32)))

  (memory (export "memory") 1)
  (global $out i32 (i32.const 0x100))       ;; where results go; nobody reads them
  (global $argv i32 (i32.const 0x1000))     ;; up to 4 pointers, then the text

  (func (export "_start")
    (drop (call $args_sizes_get (i32.const 0) (i32.const 4)))
    (drop (call $args_get (global.get $argv) (i32.const 0x1010)))
    (call $proc_exit
      (call $call
        (i32.load8_u (i32.load offset=4 (global.get $argv)))
        (i32.load offset=8 (global.get $argv))
        (select
          (i32.load offset=12 (global.get $argv))
          (i32.const 0)
          (i32.gt_u (i32.load (i32.const 0)) (i32.const 3))))))

  ;; 3 is the first preopen; the first 1 of some calls is the lookup flag "follow symbolic links".
  (func $call (param $letter i32) (param $path i32) (param $second i32) (result i32)
    (local $len i32)
    (local $len2 i32)
    (local.set $len (call $length (local.get $path)))
    (local.set $len2 (call $length (local.get $second)))
    ;; o: open for reading
    (if (i32.eq (local.get $letter) (i32.const 0x6f))
      (then (return (call $path_open (i32.const 3) (i32.const 1) (local.get $path) (local.get $len)
        (i32.const 0) (i64.const 2) (i64.const 0) (i32.const 0) (global.get $out)))))
    ;; n: open for reading, without following a symbolic link at the end
    (if (i32.eq (local.get $letter) (i32.const 0x6e))
      (then (return (call $path_open (i32.const 3) (i32.const 0) (local.get $path) (local.get $len)
        (i32.const 0) (i64.const 2) (i64.const 0) (i32.const 0) (global.get $out)))))
    ;; c: open for writing, create (open flag 1)
    (if (i32.eq (local.get $letter) (i32.const 0x63))
      (then (return (call $path_open (i32.const 3) (i32.const 1) (local.get $path) (local.get $len)
        (i32.const 1) (i64.const 64) (i64.const 0) (i32.const 0) (global.get $out)))))
    ;; t: open for writing, truncate (open flag 8)
    (if (i32.eq (local.get $letter) (i32.const 0x74))
      (then (return (call $path_open (i32.const 3) (i32.const 1) (local.get $path) (local.get $len)
        (i32.const 8) (i64.const 64) (i64.const 0) (i32.const 0) (global.get $out)))))
    ;; d: open as a directory (open flag 2)
    (if (i32.eq (local.get $letter) (i32.const 0x64))
      (then (return (call $path_open (i32.const 3) (i32.const 1) (local.get $path) (local.get $len)
        (i32.const 2) (i64.const 2) (i64.const 0) (i32.const 0) (global.get $out)))))
    ;; m: make a directory
    (if (i32.eq (local.get $letter) (i32.const 0x6d))
      (then (return (call $path_create_directory (i32.const 3) (local.get $path) (local.get $len)))))
    ;; u: unlink
    (if (i32.eq (local.get $letter) (i32.const 0x75))
      (then (return (call $path_unlink_file (i32.const 3) (local.get $path) (local.get $len)))))
    ;; r: remove a directory
    (if (i32.eq (local.get $letter) (i32.const 0x72))
      (then (return (call $path_remove_directory (i32.const 3) (local.get $path) (local.get $len)))))
    ;; s: stat
    (if (i32.eq (local.get $letter) (i32.const 0x73))
      (then (return (call $path_filestat_get (i32.const 3) (i32.const 1) (local.get $path) (local.get $len)
        (global.get $out)))))
    ;; w: set the time of the last access to now (flag 2)
    (if (i32.eq (local.get $letter) (i32.const 0x77))
      (then (return (call $path_filestat_set_times (i32.const 3) (i32.const 1)
        (local.get $path) (local.get $len) (i64.const 0) (i64.const 0) (i32.const 2)))))
    ;; l: read a symbolic link
    (if (i32.eq (local.get $letter) (i32.const 0x6c))
      (then (return (call $path_readlink (i32.const 3) (local.get $path) (local.get $len)
        (global.get $out) (i32.const 256) (i32.const 0)))))
    ;; v: rename (mv)
    (if (i32.eq (local.get $letter) (i32.const 0x76))
      (then (return (call $path_rename (i32.const 3) (local.get $path) (local.get $len)
        (i32.const 3) (local.get $second) (local.get $len2)))))
    ;; h: hard link
    (if (i32.eq (local.get $letter) (i32.const 0x68))
      (then (return (call $path_link (i32.const 3) (i32.const 0) (local.get $path) (local.get $len)
        (i32.const 3) (local.get $second) (local.get $len2)))))
    ;; y: symbolic link named PATH with the text SECOND
    (if (i32.eq (local.get $letter) (i32.const 0x79))
      (then (return (call $path_symlink (local.get $second) (local.get $len2) (i32.const 3)
        (local.get $path) (local.get $len)))))
    unreachable)

  (func $length (param $text i32) (result i32)
    (local $end i32)
    (local.set $end (local.get $text))
    (block $found
      (loop $next
        (br_if $found (i32.eqz (i32.load8_u (local.get $end))))
        (local.set $end (i32.add (local.get $end) (i32.const 1)))
        (br $next)))
    (i32.sub (local.get $end) (local.get $text))))
