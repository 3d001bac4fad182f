# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""The lint must find what it promises to find: each rule is shown one violation and one innocent neighbour."""
import graphlib
import shutil
import sys
import tempfile
import unittest
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "tools"))
import lint  # noqa: E402

HEAD = "// " + lint.SPDX + "\n"


class LintTest(unittest.TestCase):
    def setUp(self):
        self.root = Path(tempfile.mkdtemp(prefix="wazuka-lint-"))
        self.addCleanup(shutil.rmtree, self.root)

    def lint(self, clang_format=None, **files):
        """Violations, as (path, rule), of a tree with these files; `__` stands for `/`, a last `_` for the dot."""
        for name, text in files.items():
            path = self.root / (name.replace("__", "/")[::-1].replace("_", ".", 1)[::-1])
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text)
        return [(str(path), rule) for path, _, rule, _ in lint.lint(self.root, clang_format)]

    def test_a_clean_file_has_no_violation(self):
        self.assertEqual(self.lint(src__wat__a_cc=HEAD + '#include "wasm/b.h"\n#include <vector>\n'), [])

    def test_include_against_the_layers(self):
        found = self.lint(src__base__a_cc=HEAD + '#include "wasm/b.h"\n', src__wasm__a_cc=HEAD + '#include "wat/b.h"\n',
                          src__wat__a_cc=HEAD + '#include "runtime/b.h"\n', src__os__a_cc=HEAD + '#include "wasm/b.h"\n',
                          src__cli__a_cc=HEAD + '#include "wasi/b.h"\n')
        self.assertEqual(found, [(f"src/{layer}/a.cc", "layers") for layer in ("base", "os", "wasm", "wat")])

    def test_every_layer_may_include_itself_and_base(self):
        files = {f"src__{layer}__a_cc": f'{HEAD}#include "{layer}/b.h"\n#include "base/c.h"\n' for layer in lint.LAYERS}
        self.assertEqual(self.lint(**files), [])

    def test_the_layers_are_a_dag(self):
        order = list(graphlib.TopologicalSorter(lint.LAYERS).static_order())  # raises CycleError
        self.assertEqual(sorted(order), sorted(lint.LAYERS))

    def test_include_not_written_from_src(self):
        found = self.lint(src__wasm__a_cc=HEAD + '#include "b.h"\n', src__wasm__b_cc=HEAD + '#include "../base/b.h"\n',
                          src__wasm__c_cc=HEAD + "#include <base/b.h>\n")
        self.assertEqual(found, [("src/wasm/a.cc", "layers"), ("src/wasm/b.cc", "layers"), ("src/wasm/c.cc", "includes")])

    def test_unknown_layer(self):
        self.assertEqual(self.lint(src__misc__a_cc=HEAD), [("src/misc/a.cc", "layers")])

    def test_forbidden_include_in_the_engine_only(self):
        text = HEAD + "#include <iostream>\n"
        self.assertEqual(self.lint(src__wasm__a_cc=text, tests__a_cc=text), [("src/wasm/a.cc", "includes")])

    def test_header_without_guard(self):
        self.assertEqual(self.lint(src__wasm__a_h=HEAD, src__wasm__b_h=HEAD + "#pragma once\n"),
                         [("src/wasm/a.h", "includes")])

    def test_missing_licence_line(self):
        found = self.lint(src__wasm__a_cc="int x;\n", tools__b_py="x = 1\n", dev="#!/usr/bin/env bash\n", note_md="x\n")
        self.assertEqual(found, [("dev", "licence"), ("src/wasm/a.cc", "licence"), ("tools/b.py", "licence")])

    def test_size(self):
        long = HEAD + "\n" * lint.MAX_LINES
        self.assertEqual(self.lint(src__wasm__a_cc=long, src__wasm__b_def=long), [("src/wasm/a.cc", "size")])
        self.assertEqual(self.lint(src__wasm__a_cc=HEAD + "\n" * (lint.MAX_LINES - 1)), [])

    def test_text(self):
        found = self.lint(src__wasm__a_cc=HEAD + "int a; \n", src__wasm__b_cc=HEAD + "\tint b;\n",
                          src__wasm__c_cc=HEAD + "int c;")
        self.assertEqual(found, [(f"src/wasm/{name}.cc", "text") for name in "abc"])

    def test_links(self):
        found = self.lint(docs__a_md="[b](b.md#part) [c](../c.txt) [site](https://example.org/x)\n",
                          docs__d_md="[gone](gone.md)\n```\n[not a link](x)\n```\n", docs__b_md="", c_txt="")
        self.assertEqual(found, [("docs/d.md", "links")])

    @unittest.skipUnless(shutil.which("clang-format-22"), "clang-format-22 is not installed")
    def test_format(self):
        (self.root / ".clang-format").write_text("BasedOnStyle: Google\n")
        found = self.lint("clang-format-22", src__wasm__a_cc=HEAD + "int  a ;\n", src__wasm__b_cc=HEAD + "int b;\n")
        self.assertEqual(found, [("src/wasm/a.cc", "format")])


if __name__ == "__main__":
    unittest.main()
