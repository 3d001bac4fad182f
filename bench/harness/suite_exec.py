# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""exec: twelve C kernels compiled to wasm32-wasi, beside the same C compiled natively. micro: our own small kernels,
each stressing one thing an interpreter or compiler does, in text form, so that no tool chain is needed.

A kernel's cost is that of its whole process, so its size must be chosen such that start and compilation do not count:
the scale `small` runs about 0.2 s natively, `default` one to two, `smoke` is for instruction counting.
"""
import glob
import os
import re
import subprocess

from . import report
from .engines import Engine
from .measure import Case, run_grid

SCALES = ("smoke", "small", "default")


def read_scales(folder):
    """scales.txt: lines of kernel, then its argument at each scale."""
    path = os.path.join(folder, "scales.txt")
    if not os.path.exists(path):
        report.usage_error(f"no {path}: these kernels are not part of the repository; name their parent folder in "
                           "$WAZUKA_SHARED. The suites micro and startup need nothing")
    scales = {}
    for line in open(path):
        name, *sizes = line.split() if not line.startswith("#") else [""]
        if len(sizes) == len(SCALES):
            scales[name] = dict(zip(SCALES, sizes))
    return scales


def build_native(kernel, folder, work, compiler):
    result = os.path.join(work, "native-" + kernel)
    source = os.path.join(folder, kernel + ".c")
    if not os.path.exists(result) or os.path.getmtime(result) < os.path.getmtime(source):
        subprocess.run([compiler, "-O3", "-w", source, "-lm", "-o", result], check=True)
    return result


def exec_suite(context):
    folder = os.path.join(context.shared, "bench")
    engines = list(context.engines)
    if "native" in context.wanted:
        engines.append(Engine("native", []))
    cases = []
    for kernel, sizes in read_scales(folder).items():
        if not context.selected(kernel):
            continue
        size = sizes[context.scale]
        module = os.path.join(folder, kernel + ".wasm")
        commands = {}
        for engine in engines:
            if engine.name == "native":
                commands["native"] = [build_native(kernel, folder, context.work, context.compiler), size]
            elif form := context.modules.path(engine, module):
                commands[engine.name] = engine.run(form, [size])
        cases.append(Case(kernel, commands))
    grid = run_grid(context.meter, cases, context.rounds)
    print_ratios(context, grid, engines, base="native" if "native" in context.wanted else engines[0].name)
    return grid, engines


def read_header(path):
    """`;; run: N` and `;; expect: V` lines (and `;; smoke:`/`;; smoke-expect:`) of a micro kernel."""
    fields = dict(re.findall(r"^;; ([a-z-]+): *(\S+) *$", open(path).read(), re.M))
    missing = {"run", "expect", "smoke", "smoke-expect"} - fields.keys()
    if missing:
        report.usage_error(f'{path}: header lacks {", ".join(sorted(missing))}')
    return fields


def decimal(engine, stdout):
    """WAMR prints `0x…:i64`, the others a signed decimal."""
    found = re.fullmatch(rb"0x([0-9a-f]+):i64", stdout.strip())
    value = int(found[1], 16) if found else None
    return str(value - (value >> 63 << 64)).encode() if found else stdout.strip()


def micro_suite(context):
    smoke = context.scale == "smoke"
    cases = []
    for path in sorted(glob.glob(os.path.join(report.ROOT, "bench", "kernels", "*.wat"))):
        name = os.path.basename(path)[:-4]
        if name == "hello" or not context.selected(name):  # hello belongs to the suite startup
            continue
        fields = read_header(path)
        n, expect = (fields["smoke"], fields["smoke-expect"]) if smoke else (fields["run"], fields["expect"])
        commands = {e.name: e.call("run", form, [n]) for e in context.engines if (form := context.modules.path(e, path))}
        cases.append(Case(name, commands, expect.encode()))
    grid = run_grid(context.meter, cases, context.rounds, normalise=decimal)
    print_ratios(context, grid, context.engines, base=context.engines[0].name)
    return grid, context.engines


def print_ratios(context, grid, engines, base):
    """One table of ratios to `base`, its own column in milliseconds (or million instructions); then geometric means."""
    figure = "instructions" if context.meter.counter else "cpu"
    show = report.count if context.meter.counter else report.ms
    unit = "M instructions" if context.meter.counter else "ms CPU"
    others = [e.name for e in engines if e.name != base]
    pick = {"min": lambda c: c.least(figure), "median": lambda c: c.median(figure)}

    def value(case, engine, how):
        cell = grid[case].get(engine)
        return pick[how](cell) if cell else None

    def ratio(case, engine, to, how):
        a, b = value(case, engine, how), value(case, to, how)
        return a / b if a is not None and b else None
    rows = []
    for case in grid:
        rows.append([case, show(value(case, base, "min"))] +
                    [f'{show(value(case, e, "min"))} {report.ratio(ratio(case, e, base, "min")):>6}' for e in others])
    for how in ("min", "median") if others else ():
        cells = []
        for e in others:
            got = [r for case in grid if (r := ratio(case, e, base, how)) is not None]
            cells.append(f"{report.ratio(report.geomean(got))} of {len(got)}" if got else "–")
        rows.append([f"geometric mean ({how})", ""] + cells)
    report.table(["kernel", f"{base}, {unit}"] + [f"{e}, × {base}" for e in others], rows)
    print_pairs(context, grid, engines, ratio)


def print_pairs(context, grid, engines, ratio):
    """Ours beside each other engine, over the kernels that both can run: the figure that a goal speaks of."""
    for mine in [e.name for e in engines if e.ours]:
        for other in [e.name for e in engines if e.name != mine]:
            got = [r for case in grid if (r := ratio(case, mine, other, "min")) is not None]
            if got:
                print(f"{mine} / {other}: {report.ratio(report.geomean(got))} over {len(got)} kernels")
