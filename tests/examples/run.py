#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Runs the commands of the pages in examples/ and compares their output with what the pages show.

The pages are the test cases, so that what a reader copies is what was tried. A page is cut at its `## `
headings; each section is one case and runs in one shell, in a fresh copy of the folder:

    <!-- needs: command clang-22, file /usr/lib/wasm32-wasi/libc.a -->   what must be there, else "skipped"
    ```sh                                                                every line must succeed
    ```console                                                           `$ command`, then its exact output,
                                                                         standard error included

A section that begins before the first `## ` counts as well. `needs` holds from its section's start.

    tests/examples/run.py [--slow] [--runtime PATH] [word...]   only the cases whose name contains a word
"""
import argparse
import os
import pathlib
import re
import shutil
import signal
import subprocess
import sys
import tempfile

ROOT = pathlib.Path(__file__).resolve().parents[2]
TIMEOUT = 900  # seconds for one case; compiling a standard library takes a minute or two
MARK = "\x01"  # printed after each command, followed by its exit code


def succeeds(*command):
    """Whether a probing command can be run and reports success."""
    try:
        return subprocess.run(command, capture_output=True, stdin=subprocess.DEVNULL, timeout=60).returncode == 0
    except (OSError, subprocess.TimeoutExpired):
        return False


def have_rust_target(target):
    try:
        made = subprocess.run(["rustc", "--print", "target-libdir", "--target", target], capture_output=True, text=True)
    except OSError:
        return False
    return made.returncode == 0 and os.path.isdir(made.stdout.strip())


def have_go(version):
    try:
        made = subprocess.run(["go", "env", "GOVERSION"], capture_output=True, text=True)
    except OSError:
        return False
    found = re.match(r"go(\d+)\.(\d+)", made.stdout)
    return bool(found) and tuple(map(int, found.groups())) >= tuple(map(int, version.split(".")))


def have_crates():
    return succeeds("/usr/bin/cargo", "info", "libc")


def have_go_module(name):
    """Whether Go can fetch a module, or has it."""
    with tempfile.TemporaryDirectory() as folder:
        try:
            return subprocess.run(["go", "mod", "download", name], cwd=folder, capture_output=True, timeout=120).returncode == 0
        except (OSError, subprocess.TimeoutExpired):
            return False


def have_python_package(requirement):
    """Whether pip can fetch a package."""
    with tempfile.TemporaryDirectory() as folder:
        return succeeds("pip3", "install", "--dry-run", "--quiet", "--no-deps", "--retries=0", "--target", folder, requirement)


def missing(needs, slow, libraries):
    """The first of a comma-separated list of needs that this machine cannot meet, or None."""
    probes = {
        "command": lambda name: shutil.which(name),
        "file": os.path.exists,
        "library": lambda name: (libraries / name).exists(),  # sanitizer builds have none
        "variable": os.environ.get,
        "python": lambda name: succeeds("python3", "-c", f"import {name}"),
        "rust-target": have_rust_target,
        "go": have_go,
        "npm": lambda _: succeeds("npm", "view", "--fetch-retries=0", "assemblyscript", "version"),
        "go-module": have_go_module,
        "python-package": have_python_package,
        "crates": lambda _: have_crates(),
        "slow": lambda _: slow,
    }
    for need in filter(None, (n.strip() for n in needs.split(","))):
        kind, _, value = need.partition(" ")
        if not probes[kind](value):
            return "slow (run with --slow)" if kind == "slow" else f"needs {need}"
    return None


def sections(page):
    """Yields (name, needs, [(kind, text)]) for each section of a page that has something to run."""
    folder = page.parent.relative_to(ROOT)
    for part in re.split(r"(?m)^(?=## )", page.read_text()):
        heading = re.match(r"##? (.*)", part)
        blocks = re.findall(r"(?ms)^```(sh|console)\n(.*?)^```$", part)
        needs = ", ".join(re.findall(r"<!-- needs: (.*?) -->", part))
        if blocks:
            yield f"{folder}: {heading.group(1) if heading else 'introduction'}", needs, blocks


def commands(blocks):
    """Yields (command, expected output or None)."""
    for kind, text in blocks:
        if kind == "sh":
            yield text, None
            continue
        for piece in re.split(r"(?m)^\$ ", text)[1:]:
            command, _, expected = piece.partition("\n")
            yield command, expected


def run_section(folder, blocks, environment):
    """Runs the commands in one shell in `folder`; returns a list of complaints."""
    steps = list(commands(blocks))
    script = "exec 2>&1\n"
    for command, expected in steps:
        body = f"set -e\n{command}" if expected is None else command
        # A subshell for `sh` blocks keeps `set -e` from ending the whole script.
        run = f"( {body}\n)" if expected is None else f"{{ {body}\n}}"
        script += f"{run}\nprintf '{MARK}%d{MARK}' $?\n"
    shell = subprocess.Popen(["bash", "-c", script], cwd=folder, env=environment, stdin=subprocess.DEVNULL,
                             stdout=subprocess.PIPE, start_new_session=True)
    try:
        text = shell.communicate(timeout=TIMEOUT)[0].decode(errors="replace")
    except subprocess.TimeoutExpired:
        os.killpg(shell.pid, signal.SIGKILL)  # with whatever the shell has started
        shell.communicate()
        return [f"no end after {TIMEOUT} s"]
    parts = text.split(MARK)
    outputs, codes = parts[0::2], parts[1::2]
    complaints = []
    for (command, expected), output, code in zip(steps, outputs, codes):
        if expected is None and code != "0":
            complaints.append(f"$ {command.strip()}\nexit code {code}\n{output}")
            break
        if expected is not None and output != expected:
            complaints.append(f"$ {command}\n--- expected\n{expected}--- got\n{output}")
    if not complaints and len(codes) != len(steps):
        complaints.append(f"the shell ended early:\n{text}")
    return complaints


def install(build, prefix):
    """As `./dev install --prefix` would leave it."""
    package = prefix / "lib/cmake/wazuka"
    package.mkdir(parents=True)
    (prefix / "include").symlink_to(ROOT / "include")
    for file in build.glob("libw*"):
        if file.name.startswith(("libwazuka.", "libwasmtime.")):
            (prefix / "lib" / file.name).symlink_to(file)
    for file in build.glob("wazuka-config*.cmake"):
        shutil.copyfile(file, package / file.name)  # they look for what lies beside them


def main():
    parser = argparse.ArgumentParser(description="Runs the commands of the pages in examples/.")
    parser.add_argument("--runtime", default=os.environ.get("WAZUKA", ROOT / "build/release/wazuka"))
    parser.add_argument("--slow", action="store_true", help="also what compiles for minutes")
    parser.add_argument("words", nargs="*")
    options = parser.parse_args()
    runtime = pathlib.Path(options.runtime).absolute()
    if not os.access(runtime, os.X_OK):
        sys.exit(f"{runtime} is not there: build it, or set WAZUKA")

    passed = failed = skipped = 0
    for page in sorted((ROOT / "examples").rglob("README.md")):
        if "node_modules" in page.parts:
            continue
        for name, needs, blocks in sections(page):
            if options.words and not any(word.lower() in name.lower() for word in options.words):
                continue
            reason = missing(needs, options.slow, runtime.parent)
            if reason:
                skipped += 1
                print(f"skip  {name}: {reason}")
                continue
            with tempfile.TemporaryDirectory(prefix="wazuka-examples-") as temporary:
                os.makedirs(f"{temporary}/bin")
                os.symlink(runtime, f"{temporary}/bin/wazuka")
                install(runtime.parent, pathlib.Path(temporary, "prefix"))
                os.symlink(ROOT / "bindings", f"{temporary}/bindings")
                # The copy has the repository's shape; what a former manual build left behind stays out.
                shutil.copytree(ROOT / "examples", f"{temporary}/examples",
                                ignore=shutil.ignore_patterns("*.wasm", "node_modules", "target", "tree", "packages",
                                                              "wasmtime-go"))
                environment = {k: v for k, v in os.environ.items()
                               if not k.startswith("WASMTIME_") and k != "RUST_BACKTRACE"}
                environment["WAZUKA_PREFIX"] = f"{temporary}/prefix"
                environment["PATH"] = f"{temporary}/bin:{environment['PATH']}"
                complaints = run_section(f"{temporary}/{page.parent.relative_to(ROOT)}", blocks, environment)
            if complaints:
                failed += 1
                print(f"FAIL  {name}")
                print("\n".join("      " + line for c in complaints for line in c.splitlines()))
            else:
                passed += 1
                print(f"ok    {name}")
            sys.stdout.flush()
    print(f"{passed} passed, {failed} failed, {skipped} skipped")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
