"""Every code that a page may meet has a word for people, in English and in Japanese."""

from __future__ import annotations

import pytest

from appliance.erasure import ERASED
from appliance.health.checks import Severity
from appliance.numbers import CallerReason
from appliance.records import Direction, NotRecorded, Side
from appliance.web import i18n, labels
from capture.dialog import end_reason
from capture.sip import parse

TABLES = {name: table for name, table in vars(labels).items() if name.isupper() and isinstance(table, dict)}
CODES = [(name, code) for name, table in TABLES.items() for code in table]
UNSEEN_ENDS = {"unauthorized", "recorder_stopped", "end_not_seen", "cancelled", "no_response", "silence", "claimed", "joined"}
"""How a call ends without a message that says so."""


def seen_ends() -> set[str]:
    """How a call may end by a message: a BYE of either side, or any final response."""
    bye = parse(b"BYE sip:a@b SIP/2.0\r\nCSeq: 2 BYE\r\n\r\n")
    failures = [parse(b"SIP/2.0 %d X\r\nCSeq: 1 INVITE\r\n\r\n" % status) for status in range(300, 700)]
    hung_up = {end_reason(bye, side, cancelled=False) for side in Side}
    return hung_up | {end_reason(failure, Side.CALLED, cancelled=gave_up) for failure in failures for gave_up in (True, False)}


def test_every_direction_reason_and_severity_has_a_word_and_no_word_is_left_over() -> None:
    assert set(labels.DIRECTION) == set(Direction)
    assert set(labels.REASON) == {*CallerReason, ERASED}
    assert set(labels.NOT_RECORDED) == set(NotRecorded)
    assert set(labels.SEVERITY) == set(Severity)
    assert set(labels.STATE) == {"ringing", "answered", "ended"}


def test_every_end_of_a_call_has_a_word() -> None:
    assert set(labels.END) == seen_ends() | UNSEEN_ENDS


@pytest.mark.parametrize(("table", "code"), CODES)
def test_a_word_is_said_in_japanese_too(table: str, code: str) -> None:
    english = TABLES[table][code]
    assert english
    assert i18n.catalogue("ja").gettext(english) != english


@pytest.mark.parametrize("table", list(TABLES))
def test_no_two_codes_of_a_kind_share_a_word(table: str) -> None:
    japanese = [i18n.catalogue("ja").gettext(word) for word in TABLES[table].values()]
    assert len(set(TABLES[table].values())) == len(set(japanese)) == len(TABLES[table])
