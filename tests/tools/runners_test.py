# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""The runners must tell a pass from a failure. The runtime under test is a shell script that does as each test's
file says, so that outcomes are known beforehand."""
import json
import os
import shutil
import subprocess
import sys
import tempfile
import unittest
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]

# Runs the last argument that is a file as a shell script; `options` in it see the arguments.
FAKE_RUNTIME = """#!/bin/sh
options="$*"
for last; do [ -f "$last" ] && file=$last; done
. "$file"
"""


class RunnerTest(unittest.TestCase):
    def setUp(self):
        self.root = Path(tempfile.mkdtemp(prefix="wazuka-runners-"))
        self.addCleanup(shutil.rmtree, self.root)
        self.runtime = self.write("runtime", FAKE_RUNTIME)
        self.runtime.chmod(0o755)

    def write(self, name, text):
        path = self.root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
        return path

    def run_tool(self, tool, *arguments):
        """Answers (exit status, output, counts as written to the tally, of the last suite)."""
        tally = self.root / "tally"
        tally.unlink(missing_ok=True)
        env = {**os.environ, "WAZUKA_SHARED": str(self.root / "shared"), "WAZUKA_TALLY": str(tally)}
        result = subprocess.run([sys.executable, ROOT / "tools" / tool, *map(str, arguments)], env=env, timeout=60,
                                capture_output=True, text=True)
        counts = tally.read_text().splitlines()[-1].split()[1:] if tally.exists() else []
        return result.returncode, result.stdout + result.stderr, [int(count) for count in counts]

    def spec(self, *arguments):
        return self.run_tool("spec.py", "--wazuka", self.runtime, "--root", self.root / "wast",
                             "--known", self.root / "known.txt", *arguments)


class SpecTest(RunnerTest):
    def test_pass_and_failure(self):
        self.write("wast/good.wast", "exit 0")
        self.write("wast/sub/bad.wast", "echo what went wrong >&2; exit 1")
        status, output, counts = self.spec()
        self.assertEqual((status, counts), (1, [1, 1, 0]))
        self.assertIn("FAILED wast sub/bad.wast: exit status 1\n    what went wrong", output)

    def test_known_failure_is_skipped(self):
        self.write("wast/bad.wast", "exit 1")
        self.write("known.txt", "bad.wast  # because\n")
        self.assertEqual(self.spec()[::2], (0, [0, 0, 1]))

    def test_unexpected_pass_fails(self):
        self.write("wast/good.wast", "exit 0")
        self.write("known.txt", "good.wast\n")
        status, output, counts = self.spec()
        self.assertEqual((status, counts), (1, [0, 1, 0]))
        self.assertIn("known failure", output)

    def test_stale_entry_fails(self):
        self.write("wast/good.wast", "exit 0")
        self.write("known.txt", "gone.wast\n")
        self.assertEqual(self.spec()[::2], (1, [1, 1, 0]))

    def test_timeout_and_crash_fail(self):
        self.write("wast/endless.wast", "sleep 60")
        self.write("wast/crash.wast", "kill -SEGV $$")
        status, output, counts = self.spec("--timeout", "1")
        self.assertEqual((status, counts), (1, [0, 2, 0]))
        self.assertIn("endless.wast: no end after 1 s", output)
        self.assertIn("crash.wast: killed by SIGSEGV", output)

    def test_options_comment(self):
        self.runtime.write_text('#!/bin/sh\ncase "$*" in *"-W threads"*) exit 0;; esac; exit 1\n')
        self.write("wast/with.wast", ";; options: -W threads\n(module)\n")
        self.write("wast/without.wast", "(module)\n")
        self.assertEqual(self.spec()[2], [1, 1, 0])

    def test_variants_are_suites_of_their_own(self):
        self.runtime.write_text('#!/bin/sh\ncase "$*" in *"-Clazy=n"*threads*) exit 0;; *compiler=interp*) exit 0;; esac; exit 1\n')
        self.write("wast/some.wast", ";; options: -W threads\n(module)\n")
        status, output, _ = self.spec("--variant", "interpreter", "--variant", "lazy", "--option=-Wmore")
        self.assertEqual(status, 1)
        self.assertIn("wast-interpreter: 1 passed, 0 failed", output)
        self.assertIn("wast-lazy: 0 passed, 1 failed", output)
        self.write("known.txt", "some.wast\n")
        status, output, _ = self.spec("--variant", "lazy")
        self.assertEqual(status, 0, output)
        self.assertNotEqual(self.spec("--variant", "no-such-variant")[0], 0)

    def test_every_combination_is_a_variant(self):
        sys.path.insert(0, str(ROOT / "tools"))
        import spec
        machine_code = [options for name, options in spec.VARIANTS.items() if name != "interpreter"]
        self.assertTrue(all(any("verify-code" in option for option in options) for options in machine_code))
        for wanted in range(8):
            flags = ["-Clazy=n", "-Osignals-based-traps=n", "-Ogc-zeal-alloc-counter=1"]
            chosen = {flag for bit, flag in enumerate(flags) if wanted >> bit & 1}
            self.assertTrue(any(set(options) - {"-Cverify-code"} == chosen for options in machine_code), chosen)

    def test_bless_keeps_comments_and_drops_what_passes(self):
        self.write("wast/bad.wast", "exit 1")
        self.write("wast/new.wast", "exit 1")
        self.write("wast/good.wast", "exit 0")
        known = self.write("known.txt", "# why\nbad.wast  # reason\ngood.wast\ngone.wast\n")
        self.assertEqual(self.spec("--bless")[0], 0)
        self.assertEqual(known.read_text(), "# why\nbad.wast  # reason\nnew.wast\n")

    def test_official_suite_absent(self):
        status, output, counts = self.run_tool("spec.py", "--wazuka", self.runtime)
        self.assertEqual((status, counts), (0, [0, 0, 1]))
        self.assertIn("skipped spec suite", output)


class WasiTest(RunnerTest):
    def wasi(self, *arguments):
        return self.run_tool("wasi_suite.py", "--wazuka", self.runtime, "--known", self.root / "known.txt", *arguments)

    def add(self, name, script, specification=None):
        folder = "shared/data/wasi/c/wasm32-wasip1"
        self.write(f"{folder}/{name}.wasm", script)
        if specification is not None:
            self.write(f"{folder}/{name}.json", json.dumps(specification))

    def test_exit_code_and_streams(self):
        self.add("default", "exit 0")
        self.add("code", "exit 33", {"exit_code": 33})
        self.add("wrong-code", "exit 1")
        self.add("out", "printf hello", {"stdout": "hello"})
        self.add("wrong-out", "printf hell", {"stdout": "hello"})
        status, output, counts = self.wasi()
        self.assertEqual((status, counts), (1, [3, 2, 0]))
        self.assertIn("wrong-code: exit status 1, expected exit status 0", output)
        self.assertIn("wrong-out: stdout is 'hell', expected 'hello'", output)

    def test_operations(self):
        run = {"type": "run", "args": ["x y"], "env": {"K": "v"}}
        self.add("new", 'case "$options" in *"--env K=v"*"x y") printf ok; exit 3;; esac',
                 {"operations": [run, {"type": "read", "payload": "ok"}, {"type": "wait", "exit_code": 3}]})
        self.add("server", "exit 0", {"operations": [run, {"type": "connect"}, {"type": "wait"}]})
        status, output, counts = self.wasi()
        self.assertEqual((status, counts), (0, [1, 0, 1]))
        self.assertIn("needs the operations connect", output)

    def test_directory_is_a_fresh_writable_copy(self):
        self.add("a", 'dir=${options#*--dir }; dir=${dir%%::*}; [ -f "$dir/given" ] && [ ! -f "$dir/made" ] || exit 1;'
                 ' touch "$dir/made" && echo x >> "$dir/given"', {"root": "fs.dir"})
        given = self.write("shared/data/wasi/c/wasm32-wasip1/fs.dir/given", "text")
        given.chmod(0o444)
        given.parent.chmod(0o555)
        self.addCleanup(given.parent.chmod, 0o755)
        for _ in range(2):
            self.assertEqual(self.wasi()[2], [1, 0, 0])
        self.assertEqual(given.read_text(), "text")

    def test_options(self):
        self.add("sees", 'case "$options" in "run -Cx -Oy=1 "*) exit 0;; esac; exit 1')
        status, output, counts = self.wasi("--option=-Cx", "--option=-Oy=1", "--name", "other")
        self.assertEqual((status, counts), (0, [1, 0, 0]))
        self.assertIn("other: 1 passed", output)
        self.assertEqual(self.wasi()[2], [0, 1, 0])

    def test_known_failures(self):
        self.add("bad", "exit 1")
        self.add("good", "exit 0")
        self.write("known.txt", "c/bad\nc/good\n")
        self.assertEqual(self.wasi()[2], [0, 1, 1])


# Listings of functions, as `objdump --code` would give them: what the module says behind `prints:`.
FAKE_OBJDUMP = """#!/bin/sh
for last; do :; done
grep -q fails "$last" && exit 1
sed -n 's/;; prints: //p' "$last"
"""


class DisasTest(RunnerTest):
    def setUp(self):
        super().setUp()
        self.runtime.write_text(FAKE_OBJDUMP)
        # The runner looks for its modules beside itself.
        for path in ("tests/disas/run.py", "tools/suite.py"):
            self.write(path, (ROOT / path).read_text())

    def disas(self, *arguments):
        return self.run_tool(self.root / "tests/disas/run.py", "--wazuka", self.runtime, *arguments)

    def test_differences_fail_until_blessed(self):
        self.write("tests/disas/x/a.wat", ";; prints: mov eax, 1\n")
        self.assertEqual(self.disas()[2], [0, 1, 0])
        self.assertEqual(self.disas("--bless")[0], 0)
        self.assertEqual(self.disas()[::2], (0, [1, 0, 0]))
        self.write("tests/disas/x/a.wat", ";; prints: mov eax, 2\n")
        status, output, counts = self.disas()
        self.assertEqual((status, counts), (1, [0, 1, 0]))
        self.assertIn("-mov eax, 1\n    +mov eax, 2", output)

    def test_failures_and_leftovers_fail(self):
        self.write("tests/disas/x/fails.wat", ";; fails\n")
        self.write("tests/disas/x/gone.lst", "")
        self.assertEqual(self.disas("--bless")[::2], (1, [0, 2, 0]))

    def test_without_a_disassembler(self):
        self.runtime.unlink()
        status, output, counts = self.disas()
        self.assertEqual((status, counts), (0, [0, 0, 1]))
        self.assertIn("libzydis-dev", output)


if __name__ == "__main__":
    unittest.main()
