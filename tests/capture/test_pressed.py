"""A key in a SIP request's body is read in the forms that telephones write."""

from __future__ import annotations

import pytest

from capture import sip
from capture.pressed import key_of
from tests.capture.playbook import CALL


@pytest.mark.parametrize(
    ("content", "body", "key"),
    [
        ("application/dtmf-relay", "Signal=5\r\nDuration=160\r\n", "5"), ("application/dtmf-relay", "signal = *\r\n", "*"),
        ("application/dtmf-relay", "Signal=11\r\n", "#"), ("application/dtmf-relay", "Signal=16\r\n", ""),
        ("application/dtmf", "7", "7"), ("application/dtmf", " d ", "D"), ("application/dtmf", "77777", ""), ("text/plain", "7", ""),
    ],
)  # fmt: skip
def test_a_key_is_read_as_telephones_write_it(content: str, body: str, key: str) -> None:
    assert key_of(sip.parse(CALL.request("INFO", body, sequence=2, content=content))) == key
