"""A day/night switch turned without a telephone: what its code writes (`asterisk/codes.py`), said to Asterisk's console, and its lamp."""

from __future__ import annotations

from appliance.box import Box
from appliance.dialplan import NIGHT_FAMILY
from appliance.errors import UsageError
from appliance.ledger import Ledger
from appliance.records import Changed
from provisioning.asterisk_root import place_of
from provisioning.exchange import Console, console_in

DO = "switch"
"""What a page asks of root by this name: `name` and `on` ("1" or "0") are in its values."""


def turn(box: Box, name: str, on: bool, who: str, now: int, ask: Console | None = None) -> str:
    """Turn it; who did it is written down. Raises UsageError for one that is not there, CouldNotError where Asterisk does not run."""
    if name not in {one.name for one in box.config.phone.switches}:
        raise UsageError(f"{name}: there is no such switch; `appliance config show` lists [[phone.switches]]")
    ask = ask or console_in(place_of(box.folders.data))
    ask(f"database put {NIGHT_FAMILY} {name} {'1' if on else '0'}")
    ask(f"devstate change Custom:{name} {'INUSE' if on else 'NOT_INUSE'}")
    said = f"{name} {'on' if on else 'off'}"
    with Ledger.open(box.folders.ledger) as ledger:
        ledger.append(Changed(at=now, thing=f"switch:{name}", who=who, what=said, why=""))
    return said
