"""What was foretold of a call is what is told of it, once; an INVITE that never has its turn is not lost."""

from __future__ import annotations

from appliance.moments import MILLISECOND, SECOND
from appliance.records import CallRinging, Side
from capture.effects import Emit, Keep
from capture.foretold import MOST, PATIENCE, Foretold, Invite
from capture.frames import Address
from capture.sip import parse
from tests.capture.playbook import ANSWER, CALL, CALLED, CALLER, OFFER, frame, office
from tests.capture.rig import HANG_UP, Rig, carried, opened, talk

INVITE = carried(CALL.invite(OFFER))
AHEAD = 15 * MILLISECOND


def foretold(rig: Rig, data: bytes = INVITE) -> CallRinging | None:
    """What is said of this frame, a moment after the rig's clock."""
    return rig.engine.foretell(data, rig.at + AHEAD, rig.at + AHEAD)


def begun(rig: Rig) -> list[CallRinging]:
    return [effect.record for effect in rig.take().effects if isinstance(effect, Emit) and isinstance(effect.record, CallRinging)]


def test_what_is_foretold_is_what_would_be_told_and_is_not_told_again() -> None:
    rig, other = Rig(), Rig()
    told = foretold(rig)
    assert rig.take().effects == [], "nothing else follows from it"
    rig.feed(*opened(), *talk(5), *HANG_UP).wait(3)
    other.at += AHEAD - SECOND // 50
    other.feed(INVITE)
    assert begun(other) == [told]
    assert rig.words == ["answered", "ended hangup_caller", "close"]
    assert len(rig.packets(Side.CALLER)) == 5


def test_the_first_message_on_the_spool_has_the_moment_that_the_calls_id_holds() -> None:
    rig = Rig()
    told = foretold(rig)
    assert told is not None
    rig.feed(*opened())
    first = next(effect for effect in rig.take().effects if isinstance(effect, Keep))
    assert (first.call, first.at) == (told.call, told.at)


def test_it_is_said_once_and_only_of_a_call_that_begins() -> None:
    rig = Rig()
    assert foretold(rig) is not None
    assert foretold(rig) is None
    rig.feed(*opened())
    assert foretold(rig) is None, "a retransmission"
    again = CALL.invite(OFFER).replace(b"To: ", b"To: <sip:x@y>;tag=z\r\nX: ", 1)
    assert foretold(rig, carried(again)) is None
    for other in (b"", INVITE[:60], carried(CALL.request("ACK")), frame(CALLER, CALLED, b"INVITE nothing")):
        assert foretold(rig, other) is None


def test_an_invite_that_never_has_its_turn_begins_its_call_all_the_same() -> None:
    rig = Rig()
    told = foretold(rig)
    rig.wait(PATIENCE // SECOND + 1)
    assert told is not None
    assert [effect.call for effect in rig.effects if isinstance(effect, Keep)] == [told.call]
    rig.feed(*opened()[1:], *HANG_UP).wait(3)
    assert rig.words == ["answered", "ended hangup_caller", "close"]


def test_an_answer_without_its_invite_belongs_to_the_call_that_was_foretold() -> None:
    rig = Rig()
    told = foretold(rig)
    rig.feed(carried(CALL.response(200, ANSWER), by=Side.CALLED), *HANG_UP).wait(5)
    assert told is not None
    assert {effect.call for effect in rig.effects if isinstance(effect, Keep)} == {told.call}


def test_a_box_that_is_full_foretells_nothing() -> None:
    rig = Rig(office(capture={"max_calls": 10}))
    others = [carried(CALL.invite(OFFER).replace(b"Call-ID: ", b"Call-ID: other%d" % number, 1)) for number in range(12)]
    assert [foretold(rig, other) is not None for other in others] == [True] * 10 + [False] * 2


def test_it_is_bounded_and_known_by_call_and_tag() -> None:
    waiting = Foretold()
    ends = Address(bytes(4), 1), Address(bytes(4), 2)
    message = parse(CALL.invite(OFFER))
    assert all(waiting.add(str(number), Invite(message, *ends, number, number)) for number in range(MOST))
    assert not waiting.add("more", Invite(message, *ends, 1, 1))
    assert not waiting.add("5", Invite(message, *ends, 1, 1))
    assert (waiting.began(message.call_id, "5"), waiting.began(message.call_id, "5")) == (5, None)
    assert len(waiting) == MOST - 1
    assert [invite.now for invite in waiting.overdue(PATIENCE + 1)] == [0, 1]
