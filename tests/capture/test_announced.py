"""What the spool says that a call's parties announced is what the recorder knew; damage announces nothing."""

from __future__ import annotations

from pathlib import Path

from capture import blocks
from capture.announced import announced
from capture.blocks import SipBlock
from capture.effects import Close
from capture.engine import Engine
from tests.capture.playbook import ANSWER, CALL, CALLED, CALLER, OFFER, sdp
from tests.capture.scenes import direct_later
from tests.capture.test_recorder import Desk


def test_it_is_what_the_recorder_knew_at_the_end(tmp_path: Path) -> None:
    desk = Desk(tmp_path)
    desk.take(direct_later().frames)
    engine = Engine(desk.config, via="eth1")
    for captured in direct_later().frames:
        engine.frame(captured.link, captured.frame, captured.at, captured.at)
    engine.finish()
    closes = [effect for effect in engine.take_effects() if isinstance(effect, Close)]
    assert len(closes) == 2
    for close in closes:
        assert announced(desk.reel.folder / close.call) == set(close.announced) != set()


def test_what_is_damaged_on_hold_or_no_audio_announces_nothing(tmp_path: Path) -> None:
    said = [
        CALL.invite(OFFER), CALL.response(200, ANSWER)[:40], b"no SIP", CALL.invite("v=x"), CALL.invite(sdp("192.0.2.7", 0)),
        CALL.invite(sdp("192.0.2.8", 7000, kind="video")), CALL.invite(sdp("0.0.0.0", 7002)), CALL.request("BYE"),
    ]  # fmt: skip
    blocks_of = [blocks.sip_message(SipBlock(1, CALLER, CALLED, raw)) for raw in said]
    (tmp_path / "signalling").write_bytes(b"".join(blocks_of))
    assert announced(tmp_path) == {"198.51.100.10:4000"}
