# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""The differential fuzzer must see differences, and must not see those that are allowed."""
import sys
import tempfile
import types
import unittest
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "tools" / "diff"))

import compare  # noqa: E402
import op_matrix  # noqa: E402
from op_table import read_table  # noqa: E402

# Reads paths as a digest program does; the path is what happens.
FAKE = """
import sys
for line in sys.stdin:
    path = line.strip()
    print("module", path, flush=True)
    if path == "dies":
        sys.exit("gone")
    print("call 0", path, flush=True)
    print("end", flush=True)
"""


class CompareTest(unittest.TestCase):
    def difference(self, a, b, fuel=False):
        return compare.first_difference(a, b, fuel)

    def test_equal(self):
        self.assertIsNone(self.difference(["call 0 i32:1"], ["call 0 i32:1"]))

    def test_results_differ(self):
        self.assertEqual(self.difference(["call 0 i32:1", "call 1"], ["call 0 i32:2"]), ("call 0 i32:1", "call 0 i32:2"))

    def test_missing_lines_differ(self):
        self.assertEqual(self.difference(["call 0", "call 1"], ["call 0"]), ("call 1", "(nothing)"))

    def test_messages_do_not_count(self):
        self.assertIsNone(self.difference(["invalid", "# one"], ["invalid", "# two"]))
        self.assertIsNone(self.difference(["call 0 error: a"], ["call 0 error: b"]))

    def test_fuel_counts_if_asked_for(self):
        self.assertIsNone(self.difference(["fuel 1"], ["fuel 2"]))
        self.assertIsNotNone(self.difference(["fuel 1"], ["fuel 2"], fuel=True))

    def test_nothing_counts_after_a_stack_overflow(self):
        self.assertIsNone(self.difference(["call 0 trap 0", "call 1 i32:1"], ["call 0 trap 11", "call 1 i32:2"]))

    def test_out_of_fuel_before_out_of_bounds(self):
        self.assertIsNone(self.difference(["call 0 trap 1", "call 1 i32:1"], ["call 0 trap 11", "call 1 i32:2"]))
        self.assertIsNotNone(self.difference(["call 0 trap 11"], ["call 0 trap 1"]))

    def test_nan_bits_in_lanes(self):
        nans = "call 0 v128:00000000000000007fc00000ffc00001", "call 0 v128:00000000000000007fc00001ffc00000"
        self.assertIsNone(self.difference([nans[0]], [nans[1]]))
        other = "call 0 v128:00000000000000017fc00001ffc00000"
        self.assertIsNotNone(self.difference([nans[0]], [other]))

    def test_the_rest_runs_after_a_crash(self):
        with tempfile.NamedTemporaryFile("w", suffix=".py") as program:
            program.write(FAKE)
            program.flush()
            outputs = compare.Engine("fake", [sys.executable, program.name]).run(["a", "dies", "b"], 60)
        self.assertEqual(outputs["a"], ["call 0 a"])
        self.assertEqual(outputs["b"], ["call 0 b"])
        self.assertTrue(outputs["dies"][0].startswith("died"), outputs["dies"])


class MatrixTest(unittest.TestCase):
    def test_every_instruction_has_cases(self):
        generator = op_matrix.Generator(types.SimpleNamespace(cases=1, ops="", seed=1))
        made = set()
        for modules in (generator.batches(), generator.singles(), generator.accesses()):
            for module in modules:
                made.update(case.split()[0] for case in module.cases)
        wanted = {op.text for op in read_table() if op.params and op.category in (
            "Unary", "Binary", "Compare", "Ternary", "Wide", "Load", "Store", "Shuffle", "AtomicRmw")}
        self.assertGreater(len(wanted), 400)
        self.assertEqual(wanted - made, set())

    def test_forms_are_all_used(self):
        generator = op_matrix.Generator(types.SimpleNamespace(cases=1, ops="i64.add", seed=2))
        cases = [case for module in generator.batches() for case in module.cases]
        for form in op_matrix.FORMS:
            self.assertTrue(any(f"({form} " in case for case in cases), form)
            self.assertTrue(any(f", {form} " in case for case in cases), form)


if __name__ == "__main__":
    unittest.main()
