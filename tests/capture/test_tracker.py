"""Conversations as playbooks: whatever SIP peers do, one call begins once, ends once, and announces where its audio is received."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from appliance.moments import SECOND
from appliance.records import CallAnswered, CallEnded, CallRinging, NotRecorded, Side
from capture import sip
from capture.dialog import LINGER, State
from capture.effects import Close, Keep, Watch
from capture.tracker import MAX_MEDIA, Tracker
from tests.capture.playbook import (
    ANSWER,
    BACK,
    CALL,
    CALLED,
    CALLER,
    OFFER,
    START,
    WATCH_CALLED,
    WATCH_CALLER,
    Call,
    Stage,
    answered,
    config,
    office,
    sdp,
)


def test_a_plain_call() -> None:
    stage = Stage()
    answered(stage)
    assert stage.waits(60) == []
    assert stage.hears(CALL.request("BYE", sequence=2)) == ["ended hangup_caller"]
    assert stage.hears(CALL.response(200, to="BYE", sequence=2), by=BACK) == []
    assert stage.waits(3) == ["close"]
    rang, over, close = stage.last(CallRinging), stage.last(CallEnded), stage.last(Close)
    assert (rang.caller, rang.called, rang.caller_name, rang.start_seen, rang.via) == (
        "09012345678", "0312345678", "Takahashi", True, "stage",
    )  # fmt: skip
    assert (over.started_at, over.ringing_at, over.answered_at) == (START + 20_000_000, START + 60_000_000, START + 80_000_000)
    assert (over.at, over.sip_status, over.end_seen) == (START + 60 * SECOND + 120_000_000, 200, True)
    assert (close.call, close.ended, close.recordable, close.cut) == (rang.call, over, True, False)
    kept = [keep.raw for keep in stage.all(Keep)]
    assert (kept[0], len(kept)) == (CALL.invite(OFFER), 7)
    assert stage.waits(60) == []
    assert len(stage.tracker) == 0


def test_the_called_party_hangs_up() -> None:
    stage = Stage()
    answered(stage)
    assert stage.hears(CALL.request("BYE", by=BACK), by=BACK) == ["ended hangup_called"]


def test_early_media_with_prack_and_update() -> None:
    stage = Stage()
    early, moved = sdp("203.0.113.5", 7000), sdp("198.51.100.10", 4002)
    assert stage.hears(CALL.invite(OFFER)) == ["ringing inbound", WATCH_CALLER]
    assert stage.hears(CALL.response(183, early), by=BACK) == ["watch called 203.0.113.5:7000"]
    assert stage.hears(CALL.request("PRACK", sequence=2)) == []
    assert stage.hears(CALL.response(200, to="PRACK", sequence=2), by=BACK) == []
    assert stage.hears(CALL.request("UPDATE", moved, sequence=3)) == ["watch caller 198.51.100.10:4002"]
    assert stage.hears(CALL.response(200, ANSWER, to="UPDATE", sequence=3), by=BACK) == [WATCH_CALLED]
    assert stage.hears(CALL.response(200), by=BACK) == ["answered"]


def test_an_update_of_the_called_party_and_its_answer_belong_to_the_right_sides() -> None:
    stage = Stage()
    answered(stage)
    assert stage.hears(CALL.request("UPDATE", sdp("192.0.2.11", 6002), by=BACK), by=BACK) == ["watch called 192.0.2.11:6002"]
    answer = CALL.response(200, sdp("198.51.100.11", 4002), to="UPDATE", by=Side.CALLER)
    assert stage.hears(answer) == ["watch caller 198.51.100.11:4002"]


def test_a_delayed_offer_is_in_the_answer_and_the_ack() -> None:
    stage = Stage()
    assert stage.hears(CALL.invite()) == ["ringing inbound"]
    assert stage.hears(CALL.response(200, ANSWER), by=BACK) == [WATCH_CALLED, "answered"]
    assert stage.hears(CALL.request("ACK", OFFER)) == [WATCH_CALLER]


def test_a_prack_may_carry_a_description() -> None:
    stage = Stage()
    assert stage.hears(CALL.invite()) == ["ringing inbound"]
    assert stage.hears(CALL.response(183, ANSWER), by=BACK) == [WATCH_CALLED]
    assert stage.hears(CALL.request("PRACK", OFFER, sequence=2)) == [WATCH_CALLER]


def test_a_re_invite_that_moves_the_audio() -> None:
    stage = Stage()
    answered(stage)
    assert stage.hears(CALL.request("INVITE", sdp("198.51.100.10", 4444), sequence=2)) == ["watch caller 198.51.100.10:4444"]
    assert stage.hears(CALL.response(200, sdp("192.0.2.10", 6666), sequence=2), by=BACK) == ["watch called 192.0.2.10:6666"]
    assert stage.hears(CALL.request("INVITE", sdp("192.0.2.99", 1234), by=BACK), by=BACK) == ["watch called 192.0.2.99:1234"]
    assert stage.hears(CALL.response(200, OFFER, by=Side.CALLER)) == []
    assert stage.last(CallRinging).call == stage.last(Watch).call


@pytest.mark.parametrize("status", [401, 488, 491, 500])
def test_a_re_invite_that_fails_leaves_the_call_as_it_was(status: int) -> None:
    stage = Stage()
    answered(stage)
    assert stage.hears(CALL.request("INVITE", OFFER, sequence=2)) == []
    assert stage.hears(CALL.response(status, sequence=2), by=BACK) == []
    assert stage.hears(CALL.request("BYE", sequence=3)) == ["ended hangup_caller"]
    assert stage.last(CallEnded).sip_status == 200


def test_a_hold_of_either_form_is_no_new_address() -> None:
    stage = Stage()
    answered(stage)
    assert stage.hears(CALL.request("INVITE", sdp("0.0.0.0", 4000), sequence=2)) == []
    assert stage.hears(CALL.request("INVITE", OFFER, sequence=3)) == []
    assert stage.hears(CALL.request("INVITE", OFFER + "a=sendonly\r\n", sequence=4)) == [WATCH_CALLER]


def test_a_refused_section_and_other_media_are_no_addresses() -> None:
    stage = Stage()
    video = "m=video 5000 RTP/AVP 31\r\n"
    assert stage.hears(CALL.invite(OFFER + video)) == ["ringing inbound", WATCH_CALLER]
    assert stage.hears(CALL.response(200, sdp("192.0.2.10", 0) + video), by=BACK) == ["answered"]


@pytest.mark.parametrize(
    ("message", "side", "told"),
    [
        (CALL.response(200, ANSWER), BACK, [WATCH_CALLED]),
        (CALL.request("ACK", OFFER), Side.CALLER, [WATCH_CALLER]),
        (CALL.request("INVITE", OFFER, sequence=5), Side.CALLER, [WATCH_CALLER]),
        (CALL.request("UPDATE", OFFER, sequence=5), Side.CALLER, [WATCH_CALLER]),
        (CALL.request("INVITE", sequence=5), Side.CALLER, []),
    ],
    ids=["200", "ACK", "re-INVITE", "UPDATE", "re-INVITE without description"],
)
def test_a_call_whose_start_was_not_seen(message: bytes, side: Side, told: list[str]) -> None:
    stage = Stage()
    assert stage.hears(message, by=side) == ["ringing inbound", "answered", *told]
    rang = stage.last(CallRinging)
    assert (rang.start_seen, rang.caller) == (False, "09012345678")
    assert stage.last(CallAnswered).at == rang.at
    assert stage.hears(CALL.request("BYE", sequence=6)) == ["ended hangup_caller"]
    assert stage.last(CallEnded).answered_at == rang.at


def test_a_call_first_seen_ringing_is_not_answered_yet() -> None:
    stage = Stage()
    assert stage.hears(CALL.response(183, ANSWER), by=BACK) == ["ringing inbound", WATCH_CALLED]
    assert stage.hears(CALL.response(200, ANSWER), by=BACK) == ["answered"]


@pytest.mark.parametrize(
    ("message", "side", "told"),
    [
        (CALL.request("BYE"), Side.CALLER, ["weird sip-bye-without-call"]),
        (CALL.response(486), BACK, ["weird sip-response-without-request"]),
        (CALL.request("ACK"), Side.CALLER, []),
        (CALL.response(100), BACK, []),
        (CALL.request("CANCEL", within=False), Side.CALLER, []),
        (CALL.request("REGISTER", within=False), Side.CALLER, []),
        (CALL.response(401, to="REGISTER"), BACK, []),
        (CALL.request("OPTIONS", OFFER, within=False), Side.CALLER, []),
        (CALL.request("INFO", "Signal=1", content="application/dtmf-relay"), Side.CALLER, []),
    ],
)
def test_messages_of_no_call_begin_none(message: bytes, side: Side, told: list[str]) -> None:
    stage = Stage()
    assert stage.hears(message, by=side) == told
    assert len(stage.tracker) == 0
    assert stage.all(Keep) == []


def test_a_message_without_call_id_is_a_weird() -> None:
    assert Stage().hears(CALL.invite(OFFER).replace(b"Call-ID", b"X-ID")) == ["weird sip-no-call-id"]


def test_a_damaged_description_is_a_weird_and_the_call_goes_on() -> None:
    stage = Stage()
    assert stage.hears(CALL.invite("rubbish")) == ["ringing inbound", "weird sdp-damaged"]
    assert stage.hears(CALL.response(200, ANSWER), by=BACK) == [WATCH_CALLED, "answered"]


def test_the_same_call_id_and_tag_after_the_end_is_a_new_call() -> None:
    stage = Stage()
    answered(stage)
    assert stage.hears(CALL.request("BYE", sequence=2)) == ["ended hangup_caller"]
    assert stage.hears(CALL.invite(OFFER, sequence=7)) == ["ringing inbound", WATCH_CALLER]
    assert stage.hears(CALL.request("BYE", sequence=2)) == []
    assert stage.hears(CALL.response(200, ANSWER), by=BACK) == []
    assert stage.hears(CALL.response(200, ANSWER, sequence=7), by=BACK) == [WATCH_CALLED, "answered"]
    assert stage.waits(3) == ["close"]
    assert stage.hears(CALL.request("BYE", by=BACK), by=BACK) == ["ended hangup_called"]
    assert stage.waits(3) == ["close"]
    first, second = (record.call for record in stage.all(CallRinging))
    assert [record.call for record in stage.all(CallEnded)] == [first, second]
    assert first != second


def test_the_invite_of_an_ended_call_sent_again_begins_none() -> None:
    stage = Stage()
    stage.hears(CALL.invite(OFFER))
    stage.hears(CALL.response(486), by=BACK)
    assert stage.hears(CALL.invite(OFFER)) == []
    assert stage.waits(5) == ["close"]
    assert stage.hears(CALL.invite(OFFER)) == []


def test_two_calls_under_one_call_id_are_kept_apart_by_their_tags() -> None:
    """A back-to-back agent may keep the Call-ID and write tags of its own."""
    stage = Stage()
    answered(stage)
    inner = Call(caller_tag="inner", called_tag="phone")
    assert stage.hears(inner.invite(sdp("192.0.2.20", 8000))) == ["ringing inbound", "watch caller 192.0.2.20:8000"]
    assert stage.hears(inner.response(200, sdp("192.0.2.21", 8002)), by=BACK) == ["watch called 192.0.2.21:8002", "answered"]
    assert stage.hears(inner.request("BYE", by=BACK), by=BACK) == ["ended hangup_called"]
    assert stage.hears(CALL.request("BYE", sequence=2)) == ["ended hangup_caller"]


def test_peers_without_tags_are_understood() -> None:
    """RFC 2543 knew none."""
    stage = Stage()
    old = Call(call_id="old")
    invite, answer, bye = (
        data.replace(b";tag=caller", b"").replace(b";tag=called", b"")
        for data in (old.invite(OFFER), old.response(200, ANSWER), old.request("BYE", sequence=2))
    )
    assert stage.hears(invite) == ["ringing inbound", WATCH_CALLER]
    assert stage.hears(answer, by=BACK) == [WATCH_CALLED, "answered"]
    assert stage.hears(bye) == ["ended hangup_caller"]


def test_calls_beyond_the_bound_are_counted_and_not_followed() -> None:
    stage = Stage(office(capture={"max_calls": 10}))
    calls = [Call(call_id=f"call-{number}") for number in range(12)]
    told = [stage.hears(call.invite(OFFER)) for call in calls]
    assert told == [["ringing inbound", WATCH_CALLER]] * 10 + [["weird calls-too-many"]] * 2
    assert stage.hears(calls[11].response(200, ANSWER), by=BACK) == ["weird sip-response-without-request"]
    stage.hears(calls[3].response(486), by=BACK)
    assert stage.hears(calls[10].invite(OFFER)) == ["weird calls-too-many"]
    assert stage.waits(3) == ["close"]
    assert stage.hears(calls[10].invite(OFFER)) == ["ringing inbound", WATCH_CALLER]
    assert len(stage.tracker) == 10


def test_addresses_of_one_call_have_a_bound() -> None:
    stage = Stage()
    answered(stage)
    told = [stage.hears(CALL.request("INVITE", sdp(port=10000 + 2 * n), sequence=n + 2)) for n in range(MAX_MEDIA)]
    assert told[-2:] == [["weird media-addresses-many"]] * 2
    assert sum(word.startswith("watch") for words in told for word in words) == MAX_MEDIA - 2
    assert stage.hears(CALL.request("INVITE", OFFER + "a=sendonly\r\n", sequence=99)) == [WATCH_CALLER]


def test_a_line_that_is_never_recorded_is_never_watched() -> None:
    stage = Stage(config(lines=[{"number": "03-1234-5678", "record": False}]))
    told = stage.hears(CALL.invite(OFFER)) + stage.hears(CALL.response(183, ANSWER), by=BACK)
    told += stage.hears(CALL.request("PRACK", OFFER, sequence=2)) + stage.hears(CALL.response(200, ANSWER), by=BACK)
    told += stage.hears(CALL.request("INVITE", sdp(port=5000), sequence=3)) + stage.hears(CALL.request("BYE", sequence=4))
    assert told + stage.waits(3) == ["ringing inbound", "answered", "ended hangup_caller", "close"]
    assert stage.all(Watch) == []
    close = stage.last(Close)
    assert (close.recordable, close.reason, close.detail) == (False, NotRecorded.EXCLUDED_LINE, "line 03-1234-5678")


def test_srtp_without_keys_in_the_signalling_is_not_watched_and_said() -> None:
    stage = Stage()
    assert stage.hears(CALL.invite(sdp(protocol="RTP/SAVP"))) == ["ringing inbound"]
    assert stage.hears(CALL.response(200, sdp("192.0.2.10", 6000, protocol="RTP/SAVP")), by=BACK) == ["answered"]
    stage.hears(CALL.request("BYE", sequence=2))
    stage.waits(3)
    assert stage.last(Close).reason is NotRecorded.ENCRYPTED


def test_srtp_with_keys_in_the_signalling_is_watched() -> None:
    stage = Stage()
    keys = "a=crypto:1 AES_CM_128_HMAC_SHA1_80 inline:QUJD\r\n"
    assert stage.hears(CALL.invite(sdp(protocol="RTP/SAVP") + keys)) == ["ringing inbound", WATCH_CALLER]
    stage.hears(CALL.response(200, sdp("192.0.2.10", 6000, protocol="RTP/SAVP") + keys), by=BACK)
    stage.hears(CALL.request("BYE", sequence=2))
    stage.waits(3)
    assert (stage.last(Close).recordable, stage.last(Close).reason) == (True, NotRecorded.ENCRYPTED)
    assert stage.last(Close).detail == "SRTP was negotiated, and no packet was seen"


DTLS, SDES = "a=fingerprint:sha-256 AA:BB\r\n", "a=crypto:1 AES_CM_128_HMAC_SHA1_80 inline:QUJD\r\n"


@pytest.mark.parametrize(
    ("keys", "answered", "recordable", "reason"),
    [
        (DTLS, DTLS, False, NotRecorded.ENCRYPTED),
        (DTLS, "", True, NotRecorded.NO_MEDIA),
        (SDES, SDES, True, NotRecorded.ENCRYPTED),
        (SDES, "", True, NotRecorded.NO_MEDIA),
    ],
)
def test_srtp_offered_within_a_plain_profile_counts_only_when_both_sides_keyed_it(
    keys: str, answered: str, recordable: bool, reason: NotRecorded
) -> None:
    stage = Stage()
    assert stage.hears(CALL.invite(OFFER + keys)) == ["ringing inbound", WATCH_CALLER]
    assert stage.hears(CALL.response(200, ANSWER + answered), by=BACK) == [WATCH_CALLED, "answered"]
    stage.hears(CALL.request("BYE", sequence=2))
    stage.waits(3)
    assert (stage.last(Close).recordable, stage.last(Close).reason) == (recordable, reason)


def test_a_plain_section_beside_an_encrypted_one_is_recorded() -> None:
    stage = Stage()
    both = OFFER + "m=audio 4002 RTP/SAVP 0\r\n"
    assert stage.hears(CALL.invite(both)) == ["ringing inbound", WATCH_CALLER]
    assert stage.hears(CALL.response(200, ANSWER), by=BACK) == [WATCH_CALLED, "answered"]
    stage.hears(CALL.request("BYE", sequence=2))
    stage.waits(3)
    assert stage.last(Close).recordable


@pytest.mark.parametrize(
    ("messages", "reason", "detail"),
    [
        ([(CALL.invite(), Side.CALLER), (CALL.response(200), BACK)], NotRecorded.NO_MEDIA, "no audio was described"),
        ([(CALL.request("INVITE", sequence=4), Side.CALLER)], NotRecorded.NO_MEDIA, "the beginning was not seen"),
        ([(CALL.invite(OFFER), Side.CALLER), (CALL.response(200, ANSWER), BACK)], NotRecorded.NO_MEDIA,
         "no packet of the described audio was seen"),
        ([(CALL.invite(OFFER), Side.CALLER)], NotRecorded.NOT_ANSWERED, "hangup_caller"),
    ],
)  # fmt: skip
def test_why_there_is_no_audio_is_said(messages: list[tuple[bytes, Side]], reason: NotRecorded, detail: str) -> None:
    stage = Stage()
    for data, side in messages:
        stage.hears(data, by=side)
    stage.hears(CALL.request("BYE", sequence=9))
    stage.waits(3)
    assert (stage.last(Close).reason, stage.last(Close).detail) == (reason, detail)


def test_compact_and_multipart_messages_are_understood() -> None:
    stage = Stage()
    parts = f"--b\r\nContent-Type: application/isup\r\n\r\nx\r\n--b\r\nContent-Type: application/sdp\r\n\r\n{OFFER}--b--\r\n"
    invite = CALL.invite(parts, content="multipart/mixed;boundary=b")
    for full, short in (
        (b"Call-ID", b"i"),
        (b"From", b"f"),
        (b"To", b"t"),
        (b"Via", b"v"),
        (b"Content-Type", b"c"),
        (b"Content-Length", b"l"),
    ):
        invite = invite.replace(full + b": ", short + b":", 1)
    assert stage.hears(invite) == ["ringing inbound", WATCH_CALLER]
    assert stage.hears(CALL.response(200, ANSWER), by=BACK) == [WATCH_CALLED, "answered"]


def test_the_same_messages_give_the_same_ids_whatever_the_clock_says() -> None:
    def ids(now: int) -> list[str]:
        tracker = Tracker(config(), "x")
        script = [CALL.invite(OFFER), CALL.response(200, ANSWER), CALL.request("BYE", sequence=2)]
        found = [tracker.receive(sip.parse(data), CALLER, CALLED, START + n, now + n) for n, data in enumerate(script)]
        return [repr(effect) for effects in (*found, tracker.tick(now + 2 * LINGER)) for effect in effects]

    assert ids(5) == ids(10**18)


SCRIPT = st.sampled_from([
    *[CALL.invite(body, branch=branch, sequence=n) for body in ("", OFFER) for branch in ("", "x") for n in (1, 2)],
    *[CALL.response(status, body) for status in (100, 180, 183, 200, 401, 422, 486, 487) for body in ("", ANSWER)],
    *[CALL.request(method, by=by, sequence=n) for method in ("ACK", "BYE", "INVITE", "UPDATE") for by in Side for n in (1, 3)],
    CALL.request("CANCEL", within=False), CALL.response(200, to="BYE"), Call(caller_tag="b").invite(OFFER), CALL.invite("rubbish"),
])  # fmt: skip


@settings(max_examples=200)
@given(st.lists(st.one_of(SCRIPT, st.floats(0.1, 300.0)), max_size=25))
def test_whatever_is_said_in_whatever_order_each_call_begins_once_and_ends_once(script: list[bytes | float]) -> None:
    stage = Stage()
    for step in script:
        if isinstance(step, bytes):
            stage.hears(step)
        else:
            stage.waits(step)
    stage.ends()
    began = [record.call for record in stage.all(CallRinging)]
    assert len(set(began)) == len(began)
    assert sorted(record.call for record in stage.all(CallEnded)) == sorted(began)
    assert sorted(close.call for close in stage.all(Close)) == sorted(began)
    assert {record.call for record in stage.all(CallAnswered)} <= set(began)
    assert len({record.call for record in stage.all(CallAnswered)}) == len(stage.all(CallAnswered))
    for over in stage.all(CallEnded):
        moments = [over.started_at, over.ringing_at or 0, over.answered_at or 0]
        assert max(moments) <= over.at
        assert over.reason
    assert not [dialog for dialog in stage.tracker.dialogs.values() if dialog.state is not State.ENDED]
