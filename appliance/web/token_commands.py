"""Tokens of the API on the command line: `appliance web token make|list|end`."""

from __future__ import annotations

import argparse
import json
from typing import Any

from appliance.box import Box
from appliance.clock import SystemClock
from appliance.errors import UsageError
from appliance.ledger import Ledger
from appliance.library.keeping import person
from appliance.moments import isoformat
from appliance.web.rights import Role, rights_from
from appliance.web.tokens import LONGEST_DAYS, OFFERED, Tokens

NAMES = tuple(right.value for right in OFFERED)


def add(actions: Any, common: argparse.ArgumentParser) -> None:
    """`appliance web token …`; `actions` is argparse's sub-parsers object, whose type has no public name."""
    words = actions.add_parser("token", help="tokens by which other programs use the API").add_subparsers(
        title="actions", metavar="ACTION", required=True
    )
    make = words.add_parser("make", parents=[common], help="make a token and print it; it is told only now")
    make.add_argument("name", metavar="NAME", help="of the program that will use it")
    make.add_argument("--rights", required=True, metavar="R,R", help=f"what it may do: {', '.join(NAMES)}")
    make.add_argument("--lines", default="", metavar="N,N", help="the only lines that it sees (default: all)")
    make.add_argument("--groups", default="", metavar="G,G", help="the only groups of lines that it sees (default: all)")
    make.add_argument(
        "--days", type=int, default=365, metavar="N", help=f"days until it ends (default: 365, at most {LONGEST_DAYS})"
    )
    make.set_defaults(run=run_make)
    listing = words.add_parser("list", parents=[common], help="list tokens with rights, end and last use")
    listing.add_argument("--json", action="store_true", help="one JSON object a line")
    listing.set_defaults(run=run_list)
    end = words.add_parser("end", parents=[common], help="end a token: whoever bears it is refused from now on")
    end.add_argument("name", metavar="NAME", help="the token's name")
    end.set_defaults(run=run_end)


def run_make(arguments: argparse.Namespace) -> int:
    """Make a token and print it."""
    rights = _words(arguments.rights)
    if unknown := [word for word in rights if word not in NAMES]:
        raise UsageError(f"--rights {unknown[0]}: is nothing that a token may do; there are {', '.join(NAMES)}")
    lines, groups = tuple(_words(arguments.lines)), tuple(_words(arguments.groups))
    role = Role(id="", name=arguments.name, rights=rights_from(rights), lines=lines, groups=groups)
    with Ledger.open(Box.of(arguments).folders.ledger) as ledger:
        print(Tokens(ledger, SystemClock().now).make(arguments.name, role, arguments.days, person()))
    return 0


def run_list(arguments: argparse.Namespace) -> int:
    """One line a token."""
    box, now = Box.of(arguments), SystemClock().now
    zone = box.config.site.zone
    with Ledger.open(box.folders.ledger) as ledger:
        for one in Tokens(ledger, now).all():
            rights = [name for name in NAMES if name in {right.value for right in one.role.rights}]
            limits = [*one.role.lines, *one.role.groups]
            ends, used = isoformat(one.ends_at, zone), None if one.used_at is None else isoformat(one.used_at, zone)
            if arguments.json:
                facts = {"token": one.name, "rights": rights, "lines": list(one.role.lines), "groups": list(one.role.groups)}
                told = {**facts, "made_by": one.made_by, "ends_at": ends, "used_at": used, "used_from": one.used_from or None}
                print(json.dumps(told, ensure_ascii=False))
            else:
                state = f"{'ended' if one.ends_at <= now() else 'ends'} {ends[:10]}"
                last = f"used {used[:16]} from {one.used_from}" if used else "never used"
                print("\t".join((one.name, " ".join(rights), ", ".join(limits) or "every line", state, last)))
    return 0


def run_end(arguments: argparse.Namespace) -> int:
    """End a token."""
    with Ledger.open(Box.of(arguments).folders.ledger) as ledger:
        if not Tokens(ledger, SystemClock().now).end(arguments.name, person()):
            raise UsageError(f"{arguments.name}: there is no such token; `appliance web token list` lists them")
    return 0


def _words(given: str) -> list[str]:
    return [word.strip() for word in given.split(",") if word.strip()]
