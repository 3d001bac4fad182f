# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""The commands beside `run` and `wast`: configuration, settings, completion, help, and those that are not there yet."""
import json
import os
import pathlib
import re
import shutil
import subprocess

from harness import Setting, Skip, differs, error, file, wazuka

TRY_HELP = "\nFor more information, try '--help'.\n"


def refuses(*arguments, message, usage):
    wazuka(*arguments).gives(stderr=f"error: {message}\n\nUsage: wazuka {usage}\n{TRY_HELP}", code=2)


def test_config_new_writes_a_file_once():
    wazuka("config", "new", "a/b/c.toml").gives(
        stdout="Successfully created a new configuration file at 'a/b/c.toml'.\n")
    assert "[cache]\n" in pathlib.Path("a/b/c.toml").read_text()
    wazuka("config", "new", "a/b/c.toml").gives(stderr="Error: Configuration file 'a/b/c.toml' already exists.\n",
                                                code=1)


def test_config_new_in_the_home_directory():
    home = os.getcwd()
    name = "wasmtime" if Setting.reference else "wazuka"
    wazuka("config", "new", env={"HOME": home, "XDG_CONFIG_HOME": ""}).gives(
        stdout=f"Successfully created a new configuration file at '{home}/.config/wazuka/config.toml'.\n")
    assert pathlib.Path(f".config/{name}/config.toml").exists()


def test_config_without_a_command():
    outcome = wazuka("config")
    outcome.expect(outcome.code == 2 and b"Usage: wazuka config <COMMAND>\n" in outcome.stderr, "help on standard error")
    for arguments in (["config", "-h"], ["config", "help"], ["help", "config"]):
        outcome = wazuka(*arguments)
        outcome.expect(outcome.code == 0 and b"\n  new   Creates a new " in outcome.stdout, "the command `new`")


def test_mistakes_in_arguments_of_commands():
    refuses("config", "bogus", message="unrecognized subcommand 'bogus'", usage="config <COMMAND>")
    refuses("config", "nex", message="unrecognized subcommand 'nex'\n\n  tip: a similar subcommand exists: 'new'",
            usage="config <COMMAND>")
    refuses("config", "new", "a", "b", message="unexpected argument 'b' found", usage="config new [FILE_PATH]")
    refuses("config", "new", "--hel", message="unexpected argument '--hel' found\n\n"
            "  tip: a similar argument exists: '--help'", usage="config new --help [FILE_PATH]")
    refuses("settings", "x", message="unexpected argument 'x' found", usage="settings [OPTIONS]")
    refuses("settings", "--bogus", message="unexpected argument '--bogus' found", usage="settings [OPTIONS]")
    refuses("completion", "bash", "fish", message="unexpected argument 'fish' found", usage="completion <SHELL>")
    refuses("completion", message="the following required arguments were not provided:\n  <SHELL>",
            usage="completion <SHELL>")
    refuses("help", "run", "x", message="unrecognized subcommand 'x'", usage="run [OPTIONS] <WASM>...")
    refuses("help", "config", "x", message="unrecognized subcommand 'x'", usage="config <COMMAND>")


def test_similar_flag():
    file("m.wat", "(module)")
    for typed, flag, usage in (("--dirr", "--dir", "--dir <HOST_DIR[::GUEST_DIR]>"),
                               ("--invok", "--invoke", "--invoke <FUNCTION>")):
        refuses(typed, "x", "m.wat", message=f"unexpected argument '{typed}' found\n\n"
                f"  tip: a similar argument exists: '{flag}'\n  tip: to pass '{typed}' as a value, use '-- {typed}'",
                usage=f"{usage} <WASM>...")


def test_unknown_shell():
    shells = "[possible values: bash, elvish, fish, powershell, zsh]"
    wazuka("completion", "bsh").gives(stderr=f"error: invalid value 'bsh' for '<SHELL>'\n  {shells}\n\n"
                                      f"  tip: a similar value exists: 'bash'\n{TRY_HELP}", code=2)
    wazuka("completion", "what").gives(stderr=f"error: invalid value 'what' for '<SHELL>'\n  {shells}\n{TRY_HELP}",
                                       code=2)


def test_completion_names_commands_and_flags():
    for shell in ("bash", "elvish", "fish", "powershell", "zsh"):
        outcome = wazuka("completion", shell)
        outcome.expect(outcome.code == 0 and not outcome.stderr, "a script")
        for word in ("wast", "completion", "invoke", "ignore-error-messages"):
            outcome.expect(word.encode() in outcome.stdout, word)


def complete_in_bash(line):
    """What bash offers behind `line`."""
    if shutil.which("bash") is None:
        raise Skip("bash is not installed")
    file("offers.sh", wazuka("completion", "bash").stdout)
    script = """source ./offers.sh
        COMP_LINE=$1 COMP_POINT=${#1}
        read -ra COMP_WORDS <<<"${1//=/ = }"
        [[ $1 == *" " ]] && COMP_WORDS+=('')
        COMP_CWORD=$((${#COMP_WORDS[@]} - 1))
        _wazuka 2>/dev/null  # compopt works only at a prompt
        echo "${COMPREPLY[*]}" """
    return subprocess.run(["bash", "-c", script, "bash", line], capture_output=True, text=True).stdout.strip()


@differs("its completions have no keys of the option groups")
def test_completion_in_bash():
    file("mod.wasm", "")
    os.mkdir("data")
    for line, words in (("wazuka co", "compile config completion"), ("wazuka --de", "--debug --deterministic"),
                        ("wazuka -W fue", "fuel="), ("wazuka -W gc,fue", "gc,fuel="),
                        ("wazuka --wasm=gc,timeo", "gc,timeout="), ("wazuka completion z", "zsh"),
                        ("wazuka config n", "new"), ("wazuka config new --h", "--help"),
                        ("wazuka wast --ig", "--ignore-error-messages"), ("wazuka --dir d", "data"),
                        ("wazuka mo", "mod.wasm"), ("wazuka mod.wasm --d", ""), ("wazuka --dir data ru", "run")):
        got = complete_in_bash(line)
        assert got == words, f"{line!r}: offered {got!r}, expected {words!r}"


@differs("other names of features")
def test_settings():
    outcome = wazuka("settings")
    outcome.expect(outcome.code == 0 and outcome.stdout.startswith(b"Settings for target 'x86_64-unknown-linux-gnu':\n")
                   and b"\nBoolean settings:\n" in outcome.stdout and b"\nPresets:\n" in outcome.stdout, "three lists")
    made = json.loads(wazuka("settings", "--json").stdout)
    names = {s["name"] for s in made["bools"]}
    assert made["triple"] == "x86_64-unknown-linux-gnu" and set(made["inferred"]) <= names and len(names) > 10, made
    assert "inferred" not in json.loads(wazuka("settings", "--json", "--target", "x86_64").stdout)


def test_settings_of_an_unknown_target():
    wazuka("settings", "--target", "foo").gives(stderr="Error: Unrecognized architecture: foo\n", code=1)


def test_target_of_a_run():
    file("m.wat", "(module)")
    for target in ("x86_64-unknown-linux-gnu", "pulley64"):
        wazuka("--target", target, "m.wat").gives()
    wazuka("--target", "foo", "m.wat").gives(stderr="Error: Unrecognized architecture: foo\n", code=1)
    wazuka("--target", "aarch64-unknown-linux-gnu", "m.wat").gives(
        stderr=error("compilation settings are not compatible with the native host", "target 'aarch64-unknown-linux-gnu' "
                     "specified in the configuration does not match the host"), code=1)


@differs("it has them")
def test_commands_that_are_not_there_yet():
    for name in ("serve", "wizer", "hot-blocks"):
        wazuka(name, "m.wat").gives(stderr=f"Error: the command `{name}` is not supported yet by this build\n", code=1)


def test_unknown_command_is_a_file():
    wazuka("hlep").gives(stderr=error('failed to open wasm module "hlep"', "No such file or directory (os error 2)"),
                         code=1)
    file("config new", "(module)")
    wazuka("config new").gives()


@differs("it has no manual pages")
def test_manual_pages():
    page = wazuka("help", "--man").stdout.decode()
    assert page.startswith('.TH "WAZUKA" 1 ') and "\\fBmax\\-wasm\\-stack\\fR" in page, page[:200]
    commands = re.findall(r"(?m)^  ([a-z-]+)  ", wazuka("-h").stdout.decode().split("Arguments:")[0])
    assert "run" in commands and "wast" in commands, commands
    for name in commands:
        outcome = wazuka("help", "--man", name)
        outcome.expect(outcome.code == 0 and f'.TH "WAZUKA\\-{name.upper()}" 1 '.encode() in outcome.stdout, "a page")
