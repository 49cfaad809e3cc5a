"""The tap's part alone, on a capture file: every call's speech on the spool and every fact in the ledger; nothing is rendered."""

from __future__ import annotations

import sys
from pathlib import Path

from appliance.box import Box
from appliance.clock import SystemClock
from appliance.ledger import Ledger
from capture.intake import record, reel_name
from capture.spool import Reel


def main() -> int:
    """`python -m benchmarks.spooling DATA CAPTURE`."""
    data, file = map(Path, sys.argv[1:])
    box = Box.at(data)
    with Ledger.open(box.folders.ledger) as ledger:
        reel = Reel(box.folders.spool, reel_name(file))
        record(box, file, reel, ledger, SystemClock())
        reel.close()
    return 0


if __name__ == "__main__":
    sys.exit(main())
