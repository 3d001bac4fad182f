# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Tables, means, and the description of the machine that every published figure needs."""
import datetime
import math
import os
import platform
import subprocess
import sys

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))


def usage_error(message):
    print("run.py: " + message, file=sys.stderr)
    sys.exit(2)


def geomean(values):
    values = list(values)
    return math.exp(sum(map(math.log, values)) / len(values)) if values else None


def ms(seconds):
    return "–" if seconds is None else f"{seconds * 1e3:.2f}" if seconds < 0.1 else f"{seconds * 1e3:.0f}"


def ratio(value):
    return "–" if value is None else f"{value:.2f}" if value < 100 else f"{value:.0f}"


def count(value):
    return "–" if value is None else f"{value / 1e6:.2f}"


def table(header, rows):
    """Prints a Markdown table, so that what is printed can be pasted into a document; first column to the left."""
    rows = [[str(c) for c in row] for row in rows]
    widths = [max(len(row[i]) for row in [header, *rows]) for i in range(len(header))]

    def line(cells):
        return "| " + " | ".join(c.ljust(w) if i == 0 else c.rjust(w) for i, (c, w) in enumerate(zip(cells, widths))) + " |"
    print(line(header))
    print("|" + "|".join("-" * (w + 1) + (":" if i else "-") for i, w in enumerate(widths)) + "|")
    for row in rows:
        print(line(row))


def first_line(*command):
    try:
        return subprocess.run(command, capture_output=True, text=True, cwd=ROOT).stdout.strip().split("\n")[0]
    except OSError:
        return ""


def environment(compiler):
    """What a reader must know to compare a figure with another one."""
    cpu = next((l.split(":")[1].strip() for l in open("/proc/cpuinfo") if l.startswith("model name")), "unknown")
    commit = first_line("git", "rev-parse", "--short=10", "HEAD") or "none"
    if first_line("git", "status", "--porcelain", "--untracked-files=no"):
        commit += " with changes"
    return {"date": datetime.datetime.now(datetime.timezone.utc).strftime("%Y-%m-%d"), "commit": commit,
            "cpu": f"{cpu}, {os.cpu_count()} cores", "kernel": platform.release(),
            "load": round(os.getloadavg()[0], 2), "compiler": first_line(compiler, "--version"),
            "command": " ".join(["bench/run.py", *sys.argv[1:]])}


def print_environment(env):
    print(f"{env['date']}, commit {env['commit']}, {env['cpu']}, Linux {env['kernel']}, load {env['load']}")
    print(f"compiler: {env['compiler']}\n")


def print_versions(engines):
    print()
    for engine in engines:
        if engine.version:
            print(f"{engine.name}: {engine.version}")


def problems(grid, engines):
    """Prints what went wrong. Returns whether it fails the run: a wrong answer of anyone, or any failure of ours."""
    ours = {e.name for e in engines if e.ours}
    fatal = False
    for case, row in grid.items():
        for engine, cell in row.items():
            if not cell.problem:
                continue
            bad = cell.wrong or engine in ours
            fatal |= bad
            print(f"{'ERROR' if bad else 'note'}: {case} on {engine}: {cell.problem}")
    return fatal


def as_json(grid):
    return {case: {engine: {"problem": cell.problem, "cpu_s": cell.values("cpu"), "wall_s": cell.values("wall"),
                            "rss_kib": cell.values("rss"), "instructions": cell.values("instructions")}
                   for engine, cell in row.items()} for case, row in grid.items()}
