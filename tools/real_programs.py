#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Runs real programs (Yosys, CPython, Ruby, SQLite, esbuild, ripgrep, ...) and compares what they print, return and
write with what Wasmtime gave. This is `./dev test --real`.

  tools/real_programs.py                                 install what is missing, run every case
  tools/real_programs.py py312 go-                       only the cases whose names contain one of these
  tools/real_programs.py --groups prebuilt,go            without the parts that need C and Rust tool chains
  tools/real_programs.py --rt 'build/release/wazuka -C compiler=interpreter' --time

The cases and the script that installs their modules are reference data outside the repository; the modules come from
public package registries into a cache that is no part of the sources ($WAZUKA_CORPUS, else build/real: 3 GB and a
quarter of an hour for everything). A group whose tool chain cannot be installed leaves its cases absent: they count as
skipped, or with --strict as failed. Everything runs at low priority.
"""
import argparse
import os
import re
import shlex
import subprocess
import sys
import tempfile
from pathlib import Path

import suite

GROUPS = ("prebuilt", "go", "c", "rust")
# cases.py: `py312 ok rc [0] 0.15s/0.13cpu`, then indented lines with details if it differs
OUTCOME = re.compile(r"(\S+) (ok|DIFFERS|absent)\b ?(.*)")


def arguments():
    parser = argparse.ArgumentParser(formatter_class=argparse.RawDescriptionHelpFormatter, description=__doc__)
    parser.add_argument("tests", nargs="*", help="parts of names; default: all")
    parser.add_argument("--rt", default=shlex.quote(str(suite.ROOT / "build/release/wazuka")), metavar="COMMAND",
                        help="a command that takes Wasmtime's options, with or without some (default: our release build)")
    parser.add_argument("--cache", type=Path, default=os.environ.get("WAZUKA_CORPUS") or suite.ROOT / "build/real",
                        metavar="DIR", help="where modules are installed ($WAZUKA_CORPUS, else build/real)")
    parser.add_argument("--groups", default=",".join(GROUPS), metavar="LIST", help="what to install, comma-separated: "
                        f"{', '.join(GROUPS)} (default: all)")
    parser.add_argument("--no-install", action="store_true", help="run with what the cache holds")
    parser.add_argument("--install-only", action="store_true", help="install, and run nothing")
    parser.add_argument("--strict", action="store_true", help="an absent case is a failure")
    parser.add_argument("--time", action="store_true", help="show elapsed and processor time of each step")
    args = parser.parse_intermixed_args()
    args.groups = [group for group in args.groups.split(",") if group]
    if unknown := set(args.groups) - set(GROUPS):
        parser.error(f"no such group: {', '.join(sorted(unknown))}")
    return args


def install(corpus, groups, env):
    """Installs each group by itself, so that one missing tool chain does not cost the others; answers those that failed."""
    cache = Path(env["WAZUKA_CORPUS"])
    cache.mkdir(parents=True, exist_ok=True)
    failed = []
    for group in groups:
        log = cache / f"install-{group}.log"
        with log.open("wb") as output:
            done = subprocess.run(["bash", corpus / "install.sh", group], env=env, stdin=subprocess.DEVNULL,
                                  stdout=output, stderr=subprocess.STDOUT)
        if done.returncode:
            failed.append(group)
            last = log.read_text(errors="replace").strip().splitlines()[-1:] or ["no message"]
            print(f"not installed: {group}: {last[0][:200]} (all messages: {log})", flush=True)
    return failed


def as_one_command(words, folder):
    """cases.py puts the word `run` right after the command, so options of ours need a wrapper to stand behind it.

    The path becomes absolute, because each case runs in a folder of its own.
    """
    words = [os.path.abspath(words[0]), *words[1:]]
    if len(words) == 1:
        return words[0]
    wrapper = Path(folder) / "runtime"
    wrapper.write_text(f'#!/bin/sh\nshift\nexec {shlex.quote(words[0])} run {shlex.join(words[1:])} "$@"\n')
    wrapper.chmod(0o755)
    return str(wrapper)


def select(corpus, tests):
    """The names of the cases, of those that contain one of the texts."""
    listed = subprocess.run([sys.executable, corpus / "cases.py", "list"], capture_output=True, text=True, check=True)
    names = [line.split("\t")[0] for line in listed.stdout.splitlines()]
    return [name for name in names if not tests or any(text in name for text in tests)]


def run_cases(corpus, names, command, args, env, counts):
    """Runs the cases, counts their outcomes as they come, and passes on what they say."""
    left = set(names)
    call = [sys.executable, corpus / "cases.py", "run", *names, "--rt", shlex.quote(command), *(["--time"] * args.time)]
    with subprocess.Popen(call, env=env, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, text=True) as process:
        for line in process.stdout:
            found = OUTCOME.fullmatch(line.rstrip())
            if not found or found[1] not in left:
                if line.startswith("  "):
                    print(line, end="", flush=True)
                continue
            name, outcome, detail = found.groups()
            left.remove(name)
            if outcome == "ok":
                counts.ok()
                if args.time:
                    print(f"passed real {name}: {detail}", flush=True)
            elif outcome == "absent" and not args.strict:
                counts.skip(name, "its module is not installed")
            else:
                counts.fail(name, "its module is not installed" if outcome == "absent" else f"differs, {detail}")
    for name in sorted(left):
        counts.fail(name, "the runner ended without it")


def main():
    args = arguments()
    corpus = suite.shared_data("corpus")
    if corpus is None:
        return suite.skip_suite("real", "the corpus of real programs is not here (set WAZUKA_SHARED)")
    corpus = corpus.absolute()
    names = select(corpus, args.tests)
    words = shlex.split(args.rt)
    if not args.install_only:
        suite.require_program(words[0] if words else "")
    env = suite.clean_environment(WAZUKA_CORPUS=str(args.cache.absolute()))
    os.nice(19 - os.nice(0))
    failed = install(corpus, args.groups, env) if names and not args.no_install else []
    if args.install_only:
        print(f"installed in {args.cache}" + (f", except {', '.join(failed)}" if failed else ""))
        return 1 if failed else 0
    counts = suite.Suite("real")
    if names:
        with tempfile.TemporaryDirectory(prefix="wazuka-real-") as folder:
            run_cases(corpus, names, as_one_command(words, folder), args, env, counts)
    return counts.finish()


if __name__ == "__main__":
    sys.exit(main())
