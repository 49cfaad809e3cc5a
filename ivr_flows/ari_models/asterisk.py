"""Generated from Asterisk's own models (asterisk.json) by generator.py: operations. Never edited by hand."""

# fmt: off
from __future__ import annotations

from collections.abc import Mapping, Sequence

from ivr_flows.ari_models import models_asterisk
from ivr_flows.ari_models.values import Asker, Request, quoted


class Asterisk:
    """The resource asterisk."""

    __slots__ = ("asker",)

    def __init__(self, asker: Asker) -> None:
        self.asker = asker

    async def get_object(self, config_class: str, object_type: str, id: str) -> tuple[models_asterisk.ConfigTuple, ...]:
        """Retrieve a dynamic configuration object."""
        sent = await self.asker.ask(Request(method="GET",
            path=f"asterisk/config/dynamic/{quoted(config_class)}/{quoted(object_type)}/{quoted(id)}"))
        return tuple(models_asterisk.ConfigTuple.read(one) for one in sent)

    async def update_object(self, config_class: str, object_type: str, id: str, *,
        fields: Sequence[Mapping[str, str]] | None = None) -> tuple[models_asterisk.ConfigTuple, ...]:
        """Create or update a dynamic configuration object."""
        sent = await self.asker.ask(Request(method="PUT",
            path=f"asterisk/config/dynamic/{quoted(config_class)}/{quoted(object_type)}/{quoted(id)}",
            body=None if fields is None else {"fields": fields}))
        return tuple(models_asterisk.ConfigTuple.read(one) for one in sent)

    async def delete_object(self, config_class: str, object_type: str, id: str) -> None:
        """Delete a dynamic configuration object."""
        await self.asker.ask(Request(method="DELETE",
            path=f"asterisk/config/dynamic/{quoted(config_class)}/{quoted(object_type)}/{quoted(id)}"))

    async def get_info(self, *, only: Sequence[str] | None = None) -> models_asterisk.AsteriskInfo:
        """Gets Asterisk system information."""
        sent = await self.asker.ask(Request(method="GET", path="asterisk/info", query={"only": only}))
        return models_asterisk.AsteriskInfo.read(sent)

    async def ping(self) -> models_asterisk.AsteriskPing:
        """Response pong message."""
        sent = await self.asker.ask(Request(method="GET", path="asterisk/ping"))
        return models_asterisk.AsteriskPing.read(sent)

    async def list_modules(self) -> tuple[models_asterisk.Module, ...]:
        """List Asterisk modules."""
        sent = await self.asker.ask(Request(method="GET", path="asterisk/modules"))
        return tuple(models_asterisk.Module.read(one) for one in sent)

    async def get_module(self, module_name: str) -> models_asterisk.Module:
        """Get Asterisk module information."""
        sent = await self.asker.ask(Request(method="GET", path=f"asterisk/modules/{quoted(module_name)}"))
        return models_asterisk.Module.read(sent)

    async def load_module(self, module_name: str) -> None:
        """Load an Asterisk module."""
        await self.asker.ask(Request(method="POST", path=f"asterisk/modules/{quoted(module_name)}"))

    async def unload_module(self, module_name: str) -> None:
        """Unload an Asterisk module."""
        await self.asker.ask(Request(method="DELETE", path=f"asterisk/modules/{quoted(module_name)}"))

    async def reload_module(self, module_name: str) -> None:
        """Reload an Asterisk module."""
        await self.asker.ask(Request(method="PUT", path=f"asterisk/modules/{quoted(module_name)}"))

    async def list_log_channels(self) -> tuple[models_asterisk.LogChannel, ...]:
        """Gets Asterisk log channel information."""
        sent = await self.asker.ask(Request(method="GET", path="asterisk/logging"))
        return tuple(models_asterisk.LogChannel.read(one) for one in sent)

    async def add_log(self, log_channel_name: str, *, configuration: str) -> None:
        """Adds a log channel."""
        await self.asker.ask(Request(method="POST", path=f"asterisk/logging/{quoted(log_channel_name)}",
            query={"configuration": configuration}))

    async def delete_log(self, log_channel_name: str) -> None:
        """Deletes a log channel."""
        await self.asker.ask(Request(method="DELETE", path=f"asterisk/logging/{quoted(log_channel_name)}"))

    async def rotate_log(self, log_channel_name: str) -> None:
        """Rotates a log channel."""
        await self.asker.ask(Request(method="PUT", path=f"asterisk/logging/{quoted(log_channel_name)}/rotate"))

    async def get_global_var(self, *, variable: str) -> models_asterisk.Variable:
        """Get the value of a global variable."""
        sent = await self.asker.ask(Request(method="GET", path="asterisk/variable", query={"variable": variable}))
        return models_asterisk.Variable.read(sent)

    async def set_global_var(self, *, variable: str, value: str | None = None) -> None:
        """Set the value of a global variable."""
        await self.asker.ask(Request(method="POST", path="asterisk/variable", query={"variable": variable, "value": value}))
