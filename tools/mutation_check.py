#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Takes rules out of the sources, one at a time, and requires the tests of these rules to fail.

  tools/mutation_check.py                       every mutation of tests/mutations/*.toml
  tools/mutation_check.py GHSA-4ch3 threads     only those whose row, rule or tests contain one of these words
  tools/mutation_check.py --list                what there is, as a table, without building

A mutation is some small edits (file, exact old text, new text) and the tests that must fail then: `Suite.Test` of the
unit tests (a `*` stands for any text, and one of the tests it matches must fail), or `cli: file.test`. Before all else
the same tests must pass without an edit. Everything happens in a copy of the tree, build/mutation, built as the release
preset is, so that only what an edit touches is compiled again; the work itself is never changed. Code without its rules
does to the host what they forbid: as root, the tests run as `nobody`, and always under limits of memory, processes and
time.

The last line is that of every runner: `mutation: N passed, N failed, N skipped`; passed means that the tests have failed.
"""
import argparse
import os
import pwd
import resource
import shutil
import subprocess
import sys
import tempfile
import tomllib
from dataclasses import dataclass, field
from pathlib import Path

import suite

DATA = suite.ROOT / "tests/mutations"
TREE = suite.ROOT / "build/mutation"
# Paths from here to there as in the work: a compiler cache finds what it has compiled for the release build.
OUT = TREE / "build/release"
CLI = "cli: "
SECONDS = 240
ADDRESS_SPACE = {False: 8 << 30, True: 512 << 30}  # of unit tests; of the command, which reserves much for memories
PROCESSES = 4000


@dataclass
class Mutation:
    row: str
    rule: str
    fails: list
    edits: list = field(default_factory=list)

    def table_row(self):
        """As it stands in docs/security-tests.md."""
        return f"| {self.row} | {self.rule} | {', '.join(f'`{test}`' for test in self.fails)} |"

    def words(self):
        return " ".join([self.row, self.rule, *self.fails])


def load(folder=DATA):
    found = []
    for path in sorted(folder.glob("*.toml")):
        for raw in tomllib.loads(path.read_text())["mutation"]:
            edits = [(edit["file"], edit["old"], edit["new"]) for edit in raw["edit"]]
            found.append(Mutation(raw["row"], raw["rule"], raw["fails"], edits))
    return found


def edited(text, old, new):
    """The text with its only occurrence of `old` replaced."""
    old = old.strip("\n")
    if text.count(old) != 1:
        raise ValueError(f"{text.count(old)} places instead of one have: {old.strip()[:70]}")
    return text.replace(old, new.strip("\n"))


def copy_tree():
    """Brings the copy up to date; files that have not changed keep their times, so that nothing is compiled for them."""
    names = subprocess.run(["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"], cwd=suite.ROOT,
                           stdout=subprocess.PIPE, check=True).stdout.split(b"\0")
    wanted = {name.decode() for name in names if name and (suite.ROOT / name.decode()).is_file()}
    for name in wanted:
        source, target = suite.ROOT / name, TREE / name
        if target.is_file() and target.read_bytes() == source.read_bytes():
            continue
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(source, target)
    for path in [p for p in TREE.rglob("*") if p.is_file()]:
        name = str(path.relative_to(TREE))
        if name not in wanted and not name.startswith("build/"):
            path.unlink()


def configure():
    subprocess.run(["cmake", "--preset", "release", "-DWAZUKA_TESTS=ON"], cwd=TREE, check=True, stdout=subprocess.DEVNULL)


def build(tests):
    """Builds what the tests need; what went wrong, or nothing."""
    targets = {"wazuka" if test.startswith(CLI) else "tests/unit_tests" for test in tests}
    done = subprocess.run(["ninja", "-C", OUT, "--quiet", *sorted(targets)], stdout=subprocess.PIPE,
                          stderr=subprocess.STDOUT, stdin=subprocess.DEVNULL)
    return "" if done.returncode == 0 else done.stdout.decode(errors="replace")[-3000:]


def limits(is_cli):
    """For the child: no more than these, and not as root."""
    def apply():
        resource.setrlimit(resource.RLIMIT_AS, (ADDRESS_SPACE[is_cli],) * 2)
        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
        if os.geteuid() == 0:
            nobody = pwd.getpwnam("nobody")
            os.setgroups([])
            os.setgid(nobody.pw_gid)
            os.setuid(nobody.pw_uid)
        resource.setrlimit(resource.RLIMIT_NPROC, (PROCESSES,) * 2)
    return apply


def run_test(test):
    """Whether the test passes (for a pattern: whether all do), or None if there is none of this name."""
    is_cli = test.startswith(CLI)
    if is_cli:
        # Not our own interpreter, which may be in a folder that `nobody` can not enter.
        command = ["/usr/bin/python3", TREE / "tests/cli/run.py", "--runtime", OUT / "wazuka", test.removeprefix(CLI)]
    else:
        command = [OUT / "tests/unit_tests", f"--gtest_filter={test}"]
    with tempfile.TemporaryDirectory(prefix="wazuka-mutation-") as folder:
        os.chmod(folder, 0o777)
        env = suite.clean_environment(TMPDIR=folder, HOME=folder, PYTHONDONTWRITEBYTECODE="1")
        with tempfile.TemporaryFile() as output:
            process = subprocess.Popen([str(c) for c in command], cwd=folder, env=env, stdin=subprocess.DEVNULL,
                                       stdout=output, stderr=subprocess.STDOUT, preexec_fn=limits(is_cli),
                                       start_new_session=True)
            try:
                code = process.wait(timeout=SECONDS)
            except subprocess.TimeoutExpired:
                code = -1
            finally:
                try:
                    os.killpg(process.pid, 9)
                except ProcessLookupError:
                    pass
                process.wait()
            output.seek(0)
            text = output.read(1 << 20).decode(errors="replace")
    if code == 0 and (" 0 tests " in text or "\n0 passed, 0 failed" in "\n" + text):
        return None
    return code == 0


def apply(mutation):
    """Edits the copy; the originals, to be put back."""
    originals = {}
    for name, old, new in mutation.edits:
        path = TREE / name
        originals.setdefault(path, path.read_text())
        path.write_text(edited(path.read_text(), old, new))
    return originals


def check(mutation):
    """Reasons why the tests do not show that the rule has gone."""
    originals = apply(mutation)
    try:
        if error := build(mutation.fails):
            return ["does not compile: " + error]
        return [f"{test} passes without the rule" for test in mutation.fails if run_test(test) is not False]
    finally:
        for path, text in originals.items():
            path.write_text(text)


def main():
    parser = argparse.ArgumentParser(formatter_class=argparse.RawDescriptionHelpFormatter, description=__doc__)
    parser.add_argument("words", nargs="*")
    parser.add_argument("--list", action="store_true", help="only say what there is")
    args = parser.parse_args()
    chosen = [m for m in load() if not args.words or any(word in m.words() for word in args.words)]
    if args.list:
        for m in chosen:
            print(m.table_row())
        return 0
    os.nice(10)
    copy_tree()
    configure()
    tests = sorted({test for m in chosen for test in m.fails})
    if error := build(tests):
        sys.exit(f"the tree as it is does not compile:\n{error}")
    failed = 0
    for test in tests:
        if run_test(test) is not True:
            print(f"FAILED {test}: does not pass as it is", flush=True)
            failed += 1
    if failed:
        sys.exit(f"mutation: 0 passed, {failed} failed, 0 skipped")
    for m in chosen:
        reasons = check(m)
        failed += bool(reasons)
        print(f"{'FAILED' if reasons else 'passed'} {m.row}: {m.rule}", *(f"\n    {r}" for r in reasons), sep="", flush=True)
    print(f"mutation: {len(chosen) - failed} passed, {failed} failed, 0 skipped")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
