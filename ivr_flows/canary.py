"""A call to ourselves every five minutes: through the dialplan into the application, answered, a key pressed and heard. Its path and its
time stand in the heartbeat, for the health page. It rings no telephone: where its way is broken it ends, and that is said.

    near end (originated) ── Local/s@canary ── far end: guards, Stasis(appliance,canary) ── answered ── key 1 ──► heard
"""

from __future__ import annotations

import asyncio
import logging
from dataclasses import dataclass

from appliance import dialplan
from appliance.clock import Clock
from appliance.moments import SECOND
from ivr_flows.ari import AriError, GoneError
from ivr_flows.ari_models.channels import Channel, Channels
from ivr_flows.ari_models.values import Asker

EVERY_S, PATIENCE_S = 300.0, 10.0
NEAR = f"{dialplan.CANARY}-near"
KEY = "1"

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Sung:
    """How a canary call went."""

    path: tuple[str, ...]
    """How far it came: placed dialplan answered key."""
    milliseconds: float
    failed: str = ""

    def detail(self) -> dict[str, str | float]:
        """As the heartbeat tells it."""
        words: dict[str, str | float] = {"canary": "→".join(self.path), "canary_ms": round(self.milliseconds, 1)}
        return {**words, "canary_failed": self.failed} if self.failed else words


class Canary:
    """Sings when it is told to."""

    def __init__(self, asker: Asker, clock: Clock) -> None:
        self._asker, self._clock = asker, clock
        self.channels: set[str] = set()
        self.last: Sung | None = None
        self._steps: asyncio.Queue[str] = asyncio.Queue()
        self._near = asyncio.Event()
        self._far = ""

    def entered(self, channel: str, args: tuple[str, ...]) -> bool:
        """Whether this call is ours."""
        if args[:1] == (NEAR,):
            self.channels.add(channel)
            self._near.set()
            return True
        if args[:1] == (dialplan.CANARY,):
            self.channels.add(channel)
            self._far = channel
            self._steps.put_nowait("dialplan")
            return True
        return False

    def heard(self, channel: str, digit: str) -> None:
        """A key."""
        if channel == self._far and digit == KEY:
            self._steps.put_nowait("key")

    async def sing(self) -> Sung:
        """Call once."""
        self._steps, self._near, self._far = asyncio.Queue(), asyncio.Event(), ""
        begun = self._clock.monotonic()
        path: list[str] = []
        failed = ""
        near: Channel | None = None
        try:
            async with asyncio.timeout(PATIENCE_S):
                near = await Channels(self._asker).originate(
                    endpoint=f"Local/s@{dialplan.CANARY}/n",
                    app=dialplan.APP,
                    app_args=NEAR,
                    caller_id=dialplan.CANARY,
                    timeout=int(PATIENCE_S),
                )
                self.channels.add(near.id)
                path.append("placed")
                path.append(await self._steps.get())
                await Channel(self._asker, self._far).answer()
                path.append("answered")
                await self._near.wait()
                await near.send_dtmf(dtmf=KEY)
                path.append(await self._steps.get())
        except TimeoutError:
            failed = f"nothing within {PATIENCE_S:g} s"
        except AriError as error:
            failed = str(error)
        took = (self._clock.monotonic() - begun) / SECOND * 1000
        await self._tidy(near)
        self.last = Sung(tuple(path), took, failed)
        return self.last

    async def _tidy(self, near: Channel | None) -> None:
        for one in {self._far, near.id if near else ""} - {""}:
            try:
                await Channel(self._asker, one).hangup()
            except GoneError:
                log.debug("%s is gone", one)
            except AriError as error:
                log.warning("the canary's %s stays: %s", one, error)
        self.channels.clear()
