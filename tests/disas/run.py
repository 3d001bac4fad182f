#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Compares the machine code of modules with what it was: tests/disas/TIER/ISA/NAME.wat and NAME.lst beside it.

The listing is that of `wazuka objdump --code`, for a fixed processor (x86-64-v3), so that it is the same on every machine.
A module may name more options in a comment on its first line, `;; options: -W fuel=1000`. `--bless` (./dev bless) writes
the listings anew: read the difference, it is the change.
"""
import argparse
import difflib
import os
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "tools"))
import suite

HERE = Path(__file__).resolve().parent
OPTIONS = ["objdump", "--code", "-C", "compiler=baseline,cpu=x86-64-v3"]
OPTIONS_COMMENT = ";; options:"


def own_options(path):
    first = path.read_text().split("\n", 1)[0].strip()
    return first[len(OPTIONS_COMMENT):].split() if first.startswith(OPTIONS_COMMENT) else []


def difference(expected, got):
    lines = difflib.unified_diff(expected.splitlines(), got.splitlines(), "expected", "now", n=3, lineterm="")
    return "\n".join(list(lines)[:60])


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("tests", nargs="*", help="parts of names; default: all")
    parser.add_argument("--wazuka", type=Path, default=suite.ROOT / "build/release/wazuka-verify")
    parser.add_argument("--jobs", type=int, default=os.cpu_count() or 2)
    parser.add_argument("--bless", action="store_true", help="write the listings anew")
    args = parser.parse_args()
    if not args.wazuka.exists():
        return suite.skip_suite("disas", f"{args.wazuka.name} was not built: it needs libzydis-dev")
    names = sorted(str(path.relative_to(HERE).with_suffix("")) for path in HERE.rglob("*.wat"))
    names = [name for name in names if not args.tests or any(text in name for text in args.tests)]
    counts = suite.Suite("disas")

    def run(name):
        path = HERE / f"{name}.wat"
        return suite.run_program([args.wazuka, *OPTIONS, *own_options(path), path], 60)

    for name, result in suite.in_parallel(run, names, args.jobs):
        listing = HERE / f"{name}.lst"
        got = result.out.decode("utf-8", "replace")
        if result.timed_out or result.code != 0:
            counts.fail(name, result.why(), suite.excerpt(result.err))
        elif args.bless:
            listing.write_text(got)
            counts.ok()
        elif not listing.exists():
            counts.fail(name, f"there is no {listing.name} (./dev bless)")
        elif listing.read_text() != got:
            counts.fail(name, "other code than before (./dev bless, if that is right)",
                        difference(listing.read_text(), got))
        else:
            counts.ok()
    if not args.tests:
        for listing in HERE.rglob("*.lst"):
            if not listing.with_suffix(".wat").exists():
                counts.fail(str(listing.relative_to(HERE)), "there is no such module")
    return counts.finish()


if __name__ == "__main__":
    sys.exit(main())
