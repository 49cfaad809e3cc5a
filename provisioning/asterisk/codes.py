"""The dialplan that telephones dial: extensions, lamps, and the codes of features.

A telephone's number, class of service and box are set on its endpoint (APPLIANCE_DESK, APPLIANCE_PERMISSION, APPLIANCE_BOX), where no
caller can change them. What a code sets is in Asterisk's database: it outlives a restart of everything. Lamps are custom device states:
`Custom:NAME` of a switch, `Custom:quiet-NUMBER`, `Custom:forward-NUMBER`. Pure.
"""

from __future__ import annotations

from collections.abc import Iterator

from appliance import dialplan
from appliance.phone_settings import Queue, Switch
from provisioning.asterisk import lines
from provisioning.asterisk.outbound import permissions
from provisioning.asterisk.wiring import Wiring, outside, permission

_DESK = "${APPLIANCE_DESK}"
_DONE = ("Playback(beep)", "Hangup()")


def contexts(wiring: Wiring) -> Iterator[str]:
    """Every context of this file."""
    for one in permissions(wiring):
        yield lines.context(
            permission(one.name), lines.extension("i", "Goto(refused,s,1)"),
            includes=["emergency", "codes", "internal", "parkedcalls", outside(one.name)],
        )  # fmt: skip
    yield lines.context("internal", *_inside(wiring), *_lamps(wiring))
    yield lines.context("codes", *_codes(wiring))
    yield lines.context(
        "called-back",
        lines.extension("_[0-9].", "Gosub(begin,s,1)", "Gosub(number,${EXTEN},1)", "Goto(choose,${NATIONAL},1)"),
    )


def _inside(wiring: Wiring) -> Iterator[list[str]]:
    phone = wiring.phone
    for desk in phone.extensions:
        yield lines.extension(desk.number, f"Goto({dialplan.GO_EXTENSION},{desk.number},1)")
    for context, named in ((dialplan.GO_GROUP, phone.groups), (dialplan.GO_QUEUE, phone.queues)):
        for one in named:
            if one.number:
                yield lines.extension(one.number, f"Goto({context},{one.name},1)")
    for room in phone.conferences:
        yield lines.extension(room.number, f"Goto({dialplan.GO_CONFERENCE},{room.number},1)")


def _lamps(wiring: Wiring) -> Iterator[list[str]]:
    """Hints: what a telephone's lamp shows."""
    for desk in wiring.phone.extensions:
        yield [f"exten => {desk.number},hint,PJSIP/{desk.number}"]
    for room in wiring.phone.conferences:
        yield [f"exten => {room.number},hint,confbridge:{room.number}"]
    for switch in wiring.phone.switches:
        yield [f"exten => {switch.code},hint,Custom:{switch.name}"]
        yield [f"exten => {switch.name},hint,Custom:{switch.name}"]


def _codes(wiring: Wiring) -> Iterator[list[str]]:
    codes = wiring.phone.codes
    if codes.pickup:
        yield lines.extension(codes.pickup, "Pickup()", "Hangup()")
    if codes.pickup_of:
        yield lines.extension(f"_{codes.pickup_of}X.", f"PickupChan(PJSIP/${{EXTEN:{len(codes.pickup_of)}}}-)", "Hangup()")
    yield from _forwards(wiring)
    if codes.quiet:
        yield _toggle(
            codes.quiet, f"quiet/{_DESK}", f"Custom:quiet-{_DESK}", on=[f"PauseQueueMember(,PJSIP/{_DESK})"],
            off=[f"UnpauseQueueMember(,PJSIP/{_DESK})"],
        )  # fmt: skip
    if codes.follow_me:
        yield _toggle(codes.follow_me, f"follow-off/{_DESK}", f"Custom:follow-off-{_DESK}")
    if codes.voicemail:
        yield lines.extension(
            codes.voicemail, "GotoIf($[${LEN(${APPLIANCE_BOX})} = 0]?refused,s,1)", "Answer()",
            "VoiceMailMain(${APPLIANCE_BOX}@default)", "Hangup()",
        )  # fmt: skip
    if codes.queue_login and wiring.phone.queues:
        yield _login(codes.queue_login, wiring.phone.queues)
    if codes.queue_pause and wiring.phone.queues:
        yield _toggle(
            codes.queue_pause, f"queue-pause/{_DESK}", f"Custom:queue-pause-{_DESK}",
            on=[f"PauseQueueMember(,PJSIP/{_DESK})"], off=[f"UnpauseQueueMember(,PJSIP/{_DESK})"],
        )  # fmt: skip
    yield from _people(wiring)
    yield from (_switch(switch) for switch in wiring.phone.switches)


def _forwards(wiring: Wiring) -> Iterator[list[str]]:
    codes = wiring.phone.codes
    families = {"forward": codes.forward, "forward-busy": codes.forward_busy, "forward-no-answer": codes.forward_no_answer}
    for family, code in families.items():
        if code:
            number = f"${{EXTEN:{len(code)}}}"
            lamp = [f"Set(DEVICE_STATE(Custom:forward-{_DESK})=INUSE)"] if family == "forward" else []
            yield lines.extension(
                f"_{code}[0-9].",
                f"GotoIf($[${{DIALPLAN_EXISTS(emergency,{number},1)}}]?refused,s,1)",
                f"Set(DB({family}/{_DESK})={number})", *lamp, "Answer()", *_DONE,
            )  # fmt: skip
    if codes.forward_off:
        yield lines.extension(
            codes.forward_off,
            *(f"ExecIf($[${{DB_EXISTS({family}/{_DESK})}}]?NoOp(${{DB_DELETE({family}/{_DESK})}}))" for family in families),
            f"Set(DEVICE_STATE(Custom:forward-{_DESK})=NOT_INUSE)", "Answer()", *_DONE,
        )  # fmt: skip


def _toggle(code: str, key: str, lamp: str, on: list[str] | None = None, off: list[str] | None = None) -> list[str]:
    """A code that turns something on when it is off, and off when it is on, with its lamp."""
    return lines.extension(
        code, "Answer()", f'GotoIf($["${{DB({key})}}" = "1"]?off)',
        f"Set(DB({key})=1)", f"Set(DEVICE_STATE({lamp})=INUSE)", *(on or []), "Playback(activated)", "Hangup()",
        f"off: Set(DB({key})=0)", f"Set(DEVICE_STATE({lamp})=NOT_INUSE)", *(off or []), "Playback(de-activated)", "Hangup()",
    )  # fmt: skip


def _switch(switch: Switch) -> list[str]:
    return _toggle(switch.code, f"{dialplan.NIGHT_FAMILY}/{switch.name}", f"Custom:{switch.name}")


def _login(code: str, queues: list[Queue]) -> list[str]:
    """Enters every queue, or leaves it: for desks that are no fixed member."""
    enter = [f"AddQueueMember({queue.name},PJSIP/{_DESK})" for queue in queues]
    leave = [f"RemoveQueueMember({queue.name},PJSIP/{_DESK})" for queue in queues]
    return _toggle(code, f"queue-in/{_DESK}", f"Custom:queue-{_DESK}", on=enter, off=leave)


def _people(wiring: Wiring) -> Iterator[list[str]]:
    """Speed dial, block, call back."""
    codes, prefix = wiring.phone.codes, wiring.phone.office_prefix
    if codes.speed_dial:
        for contact in wiring.phone.contacts:
            if contact.speed_dial:
                yield lines.extension(
                    f"{codes.speed_dial}{contact.speed_dial}",
                    f"Goto(outside-${{APPLIANCE_PERMISSION}},{prefix}{wiring.national(contact.number)},1)",
                )
    if codes.block:
        yield lines.extension(
            codes.block, "Answer()", f"Set(NUMBER=${{DB(last/{_DESK})}})", "GotoIf($[${LEN(${NUMBER})} < 6]?none)",
            "Set(DB(blocked/c${NUMBER})=1)", "Playback(removed)", "Hangup()", "none: Playback(beeperr)", "Hangup()",
        )  # fmt: skip
    if codes.redial:
        yield lines.extension(
            codes.redial, f"Set(NUMBER=${{DB(last/{_DESK})}})", "GotoIf($[${LEN(${NUMBER})} = 0]?refused,s,1)",
            "GotoIf($[${DIALPLAN_EXISTS(internal,${NUMBER},1)}]?internal,${NUMBER},1)",
            f"Goto(outside-${{APPLIANCE_PERMISSION}},{prefix}${{NUMBER}},1)",
        )  # fmt: skip
