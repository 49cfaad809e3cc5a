"""The dialplan towards the outside: emergency numbers first and always, what a dialled number is, who may call it, over which trunk.

`emergency` is the first context that any telephone's context includes and the first that `go-outside` includes, before every rule of a
person's: 110, 118 and 119 go out as they are, also behind an office 0, 184 or 186, over every trunk until one answers. A number is
classified by patterns (`number`), completed with the area code where it is local, and keeps its 184 or 186. The forms are those of
`appliance/numbers.py`. Pure.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import get_args

from appliance import dialplan, numbers
from appliance.options import WITHHELD
from appliance.phone_lines import Class, Outbound, Permission, Trunk
from provisioning.asterisk import lines
from provisioning.asterisk.wiring import Wiring, outside, trunk

_KINDS: dict[str, tuple[str, ...]] = {
    "mobile": ("_0[6789]0[1-9]XXXXXXX",),
    "ip": ("_050XXXXXXXX",),
    "freephone": ("_0120XXXXXX", "_0800XXXXXXX"),
    "navi": ("_0570XXXXXX",),
    "m2m": ("_0200XXXXXXXXXX", "_020[1-9]XXXXXXX"),
    "international": ("_010[1-9]XXXXXX.",),
    "service": (*sorted(numbers.SERVICE), "_#XXXX"),
    "fixed": ("_0[1-9][1-9]XXXXXXX",),
}
"""Patterns of national numbers by class; the more exact pattern wins in Asterisk."""
_NEXT = '"${DIALSTATUS}" = "CHANUNAVAIL" | "${DIALSTATUS}" = "CONGESTION"'
_WRONG = '"${HANGUPCAUSE}" = "1" | "${HANGUPCAUSE}" = "28"'
"""Unallocated, or of a wrong form (ITU-T Q.850): no other trunk would know better."""


def contexts(wiring: Wiring) -> Iterator[str]:
    """Every context of this file."""
    yield from _emergency(wiring)
    yield from _number(wiring)
    for one in permissions(wiring):
        yield from _permission(wiring, one)
    yield from _choice(wiring)
    yield lines.context(
        dialplan.GO_OUTSIDE,
        includes=["emergency", "any-outside"],
    )
    yield lines.context(
        "any-outside", lines.extension("_[0-9*#+].", "Gosub(begin,s,1)", "Gosub(number,${EXTEN},1)", "Goto(choose,${NATIONAL},1)")
    )
    yield lines.context(
        "refused",
        lines.extension(
            "s", f'GotoIf($["${{{dialplan.COMES_BACK}}}" = "1"]?went,unreachable,1)', "Progress()",
            "Playback(cannot-complete-as-dialed,noanswer)", "Congestion(5)", "Hangup()",
        ),
    )  # fmt: skip


def permissions(wiring: Wiring) -> list[Permission]:
    """Every class of service; `standard`, where nobody wrote it, may call every kind."""
    found = list(wiring.phone.permissions)
    if all(one.name != "standard" for one in found):
        found.insert(0, Permission(name="standard", classes=list(get_args(Class))))
    return found


def emergency_trunks(wiring: Wiring) -> list[Trunk]:
    """In the order in which they are tried."""
    named = wiring.phone.emergency_trunks
    by_name = {one.name: one for one in wiring.phone.trunks}
    first = [by_name[name] for name in named if name in by_name]
    return first + [one for one in wiring.phone.trunks if one not in first]


def _emergency(wiring: Wiring) -> Iterator[str]:
    prefixes = sorted({"", "0", wiring.phone.office_prefix})
    ways = [
        lines.extension(f"{prefix}{show}{number}", f"Goto(emergency-call,{number},1)")
        for number in sorted(numbers.EMERGENCY) for prefix in prefixes for show in ("", "184", "186")
    ]  # fmt: skip
    yield lines.context("emergency", *ways)
    calls = [step for one in emergency_trunks(wiring) for step in _emergency_dial(wiring, one)]
    yield lines.context(
        "emergency-call",
        lines.extension(
            "_1XX",
            "Set(TIMEOUT(absolute)=0)",
            "Set(CALLERID(name)=)",
            *calls,
            *calls,
            "Playtones(congestion)",
            "Wait(10)",
            "over: Hangup()",
        ),
    )


def _emergency_dial(wiring: Wiring, line: Trunk) -> list[str]:
    ours = wiring.phone.emergency_number or next(iter(line.numbers), "")
    return [
        *([f"Set(CALLERID(num)={wiring.national(ours)})"] if ours else []),
        f"Dial(PJSIP/${{EXTEN}}@{trunk(line.name)},60)",
        'GotoIf($["${DIALSTATUS}" = "ANSWER" | "${DIALSTATUS}" = "BUSY"]?over)',
    ]


def _number(wiring: Wiring) -> Iterator[str]:
    """`number`: sets NATIONAL, KIND, SHOW (184, 186) and CARRIER of what was dialled."""
    area = wiring.config.site.area_code
    clear = ["Set(KIND=other)", "Set(NATIONAL=${EXTEN})"]
    yield lines.context(
        "number",
        lines.extension("_[0-9*#].", *clear, "Set(SHOW=)", "Set(CARRIER=)", "Goto(number-bare,${EXTEN},1)"),
        lines.extension("_+!", *clear, "Return()"),
        lines.extension("_+81[1-9].", *clear, "Set(SHOW=)", "Set(CARRIER=)", "Goto(number-bare,0${EXTEN:3},1)"),
        lines.extension("_+[1-9].", *clear, "Set(SHOW=)", "Set(CARRIER=)", "Goto(number-bare,010${EXTEN:1},1)"),
        *(
            lines.extension(f"_{show}[0#].", *clear, f"Set(SHOW={show})", "Set(CARRIER=)", "Goto(number-bare,${EXTEN:3},1)")
            for show in ("184", "186")
        ),
        *(
            lines.extension(
                f"_{show}{_local(area)}", *clear, f"Set(SHOW={show})", "Set(CARRIER=)", "Goto(number-bare,${EXTEN:3},1)"
            )
            for show in ("184", "186") if area
        ),
    )  # fmt: skip
    kinds = [
        lines.extension(pattern, f"Set(KIND={kind})", "Set(NATIONAL=${EXTEN})", "Return()")
        for kind, patterns in _KINDS.items() for pattern in patterns
    ]  # fmt: skip
    local = []
    if area:
        rest = "X" * (10 - len(area) - 1)
        local = [
            lines.extension(f"_{area}[2-9]{rest}", "Set(KIND=local)", "Set(NATIONAL=${EXTEN})", "Return()"),
            lines.extension(f"_{_local(area)}", "Set(KIND=local)", f"Set(NATIONAL={area}${{EXTEN}})", "Return()"),
        ]
    yield lines.context(
        "number-bare",
        *kinds,
        *local,
        lines.extension("_00[2-9]X0[1-9].", "Set(CARRIER=${EXTEN:0:4})", "Goto(${EXTEN:4},1)"),
        lines.extension("_00[2-9]XX0[1-9].", "Set(CARRIER=${EXTEN:0:5})", "Goto(${EXTEN:5},1)"),
        lines.extension("_0091XX0[1-9].", "Set(CARRIER=${EXTEN:0:6})", "Goto(${EXTEN:6},1)"),
        lines.extension("_[0-9*#]!", "Set(NATIONAL=${EXTEN})", "Return()"),
    )


def _local(area: str) -> str:
    """The pattern of a number without its area code: ten digits with it, and none begins with 0 or 1."""
    return "[2-9]" + "X" * (10 - len(area) - 1)


def _permission(wiring: Wiring, one: Permission) -> Iterator[str]:
    """`outside-NAME`: what this class of service may call."""
    yield lines.context(f"refuse-{one.name}", *(_pattern(wiring, number) for number in one.refused))
    yield lines.context(
        f"allow-{one.name}",
        *(_pattern(wiring, number) for number in one.allowed),
        *(lines.extension(kind, "Return()") for kind in one.classes),
    )
    prefix = wiring.phone.office_prefix
    bare = f"${{EXTEN:{len(prefix)}}}"
    steps = [
        "Gosub(begin,s,1)",
        f"Gosub(number,{bare},1)",
        f"GotoIf($[${{DIALPLAN_EXISTS(refuse-{one.name},c${{NATIONAL}},1)}}]?refused,s,1)",
        f"GotoIf($[${{DIALPLAN_EXISTS(allow-{one.name},c${{NATIONAL}},1)}}]?choose,${{NATIONAL}},1)",
        f"GotoIf($[${{DIALPLAN_EXISTS(allow-{one.name},${{KIND}},1)}}]?choose,${{NATIONAL}},1)",
        "Goto(refused,s,1)",
    ]
    ways = [lines.extension(f"_{prefix}[0-9*#].", *steps)]
    if not prefix:
        ways.append(lines.extension("_+[1-9].", *steps))
    yield lines.context(outside(one.name), *ways)


def _pattern(wiring: Wiring, number: str) -> list[str]:
    """An extension that is there for the numbers that this spelling means. A `c` stands before them, so that an empty one fits none."""
    if number.endswith("*"):
        return lines.extension(f"_c{numbers.clean(number[:-1])}!", "Return()")
    return lines.extension(f"c{wiring.national(number)}", "Return()")


def known(wiring: Wiring, name: str, spelled: Sequence[str]) -> str:
    """A context in which `cNUMBER` is there for each of these numbers."""
    return lines.context(name, *(_pattern(wiring, number) for number in spelled if number not in WITHHELD))


def _choice(wiring: Wiring) -> Iterator[str]:
    """`choose`: the first outbound rule that fits; `dial-N`: its trunks in order."""
    rules = list(wiring.phone.outbound)
    if not rules and wiring.phone.trunks:
        rules = [Outbound(name="every", trunks=[one.name for one in wiring.phone.trunks])]
    lines_ = {one.name: one for one in wiring.phone.trunks}
    tests = []
    for index, rule in enumerate(rules):
        if rule.numbers:
            yield known(wiring, f"rule-{index}", rule.numbers)
        tests.append(f"GotoIf($[{_fits(index, rule)}]?dial-{index},${{EXTEN}},1)")
    yield lines.context("choose", lines.extension("_[0-9*#+]!", *tests, "Goto(refused,s,1)"))
    for index, rule in enumerate(rules):
        yield lines.context(f"dial-{index}", _rule(wiring, rule, lines_))
    yield lines.context("wrong", lines.extension("s", "Goto(refused,s,1)"))


def _fits(index: int, rule: Outbound) -> str:
    kinds = " | ".join(f'"${{KIND}}" = "{kind}"' for kind in rule.classes)
    said = f"${{DIALPLAN_EXISTS(rule-{index},c${{NATIONAL}},1)}}"
    return " & ".join([*([f"( {kinds} )"] if kinds else []), *([said] if rule.numbers else [])]) or "1"


def _rule(wiring: Wiring, rule: Outbound, known_lines: dict[str, Trunk]) -> list[str]:
    used = [known_lines[name] for name in rule.trunks if name in known_lines]
    steps = []
    for place, line in enumerate(used):
        last = place + 1 == len(used)
        over = "full" if last else f"next{place + 1}"
        if line.most_calls:
            steps.append(f"{_label(place)}GotoIf($[${{GROUP_COUNT({line.name}@trunk)}} >= {line.most_calls}]?{over})")
            steps.append(f"Set(GROUP(trunk)={line.name})")
            steps += _dial(wiring, rule, line)
        else:
            first, *rest = _dial(wiring, rule, line)
            steps += [f"{_label(place)}{first}", *rest]
        steps.append(f"GotoIf($[{_WRONG}]?wrong,s,1)")
        if not last:
            steps.append(f"GotoIf($[{_NEXT}]?{over})")
            steps.append("Goto(after,${DIALSTATUS},1)")
    return lines.extension("_[0-9*#+]!", *steps, "Goto(after,${DIALSTATUS},1)", "full: Goto(after,CONGESTION,1)")


def _label(place: int) -> str:
    return f"next{place}: " if place else ""


def _dial(wiring: Wiring, rule: Outbound, line: Trunk) -> list[str]:
    """One trunk: our number as the called party sees it, 184 or 186 and the carrier's prefix before the number."""
    usual = rule.number or next(iter(line.numbers), "")
    ours = wiring.national(usual) if usual else ""
    show = f"${{IF($[${{LEN(${{SHOW}})}} > 0]?${{SHOW}}:{rule.show})}}"
    carrier = f"${{IF($[${{LEN(${{CARRIER}})}} > 0]?${{CARRIER}}:{rule.carrier})}}"
    return [
        f"Set(CALLERID(num)=${{IF($[${{LEN(${{APPLIANCE_SHOWN}})}} > 0]?${{APPLIANCE_SHOWN}}:{ours})}})",
        "Set(CALLERID(name)=)",
        f"Dial(PJSIP/{show}{carrier}${{NATIONAL}}@{trunk(line.name)},120,${{CONFIRM}}${{MAY}}S({wiring.phone.longest_call_hours * 3600}))",
    ]
