"""What renderers share: one name for each thing."""

from __future__ import annotations

from provisioning.asterisk.wiring import goto, outside, permission, trunk
from tests.bed.boxes import wiring


def test_names_and_targets() -> None:
    assert (permission("boss"), outside("boss"), trunk("ntt")) == ("from-boss", "outside-boss", "trunk-ntt")
    assert goto("group:front") == "go-group,front,1"
    assert goto("hangup") == "go-hangup,s,1"


def test_our_own_numbers_are_national() -> None:
    found = wiring()
    assert found.numbers_of_ours()[0] == "0312345670"
    assert found.national("+81-3-1234-5678") == "0312345678"
    assert found.national("5555-6666") == "0355556666"
