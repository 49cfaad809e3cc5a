"""Setting the box up, step by step: each page says what is wrong and how it is mended, and shows a change before it counts."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Annotated, Any

from fastapi import APIRouter, Depends, HTTPException, Request
from fastapi.responses import RedirectResponse, Response
from starlette.datastructures import UploadFile

from appliance import config_change, root_requests
from appliance.box import Box
from appliance.errors import ConfigError, SaidError
from appliance.jobs import NewJob, enqueue
from appliance.notices import JOB, Notice
from appliance.web import setup_forms, setup_steps
from appliance.web.accounts import Session
from appliance.web.console import Console
from appliance.web.rights import Right
from appliance.web.security import allowed, check_form, console_of
from appliance.words import N_

router = APIRouter()
Fitter = Annotated[Session, Depends(allowed(Right.SETTINGS))]
MOST_KEY = 20_000


class Filled:
    """A form as it was sent."""

    def __init__(self, values: Mapping[str, list[str]]) -> None:
        self._values = values

    def __getitem__(self, name: str) -> str:
        return (self._values.get(name) or [""])[0]

    def get(self, name: str, default: str = "") -> str:
        """The first value of this name."""
        return self[name] or default

    def all(self, name: str) -> list[str]:
        """Every value of this name."""
        return self._values.get(name) or []


async def form_of(request: Request) -> Filled:
    """The form, with the text of small files in it."""
    values: dict[str, list[str]] = {}
    async with request.form(max_files=2, max_fields=1000) as form:
        for name, given in form.multi_items():
            text = (await given.read(MOST_KEY)).decode("utf-8", "replace") if isinstance(given, UploadFile) else given
            values.setdefault(name, []).append(text.replace("\r\n", "\n"))
    return Filled(values)


Form = Annotated[Filled, Depends(form_of)]


@router.get("/setup")
def overview(request: Request, session: Fitter) -> Response:
    """Every step, done or not."""
    console = console_of(request)
    box = config_change.current(console.box)
    steps = setup_steps.steps(box, console.ledger, console.clock.now())
    return console.page(
        request, "setup.html", session, steps=steps, trial=on_trial(box), next=next((s for s in steps if not s.done), None)
    )


@router.get("/setup/text")
def text_page(request: Request, session: Fitter) -> Response:
    """The configuration's whole text, and every earlier one."""
    console = console_of(request)
    text = config_change.text_of(console.box)
    return console.page(
        request,
        "setup_text.html",
        session,
        text=text,
        base=config_change.mark(text),
        versions=config_change.versions(console.box)[:30],
    )


@router.post("/setup/text")
def change_text(request: Request, session: Fitter, form: Form) -> Response:
    """Show what a new text, or the undoing of a change, would alter; or save what was shown."""
    check_form(session, form["csrf"])
    console = console_of(request)
    if form["do"] == "save":
        return _saved(console, session, form)
    if form["do"] == "undo":
        return _preview(request, session, "text", lambda text: config_change.before(console.box, form["version"]))
    return _preview(request, session, "text", lambda text: form["text"])


@router.get("/setup/picture")
def picture(request: Request, session: Fitter) -> Response:
    """What the mirror carries now, for the page that looks again every few seconds."""
    console = console_of(request)
    box = config_change.current(console.box)
    seen = setup_steps.picture(box, console.ledger, console.clock.now())
    return console.page(request, "setup_picture.html", session, seen=seen)


@router.get("/setup/change/{change}")
def outcome(request: Request, session: Fitter, change: str, step: str = "") -> Response:
    """What came of a change; the page looks again until root's unit has done it."""
    console = console_of(request)
    if not root_requests.is_known(console.box, change):
        raise HTTPException(404)
    answer = config_change.outcome(console.box, change)
    if answer is not None and answer.ok and not root_requests.is_installed(console.box):
        console.box = config_change.current(console.box)
    back = f"/setup/{step}" if step in setup_steps.STEPS or step == "text" else "/setup"
    return console.page(request, "setup_change.html", session, answer=answer, change=change, back=back, step=step)


@router.get("/setup/{step}")
def step_page(request: Request, session: Fitter, step: str) -> Response:
    """One step."""
    return _step(request, session, step)


@router.post("/setup/{step}")
def change_step(request: Request, session: Fitter, step: str, form: Form) -> Response:
    """Show what the form would change, save it, try something out, or keep a new address."""
    check_form(session, form["csrf"])
    console = console_of(request)
    if step not in setup_steps.STEPS:
        raise HTTPException(404)
    deed = form["do"]
    if deed == "save":
        return _saved(console, session, form)
    if deed == "test":
        _try_out(console, step)
        return RedirectResponse(f"/setup/{step}?tried=1", 303)
    if deed == "confirm":
        root_requests.ask(console.box, "confirm", session.account, "", console.clock.now())
        return RedirectResponse("/setup/network", 303)
    return _preview(request, session, step, lambda text: _changed(step, deed, text, form))


def on_trial(box: Box) -> bool:
    """Whether a new address waits for somebody to keep it."""
    return (box.folders.data / "system" / "trial.json").exists()


def _changed(step: str, deed: str, text: str, form: Filled) -> str:
    """The configuration's text with what this page asks for. Raises SaidError."""
    if deed == "add" and step == "keys":
        return setup_forms.with_recipient(text, form["name"], form["file"] or form["key"])
    if deed == "add" and step == "notices":
        return setup_forms.with_channel(text, form["name"], form["kind"], form["options"])
    if deed.startswith("remove:"):
        remove = setup_forms.without_recipient if step == "keys" else setup_forms.without_channel
        return remove(text, deed.removeprefix("remove:"))
    if step == "lines":
        columns = ("number", "name", "group", "record")
        rows = [dict(zip(columns, row, strict=True)) for row in zip(*(form.all(f"line-{name}") for name in columns), strict=False)]
        text = setup_forms.with_lines(text, rows)
    fields = setup_forms.FORMS.get(step, ())
    return setup_forms.filled(text, fields, {field.path: form[field.path] for field in fields})


def _preview(request: Request, session: Session, step: str, make: Callable[[str], str]) -> Response:
    """The difference, to be read before it counts; where it does not hold, what is wrong."""
    console = console_of(request)
    old = config_change.text_of(console.box)
    try:
        new = make(old)
        config_change.check(console.box, new)
    except (ConfigError, SaidError) as error:
        if step == "text":
            values = {"difference": "", "text": "", "base": "", "step": step, "problems": console.said(request, error).splitlines()}
            return console.page(request, "setup_preview.html", session, 409, **values)
        return _step(request, session, step, console.said(request, error).splitlines())
    values = {
        "difference": config_change.difference(old, new),
        "text": new,
        "base": config_change.mark(old),
        "step": step,
        "problems": [],
    }
    return console.page(request, "setup_preview.html", session, **values)


def _saved(console: Console, session: Session, form: Filled) -> Response:
    change = config_change.propose(
        console.box, form["text"], session.account, form["why"], console.clock.now(), form["base"] or "-"
    )
    return RedirectResponse(f"/setup/change/{change}?step={form['step'] if form['step'].isalpha() else ''}", 303)


def _step(request: Request, session: Session, step: str, problems: list[str] | None = None) -> Response:
    if step not in setup_steps.STEPS:
        raise HTTPException(404)
    console = console_of(request)
    box, now = config_change.current(console.box), console.clock.now()
    all_steps = setup_steps.steps(box, console.ledger, now)
    place = list(setup_steps.STEPS).index(step)
    values: dict[str, Any] = {
        "step": all_steps[place], "number": place + 1, "problems": problems or [], "config": box.config, "trial": on_trial(box),
        "fields": [(field, field.shown(box.config)) for field in setup_forms.FORMS.get(step, ())],
        "interfaces": setup_steps.interfaces(), "seen": setup_steps.picture(box, console.ledger, now),
        "unnamed": setup_steps.unnamed(box, console.ledger, now) if step == "lines" else [],
        "tried": "tried" in request.query_params, "following": all_steps[place + 1].id if place + 1 < len(all_steps) else "",
        "options_text": setup_forms.options_text,
    }  # fmt: skip
    return console.page(request, "setup_step.html", session, 409 if problems else 200, **values)


def _try_out(console: Console, step: str) -> None:
    """Have the uploader try out the store, or tell every channel something; it alone leaves the box."""
    box, now = config_change.current(console.box), console.clock.now()
    if step == "store":
        jobs = [NewJob(kind="canary", subject=f"setup-{now}", body={})]
    elif step == "notices":
        jobs = [NewJob(kind=JOB, subject=notice.id, body=notice.body) for notice in _test_notices(box, now)]
    else:
        raise SaidError(N_("There is nothing to try out here."))
    with console.ledger.transaction() as connection:
        enqueue(connection, jobs, now)


def _test_notices(box: Box, now: int) -> list[Notice]:
    site = box.config.site
    place = site.name or site.contract
    return [
        Notice(
            id=f"{channel.name}/test/{now}", channel=channel.name, event="test", severity="notice", check="test", at=now, site=place,
            serial=site.serial, subject=f"[{place}] 通知テスト / test notice",
            text=f"{site.serial}: このボックスからの通知は届きます。\nNotices of this box arrive.",
        )
        for channel in box.config.notify.channels
    ]  # fmt: skip
