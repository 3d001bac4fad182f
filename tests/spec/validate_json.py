#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Validates every binary of the JSON form of the WebAssembly test suite with wasm_check.

    validate_json.py WASM_CHECK [SPEC_JSON_TAR] [--texts]

Modules of `module`-like commands must be accepted, those of assert_invalid and assert_malformed
rejected; of the accepted ones both modes of the body decoder must tell the same. Features follow
the folder. The archive is $WAZUKA_SHARED/data/spec/json/spec-json.tar.gz unless given; where it is
absent the script says so and passes. --texts lists messages that do not contain the suite's
expected text (the wording is Wasmtime's, so some differ).
"""
import argparse
import collections
import json
import os
import subprocess
import sys
import tarfile
import tempfile

ACCEPTED = {"module", "module_definition", "assert_unlinkable", "assert_uninstantiable",
            "assert_invalid_custom"}
REJECTED = {"assert_invalid", "assert_malformed"}

# Features on top of the defaults, by folder; the longest matching prefix counts.
FEATURES = {
    "core/": ["-threads", "-wide-arithmetic"],
    "core/proposals/threads/": ["--none", "+threads", "+mutable-globals", "+sign-extension",
                                "+saturating-float-to-int", "+multi-value", "+bulk-memory"],
    "core/proposals/wide-arithmetic/": [],
    "core/proposals/custom-page-sizes/": ["+custom-page-sizes"],
    "core/proposals/custom-descriptors/": ["+custom-descriptors"],
    "extra/stack-switching/": ["+stack-switching"],
    "extra/compact-import-section/": ["+compact-imports"],
    "extra/threads-forms/": [],
}


def features_for(path):
    best = max((p for p in FEATURES if path.startswith(p)), key=len)
    return tuple(FEATURES[best])


def collect(root):
    """Yields (wasm path, command, must_accept, expected text) for every binary."""
    for folder, _, files in os.walk(root):
        for name in files:
            if not name.endswith(".json"):
                continue
            with open(os.path.join(folder, name)) as f:
                script = json.load(f)
            for command in script.get("commands", []):
                kind = command["type"]
                if command.get("module_type") != "binary" or "filename" not in command:
                    continue
                if kind in ACCEPTED or kind in REJECTED:
                    path = os.path.join(folder, command["filename"])
                    yield path, kind, kind in ACCEPTED, command.get("text", "")


def run(checker, root, show_texts):
    groups = collections.defaultdict(list)
    for item in collect(root):
        relative = os.path.relpath(item[0], root)
        groups[features_for(relative)].append(item)
    counts, wrong, texts = collections.Counter(), [], 0
    for features, items in groups.items():
        paths = "".join(path + "\n" for path, *_ in items)
        out = subprocess.run([checker, "--modes", *features, "-"], input=paths, stdout=subprocess.PIPE,
                             text=True, check=True).stdout
        results = dict(line.split(": ", 1) for line in out.splitlines() if ".wasm: " in line)
        for path, kind, accept, text in items:
            result = results.get(path, "no answer")
            good = (result == "ok") == accept and result != "no answer"
            counts[kind, good] += 1
            if not good:
                wrong.append(f"{os.path.relpath(path, root)}: {kind} ({text}): {result}")
            elif not accept and text and text not in result:
                texts += 1
                if show_texts:
                    print(f"text: {os.path.relpath(path, root)}: expected «{text}», got {result}")
    for kind in sorted(ACCEPTED | REJECTED):
        passed, failed = counts[kind, True], counts[kind, False]
        if passed + failed:
            print(f"{kind:24} {passed} of {passed + failed}")
    for line in wrong:
        print("FAIL", line)
    print(f"other wording than the suite's: {texts}")
    return not wrong


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("checker")
    parser.add_argument("archive", nargs="?")
    parser.add_argument("--texts", action="store_true")
    args = parser.parse_args()
    shared = os.environ.get("WAZUKA_SHARED", os.path.join(os.path.dirname(__file__),
                                                          "../../../shared"))
    archive = args.archive or os.path.join(shared, "data/spec/json/spec-json.tar.gz")
    if not os.path.exists(archive):
        print(f"skipped: {archive} is not there (set WAZUKA_SHARED)")
        return 0
    with tempfile.TemporaryDirectory() as root:
        with tarfile.open(archive) as tar:
            tar.extractall(root)
        return 0 if run(args.checker, root, args.texts) else 1


if __name__ == "__main__":
    sys.exit(main())
