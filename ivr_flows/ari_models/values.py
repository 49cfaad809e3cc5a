"""What the generated files stand on: a value that Asterisk sends, an object with operations, and a request. Pure.

A value is read leniently where Asterisk says more than its models promise (newer versions do), and strictly where it says less.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import MISSING, dataclass, field, fields
from typing import Any, ClassVar, Generic, Protocol, Self, TypeVar, get_args, get_origin, get_type_hints
from urllib.parse import quote

Query = str | int | bool | Sequence[str] | None
Convert = Callable[[Any], Any]


class ModelError(ValueError):
    """What Asterisk sent lacks a field that its own models promise, or is no object at all."""


@dataclass(frozen=True, slots=True)
class Model:
    """A value as Asterisk sends it."""

    @classmethod
    def read(cls, sent: Any) -> Self:
        """The value in this JSON object. Raises ModelError."""
        if not isinstance(sent, Mapping):
            raise ModelError(f"{cls.__name__}: {sent!r:.80} is no object")
        plan = _PLANS.get(cls) or _plan(cls)
        found: dict[str, Any] = {}
        for name, key, required, convert in plan:
            given = sent.get(key)
            if given is not None:
                found[name] = given if convert is None else convert(given)
            elif required:
                raise ModelError(f"{cls.__name__}: {key} is missing")
        return cls(**found)


_PLANS: dict[type[Model], tuple[tuple[str, str, bool, Convert | None], ...]] = {}


def _plan(cls: type[Model]) -> tuple[tuple[str, str, bool, Convert | None], ...]:
    hints = get_type_hints(cls)
    plan = tuple((one.name, one.name.rstrip("_"), one.default is MISSING, _convert(hints[one.name])) for one in fields(cls))
    _PLANS[cls] = plan
    return plan


def _convert(hint: Any) -> Convert | None:
    """How a field of this type is read; None where JSON's own value will do."""
    if get_origin(hint) is tuple:
        inner = _convert(get_args(hint)[0])
        return tuple if inner is None else lambda sent: tuple(inner(one) for one in sent)
    for kind in (hint, *get_args(hint)):
        if get_origin(kind) is tuple:
            return _convert(kind)
        if isinstance(kind, type) and issubclass(kind, Model):
            return kind.read
    return None


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """One operation as it is asked of Asterisk."""

    method: str
    path: str
    """Below `/ari/`, its parts quoted."""
    query: Mapping[str, Query] = field(default_factory=dict)
    body: Any = None
    """JSON, where there is one."""

    def parameters(self) -> dict[str, str]:
        """The query as Asterisk reads it: what is None is left out, lists are joined with commas."""
        return {name: _text(value) for name, value in self.query.items() if value is not None}


def _text(value: Query) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    return str(value) if isinstance(value, (str, int)) else ",".join(value or ())


class Asker(Protocol):
    """Who carries a request to Asterisk."""

    async def ask(self, request: Request) -> Any:
        """The JSON that it answers with, None where it answers with none."""


Facts = TypeVar("Facts", bound=Model)


class Thing(Generic[Facts]):
    """An object of Asterisk's with its operations; `facts` is what was last said of it, None where it is known by its id alone."""

    __slots__ = ("asker", "facts", "id")
    model: ClassVar[type[Model]]
    key: ClassVar[str] = "id"

    def __init__(self, asker: Asker, id: str, facts: Facts | None = None) -> None:
        self.asker, self.id, self.facts = asker, id, facts

    @classmethod
    def of(cls, asker: Asker, sent: Any) -> Self:
        """The object that this JSON tells of. Raises ModelError."""
        facts: Any = cls.model.read(sent)
        return cls(asker, getattr(facts, cls.key), facts)

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self.id!r})"


def quoted(part: str) -> str:
    """A part of a path, in which nothing is a separator."""
    return quote(part, safe="")
