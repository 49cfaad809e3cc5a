"""Registered telephones, forwards, do-not-disturb and switches are read from what Asterisk's console says."""

from __future__ import annotations

import asyncio

from ivr_flows.ami import Ami
from ivr_flows.desk_states import read, states
from tests.fakes.ami import FakeAmi

CONTACTS = """
  Contact:  <Aor/ContactUri..............................> <Hash....> <Status> <RTT(ms)..>
  Contact:  201/sip:201@192.168.1.31:5060;x=1             4f8a1c0f2e Avail         3.512
  Contact:  202/sip:202@192.168.1.32:5060                 4f8a1c0f2f Unavail         nan
  Contact:  trunk-main/sip:192.168.1.1                    4f8a1c0f30 Avail         1.000
"""
ENTRIES = """
/forward/202                                      : 09011112222
/quiet/201                                        : 1
/quiet/203                                        : 0
/appliance-switch/night                           : 1
/appliance-switch/noon                            : 0
5 results found.
"""


def test_each_line_of_the_answers_is_read() -> None:
    assert read(CONTACTS, ENTRIES) == {
        "desks": {"201": {"at": "192.168.1.31:5060", "quiet": "1"}, "202": {"forward": "09011112222"}},
        "switches": {"night": {"on": "1"}},
    }


def test_where_asterisk_refuses_nothing_is_known() -> None:
    async def ask() -> object:
        async with FakeAmi() as server, Ami(server.access) as ami:
            server.answers["Command"] = "Response: Error\r\nActionID: -\r\nMessage: Permission denied\r\n\r\n"
            await ami.ready()
            found = await states(ami)
            server.cut()
            return found

    assert asyncio.run(ask()) == {}
