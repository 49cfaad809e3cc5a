"""What every record of the vocabulary (`records.py`) shares: frozen, plain JSON values, one row a fact. Pure."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields
from typing import Any, ClassVar


class UnknownRecordError(ValueError):
    """A row of a kind or version this program does not know."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Record:
    """What all records share: the moment of the fact."""

    version: ClassVar[int] = 1
    subject_field: ClassVar[str] = "call"
    identity_fields: ClassVar[tuple[str, ...]] = ()
    """Fields that tell this fact from others of its kind, besides the subject."""

    at: int

    @property
    def kind(self) -> str:
        """The record's name, as written in the ledger."""
        return type(self).__name__

    @property
    def subject(self) -> str:
        """The id of what the fact is about."""
        return str(getattr(self, self.subject_field))

    @property
    def identity(self) -> tuple[str, ...]:
        """What makes this the same fact as another row."""
        return (self.kind, self.subject, *(str(getattr(self, name)) for name in self.identity_fields))


def encode(record: Record) -> str:
    """The record's fields as one line of JSON with sorted keys; text that is no UTF-8 keeps its bytes as surrogates."""
    kind = type(record)
    names = _NAMES.get(kind) or _NAMES.setdefault(kind, tuple(field.name for field in fields(record)))
    values = {name: getattr(record, name) for name in names}
    return json.dumps(values, ensure_ascii=True, sort_keys=True, separators=(",", ":"), default=asdict)


_NAMES: dict[type, tuple[str, ...]] = {}
"""The fields of each kind of record: asked once, and nothing is copied, for a row is written for everything that happens."""


def with_tuples(values: Mapping[str, Any]) -> dict[str, Any]:
    """Fields as records hold them: JSON's lists are tuples."""
    return {name: tuple(value) if isinstance(value, list) else value for name, value in values.items()}
