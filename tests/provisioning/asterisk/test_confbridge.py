"""Conference rooms: a PIN only where one is wanted."""

from __future__ import annotations

from provisioning.asterisk import confbridge
from tests.bed.boxes import section, wiring


def test_a_room_with_a_pin_asks_for_it_and_another_does_not() -> None:
    text = confbridge.render(wiring())
    assert section(text, "guest-801")["pin"] == "4321"
    assert "pin" not in section(text, "guest-800")
    assert section(text, "room-800")["max_members"] == "20"
