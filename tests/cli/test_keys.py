# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Every key of the option groups -O -C -D -W -S -R: that it is there, how its value is read, what a wrong one says.

guests/keys.txt is Wasmtime's list, from its own `-X help`. With --reference, or when a `wasmtime` is installed, the list
is compared with that command's, so that it shows when Wasmtime changes.
"""
import re

from harness import GUESTS, Setting, differs, file, reference, wazuka

GROUPS = {"O": "optimize", "C": "codegen", "D": "debug", "W": "wasm", "S": "wasi", "R": "record"}

# What each form of value in the help text accepts, and what it says to `@`.
BOOL = "unknown boolean flag `@`, only yes,no,<nothing> accepted"
FORMS = {
    "[=y|n]": (["", "=y", "=n", "=yes", "=no", "=true", "=false"], BOOL),
    "[=y|n|auto]": (["", "=y", "=n", "=auto"], "unknown flag `@`, only yes,no,auto,<nothing> accepted"),
    "=N": (["=1", "=0x10", "=1_000"], "invalid digit found in string"),
    "=N|Ns|Nms|..": (["=1", "=1s", "=1ms", "=1us", "=1ns"], "failed to parse duration: @"),
    "=0|1|2|s": (["=0", "=1", "=2", "=s"], "unknown optimization level `@`, only 0,1,2,s accepted"),
    "=backtracking|single-pass": (["=backtracking", "=single-pass"],
                                  "unknown regalloc algorithm`@`, only backtracking,single-pass accepted"),
    "=winch|cranelift": (["=winch", "=cranelift"], "unknown compiler `@` only `cranelift` and `winch` accepted"),
    "=drc|null|copying": (["=drc", "=null", "=copying"],
                          "unknown collector `@` only `drc`, `null`, and `copying` accepted"),
    "[=y|n|gc|inter-module|intrinsics]": (["", "=y", "=gc", "=inter-module", "=intrinsics"],
                                          "invalid intra-module inlining option string: `@`, only yes,no,gc,inter-module,"
                                          "intrinsics accepted"),
    "=<format>::<dir>": (["=a::b"], "graph does not contain `::` separator for directory"),
    "=val": (["=x", "=a=b"], None),
    "=path": (["=x"], None),
    "=<name>=<val>": (["=a=b"], None),
    "[=val]": (["=speed"], None),  # of cranelift-opt-level
}


def keys_of(text):
    """(key, form of its value) of each line of `-X help`."""
    found = []
    for line in text.splitlines():
        match = re.match(r"  -[OCDWSR] +([a-z0-9-]+(?:<KEY>)?)(\S*) -- ", line)
        if match:
            found.append((match[1], match[2]))
    return found


def listed():
    """group → [(key, form)] of guests/keys.txt."""
    groups = {}
    for line in (GUESTS / "keys.txt").read_text().splitlines():
        if not line.startswith("#"):
            group, key, form = line.split(" ", 2)
            groups.setdefault(group, []).append((key, form))
    return groups


def test_wasmtimes_keys_are_there():
    groups = listed()
    for letter in GROUPS:
        ours = dict(keys_of(wazuka(f"-{letter}", "help").stdout.decode()))
        for key, form in groups[letter]:
            assert key in ours, f"-{letter} {key}: not in the help"
            if key != "compiler":  # we have more of them
                assert ours[key] == form, f"-{letter} {key}{ours[key]}: not {form}"


def test_the_list_is_that_of_the_installed_wasmtime():
    with reference():
        for letter, keys in listed().items():
            theirs = keys_of(wazuka(f"-{letter}", "help").stdout.decode())
            assert theirs == keys, f"-{letter}: {sorted(set(theirs) ^ set(keys))}"


def check_keys(letter):
    """Wrong values of each key; an option that has a value and gets none."""
    for key, form in listed()[letter]:
        if key.endswith("<KEY>"):
            continue
        accepted, complaint = FORMS[form]
        if complaint:
            refused(letter, f"{key}=@", complaint)
        if "" not in accepted and form != "[=val]":
            key_val = "key=val" if form == "=path" else "`key=val`"
            refused(letter, key, f"value must be specified with {key_val} syntax")


def refused(letter, item, why):
    wazuka(f"-{letter}", item, "m.wat").gives(
        stderr=f"error: failed to parse -{letter} / --{GROUPS[letter]} option: failed to parse option `{item}`\n\n"
               f"Caused by:\n    {why}\n\n", code=2)


def test_values_of_optimize():
    check_keys("O")


def test_values_of_codegen():
    check_keys("C")


def test_values_of_debug():
    check_keys("D")


def test_values_of_wasm():
    check_keys("W")


def test_values_of_wasi():
    check_keys("S")


def test_values_of_record():
    check_keys("R")


@differs("some of these need another option beside them there")
def test_every_key_is_obeyed_or_refused_by_name():
    """A value of the right form runs the module, or ends with an error that names the key (or what it stands for)."""
    file("m.wat", "(module)")
    file("x", "[cache]\n")
    file("a=b", "[cache]\n")
    for letter, keys in listed().items():
        for key, form in keys:
            name = key.replace("<KEY>", "opt-level")
            for value in FORMS[form][0]:
                outcome = wazuka(f"-{letter}", f"{name}{value}", "m.wat")
                words = outcome.stderr.decode()
                known = (f"`-{letter} {key}`", key, key.replace("-", "_"), f"wasi-{key}", "wmemcheck",
                         "bind to address" if key == "tcplisten" else key)
                outcome.expect(outcome.code == 0 and not words or outcome.code == 1 and words.startswith("Error: ")
                               and any(k in words for k in known), "that it is obeyed, or refused by name")
