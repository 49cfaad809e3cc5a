"""What Asterisk knows of the desks and switches: registrations, forwards, do-not-disturb, day or night. Asked over AMI
for the heartbeat; the console shows it."""

from __future__ import annotations

import re

from appliance.dialplan import NIGHT_FAMILY
from ivr_flows.ami import Ami, AmiError

FAMILIES = ("forward", "quiet", NIGHT_FAMILY)
"""What desks and switches write into Asterisk's database (`provisioning/asterisk/codes.py`)."""
_CONTACT = re.compile(
    r"^\s*Contact:\s+(?P<number>[1-9]\d{1,7})/sips?:[^@\s]*@?(?P<host>[^\s;>]+)\S*\s+\S+\s+(?P<state>Avail|NonQual)\b"
)
_ENTRY = re.compile(r"^/(?P<family>[a-z-]+)/(?P<key>[a-z0-9_-]+)\s*: (?P<value>.*)$")
States = dict[str, dict[str, str]]


async def states(ami: Ami) -> dict[str, States]:
    """`desks` and `switches` for a heartbeat; nothing where Asterisk cannot be asked."""
    try:
        contacts = await _said(ami, "pjsip show contacts")
        entries = "\n".join([await _said(ami, f"database show {family}") for family in FAMILIES])
    except AmiError:
        return {}
    return read(contacts, entries)


def read(contacts: str, entries: str) -> dict[str, States]:
    """By desk: `at` (where a telephone is registered), `forward`, `quiet`; by switch: `on`."""
    desks: States = {}
    switches: States = {}
    for line in contacts.splitlines():
        if found := _CONTACT.match(line):
            desks.setdefault(found["number"], {})["at"] = found["host"]
    for line in entries.splitlines():
        if (found := _ENTRY.match(line.rstrip())) and found["value"] not in ("", "0"):
            if found["family"] == NIGHT_FAMILY:
                switches[found["key"]] = {"on": found["value"]}
            else:
                desks.setdefault(found["key"], {})[found["family"]] = found["value"]
    return {"desks": desks, "switches": switches}


async def _said(ami: Ami, command: str) -> str:
    output = (await ami.ask("Command", {"Command": command})).get("output", "")
    return "\n".join(output) if isinstance(output, list) else str(output)
