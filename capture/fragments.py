"""IP fragments put together again, IPv4 and IPv6 (RFC 791 §3.2, RFC 8200 §4.5). Pure, bounded.

A mirror loses frames, so an incomplete datagram is forgotten after 30 s, and the oldest one when the table is full. Where two
fragments overlap the first one stands: RFC 5722 drops such datagrams, but a recorder rather keeps what arrived first.
"""

from __future__ import annotations

from appliance.moments import SECOND

Key = tuple[bytes, bytes, int, int]
"""Source, destination, protocol, identification."""

TIMEOUT = 30 * SECOND
TWICE = SECOND // 2
MAX_DATAGRAMS = 1024
MAX_BYTES = 65535


class _Partial:
    __slots__ = ("born", "data", "missing", "total")

    def __init__(self, born: int) -> None:
        self.born = born
        self.data = bytearray()
        self.missing = bytearray()
        """1 for each byte that no fragment has brought yet."""
        self.total: int | None = None

    def put(self, place: int, payload: bytes) -> None:
        """Take of these bytes what no earlier fragment brought."""
        end = place + len(payload)
        grown = max(0, end - len(self.data))
        self.data += bytes(grown)
        self.missing += b"\x01" * grown
        if not self.missing.count(0, place, end):
            self.data[place:end] = payload
        elif self.missing.count(1, place, end):
            for byte, here in zip(payload, range(place, end), strict=True):
                if self.missing[here]:
                    self.data[here] = byte
        self.missing[place:end] = bytes(len(payload))

    def whole(self) -> bytes | None:
        """The payload, once no byte of it is missing."""
        if self.total is None or len(self.data) < self.total or self.missing.count(1, 0, self.total):
            return None
        return bytes(self.data[: self.total])


class Fragments:
    """Datagrams of which pieces have arrived."""

    def __init__(self) -> None:
        self._partial: dict[Key, _Partial] = {}
        self._done: dict[Key, int] = {}
        """Datagrams that were whole a moment ago, so that a mirror that shows every frame twice does not begin them again."""
        self.forgotten = 0
        """Datagrams given up: too old, too many or too long."""

    def add(self, key: Key, place: int, payload: bytes, now: int, *, more: bool) -> bytes | None:
        """One fragment at byte `place`; the whole payload once its last gap is filled."""
        self._forget(now)
        if key in self._done:
            return None
        partial = self._partial.setdefault(key, _Partial(now))
        if place + len(payload) > MAX_BYTES:
            del self._partial[key]
            self.forgotten += 1
            return None
        partial.put(place, payload)
        if not more and partial.total is None:
            partial.total = place + len(payload)
        whole = partial.whole()
        if whole is not None:
            del self._partial[key]
            self._done[key] = now
        return whole

    def __len__(self) -> int:
        return len(self._partial)

    def _forget(self, now: int) -> None:
        """Dictionaries keep the order of arrival, so the oldest is first."""
        while self._done:
            key, at = next(iter(self._done.items()))
            if now - at <= TWICE and len(self._done) <= MAX_DATAGRAMS:
                break
            del self._done[key]
        while self._partial:
            key, oldest = next(iter(self._partial.items()))
            if now - oldest.born <= TIMEOUT and len(self._partial) < MAX_DATAGRAMS:
                return
            del self._partial[key]
            self.forgotten += 1
