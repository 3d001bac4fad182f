#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Measures Wazuka beside other engines. See docs/performance.md for the method and the history of figures.

  bench/run.py exec                      twelve C kernels beside wasmi, wasm3, WAMR, Pulley, Cranelift and native code
  bench/run.py micro fib br_table        our own small kernels (bench/kernels/*.wat), or some of them
  bench/run.py startup                   hello world: processor time, elapsed time, memory of the whole process
  bench/run.py validate                  megabytes of code validated per second on one core
  bench/run.py first-output              large programs, nothing cached, until they print a line
  bench/run.py peers                     which engines are installed

  --rt 'base=../main/build/release/wazuka' --rt 'new=build/release/wazuka'      two builds, interleaved in one run
  --instructions --scale smoke           instruction counts: steadier than seconds where others use the machine

Peers come from bench/install_peers.sh. The exit code is 1 if engines disagree on an answer or ours fails, 2 for usage.
"""
import argparse
import json
import os
import shlex
import shutil
import sys

from harness import engines, measure, report, suite_exec, suite_start, suite_validate

# suite → (function, rounds, peers measured by default)
SUITES = {
    "exec": (suite_exec.exec_suite, 5, "wasmi,wasm3,wamr,pulley,cranelift,native"),
    "micro": (suite_exec.micro_suite, 5, "wasmi,wasm3,wamr,pulley,cranelift"),
    "startup": (suite_start.startup_suite, 200, "wasmi,wasm3,wamr,pulley,cranelift"),
    "validate": (suite_validate.validate_suite, 5, ""),
    "first-output": (suite_start.first_output_suite, 3, "wasmi,wamr,winch,cranelift"),
}


def arguments():
    parser = argparse.ArgumentParser(formatter_class=argparse.RawDescriptionHelpFormatter, description=__doc__)
    parser.add_argument("suite", choices=[*SUITES, "peers"])
    parser.add_argument("filter", nargs="*", help="names (or parts of names) of the cases to measure; all by default")
    which = parser.add_mutually_exclusive_group()
    which.add_argument("--rt", action="append", metavar="[NAME=]COMMAND", default=[],
                        help="our command with options, repeatable (default: build/release/wazuka)")
    which.add_argument("--no-rt", action="store_true", help="measure the peers alone")
    parser.add_argument("--engines", metavar="LIST", help='peers, comma-separated ("" for none): '
                        + ", ".join([*engines.PEERS, "native"]))
    parser.add_argument("--scale", choices=suite_exec.SCALES, default="small", help="size of the kernels")
    parser.add_argument("--rounds", type=int, metavar="N", help="interleaved runs of each command")
    parser.add_argument("--instructions", action="store_true", help="count instructions (perf or valgrind), one round")
    parser.add_argument("--timeout", type=float, default=600, metavar="S", help="limit of one run in seconds")
    parser.add_argument("--module", action="append", default=[], metavar="FILE", help="validate: this module instead")
    parser.add_argument("--corpus", default=os.environ.get("WAZUKA_CORPUS", os.path.join(report.ROOT, "build", "real")),
                        help="folder of the installed real programs ($WAZUKA_CORPUS, else build/real)")
    parser.add_argument("--work", default=os.path.join(report.ROOT, "build", "bench"), help="folder for built files")
    parser.add_argument("--json", metavar="FILE", help="write every sample there")
    return parser.parse_intermixed_args()


class Context:
    """What a suite needs to know: the chosen engines and cases, and where things are."""

    def __init__(self, options, rounds, default_peers):
        self.filter, self.scale, self.modules_named = options.filter, options.scale, options.module
        self.corpus, self.work = options.corpus, options.work
        self.shared = os.environ.get("WAZUKA_SHARED") or os.path.join(report.ROOT, "..", "shared")
        self.compiler = next((c for c in ("clang-22", "clang", "cc") if shutil.which(c)), None)
        if not self.compiler:
            report.usage_error("no C compiler (clang-22, clang or cc)")
        os.makedirs(self.work, exist_ok=True)
        self.rounds = options.rounds or (1 if options.instructions else rounds)
        self.meter = measure.Meter(self.work, self.compiler, options.timeout, options.instructions)
        self.modules = engines.Modules(self.work)
        self.wanted = [n for n in (default_peers if options.engines is None else options.engines).split(",") if n]
        unknown = set(self.wanted) - {*engines.PEERS, "native"}
        if unknown:
            report.usage_error(f'no engine named {", ".join(sorted(unknown))}; there are '
                               + ", ".join([*engines.PEERS, "native"]))
        default = shlex.quote(os.path.join(report.ROOT, "build", "release", "wazuka"))
        self.engines = [engines.ours(s) for s in ([] if options.no_rt else options.rt or [default])]
        for name in self.wanted:
            peer = engines.peer(name) if name != "native" else None
            if peer:
                self.engines.append(peer)
            elif name != "native":
                print(f"missing: {name} (bench/install_peers.sh installs it)")
        if not self.engines and self.wanted != ["native"] and default_peers:
            report.usage_error("no engine to measure")

    def selected(self, name):
        return not self.filter or any(f in name for f in self.filter)


def print_peers():
    for name in engines.PEERS:
        peer = engines.peer(name)
        print(f"{name}: {peer.version} ({peer.command[0]})" if peer else f"{name}: missing")
    tool = engines.find("wasm-tools")
    print(f"wasm-tools: {engines.version_of(tool)} ({tool})" if tool else "wasm-tools: missing")


def main():
    options = arguments()
    if options.suite == "peers":
        return print_peers()
    suite, rounds, default_peers = SUITES[options.suite]
    context = Context(options, rounds, default_peers)
    environment = report.environment(context.compiler)
    report.print_environment(environment)
    grid, measured = suite(context)
    if not grid:
        report.usage_error("nothing to measure: no case of that name, or its module is not there")
    report.print_versions(measured)
    environment["engines"] = {e.name: e.version for e in measured}
    fatal = report.problems(grid, measured)
    if options.json:
        with open(options.json, "w") as f:
            json.dump({"suite": options.suite, "scale": options.scale, "rounds": context.rounds,
                       "environment": environment, "results": report.as_json(grid)}, f, indent=1)
    sys.exit(1 if fatal else 0)


if __name__ == "__main__":
    main()
