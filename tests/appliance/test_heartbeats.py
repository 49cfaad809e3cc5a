"""A heartbeat says what the box has, signed; from several of them the other side sees silence, a box that went back, and twins. F40."""

from __future__ import annotations

from dataclasses import replace

import pytest

from appliance import heartbeats, keys, manifest
from appliance.box import Box
from appliance.heartbeats import Beat, judge
from appliance.ledger import Ledger
from appliance.moments import SECOND
from appliance.records import IssueOpened
from tests.fakes import facts
from tests.fakes.clock import START

HOUR = 3600 * SECOND


def beat(hour: float, size: int = 0, head: str = "", **changes: str) -> Beat:
    return Beat(START + round(hour * HOUR), size, head or f"{size}", 0, 0, "0.1.0", "box", "key")._replace(**changes)  # type: ignore[arg-type]


def test_it_says_how_much_there_is_and_what_waits(box: Box, ledger: Ledger) -> None:
    key = keys.signing_key(box.folders.keys)
    empty = heartbeats.read(heartbeats.sign(box, ledger, key, START), key.public)
    assert (empty.size, empty.head, empty.waiting, empty.issues) == (0, manifest.FIRST, 0, 0)
    ledger.append(
        facts.ringing(), facts.ready(), replace(facts.ready(), recording="r" * 16, call="c" * 16, sequence=2, chain="ee" * 32)
    )
    ledger.append(IssueOpened(at=START, check="disk", severity="error", what="full", mend="make room"))
    full = heartbeats.read(heartbeats.sign(box, ledger, key, START + 1))
    assert (full.at, full.size, full.head, full.issues, full.serial) == (START + 1, 2, "ee" * 32, 1, "box")


def test_no_name_and_no_number_is_in_it(box: Box, ledger: Ledger) -> None:
    ledger.append(facts.ringing(caller_name="HANAKO"), facts.ended(), facts.ready())
    document = heartbeats.sign(box, ledger, keys.signing_key(box.folders.keys), START)
    assert not [word for word in (b"HANAKO", b"0312345678", b"9876", facts.CALL.encode()) if word in document]


def test_what_is_no_heartbeat_is_told(box: Box) -> None:
    key = keys.signing_key(box.folders.keys)
    for told in ({}, {"signed_at": "soon"}):
        with pytest.raises(manifest.ManifestError, match="no heartbeat"):
            heartbeats.read(manifest.sign(told, key, heartbeats.KIND).encode())


def test_f40_a_box_that_fell_silent_is_missed() -> None:
    heard = [beat(0, 1), beat(1, 2)]
    assert list(judge(heard, START + 3 * HOUR, 3)) == []
    assert list(judge(heard, START + 5 * HOUR, 3)) == ["has been silent for 4.0 hours (last heard 2026-09-21T15:13Z)"]
    assert list(judge([], START, 3)) == ["has never been heard of"]


def test_f25_an_old_image_is_seen_by_its_shorter_chain() -> None:
    (told,) = judge([beat(0, 10), beat(1, 12), beat(2, 7), beat(3, 8)], START + 3 * HOUR, 3)
    assert "went back from 12 recordings to 7" in told and "site.epoch" in told


def test_f24_two_boxes_with_one_identity_are_seen_by_their_keys_or_by_their_chains() -> None:
    assert "two boxes" in next(judge([beat(0, 1), beat(1, 2, public_key="other")], START + HOUR, 3))
    assert "two boxes" in next(judge([beat(0, 1), beat(1, 1, "other")], START + HOUR, 3))


def test_one_box_that_grows_and_rests_is_content() -> None:
    assert list(judge([beat(hour, hour // 3) for hour in range(48)], START + 48 * HOUR, 3)) == []
