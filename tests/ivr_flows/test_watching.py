"""What Asterisk tells over AMI comes into the ledger's queue."""

from __future__ import annotations

import asyncio

from appliance.box import Box
from appliance.clock import SystemClock
from appliance.records import CallEnded, CallRinging
from ivr_flows.ami import Ami
from ivr_flows.watching import watch
from tests.fakes.ami import FakeAmi
from tests.ivr_flows.lobby import Told

CALL = (
    b"Event: Newchannel\r\nChannel: PJSIP/hikari-00000001\r\nUniqueid: 1.1\r\nLinkedid: 1.1\r\nCallerIDNum: 0312340000\r\n"
    b"Exten: 0312345678\r\n\r\nEvent: Hangup\r\nUniqueid: 1.1\r\nLinkedid: 1.1\r\nCause: 16\r\n\r\n"
)


def test_a_call_that_asterisk_tells_of_is_told_on(box: Box) -> None:
    async def conversation() -> None:
        told = Told(box)
        async with asyncio.timeout(20), FakeAmi() as server, Ami(server.access) as manager:
            watching = asyncio.create_task(watch(box, SystemClock(), told, manager))
            await server.was_sent("Login")
            await server.send(CALL)
            while len(told.records) < 2:  # noqa: ASYNC110 - it is looked at from outside
                await asyncio.sleep(0.01)
            watching.cancel()
            await asyncio.gather(watching, return_exceptions=True)
        assert [type(record) for record in told.records] == [CallRinging, CallEnded]

    asyncio.run(conversation())
