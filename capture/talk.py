"""Which streams of a talk's legs are heard on which channel, and when.

A leg is one of two kinds. A TRANSFER (`refer`, `replaces`) goes on where its call stopped: while it is answered it is heard and the call
it was tied to is not, on a side on which the leg was captured at all. Every other leg is a COPY: a box on the way sent the call on, and
what the parties hear of one another is the main call's own sound. So of a copy is heard only
  - a stream that goes to or comes from an address announced within the call it is tied to (direct media: both legs, one stream), and
  - where no stream of that call's side was captured at all, the copy's instead.
A pause of the main call is never filled from a copy that passes through a box: while the caller hears music, the office may talk among
themselves there.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from appliance.records import Side, TieReason
from capture.voice import Survey

TRANSFERS = frozenset({TieReason.REFER.value, TieReason.REPLACES.value})


class Heard(NamedTuple):
    """A stream, the side of the recording on which it is heard, and when it is not (ns, in order, apart)."""

    survey: Survey
    side: Side
    silent: tuple[tuple[int, int], ...] = ()
    rank: int = 0
    """The stream with the lowest is heard first; among equals the one with most packets."""


@dataclass(slots=True, kw_only=True)
class Part:
    """One call of a talk with its streams, as they lie on the spool."""

    call: str
    to: str = ""
    """The call it is tied to; empty in the main call."""
    why: str = ""
    swapped: bool = False
    announced: frozenset[str] = frozenset()
    heard: bool = True
    """Whether it may be listened to: not where its packets are a cipher that nobody has the keys of."""
    answered: tuple[int, int] | None = None
    """From its answer to its end (ns)."""
    surveys: list[Survey] = field(default_factory=list)

    def side(self, survey: Survey) -> Side | None:
        """On which side of the recording this stream belongs."""
        return survey.speaker if survey.speaker is None or not self.swapped else survey.speaker.other


def parts(subject: str, body: Mapping[str, Any]) -> list[Part]:
    """The calls of a render job, the main call first."""
    told = [body.get("main", {"call": subject}), *body.get("legs", [])]
    return [
        Part(
            call=str(one["call"]),
            to=str(one.get("to", "")),
            why=str(one.get("why", "")),
            swapped=bool(one.get("swapped", False)),
            announced=frozenset(one.get("announced", ())),
            heard=bool(one.get("heard", True)),
        )
        for one in told
    ]


def choose(talk: Sequence[Part]) -> list[Heard]:
    """The streams to be heard; `talk` begins with the main call, and the others are a tree below it (`capture/groups.py`)."""
    legs = {part.call: [leg for leg in talk if leg.to == part.call and leg is not part] for part in talk}

    def below(part: Part, depth: int) -> list[Heard]:
        own = [Heard(survey, side, rank=depth) for survey in _usable(part) if (side := part.side(survey)) is not None]
        copied = [found for leg in legs[part.call] if leg.why not in TRANSFERS for found in below(leg, depth)]
        shared = [found for found in copied if _is_shared(found, part)]
        captured = {found.side for found in (*own, *shared)}
        own += shared + [found for found in copied if found.side not in captured]
        for leg in legs[part.call]:
            if leg.why in TRANSFERS:
                later = below(leg, depth + 1)
                sides = {found.side for found in later}
                own = [_silenced(found, leg.answered) if found.side in sides else found for found in own] + later
        return own

    return below(talk[0], 0)


def _usable(part: Part) -> list[Survey]:
    return [survey for survey in part.surveys if survey.speaker is not None and survey.decodable] if part.heard else []


def _is_shared(found: Heard, part: Part) -> bool:
    """Whether the stream reaches, or comes from, an address that the parties of this call announced to one another."""
    return not part.announced.isdisjoint(found.survey.ends)


def _silenced(heard: Heard, span: tuple[int, int] | None) -> Heard:
    """The stream is not heard meanwhile; spans that touch become one."""
    found: list[tuple[int, int]] = []
    for begin, end in sorted([*heard.silent, *([span] if span else [])]):
        if found and begin <= found[-1][1]:
            found[-1] = (found[-1][0], max(end, found[-1][1]))
        else:
            found.append((begin, end))
    return heard._replace(silent=tuple(found))
