# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""The mutations must fit the sources and cover the table they are for; running them takes too long for every day."""
import fnmatch
import re
import sys
import unittest
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
PAGE = ROOT / "docs/security-tests.md"
sys.path.insert(0, str(ROOT / "tools"))
import mutation_check  # noqa: E402


def table_tests():
    """The tests that the first table of docs/security-tests.md names, without fuzz targets."""
    found = set()
    for line in PAGE.read_text().split("## Without the rule")[0].splitlines():
        if line.startswith("| ") and line.count("|") >= 4:
            tests = re.sub(r"fuzz target `[^`]*`", "", line.split("|")[3])
            found |= set(re.findall(r"`([^`]+)`", tests))
    return found


class MutationTest(unittest.TestCase):
    def test_every_edit_fits(self):
        for m in mutation_check.load():
            texts = {}
            for name, old, new in m.edits:
                with self.subTest(rule=m.rule, file=name):
                    text = texts.setdefault(name, (ROOT / name).read_text())
                    texts[name] = mutation_check.edited(text, old, new)
                    self.assertNotEqual(texts[name], text)

    def test_every_test_of_the_table_has_a_mutation(self):
        covered = [test.split("/")[0] for m in mutation_check.load() for test in m.fails]
        self.assertGreater(len(table_tests()), 20)
        for test in table_tests():
            self.assertTrue(fnmatch.filter(covered, test) or test in covered, test)

    def test_the_second_table_is_the_list(self):
        rows = PAGE.read_text().split("## Without the rule")[1].splitlines()
        listed = [row for row in rows if row.startswith("| ") and not row.startswith("| advisory")]
        self.assertEqual(listed, [m.table_row() for m in mutation_check.load()])

    def test_a_text_that_is_not_unique_is_refused(self):
        self.assertEqual(mutation_check.edited("a b c", "b", "x"), "a x c")
        for text in ("a c", "b b"):
            with self.assertRaises(ValueError):
                mutation_check.edited(text, "b", "x")


if __name__ == "__main__":
    unittest.main()
