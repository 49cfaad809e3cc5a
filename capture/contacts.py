"""Which telephone number stands behind an address that a registrar calls (RFC 3261 §10.3): a contact may have any name. Pure; bounded.

Only the registrar's own answer to a REGISTER is believed: it names the number (To) and every contact that it calls for it. It counts
for INVITEs of that registrar's host alone, and for the very same URI.
"""

from __future__ import annotations

from capture.frames import Address
from capture.sip import Message, Uri, name_address, uri

MAX_CONTACTS = 20_000
"""Of which the newest are kept."""
MAX_EACH = 16
Contact = tuple[bytes, str, str, int | None]


class Contacts:
    """The contacts of every registrar on the mirror, and for whom they stand."""

    def __init__(self) -> None:
        self._numbers: dict[Contact, str] = {}

    def __len__(self) -> int:
        return len(self._numbers)

    def hear(self, message: Message, source: Address) -> None:
        """An answer to a REGISTER; any other message says nothing."""
        if message.is_request or message.method != "REGISTER" or not 200 <= message.status < 300:
            return
        number = name_address(message.get("to")).uri.user
        for value in message.all("contact")[:MAX_EACH] if number else ():
            key = _key(source.host, name_address(value).uri)
            self._numbers.pop(key, None)
            self._numbers[key] = number
        while len(self._numbers) > MAX_CONTACTS:
            del self._numbers[next(iter(self._numbers))]

    def number(self, registrar: bytes, called: str) -> str:
        """The user who registered this URI at the host that calls it; "" where nobody was seen to."""
        return self._numbers.get(_key(registrar, uri(called)), "")


def _key(registrar: bytes, contact: Uri) -> Contact:
    return registrar, contact.user, contact.host, contact.port
