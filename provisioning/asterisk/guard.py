"""How a call enters a flow, and comes back to it, so that a phone rings even when our process is dead, gone or hung.

Three guards stand before every `Stasis`: (1) a heartbeat that the application writes every second, so that one that hangs is passed
by; (2) `TIMEOUT(absolute)` with a `T` extension, so that one that hangs later loses its calls to the fallback; (3) the result of
`Stasis` itself, or of `StasisBroadcast`, where nobody claims the call. Measured in `asterisk-facts.md`. Pure.
"""

from __future__ import annotations

from collections.abc import Iterator

from appliance import dialplan
from provisioning.asterisk import lines
from provisioning.asterisk.wiring import Wiring, goto

LAST = "go-last,s,1"
"""What rings where nothing else is known: everybody."""
CANARY_S = 20
UNKNOWN_LIMIT_S = 600
"""How long a call may stay in a flow of which nothing is known."""


def entering(arguments: tuple[str, ...], limit: str, fallback: str) -> list[str]:
    """The steps of one extension that hand the call to the application, or to `fallback`; `limit` is in seconds."""
    beat = f"${{GLOBAL({dialplan.BEAT})}}"
    age = f"$[${{EPOCH}} - 0${{FILTER(0-9,{beat})}}]"
    return [
        f"Set(APPLIANCE_AGE={age})",
        f"GotoIf($[${{APPLIANCE_AGE}} > {dialplan.BEAT_STALE_S} | ${{APPLIANCE_AGE}} < -{dialplan.BEAT_STALE_S}]?fallback)",
        f"Set(TIMEOUT(absolute)={limit})",
        f'GotoIf($["${{GLOBAL({dialplan.CLAIMS})}}" = "1"]?claim)',
        f"Stasis({dialplan.APP},{','.join(arguments)})",
        "Goto(left)",
        f"claim: StasisBroadcast({dialplan.CLAIM_MS},^{dialplan.APP}$,{':'.join(arguments)})",
        'left: GotoIf($["${STASISSTATUS}" = "SUCCESS"]?over)',
        "fallback: Set(TIMEOUT(absolute)=0)",
        f"Goto({fallback})",
        "over: Hangup()",
    ]


def in_time(fallback: str) -> list[str]:
    """The `T` extension: the application kept the call too long."""
    return lines.extension("T", "Set(TIMEOUT(absolute)=0)", f"Goto({fallback})")


def contexts(wiring: Wiring) -> Iterator[str]:
    """`go-back`, `go-fallback`, the canary's way, which rings nobody, and what rings last."""
    limit = f"${{IF($[0${{{dialplan.LIMIT}}} > 0]?${{{dialplan.LIMIT}}}:{UNKNOWN_LIMIT_S})}}"
    fallback = f"{dialplan.GO_FALLBACK},${{IF($[${{LEN(${{{dialplan.FLOW}}})}} > 0]?${{{dialplan.FLOW}}}:s)}},1"
    yield lines.context(
        dialplan.GO_BACK,
        *(lines.extension(outcome, f"Set(APPLIANCE_OUTCOME={outcome})", "Goto(enter,1)") for outcome in dialplan.Outcome),
        lines.extension("enter", *entering((dialplan.BACK, "${APPLIANCE_OUTCOME}"), limit, fallback)),
        in_time(fallback),
    )
    plain = [f"Set({dialplan.COMES_BACK}=)", f"Set({dialplan.RING}=)"]
    yield lines.context(
        dialplan.GO_FALLBACK,
        *(lines.extension(name, *plain, f"Goto({flow_fallback(wiring, name)})") for name in sorted(wiring.flows)),
        lines.extension("s", *plain, f"Goto({last(wiring)})"),
        lines.extension("i", "Goto(s,1)"),
    )
    canary = (f"Set(TIMEOUT(absolute)={CANARY_S})", f"Stasis({dialplan.APP},{dialplan.CANARY})", "Hangup()")
    yield lines.context(dialplan.CANARY, lines.extension("s", *canary))
    yield lines.context("go-last", *_everybody(wiring))


def flow_fallback(wiring: Wiring, name: str) -> str:
    """Where the calls of this flow go while it cannot be had."""
    found = wiring.flows.get(name)
    return goto(found.fallback) if found and serves(wiring, found.fallback) else last(wiring)


def last(wiring: Wiring) -> str:
    """Where calls go for which nothing else is said."""
    return goto(wiring.phone.fallback) if serves(wiring, wiring.phone.fallback) else LAST


def serves(wiring: Wiring, text: str) -> bool:
    """Whether the dialplan has this target, so that nobody is sent into nothing."""
    if not text:
        return False
    target, phone = dialplan.target(text), wiring.phone
    known = {
        dialplan.Kind.FLOW: set[str](),
        dialplan.Kind.GROUP: {one.name for one in phone.groups},
        dialplan.Kind.QUEUE: {one.name for one in phone.queues},
        dialplan.Kind.EXTENSION: {one.number for one in phone.extensions},
        dialplan.Kind.VOICEMAIL: {one.number for one in phone.boxes},
        dialplan.Kind.CONFERENCE: {one.number for one in phone.conferences},
    }
    return target.kind not in known or target.name in known[target.kind]


def _everybody(wiring: Wiring) -> Iterator[list[str]]:
    """Every desk rings for two minutes; then there is nobody."""
    rings = [f"Gosub(ring,{desk.number},1)" for desk in wiring.phone.extensions]
    yield lines.extension(
        "s", "Gosub(begin,s,1)", "Set(RINGS=)", *rings, "GotoIf($[${LEN(${RINGS})} = 0]?nobody)",
        "Dial(${RINGS:1},120,U(answered))", "nobody: Playtones(congestion)", "Wait(10)", "Hangup()",
    )  # fmt: skip
