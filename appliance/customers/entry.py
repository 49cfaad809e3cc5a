"""One entry of the customer book. Pure."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Customer:
    """One entry of the book."""

    id: str = ""
    name: str = ""
    kana: str = ""
    company: str = ""
    memo: str = ""
    code: str = ""
    """The customer's number in another system, by which an import knows the entry again."""
    important: bool = False
    blocked: bool = False
    labels: tuple[str, ...] = ()
    numbers: tuple[str, ...] = ()
    """As dialled inside the country."""
    updated_at: int = 0

    @property
    def title(self) -> str:
        """What to call them in one line."""
        return self.name or self.company or self.kana or (self.numbers[0] if self.numbers else "")
