"""One talk, one recording: legs of exchanges, transfers and ring groups are tied and heard on the right channel; strangers never are.

Each case is a capture that goes through the replay; then it counts which calls are tied by what, how many recordings there are, and who
is heard left and right at which moment.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from functools import partial
from pathlib import Path

import pytest

from appliance.box import Box
from appliance.ledger import Ledger
from appliance.records import LegTied
from capture.frames import Address
from capture.replay import replay
from tests.bed.made import write_pcap
from tests.bed.recorded import TOUCHES, all_recordings
from tests.bed.talks import Person, Scene
from tests.capture.scenes import (
    FROM_A,
    FROM_D,
    LINE,
    PBX,
    SESSION,
    WITHHELD,
    A,
    B,
    C,
    D,
    attended,
    blind_by_called,
    blind_by_caller,
    direct,
    direct_later,
    gone_out,
    heard,
    outcome,
    picked_up,
    proxied,
    recordings,
    relay,
    ring_group,
    sent_on,
    settled,
    sound,
    through,
    ties,
    weirds,
)
from tests.fakes.processes import killed_before

TIED: dict[str, tuple[Callable[[], Scene], dict[str, tuple[str, str]], list[tuple[float, tuple[int, int]]]]] = {
    "proxied": (proxied, {}, [(1.0, (A.hz, B.hz))]),
    "sent on": (sent_on, {"leg": ("m", "number")}, [(1.0, (A.hz, B.hz))]),
    "session": (
        partial(sent_on, first=WITHHELD, shown=WITHHELD, extra=(SESSION,)),
        {"leg": ("m", "session")},
        [(1.0, (A.hz, B.hz))],
    ),
    "direct": (direct, {"leg": ("m", "media")}, [(1.0, (A.hz, B.hz))]),
    "direct later": (direct_later, {"leg": ("m", "media")}, [(0.8, (A.hz, B.hz)), (2.0, (A.hz, B.hz))]),
    "blind by called": (blind_by_called, {"t": ("m", "refer")}, [(0.8, (A.hz, B.hz)), (2.6, (A.hz, C.hz))]),
    "blind by caller": (blind_by_caller, {"t": ("m", "refer")}, [(0.8, (A.hz, B.hz)), (2.6, (C.hz, B.hz))]),
    "ring group": (ring_group, {f"leg20{n}": ("m", "number") for n in range(1, 6)}, [(1.5, (A.hz, 1000))]),
    "gone out": (gone_out, {"leg": ("m", "number")}, [(1.5, (B.hz, D.hz))]),
    "picked up": (picked_up, {"t": ("m", "replaces")}, [(0.8, (A.hz, B.hz)), (2.0, (A.hz, C.hz))]),
}
EACH = pytest.mark.parametrize("name", TIED)


@EACH
def test_one_talk_is_one_recording_with_each_person_on_one_channel(tmp_path: Path, name: str) -> None:
    scene, tied, moments = TIED[name]
    box, told = through(tmp_path, scene())
    assert ties(told) == tied
    assert recordings(told) == ["m"]
    ear = heard(box, told, "m")
    assert [(at, ear.hears(at)) for at, _ in moments] == moments


def test_of_a_relayed_call_every_sound_is_heard_once(tmp_path: Path) -> None:
    box, told = through(tmp_path, sent_on())
    recording = told["m"][1]
    assert recording is not None
    assert recording.facts.packets == 100
    assert recording.facts.seconds == pytest.approx(1.0)
    with Ledger.open(box.folders.ledger) as ledger:
        (row,) = (row.record for row in ledger.of(told["leg"][0].id) if isinstance(row.record, LegTied))
    assert isinstance(row, LegTied)
    assert (row.main, row.to, row.why, row.swapped) == (told["m"][0].id, told["m"][0].id, "number", False)


def test_a_consultation_is_a_talk_of_its_own_that_the_other_party_does_not_hear(tmp_path: Path) -> None:
    box, told = through(tmp_path, attended())
    assert ties(told) == {"t": ("m", "refer")}
    assert recordings(told) == ["m", "c"]
    ear = heard(box, told, "m")
    assert [ear.hears(at) for at in (0.8, 2.0, 3.1)] == [(A.hz, B.hz), (0, 0), (A.hz, C.hz)]
    assert heard(box, told, "c").hears(2.0) == (B.hz, C.hz)


def test_what_the_office_says_while_the_caller_waits_is_not_filled_in(tmp_path: Path) -> None:
    scene = Scene()
    m = scene.dial("m", A, PBX, user=LINE, answer=relay(0)).invite(0)
    leg = scene.dial("leg", PBX, B, shown=FROM_A, offer=relay(1)).invite(0.05).answered(0.5)
    m.answered(0.51).talk(0.6, 1.2, called=B).bye(3)
    leg.talk(0.61, 1.21, caller=A).bye(3.01)
    leg.talk(1.5, 2.3, caller=C)  # the exchange puts B through to C by keys pressed: no signalling tells of it
    m.talk(2.5, 2.9, called=B)
    box, told = through(tmp_path, scene)
    ear = heard(box, told, "m")
    assert [ear.hears(at) for at in (0.8, 1.8, 2.6)] == [(A.hz, B.hz), (0, 0), (A.hz, B.hz)]


def test_a_side_that_was_seen_on_the_other_leg_alone_is_heard_from_there(tmp_path: Path) -> None:
    scene = Scene()
    m = scene.dial("m", A, PBX, user=LINE, answer=relay(0)).invite(0)
    leg = scene.dial("leg", PBX, B, shown=FROM_A, offer=relay(1)).invite(0.05).answered(0.5)
    m.answered(0.51).talk(0.6, 1.6, both=False).bye(2)
    leg.talk(0.61, 1.61, caller=A).bye(2.01)
    box, told = through(tmp_path, scene)
    assert heard(box, told, "m").hears(1.0) == (A.hz, B.hz)


def test_a_transfer_that_fails_goes_back_to_who_was_there(tmp_path: Path) -> None:
    scene = Scene()
    m = scene.dial("m", A, B).invite(0).answered(0.3).talk(0.4, 1.2).refer(1.3, f"<sip:{C.user}@10.0.0.3>")
    scene.dial("t", Person(A.user, 1, A.hz, 20010), C).invite(1.4).busy(1.5)
    m.talk(1.7, 2.3).bye(2.4)
    box, told = through(tmp_path, scene)
    assert (ties(told), recordings(told)) == ({"t": ("m", "refer")}, ["m"])
    assert heard(box, told, "m").hears(2.0) == (A.hz, B.hz)


def two_callers(first: str, second: str, *, begin: float = 0.3) -> Scene:
    """Two people call one line at the same time; the exchange rings a telephone for each and relays."""
    scene = Scene()
    one = scene.dial("one", A, PBX, user=LINE, shown=first, answer=relay(0)).invite(0)
    two = scene.dial("two", D, PBX, user=LINE, shown=second, answer=relay(1)).invite(begin)
    for_one = scene.dial("for-one", PBX, B, shown=first, offer=relay(2)).invite(begin + 0.1).answered(1.0)
    for_two = scene.dial("for-two", PBX, C, shown=second, offer=relay(3)).invite(begin + 0.15).answered(1.1)
    one.answered(1.01).talk(1.2, 2.0, called=B).bye(2.2)
    two.answered(1.11).talk(1.2, 2.0, called=C).bye(2.3)
    for_one.talk(1.2, 2.0, caller=A).bye(2.21)
    for_two.talk(1.2, 2.0, caller=D).bye(2.31)
    return scene


@pytest.mark.parametrize(
    ("first", "second", "tied"),
    [
        (f"<sip:{A.user}@10.0.0.1>", f"<sip:{D.user}@10.0.0.4>", {"for-one": ("one", "number"), "for-two": ("two", "number")}),
        (WITHHELD, WITHHELD, {}),
        (f"<sip:{A.user}@10.0.0.1>", f"<sip:{A.user}@10.0.0.4>", {}),
    ],
    ids=["two numbers", "both withheld", "one number twice"],
)
def test_two_talks_at_the_same_time_are_never_mixed(
    tmp_path: Path, first: str, second: str, tied: dict[str, tuple[str, str]]
) -> None:
    box, told = through(tmp_path, two_callers(first, second))
    assert ties(told) == tied
    assert recordings(told) == [name for name in told if name not in tied]
    assert heard(box, told, "one").hears(1.5) == (A.hz, B.hz)
    assert heard(box, told, "two").hears(1.5) == (D.hz, C.hz)


def test_who_calls_twice_in_parallel_has_two_talks(tmp_path: Path) -> None:
    scene = Scene()
    second = Person(A.user, A.number, 500, 20010)
    for number, (who, begin, other) in enumerate(((A, 0.0, B), (second, 0.4, C))):
        m = scene.dial(f"m{number}", who, PBX, user=LINE, answer=relay(2 * number)).invite(begin)
        leg = scene.dial(f"l{number}", PBX, other, shown=FROM_A, offer=relay(2 * number + 1)).invite(begin + 0.05).answered(1.0)
        m.answered(1.01).talk(1.1, 1.9, called=other).bye(2.0)
        leg.talk(1.1, 1.9, caller=who).bye(2.01)
    box, told = through(tmp_path, scene)
    assert ties(told) == {"l0": ("m0", "number")}, "the second leg may be of either call: it stays apart"
    assert "legs-ambiguous" in weirds(box)
    assert [heard(box, told, name).hears(1.5) for name in ("m0", "m1")] == [(A.hz, B.hz), (500, C.hz)]


def stranger(scene: Scene, *extra: str, to: Person = B, offer: Address | None = None) -> None:
    """Somebody who is no party of the call dials one of its parties, who answers him like anybody."""
    scene.dial("x", D, Person(to.user, to.number, 2700, 20030), offer=offer).invite(1.0, *extra).ring(1.1).answered(1.4).talk(
        1.5, 2.3
    ).bye(2.6)


def ordinary() -> Scene:
    scene = Scene()
    scene.dial("m", A, B).invite(0).answered(0.3).talk(0.4, 2.4).bye(2.5)
    return scene


HOSTILE = {
    "Replaces": ("Replaces: m;to-tag=called-m;from-tag=caller-m",),
    "Replaces early": ("Replaces: m;to-tag=caller-m;from-tag=called-m;early-only", "Require: replaces"),
    "Call-ID named": ("X-Original-Call-ID: m", "X-Call-ID: m"),
    "Referred-By": (f"Referred-By: <sip:{B.user}@10.0.0.2>",),
}


@pytest.mark.parametrize("lines", HOSTILE.values(), ids=HOSTILE)
@pytest.mark.parametrize("to", [A, B], ids=["caller", "called"])
def test_who_only_names_a_call_is_not_heard_in_it(tmp_path: Path, lines: tuple[str, ...], to: Person) -> None:
    scene = ordinary()
    stranger(scene, *lines, to=to)
    box, told = through(tmp_path, scene)
    assert ties(told) == {}
    assert recordings(told) == ["m", "x"]
    assert heard(box, told, "m").hears(2.0) == (A.hz, B.hz)
    assert heard(box, told, "x").hears(2.0) == (D.hz, 2700)


def test_a_refer_by_somebody_else_and_one_that_is_refused_lead_nowhere(tmp_path: Path) -> None:
    scene = ordinary()
    forged = f"REFER sip:{A.user}@10.0.0.1 SIP/2.0\r\nFrom: <sip:201@10.0.0.2>;tag=called-m\r\nTo: <sip:a@b>;tag=caller-m\r\nCall-ID: m\r\n"
    forged += f"CSeq: 7 REFER\r\nRefer-To: <sip:{D.user}@10.0.0.4>\r\n\r\n"
    scene.put(0.8, D.media, A.media, forged.encode())
    scene.dial("m", A, B).refer(0.81, f"<sip:{C.user}@10.0.0.3>", accepted=False)
    scene.dial("x", Person(A.user, 1, 500, 20010), D).invite(1.0).answered(1.4).talk(1.5, 2.3).bye(2.6)
    scene.dial("y", Person(A.user, 1, 600, 20014), C).invite(1.0).answered(1.4).talk(1.5, 2.3).bye(2.6)
    box, told = through(tmp_path, scene)
    assert (ties(told), recordings(told)) == ({}, ["m", "x", "y"])
    assert heard(box, told, "m").hears(2.0) == (A.hz, B.hz)


def test_who_claims_the_address_of_a_call_is_not_heard_in_it(tmp_path: Path) -> None:
    scene = sent_on()
    scene.dial("x", D, PBX, user=LINE, offer=A.media, answer=relay(4)).invite(0.2).ring(0.3)
    scene.dial("y", PBX, C, shown=FROM_D, offer=A.media).invite(0.25).ring(0.3).answered(0.8).talk(0.9, 1.5, caller=D).bye(1.7)
    box, told = through(tmp_path, scene)
    assert ties(told) == {"leg": ("m", "number"), "y": ("x", "media")}
    assert heard(box, told, "m").hears(1.0) == (A.hz, B.hz)


@pytest.mark.parametrize("lie", [SESSION, "X-Call-ID: m"])
@pytest.mark.parametrize("shown", [WITHHELD, FROM_A, FROM_D], ids=["withheld", "the same number", "his own"])
def test_who_gives_himself_out_for_another_call_through_the_exchange_is_not_heard_in_it(
    tmp_path: Path, lie: str, shown: str
) -> None:
    """He dials the same line while it rings, and the exchange passes his headers on."""
    scene = Scene()
    mine = WITHHELD if shown == WITHHELD else FROM_A
    first = scene.dial("m", A, PBX, user=LINE, shown=mine, answer=relay(0)).invite(0, SESSION)
    liar = scene.dial("x", D, PBX, user=LINE, shown=shown, answer=relay(1)).invite(0.1, lie)
    his = scene.dial("y", PBX, C, shown=shown, offer=relay(2)).invite(0.2, lie).answered(0.5)
    first.answered(0.6).talk(0.7, 1.5, called=B).bye(1.7)
    liar.answered(0.6).talk(0.7, 1.5, called=C).bye(1.71)
    his.talk(0.7, 1.5, caller=D).bye(1.72)
    box, told = through(tmp_path, scene)
    assert ties(told).get("y", ("x", ""))[0] == "x"
    assert heard(box, told, "m").hears(1.0) == (A.hz, B.hz)


NEVER = f'[[lines]]\nnumber = "{LINE}"\nrecord = {{}}\n[[lines]]\nnumber = "201"\nrecord = {{}}\n'


@pytest.mark.parametrize("recorded_lines", [("true", "false"), ("false", "true")], ids=["the leg", "the main call"])
def test_of_a_line_that_is_never_recorded_no_leg_is_recorded(tmp_path: Path, recorded_lines: tuple[str, str]) -> None:
    box, told = through(tmp_path, sent_on(), NEVER.format(*recorded_lines))
    assert ties(told) == {"leg": ("m", "number")}
    assert recordings(told) == []
    assert told["m"][0].not_recorded == "excluded_line"
    assert not list(box.folders.quarantine.glob("*"))


def test_more_legs_than_a_talk_may_have_stay_apart_and_are_counted(tmp_path: Path) -> None:
    scene = Scene()
    m = scene.dial("m", A, PBX, user=LINE, answer=relay(0)).invite(0)
    for number in range(18):
        phone = Person(str(200 + number), 20 + number)
        scene.dial(f"leg{number}", PBX, phone, shown=FROM_A, offer=relay(number + 1)).invite(0.05 + number / 100).cancel(1.0)
    m.cancel(0.9)
    box, told = through(tmp_path, scene)
    assert len(ties(told)) == 16
    assert "legs-many" in weirds(box)
    assert told["m"][0].not_recorded == "not_answered"


KILLED = ["sent on", "direct later", "blind by called", "ring group", "picked up"]


@pytest.mark.parametrize("name", KILLED)
def test_killed_at_any_place_the_next_replay_gives_the_same_ties_and_sound(tmp_path: Path, name: str) -> None:
    file = write_pcap(tmp_path / "a.pcap", TIED[name][0]().frames)
    calm = Box.at(tmp_path / "calm")
    replay(calm, file)
    wanted = sound(outcome(calm))
    step, touch = int(os.environ.get("TIES_STEP", "45")), 5
    while True:
        box = Box.at(tmp_path / str(touch))
        killed = killed_before(touch, partial(replay, box, file), calls=TOUCHES)
        replay(box, file)
        told = outcome(box)
        assert sound(told) == wanted, f"killed before touch {touch}"
        settled(box, told)
        if not killed:
            break
        touch += step


def test_twice_is_once(tmp_path: Path) -> None:
    box, told = through(tmp_path, ring_group())
    with Ledger.open(box.folders.ledger) as ledger:
        rows = ledger.last_row()
    replay(box, tmp_path / "var.pcap")
    with Ledger.open(box.folders.ledger) as ledger:
        assert ledger.last_row() == rows
    assert sound(outcome(box)) == sound(told)
    assert len(all_recordings(box)) == 1
