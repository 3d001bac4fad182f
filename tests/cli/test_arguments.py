# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""What the guest sees of the command line and of the environment."""
import os
import shutil

from harness import GUESTS, error, file, wazuka

ARGS = str(GUESTS / "args.wat")


def listed(*entries):
    return "".join(f"[{entry}]\n" for entry in entries)


def test_the_file_and_its_arguments():
    wazuka(ARGS, "a", "b c", "", "é").gives(stdout=listed("args.wat", "a", "b c", "", "é"))


def test_argument_zero_is_the_last_part_of_the_path():
    os.makedirs("sub")
    shutil.copy(ARGS, "sub/program")
    for path in ("sub/program", "./sub/program", os.path.abspath("sub/program"), "sub/../sub//program"):
        wazuka(path, "x").gives(stdout=listed("program", "x"))


def test_argument_zero_of_a_module_from_standard_input():
    with open(ARGS) as text:
        wazuka("-", "x", stdin=text).gives(stdout=listed("-", "x"))


def test_argv0():
    wazuka("--argv0", "other", ARGS, "1").gives(stdout=listed("other", "1"))
    wazuka("--argv0=a=b", ARGS).gives(stdout=listed("a=b"))
    wazuka("--argv0", "", ARGS).gives(stdout=listed(""))
    wazuka("run", "--argv0", "/bin/ls", ARGS, "-l").gives(stdout=listed("/bin/ls", "-l"))


def test_everything_behind_the_file_belongs_to_the_guest():
    arguments = ["--invoke", "x", "--dir", ".", "-W", "bogus", "--help", "--version", "-"]
    wazuka(ARGS, *arguments).gives(stdout=listed("args.wat", *arguments))
    wazuka("run", ARGS, *arguments).gives(stdout=listed("args.wat", *arguments))


def test_double_dash_behind_the_file_belongs_to_the_guest():
    wazuka(ARGS, "--", "x").gives(stdout=listed("args.wat", "--", "x"))
    wazuka("run", ARGS, "--", "x", "--").gives(stdout=listed("args.wat", "--", "x", "--"))


def test_double_dash_before_the_file_does_not():
    wazuka("--", ARGS, "--", "x").gives(stdout=listed("args.wat", "--", "x"))


def test_many_and_long_arguments():
    wazuka(ARGS, *map(str, range(10000))).gives(stdout=listed("args.wat", *range(10000)))
    wazuka(ARGS, "x" * 100000).gives(stdout=listed("args.wat", "x" * 100000))


def test_argument_that_is_not_utf8():
    wazuka(ARGS, b"\xff\xfe").gives(stderr='Error: failed to convert "\\xFF\\xFE" to utf-8\n', code=1)


def test_environment_is_empty_by_default():
    wazuka(ARGS, env={"VISIBLE": "yes"}).gives(stdout=listed("args.wat"))


def test_env_sets_variables_in_order():
    wazuka("--env", "B=1", "--env=A=x y", "--env", "C=", "--env", "D=a=b", ARGS).gives(
        stdout=listed("args.wat", "B=1", "A=x y", "C=", "D=a=b"))


def test_env_without_a_value_takes_it_from_the_host():
    wazuka("--env", "GIVEN", "--env", "NOT_THERE", ARGS, env={"GIVEN": "here"}).gives(
        stdout=listed("args.wat", "GIVEN=here"))


def test_env_given_twice_is_passed_twice():
    wazuka("--env", "A=1", "--env", "B=2", "--env", "A=3", ARGS).gives(stdout=listed("args.wat", "A=1", "B=2", "A=3"))


def test_inherit_env():
    outcome = wazuka("-S", "inherit-env", "--env", "MORE=1", ARGS, env={"VISIBLE": "yes"})
    lines = outcome.stdout.decode().splitlines()
    outcome.expect("[VISIBLE=yes]" in lines and lines[-1] == "[MORE=1]" and outcome.code == 0,
                   "the variables of the host, then MORE")
    wazuka("-S", "inherit-env=n", ARGS, env={"VISIBLE": "yes"}).gives(stdout=listed("args.wat"))


def test_guest_without_wasi_ignores_arguments():
    file("m.wat", '(module (func (export "_start")))')
    wazuka("--env", "A=1", "m.wat", "a", "b").gives()


def test_unset_argument_is_no_path():
    # The file is looked up as it is given, not among the guest's arguments or on the PATH.
    wazuka("args.wat", ARGS).gives(
        stderr=error('failed to open wasm module "args.wat"', "No such file or directory (os error 2)"), code=1)
