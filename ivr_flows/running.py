"""The service `appliance ivr run`: the application of the flows in Asterisk, and what the box hears of every call there.

One event loop; the ledger has a thread of its own (`teller.py`). What fails unexpectedly in a call is that call's alone; what fails
elsewhere ends the process: systemd starts it again, and meanwhile the dialplan rings the office. The watchdog is patted by the loop
itself, so that a loop that hangs is killed.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging

from appliance import phone_secrets
from appliance.box import Box
from appliance.clock import Clock, SystemClock
from appliance.dialplan import APP
from appliance.service import Service, sd_notify
from ivr_flows.ami import Ami, AmiAccess, AmiError
from ivr_flows.ari import Access, AriError, connections
from ivr_flows.canary import EVERY_S
from ivr_flows.desk_states import states
from ivr_flows.keepsakes import Keepsakes
from ivr_flows.reception import Reception
from ivr_flows.teller import Teller
from ivr_flows.trunks import standings
from ivr_flows.watching import watch

NAME = "ivr"
USER = "appliance"
ROUND_S = 1.0
FIRST_CANARY_S = 5.0

log = logging.getLogger(__name__)


def run(box: Box, clock: Clock | None = None, ari_port: int = 8088, ami_port: int = 5038, canary_s: float = EVERY_S) -> int:
    """Serve until SIGTERM or SIGINT; returns the exit code. Raises CouldNotError where a secret is missing."""
    access = Access(port=ari_port, user=USER, password=phone_secrets.read(box.folders.keys, phone_secrets.ARI), app=APP)
    manager = AmiAccess(port=ami_port, user=USER, password=phone_secrets.read(box.folders.keys, phone_secrets.AMI))
    service = Service(NAME, box.folders, clock or SystemClock())
    teller = Teller(box.folders)
    teller.start()
    try:
        return asyncio.run(_serve(box, service, teller, access, manager, canary_s))
    finally:
        service.bell.close()
        teller.close()


async def _serve(box: Box, service: Service, teller: Teller, access: Access, manager: AmiAccess, canary_s: float) -> int:
    async with Ami(manager, events="call") as ami:
        return await _work(box, service, teller, access, ami, canary_s)


async def _work(box: Box, service: Service, teller: Teller, access: Access, ami: Ami, canary_s: float) -> int:
    stopped = asyncio.Event()
    asyncio.get_running_loop().add_reader(service.stop.fileno(), stopped.set)

    async def lease(channel: str, seconds: int) -> None:
        if ami.up:
            with contextlib.suppress(AmiError):  # it has just gone, or AMI has: the lease that it has holds
                await ami.ask("AbsoluteTimeout", {"Channel": channel, "Timeout": str(seconds)})

    reception = Reception(box, service.clock, teller, Keepsakes(box, service.clock), lease)
    work = [
        asyncio.create_task(_keep(reception, access), name="connection"),
        asyncio.create_task(_pulse(service, reception, teller, ami), name="pulse"),
        *([asyncio.create_task(_sing(reception, canary_s), name="canary")] if canary_s else []),
        asyncio.create_task(watch(box, service.clock, teller, ami), name="watch"),
    ]
    sd_notify("READY=1")
    log.info("%s is ready", NAME)
    waiting = asyncio.create_task(stopped.wait())
    done, _ = await asyncio.wait([*work, waiting], return_when=asyncio.FIRST_COMPLETED)
    sd_notify("STOPPING=1")
    await reception.hand_over()
    failed = [task for task in done if task is not waiting]
    for task in failed:
        log.critical(
            "%s has failed; the service begins anew", task.get_name(), exc_info=None if task.cancelled() else task.exception()
        )
    for task in (*work, waiting):
        task.cancel()
        if task not in failed:
            with contextlib.suppress(asyncio.CancelledError):
                await task
    teller.beat(service.heartbeat("stopped" if not failed else "failing: it begins anew"))
    log.info("%s has stopped", NAME)
    return 1 if failed else 0


async def _keep(reception: Reception, access: Access) -> None:
    async for connection in connections(access):
        await reception.serve(connection)


async def _pulse(service: Service, reception: Reception, teller: Teller, ami: Ami) -> None:
    """The watchdog each second, the heartbeat when it is due."""
    while True:
        sung = reception.canary.last
        service.detail = {
            "calls": len(reception.calls), "taken": reception.taken, "facts_waiting": teller.waiting, **(sung.detail() if sung else {}),
        }  # fmt: skip
        if service.beat_is_due():
            service.detail |= {"trunks": await standings(ami), **await states(ami)}
            teller.beat(service.heartbeat("ok" if reception.working else "failing: Asterisk cannot be reached over ARI"))
        await asyncio.sleep(ROUND_S)


async def _sing(reception: Reception, every: float) -> None:
    await asyncio.sleep(min(FIRST_CANARY_S, every))
    while True:
        await reception.connected()
        with contextlib.suppress(AriError):
            sung = await reception.canary.sing()
            if sung.failed:
                log.error("the canary call came as far as %s: %s", "→".join(sung.path) or "nowhere", sung.failed)
        await asyncio.sleep(every)
