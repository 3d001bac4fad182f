# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Command lines with what Wasmtime does with them (table.json, see table.py): one test for each group of them."""
import table

from harness import reference


def check(group):
    def test():
        table.make_files()
        for row in table.load()[group]:
            table.run(row).gives(row.get("stdout", ""), row.get("stderr", ""), row.get("code", 0))
    return test


def test_installed_wasmtime_does_the_same():
    with reference():
        for group in table.load():
            check(group)()


for name in table.load():
    globals()[f"test_{name}"] = check(name)
