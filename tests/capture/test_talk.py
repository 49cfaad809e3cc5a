"""Which streams of a talk are heard where: the main call's own, direct media of a leg, a transfer from its answer on, a copy in need."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import pytest

from appliance.records import Side
from capture.payloads import Encoding
from capture.talk import Heard, Part, choose, parts
from capture.voice import Survey

CALLER, CALLED = Side.CALLER, Side.CALLED
DIRECT, RELAYED = ("10.0.0.1:1", "10.0.0.2:2"), ("10.0.0.5:5", "10.0.0.2:2")


def stream(name: str, speaker: Side | None, ends: tuple[str, ...] = RELAYED) -> Survey:
    survey = Survey(Path(name), speaker=speaker, ends=ends, packets=50, payload_types=Counter({0: 50}))
    survey.encodings = {0: Encoding("PCMU", 8000)}
    return survey


def part(call: str, *surveys: Survey, to: str = "m", why: str = "number", swapped: bool = False, heard: bool = True) -> Part:
    return Part(
        call=call, to=to, why=why, swapped=swapped, announced=frozenset({"10.0.0.1:1"}), heard=heard, answered=(100, 200),
        surveys=list(surveys),
    )  # fmt: skip


def both(name: str, ends: tuple[str, ...] = RELAYED) -> tuple[Survey, Survey]:
    return stream(f"{name}-left", CALLER, ends), stream(f"{name}-right", CALLED, ends)


def told(found: list[Heard]) -> list[tuple[str, str, bool]]:
    """(stream, side, whether it is silent for a while)."""
    return sorted((str(one.survey.path), one.side.value, bool(one.silent)) for one in found)


MAIN = part("m", *both("m"), to="", why="")
OWN = [("m-left", "caller", False), ("m-right", "called", False)]


def test_a_copy_that_passes_through_a_box_is_not_heard_beside_the_call() -> None:
    assert told(choose([MAIN, part("l", *both("l"))])) == OWN


def test_a_side_that_the_call_lacks_is_heard_from_the_copy() -> None:
    bare = part("m", stream("m-left", CALLER), to="", why="")
    assert told(choose([bare, part("l", *both("l"))])) == [("l-right", "called", False), ("m-left", "caller", False)]


def test_a_copy_of_a_copy_is_heard_only_where_both_before_it_lack_the_side() -> None:
    silent = part("m", to="", why="")
    talk = [silent, part("l", stream("l-left", CALLER)), part("n", *both("n"), to="l")]
    assert told(choose(talk)) == [("l-left", "caller", False), ("n-right", "called", False)]


def test_direct_media_is_heard_whichever_leg_it_was_found_on() -> None:
    assert told(choose([MAIN, part("l", *both("l", DIRECT))])) == [("l-left", "caller", False), ("l-right", "called", False), *OWN]


def test_from_its_answer_on_a_transfer_is_heard_and_what_was_before_is_not() -> None:
    found = choose([MAIN, part("t", *both("t"), why="refer")])
    assert told(found) == [(name, side, True) for name, side, _ in OWN] + [
        ("t-left", "caller", False),
        ("t-right", "called", False),
    ]
    assert {one.silent for one in found if one.silent} == {((100, 200),)}
    assert [one.rank for one in found] == [0, 0, 1, 1]


def test_whoever_stays_keeps_the_channel() -> None:
    found = choose([MAIN, part("t", *both("t"), why="refer", swapped=True)])
    assert ("t-left", "called", False) in told(found)
    assert ("t-right", "caller", False) in told(found)


def test_a_transfer_of_which_nothing_was_captured_silences_nothing() -> None:
    assert told(choose([MAIN, part("t", why="refer")])) == OWN
    assert told(choose([MAIN, part("t", stream("t-left", CALLER), why="replaces")])) == [
        ("m-left", "caller", True), ("m-right", "called", False), ("t-left", "caller", False),
    ]  # fmt: skip


def test_a_transfer_of_the_leg_behind_a_box_is_in_the_call_already() -> None:
    assert told(choose([MAIN, part("l", *both("l")), part("t", *both("t"), to="l", why="refer")])) == OWN


@pytest.mark.parametrize("why", ["", "number"])
def test_a_cipher_and_a_stream_of_nobody_are_not_heard(why: str) -> None:
    assert choose([part("m", *both("m"), to="", why="", heard=False)]) == []
    assert choose([part("m", stream("m", None), to="", why="")]) == []


def test_the_job_tells_the_parts_and_one_without_legs_is_its_own() -> None:
    assert [(one.call, one.to, one.heard) for one in parts("m", {"reel": "r", "cut": False})] == [("m", "", True)]
    main = {"call": "m", "announced": ["a"], "heard": False}
    leg = {"call": "l", "to": "m", "why": "refer", "swapped": True, "announced": ["b"], "heard": True}
    first, second = parts("m", {"main": main, "legs": [leg]})
    assert (first.call, first.announced, first.heard) == ("m", frozenset("a"), False)
    assert (second.call, second.to, second.why, second.swapped, second.announced) == ("l", "m", "refer", True, frozenset("b"))
