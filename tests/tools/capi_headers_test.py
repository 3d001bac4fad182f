# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""tools/capi_headers.py finds what it is there for: copies of our headers with one thing changed are not like them."""
import shutil
import sys
import tempfile
import unittest
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "tools"))
import capi_headers  # noqa: E402

# (file, old text, new text, the test that must fail, what it must say)
CHANGES = (
    ("wasmtime/memory.h", "wasmtime_memory_data_size(const wasmtime_context_t*", "wasmtime_memory_data_size(wasmtime_context_t*",
     "functions", "wasmtime_memory_data_size: 0, not 1"),
    ("wasmtime/trap.h", "wasmtime_trap_code(", "wasmtime_trap_cod(", "functions", "wasmtime_trap_code is missing"),
    ("wasmtime/extern.h", "define WASMTIME_EXTERN_FUNC 0", "define WASMTIME_EXTERN_FUNC 9", "numbers",
     "WASMTIME_EXTERN_FUNC: 9, not 0"),
    ("wasmtime/instance.h", "size_t __private;", "uint32_t __private;", "records", "size of struct wasmtime_instance.__private: 4, not 8"),
    ("wasmtime.h", '"50.0.1"', '"50.0.2"', "macros", 'WASMTIME_VERSION is "50.0.2", not "50.0.1"'),
    ("wasm.h", "typedef uint32_t wasm_memory_pages_t;", "typedef uint64_t wasm_memory_pages_t;", "typedefs", "wasm_memory_pages_t: 0, not 1"),
    ("wasmtime/wat.h", "#include <wasmtime/error.h>", "", "files", "wasmtime/wat.h (c): "),
)


@unittest.skipUnless(shutil.which(capi_headers.COMPILER), f"there is no {capi_headers.COMPILER}")
class CapiHeadersTest(unittest.TestCase):
    def changed(self, name, old, new):
        folder = Path(self.scratch.name) / "include"
        shutil.rmtree(folder, ignore_errors=True)
        shutil.copytree(ROOT / "include", folder)
        text = (folder / name).read_text()
        self.assertIn(old, text, f"{name} has changed: adapt CHANGES")
        (folder / name).write_text(text.replace(old, new))
        return capi_headers.Headers(folder)

    def setUp(self):
        self.scratch = tempfile.TemporaryDirectory()
        self.addCleanup(self.scratch.cleanup)

    def test_changes_are_found(self):
        original = capi_headers.Headers(ROOT / "include")
        for name, old, new, test, complaint in CHANGES:
            with self.subTest(file=name):
                found = dict(capi_headers.tests(original, self.changed(name, old, new)))[test]()
                self.assertTrue(any(complaint in line for line in found), found)

    def test_equal_headers_are_equal(self):
        original = capi_headers.Headers(ROOT / "include")
        for name, check in capi_headers.tests(original, original):
            self.assertEqual(check(), [], name)

    def test_python_sees_a_parameter(self):
        text = ("import ctypes\nfrom ._ffi import dll\n"
                "_f = dll.wasmtime_engine_increment_epoch\n_f.restype = None\n_f.argtypes = [ctypes.c_uint8]\n")
        found = capi_headers.check_python(capi_headers.Headers(ROOT / "include"), text)
        self.assertEqual(len(found), 1, found)
        self.assertIn("parameter 0 of wasmtime_engine_increment_epoch", found[0])


if __name__ == "__main__":
    unittest.main()
