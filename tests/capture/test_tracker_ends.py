"""How calls end or do not: forks, challenges, cancelled and refused calls, deadlines, retransmissions; as playbooks."""

from __future__ import annotations

import pytest

from appliance.records import CallEnded, CallRinging, NotRecorded, Side
from capture.effects import Close, Keep
from capture.tracker import MAX_BRANCHES
from tests.capture.playbook import ANSWER, BACK, CALL, OFFER, WATCH_CALLED, WATCH_CALLER, Call, Stage, answered, office


def test_a_forked_call_lives_while_one_branch_rings() -> None:
    stage = Stage()
    upstream, left, right = "up", "left", "right"
    assert stage.hears(CALL.invite(OFFER, branch=upstream)) == ["ringing inbound", WATCH_CALLER]
    for branch in (left, right):
        assert stage.hears(CALL.invite(OFFER, branch=branch)) == []
    assert stage.hears(CALL.response(180, tag="phone-1", branch=left), by=BACK) == []
    assert stage.hears(CALL.response(180, tag="phone-2", branch=right), by=BACK) == []
    assert stage.hears(CALL.response(486, tag="phone-1", branch=left), by=BACK) == []
    assert stage.hears(CALL.response(200, ANSWER, tag="phone-2", branch=right), by=BACK) == [WATCH_CALLED, "answered"]
    assert stage.hears(CALL.response(200, ANSWER, tag="phone-2", branch=upstream), by=BACK) == []
    assert stage.hears(CALL.request("BYE", sequence=2)) == ["ended hangup_caller"]
    assert stage.last(CallEnded).sip_status == 200
    assert len(stage.all(CallRinging)) == 1


def test_branches_that_are_cancelled_after_the_answer_change_nothing() -> None:
    stage = Stage()
    stage.hears(CALL.invite(OFFER, branch="left"))
    stage.hears(CALL.invite(OFFER, branch="right"))
    stage.hears(CALL.response(200, ANSWER, tag="phone-1", branch="left"), by=BACK)
    assert stage.hears(CALL.request("CANCEL", within=False, branch="right")) == []
    assert stage.hears(CALL.response(487, tag="phone-2", branch="right"), by=BACK) == []
    assert stage.waits(100) == []
    assert stage.hears(CALL.request("BYE", sequence=2)) == ["ended hangup_caller"]
    assert stage.last(CallEnded).sip_status == 200


def test_a_forked_call_fails_with_its_last_branch() -> None:
    stage = Stage()
    for branch in ("up", "left", "right"):
        stage.hears(CALL.invite(OFFER, branch=branch))
    assert stage.hears(CALL.response(486, tag="1", branch="left"), by=BACK) == []
    assert stage.hears(CALL.response(480, tag="2", branch="right"), by=BACK) == []
    assert stage.hears(CALL.response(486, tag="1", branch="up"), by=BACK) == ["ended busy"]


def test_a_call_that_hunts_from_phone_to_phone_rings_on_after_a_cancelled_one() -> None:
    stage = Stage()
    stage.hears(CALL.invite(OFFER, branch="up"))
    stage.hears(CALL.invite(OFFER, branch="first"))
    stage.hears(CALL.response(180, tag="1", branch="first"), by=BACK)
    assert stage.hears(CALL.request("CANCEL", within=False, branch="first")) == []
    assert stage.hears(CALL.invite(OFFER, branch="second")) == []
    assert stage.hears(CALL.response(487, tag="1", branch="first"), by=BACK) == []
    assert stage.waits(60) == []
    assert stage.hears(CALL.response(486, tag="2", branch="second"), by=BACK) == []
    assert stage.hears(CALL.response(486, tag="2", branch="up"), by=BACK) == ["ended busy"]


def test_a_failure_whose_branch_nobody_sent_still_ends_a_call_of_one_branch() -> None:
    stage = Stage()
    stage.hears(CALL.invite(OFFER, branch="mine"))
    assert stage.hears(CALL.response(404, branch="rewritten"), by=BACK) == ["ended not_found"]


def test_branches_have_a_bound() -> None:
    stage = Stage()
    for number in range(3 * MAX_BRANCHES):
        stage.hears(CALL.invite(OFFER, branch=f"b{number}"))
    (dialog,) = stage.tracker.dialogs.values()
    assert len(dialog.branches) <= MAX_BRANCHES
    stage.hears(CALL.response(200, ANSWER), by=BACK)
    for number in range(3 * MAX_BRANCHES):
        stage.hears(CALL.request("INVITE", OFFER, sequence=number + 2, branch=f"refresh{number}"))
    assert not dialog.branches


@pytest.mark.parametrize("status", [401, 407])
def test_a_challenge_is_no_end_and_the_call_stays_one(status: int) -> None:
    stage = Stage()
    assert stage.hears(CALL.invite(OFFER)) == ["ringing inbound", WATCH_CALLER]
    assert stage.hears(CALL.response(status), by=BACK) == []
    assert stage.hears(CALL.request("ACK", within=True)) == []
    assert stage.hears(CALL.invite(OFFER, sequence=2, extra=("Authorization: Digest x",))) == []
    assert stage.hears(CALL.response(180, sequence=2), by=BACK) == []
    assert stage.hears(CALL.response(200, ANSWER, sequence=2), by=BACK) == [WATCH_CALLED, "answered"]
    assert stage.hears(CALL.request("BYE", sequence=3)) == ["ended hangup_caller"]
    assert (stage.last(CallEnded).sip_status, len(stage.all(CallRinging))) == (200, 1)


def test_a_challenge_that_nobody_answers_ends_the_call() -> None:
    stage = Stage()
    stage.hears(CALL.invite(OFFER))
    stage.hears(CALL.response(407), by=BACK)
    assert stage.waits(13) == ["ended unauthorized", "close"]
    assert (stage.last(CallEnded).sip_status, stage.last(CallEnded).end_seen) == (407, True)
    assert stage.last(Close).reason is NotRecorded.NOT_ANSWERED


def test_a_session_interval_too_small_is_tried_again_with_a_longer_one() -> None:
    stage = Stage()
    stage.hears(CALL.invite(OFFER, extra=("Session-Expires: 90",)))
    assert stage.hears(CALL.response(422, extra=("Min-SE: 300",)), by=BACK) == []
    assert stage.hears(CALL.invite(OFFER, sequence=2, extra=("x: 300;refresher=uac",))) == []
    stage.hears(CALL.response(200, ANSWER, sequence=2, extra=("Session-Expires: 300",)), by=BACK)
    assert stage.waits(440) == []
    assert stage.waits(15) == ["ended end_not_seen", "close"]


def test_another_refusal_that_is_not_tried_again_is_not_called_unauthorized() -> None:
    stage = Stage()
    stage.hears(CALL.invite(OFFER))
    stage.hears(CALL.response(420), by=BACK)
    assert stage.waits(13) == ["ended failed", "close"]
    assert stage.last(CallEnded).sip_status == 420


def test_a_caller_who_gives_up() -> None:
    stage = Stage()
    stage.hears(CALL.invite(OFFER))
    stage.hears(CALL.response(180), by=BACK)
    assert stage.hears(CALL.request("CANCEL", within=False)) == []
    assert stage.hears(CALL.response(200, to="CANCEL"), by=BACK) == []
    assert stage.hears(CALL.response(487), by=BACK) == ["ended cancelled"]
    assert stage.hears(CALL.request("ACK")) == []
    assert stage.waits(3) == ["close"]
    assert (stage.last(Close).reason, stage.last(Close).detail) == (NotRecorded.NOT_ANSWERED, "cancelled")


def test_a_cancel_whose_487_was_not_seen() -> None:
    stage = Stage()
    stage.hears(CALL.invite(OFFER))
    stage.hears(CALL.response(180), by=BACK)
    stage.hears(CALL.request("CANCEL", within=False))
    assert stage.waits(31) == []
    assert stage.waits(4) == ["ended cancelled", "close"]
    assert stage.last(CallEnded).end_seen is False


def test_an_answer_that_overtakes_the_cancel_wins() -> None:
    stage = Stage()
    stage.hears(CALL.invite(OFFER))
    stage.hears(CALL.request("CANCEL", within=False))
    assert stage.hears(CALL.response(200, ANSWER), by=BACK) == [WATCH_CALLED, "answered"]
    assert stage.waits(300) == []
    assert stage.hears(CALL.request("BYE", sequence=2)) == ["ended hangup_caller"]


@pytest.mark.parametrize(
    ("status", "reason"),
    [(486, "busy"), (603, "rejected"), (480, "no_answer"), (404, "not_found"), (302, "redirected"), (500, "failed")],
)
def test_a_call_that_is_not_answered(status: int, reason: str) -> None:
    stage = Stage()
    stage.hears(CALL.invite(OFFER))
    assert stage.hears(CALL.response(status), by=BACK) == [f"ended {reason}"]
    assert stage.waits(3) == ["close"]
    over = stage.last(CallEnded)
    assert (over.sip_status, over.answered_at, over.end_seen) == (status, None, True)


def test_an_invite_that_nobody_ever_answers_ends_by_its_deadline() -> None:
    stage = Stage()
    stage.hears(CALL.invite(OFFER))
    heard_at = stage.now
    assert stage.waits(199) == []
    assert stage.waits(4) == ["ended no_response", "close"]
    over = stage.last(CallEnded)
    assert (over.at, over.end_seen, over.sip_status) == (heard_at, False, None)


def test_a_bye_within_an_early_dialog_ends_the_call() -> None:
    stage = Stage()
    stage.hears(CALL.invite(OFFER))
    stage.hears(CALL.response(183, ANSWER), by=BACK)
    assert stage.hears(CALL.request("BYE", sequence=2)) == ["ended hangup_caller"]


@pytest.mark.parametrize("times", [2, 4])
def test_retransmissions_change_nothing(times: int) -> None:
    """A mirror of both directions shows every frame twice, and UDP repeats what is not acknowledged."""
    once, often = Stage(), Stage()
    script = [
        (CALL.invite(OFFER), Side.CALLER), (CALL.response(100), BACK), (CALL.response(183, ANSWER), BACK),
        (CALL.response(200, ANSWER), BACK), (CALL.request("ACK"), Side.CALLER), (CALL.request("BYE", sequence=2), Side.CALLER),
        (CALL.response(200, to="BYE", sequence=2), BACK),
    ]  # fmt: skip
    told = [word for data, side in script for word in once.hears(data, by=side)] + once.waits(3)
    again = [word for data, side in script for _ in range(times) for word in often.hears(data, by=side)] + often.waits(3)
    assert again == told
    assert [often.hears(data, by=side) for data, side in script] == [[]] * len(script)
    assert often.waits(120) == []


def test_retransmissions_after_the_end_are_recognised_and_put_nowhere() -> None:
    stage = Stage()
    answered(stage)
    stage.hears(CALL.request("BYE", sequence=2))
    assert stage.waits(3) == ["close"]
    kept = len(stage.all(Keep))
    assert stage.hears(CALL.request("BYE", sequence=2)) == []
    assert stage.hears(CALL.response(200, ANSWER), by=BACK) == []
    assert len(stage.all(Keep)) == kept
    assert stage.waits(50) == []
    assert stage.hears(CALL.request("BYE", sequence=2)) == ["weird sip-bye-without-call"]


def test_a_call_whose_end_was_not_seen_ends_where_it_was_last_heard() -> None:
    stage = Stage(office(capture={"idle_minutes": 5}))
    answered(stage)
    call = stage.last(CallRinging).call
    stage.waits(200)
    heard_at = stage.now
    stage.tracker.heard(call, heard_at - 7, stage.now)
    assert stage.waits(299) == []
    assert stage.waits(4) == ["ended end_not_seen", "close"]
    over = stage.last(CallEnded)
    assert (over.at, over.end_seen) == (heard_at - 7, False)


def test_a_session_timer_that_nobody_refreshes_ends_a_silent_call_early() -> None:
    stage = Stage()
    stage.hears(CALL.invite(OFFER, extra=("Session-Expires: 1800",)))
    stage.hears(CALL.response(200, ANSWER, extra=("Session-Expires: 300;refresher=uas",)), by=BACK)
    assert stage.waits(400) == []
    assert stage.hears(CALL.request("UPDATE", by=BACK, extra=("Session-Expires: 300",)), by=BACK) == []
    assert stage.waits(440) == []
    assert stage.waits(15) == ["ended end_not_seen", "close"]


def test_an_answer_without_session_timer_means_none() -> None:
    stage = Stage()
    stage.hears(CALL.invite(OFFER, extra=("Session-Expires: 90",)))
    stage.hears(CALL.response(200, ANSWER), by=BACK)
    assert stage.waits(3590) == []


def test_the_capture_is_over_before_the_calls_are() -> None:
    stage = Stage()
    answered(stage)
    ringing = Call(call_id="second", caller_tag="other")
    stage.hears(ringing.invite())
    assert stage.ends() == ["ended end_not_seen", "close", "ended end_not_seen", "close"]
    assert [over.answered_at is None for over in stage.all(CallEnded)] == [False, True]
    assert stage.ends() == []


def test_a_recorder_that_is_stopped_says_so() -> None:
    stage = Stage()
    answered(stage)
    effects = stage.tracker.finish("recorder_stopped", cut=True)
    close = next(effect for effect in effects if isinstance(effect, Close))
    assert (close.cut, close.ended.reason, close.ended.end_seen) == (True, "recorder_stopped", False)


def test_a_proxy_that_tries_the_next_phone_begins_another_call() -> None:
    stage = Stage()
    stage.hears(CALL.invite(branch="first"))
    assert stage.hears(CALL.response(486, tag="1", branch="first"), by=BACK) == ["ended busy"]
    assert stage.hears(CALL.invite(branch="first")) == [], "a retransmission"
    assert stage.hears(CALL.invite(branch="second"))[0].startswith("ringing")
    assert len({record.call for record in stage.all(CallRinging)}) == 2


def test_invites_of_one_call_beyond_the_bound_are_counted() -> None:
    stage = Stage()
    told = [words for number in range(MAX_BRANCHES + 3) for words in stage.hears(CALL.invite(branch=f"b{number}"))]
    assert told.count("weird sip-branches-many") == 3
