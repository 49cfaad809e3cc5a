"""Generated from Asterisk's own models (deviceStates.json) by generator.py: operations. Never edited by hand."""

# fmt: off
from __future__ import annotations

from ivr_flows.ari_models import models_device_states
from ivr_flows.ari_models.values import Asker, Request, quoted


class DeviceStates:
    """The resource deviceStates."""

    __slots__ = ("asker",)

    def __init__(self, asker: Asker) -> None:
        self.asker = asker

    async def list(self) -> tuple[models_device_states.DeviceState, ...]:
        """List all ARI controlled device states."""
        sent = await self.asker.ask(Request(method="GET", path="deviceStates"))
        return tuple(models_device_states.DeviceState.read(one) for one in sent)

    async def get(self, device_name: str) -> models_device_states.DeviceState:
        """Retrieve the current state of a device."""
        sent = await self.asker.ask(Request(method="GET", path=f"deviceStates/{quoted(device_name)}"))
        return models_device_states.DeviceState.read(sent)

    async def update(self, device_name: str, *, device_state: str) -> None:
        """Change the state of a device controlled by ARI. (Note - implicitly creates the device state)."""
        await self.asker.ask(Request(method="PUT", path=f"deviceStates/{quoted(device_name)}",
            query={"deviceState": device_state}))

    async def delete(self, device_name: str) -> None:
        """Destroy a device-state controlled by ARI."""
        await self.asker.ask(Request(method="DELETE", path=f"deviceStates/{quoted(device_name)}"))
