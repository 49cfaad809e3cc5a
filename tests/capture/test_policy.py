"""Whether a call is recorded is decided at its INVITE: by line and rule, the first that fits; and in doubt it is not."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from appliance.config import Config, Rule, Source, parse
from appliance.errors import ConfigError
from appliance.moments import from_iso
from appliance.records import CallNotRecorded, Direction, NotRecorded, Side
from capture import sip
from capture.effects import Close
from capture.parties import read
from capture.policy import RECORD, Facts, Verdict, decide, in_hours
from tests.bed.made import MadeCall
from tests.capture.playbook import ANSWER, BACK, CALL, CALLED, CALLER, OFFER, START, WATCH_CALLED, WATCH_CALLER, Call, Stage, config
from tests.capture.rig import Rig, carried, opened, talk
from tests.capture.test_recorder import Desk

NEVER = {"name": "this one", "action": "never"}
EXCLUDED = Verdict(False, NotRecorded.EXCLUDED_RULE, "rule this one")


def facts(told: Config, call: Call = CALL, **how: Any) -> Facts:
    return read(sip.parse(call.invite(OFFER, **how)), CALLER, CALLED, told).facts


def rules(*given: dict[str, Any], **parts: Any) -> Config:
    return config(lines=[{"number": "0312345678"}], rules=list(given), **parts)


@pytest.mark.parametrize(
    ("condition", "fits"),
    [
        ({}, True),
        ({"caller": ["090-1234-5678"]}, True),
        ({"caller": ["+81 90 1234 5678"]}, True),
        ({"caller": ["090-1234-567"]}, False),
        ({"caller": ["0120*", "0901*"]}, True),
        ({"caller": ["090-1234-*"]}, True),
        ({"caller": ["+8190*"]}, True),
        ({"caller": ["0901235*"]}, False),
        ({"caller": ["withheld"]}, False),
        ({"called": ["03-1234-5678"]}, True),
        ({"called": ["04*"]}, False),
        ({"line": ["0312345678"]}, True),
        ({"line": ["0312345679"]}, False),
        ({"direction": ["inbound", "internal"]}, True),
        ({"direction": ["outbound"]}, False),
        ({"trunk": ["198.51.100.10"]}, True),
        ({"trunk": ["198.51.100.0/24"]}, True),
        ({"trunk": ["203.0.113.0/24", "2001:db8::/32"]}, False),
        ({"trunk": ["ntt.example"]}, True),
        ({"trunk": ["NTT.example"]}, True),
        ({"trunk": ["tt.example"]}, False),
        ({"caller": ["090*"], "direction": ["outbound"]}, False),
        ({"days": ["mon"], "hours": "23:00-24:00"}, True),
        ({"days": ["tue"]}, False),
    ],
    ids=str,
)
def test_a_rule_fits_where_all_its_conditions_do(condition: dict[str, Any], fits: bool) -> None:
    told = rules({**NEVER, **condition})
    monday = from_iso("2026-11-23T23:30:00+09:00", told.site.zone)
    assert decide(facts(told), told, monday) == (EXCLUDED if fits else RECORD)


def test_a_group_counts_for_its_own_desks_only() -> None:
    phone = {"enabled": True, "extensions": [{"number": "201"}], "groups": [{"name": "front", "members": ["201"]}]}
    told = config(phone=phone, rules=[{**NEVER, "group": ["front"]}])
    desk, outside = "<sip:201@192.0.2.10>", "<sip:0399999999@192.0.2.10>"
    for called, target, header, fits in (
        (desk, "sip:201@192.0.2.10", "front", True), (desk, "sip:201@192.0.2.10", "sales", False),
        (outside, "sip:0399999999@192.0.2.10", "front", False),
    ):  # fmt: skip
        said = facts(told, Call(called=called, target=target, extra=(f"X-Ring-Group: {header}",)))
        assert (decide(said, told, START) == EXCLUDED) == fits, (called, header)


def test_on_demand_fits_in_doubt_and_says_so() -> None:
    told = config(rules=[{"name": "x", "action": "on_demand", "direction": ["inbound"]}])
    said = replace(facts(told), direction=Direction.UNKNOWN)
    assert decide(said, told, START) == Verdict(True, NotRecorded.NOT_ASKED, "rule x", demand=True)
    assert decide(said, config(rules=[{"name": "y", "action": "record"}]), START).sure


def test_a_domain_stands_for_those_below_it() -> None:
    told = rules({**NEVER, "trunk": ["ntt.example"]})
    below = replace(CALL, caller="<sip:09012345678@tokyo.ntt.example>", called="<sip:0312345678@h.invalid>")
    assert decide(facts(told, below), told, START) == EXCLUDED


@pytest.mark.parametrize(
    ("shown", "word"),
    [("Anonymous", "anonymous"), ("Coin line/payphone", "payphone"), ("Unavailable", "unavailable"), ("Anonymous", "withheld"),
     ("Coin line/payphone", "withheld")],
)  # fmt: skip
def test_callers_without_a_number_are_named_by_words(shown: str, word: str) -> None:
    told = rules({**NEVER, "caller": [word]})
    assert decide(facts(told, replace(CALL, caller=f'"{shown}" <sip:anonymous@anonymous.invalid>')), told, START) == EXCLUDED
    assert decide(facts(told), told, START) == RECORD


def test_a_number_that_was_withheld_is_not_dug_out() -> None:
    told = rules({**NEVER, "caller": ["09012345678"]})
    hidden = replace(CALL, caller="<sip:anonymous@anonymous.invalid>")
    extra = ("Privacy: id", "P-Asserted-Identity: <sip:09012345678@h>")
    assert decide(facts(told, hidden, extra=extra), told, START) == RECORD


def test_the_first_rule_that_fits_decides() -> None:
    keep, drop = {"name": "keep", "action": "record", "caller": ["090*"]}, NEVER
    assert decide(facts(rules(keep, drop)), rules(keep, drop), START).record
    assert decide(facts(rules(drop, keep)), rules(drop, keep), START) == EXCLUDED


def test_a_line_that_is_never_recorded_is_so_whatever_the_rules_say() -> None:
    told = config(lines=[{"number": "0312345678", "record": False}], rules=[{"name": "all", "action": "record"}])
    assert decide(facts(told), told, START) == Verdict(False, NotRecorded.EXCLUDED_LINE, "line 0312345678")


def test_in_doubt_never_fits_and_record_does_not() -> None:
    asserted = facts(rules(), replace(CALL, caller="<sip:0661112222@h>"), extra=("P-Asserted-Identity: <sip:09012345678@h>",))
    never, record = {**NEVER, "caller": ["09012345678"]}, {"name": "r", "action": "record", "caller": ["09012345678"]}
    rest = {"name": "rest", "action": "never"}
    assert decide(asserted, rules(never), START) == EXCLUDED
    assert not decide(asserted, rules(record, rest), START).record
    unknown = replace(facts(rules()), direction=Direction.UNKNOWN)
    assert decide(unknown, rules({**NEVER, "direction": ["outbound"]}), START) == EXCLUDED
    assert not decide(unknown, rules({"name": "r", "action": "record", "direction": ["outbound"]}, rest), START).record


@pytest.mark.parametrize(
    ("days", "hours", "moment", "fits"),
    [
        ([], "", "2026-11-23T12:00", True),
        (["mon"], "", "2026-11-23T00:00", True),
        (["mon"], "", "2026-11-24T00:00", False),
        ([], "09:00-17:30", "2026-11-23T09:00", True),
        ([], "09:00-17:30", "2026-11-23T17:29", True),
        ([], "09:00-17:30", "2026-11-23T17:30", False),
        ([], "22:00-06:00", "2026-11-23T05:59", True),
        ([], "22:00-06:00", "2026-11-23T06:00", False),
        ([], "22:00-06:00", "2026-11-23T22:00", True),
        (["fri"], "22:00-06:00", "2026-11-28T03:00", True),
        (["fri"], "22:00-06:00", "2026-11-27T03:00", False),
        (["sat"], "22:00-06:00", "2026-11-28T03:00", False),
        (["sun"], "22:00-24:00", "2026-11-29T23:59", True),
        (["mon"], "00:00-24:00", "2026-11-23T23:59", True),
    ],
)
def test_hours_across_midnight_belong_to_the_day_they_begin(days: list[Any], hours: str, moment: str, fits: bool) -> None:
    assert in_hours(Rule(name="r", action="never", days=days, hours=hours), datetime.fromisoformat(moment)) is fits


@given(st.datetimes(), st.integers(0, 1439), st.integers(0, 1439))
def test_every_moment_lies_in_a_span_or_in_its_complement(moment: datetime, begin: int, end: int) -> None:
    if begin == end:
        return
    span = [f"{minute // 60:02}:{minute % 60:02}" for minute in (begin, end)]
    one, other = (Rule(name="r", action="never", hours="-".join(pair)) for pair in (span, span[::-1]))
    assert in_hours(one, moment) != in_hours(other, moment)


def test_the_hours_are_those_of_the_site() -> None:
    told = rules({**NEVER, "hours": "22:00-23:00"}, site={"timezone": "Europe/Berlin"})
    assert decide(facts(told), told, from_iso("2026-07-01T20:30:00+00:00", told.site.zone)) == EXCLUDED
    assert decide(facts(told), told, from_iso("2026-12-01T20:30:00+00:00", told.site.zone)) == RECORD


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        (
            '[[rules]]\nname = "x"\naction = "maybe"',
            "box.toml:3: rules[0].action: 'maybe' is not one of 'never', 'record' or 'on_demand'",
        ),
        ('[[rules]]\naction = "never"', "box.toml:1: rules[0].name: is missing"),
        ('[[rules]]\nname = "x"\naction = "never"\nhours = "9-5"', "box.toml:4: rules[0].hours: '9-5' is no span of hours; write"),
        ('[[rules]]\nname = "x"\naction = "never"\ntrunk = ["?"]', "box.toml:4: rules[0].trunk[0]: '?' is no trunk; write"),
    ],
)
def test_a_mistake_names_line_field_and_mend(text: str, problem: str) -> None:
    with pytest.raises(ConfigError) as raised:
        parse(Source("box.toml", text))
    assert str(raised.value).startswith(problem)


# In the tracker and on the disk


def test_an_excluded_call_is_never_watched_and_says_by_which_rule() -> None:
    stage = Stage(rules({**NEVER, "caller": ["090*"]}))
    assert stage.hears(CALL.invite(OFFER)) == ["ringing inbound"]
    assert stage.hears(CALL.response(200, ANSWER), by=BACK) == ["answered"]
    stage.hears(CALL.request("BYE", sequence=2))
    stage.waits(3)
    close = stage.last(Close)
    assert (close.recordable, close.reason, close.detail) == (False, EXCLUDED.reason, EXCLUDED.detail)


def test_a_later_invite_that_tells_more_lets_the_call_go() -> None:
    told = rules({**NEVER, "called": ["0355550000"]})
    rig = Rig(told).feed(*opened(), *talk(3))
    assert len(rig.packets(Side.CALLER)) == 3
    again = CALL.invite(OFFER, branch="hop", extra=("P-Called-Party-ID: <sip:0355550000@h>",))
    rig.feed(*talk(2), carried(again), *talk(5))
    assert len(rig.packets(Side.CALLER)) == 3, "what was gathered is let go too"
    assert rig.wait(1).engine.tracker.dialogs.popitem()[1].verdict == EXCLUDED


def test_the_hours_are_asked_for_the_beginning_of_the_call() -> None:
    told = rules({**NEVER, "hours": "14:14-14:20"}, site={"timezone": "UTC"})
    stage = Stage(told)
    assert stage.hears(CALL.invite(OFFER)) == ["ringing inbound", WATCH_CALLER]
    assert stage.hears(CALL.response(200, ANSWER), by=BACK) == [WATCH_CALLED, "answered"]
    stage.waits(120)
    assert stage.hears(CALL.request("INVITE", OFFER, sequence=2)) == []


def test_a_call_that_takes_over_an_excluded_one_is_excluded_too() -> None:
    stage = Stage(rules({**NEVER, "caller": ["090*"]}))
    stage.hears(CALL.invite(OFFER))
    stage.hears(CALL.response(200, ANSWER), by=BACK)
    over = Call(call_id="other@pbx", caller="<sip:201@h>", caller_tag="c2")
    told = stage.hears(over.invite(OFFER, extra=(f"Replaces: {CALL.call_id};to-tag=called;from-tag=caller",)))
    assert WATCH_CALLER not in told
    assert not list(stage.tracker.dialogs.values())[-1].verdict.record


@pytest.mark.parametrize("hears", ["caller", "trunk"])
def test_no_audio_of_an_excluded_call_touches_the_disk(tmp_path: Path, hears: str) -> None:
    made = MadeCall(talk=0.4)
    condition = {"caller": {"caller": [made.caller]}, "trunk": {"trunk": ["10.0.0.0/24"]}}[hears]
    desk = Desk(tmp_path, config=Config.model_validate({"rules": [{**NEVER, **condition}]}))
    desk.take(made.frames())
    desk.finish()
    (reason,) = (record for record in desk.pen.records if isinstance(record, CallNotRecorded))
    assert (reason.reason, reason.detail) == ("excluded_rule", "rule this one")
    assert desk.pen.jobs == []
    assert not list(tmp_path.rglob("*.rtp"))
    spool = b"".join(path.read_bytes() for path in tmp_path.rglob("*") if path.is_file())
    assert not any(captured.frame[54:] in spool for captured in made.frames() if len(captured.frame) == 14 + 28 + 12 + 160)
