"""Root's side of what a page asks (`appliance/root_requests.py`): each request is checked, done and answered; then the services read anew.

A change of the configuration is followed by the machine (`system.py`) and by Asterisk (`exchange.py`) where what they are made of changed;
where either refuses, the configuration is as it was before. Away from an installed box nothing but the configuration's file changes.
"""

from __future__ import annotations

import logging
import socket
from collections.abc import Callable, Mapping, Sequence

from appliance import config_change, root_requests
from appliance.box import Box
from appliance.clock import SystemClock
from appliance.errors import ApplianceError, CouldNotError
from appliance.ledger import Ledger
from appliance.lookup import get_call
from appliance.root_requests import Answer, Request
from provisioning import commission, exchange, night, system
from provisioning.system import Run

MACHINE = frozenset({"network", "capture", "site", "web", "phone"})
"""Tables of the configuration that the machine's own files are made of."""
READERS: Mapping[str, tuple[str, ...]] = {
    "notify": ("uploader", "janitor", "web"),
    "store": ("uploader", "janitor", "web"),
    "sending": ("uploader", "web"),
    "health": ("janitor", "web"),
    "proof": ("janitor", "uploader", "web"),
    "retention": ("janitor", "render", "web"),
    "popup": ("web",),
    "register_of_access": ("web",),
    "speech": ("ivr", "web"),
}
"""Who reads a table; one that is not named is read by all."""
EVERYBODY = ("capture", "render", "listen", "uploader", "janitor", "ivr", "phones", "diagnose", "web")
"""The console last: it is what shows the answer."""
Does = Callable[[Box, Request, int, Run], Answer]

log = logging.getLogger(__name__)


def take(box: Box, run: Run | None = None) -> list[Answer]:
    """Do every request that lies there, oldest first, and answer it. Raises ShelfError."""
    clock, answers = SystemClock(), []
    for request in root_requests.waiting(box):
        answer = DOES.get(request.do, _unknown)(box, request, clock.now(), run or (lambda command: None))
        root_requests.settle(box, answer)
        log.info("%s of %s by %s: %s", request.do, request.id, request.who, "done" if answer.ok else answer.said)
        if request.do == config_change.DO and answer.ok and run is not None:
            restart(answer.values["sections"].split(", "), run)
        answers.append(answer)
    return answers


def take_here(box: Box) -> None:
    """The same for a folder of a user's own: no machine follows."""
    take(box)


def readers(tables: Sequence[str]) -> list[str]:
    """The services that read one of these tables of the configuration."""
    wanted = {name for table in tables for name in READERS.get(table, EVERYBODY)}
    return [name for name in EVERYBODY if name in wanted]


def restart(tables: Sequence[str], run: Run) -> None:
    """Have those who read these tables read them again; one that never ran, for it had no mirror port, begins."""
    names = readers(tables)
    try:
        if "capture" in names:
            run(("systemctl", "--no-block", "reset-failed", "appliance-capture.service"))
        run(("systemctl", "--no-block", "restart", *(f"appliance-{name}.service" for name in names)))
    except CouldNotError as error:
        log.warning("%s", error)


def _change(box: Box, request: Request, now: int, run: Run) -> Answer:
    def follow(before: Box, after: Box) -> str:
        if not root_requests.is_installed(box):
            return "written"
        return " ".join(_follow(before, after, now, run)) or "written"

    return config_change.carry_out(box, request, now, follow)


def _follow(before: Box, after: Box, now: int, run: Run) -> list[str]:
    """Make machine and Asterisk what the configuration says; what is not configured is not touched."""
    changed, said = set(config_change.sections(before.source.text, after.source.text)), []
    present = [name for _, name in socket.if_nameindex() if name != "lo"]
    if changed & MACHINE and (after.config.network.lan.interface or before.config.network.lan.interface):
        system.check(after, present)
        said += [f"{one.path}: written" for one in system.apply(after, now, run)]
        if system.on_trial(after, now):
            said.append("the address is on trial for two minutes")
    mirror = after.config.capture.interface
    if "capture" in changed and mirror and mirror not in present:
        what = f"{mirror!r} is no interface of this machine; there are: {', '.join(sorted(present))}"
        raise after.source.problem(("capture", "interface"), what)
    if changed & {"phone", "lines", "site"} and (after.config.phone.enabled or before.config.phone.enabled):
        done = exchange.apply(after, exchange.folder_of(after))
        said += [f"{name}: written" for name in done.written] + ([done.silent] if done.silent else [])
    return said


def _confirm(box: Box, request: Request, now: int, run: Run) -> Answer:
    kept = system.confirm(box)
    return _answer(request, now, ok=kept, said="the change stays" if kept else "nothing is on trial")


def _commission(box: Box, request: Request, now: int, run: Run) -> Answer:
    """The opening test with a call that was made: examined and signed here, for the box's key is root's."""
    given = request.values
    asked = commission.Asked(
        who=request.who, popup_seen=bool(given.get("popup_seen")), without_notices=bool(given.get("without_notices"))
    )
    try:
        run(("systemctl", "start", "appliance-hardware.service"))
        with Ledger.open(box.folders.ledger) as ledger:
            call = get_call(ledger.connection, given.get("call", ""))
            if call is None:
                return _answer(request, now, ok=False, said="there is no such call")
            signed, steps, _ = commission.carry_out(box, ledger, call, asked, now, box.folders.data / "commission")
    except CouldNotError as error:
        return _answer(request, now, ok=False, said=str(error))
    failed = [f"{step.japanese} / {step.english}: {step.found}; {step.mend}" for step in steps if not step.passed]
    return _answer(request, now, ok=bool(signed.facts["passed"]), said="\n".join(failed))


def _switch(box: Box, request: Request, now: int, run: Run) -> Answer:
    try:
        said = night.turn(box, request.values.get("name", ""), request.values.get("on") == "1", request.who, now)
    except ApplianceError as error:
        return _answer(request, now, ok=False, said=str(error))
    return _answer(request, now, ok=True, said=said)


def _unknown(box: Box, request: Request, now: int, run: Run) -> Answer:
    return _answer(request, now, ok=False, said=f"{request.do}: is nothing that root does for a page")


def _answer(request: Request, now: int, *, ok: bool, said: str) -> Answer:
    return Answer(id=request.id, do=request.do, who=request.who, why=request.why, at=now, ok=ok, said=said)


DOES: Mapping[str, Does] = {config_change.DO: _change, "confirm": _confirm, "commission": _commission, night.DO: _switch}
"""What a page may ask for: nothing else is done."""
