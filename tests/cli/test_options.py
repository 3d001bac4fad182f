# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Help, version, and mistakes on the command line: exit code 2, with a message that says what to do."""
import re

from harness import differs, error, file, wazuka

TRY_HELP = "\nFor more information, try '--help'.\n"
USAGE = "\nUsage: wazuka [OPTIONS] <WASM>...\n       wazuka <COMMAND>\n"


def module():
    return file("m.wat", "(module)")


def refuses(*arguments, message, usage=""):
    module()
    wazuka(*arguments).gives(stderr=f"error: {message}\n{usage}{TRY_HELP}", code=2)


def refuses_value(option, value, message):
    """A bad value of -W and its like has no usage text, but an empty line at its end."""
    module()
    wazuka(option, value, "m.wat").gives(stderr=f"error: {message}\n\n", code=2)


def test_version():
    for flag in ("--version", "-V"):
        outcome = wazuka(flag)
        outcome.expect(outcome.code == 0 and not outcome.stderr
                       and re.fullmatch(rb"wazuka \d+\.\d+\.\d+( \(.*\))?\n", outcome.stdout), "name and version")


def test_help_names_commands_and_options():
    for flag in ("-h", "--help", "help"):
        outcome = wazuka(flag)
        text = outcome.stdout.decode()
        outcome.expect(outcome.code == 0 and not outcome.stderr, "exit code 0 and nothing on standard error")
        outcome.expect("Usage: wazuka [OPTIONS] <WASM>...\n       wazuka <COMMAND>\n" in text, "the usage")
        for command in ("run", "wast", "help"):
            outcome.expect(re.search(rf"(?m)^  {command} ", text), f"the command {command}")
        for option in ("-O, --optimize <", "-C, --codegen <", "-D, --debug <", "-W, --wasm <", "-S, --wasi <",
                       "--dir <", "--env <", "--invoke <", "--preload <", "--argv0 <", "-h, --help", "-V, --version"):
            outcome.expect(option in text, f"the option {option}")


def test_help_of_a_command():
    for arguments, usage in ((["run", "-h"], "run [OPTIONS] <WASM>..."), (["help", "run"], "run [OPTIONS] <WASM>..."),
                             (["wast", "--help"], "wast [OPTIONS] <SCRIPT_FILE>..."),
                             (["help", "wast"], "wast [OPTIONS] <SCRIPT_FILE>...")):
        outcome = wazuka(*arguments)
        outcome.expect(outcome.code == 0 and f"\nUsage: wazuka {usage}\n".encode() in outcome.stdout, usage)


def test_help_of_the_option_groups():
    for option, title, entry in (("-W", "wasm", "fuel=N"), ("-S", "wasi", "inherit-env[=y|n]"),
                                 ("-O", "optimize", "opt-level="), ("-C", "codegen", "compiler="),
                                 ("-D", "debug", "debug-info[=y|n]")):
        outcome = wazuka(option, "help")
        text = outcome.stdout.decode()
        outcome.expect(outcome.code == 0 and text.startswith(f"Available {title} options:\n") and entry in text,
                       f"the options of {option}")


def test_nothing_to_run():
    required = "the following required arguments were not provided:\n  <WASM>...\n"
    refuses(message=required, usage="Usage: wazuka <WASM>...\n")
    refuses("run", message=required, usage="Usage: wazuka run <WASM>...\n")


def test_unknown_option():
    refuses("--bogus", "m.wat", message="unexpected argument '--bogus' found\n\n"
            "  tip: to pass '--bogus' as a value, use '-- --bogus'", usage=USAGE)
    refuses("-Z", "m.wat", message="unexpected argument '-Z' found\n\n"
            "  tip: to pass '-Z' as a value, use '-- -Z'", usage=USAGE)


def test_unknown_option_of_run():
    refuses("run", "--bogus", "m.wat", message="unexpected argument '--bogus' found\n\n"
            "  tip: to pass '--bogus' as a value, use '-- --bogus'", usage="\nUsage: wazuka run [OPTIONS] <WASM>...\n")


def test_option_without_its_value():
    for option, value in (("--dir", "HOST_DIR[::GUEST_DIR]"), ("--env", "NAME[=VAL]"), ("--invoke", "FUNCTION"),
                          ("--argv0", "ARGV0"), ("--preload", "NAME=MODULE_PATH")):
        refuses(option, message=f"a value is required for '{option} <{value}>' but none was supplied")


def test_option_given_twice():
    for option, value in (("--invoke", "FUNCTION"), ("--argv0", "ARGV0")):
        refuses(option, "a", option, "b", "m.wat",
                message=f"the argument '{option} <{value}>' cannot be used multiple times", usage=USAGE)


def test_unknown_command_for_help():
    refuses("help", "nope", message="unrecognized subcommand 'nope'", usage=USAGE)


def test_unknown_key():
    for option, group in (("-W", "-W / --wasm"), ("--wasm", "-W / --wasm"), ("-S", "-S / --wasi"),
                          ("-O", "-O / --optimize"), ("-C", "-C / --codegen"), ("-D", "-D / --debug")):
        refuses_value(option, "bogus", f"failed to parse {group} option: unknown option: bogus")
    refuses_value("-W", "", "failed to parse -W / --wasm option: unknown option: ")
    refuses_value("-W", "gc,,simd", "failed to parse -W / --wasm option: unknown option: ")


@differs("it says only which is wrong")
def test_similar_key():
    for option, typed, similar in (("-W", "fuell=1", "fuel"), ("-S", "inherit-nework", "inherit-network"),
                                   ("-C", "colector=null", "collector"), ("-W", "exception", "exceptions")):
        outcome = wazuka(option, typed, module())
        outcome.expect(outcome.code == 2 and outcome.stderr.endswith(
            f": {typed.split('=')[0]}\n\n  tip: a similar option exists: '{similar}'\n\n".encode()), "a tip")


def test_bad_value_of_a_key():
    for value, why in (("fuel=abc", "invalid digit found in string"),
                       ("fuel", "value must be specified with `key=val` syntax"),
                       ("gc=maybe", "unknown boolean flag `maybe`, only yes,no,<nothing> accepted"),
                       ("timeout=x", "failed to parse duration: x")):
        refuses_value("-W", value,
                      f"failed to parse -W / --wasm option: failed to parse option `{value}`\n\nCaused by:\n    {why}")


def test_forms_of_an_option_group():
    module()
    for arguments in (["-W", "fuel=1000,timeout=9s"], ["-Wfuel=1000"], ["-W=fuel=1000"], ["--wasm=fuel=1000"],
                      ["--wasm", "fuel=1000"], ["-W", "fuel=1", "-W", "fuel=1000"], ["-W", "gc=y,simd=yes,gc=true"]):
        wazuka(*arguments, "m.wat").gives()


def test_disabled_feature():
    file("m.wat", "(module (tag $e))")
    wazuka("-W", "exceptions=n", "m.wat").gives(
        stderr=error("failed to parse WebAssembly module", "exceptions proposal not enabled (at offset 0x10)"), code=1)


def test_missing_folder():
    module()
    wazuka("--dir", "nope", "m.wat").gives(stderr="Error: No such file or directory (os error 2)\n", code=1)
    wazuka("--dir", "m.wat", "m.wat").gives(stderr="Error: Not a directory (os error 20)\n", code=1)


def test_argument_that_is_not_utf8():
    module()
    refuses("--env", b"A=\xff", "m.wat", message="invalid UTF-8 was detected in one or more arguments", usage=USAGE)
