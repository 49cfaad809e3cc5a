"""The dialplan of calls from outside: `trunk-NAME` (which number was dialled, who calls and why no number shows), then the routes.

The dialled number stands in P-Called-Party-ID on Japanese lines, else in the Request-URI, else in To (`japan-facts.md`). What a caller
writes into headers is filtered to digits before it is compared with anything. A route that leads into a flow has all three guards. Pure.
"""

from __future__ import annotations

from collections.abc import Iterator

from appliance import dialplan, options
from appliance.dialplan import CALLED, CALLER, REASON, TRUNK, Kind
from appliance.phone_lines import Route, Trunk
from provisioning.asterisk import guard, lines
from provisioning.asterisk.outbound import known
from provisioning.asterisk.wiring import Wiring, goto, trunk

_REASONS = (("anonymous", "anonymous"), ("coin line", "payphone"), ("unavailable", "unavailable"), ("interaction", "interaction"))
"""How the display name begins (TTC JJ-90.22), and what it means."""
_MOST_NAMES = 60


def contexts(wiring: Wiring) -> Iterator[str]:
    """Every context of this file."""
    for line in wiring.phone.trunks:
        yield _arriving(wiring, line)
    yield _who(wiring)
    yield lines.context("ours", *(lines.extension(f"c{number}", "Return()") for number in wiring.numbers_of_ours()))
    yield known(wiring, "listed", [contact.number for contact in wiring.phone.contacts])
    yield lines.context(
        "names",
        *(
            lines.extension(
                f"c{wiring.national(one.number)}", f"Set(CALLERID(name)={lines.words(one.name)[:_MOST_NAMES]})", "Return()"
            )
            for one in wiring.phone.contacts
        ),
        lines.extension("_c!", "Return()"),
    )
    yield from _blocking(wiring)
    yield from _choosing(wiring)
    for route in wiring.phone.routes:
        yield _route(wiring, route)


def _arriving(wiring: Wiring, line: Trunk) -> str:
    own = wiring.national(line.numbers[0]) if line.numbers else ""
    steps = (f"Set({TRUNK}={line.name})", "Set(ASKED=${FILTER(0-9+,${EXTEN})})", f"Set(OWN={own})", "Goto(arrive,s,1)")
    return lines.context(trunk(line.name), *(lines.extension(form, *steps) for form in ("_[+0-9a-zA-Z*#]!", "s")))


def _who(wiring: Wiring) -> str:
    """`arrive`: sets the dialled number, the caller and the reason, and goes to the routes."""
    header = "Set(SAID=${PJSIP_HEADER(read,P-Called-Party-ID)})"
    to = "Set(SAID=${PJSIP_HEADER(read,To)})"
    known_ = "${DIALPLAN_EXISTS(ours,c%s,1)}"
    return lines.context(
        "arrive",
        lines.extension(
            "s",
            header, "Gosub(user,s,1)", f"Set({CALLED}=${{GOSUB_RETVAL}})", f"GotoIf($[${{LEN(${{{CALLED}}})}} > 2]?caller)",
            "Gosub(plain,s,1(${ASKED}))", f"Set({CALLED}=${{GOSUB_RETVAL}})", f"GotoIf($[{known_ % f'${{{CALLED}}}'}]?caller)",
            to, "Gosub(user,s,1)", "Set(IN_TO=${GOSUB_RETVAL})", f"ExecIf($[{known_ % '${IN_TO}'}]?Set({CALLED}=${{IN_TO}}))",
            f"ExecIf($[${{LEN(${{{CALLED}}})}} < 5 & ${{LEN(${{OWN}})}} > 0]?Set({CALLED}=${{OWN}}))",
            "caller: Gosub(plain,s,1(${FILTER(0-9+,${CALLERID(num)})}))", f"Set({CALLER}=${{GOSUB_RETVAL}})",
            "Set(NAME=${TOLOWER(${FILTER(a-zA-Z /,${CALLERID(name)})})})", f"Set({REASON}=)",
            "Set(HIDES=${FILTER(a-z,${TOLOWER(${PJSIP_HEADER(read,Privacy)})})})",
            f'GotoIf($[${{LEN(${{{CALLER}}})}} > 2 & "${{HIDES:0:2}}" != "id" & "${{HIDES:0:4}}" != "user"]?shown)',
            f"Set({REASON}=anonymous)",
            *(f'ExecIf($["${{NAME:0:{len(begins)}}}" = "{begins}"]?Set({REASON}={reason}))' for begins, reason in _REASONS),
            f"Set({CALLER}=)", "Set(CALLERID(num)=)",
            f"shown: ExecIf($[${{LEN(${{{CALLER}}})}} > 0]?Gosub(names,c${{{CALLER}}},1))",
            "Goto(blocked,s,1)",
        ),
    ) + "\n" + _users()  # fmt: skip


def _users() -> str:
    """`user`: the user part of the address in SAID, as a national number; `plain`: a number as a national one."""
    return "\n".join(
        (
            lines.context(
                "user",
                lines.extension(
                    "s", "Set(SAID=${CUT(SAID,:,2)})", "Set(SAID=${CUT(SAID,@,1)})", "Set(SAID=${CUT(SAID,\\;,1)})",
                    "Set(SAID=${FILTER(0-9+,${SAID})})", "Goto(plain,s,given)",
                ),
            ),
            lines.context(
                "plain",
                lines.extension(
                    "s", "Set(SAID=${ARG1})",
                    'given: ExecIf($["${SAID:0:3}" = "+81"]?Set(SAID=0${SAID:3}))',
                    'ExecIf($["${SAID:0:1}" = "+"]?Set(SAID=010${SAID:1}))',
                    "Return(${SAID})",
                ),
            ),
        )
    )  # fmt: skip


def _blocking(wiring: Wiring) -> Iterator[str]:
    """`blocked`: callers on the block list reach only routes that ask for them."""
    listed = wiring.phone.block.callers
    yield known(wiring, "block-list", listed)
    reasons = [one for one in listed if one in options.WITHHELD]
    tests = [f'"${{{REASON}}}" = "{one}"' for one in reasons if one != "withheld"]
    tests += [f"${{LEN(${{{REASON}}})}} > 0"] if "withheld" in reasons else []
    tests.append(f"${{DIALPLAN_EXISTS(block-list,c${{{CALLER}}},1)}}")
    tests.append(f"${{DB_EXISTS(blocked/c${{{CALLER}}})}}")
    wanted = [route for route in wiring.phone.routes if "blocked" in route.callers]
    ends = {
        "busy": ["Busy(5)"],
        "hangup": ["Hangup(21)"],
        "announce": ["Progress()", "Playback(ss-noservice,noanswer)", "Hangup(1)"],
    }[wiring.phone.block.action]
    yield lines.context(
        "blocked",
        lines.extension(
            "s", f"GotoIf($[{' | '.join(tests)}]?caught)", f"Goto(routes,${{IF($[${{LEN(${{{CALLED}}})}} > 0]?${{{CALLED}}}:s)}},1)",
            *(f"{'caught: ' if not place else ''}GotoIf($[{_fits(wiring, route)}]?{dialplan.inbound(route.name)},s,1)"
              for place, route in enumerate(wanted)),
            f"{'' if wanted else 'caught: '}NoOp(blocked)", *ends,
        ),
    )  # fmt: skip


def _choosing(wiring: Wiring) -> Iterator[str]:
    """`routes`: by dialled number, then by trunk and caller, in the order of the settings."""
    routes = [route for route in wiring.phone.routes if "blocked" not in route.callers]
    dialled = sorted({wiring.national(number) for route in routes for number in route.numbers})
    ways = [
        lines.extension(number, *_tests(wiring, [route for route in routes if _takes(wiring, route, number)])) for number in dialled
    ]
    anywhere = [route for route in routes if not route.numbers]
    rest = [lines.extension(form, *_tests(wiring, anywhere)) for form in ("_[0-9+]!", "s", "i")]
    yield lines.context("routes", *ways, *rest)


def _takes(wiring: Wiring, route: Route, number: str) -> bool:
    return not route.numbers or number in {wiring.national(one) for one in route.numbers}


def _tests(wiring: Wiring, routes: list[Route]) -> list[str]:
    steps = [f"GotoIf($[{_fits(wiring, route)}]?{dialplan.inbound(route.name)},s,1)" for route in routes]
    return [*steps, f"Goto({guard.last(wiring)})"]


def _fits(wiring: Wiring, route: Route) -> str:
    """The condition of a route, besides the dialled number."""
    trunks = " | ".join(f'"${{{TRUNK}}}" = "{name}"' for name in route.trunks)
    callers = " | ".join(_caller(wiring, one) for one in route.callers if one != "blocked")
    return " & ".join(f"( {test} )" for test in (trunks, callers) if test) or "1"


def _caller(wiring: Wiring, one: str) -> str:
    if one == "withheld":
        return f"${{LEN(${{{REASON}}})}} > 0"
    if one in options.WITHHELD:
        return f'"${{{REASON}}}" = "{one}"'
    if one == "listed":
        return f"${{DIALPLAN_EXISTS(listed,c${{{CALLER}}},1)}}"
    digits = wiring.national(one.rstrip("*")) if one.endswith("*") else wiring.national(one)
    if one.endswith("*"):
        return f'"${{{CALLER}:0:{len(digits)}}}" = "{digits}"'
    return f'"${{{CALLER}}}" = "{digits}"'


def _route(wiring: Wiring, route: Route) -> str:
    """`in-NAME`: a route. Into a flow only behind the guards; everything else needs no process of ours."""
    prefix = lines.words(route.prefix)
    steps = [f"Set({dialplan.ROUTE}={route.name})", f"Set({dialplan.COMES_BACK}=)", f"Set({dialplan.RING}=)"]
    steps += [f"Set(CALLERID(name)={prefix}${{CALLERID(name)}})"] if prefix else []
    if route.switch and guard.serves(wiring, route.switched):
        steps.append(f'GotoIf($["${{DB({dialplan.NIGHT_FAMILY}/{route.switch})}}" = "1"]?{goto(route.switched)})')
    target = dialplan.target(route.target)
    if target.kind is not Kind.FLOW:
        return lines.context(dialplan.inbound(route.name), lines.extension("s", *steps, f"Goto({_served(wiring, route)})"))
    flow = wiring.flows.get(target.name)
    limit = flow.max_minutes * 60 if flow else guard.UNKNOWN_LIMIT_S
    fallback = f"{dialplan.GO_FALLBACK},{target.name},1" if flow else _otherwise(wiring, route)
    steps += [f"Set({dialplan.FLOW}={target.name})", f"Set({dialplan.LIMIT}={limit})"]
    steps += guard.entering((dialplan.ENTER, route.name, target.name), str(limit), fallback)
    return lines.context(dialplan.inbound(route.name), lines.extension("s", *steps), guard.in_time(fallback))


def _served(wiring: Wiring, route: Route) -> str:
    return goto(route.target) if guard.serves(wiring, route.target) else _otherwise(wiring, route)


def _otherwise(wiring: Wiring, route: Route) -> str:
    return goto(route.fallback) if guard.serves(wiring, route.fallback) else guard.last(wiring)
