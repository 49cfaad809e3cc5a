"""Skinny calls give the facts that SIP calls give: who rang, was answered, hung up, and whose speech arrives where."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from appliance.box import Box
from appliance.config import Config
from appliance.ledger import Ledger
from appliance.moments import SECOND
from appliance.records import CallEnded, CallNotRecorded, CallRinging, NotRecorded, Side
from capture import sccp
from capture.dialog import LINGER, TOMBSTONE
from capture.effects import Close, Effect, Emit, Keep, Secrecy, Watch, Weird
from capture.frames import Address
from capture.sccp_codes import END_CALL, FROM_PHONE, CallState, Id
from capture.skinny import MAX_PENDING, Skinny
from capture.tracker import MAX_MEDIA
from tests.bed import skinny as made
from tests.bed.made import CALLED_HZ, CALLER_HZ
from tests.bed.recorded import all_recordings, recorded
from tests.bed.skinny import AUDIO, MANAGER, PHONES, SkinnyCall
from tests.capture.playbook import START, office, tell
from tests.capture.test_recovery import heard, kill_after, outcome, record
from tests.capture.test_render import pitch, samples_of

WATCH = {Side.CALLER: "watch caller 10.0.0.1:24000", Side.CALLED: "watch called 10.0.0.2:26000"}


class Stage:
    """A tracker that hears messages, 20 ms apart, and whose effects are told in words."""

    def __init__(self, told: Config | None = None) -> None:
        self.skinny = Skinny(told or office(), "stage")
        self.now = START
        self.effects: list[Effect] = []

    def hears(
        self, data: bytes, *, phone: int = 0, at: int | None = None, ends: tuple[Address, Address] | None = None
    ) -> list[str]:
        """One message of this phone's connection; what follows."""
        self.now = self.now + SECOND // 50 if at is None else at
        message = sccp.parse(data)
        way = ends or ((PHONES[phone], MANAGER) if message.id in FROM_PHONE else (MANAGER, PHONES[phone]))
        return self.take(self.skinny.receive(message, data, *way, self.now, self.now))

    def plays(self, call: SkinnyCall, *, until: int = 1 << 40) -> list[str]:
        """Everything of a call until so many milliseconds; what follows."""
        return [words for at, phone, _, data in call.script() if at < until for words in self.hears(data, phone=phone)]

    def waits(self, seconds: float) -> list[str]:
        told, end = [], self.now + round(seconds * SECOND)
        while self.now < end:
            self.now = min(end, self.now + SECOND)
            told += self.take(self.skinny.tick(self.now))
        return told

    def take(self, effects: list[Effect]) -> list[str]:
        self.effects += effects
        return [words for effect in effects if (words := tell(effect))]

    def all(self, kind: type[Any]) -> list[Any]:
        things = [effect.record if isinstance(effect, Emit) else effect for effect in self.effects]
        return [thing for thing in things if isinstance(thing, kind)]


@pytest.mark.parametrize("version", [0, 10, 11, 16, 17, 22])
@pytest.mark.parametrize("seen", [(True, True), (True, False), (False, True)])
def test_a_call_is_one_whoever_of_the_two_phones_is_seen(version: int, seen: tuple[bool, bool]) -> None:
    stage = Stage()
    told = stage.plays(SkinnyCall(version=version, seen=seen)) + stage.waits(3)
    assert told[0] == "ringing internal"
    assert sorted(told[1:4]) == sorted(["answered", *WATCH.values()])
    assert told[4:] == ["ended hangup_caller", "close"]
    (ringing,) = stage.all(CallRinging)
    assert (ringing.caller, ringing.called, ringing.start_seen) == ("1001", "1002", True)
    (ended,) = stage.all(CallEnded)
    assert (ended.end_seen, ended.ringing_at is not None, ended.answered_at is not None) == (True, True, True)
    assert all(close.recordable for close in stage.all(Close))


def test_every_message_of_a_call_is_kept_and_nothing_else() -> None:
    stage, call = Stage(), SkinnyCall()
    stage.hears(made.REGISTER)
    stage.plays(call)
    stage.hears(made.KEEP_ALIVE)
    kept = [keep.raw for keep in stage.all(Keep)]
    assert sorted(kept) == sorted(data for *_, data in call.script() if sccp.parse(data).reference)


def test_names_and_numbers_are_those_of_the_phones() -> None:
    stage = Stage()
    stage.plays(SkinnyCall(names=("高橋".encode("cp932"), b""), numbers=("09012345678", "0312345678"), seen=(False, True)))
    (ringing,) = stage.all(CallRinging)
    assert (ringing.caller, ringing.called, ringing.caller_name) == ("09012345678", "0312345678", "高橋")
    assert (ringing.direction, ringing.line) == ("inbound", "0312345678")
    assert "call-manager: 10.0.0.9" in ringing.headers


def test_a_phone_that_is_only_lifted_leaves_nothing() -> None:
    stage = Stage()
    assert stage.hears(made.state(CallState.OFF_HOOK, 5)) == []
    assert stage.hears(made.key(1, 5)) == []
    assert stage.hears(made.state(CallState.ON_HOOK, 5)) == []
    assert stage.waits(100) == []
    assert (stage.effects, stage.skinny._legs) == ([], {})


@pytest.mark.parametrize(
    ("state", "reason"),
    [(CallState.BUSY, "busy"), (CallState.CONGESTION, "failed"), (CallState.INVALID_NUMBER, "not_found"), (None, "cancelled")],
)
def test_a_call_that_nobody_answers_says_why(state: int | None, reason: str) -> None:
    stage = Stage()
    stage.plays(SkinnyCall(seen=(True, False)), until=104)
    if state is not None:
        stage.hears(made.state(state, 71))
    stage.hears(made.state(CallState.ON_HOOK, 71))
    (ended,) = stage.all(CallEnded)
    assert (ended.reason, ended.answered_at) == (reason, None)
    stage.waits(2)
    (close,) = stage.all(Close)
    assert close.reason is NotRecorded.NOT_ANSWERED


def test_whoever_hangs_up_is_named() -> None:
    stage = Stage()
    stage.plays(SkinnyCall(seen=(True, False)), until=1000)
    assert stage.hears(made.soft_key(END_CALL, 71, 17)) == []
    assert stage.hears(made.state(CallState.ON_HOOK, 71, 17)) == ["ended hangup_caller"]
    stage = Stage()
    stage.plays(SkinnyCall(seen=(True, False)), until=1000)
    assert stage.hears(made.state(CallState.ON_HOOK, 71, 17)) == ["ended hangup_called"]


def test_old_hooks_and_answers_without_a_reference_find_their_call() -> None:
    stage = Stage()
    stage.plays(SkinnyCall(version=0, seen=(True, False)), until=911)
    ack = made.message(Id.RECEIVE_ACK, made.numbers(0) + AUDIO[0].host + made.numbers(AUDIO[0].port, 171))
    assert stage.hears(ack) == [WATCH[Side.CALLER]]
    stage.hears(made.message(Id.ON_HOOK, b""))
    assert stage.hears(made.state(CallState.ON_HOOK, 71)) == ["ended hangup_caller"]


def test_a_group_of_phones_that_rings_is_one_call() -> None:
    stage, other = Stage(), Address(bytes([10, 0, 0, 3]), 51003)

    def ring(reference: int) -> bytes:
        return made.info("09012345678", "1002", kind=1, reference=reference, version=17)

    told = stage.hears(made.state(CallState.RING_IN, 5)) + stage.hears(ring(5))
    told += stage.hears(made.state(CallState.RING_IN, 6), ends=(MANAGER, other)) + stage.hears(ring(6), ends=(MANAGER, other))
    told += stage.hears(made.state(CallState.CONNECTED, 6), ends=(MANAGER, other))
    told += stage.hears(made.state(CallState.ON_HOOK, 5))
    assert told == ["ringing inbound", "answered"]
    assert stage.hears(made.state(CallState.ON_HOOK, 6), ends=(MANAGER, other)) == ["ended hangup_caller"]


def test_calls_of_other_numbers_and_managers_are_others() -> None:
    stage = Stage()
    stage.plays(SkinnyCall(seen=(True, False)), until=104)
    stage.hears(made.state(CallState.RING_IN, 80), phone=1)
    assert stage.hears(made.info("1003", "1002", kind=1, reference=80, version=17), phone=1) == ["ringing internal"]


def test_legs_whose_numbers_differ_are_one_once_their_audio_shows_it() -> None:
    stage = Stage()
    told = stage.plays(SkinnyCall(shows=("0312345678", "2002"))) + stage.waits(3)
    assert told.count("answered") == 2
    assert "ended joined" in told
    ends = [record.reason for record in stage.all(CallEnded)]
    assert ends == ["joined", "hangup_caller"]
    first, second = stage.all(Close)
    assert (first.recordable, second.recordable) == (False, True)
    assert first.detail == f"the same talk as call {second.call}"
    watched = {(one.side, str(one.address)) for one in stage.all(Watch) if one.call == second.call}
    assert watched == {(Side.CALLER, "10.0.0.1:24000"), (Side.CALLED, "10.0.0.2:26000")}


def test_a_call_under_way_is_taken_up() -> None:
    stage, call = Stage(), SkinnyCall(seen=(True, False))
    told = [words for at, phone, _, data in call.script() if at > 902 for words in stage.hears(data, phone=phone)]
    assert told[:3] == ["ringing unknown", *WATCH.values()]
    (ringing,) = stage.all(CallRinging)
    assert not ringing.start_seen


def test_hold_and_resume_watch_the_new_addresses() -> None:
    stage = Stage()
    stage.plays(SkinnyCall(), until=1000)
    stage.hears(made.stop(Id.STOP_SENDING, 171, 71, 17))
    stage.hears(made.state(CallState.HOLD, 71, 17))
    stage.hears(made.state(CallState.CONNECTED, 71, 17))
    stage.hears(made.receive(300, made.G722, 71, 17))
    moved = Address(AUDIO[0].host, 24100)
    assert stage.hears(made.receive_ack(moved, 300, 71, 17)) == ["watch caller 10.0.0.1:24100"]
    assert set(stage.all(Watch)[-1].media.encodings) == {9, 101}


def test_a_line_that_is_never_recorded_is_not_watched_whichever_phone_knows_it() -> None:
    told = Config.model_validate({"lines": [{"number": "2002", "record": False}]})
    for call in (SkinnyCall(numbers=("1001", "2002")), SkinnyCall(shows=("", "2002"))):
        stage = Stage(told)
        stage.plays(call)
        stage.waits(3)
        assert not any(close.recordable for close in stage.all(Close))
        assert call.shows == ("", "2002") or not stage.all(Watch)


def test_keys_of_srtp_are_handed_on_and_without_them_nothing_is_watched() -> None:
    stage, key = Stage(), bytes(range(30))
    stage.plays(SkinnyCall(seen=(True, False)), until=903)
    stage.hears(made.receive(171, made.PCMU, 71, 17, key=key))
    assert stage.hears(made.receive_ack(AUDIO[0], 171, 71, 17)) == [WATCH[Side.CALLER]]
    (said,) = stage.all(Secrecy)
    assert (said.side, said.secure, len(said.keys)) == (Side.CALLED, True, 1)
    odd = bytearray(made.send(171, AUDIO[1], made.PCMU, 71, 17, key=key))
    odd[12 + 60] = 4
    assert stage.hears(bytes(odd)) == []


def test_a_phone_that_registers_again_has_no_call_any_more() -> None:
    stage = Stage()
    stage.plays(SkinnyCall(seen=(True, False)), until=1000)
    assert stage.hears(made.REGISTER) == ["ended end_not_seen"]


def test_silence_ends_a_call_and_speech_keeps_it() -> None:
    stage = Stage(office(capture={"idle_minutes": 1}))
    stage.plays(SkinnyCall(seen=(True, False)), until=1000)
    (call,) = stage.skinny.dialogs
    stage.waits(50)
    stage.skinny.heard(call, stage.now, stage.now)
    assert stage.waits(50) == []
    assert stage.waits(20) == ["ended end_not_seen", "close"]
    stage.waits(TOMBSTONE / SECOND + 2)
    assert (stage.skinny.dialogs, stage.skinny._legs, stage.skinny._of, stage.skinny._receiving) == ({}, {}, {}, {})
    assert stage.skinny._parties == {}


def test_the_end_of_a_capture_closes_every_call() -> None:
    stage = Stage()
    stage.plays(SkinnyCall(), until=1000)
    assert stage.take(stage.skinny.finish()) == ["ended end_not_seen", "close"]


def test_what_comes_after_the_end_begins_nothing() -> None:
    stage = Stage()
    stage.plays(SkinnyCall())
    stage.waits(LINGER / SECOND + 1)
    count = len(stage.effects)
    assert stage.hears(made.state(CallState.ON_HOOK, 71, 17)) == []
    assert stage.hears(made.stop(Id.STOP_SENDING, 171, 71, 17)) == []
    assert len(stage.effects) == count


def test_the_tables_have_bounds_that_are_counted() -> None:
    stage = Stage(office(capture={"max_calls": 10}))
    for number in range(1, 60):
        ends = (MANAGER, Address(bytes([10, 0, 1, number]), 51000))
        for data in (
            made.state(CallState.RING_IN, number), made.info(str(number), "2", kind=1, reference=number, version=17),
            *(made.receive(party, made.PCMU, number, 17) for party in range(40)),
        ):  # fmt: skip
            stage.hears(data, ends=ends)
    assert len(stage.skinny.dialogs) == 10
    assert len(stage.skinny._legs) <= 20
    assert len(stage.skinny._parties) <= 20 * 16
    assert {weird.name for weird in stage.all(Weird)} == {"calls-too-many"}


def test_a_call_that_announces_addresses_without_end_is_bounded() -> None:
    stage = Stage()
    stage.plays(SkinnyCall(seen=(True, False)), until=1000)
    for port in range(200):
        stage.hears(made.receive_ack(Address(AUDIO[0].host, 30000 + port), 171, 71, 17))
    assert len(stage.skinny._receiving) <= MAX_MEDIA
    assert {weird.name for weird in stage.all(Weird)} == {"media-addresses-many"}


def test_a_leg_that_never_becomes_a_call_holds_a_bounded_number_of_messages() -> None:
    stage = Stage()
    first = made.state(CallState.OFF_HOOK, 71, 17)
    stage.hears(first)
    for number in range(300):
        stage.hears(made.key(number % 10, 71))
    (leg,) = stage.skinny._legs.values()
    assert len(leg.pending) == MAX_PENDING
    assert leg.pending[0].raw == first


SCRIPTS = [SkinnyCall(), SkinnyCall(shows=("9", "2002"), references=(3, 4)), SkinnyCall(version=0, references=(5, 6))]
LINES = [(phone, data) for call in SCRIPTS for _, phone, _, data in call.script()] + [(0, made.REGISTER)]


@given(st.lists(st.tuples(st.sampled_from(LINES), st.integers(0, 3)), max_size=60), st.booleans())
def test_messages_in_any_order_end_in_calls_that_are_closed_once(script: list[tuple[tuple[int, bytes], int]], wait: bool) -> None:
    stage = Stage()
    for (phone, data), pause in script:
        stage.hears(data, phone=phone)
        if wait:
            stage.waits(pause)
    stage.take(stage.skinny.finish())
    calls = [record.call for record in stage.all(CallRinging)]
    assert len(set(calls)) == len(calls)
    assert (
        sorted(close.call for close in stage.all(Close)) == sorted(record.call for record in stage.all(CallEnded)) == sorted(calls)
    )
    assert {keep.call for keep in stage.all(Keep)} <= set(calls)


# From frames to recordings, and after a kill


@pytest.mark.parametrize("codec", [made.PCMU, made.PCMA, made.G722])
@pytest.mark.parametrize("seen", [(True, True), (False, True)])
def test_a_call_between_two_phones_becomes_one_recording_with_its_sides_right(
    codec: int, seen: tuple[bool, bool], tmp_path: Path
) -> None:
    call = SkinnyCall(codec=codec, seen=seen, talk=1.0)
    box = recorded(tmp_path / "var", frames=call.frames())
    (recording,) = all_recordings(box)
    assert (recording.facts.packets, recording.facts.one_sided) == (2 * call.packets, False)
    rate, samples = samples_of(box, recording)
    assert (pitch(samples[:, 0], rate), pitch(samples[:, 1], rate)) == (CALLER_HZ, CALLED_HZ)


def test_legs_that_are_joined_late_are_one_recording(tmp_path: Path) -> None:
    call = SkinnyCall(shows=("0312345678", "2002"), talk=0.6)
    box = recorded(tmp_path / "var", frames=call.frames())
    (recording,) = all_recordings(box)
    assert recording.facts.packets == 2 * call.packets
    with Ledger.open(box.folders.ledger) as ledger:
        (other,) = [row.record for row in ledger.since(0, (CallNotRecorded,), limit=10)]
    assert isinstance(other, CallNotRecorded)
    assert (other.reason, other.detail) == ("tied", f"call {recording.facts.call}")


@pytest.mark.parametrize("taken", [2, 4, 7])
def test_a_successor_goes_on_and_the_end_is_as_if_nobody_had_died(tmp_path: Path, taken: int) -> None:
    frames = SkinnyCall(talk=0.6).frames()
    record(tmp_path / "calm", frames)
    calm = outcome(Box.at(tmp_path / "calm"))
    kill_after(tmp_path / "var", frames, taken)
    assert len(record(tmp_path / "var", frames)) == 1
    after = outcome(Box.at(tmp_path / "var"))
    assert after.keys() == calm.keys()
    for name, (call, recording, closed) in calm.items():
        assert after[name][0] == call
        assert heard(after[name][1]) == heard(recording)
        assert sorted(after[name][2], key=lambda one: one.segment) == sorted(closed, key=lambda one: one.segment)
