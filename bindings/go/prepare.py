#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Makes the Go package `wasmtime-go` ready to be used with Wazuka.

    bindings/go/prepare.py FOLDER [--library FILE] [--original]

The module (MODULE at VERSION, the newest that the Go module proxy serves) is fetched by `go mod download` and copied to
FOLDER. There its headers and its library are replaced with ours, and the few places where its C API is older than that
of our headers are adapted (COMPAT_HEADER, EDITS). A program uses the folder by a line in its go.mod:

    replace github.com/bytecodealliance/wasmtime-go/v39 => FOLDER

With a shared library (.so) programs look for libwazuka.so at run time, with an archive (.a) they have it inside.
--original takes the library of Wasmtime 50.0.1 instead, from its Python package.
"""
import argparse
import json
import os
import platform
import shutil
import stat
import subprocess
import sys
import tempfile
import zipfile
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent.parent
MODULE = "github.com/bytecodealliance/wasmtime-go/v39"
VERSION = "v39.0.1"
ORIGINAL = "wasmtime==50.0.1"  # in Python's registry

# What the C API of version 39 has and that of version 50 has no more, in terms of the latter.
COMPAT_HEADER = """\
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#ifndef WAZUKA_COMPAT_H
#define WAZUKA_COMPAT_H
#include <wasi.h>
#include <wasmtime.h>

// Version 48: one answer to whether a preopened directory can be written to, instead of two sets of permissions.
typedef size_t wasi_dir_perms;
enum {
  WASMTIME_WASI_DIR_PERMS_READ = 1,
  WASMTIME_WASI_DIR_PERMS_WRITE = 2,
  WASMTIME_WASI_FILE_PERMS_READ = 1,
  WASMTIME_WASI_FILE_PERMS_WRITE = 2,
};
static inline bool compat_preopen_dir(wasi_config_t* config, const char* host, const char* guest,
                                      wasi_dir_perms dirs, wasi_file_perms files) {
  const bool fs_mutable = (dirs & WASMTIME_WASI_DIR_PERMS_WRITE) || (files & WASMTIME_WASI_FILE_PERMS_WRITE);
  return wasi_config_preopen_dir(config, host, guest, fs_mutable);
}

// Version 42: a collection may fail, which the package does not expect.
static inline void compat_context_gc(wasmtime_context_t* context) {
  wasmtime_error_t* error = wasmtime_context_gc(context);
  if (error != NULL) wasmtime_error_delete(error);
}
#endif
"""

# (file, what is there exactly once, what it becomes).
EDITS = (
    ("wasi.go", "// #include <wasi.h>\n", "// #include <wazuka_compat.h>\n"),
    ("wasi.go", "C.wasi_config_preopen_dir(", "C.compat_preopen_dir("),
    ("store.go", '// #include "shims.h"\n', '// #include "shims.h"\n// #include <wazuka_compat.h>\n'),
    ("store.go", "C.wasmtime_context_gc(", "C.compat_context_gc("),
)


def go(*arguments, **options):
    return subprocess.run(["go", *arguments], check=True, **options)


def fetch():
    """The folder of the module in Go's cache."""
    with tempfile.TemporaryDirectory(prefix="wazuka-go-") as scratch:
        done = go("mod", "download", "-json", f"{MODULE}@{VERSION}", cwd=scratch, stdout=subprocess.PIPE)
    return Path(json.loads(done.stdout)["Dir"])


def fetch_original(folder):
    """The shared object of Wasmtime's Python package."""
    subprocess.run([sys.executable, "-m", "pip", "download", "--quiet", "--no-deps", "--only-binary", ":all:", "--dest",
                    folder, ORIGINAL], check=True)
    with zipfile.ZipFile(next(folder.glob("wasmtime-*.whl"))) as archive:
        path = folder / "libwasmtime.so"
        path.write_bytes(archive.read(f"wasmtime/linux-{platform.machine()}/_libwasmtime.so"))
    return path


def make_writable(folder):
    """Go's cache is read-only, and so is a copy of it."""
    for path in (folder, *folder.rglob("*")):
        path.chmod(path.stat().st_mode | stat.S_IWUSR)


def edit(folder, name, old, new):
    path = folder / name
    text = path.read_text()
    if text.count(old) != 1:
        sys.exit(f"{name}: {old.strip()!r} is there {text.count(old)} times: is this {VERSION}?")
    path.write_text(text.replace(old, new))


def replace_headers(folder):
    """Ours; the empty Go files that make packages of the folders stay."""
    include = folder / "build/include"
    for path in [*include.rglob("*.h"), *include.rglob("*.hh")]:
        path.unlink()
    shutil.copytree(ROOT / "include", include, dirs_exist_ok=True)
    (include / "wazuka_compat.h").write_text(COMPAT_HEADER)


def replace_library(folder, library):
    place = folder / f"build/linux-{platform.machine()}"
    (place / "libwasmtime.a").unlink(missing_ok=True)
    shutil.copyfile(library, place / library.name)
    if library.suffix != ".a" and library.name != "libwasmtime.so":
        (place / "libwasmtime.so").symlink_to(library.name)
    elif library.suffix == ".a":
        (place / library.name).rename(place / "libwasmtime.a")
    return place


def prepare(folder, library):
    """Puts the adapted module into the folder, which must be new; returns where its library is."""
    # The libraries that the module brings are large, and not used.
    shutil.copytree(fetch(), folder, ignore=shutil.ignore_patterns("libwasmtime.*"))
    make_writable(folder)
    replace_headers(folder)
    for change in EDITS:
        edit(folder, *change)
    return replace_library(folder, library)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--library", type=Path, default=ROOT / "build/release/libwazuka.a")
    parser.add_argument("--original", action="store_true", help="use the library of Wasmtime 50.0.1")
    options = parser.parse_args()
    if os.path.lexists(options.folder):
        sys.exit(f"{options.folder} is there already")
    with tempfile.TemporaryDirectory(prefix="wazuka-go-") as scratch:
        prepare(options.folder, fetch_original(Path(scratch)) if options.original else options.library)


if __name__ == "__main__":
    main()
