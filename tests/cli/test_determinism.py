# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Repeatable runs: seeds, virtual clocks, attributes of files."""
import os

from harness import GUESTS, differs, file, wazuka

# Prints 8 random bytes, then 8 bytes of the clock whose number is in the exported function's name, raw.
PROBE = """(module
  (import "wasi_snapshot_preview1" "random_get" (func $random (param i32 i32) (result i32)))
  (import "wasi_snapshot_preview1" "clock_time_get" (func $time (param i32 i64 i32) (result i32)))
  (import "wasi_snapshot_preview1" "poll_oneoff" (func $poll (param i32 i32 i32 i32) (result i32)))
  (memory (export "memory") 1)
  (data (i32.const 200) "\\07\\00\\00\\00\\00\\00\\00\\00\\00\\00\\00\\00\\00\\00\\00\\00\\01\\00\\00\\00\\00\\00\\00\\00\\00\\80\\c6\\a4\\7e\\8d\\03\\00")
  (func (export "random") (result i64) (drop (call $random (i32.const 8) (i32.const 8))) (i64.load (i32.const 8)))
  (func $now (export "realtime") (result i64)
    (drop (call $time (i32.const 0) (i64.const 1) (i32.const 16))) (i64.load (i32.const 16)))
  (func (export "step") (result i64) (i64.sub (i64.sub (call $now) (call $now)) (i64.const 0)))
  (func (export "sleep") (result i64) (local $before i64) ;; 1000000 seconds
    (local.set $before (call $now))
    (drop (call $poll (i32.const 200) (i32.const 400) (i32.const 1) (i32.const 500)))
    (i64.div_u (i64.sub (call $now) (local.get $before)) (i64.const 1000000000)))
)"""



def value(name, *options):
    outcome = wazuka(*options, "--invoke", name, file("probe.wat", PROBE))
    outcome.expect(outcome.code == 0, "exit code 0")
    return int(outcome.stdout)


@differs("it has no such options")
def test_random_numbers_from_a_seed():
    assert value("random", "-S", "random-seed=1") == value("random", "-S", "random-seed=1")
    assert value("random", "-S", "random-seed=1") != value("random", "-S", "random-seed=2")
    assert value("random", "--deterministic") == value("random", "-S", "random-seed=0")
    assert value("random", "--deterministic", "-S", "random-seed=7") == value("random", "-S", "random-seed=7")
    assert value("random") != value("random")


@differs("it has no such options")
def test_virtual_clocks():
    assert value("realtime", "-S", "clock=virtual") == 946684800 * 10**9
    assert value("realtime", "-S", "clock=virtual:5") == 5 * 10**9
    assert value("realtime", "--deterministic") == 946684800 * 10**9
    assert value("realtime", "--deterministic", "-S", "clock=virtual:0x10") == 16 * 10**9
    for options in ([], ["-S", "clock=host"], ["--deterministic", "-S", "clock=host"]):
        assert value("realtime", *options) > 1_600_000_000 * 10**9
    assert value("step", "-S", "clock=virtual") == -1000  # it passes by being read


@differs("it has no such options")
def test_virtual_time_is_not_waited_for():
    assert value("sleep", "-S", "clock=virtual") == 1_000_000


@differs("it has no such options")
def test_bad_clocks():
    file("m.wat", "(module)")
    for clock, why in (("sun", "unknown clock `sun`, only host,virtual,virtual:SECONDS accepted"),
                       ("virtual:x", "invalid digit found in string"),
                       ("virtual:99999999999", "number too large to fit in target type")):
        wazuka("-S", f"clock={clock}", "m.wat").gives(
            stderr=f"error: failed to parse -S / --wasi option: failed to parse option `clock={clock}`\n\nCaused by:\n"
                   f"    {why}\n\n", code=2)


@differs("it has no such options")
def test_files_look_the_same_in_every_run():
    """The log of a guest that creates, lists, stats and changes files does not differ between runs."""
    logs = []
    for folder in ("a", "b"):
        os.mkdir(folder)
        for name in ("y", "x", "z") if folder == "a" else ("z", "y", "x"):
            file(f"{folder}/{name}", name)
        outcome = wazuka("--deterministic", "--dir", f"{folder}::.", GUESTS / "every_call.wat",
                         env={"WAZUKA_LOG": "wazuka_wasi", "WAZUKA_LOG_NO_CONTEXT": "1"})
        outcome.expect(outcome.code == 0, "exit code 0")
        logs.append(outcome.stderr)
    assert logs[0] == logs[1]
    assert b"ino: 1, filetype: Directory" in logs[0] and b"mtim: 946684800000000000" in logs[0], logs[0]


@differs("it has no such options")
def test_threads_are_not_repeatable():
    wazuka("--deterministic", "-S", "threads", file("m.wat", "(module)")).gives(
        stderr="Error: `--deterministic` cannot be used with `-S threads`\n", code=1)
