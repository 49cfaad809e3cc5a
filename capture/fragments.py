"""IP fragments put together again, IPv4 and IPv6 (RFC 791 §3.2, RFC 8200 §4.5). Pure, bounded.

A mirror loses frames, so an incomplete datagram is forgotten after 30 s, and the oldest one when the table is full. Where two
fragments overlap the first one stands: RFC 5722 drops such datagrams, but a recorder rather keeps what arrived first.
"""

from __future__ import annotations

from appliance.moments import SECOND

Key = tuple[bytes, bytes, int, int]
"""Source, destination, protocol, identification."""

TIMEOUT = 30 * SECOND
MAX_DATAGRAMS = 1024
MAX_BYTES = 65535


class _Partial:
    __slots__ = ("born", "pieces", "total")

    def __init__(self, born: int) -> None:
        self.born = born
        self.pieces: dict[int, bytes] = {}
        self.total: int | None = None


class Fragments:
    """Datagrams of which pieces have arrived."""

    def __init__(self) -> None:
        self._partial: dict[Key, _Partial] = {}
        self.forgotten = 0
        """Datagrams given up: too old, too many or too long."""

    def add(self, key: Key, place: int, payload: bytes, now: int, *, more: bool) -> bytes | None:
        """One fragment at byte `place`; the whole payload once its last gap is filled."""
        self._forget(now)
        partial = self._partial.setdefault(key, _Partial(now))
        if place + len(payload) > MAX_BYTES:
            del self._partial[key]
            self.forgotten += 1
            return None
        partial.pieces.setdefault(place, payload)
        if not more:
            partial.total = place + len(payload)
        whole = _joined(partial)
        if whole is not None:
            del self._partial[key]
        return whole

    def __len__(self) -> int:
        return len(self._partial)

    def _forget(self, now: int) -> None:
        """Dictionaries keep the order of arrival, so the oldest is first."""
        while self._partial:
            key, oldest = next(iter(self._partial.items()))
            if now - oldest.born <= TIMEOUT and len(self._partial) < MAX_DATAGRAMS:
                return
            del self._partial[key]
            self.forgotten += 1


def _joined(partial: _Partial) -> bytes | None:
    if partial.total is None:
        return None
    whole = bytearray()
    for place in sorted(partial.pieces):
        if place > len(whole):
            return None
        whole += partial.pieces[place][len(whole) - place :]
    return bytes(whole[: partial.total]) if len(whole) >= partial.total else None
