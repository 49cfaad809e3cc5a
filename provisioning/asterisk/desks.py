"""The dialplan of desks and ring groups: `go-extension`, `go-group`, and the subroutines that ring somebody.

A desk's own forward, do-not-disturb and follow-me are in Asterisk's database, where the telephones' codes put them (`codes.py`). Where
a call goes that nobody took stands in ON_NO_ANSWER, ON_BUSY and ON_UNREACHABLE; a caller who shall come back to a flow goes there
instead. A call that has been sent on ten times is ended: two desks forwarded to each other ring nobody. Pure.
"""

from __future__ import annotations

from collections.abc import Iterator

from appliance import dialplan
from appliance.dialplan import Outcome
from appliance.phone_settings import Extension, Group
from provisioning.asterisk import lines
from provisioning.asterisk.guard import serves
from provisioning.asterisk.wiring import Wiring, goto, permission

MOST_HOPS = 10
CONFIRM_TRIES_S = 6
_BACK = f'"${{{dialplan.COMES_BACK}}}" = "1"'
CALLED = "b(first-call^s^1)tk"
"""Dial's and Queue's letters: the call to the desk names the caller's (`first-call`), and the desk may transfer and park."""


def contexts(wiring: Wiring) -> Iterator[str]:
    """Every context of this file."""
    yield from _shared()
    yield lines.context(dialplan.GO_EXTENSION, *(desk_steps(wiring, desk) for desk in wiring.phone.extensions), _nobody())
    yield lines.context(dialplan.GO_GROUP, *(group_steps(wiring, group) for group in wiring.phone.groups), _nobody())
    yield _ringing(wiring)
    yield _members(wiring)


def _nobody() -> list[str]:
    """A target that is not there any more is not reachable: no caller is left in silence."""
    return lines.extension("i", f"Goto(went,{Outcome.UNREACHABLE},1)")


def _shared() -> Iterator[str]:
    yield lines.context(
        "begin",
        lines.extension(
            "s", "Set(TIMEOUT(absolute)=0)", "Set(__APPLIANCE_HOPS=$[0${APPLIANCE_HOPS} + 1])",
            f"GotoIf($[${{APPLIANCE_HOPS}} > {MOST_HOPS}]?lost)", "Set(ON_NO_ANSWER=)", "Set(ON_BUSY=)", "Set(ON_UNREACHABLE=)",
            "Set(__RING_GROUP=)",
            "Set(MAY=${IF($[${LEN(${APPLIANCE_DESK})} > 0]?TK:)})", f"Set(MAY=${{MAY}}${{IF($[{_BACK}]?g:)}})",
            'GotoIf($[${LEN(${CALL_ID})} > 0 | "${CHANNEL(channeltype)}" != "PJSIP"]?told)',
            "Set(__CALL_ID=${CHANNEL(pjsip,call-id)})", "told: Return()",
            "lost: Playtones(congestion)", "Wait(5)", "Hangup()",
        ),
    )  # fmt: skip
    yield lines.context(  # what the tap ties the two calls of one talk by, though a flow or a queue had answered the first one
        "first-call",
        lines.extension(
            "s", 'GotoIf($["${CHANNEL(channeltype)}" != "PJSIP"]?over)',
            "ExecIf($[${LEN(${CALL_ID})} > 0]?Set(PJSIP_HEADER(add,X-Call-ID)=${CALL_ID}))",
            f"ExecIf($[${{LEN(${{RING_GROUP}})}} > 0]?Set(PJSIP_HEADER(add,{dialplan.GROUP_HEADER})=${{RING_GROUP}}))",
            "over: Return()",
        ),
    )  # fmt: skip
    yield lines.context(
        "answered",
        lines.extension(
            "s", "Set(WHO=${CHANNEL(name)})", "Set(WHO=${CUT(WHO,/,2)})", "Set(WHO=${CUT(WHO,@,1)})",
            f"Set(MASTER_CHANNEL({dialplan.ANSWERED_BY})=${{CUT(WHO,-,1)}})", "Return()",
        ),
    )  # fmt: skip
    outcomes = {"ANSWER": Outcome.ANSWERED, "NOANSWER": Outcome.NO_ANSWER, "BUSY": Outcome.BUSY, "CANCEL": Outcome.NO_ANSWER}
    yield lines.context(
        "after",
        *(lines.extension(status, f"Goto(went,{outcome},1)") for status, outcome in outcomes.items()),
        *(lines.extension(status, f"Goto(went,{Outcome.UNREACHABLE},1)") for status in ("CHANUNAVAIL", "CONGESTION", "i")),
    )
    yield lines.context(
        "went",
        *(_went(outcome, "") for outcome in (Outcome.ANSWERED, Outcome.DONE)),
        *(_went(outcome, "ON_NO_ANSWER") for outcome in (Outcome.NO_ANSWER, Outcome.FULL, Outcome.TIMEOUT, Outcome.EMPTY)),
        _went(Outcome.BUSY, "ON_BUSY", "Busy(10)"),
        _went(Outcome.UNREACHABLE, "ON_UNREACHABLE", "Congestion(10)"),
    )


def _went(outcome: Outcome, variable: str, otherwise: str = "Hangup()") -> list[str]:
    """What follows an outcome: back to the flow, else where the target's settings say, else the end."""
    steps = [f"GotoIf($[{_BACK}]?{dialplan.GO_BACK},{outcome},1)"]
    if variable:
        steps.append(f"GotoIf($[${{LEN(${{{variable}}})}} > 0]?${{{variable}}})")
    return lines.extension(outcome, *steps, otherwise)


def desk_steps(wiring: Wiring, desk: Extension) -> list[str]:
    """`go-extension`: one desk rings."""
    number, leads = desk.number, permission(desk.permission)
    no_answer = desk.no_answer
    sends = {"ON_NO_ANSWER": no_answer, "ON_BUSY": desk.busy or no_answer, "ON_UNREACHABLE": desk.unreachable or no_answer}
    state = f"${{DEVICE_STATE(PJSIP/{number})}}"
    busy = [] if desk.call_waiting else [f'GotoIf($["{state}" = "INUSE" | "{state}" = "RINGING" | "{state}" = "BUSY"]?busy)']
    follow = []
    if desk.follow_me:
        rings = "&".join(f"Local/{wiring.national(one)}@member-confirm/n" for one in desk.follow_me)
        follow = [
            f'GotoIf($["${{DB(follow-off/{number})}}" = "1"]?after,${{DIALSTATUS}},1)',
            f"Dial({rings},{desk.follow_me_seconds},U(answered){CALLED}${{MAY}})",
        ]
    return lines.extension(
        number,
        "Gosub(begin,s,1)",
        *(f"Set({name}={goto(text)})" for name, text in sends.items() if serves(wiring, text)),
        f"ExecIf($[${{LEN(${{CALLERID(num)}})}} > 0]?Set(DB(last/{number})=${{FILTER(0-9+,${{CALLERID(num)}})}}))",
        f"Set(FORWARD=${{DB(forward/{number})}})",
        "GotoIf($[${LEN(${FORWARD})} > 0]?forward)",
        f'GotoIf($["${{DB(quiet/{number})}}" = "1"]?busy)',
        *busy,
        "Set(RINGS=)",
        f"Gosub(ring,{number},1)",
        "GotoIf($[${LEN(${RINGS})} = 0]?unreachable)",
        f"Dial(${{RINGS:1}},{_seconds(desk.ring_seconds)},U(answered){CALLED}${{MAY}})",
        'GotoIf($["${DIALSTATUS}" = "BUSY"]?busy)',
        'GotoIf($["${DIALSTATUS}" = "ANSWER"]?after,ANSWER,1)',
        f"unreachable: Set(FORWARD=${{DB(forward-no-answer/{number})}})",
        "GotoIf($[${LEN(${FORWARD})} > 0]?forward)",
        *follow,
        "Goto(after,${IF($[${LEN(${RINGS})} = 0]?CHANUNAVAIL:${DIALSTATUS})},1)",
        f"busy: Set(FORWARD=${{DB(forward-busy/{number})}})",
        "GotoIf($[${LEN(${FORWARD})} = 0]?after,BUSY,1)",
        f"forward: Goto({leads},${{FORWARD}},1)",
    )


def group_steps(wiring: Wiring, group: Group) -> list[str]:
    """`go-group`: a ring group rings by its strategy."""
    where = "member-confirm" if group.confirm else "member"
    ways = [
        f"Gosub(ring,{one},1)" if _inside(one) else f"Set(RINGS=${{RINGS}}&Local/{wiring.national(one)}@{where}/n)"
        for one in group.members
    ]
    dial = f"Dial(${{RINGS:1}},{_seconds(group.ring_seconds)},U(answered){CALLED}${{MAY}})"
    sends = goto(group.no_answer) if serves(wiring, group.no_answer) else ""
    name = lines.words(group.prefix)
    steps = [
        "Gosub(begin,s,1)",
        f"Set(__RING_GROUP={group.name})",
        *([f"Set({variable}={sends})" for variable in ("ON_NO_ANSWER", "ON_BUSY", "ON_UNREACHABLE")] if sends else []),
        *([f"Set(CALLERID(name)={name}${{CALLERID(name)}})"] if name else []),
        "Set(RINGS=)",
    ]
    if group.strategy == "all":
        steps += [*ways, "GotoIf($[${LEN(${RINGS})} = 0]?nobody)", dial, "Goto(after,${DIALSTATUS},1)"]
    else:
        steps.append("Set(RANG=)")
        for number, way in enumerate(ways):
            empty = f"next{number}" if number + 1 < len(ways) else "over"
            steps += [
                *(["Set(RINGS=)"] if group.strategy == "order" else []),
                way if not number else f"next{number - 1}: {way}",
                f"GotoIf($[${{LEN(${{RINGS}})}} = 0]?{empty})",
                dial,
                'GotoIf($["${DIALSTATUS}" = "ANSWER"]?after,ANSWER,1)',
                "Set(RANG=1)",
            ]
        steps.append('over: GotoIf($["${RANG}" = "1"]?after,NOANSWER,1)')
    return lines.extension(group.name, *steps, "nobody: Goto(after,CHANUNAVAIL,1)")


def _inside(member: str) -> bool:
    return not member.startswith(("0", "+"))


def _seconds(usual: int) -> str:
    """How long a target rings: as the flow says, else as its settings say."""
    return f"${{IF($[0${{FILTER(0-9,${{{dialplan.RING}}})}} > 0]?${{{dialplan.RING}}}:{usual})}}"


def _ringing(wiring: Wiring) -> str:
    """`ring`: adds a desk's telephones to RINGS, unless it is not to be disturbed or none is there."""
    return lines.context(
        "ring",
        *(
            lines.extension(
                desk.number,
                f'GotoIf($["${{DB(quiet/{desk.number})}}" = "1"]?none)',
                f"Set(WAYS=${{PJSIP_DIAL_CONTACTS({desk.number})}})",
                "ExecIf($[${LEN(${WAYS})} > 0]?Set(RINGS=${RINGS}&${WAYS}))",
                "none: Return()",
            )
            for desk in wiring.phone.extensions
        ),
        lines.extension("_[0-9]!", "Return()"),
    )


def _members(wiring: Wiring) -> str:
    """Numbers outside that ring with a desk or a group: reached without a class of service, since an administrator named them.

    Who has to confirm does so while the caller still hears the ringing: a mailbox that answers takes no call.
    """
    prompt = "Read(KEY,beep&vm-press&digits/1,1,,2,4)"
    return "\n".join(
        (
            lines.context("member", lines.extension("_[0-9].", "Gosub(number,${EXTEN},1)", "Goto(choose,${NATIONAL},1)")),
            lines.context(
                "member-confirm",
                lines.extension("_[0-9].", "Set(CONFIRM=U(confirm))", "Gosub(number,${EXTEN},1)", "Goto(choose,${NATIONAL},1)"),
            ),
            lines.context(
                "confirm",
                lines.extension("s", prompt, 'GotoIf($["${KEY}" = "1"]?yes)', "Set(GOSUB_RESULT=CONGESTION)", "yes: Return()"),
            ),
        )
    )
