"""Trunks on the real Asterisk: a line that refuses us, one that is silent and one that takes us in are told apart in words."""

from __future__ import annotations

import time
from pathlib import Path

from appliance import trunk_states
from tests.bed.acts import Act, Party
from tests.bed.switchboard import Switchboard

TEXT = """
[phone]
enabled = true
language = "en"
[[phone.music]]
name = "default"
folder = "/mnt/music"
[[phone.extensions]]
number = "201"
[[phone.trunks]]
name = "refused"
kind = "registration"
host = "10.0.0.1"
port = 5070
user = "0312345678"
[[phone.trunks]]
name = "silent"
kind = "hikari"
host = "10.0.0.99"
user = "3"
[phone.network]
qualify_seconds = 1
"""


class refuses(Act):  # noqa: N801 - acts read as words
    """Answers a registration with 403."""

    def xml(self, me: Party, calls: bool) -> str:
        return (
            '<recv request="REGISTER"/><send><![CDATA[\n\nSIP/2.0 403 Forbidden\n[last_Via:]\n[last_From:]\n[last_To:];tag=x[call_number]\n'
            "[last_Call-ID:]\n[last_CSeq:]\nContent-Length: 0\n\n]]></send>"
        )


def test_a_line_that_refuses_and_one_that_is_silent_are_told_apart(tmp_path: Path) -> None:
    with Switchboard(tmp_path, TEXT, before=lambda office: office.outside("x", refuses(), calls=False, port=5070)) as office:
        deadline = time.monotonic() + 20
        found: dict[str, trunk_states.Standing] = {}
        while time.monotonic() < deadline and not (
            found and found["refused"].registration == "Rejected" and found["silent"].contact == trunk_states.UNREACHABLE
        ):
            time.sleep(0.3)
            found = trunk_states.read(office.cli("pjsip show registrations"), office.cli("pjsip show contacts"))
        said = {
            line.name: trunk_states.why(line.name, line.host, line.kind, found[line.name]) for line in office.config.phone.trunks
        }
    assert said["refused"] and "refuses the sign-in" in str(said["refused"][0])
    assert said["silent"] and "does not answer" in str(said["silent"][0])
