# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Options from files in TOML and from the environment, and which of them has precedence."""
from harness import Setting, differs, error, file, wazuka

SPIN = '(module (func (export "_start") (loop $l (br $l))))'
OUT_OF_FUEL = "all fuel consumed by WebAssembly"


def module(text="(module)"):
    return file("m.wat", text)


def config(text, name="c.toml"):
    return file(name, text)


def position(line, column, source, carets, message):
    """The cause of an error in a file."""
    gutter = " " * len(str(line))
    return (f"TOML parse error at line {line}, column {column}\n{gutter} |\n{line} | {source}\n"
            f"{gutter} | {' ' * (column - 1)}{'^' * carets}\n{message}\n")


def refuses(text, cause):
    module()
    wazuka("--config", config(text), "m.wat").gives(stderr=error('failed to parse TOML config file "c.toml"', cause), code=1)


def runs_out_of_fuel(outcome):
    outcome.expect(outcome.code == 134 and OUT_OF_FUEL.encode() in outcome.stderr, "no fuel left")


def test_options_of_all_groups():
    module()
    wazuka("--config", config('[optimize]\nopt-level = "2"\nmemory-reservation = 0x1000\n'
                              '[codegen]\ncompiler = "cranelift"\nparallel-compilation = true\n[debug]\n'
                              'log-to-files = false\nmax-backtrace = 3\n[wasm]\nfuel = 100_000\ngc = true\n'
                              'exceptions = true\n[wasi]\ninherit-env = true\n'), "m.wat").gives()


def test_options_have_an_effect():
    module(SPIN)
    runs_out_of_fuel(wazuka("--config", config("[wasm]\nfuel = 1000\n"), "m.wat"))
    wazuka("wast", "--config", config("[wasm]\ntail-call = false\n"), file("t.wast", "(module)")).gives()


def test_precedence():
    module(SPIN)
    file_of_one = config("[wasm]\nfuel = 100\nmax-wasm-stack = 0\n")
    wazuka("--config", file_of_one, "m.wat").gives(stderr="Error: max_wasm_stack size cannot be zero\n", code=1)
    group = {"WASMTIME_WASM": "max-wasm-stack=100000"}
    runs_out_of_fuel(wazuka("--config", file_of_one, "m.wat", env=group))
    single = {**group, "WASMTIME_WASM_MAX_WASM_STACK": "0"}
    wazuka("--config", file_of_one, "m.wat", env=single).gives(stderr="Error: max_wasm_stack size cannot be zero\n", code=1)
    runs_out_of_fuel(wazuka("--config", file_of_one, "-W", "max-wasm-stack=100000", "m.wat", env=single))


@differs("it knows only its own name")
def test_own_names_of_the_variables():
    module(SPIN)
    runs_out_of_fuel(wazuka("m.wat", env={"WAZUKA_WASM_FUEL": "100"}))
    runs_out_of_fuel(wazuka("m.wat", env={"WAZUKA_WASM": "gc,fuel=100"}))
    # A single option goes before a group, and of two names our own.
    runs_out_of_fuel(wazuka("m.wat", env={"WAZUKA_WASM": "max-wasm-stack=0", "WASMTIME_WASM_MAX_WASM_STACK": "9999",
                                          "WAZUKA_WASM_FUEL": "9"}))
    runs_out_of_fuel(wazuka("m.wat", env={"WASMTIME_WASM_MAX_WASM_STACK": "0", "WAZUKA_WASM_MAX_WASM_STACK": "9999",
                                          "WAZUKA_WASM_FUEL": "9"}))


def test_mistakes_in_the_environment():
    module()
    wazuka("m.wat", env={"WASMTIME_WASM_FUEL": "x"}).gives(
        stderr=error("failed to parse env var `WASMTIME_WASM_FUEL`", "invalid digit found in string"), code=1)
    wazuka("m.wat", env={"WASMTIME_WASM": "bogus"}).gives(
        stderr=error("failed to parse env var `WASMTIME_WASM`", "unknown option: bogus\n"), code=1)
    wazuka("m.wat", env={"WASMTIME_OPTIMIZE": "opt-level=9"}).gives(
        stderr=error("failed to parse env var `WASMTIME_OPTIMIZE`", "failed to parse option `opt-level=9`",
                     "unknown optimization level `9`, only 0,1,2,s accepted"), code=1)
    for ignored in ("WASMTIME_WASM_BOGUS", "WASMTIME_DIR", "WASMTIME_CONFIG", "WASMTIME_TARGET", "WASMTIME_PROFILE"):
        wazuka("m.wat", env={ignored: "x"}).gives()


def test_file_that_cannot_be_read():
    module()
    wazuka("--config", "none.toml", "m.wat").gives(
        stderr=error('failed to read config file: "none.toml"', "No such file or directory (os error 2)"), code=1)
    wazuka("--config", "a", "--config", "b", "m.wat").gives(
        stderr="error: the argument '--config <FILE>' cannot be used multiple times\n\nUsage: wazuka [OPTIONS] <WASM>...\n"
               "       wazuka <COMMAND>\n\nFor more information, try '--help'.\n", code=2)


def test_wrong_types():
    refuses('[wasm]\nfuel = "x"\n', position(2, 8, 'fuel = "x"', 3, 'invalid type: string "x", expected u64'))
    refuses('[wasm]\ngc="y"\n', position(2, 4, 'gc="y"', 3, 'invalid type: string "y", expected a boolean'))
    refuses('[wasm]\nfuel=-1\n', position(2, 6, "fuel=-1", 2, "invalid value: integer `-1`, expected u64"))
    refuses('[optimize]\nmemory-reservation="0x10"\n',
            position(2, 20, 'memory-reservation="0x10"', 6, 'invalid type: string "0x10", expected u64'))


def test_unknown_names():
    groups = "`optimize`, `codegen`, `debug`, `wasm`, `wasi`, `record`"
    refuses("[bogus]\nfuel = 1\n", position(1, 2, "[bogus]", 5, f"unknown field `bogus`, expected one of {groups}"))
    module()
    outcome = wazuka("--config", config("[wasi]\n# no\nconfig-var = 1\n"), "m.wat")
    outcome.expect(outcome.code == 1 and b"3 | config-var = 1\n  | ^^^^^^^^^^\nunknown field `config-var`, expected one of "
                   in outcome.stderr, "the place and the name")


def test_syntax_errors():
    module()
    for text, place in (("[wasm\n", b"line 1, column 6\n  |\n1 | [wasm\n  |      ^\n"),
                        ("\n\n[wasm]\nfuel = \n", b"line 4, column 8\n  |\n4 | fuel = \n  |        ^\n")):
        outcome = wazuka("--config", config(text), "m.wat")
        outcome.expect(outcome.code == 1 and b"TOML parse error at " + place in outcome.stderr, repr(place))


@differs("it wants a table with seconds and nanoseconds")
def test_durations():
    module(SPIN)
    for value in ('"10ms"', "{ secs = 0, nanos = 10_000_000 }"):
        outcome = wazuka("--config", config(f"[wasm]\ntimeout = {value}\n"), "m.wat")
        outcome.expect(outcome.code == 134 and b"wasm trap: interrupt" in outcome.stderr, "an interrupt")
    module()
    wazuka("--config", config("[wasm]\ntimeout = 100\n"), "m.wat").gives()


@differs("it takes no `cranelift-…` from a file")
def test_settings_of_the_compiler():
    module()
    wazuka("--config", config("[codegen]\ncranelift-has-avx2 = true\n"), "m.wat").gives()


def test_settings_of_the_cache():
    module()
    wazuka("-C", "cache-config=" + config("[cache]\n"), "m.wat").gives()
    wazuka("-C", "cache-config=none", "m.wat").gives(
        stderr=error("failed to read config file: none", "No such file or directory (os error 2)"), code=1)
    outcome = wazuka("-C", "cache-config=" + config("[cache]\nbogus=1\n"), "m.wat")
    outcome.expect(outcome.code == 1 and outcome.stderr.startswith(
        b"Error: failed to parse config file: c.toml\n\nCaused by:\n    TOML parse error at line 2, column 1\n  |\n"
        b"2 | bogus=1\n  | ^^^^^\nunknown field `bogus`, expected one of `directory`, "), "the place and the name")
