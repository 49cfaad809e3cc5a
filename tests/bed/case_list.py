"""The list of capture cases: a function makes a case's frames, and its docstring is what the case's README says."""

from __future__ import annotations

from collections.abc import Callable

from capture.pcapfile import Captured
from tests.capture.playbook import sdp

Made = list[Captured]
CASE: dict[str, tuple[str, Callable[[], Made]]] = {}
"""Name → (what the README says, what makes its frames)."""
ENDS = (("198.51.100.10", 4000), ("192.0.2.10", 6000))
OFFER, ANSWER = (sdp(*end) for end in ENDS)


def case(name: str) -> Callable[[Callable[[], Made]], Callable[[], Made]]:
    """Register a case under this name."""

    def keep(make: Callable[[], Made]) -> Callable[[], Made]:
        CASE[name] = " ".join((make.__doc__ or "").split()), make
        return make

    return keep
