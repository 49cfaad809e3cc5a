"""Generated from Asterisk's own models (mailboxes.json) by generator.py: operations. Never edited by hand."""

# fmt: off
from __future__ import annotations

from ivr_flows.ari_models import models_mailboxes
from ivr_flows.ari_models.values import Asker, Request, quoted


class Mailboxes:
    """The resource mailboxes."""

    __slots__ = ("asker",)

    def __init__(self, asker: Asker) -> None:
        self.asker = asker

    async def list(self) -> tuple[models_mailboxes.Mailbox, ...]:
        """List all mailboxes."""
        sent = await self.asker.ask(Request(method="GET", path="mailboxes"))
        return tuple(models_mailboxes.Mailbox.read(one) for one in sent)

    async def get(self, mailbox_name: str) -> models_mailboxes.Mailbox:
        """Retrieve the current state of a mailbox."""
        sent = await self.asker.ask(Request(method="GET", path=f"mailboxes/{quoted(mailbox_name)}"))
        return models_mailboxes.Mailbox.read(sent)

    async def update(self, mailbox_name: str, *, old_messages: int, new_messages: int) -> None:
        """Change the state of a mailbox. (Note - implicitly creates the mailbox)."""
        await self.asker.ask(Request(method="PUT", path=f"mailboxes/{quoted(mailbox_name)}",
            query={"oldMessages": old_messages, "newMessages": new_messages}))

    async def delete(self, mailbox_name: str) -> None:
        """Destroy a mailbox."""
        await self.asker.ask(Request(method="DELETE", path=f"mailboxes/{quoted(mailbox_name)}"))
