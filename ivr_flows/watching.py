"""Listens to AMI for every call that Asterisk handles, whether a flow had it or not, and lets the ledger know."""

from __future__ import annotations

from appliance.box import Box
from appliance.clock import Clock
from ivr_flows.ami import Ami
from ivr_flows.pbx_calls import PbxCalls
from ivr_flows.teller import Teller


async def watch(box: Box, clock: Clock, teller: Teller, manager: Ami) -> None:
    """As long as the task lives; a connection that is lost is begun anew by itself."""
    calls = PbxCalls(box.config)
    async for event in manager.events():
        teller.tell(*calls.take(event, clock.now()))
