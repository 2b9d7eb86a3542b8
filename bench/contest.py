"""Ways to delete a night's rows, measured side by side.

Each way works on a fresh copy of one workload, beside an idle farm and beside a
live one, in turns and in another order each round, so that whatever else the
machine does hits all of them.
"""

import argparse
import json
import pathlib
import random
import shutil
import statistics
import subprocess
import sys

ROOT = pathlib.Path(__file__).resolve().parent.parent
BINARY = ROOT / "build" / "release" / "retentiond"
RESULTS = ROOT / "build" / "bench"
OURS = "retentiond"
BASE = "one DELETE"
QUIET = "quiet"
QUIET_S = 5
FARMS = ("idle", "live")

# Column, key of a result, kind of farm, divisor, digits, unit.
COLUMNS = (
    ("idle", "wall_s", "idle", 1, 2, "s"),
    ("CPU", "cpu_s", "idle", 1, 2, "s"),
    ("live", "wall_s", "live", 1, 2, "s"),
    ("p50", "p50_ms", "live", 1, 1, "ms"),
    ("p99", "p99_ms", "live", 1, 1, "ms"),
    ("max", "max_ms", "live", 1, 0, "ms"),
    ("hold", "hold_ms", "live", 1, 0, "ms"),
    ("log", "wal_mb", "live", 1, 0, "MB"),
    ("memory", "peak_kb", "idle", 1024, 0, "MB"),
)


def arguments_parser(description, peers):
    parser = argparse.ArgumentParser(description=description)
    parser.add_argument("--jobs", type=int, default=200_000)
    parser.add_argument("--logs", type=int, default=10)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--only", choices=(*peers, OURS))
    parser.add_argument("--farm", choices=FARMS)
    return parser


def measure(names, options, measure_quiet, measure_one):
    """Every figure: {way: {"idle": [result], "live": [result]}}.

    `measure_one` is told a way and whether the farm lives.
    """
    farms = (options.farm,) if options.farm else FARMS
    figures = {QUIET: {"live": []},
               **{name: {kind: [] for kind in farms} for name in names}}
    for number in range(options.rounds):
        figures[QUIET]["live"].append(measure_quiet())
        order = [(name, kind) for name in names for kind in farms]
        random.Random(number).shuffle(order)
        for name, kind in order:
            result = measure_one(name, kind == "live")
            figures[name][kind].append(result)
            print(f"round {number + 1}: {name}, {kind} farm: "
                  f"{result['wall_s']:.2f} s" + (
                      f", p99 {result['p99_ms']:.1f} ms"
                      if "p99_ms" in result else ""), file=sys.stderr)
    return figures


def values(figures, name, key, kind):
    return [one[key] for one in figures[name].get(kind, []) if key in one]


def median(figures, name, key, kind):
    """None where it was not measured."""
    found = values(figures, name, key, kind)
    return statistics.median(found) if found else None


def cell(number, digits, unit):
    return "-" if number is None else f"{number:.{digits}f} {unit}"


def print_table(figures):
    """Medians, and our total in terms of one DELETE's."""
    heads = [column[0] for column in COLUMNS]
    print(f"{'':<22}" + "".join(f"{head:>11}" for head in heads))
    for name in figures:
        print(f"{name:<22}" + "".join(
            f"""{cell(None if number is None else number / divisor, digits,
                      unit):>11}"""
            for _, key, kind, divisor, digits, unit in COLUMNS
            for number in (median(figures, name, key, kind),)))
    for head, key, kind in (("total, idle farm", "wall_s", "idle"),
                            ("p99 of the live farm", "p99_ms", "live")):
        print_ratio(figures, head, key, kind)


def print_ratio(figures, head, key, kind):
    """Ours to one DELETE's, round by round."""
    if BASE not in figures or OURS not in figures:
        return
    ratios = [ours / base for ours, base in zip(
        values(figures, OURS, key, kind), values(figures, BASE, key, kind))]
    if ratios:
        print(f"{head}: {statistics.median(ratios):.3f} times one DELETE's "
              f"({min(ratios):.3f} to {max(ratios):.3f})")


def plot(figures, picture):
    """Totals beside the live farm's p99, both as logarithms, as SVG."""
    if shutil.which("gnuplot") is None:
        print("no plot: gnuplot is not installed (make bench installs it)",
              file=sys.stderr)
        return
    if median(figures, OURS, "p99_ms", "live") is None:
        return
    rows = "\n".join(
        f'"{name}" {median(figures, name, "wall_s", "live")} '
        f'{median(figures, name, "p99_ms", "live")}'
        for name in figures if name != QUIET)
    quiet = median(figures, QUIET, "p99_ms", "live")
    script = f"""
set terminal svg size 760,420 font 'sans-serif,13' background 'white'
set output '{picture}'
$figures << EOD
{rows}
EOD
set style data histograms
set style fill solid 0.85 noborder
set boxwidth 0.8
set logscale y
set grid y linecolor '#dddddd'
set border 3
set tics nomirror
set key outside bottom center horizontal
set yrange [1:*]
set ylabel 'milliseconds'
set title 'A live farm while a night is deleted (logarithmic)'
plot $figures using 3:xtic(1) title "the farm's transactions, p99" \
linecolor '#c1440e', '' using ($2*1000) title 'the deletion, total' \
linecolor '#7a8ca5', {quiet} with lines title 'p99 of a quiet farm' \
linecolor '#2e7d32' linewidth 2
"""
    subprocess.run(["gnuplot"], input=script, text=True, check=True)
    lines = picture.read_text().splitlines()
    picture.write_text("".join(line.rstrip() + "\n" for line in lines))


def publish(figures, options, name):
    """The table on standard output, the rest as NAME.json and NAME.svg."""
    RESULTS.mkdir(parents=True, exist_ok=True)
    (RESULTS / f"{name}.json").write_text(json.dumps(
        {**vars(options), "figures": figures}, indent=2) + "\n")
    plot(figures, RESULTS / f"{name}.svg")
    print_table(figures)


def has_binary():
    if not BINARY.exists():
        print("run `make build` first", file=sys.stderr)
    return BINARY.exists()
