"""`make fuzz`: each target for millions of inputs, first led by coverage, then by mutation alone; the table goes to benchmarks/RESULTS.md.

    python -m tests.fuzz [NAME…] [--inputs N] [--seconds N] [--guided SECONDS] [--seed N] [--write]

`--guided 0` leaves atheris out. What breaks a promise is written below artefacts/fuzz, and the exit code is 1.
"""

from __future__ import annotations

import argparse
import re
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import NamedTuple

from benchmarks.__main__ import RESULTS
from benchmarks.measure import machine
from tests.fuzz.corpus import PROJECT
from tests.fuzz.loop import Figures, FindError, fuzz, kept
from tests.fuzz.targets import TARGETS, Target, named

CORPORA = PROJECT / ".cache" / "fuzz"
FINDS = PROJECT / "artefacts" / "fuzz"
MILLION = 1_000_000
_STATUS = re.compile(r"cov: (\d+) ft: (\d+) corp: (\d+)")
_RUNS = re.compile(r"Done (\d+) runs|stat::number_of_executed_units:\s*(\d+)")


class Led(NamedTuple):
    """What a run led by coverage was."""

    inputs: int
    edges: int
    """Of the instrumented code, reached."""
    corpus: int
    found: bool
    text: str


def led(target: Target, seconds: int, seed: int) -> Led:
    """Run a target under atheris for so long."""
    options = [f"-max_total_time={seconds}", f"-seed={seed + 1}", "-max_len=4096", "-timeout=20", "-rss_limit_mb=1500"]
    FINDS.mkdir(parents=True, exist_ok=True)
    command = [sys.executable, "-m", "tests.fuzz.guided", target.name, str(CORPORA / target.name), *options]
    command += [f"-artifact_prefix={FINDS}/{target.name}-", "-print_final_stats=1"]
    done = subprocess.run(command, cwd=PROJECT, capture_output=True, text=True, errors="replace", check=False)
    status, runs = _STATUS.findall(done.stderr), _RUNS.findall(done.stderr)
    edges, corpus = (int(status[-1][0]), int(status[-1][2])) if status else (0, 0)
    return Led(max((int(one or other) for one, other in runs), default=0), edges, corpus, done.returncode != 0, done.stderr[-3000:])


def row(figures: Figures, guide: Led | None) -> str:
    """A line of the table."""
    share = f"{guide.inputs / MILLION:.2f} M, {guide.edges:,} edges, {guide.corpus:,} kept" if guide else "–"
    common = ", ".join(f"{name} {count / figures.inputs:.0%}" for name, count in figures.outcomes.most_common(3))
    return (
        f"| {figures.target} | {figures.inputs / MILLION:.2f} M | {figures.seconds:.0f} | {len(figures.outcomes)} ({common}) | "
        f"{figures.slowest_ms:.0f} | {figures.warm_mb:.0f} → {figures.end_mb:.0f} | {share} |"
    )


def main() -> int:
    """Run the named targets, or all."""
    parser = argparse.ArgumentParser(prog="python -m tests.fuzz", description="each target for millions of inputs")
    parser.add_argument(
        "names", nargs="*", metavar="NAME", help=f"of {', '.join(target.name for target in TARGETS)} (default: all)"
    )
    parser.add_argument("--inputs", type=int, default=10 * MILLION)
    parser.add_argument("--seconds", type=float, default=7200.0, help="no target takes longer than this (default: %(default)s)")
    parser.add_argument("--guided", type=int, default=300, metavar="SECONDS", help="led by coverage for so long first")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--write", action="store_true", help="add the table to benchmarks/RESULTS.md")
    arguments = parser.parse_args()
    targets = [named(name) for name in arguments.names] or list(TARGETS)
    lines = [
        f"## fuzz, {datetime.now(UTC):%Y-%m-%d}", "", machine(), "",
        "| target | inputs | s | outcomes (the commonest) | slowest, CPU ms | resident MB, at a tenth → at the end | led by coverage |",
        "| --- | --- | --- | --- | --- | --- | --- |",
    ]  # fmt: skip
    found = 0
    for target in targets:
        guide = led(target, arguments.guided, arguments.seed) if arguments.guided else None
        if guide and guide.found:
            found += 1
            print(guide.text, file=sys.stderr)
        folder = CORPORA / target.name
        more = [path.read_bytes() for path in sorted(folder.iterdir())] if folder.is_dir() else []
        try:
            lines.append(row(fuzz(target, arguments.inputs, arguments.seed, more, seconds=arguments.seconds), guide))
        except FindError as find:
            found += 1
            print(f"{find}\nwritten to {kept(find, FINDS)}", file=sys.stderr)
            lines.append(f"| {target.name} | a find: {type(find.__cause__).__name__} | | | | | |")
        print(lines[-1], flush=True)
    if arguments.write:
        with Path(RESULTS).open("a", encoding="utf-8") as results:
            results.write("\n" + "\n".join(lines) + "\n")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
