"""Effects are values: they can be compared and kept but not changed, and the core asks for nothing else."""

from __future__ import annotations

from typing import Any, get_args

import pytest

from appliance.ids import CallId
from appliance.records import Side
from capture.effects import Close, Effect, Emit, Exclude, Hush, Keep, KeepReport, Secrecy, Shun, Watch, Weird
from capture.marks import Mark
from tests.capture.playbook import CALLED, CALLER, Call, Stage, office, sdp

CALL = Call()


def conversation() -> list[Effect]:
    """A call in which everything happens."""
    stage = Stage(office(rules=[{"name": "late", "action": "never", "called": ["0355550000"]}]))
    stage.hears(CALL.invite(sdp() + "a=crypto:1 AES_CM_128_HMAC_SHA1_80 inline:QUJD\r\n"))
    stage.hears(CALL.response(183, sdp("192.0.2.10", 6000, protocol="RTP/SAVP")), by=Side.CALLED)
    stage.hears(CALL.response(200, "rubbish"), by=Side.CALLED)
    stage.hears(CALL.request("INVITE", sequence=2, extra=("P-Called-Party-ID: <sip:0355550000@h>",)))
    stage.hears(CALL.request("BYE", sequence=3))
    paused = Hush(CallId("a" * 16), Mark(1, True, 2, "who", "api", "why"))
    stage.effects += [paused, KeepReport(CallId("a" * 16), 1, CALLER, CALLED, b"rtcp")]
    stage.waits(3)
    return stage.effects


def test_the_core_asks_for_every_kind_of_effect_and_for_nothing_else() -> None:
    assert (
        {type(effect) for effect in conversation()}
        == set(get_args(Effect))
        == {Emit, Keep, KeepReport, Watch, Shun, Secrecy, Exclude, Hush, Close, Weird}
    )


def test_the_same_conversation_gives_equal_effects() -> None:
    assert conversation() == conversation()


@pytest.mark.parametrize("kind", get_args(Effect), ids=lambda kind: kind.__name__)
def test_an_effect_cannot_be_changed(kind: type[Any]) -> None:
    effect: Any = next(effect for effect in conversation() if isinstance(effect, kind))
    for name in effect._fields:
        with pytest.raises(AttributeError):
            setattr(effect, name, None)


def test_records_come_before_the_close_of_their_call() -> None:
    kinds = [type(effect) for effect in conversation()]
    assert kinds[-1] is Close
    assert kinds.index(Emit) == 0
