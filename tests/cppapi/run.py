#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Tests of the C++ API, include/wazuka.hh.

    tests/cppapi/run.py --runtime build/release/wazuka [FILTER…]

The programs of this folder, built beside the runtime, print "ok NAME" or "FAILED NAME" for each test. Then come the tests
in this file: what compilers say about the headers, the reference page, and what users do: a project of somebody else
(outside/) built against an installed library, and a program for Wasmtime's own C++ headers (wasmtime_hh/). The last line is
"N passed, N failed, N skipped".
"""
import argparse
import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

HERE = Path(__file__).resolve().parent
ROOT = HERE.parent.parent
INCLUDE = ROOT / "include"
CRATE = "wasmtime-c-api-impl"
VERSION = "50.0.1"
sys.path.insert(0, str(HERE.parent / "capi"))
from run import run_program  # noqa: E402


class Skip(Exception):
    """Why a test cannot run here."""


def run(*command, **options):
    """The output of a command, which must succeed."""
    result = subprocess.run([str(c) for c in command], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
                            timeout=600, **options)
    if result.returncode != 0:
        raise AssertionError(f"{' '.join(str(c) for c in command)}\n{result.stdout}")
    return result.stdout


def need(*programs):
    for name in programs:
        if not shutil.which(name):
            raise Skip(f"there is no {name}")


STRICT = ("-std=c++23", "-Wall", "-Wextra", "-Wshadow", "-Wconversion", "-Wswitch-enum", "-Werror", "-fsyntax-only", "-I", INCLUDE)


def compile_everything(compiler, *options):
    """A program that uses the templates, without a warning."""
    need(compiler)
    run(compiler, *STRICT, *options, HERE / "outside/program.cc")


def test_clang(_build):
    compile_everything("clang++-22", "-pedantic", "-Wno-gnu-anonymous-struct")  # those of the C headers


def test_clang_without_exceptions(_build):
    compile_everything("clang++-22", "-fno-exceptions", "-fno-rtti")


def test_gcc(_build):
    compile_everything("g++-12")


def test_gcc_without_exceptions(_build):
    compile_everything("g++-12", "-fno-exceptions", "-fno-rtti")


def test_gcc_compiles_the_tests(_build):
    need("g++-12")
    for source in sorted(HERE.glob("*.cc")):
        run("g++-12", "-std=c++23", "-Wall", "-Wextra", "-Werror", "-fsyntax-only", "-I", INCLUDE, source)


def test_every_header_alone(_build):
    need("clang++-22")
    headers = sorted(INCLUDE.glob("wazuka/**/*.hh"))
    assert len(headers) > 15, headers
    with tempfile.TemporaryDirectory() as folder:
        for header in headers:
            source = Path(folder) / (header.stem + ".cc")
            source.write_text(f"#include <{header.relative_to(INCLUDE)}>\n")
            run("clang++-22", *STRICT, source)


def test_reference_is_current(_build):
    run(sys.executable, ROOT / "tools/api_reference.py", "--check")


def installed(build, folder):
    """The folder that the build was installed in."""
    if not (build / "libwazuka.a").exists():
        raise Skip("this build has no libraries")
    need("cmake")
    prefix = Path(folder) / "prefix"
    run("cmake", "--install", build, "--prefix", prefix)
    # It must not matter where it was put.
    moved = Path(folder) / "moved"
    prefix.rename(moved)
    return moved


def test_cmake_package(build):
    with tempfile.TemporaryDirectory() as folder:
        prefix = installed(build, folder)
        made = Path(folder) / "build"
        run("cmake", "-S", HERE / "outside", "-B", made, f"-DCMAKE_PREFIX_PATH={prefix}", "-DCMAKE_BUILD_TYPE=Release",
            f"-DCMAKE_CXX_COMPILER={shutil.which('clang++-22') or 'c++'}")
        run("cmake", "--build", made, "-j2")
        for program in ("cxx_wazuka", "cxx_static", "c_wazuka", "c_static"):
            assert run(made / program) == "42\n", program
        needed = run("readelf", "-d", made / "cxx_static")
        assert "libwazuka" not in needed, needed


def test_pkg_config(build):
    need("pkg-config", "g++")
    with tempfile.TemporaryDirectory() as folder:
        prefix = installed(build, folder)
        environment = {**os.environ, "PKG_CONFIG_PATH": str(prefix / "lib/pkgconfig")}
        flags = run("pkg-config", "--cflags", "--libs", "wazuka", env=environment).split()
        program = Path(folder) / "program"
        run("g++", "-std=c++23", HERE / "outside/program.cc", *flags, "-o", program)
        assert run(program, env={**os.environ, "LD_LIBRARY_PATH": str(prefix / "lib")}) == "42\n"
        static = run("pkg-config", "--static", "--libs-only-l", "--libs-only-other", "wazuka", env=environment).split()
        static = [flag for flag in static if flag != "-lwazuka"]
        run("g++", "-std=c++23", f"-I{prefix}/include", HERE / "outside/program.cc", prefix / "lib/libwazuka.a", *static,
            "-o", program)
        assert run(program) == "42\n"


def test_debian_package(build):
    if not (build / "libwazuka.a").exists():
        raise Skip("this build has no libraries")
    need("cpack", "dpkg-deb", "g++")
    with tempfile.TemporaryDirectory() as folder:
        run("cpack", "-G", "DEB", "-B", folder, "--config", build / "CPackConfig.cmake", cwd=folder)
        package, = Path(folder).glob("*.deb")
        fields = run("dpkg-deb", "--field", package, "Package", "Depends", "Section")
        assert "Package: wazuka\n" in fields and "Depends: libc6 (>= 2." in fields, fields
        root = Path(folder) / "root"
        run("dpkg-deb", "--extract", package, root)
        for file in ("bin/wazuka", "lib/libwazuka.so", "lib/libwasmtime.so", "lib/pkgconfig/wazuka.pc", "include/wazuka.hh",
                     "lib/cmake/wazuka/wazuka-config.cmake", "share/man/man1/wazuka.1"):
            assert (root / "usr" / file).exists(), file
        assert run(root / "usr/bin/wazuka", "--version").startswith("wazuka ")
        program = Path(folder) / "program"
        run("g++", "-std=c++23", f"-I{root}/usr/include", HERE / "outside/program.cc", root / "usr/lib/libwazuka.a", "-o",
            program)
        assert run(program) == "42\n"


def wasmtime_headers():
    """The folder of Wasmtime's headers, from the package that has its C API."""
    home = ROOT / "build/cargo"
    found = list(home.glob(f"registry/src/*/{CRATE}-{VERSION}/include"))
    if not found:
        need("cargo")
        # Asking for its description brings the package itself.
        asked = subprocess.run(["cargo", "info", "--quiet", f"{CRATE}@{VERSION}"], env={**os.environ, "CARGO_HOME": str(home)},
                               capture_output=True, timeout=300, cwd="/")
        found = list(home.glob(f"registry/src/*/{CRATE}-{VERSION}/include"))
        if asked.returncode != 0 or not found:
            raise Skip(f"the package {CRATE} cannot be had")
    return found[0]


def test_wasmtime_cxx_headers(build):
    if not (build / "libwazuka.so").exists():
        raise Skip("this build has no libraries")
    theirs = wasmtime_headers()
    need("clang++-22")
    with tempfile.TemporaryDirectory() as folder:
        headers = Path(folder) / "include"
        for header in theirs.rglob("*.hh"):  # the C headers are ours
            to = headers / header.relative_to(theirs)
            to.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(header, to)
        program = Path(folder) / "program"
        for standard in ("c++17", "c++23"):
            run("clang++-22", f"-std={standard}", f"-I{headers}", f"-I{INCLUDE}", HERE / "wasmtime_hh/program.cc", f"-L{build}",
                "-lwazuka", f"-Wl,-rpath,{build}", "-o", program)
            assert run(program) == "42\n65536 9\n6\n2\nerror\n6 exports\n"


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--runtime", type=Path, required=True)
    parser.add_argument("filters", nargs="*")
    options = parser.parse_args()
    build = options.runtime.resolve().parent
    wanted = [] if any("cppapi".startswith(f) for f in options.filters) else options.filters
    passed = failed = skipped = 0
    for program in sorted(p for p in (build / "tests/cppapi").glob("*") if p.is_file()):
        p, f = run_program(program, wanted)
        passed, failed = passed + p, failed + f
    for name, test in sorted(globals().items()):
        if not name.startswith("test_") or (wanted and not any(w in name for w in wanted)):
            continue
        try:
            test(build)
            passed += 1
        except Skip as reason:
            skipped += 1
            print(f"skipped {name}: {reason}")
        except (AssertionError, subprocess.TimeoutExpired) as error:
            failed += 1
            print(f"FAILED {name}\n{error}")
    print(f"{passed} passed, {failed} failed, {skipped} skipped")
    return failed != 0


if __name__ == "__main__":
    sys.exit(main())
