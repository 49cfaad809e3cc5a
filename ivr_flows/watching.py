"""Listens to AMI for every call that Asterisk handles, whether a flow had it or not, and lets the ledger know."""

from __future__ import annotations

from appliance.box import Box
from appliance.clock import Clock
from ivr_flows.ami import Ami, AmiError
from ivr_flows.pbx_calls import PbxCalls
from ivr_flows.teller import Teller


async def watch(box: Box, clock: Clock, teller: Teller, manager: Ami) -> None:
    """As long as the task lives; a connection that is lost is begun anew by itself."""
    calls = PbxCalls(box.config)
    async for event in manager.events():
        now = clock.now()
        if calls.asks_call_id(event):
            event["sipcallid"] = await _sip_call_id(manager, str(event["channel"]))
        teller.tell(*calls.take(event, now))


async def _sip_call_id(manager: Ami, channel: str) -> str:
    """By which a call that a mirror port saw too is known as the same one; "" where it cannot be had."""
    try:
        answer = await manager.ask("Getvar", {"Channel": channel, "Variable": "CHANNEL(pjsip,call-id)"})
    except AmiError:
        return ""
    return str(answer.get("value", ""))
