"""Trunks on the real Asterisk: a line that refuses us, one that is silent and one that takes us in are told apart in words."""

from __future__ import annotations

import asyncio
import time
from pathlib import Path

from appliance import trunk_states
from ivr_flows.ami import Ami, AmiAccess
from ivr_flows.trunks import standings
from tests.bed.acts import Act, Party
from tests.bed.namespace import inside
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


async def over_ami(office: Switchboard) -> dict[str, dict[str, str]]:
    """What the service of the flows puts into its heartbeat."""
    async with Ami(AmiAccess(user="appliance", password=office.secrets.ami), events="off") as ami:
        await ami.ready()
        return await standings(ami)


def test_a_line_that_refuses_and_one_that_is_silent_are_told_apart(tmp_path: Path) -> None:
    with Switchboard(tmp_path, TEXT, before=lambda office: office.outside("x", refuses(), calls=False, port=5070)) as office:
        deadline = time.monotonic() + 20
        found: dict[str, trunk_states.Standing] = {}
        while time.monotonic() < deadline and not (
            found and found["refused"].registration == "Rejected" and found["silent"].contact == trunk_states.UNREACHABLE
        ):
            time.sleep(0.3)
            found = trunk_states.read(office.cli("pjsip show registrations"), office.cli("pjsip show contacts"))
        asked = inside(office.lan.names["pbx"], lambda: asyncio.run(over_ami(office)))
        said = {
            line.name: trunk_states.why(line.name, line.host, line.kind, found[line.name]) for line in office.config.phone.trunks
        }
    assert asked == {name: standing.told() for name, standing in found.items()}, "over AMI it is the same"
    assert said["refused"] and "refuses the sign-in" in str(said["refused"][0])
    assert said["silent"] and "does not answer" in str(said["silent"][0])
