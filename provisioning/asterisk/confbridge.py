"""`confbridge.conf`: conference rooms. Pure."""

from __future__ import annotations

from collections.abc import Iterator

from appliance.phone_settings import Conference
from provisioning.asterisk import lines
from provisioning.asterisk.lines import section
from provisioning.asterisk.wiring import Wiring


def render(wiring: Wiring) -> str:
    """The file."""
    menu = section(
        "room-menu",
        [("type", "menu"), ("*1", "toggle_mute"), ("*4", "decrease_listening_volume"), ("*6", "increase_listening_volume"),
         ("*8", "leave_conference")],
    )  # fmt: skip
    return lines.file(section("general", []), menu, *(part for room in wiring.phone.conferences for part in _room(wiring, room)))


def _room(wiring: Wiring, room: Conference) -> Iterator[str]:
    yield section(f"room-{room.number}", [("type", "bridge"), ("max_members", room.most), ("language", wiring.phone.language)])
    pin = wiring.secrets.conferences.get(room.number, "")
    yield section(
        f"guest-{room.number}",
        [
            ("type", "user"), ("announce_join_leave", room.announce), ("quiet", room.quiet), ("music_on_hold_when_empty", True),
            ("dsp_drop_silence", True), ("pin", pin if room.pin else ""),
        ],
    )  # fmt: skip
