"""The dialplan of places that take a call: `go-queue`, `go-voicemail`, `go-conference`, `go-park`, `go-hangup`, and callback from a queue.

A caller who waits and presses 1 keeps the place: a call of Asterisk's own waits in the queue before the others, and when a member takes
it the caller is called. All of it is Asterisk's, so that it goes on while our services are down. Pure.
"""

from __future__ import annotations

from collections.abc import Iterator

from appliance import dialplan
from appliance.dialplan import Outcome
from appliance.phone_settings import Queue, Voicebox
from provisioning.asterisk import desks, lines
from provisioning.asterisk.guard import serves
from provisioning.asterisk.wiring import Wiring, goto

_BACK = f'"${{{dialplan.COMES_BACK}}}" = "1"'
_ENDS = {
    "TIMEOUT": Outcome.TIMEOUT, "FULL": Outcome.FULL, "CONTINUE": Outcome.ANSWERED, "JOINEMPTY": Outcome.EMPTY,
    "LEAVEEMPTY": Outcome.EMPTY, "JOINUNAVAIL": Outcome.EMPTY, "LEAVEUNAVAIL": Outcome.EMPTY, "WITHDRAW": Outcome.DONE,
}  # fmt: skip
"""QUEUESTATUS and the outcome."""
_CALLBACK_S = 7200
"""How long the place of a caller who wants to be called back is kept."""


def contexts(wiring: Wiring) -> Iterator[str]:
    """Every context of this file."""
    phone = wiring.phone
    unknown = lines.extension("i", f"Goto(went,{Outcome.UNREACHABLE},1)")
    yield lines.context(dialplan.GO_QUEUE, *(_queue(wiring, queue) for queue in phone.queues), unknown)
    yield lines.context(
        "queue-ended", *(lines.extension(end, f"Goto(went,{outcome},1)") for end, outcome in _ENDS.items()), unknown
    )
    for queue in phone.queues:
        if queue.callback:
            yield from _callback(queue)
    yield lines.context(
        dialplan.GO_VOICEMAIL, *(_box(wiring, box) for box in phone.boxes), unknown, lines.extension("a", "Hangup()")
    )
    yield lines.context(
        dialplan.GO_CONFERENCE,
        *(
            lines.extension(
                room.number, "Gosub(begin,s,1)", "Answer()",
                f"ConfBridge({room.number},room-{room.number},guest-{room.number},room-menu)", f"Goto(went,{Outcome.DONE},1)",
            )
            for room in phone.conferences
        ),
        unknown,
    )  # fmt: skip
    park = ("Gosub(begin,s,1)", "Answer()", "Park(default)", f"Goto(went,{Outcome.DONE},1)")
    yield lines.context(dialplan.GO_PARK, *(lines.extension(form, *park) for form in ("s", "_[0-9a-z]!")))
    yield lines.context(
        "parked-back", lines.extension("s", "Goto(go-last,s,1)"), lines.extension("_[0-9A-Za-z]!", "Goto(go-last,s,1)")
    )
    yield lines.context(dialplan.GO_HANGUP, *(lines.extension(form, "Hangup()") for form in ("s", "_[0-9a-z]!")))


def _queue(wiring: Wiring, queue: Queue) -> list[str]:
    sends = goto(queue.no_answer) if serves(wiring, queue.no_answer) else ""
    ring = f"${{FILTER(0-9,${{{dialplan.RING}}})}}"
    wait = f"${{IF($[0{ring} > 0]?{ring}:{queue.wait_seconds})}}"
    return lines.extension(
        queue.name,
        "Gosub(begin,s,1)",
        f"Set(__RING_GROUP={queue.name})",
        *([f"Set(ON_NO_ANSWER={sends})", f"Set(ON_UNREACHABLE={sends})"] if sends else []),
        "Answer()",
        f"Set(KEEPS=${{IF($[{_BACK}]?c:)}})",
        f"Queue({queue.name},{desks.CALLED}${{KEEPS}},,,{wait},,answered)",
        "Goto(queue-ended,${QUEUESTATUS},1)",
    )


def _callback(queue: Queue) -> Iterator[str]:
    """Key 1 while one waits: confirmed with 1 again, a call of ours keeps the place."""
    yield lines.context(
        f"keys-{queue.name}",
        lines.extension(
            "1",
            f"Set(NUMBER=${{FILTER(0-9,${{{dialplan.CALLER}}})}})",
            "GotoIf($[${LEN(${NUMBER})} < 9]?unknown)",
            "Read(KEY,to-call-this-number&vm-press&digits/1,1,,2,5)",
            'GotoIf($["${KEY}" != "1"]?stays)',
            f"Originate(Local/${{NUMBER}}@waits-{queue.name}/n,exten,called-back,${{NUMBER}},1,{_CALLBACK_S},a)",
            "Playback(vm-goodbye)",
            "Hangup()",
            "unknown: Playback(unidentified-no-callback)",
            f"stays: Goto({dialplan.GO_QUEUE},{queue.name},1)",
        ),
    )
    yield lines.context(
        f"waits-{queue.name}",
        lines.extension(
            "_[0-9].", "Set(QUEUE_PRIO=10)", "Set(CALLERID(num)=${EXTEN})", f"Set(CALLERID(name)={lines.words(queue.title) or queue.name})",
            f"Queue({queue.name},,,,{_CALLBACK_S})", "Hangup()",
        ),
    )  # fmt: skip


def _box(wiring: Wiring, box: Voicebox) -> list[str]:
    greeting = [f"Playback({box.greeting})"] if box.greeting else []
    return lines.extension(
        box.number, "Gosub(begin,s,1)", "Answer()", *greeting, f"VoiceMail({box.number}@default,{'s' if greeting else 'u'})",
        f"Goto(went,{Outcome.DONE},1)",
    )  # fmt: skip
