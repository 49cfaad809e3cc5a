"""What the wing offers on the command line: `ivr lint|simulate|test|diagram|publish|rollback|history|holidays|answers|prompt`.

Each part adds its own words, so that one that needs more than Python (the service of the flows, say) is a file and one line here.
"""

from __future__ import annotations

import argparse
from typing import Any

from ivr_flows import answers, authoring, keeping, live_commands, sounds

Commands = Any
"""argparse's sub-parsers object, whose type has no public name."""
PARTS = (authoring.add, keeping.add, answers.add, sounds.add, live_commands.add)
"""What adds words to `ivr`, in the order in which they are listed."""


def add(commands: Commands, common: argparse.ArgumentParser) -> None:
    """`appliance ivr …`."""
    parser = commands.add_parser("ivr", help="flows of the phone system: check, simulate, test, draw, publish")
    words = parser.add_subparsers(title="commands", metavar="COMMAND", required=True)
    for part in PARTS:
        part(words, common)
