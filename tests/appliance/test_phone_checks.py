"""Cross checks of the telephone system: each fault is found, at its field, with its mend; a sound system has none."""

from __future__ import annotations

import pytest

from appliance.config import Config, Source, parse
from appliance.phone_checks import problems

SOUND = """
[site]
area_code = "03"
[phone]
enabled = true
fallback = "group:front"
[[phone.extensions]]
number = "201"
voicemail = "201"
no_answer = "voicemail:201"
[[phone.extensions]]
number = "202"
[[phone.groups]]
name = "front"
number = "600"
members = ["201", "202", "090-1234-5678"]
[[phone.queues]]
name = "support"
members = ["202"]
no_answer = "voicemail:201"
[[phone.boxes]]
number = "201"
[[phone.conferences]]
number = "800"
[[phone.switches]]
name = "night"
code = "*28"
[[phone.trunks]]
name = "ntt"
kind = "hikari"
host = "192.168.1.1"
user = "3"
numbers = ["03-1234-5678"]
[[phone.routes]]
name = "crank"
callers = ["payphone"]
numbers = ["03-1234-5678"]
target = "hangup"
[[phone.routes]]
name = "main"
numbers = ["03-1234-5678"]
target = "flow:main"
switch = "night"
switched = "voicemail:201"
fallback = "group:front"
[[phone.outbound]]
name = "all"
trunks = ["ntt"]
[[phone.contacts]]
name = "本社"
number = "06-1234-5678"
speed_dial = "01"
"""
FAULTS = [
    ("extensions", 'number = "201"', 'number = "202"', "phone.extensions[1].number", "202 is an extension already"),
    ("emergency extension", 'number = "800"', 'number = "119"', "phone.conferences[0].number", "is an emergency number"),
    ("group on an extension", 'number = "600"', 'number = "201"', "phone.groups[0].number", "is an extension already"),
    ("parking place", 'number = "600"', 'number = "705"', "phone.parking.first", "705 is a group already"),
    ("unknown target", 'target = "hangup"', 'target = "group:back"', "phone.routes[0].target", "group:back is not there"),
    ("unknown flow", "flow:main", "flow:other", "phone.routes[1].target", "flow:other is not published"),
    ("fallback to a flow", 'fallback = "group:front"\n[[phone.ext', 'fallback = "flow:main"\n[[phone.ext', "phone.fallback", "is a flow"),
    ("route fallback", 'fallback = "group:front"\n[[phone.out', 'fallback = "flow:main"\n[[phone.out', "phone.routes[1].fallback", "flow"),
    ("unknown member", '["201", "202", "090', '["201", "209", "090', "phone.groups[0].members", "209 is not in [[phone.extensions]]"),
    ("empty group", '["201", "202", "090-1234-5678"]', "[]", "phone.groups[0].members", "is empty"),
    ("empty queue", 'members = ["202"]', "members = []", "phone.queues[0].members", "has nobody in it"),
    ("two routes", 'callers = ["payphone"]\n', "", "phone.routes[1].numbers", "crank above takes them all"),
    (
        "two routes overlap", 'callers = ["payphone"]\nnumbers = ["03-1234-5678"]', 'numbers = ["03-1234-5678"]',
        "phone.routes[1].numbers", "above takes them all",
    ),
    ("unknown switch", 'switch = "night"', 'switch = "dark"', "phone.routes[1].switch", "dark is not in [[phone.switches]]"),
    ("switch alone", 'switched = "voicemail:201"\n', "", "phone.routes[1].switch", "goes with switched only"),
    ("unknown trunk", 'trunks = ["ntt"]', 'trunks = ["kddi"]', "phone.outbound[0].trunks", "kddi is not in [[phone.trunks]]"),
    ("hikari without user", 'user = "3"\n', "", "phone.trunks[0].user", "is missing; write the HGW's extension"),
    ("code taken", 'code = "*28"', 'code = "*8"', "phone.switches[0].code", "*8 is the code of codes.pickup already"),
    ("unknown box", 'voicemail = "201"', 'voicemail = "209"', "phone.extensions[0].voicemail", "209 is not in [[phone.boxes]]"),
    ("queue named twice", 'name = "support"', 'name = "sup-port"\nmembers = ["202"]\n[[phone.queues]]\nname = "support"',
     "phone.queues[1].name", "hyphens do not count"),
    ("unknown permission", 'number = "202"\n', 'number = "202"\npermission = "boss"\n', "phone.extensions[1].permission", "boss is not in"),
    ("encryption without TLS", 'number = "202"\n', 'number = "202"\nencrypted = true\n', "phone.extensions[1].encrypted", "needs SIP over"),
    ("MAC without make", 'number = "202"\n', 'number = "202"\nmac = "001122334455"\n', "phone.extensions[1].mac", "has no make"),
    ("emergency refused", "[[phone.contacts]]", '[[phone.permissions]]\nname = "standard"\nrefused = ["11*"]\n[[phone.contacts]]',
     "phone.permissions[0].refused", "which is always allowed"),
    ("emergency rule", 'name = "all"', 'name = "all"\nnumbers = ["119"]', "phone.outbound[0].numbers", "in emergency_trunks"),
    ("emergency blocked", "[[phone.contacts]]", '[phone.block]\ncallers = ["110"]\n[[phone.contacts]]', "phone.block.callers", "remove it"),
    ("parking backwards", "[[phone.contacts]]", '[phone.parking]\nfirst = "790"\nlast = "710"\n[[phone.contacts]]',
     "phone.parking.last", "does not end"),
    ("few ports", "[[phone.contacts]]", "[phone.network]\nfirst_rtp = 10000\nlast_rtp = 10010\n[[phone.contacts]]",
     "phone.network.last_rtp", "no room for ten calls"),
]  # fmt: skip


def found(text: str) -> dict[str, str]:
    source = Source("box.toml", text)
    said = [str(source.problem(path, what)) for path, what in problems(parse(source), flows={"main"})]
    return {line.split(": ")[1]: line for line in said}


def test_a_sound_system_has_no_problem() -> None:
    assert found(SOUND) == {}


def test_a_box_without_telephones_is_not_looked_at() -> None:
    assert list(problems(Config())) == []


@pytest.mark.parametrize(("old", "new", "field", "what"), [one[1:] for one in FAULTS], ids=[one[0] for one in FAULTS])
def test_a_fault_is_told_at_its_field(old: str, new: str, field: str, what: str) -> None:
    assert old in SOUND
    said = found(SOUND.replace(old, new, 1))
    assert field in said
    assert what in said[field]
    assert "; " in said[field]


def test_desks_without_a_line_cannot_call_for_help() -> None:
    text = '[phone]\nenabled = true\n[[phone.extensions]]\nnumber = "201"\n'
    assert "nobody can call 110" in found(text)["phone.trunks"]


def test_flows_that_nobody_knows_are_not_held_against_a_route() -> None:
    assert list(problems(parse(Source("box.toml", SOUND.replace("flow:main", "flow:other"))))) == []
