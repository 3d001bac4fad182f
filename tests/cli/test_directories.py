# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""--dir: what the guest can reach, and above all what it cannot.

Every test of the sandbox has the folder `box`, which the guest gets, beside `outside`, which it must never
see, read or change. guests/paths.wat exits with the errno of one WASI call.
"""
import os
import pathlib
import shutil

from harness import GUESTS, SIMPLE_CAT, Setting, differs, error, wazuka

PATHS = str(GUESTS / "paths.wat")
# Numbers of WASI's errno.
BADF, EXIST, ISDIR, LOOP, NOENT, NOTDIR, PERM = 8, 20, 31, 32, 44, 54, 63

# The calls of paths.wat that take one path.
LOOKUPS = {"o": "open", "c": "create", "t": "truncate", "d": "open a directory", "s": "stat", "w": "set times"}
OTHERS = {"n": "open without following", "m": "make a directory", "u": "unlink", "r": "remove a directory",
          "l": "read a link"}

# Paths that lead out of `box`, each through another door.
OUTWARD = ["../outside/secret", "..", "../", "../box/file", "sub/../../outside/secret", "/etc/passwd", "/", "//etc",
           "up/secret", "absolute/secret", "parent/outside/secret"]
# Symbolic links at the end of the path: out of bounds if followed.
LINKS_OUTWARD = ["up", "secret_link", "passwd_link", "new_outside"]


def make_box():
    shutil.rmtree("box", ignore_errors=True)
    shutil.rmtree("outside", ignore_errors=True)
    os.makedirs("box/sub")
    os.makedirs("outside")
    pathlib.Path("box/file").write_text("inside\n")
    pathlib.Path("outside/secret").write_text("secret\n")
    for name, target in (("up", "../outside"), ("absolute", os.path.abspath("outside")), ("parent", ".."),
                         ("secret_link", "../outside/secret"), ("passwd_link", "/etc/passwd"),
                         ("new_outside", "../outside/new"), ("inside_link", "sub/../file"), ("sub_link", "sub"),
                         ("dangling", "nowhere"), ("loop", "loop"), ("sub/back", "../file")):
        os.symlink(target, f"box/{name}")


def outside():
    """Whatever a guest could change outside of the box. Any change of a file or its inode sets st_ctime."""
    secret = os.stat("outside/secret")
    return (sorted(os.listdir(".")), sorted(os.listdir("outside")), os.stat("outside").st_ctime_ns,
            secret.st_ino, secret.st_size, secret.st_nlink, secret.st_ctime_ns)


def calls(letter, *paths, errno):
    make_box()
    before = outside()
    wazuka("--dir", "box", PATHS, letter, *paths).gives(code=errno)
    assert outside() == before, f"{letter} {paths} changed something outside of the box"


def test_reads_a_file():
    make_box()
    for path in ("file", "./file", "sub/../file", "sub/./../file", "inside_link", "sub/back", "sub_link/back",
                 ".//file"):
        wazuka("--dir", "box", SIMPLE_CAT, path).gives(stdout="inside\n")


def test_reads_a_large_file():
    data = os.urandom(1_000_003)
    pathlib.Path("large").write_bytes(data)
    wazuka("--dir", ".", SIMPLE_CAT, "large").gives(stdout=data)


def test_without_dir_there_is_nothing_to_open():
    pathlib.Path("file").write_text("x")
    wazuka(SIMPLE_CAT, "file").gives(
        stderr="simple_cat: file: no directory is open for it (give one with --dir)\n", code=1)


def test_missing_file():
    make_box()
    for path in ("nope", "nope/file", "nope/", "nope/..", "nope/../file", ""):
        wazuka("--dir", "box", SIMPLE_CAT, path).gives(
            stderr=f"simple_cat: {path}: no such file or directory\n", code=1)


def test_file_used_as_a_directory():
    make_box()
    for path in ("file/", "file/.", "file/..", "file/../file", "inside_link/"):
        wazuka("--dir", "box", SIMPLE_CAT, path).gives(stderr=f"simple_cat: {path}: not a directory\n", code=1)


def test_refused_path_in_the_example():
    make_box()
    for path in OUTWARD + LINKS_OUTWARD:
        wazuka("--dir", "box", SIMPLE_CAT, path).gives(
            stderr=f"simple_cat: {path}: outside of the given directory\n", code=1)


def test_no_call_leaves_the_box():
    for letter in LOOKUPS | OTHERS:
        for path in OUTWARD:
            calls(letter, path, errno=PERM)


def test_following_a_link_out_of_the_box():
    for letter in LOOKUPS:
        for path in LINKS_OUTWARD:
            calls(letter, path, errno=PERM)


def test_trailing_slash_follows_a_link():
    for letter in ("o", "n", "t", "d", "s", "w", "u", "r", "l"):
        for path in ("up/", "secret_link/"):
            calls(letter, path, errno=PERM)


def test_a_link_itself_is_inside():
    for path in ("up", "secret_link", "new_outside"):
        calls("l", path, errno=0)
        calls("u", path, errno=0)
        calls("n", path, errno=LOOP)
        calls("m", path, errno=EXIST)
        calls("r", path, errno=NOTDIR)


def test_links_in_a_circle():
    for letter in LOOKUPS:
        calls(letter, "loop", errno=LOOP)


def test_link_to_nothing():
    for letter, errno in (("o", NOENT), ("s", NOENT), ("d", NOENT), ("t", NOENT), ("c", 0), ("l", 0)):
        calls(letter, "dangling", errno=errno)


def test_create_with_a_trailing_slash():
    for path in ("new/", "file/", "sub/", "up/"):
        calls("c", path, errno=ISDIR)


def test_rename_and_link_out_of_the_box():
    for letter in ("v", "h"):
        for there in ("../outside/new", "../new", "up/new", "sub/../../outside/new", os.path.abspath("outside/new")):
            calls(letter, "file", there, errno=PERM)


def test_rename_and_link_into_the_box():
    for letter in ("v", "h"):
        for source in ("../outside/secret", "up/secret", "absolute/secret", "/etc/passwd"):
            calls(letter, source, "new", errno=PERM)


def test_rename_within_the_box():
    make_box()
    wazuka("--dir", "box", PATHS, "v", "file", "sub/renamed").gives()
    assert pathlib.Path("box/sub/renamed").read_text() == "inside\n" and not os.path.exists("box/file")


def test_symbolic_link_out_of_the_box_is_made_but_not_followed():
    make_box()
    wazuka("--dir", "box", PATHS, "y", "made", "../outside/secret").gives()
    assert os.readlink("box/made") == "../outside/secret"
    wazuka("--dir", "box", PATHS, "o", "made").gives(code=PERM)


def test_symbolic_link_with_an_absolute_target_is_refused():
    calls("y", "made", "/etc/passwd", errno=PERM)


def test_symbolic_link_outside_of_the_box():
    for path in ("../outside/new", "up/new", "/tmp/new"):
        calls("y", path, "file", errno=PERM)


def test_changes_arrive_on_the_host():
    make_box()
    wazuka("--dir", "box", PATHS, "c", "sub/new").gives()
    wazuka("--dir", "box", PATHS, "m", "sub/folder").gives()
    wazuka("--dir", "box", PATHS, "t", "file").gives()
    assert sorted(os.listdir("box/sub")) == ["back", "folder", "new"]
    assert os.path.isdir("box/sub/folder") and os.path.getsize("box/file") == 0
    wazuka("--dir", "box", PATHS, "u", "sub/new").gives()
    wazuka("--dir", "box", PATHS, "r", "sub/folder").gives()
    assert os.listdir("box/sub") == ["back"]


def test_closed_descriptor():
    wazuka(PATHS, "o", "file").gives(code=BADF)


def test_host_directory_through_a_link():
    make_box()
    os.symlink("box", "box_link")
    wazuka("--dir", "box_link", SIMPLE_CAT, "file").gives(stdout="inside\n")
    wazuka("--dir", "box_link", SIMPLE_CAT, "../outside/secret").gives(
        stderr="simple_cat: ../outside/secret: outside of the given directory\n", code=1)


def test_preopens_are_announced_under_their_guest_names():
    make_box()
    names = str(GUESTS / "preopens.wat")
    outside_path = os.path.abspath("outside")
    wazuka(names).gives()
    wazuka("--dir", ".", names).gives(stdout="3 .\n")
    wazuka("--dir", "box", "--dir", "outside::/data", "--dir", outside_path, names).gives(
        stdout=f"3 box\n4 /data\n5 {outside_path}\n")
    wazuka("--dir=box::a", "--dir=./box/", "--dir=box::", "--dir=.::/", names).gives(
        stdout="3 a\n4 ./box/\n5 \n6 /\n")


def test_same_directory_twice():
    make_box()
    wazuka("--dir", "box", "--dir", "box::again", str(GUESTS / "preopens.wat")).gives(stdout="3 box\n4 again\n")


def test_guest_name_does_not_widen_the_box():
    make_box()
    for name in ("/", ".", "..", "/etc"):
        wazuka("--dir", f"box::{name}", PATHS, "o", "../outside/secret").gives(code=PERM)
        wazuka("--dir", f"box::{name}", SIMPLE_CAT, "file").gives(stdout="inside\n")


def test_both_resolvers_keep_to_the_box():
    if not Setting.reference:
        make_box()
        for method in ("openat2", "walk"):
            wazuka("--dir", "box", PATHS, "o", "sub_link/back", env={"WAZUKA_RESOLVER": method}).gives()
            for path in OUTWARD:
                wazuka("--dir", "box", PATHS, "o", path, env={"WAZUKA_RESOLVER": method}).gives(code=PERM)
        wazuka("--dir", "box", PATHS, "o", "file", env={"WAZUKA_RESOLVER": "other"}).gives(
            stderr=error("the environment variable WAZUKA_RESOLVER is neither `openat2` nor `walk`"), code=1)


@differs("it ignores a third part and has no read-only folders")
def test_read_only_folder():
    """Everything that reads works, everything that changes something is refused and changes nothing."""
    make_box()
    before = sorted(os.listdir("box")), os.stat("box/file").st_mtime_ns
    for spec in ("box::.::ro", "box::::ro"):
        wazuka("--dir", spec, SIMPLE_CAT, "file").gives(stdout="inside\n")
        for letter in ("o", "d", "s"):
            wazuka("--dir", spec, PATHS, letter, "sub" if letter == "d" else "file").gives()
        for letter, paths in (("c", ["new"]), ("t", ["file"]), ("w", ["file"]), ("m", ["new"]), ("u", ["file"]),
                              ("r", ["sub"]), ("l", ["inside_link"])):
            wazuka("--dir", spec, PATHS, letter, *paths).gives(code=0 if letter == "l" else PERM)
    assert (sorted(os.listdir("box")), os.stat("box/file").st_mtime_ns) == before


@differs("it ignores a third part and has no read-only folders")
def test_access_of_a_folder():
    make_box()
    wazuka("--dir", "box::.::rw", PATHS, "c", "new").gives()
    wazuka("--dir", "box::.::ro", "--dir", "box::again", str(GUESTS / "preopens.wat")).gives(stdout="3 .\n4 again\n")
    wazuka("--dir", "box::.::r", PATHS, "o", "file").gives(
        stderr="error: invalid value 'box::.::r' for '--dir <HOST_DIR[::GUEST_DIR]>': unknown access `r`, only ro,rw "
               "accepted\n\nFor more information, try '--help'.\n", code=2)
