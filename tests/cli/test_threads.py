# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""-S threads: guests that start threads with `wasi.thread-spawn` (wasi-threads). Wasmtime has dropped them."""
import os
import pathlib
import shutil
import subprocess

from harness import GUESTS, TIMEOUT, TRAP, Skip, differs, error, file, wazuka

REASON = "it has no threads any more"
FLAGS = ("-W", "shared-memory", "-S", "threads")


def module(main, thread, imports="", more=""):
    """A program with threads: the bodies of `_start` and of `wasi_thread_start` (with $id and $argument)."""
    return file("threads.wat", f"""
      (module
        (import "wasi" "thread-spawn" (func $spawn (param i32) (result i32)))
        (import "wasi_snapshot_preview1" "proc_exit" (func $exit (param i32)))
        (import "wasi_snapshot_preview1" "fd_write" (func $write (param i32 i32 i32 i32) (result i32)))
        (import "wasi_snapshot_preview1" "fd_read" (func $read (param i32 i32 i32 i32) (result i32)))
        (import "wasi_snapshot_preview1" "poll_oneoff" (func $poll (param i32 i32 i32 i32) (result i32)))
        (import "wasi_snapshot_preview1" "path_open"
          (func $open (param i32 i32 i32 i32 i32 i64 i64 i32 i32) (result i32)))
        (import "env" "memory" (memory 1 4 shared))
        {imports}
        (export "memory" (memory 0))
        (global $sum i32 (i32.const 0))
        (global $done i32 (i32.const 4))
        (func $wait_for_ever (drop (memory.atomic.wait32 (i32.const 8) (i32.const 0) (i64.const -1))))
        (func $finish
          (drop (i32.atomic.rmw.add (global.get $done) (i32.const 1)))
          (drop (memory.atomic.notify (global.get $done) (i32.const -1))))
        (func $wait_for (param $count i32) (local $now i32)
          (loop $again
            (local.set $now (i32.atomic.load (global.get $done)))
            (if (i32.lt_u (local.get $now) (local.get $count))
              (then (drop (memory.atomic.wait32 (global.get $done) (local.get $now) (i64.const -1))) (br $again)))))
        (func $require (param i32) (if (i32.eqz (local.get 0)) (then (unreachable))))
        (func (export "_start") (local $i i32) (local $n i32) {main})
        (func (export "wasi_thread_start") (param $id i32) (param $argument i32) (local $i i32) {thread})
        {more})""")


def repeat(count, body):
    return f"(loop $more {body} (local.set $i (i32.add (local.get $i) (i32.const 1))) " \
           f"(br_if $more (i32.lt_u (local.get $i) (i32.const {count}))))"


@differs(REASON)
def test_threads_share_the_memory_and_get_distinct_ids():
    # Each adds its argument to a sum, a thousand times, and its id to the byte that is its own.
    work = repeat(1000, "(drop (i32.atomic.rmw.add (global.get $sum) (local.get $argument)))")
    main = repeat(20, "(call $require (i32.gt_s (call $spawn (i32.add (local.get $i) (i32.const 1))) (i32.const 0)))")
    check = repeat(20, "(call $require (i32.eq (i32.load8_u offset=0x101 (local.get $i)) (i32.const 1)))")
    wazuka(*FLAGS, module(
        f"{main} (call $wait_for (i32.const 20)) (local.set $i (i32.const 0)) {check} "
        "(call $require (i32.eq (i32.load (global.get $sum)) (i32.const 210000))) (call $exit (i32.const 3))",
        f"{work} (drop (i32.atomic.rmw8.add_u offset=0x100 (local.get $id) (i32.const 1))) (call $finish)")).gives(code=3)


@differs(REASON)
def test_the_program_ends_with_its_first_thread():
    wazuka(*FLAGS, module("(call $require (call $spawn (i32.const 1)))", "(loop $ever (br $ever))")).gives()


@differs(REASON)
def test_an_exit_in_a_thread_ends_the_program():
    wazuka(*FLAGS, module("(drop (call $spawn (i32.const 1))) (call $wait_for_ever)",
                          "(call $exit (i32.const 7))")).gives(code=7)


@differs(REASON)
def test_a_trap_in_a_thread_ends_the_program():
    result = wazuka(*FLAGS, module("(drop (call $spawn (i32.const 1))) (call $wait_for_ever)", "(unreachable)"))
    text = result.stderr.decode()
    result.expect(result.code == TRAP and text.startswith("Error: failed to run thread 1 of main module `threads.wat`\n")
                  and "0: failed to invoke `wasi_thread_start`" in text
                  and text.endswith("2: wasm trap: wasm `unreachable` instruction executed\n\n"), "a trap of thread 1")


@differs(REASON)
def test_threads_start_threads():
    wazuka(*FLAGS, module(
        "(drop (call $spawn (i32.const 10))) (call $wait_for (i32.const 10)) (call $exit (i32.const 5))",
        "(if (i32.gt_s (local.get $argument) (i32.const 1)) (then (drop (call $spawn (i32.sub (local.get $argument) "
        "(i32.const 1)))))) (call $finish)")).gives(code=5)


@differs(REASON)
def test_memory_that_one_thread_grows_is_there_for_all():
    wazuka(*FLAGS, module(
        "(drop (call $spawn (i32.const 1))) (call $wait_for (i32.const 1)) (i32.store (i32.const 0x1fff0) (i32.const 1))"
        " (call $exit (memory.size))",
        "(drop (memory.grow (i32.const 1))) (call $finish)")).gives(code=2)


@differs(REASON)
def test_the_start_function_and_globals_are_each_threads_own():
    wazuka(*FLAGS, module(
        "(drop (call $spawn (i32.const 1))) (call $wait_for (i32.const 1)) (call $exit (i32.load (global.get $sum)))",
        "(global.set $own (i32.add (global.get $own) (i32.const 1))) (call $require (i32.eq (global.get $own) (i32.const 2)))"
        "(call $finish)", more="(global $own (mut i32) (i32.const 0)) (start $begin) "
        "(func $begin (global.set $own (i32.add (global.get $own) (i32.const 1)))"
        "  (drop (i32.atomic.rmw.add (global.get $sum) (i32.const 1))))")).gives(code=2)


SAY = """(i32.store (i32.const 0x40) (i32.const 0x80)) (i32.store (i32.const 0x44) (i32.const 3))
         (i32.store (i32.const 0x80) (i32.const 0x0a6968)) (drop (call $write (i32.const 1) (i32.const 0x40) (i32.const 1) (i32.const 0x48)))"""


@differs(REASON)
def test_a_call_that_waits_does_not_hold_up_other_threads():
    # The first thread reads from standard input, where nothing comes; the second prints and exits.
    path = module("(drop (call $spawn (i32.const 1))) (i32.store (i32.const 0x20) (i32.const 0x100)) "
                  "(i32.store (i32.const 0x24) (i32.const 8)) (drop (call $read (i32.const 0) (i32.const 0x20) "
                  "(i32.const 1) (i32.const 0x28))) (unreachable)", SAY + "(call $exit (i32.const 4))")
    silent, keep_open = os.pipe()
    with os.fdopen(silent) as stdin, os.fdopen(keep_open, "w"):
        wazuka(*FLAGS, path, stdin=stdin).gives(stdout="hi\n", code=4)


@differs(REASON)
def test_a_thread_that_sleeps_does_not_hold_up_others():
    # A subscription to the monotonic clock in an hour.
    sleep = ("(i32.store (i32.const 0x210) (i32.const 1)) (i64.store (i32.const 0x218) (i64.const 3600000000000)) "
             "(drop (call $poll (i32.const 0x200) (i32.const 0x300) (i32.const 1) (i32.const 0x3f0)))")
    wazuka(*FLAGS, module(f"(drop (call $spawn (i32.const 1))) {sleep} (unreachable)",
                          SAY + "(call $exit (i32.const 4))")).gives(stdout="hi\n", code=4)


@differs(REASON)
def test_threads_write_to_one_file():
    os.mkdir("box")
    # 4 threads, 100 lines each, to a file that the first thread has opened: no line is lost or torn.
    main = ("(i32.store (i32.const 0x40) (i32.const 0x80)) (i32.store (i32.const 0x44) (i32.const 3)) "
            "(i32.store (i32.const 0x80) (i32.const 0x0a6968)) (i32.store8 (i32.const 0x60) (i32.const 102)) "
            "(call $require (i32.eqz (call $open (i32.const 3) (i32.const 0) (i32.const 0x60) (i32.const 1) (i32.const 1) "
            "(i64.const 0x40) (i64.const 0) (i32.const 0) (i32.const 0x64)))) "
            + repeat(4, "(drop (call $spawn (i32.const 1)))") + "(call $wait_for (i32.const 4))")
    thread = repeat(100, "(call $require (i32.eqz (call $write (i32.load (i32.const 0x64)) (i32.const 0x40) (i32.const 1) "
                         "(i32.add (i32.const 0x400) (i32.mul (i32.const 4) (local.get $id))))))") + "(call $finish)"
    wazuka(*FLAGS, "--dir", "box", module(main, thread)).gives()
    assert pathlib.Path("box/f").read_bytes() == b"hi\n" * 400


@differs(REASON)
def test_there_is_a_limit_of_threads():
    # Those that wait stay; at last spawning fails, whatever the host would allow, and the program can still end.
    main = "(loop $more (if (i32.gt_s (call $spawn (i32.const 1)) (i32.const 0)) (then " \
           "(local.set $n (i32.add (local.get $n) (i32.const 1))) (br $more)))) " \
           "(call $require (i32.le_u (local.get $n) (i32.const 1024))) (call $exit (i32.const 6))"
    wazuka(*FLAGS, module(main, "(call $wait_for_ever)")).gives(code=6)


@differs(REASON)
def test_a_time_limit_ends_all_threads():
    result = wazuka(*FLAGS, "-W", "timeout=300ms", module("(drop (call $spawn (i32.const 1))) (call $wait_for_ever)",
                                                          "(loop $ever (br $ever))"))
    result.expect(result.code == TRAP and b"wasm trap: interrupt" in result.stderr, "an interrupt")


@differs(REASON)
def test_unknown_imports_of_threads():
    imports = '(import "env" "unknown" (func $unknown (result i32)))'
    path = module("(drop (call $spawn (i32.const 1))) (call $wait_for (i32.const 1))",
                  "(call $require (i32.eqz (call $unknown))) (call $finish)", imports)
    wazuka(*FLAGS, "-W", "unknown-imports-default", path).gives()
    result = wazuka(*FLAGS, "-W", "unknown-imports-trap", path)
    result.expect(result.code == 1 and b"unknown import: `env::unknown` has not been defined" in result.stderr,
                  "an error that names the import")


@differs(REASON)
def test_what_threads_need():
    path = module("", "")
    for flags, obstacle in ((("-S", "threads"), "requires `-W shared-memory`"),
                            ((*FLAGS, "-W", "fuel=100"), "cannot be combined with `-W fuel`"),
                            ((*FLAGS, "--preload", f"a={path}"), "cannot be combined with `--preload`"),
                            ((*FLAGS, "-S", "cli=n"), "requires `-S cli`")):
        result = wazuka(*flags, path)
        result.expect(result.code == 1 and obstacle in result.stderr.decode(), obstacle)
    file("entry.wat", '(module (import "wasi" "thread-spawn" (func (param i32) (result i32))) '
                      '(func (export "wasi_thread_start") (param i32)))')
    wazuka(*FLAGS, "entry.wat").gives(stderr=error(
        "a module with threads must export a function `wasi_thread_start` with parameters (i32, i32) and no results"), code=1)
    file("memory.wat", '(module (import "env" "memory" (memory 1)))')
    wazuka(*FLAGS, "memory.wat").gives(stderr=error(
        "the memory `env::memory` of a module with threads is not shared"), code=1)


@differs(REASON)
def test_a_c_program_with_threads():
    compiler = shutil.which("clang-22")
    if compiler is None or shutil.which("wasm-ld-22") is None:
        raise Skip("needs clang-22 and lld-22")
    subprocess.run([compiler, "--target=wasm32-unknown-unknown", "-O2", "-nostdlib", "-matomics", "-mbulk-memory", "-pthread",
                    "-Wl,--no-entry,--import-memory,--export-memory,--shared-memory,--max-memory=1048576",
                    "-o", "threads.wasm", GUESTS / "threads.c"], check=True, timeout=TIMEOUT)
    for _ in range(10):
        wazuka(*FLAGS, "threads.wasm").gives(stdout="2262 primes\n")


@differs(REASON)
def test_modules_without_threads_run_as_ever():
    wazuka(*FLAGS, file("plain.wat", '(module (memory (export "memory") 1) (func (export "_start")))')).gives()
