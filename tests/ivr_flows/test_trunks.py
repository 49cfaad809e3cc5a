"""How the lines stand is asked over AMI, and no answer is no trouble of the service (the real one: test_pbx_trunks)."""

from __future__ import annotations

import asyncio

from ivr_flows.ami import Ami
from ivr_flows.trunks import standings
from tests.fakes.ami import FakeAmi

REGISTRATIONS = "  trunk-ntt/sip:192.0.2.1  trunk-ntt  Rejected  (exp. 12s)"


def asked(answer: str) -> dict[str, dict[str, str]]:
    async def ask() -> dict[str, dict[str, str]]:
        async with FakeAmi() as server, Ami(server.access) as ami:
            server.answers["Command"] = answer
            await ami.ready()
            found = await standings(ami)
            server.cut()
            return found

    return asyncio.run(ask())


def test_each_line_of_the_answer_is_read() -> None:
    found = asked(f"Response: Success\r\nActionID: -\r\nOutput: x\r\nOutput: {REGISTRATIONS}\r\n\r\n")
    assert found == {"ntt": {"registration": "Rejected", "contact": "NonQualified"}}


def test_where_asterisk_refuses_nothing_is_known() -> None:
    assert asked("Response: Error\r\nActionID: -\r\nMessage: Permission denied\r\n\r\n") == {}
