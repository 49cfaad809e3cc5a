"""Run benchmarks and print their tables: `python -m benchmarks [NAME…]`; with `--write` the tables are added to RESULTS.md."""

from __future__ import annotations

import argparse
import importlib
import sys
from datetime import UTC, datetime
from pathlib import Path

from benchmarks.measure import machine

NAMES = ("capture", "ringing", "memory", "vault", "flows", "ivr", "search", "popup", "soak", "powercuts", "deliveries")
UNASKED = NAMES[:8]
RESULTS = Path(__file__).with_name("RESULTS.md")


def main() -> int:
    """Run the named benchmarks, or those that take minutes."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("names", nargs="*", metavar="NAME", help=f"of {', '.join(NAMES)} (default: {', '.join(UNASKED)})")
    parser.add_argument("--write", action="store_true", help="add the tables to benchmarks/RESULTS.md")
    arguments = parser.parse_args()
    for name in arguments.names or UNASKED:
        begun = f"## {name}, {datetime.now(UTC):%Y-%m-%d}\n\n{machine()}\n"
        text = "\n".join([begun, *importlib.import_module(f"benchmarks.{name}").lines(), ""])
        print(text, flush=True)
        if arguments.write:
            with RESULTS.open("a", encoding="utf-8") as results:
                results.write("\n" + text)
    return 0


if __name__ == "__main__":
    sys.exit(main())
