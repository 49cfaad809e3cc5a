"""A call drawn as a ladder: who sent which SIP message to whom and when, and how its RTP streams arrived. Pure.

    Seen (messages, streams)  ─ report ─►  Report (the calls, one call's steps and streams)  ─ text, svg, as_json ─►  …

Everything in it was written by strangers: names are cleaned of what does not print and cut before anything is drawn, and in the SVG each is
escaped. What is more than MOST_STEPS or MOST_PARTIES is counted, not drawn.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict, dataclass
from html import escape
from typing import Any, NamedTuple

MOST_STEPS = 300
MOST_PARTIES = 10
MOST_CALLS = 500
MOST_STREAMS = 200
MAX_TEXT = 80
MAX_CALL_ID = 300
_COLUMN, _LEFT, _TOP, _ROW = 210, 64, 56, 34
_WIDE = 30


@dataclass(frozen=True, slots=True, kw_only=True)
class Message:
    """A SIP message as it passed."""

    at: int
    source: str
    destination: str
    method: str
    """Of an answer, what it answers."""
    status: int = 0
    reason: str = ""
    call_id: str = ""
    caller: str = ""
    called: str = ""
    again: bool = False
    """Sent once more."""
    media: tuple[str, ...] = ()
    """Where its SDP wishes to receive."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Stream:
    """A stream of RTP; times in ms."""

    source: str
    destination: str
    ssrc: str
    codecs: str
    packets: int
    lost: int
    gap: float
    """The longest time between two packets."""
    spacing: float
    """The mean one."""
    jitter: float
    """Mean, RFC 3550 §6.4.1."""
    jitter_most: float

    @property
    def share(self) -> float:
        """Lost of those that were sent, in percent."""
        sent = self.packets + max(0, self.lost)
        return 100 * max(0, self.lost) / sent if sent else 0.0

    @property
    def verdict(self) -> str:
        """`good`, `warn` or `bad`, by what ITU-T G.107 makes of losses and what telephones' buffers bear of jitter."""
        if self.share >= 3 or self.jitter >= 50 or self.gap >= 1000:
            return "bad"
        return "warn" if self.share >= 0.5 or self.jitter >= 20 or self.gap >= 200 else "good"


class Seen(NamedTuple):
    """What a capture holds; `beyond`: how much more there was than is looked at."""

    messages: tuple[Message, ...]
    streams: tuple[Stream, ...]
    beyond: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Call:
    """A call of the capture."""

    call_id: str
    at: int
    caller: str
    called: str
    messages: int
    status: int
    """The last final answer to its INVITE; 0 where none was seen."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """One arrow: from the participant of this place to that of the other."""

    at: int
    after: float
    """Seconds since the first."""
    source: int
    destination: int
    label: str
    kind: str
    """`request`, `progress`, `good` or `bad`."""
    again: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """The calls of a capture, and the ladder of one of them or of all."""

    calls: tuple[Call, ...]
    call_id: str
    parties: tuple[str, ...]
    steps: tuple[Step, ...]
    streams: tuple[Stream, ...]
    beyond: int


def report(seen: Seen, call_id: str = "") -> Report:
    """The ladder of this call; "": of the whole capture."""
    messages = [message for message in seen.messages if call_id in ("", message.call_id)]
    ported = any(_host(message.source) == _host(message.destination) for message in messages)
    parties: dict[str, int] = {}
    steps: list[Step] = []
    beyond = seen.beyond
    for message in messages:
        ends = [end if ported else _host(end) for end in (message.source, message.destination)]
        new = [end for end in dict.fromkeys(ends) if end not in parties]
        if len(steps) >= MOST_STEPS or len(parties) + len(new) > MOST_PARTIES:
            beyond += 1
            continue
        for end in new:
            parties[end] = len(parties)
        after = (message.at - messages[0].at) / 1e9
        steps.append(Step(
            at=message.at, after=after, source=parties[ends[0]], destination=parties[ends[1]], label=_label(message), kind=_kind(message),
            again=message.again,
        ))  # fmt: skip
    media = {end for message in messages for end in message.media}
    streams = [stream for stream in seen.streams if not call_id or media & {stream.source, stream.destination}]
    cleaned = tuple(clean(name) for name in parties)
    return Report(
        calls=_calls(seen), call_id=call_id, parties=cleaned, steps=tuple(steps), streams=tuple(streams[:MOST_STREAMS]),
        beyond=beyond + max(0, len(streams) - MOST_STREAMS),
    )  # fmt: skip


def _calls(seen: Seen) -> tuple[Call, ...]:
    found: dict[str, list[Message]] = {}
    for message in seen.messages:
        if message.call_id in found or (message.method == "INVITE" and len(found) < MOST_CALLS):
            found.setdefault(message.call_id, []).append(message)
    return tuple(
        Call(
            call_id=name, at=messages[0].at, caller=clean(messages[0].caller), called=clean(messages[0].called),
            messages=len(messages), status=next(
                (one.status for one in reversed(messages) if one.method == "INVITE" and one.status >= 200), 0
            ),
        )
        for name, messages in found.items()
    )  # fmt: skip


def _label(message: Message) -> str:
    told = clean(f"{message.status} {message.reason}" if message.status else message.method)
    return (
        f"{told} ({clean(message.method)})"
        if message.status and message.method != "INVITE"
        else told + (" + SDP" if message.media else "")
    )


def _kind(message: Message) -> str:
    if not message.status:
        return "request"
    return (
        "progress" if message.status < 200 else "good" if message.status < 300 else "bad" if message.status >= 400 else "progress"
    )


def clean(text: str) -> str:
    """What a stranger wrote, with what does not print spelled out, and not too long."""
    shown = "".join(
        letter if letter.isprintable() else letter.encode("unicode_escape").decode("ascii") for letter in text[:MAX_TEXT]
    )
    return shown[: MAX_TEXT - 1] + "…" if len(text) > MAX_TEXT or len(shown) > MAX_TEXT else shown


def as_json(report: Report) -> dict[str, Any]:
    """The report with stable keys, and its drawing."""
    streams = [
        {**asdict(stream), "codecs": clean(stream.codecs), "share": round(stream.share, 2), "verdict": stream.verdict}
        for stream in report.streams
    ]
    return {**asdict(report), "streams": streams, "svg": svg(report)}


def text(report: Report) -> Iterator[str]:
    """The ladder, then the streams, in lines for a terminal."""
    yield " " * 10 + "".join(f"{name[: _WIDE - 2]:^{_WIDE}}" for name in report.parties)
    for step in report.steps:
        yield f"{step.after:9.3f} " + _arrow(step, len(report.parties))
    for stream in report.streams:
        yield (
            f"{stream.verdict:5} {stream.source} → {stream.destination}: {clean(stream.codecs)}, {stream.packets} packets, "
            f"{stream.lost} lost ({stream.share:.1f} %), jitter {stream.jitter:.1f} ms (most {stream.jitter_most:.1f}), "
            f"longest gap {stream.gap:.0f} ms"
        )
    if report.beyond:
        yield f"{report.beyond} more are not shown; choose a call with --call-id"


def _arrow(step: Step, parties: int) -> str:
    low, high = sorted((step.source, step.destination))
    label = (step.label + (" (again)" if step.again else ""))[: max(_WIDE - 6, (high - low) * _WIDE - 6)]
    half = _WIDE // 2
    row = [" "] * (parties * _WIDE + _WIDE)
    for place in range(parties):
        row[place * _WIDE + half] = "|"
    if low == high:
        row[low * _WIDE + half + 1 :] = f"> {label}"
        return "".join(row)
    begin, end = low * _WIDE + half, high * _WIDE + half
    row[begin + 1 : end] = f" {label} ".center(end - begin - 1, "-")
    row[end - 1 if step.destination == high else begin + 1] = ">" if step.destination == high else "<"
    return "".join(row).rstrip()


_STYLE = (
    "text{font:13px system-ui,sans-serif;fill:#1a1f25}.t{fill:#56606b;font-size:11px}.l{stroke:#dfe2e6}.b{fill:#e4edf6}"
    ".request{stroke:#1f4e79;fill:#1f4e79}.progress{stroke:#8a5700;fill:#8a5700}.good{stroke:#176a41;fill:#176a41}"
    ".bad{stroke:#ab211a;fill:#ab211a}.again{stroke-dasharray:5 4}@media(prefers-color-scheme:dark){text{fill:#e9ecef}"
    ".t{fill:#a3adb8}.l{stroke:#32393f}.b{fill:#20344a}.request{stroke:#8fbde9;fill:#8fbde9}.progress{stroke:#eebd68;fill:#eebd68}"
    ".good{stroke:#7fd3a4;fill:#7fd3a4}.bad{stroke:#f49a92;fill:#f49a92}}"
)


def svg(report: Report) -> str:
    """The ladder as an SVG image that follows the reader's light or dark; no script, nothing from elsewhere."""
    width = _LEFT + max(1, len(report.parties)) * _COLUMN
    height = _TOP + (len(report.steps) + 1) * _ROW
    return "".join((
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{width}" height="{height}" viewBox="0 0 {width} {height}" role="img">',
        f"<style>{_STYLE}</style>", *_heads(report, height), *(_drawn(step, row) for row, step in enumerate(report.steps)), "</svg>",
    ))  # fmt: skip


def _heads(report: Report, height: int) -> Iterator[str]:
    for place, name in enumerate(report.parties):
        x = _x(place)
        shown = name if len(name) <= 28 else name[:27] + "…"
        yield f'<line class="l" x1="{x}" x2="{x}" y1="40" y2="{height - 8}"/>'
        yield f'<rect class="b" x="{x - 98}" y="8" width="196" height="30" rx="8"/>'
        yield f'<text x="{x}" y="28" text-anchor="middle">{escape(shown)}</text>'


def _drawn(step: Step, row: int) -> str:
    begin, end, y = _x(step.source), _x(step.destination), _TOP + row * _ROW + 20
    label = escape(step.label if len(step.label) <= 30 * max(1, abs(step.source - step.destination)) else step.label[:29] + "…")
    time = f'<text class="t" x="{_LEFT - 4}" y="{y + 4}" text-anchor="end">{step.after:.3f} s</text>'
    again = " again" if step.again else ""
    if begin == end:
        loop = f'<path class="{step.kind}{again}" fill-opacity="0" d="M{begin} {y - 6}h26v10h-20"/>'
        return f'{time}{loop}<text x="{begin + 34}" y="{y + 4}">{label}</text>'
    way = 1 if end > begin else -1
    return (
        f'{time}<text x="{(begin + end) // 2}" y="{y - 5}" text-anchor="middle">{label}</text>'
        f'<line class="{step.kind}{again}" stroke-width="1.5" x1="{begin}" y1="{y}" x2="{end - 6 * way}" y2="{y}"/>'
        f'<path class="{step.kind}" d="M{end} {y}l{-9 * way} -5v10z"/>'
    )


def _x(place: int) -> int:
    return _LEFT + place * _COLUMN + _COLUMN // 2


def _host(end: str) -> str:
    return end.rpartition(":")[0]
