"""Flows in the console: the list, the page on which one is written, simulated and published, its history, and the way back.

Publishing and rolling back are `publishing.publish` and `publishing.rollback`, as on the command line; a draft is a file that the command
line publishes too. What the page sends while somebody types is kept as the draft and looked through at once.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple

from appliance import flow_shelf
from appliance.errors import SaidError, UsageError
from appliance.moments import from_iso
from appliance.pages import Answer, Data, Moved, NotHereError, Page, Sheet, Visit, speaking
from appliance.records import Changed
from ivr_flows import drafts, publishing
from ivr_flows.authoring import lines
from ivr_flows.console import flow_view
from ivr_flows.console.flow_view import Looked
from ivr_flows.console.words import WORDS
from ivr_flows.drafts import Draft
from ivr_flows.keeping import history
from ivr_flows.surroundings import speech

RIGHT = ("phone",)
HERE = Path(__file__).parent
LARGEST = 2 << 20
"""A form: the text of a flow in URL encoding."""
STARTER = """\
flow: {flow}
title: 代表電話
language: ja
start: hours
fallback: {fallback}
calendars:
  office:
    open: {{mon-fri: ["09:00-12:00", "13:00-18:00"]}}
    closed_dates: [jp-holidays, "12-29..01-03"]
nodes:
  hours: {{type: calendar, calendar: office, open: menu, closed: closed}}
  menu:
    type: menu
    say: "お電話ありがとうございます。受付におつなぎするには1を押してください。"
    keys:
      "1": {{go: front, label: 受付}}
    no_input: {{tries: 2, then: front}}
    wrong_key: {{tries: 2, then: front}}
  front: {{{front}, no_answer: closed, busy: closed}}
  closed: {{type: hangup, say: "本日の営業は終了しました。恐れ入りますが、おかけ直しください。"}}
"""


class Row(NamedTuple):
    """One flow of the list."""

    flow: str
    title: str
    revision: str
    since: int | None
    who: str
    draft: Draft | None
    revisions: int


def pages() -> tuple[Page, ...]:
    """What stands below /phone/flows."""
    one = "/phone/flows/{flow}"
    return (
        Page("phone-flows", "/phone/flows", RIGHT, listing),
        Page("phone-flows-new", "/phone/flows", RIGHT, begin, "POST"),
        Page("phone-flow", one, RIGHT, page),
        Page("phone-flow-check", f"{one}/check", RIGHT, check, "POST", LARGEST),
        Page("phone-flow-simulate", f"{one}/simulate", RIGHT, simulate, "POST", LARGEST),
        Page("phone-flow-publish", f"{one}/publish", RIGHT, publish, "POST", LARGEST),
        Page("phone-flow-drop", f"{one}/drop", RIGHT, drop, "POST"),
        Page("phone-flow-rollback", f"{one}/rollback", RIGHT, rollback, "POST"),
        Page("phone-flow-diff", f"{one}/diff", RIGHT, compare),
    )


def rows(visit: Visit) -> list[Row]:
    """Every flow, live or only begun."""
    data = visit.box.folders.data
    live = flow_shelf.live(data)
    begun = drafts.names(data)
    found = []
    for flow in sorted({*flow_shelf.flows(data), *begun}):
        one = live.get(flow)
        since, who = _since(visit, flow, one.revision) if one else (None, "")
        found.append(
            Row(
                flow, one.title if one else "", one.revision if one else "", since, who,
                drafts.read(data, flow) if flow in begun else None, len(flow_shelf.revisions(data, flow)),
            )
        )  # fmt: skip
    return found


def _since(visit: Visit, flow: str, revision: str) -> tuple[int | None, str]:
    """When callers began to meet this revision, and who saw to it: by the register, else by the revision's own word."""
    row = visit.ledger.latest(Changed, f"flow:{flow}")
    if row is not None and isinstance(row.record, Changed) and f" {revision}," in row.record.what:
        return row.record.at, row.record.who
    try:
        meta = flow_shelf.meta(visit.box.folders.data, flow, revision)
        return from_iso(str(meta.get("published_at", ""))), str(meta.get("who", ""))
    except (flow_shelf.FlowShelfError, ValueError):
        return None, ""


def listing(visit: Visit) -> Answer:
    """All flows."""
    values = {"rows": rows(visit), "damaged": flow_shelf.damaged(visit.box.folders.data)}
    return Sheet(HERE / "flows.html", {"t": speaking(WORDS, visit.language), **values})


def begin(visit: Visit) -> Answer:
    """A new flow: a draft that works, to be changed."""
    t = speaking(WORDS, visit.language)
    flow, data = visit.form.get("flow", "").strip(), visit.box.folders.data
    if not flow_shelf.NAME.match(flow):
        raise SaidError(t("A flow's name has two to forty small letters, digits, - and _, a letter first."))
    if flow not in flow_shelf.flows(data) and flow not in drafts.names(data):
        drafts.save(data, flow, Draft(_starter(visit, flow), visit.account, visit.now), "")
    return Moved(f"/phone/flows/{flow}")


def _starter(visit: Visit, flow: str) -> str:
    phone = visit.box.config.phone
    if phone.groups or not phone.extensions:
        name = phone.groups[0].name if phone.groups else "front"
        return STARTER.format(flow=flow, fallback=f"group:{name}", front=f"type: ring_group, group: {name}")
    number = phone.extensions[0].number
    return STARTER.format(flow=flow, fallback=f"extension:{number}", front=f'type: extension, number: "{number}"')


def page(visit: Visit) -> Answer:
    """One flow: its text, faults, picture and history; with `at` in the query also a caller's walk."""
    return _sheet(visit, _named(visit), visit.query)


def _sheet(visit: Visit, flow: str, query: Mapping[str, str]) -> Sheet:
    data = visit.box.folders.data
    draft, live = drafts.read(data, flow), flow_view.live_text(visit.box, flow)
    if draft is None and not live and not flow_shelf.revisions(data, flow):
        raise NotHereError(speaking(WORDS, visit.language)("There is no such flow."))
    text = draft.text if draft else live
    looked = flow_view.look(visit.box, flow, text)
    walk = call_through(visit, looked, query) if "at" in query else None
    path = tuple(walk["path"]) if walk and "path" in walk else ()
    row = next((row for row in rows(visit) if row.flow == flow), None)
    return Sheet(
        HERE / "flow.html",
        {
            "t": speaking(WORDS, visit.language), "flow": flow, "title": looked.flow.title if looked.flow else "", "row": row,
             "text": text, "began": drafts.mark(draft.text) if draft else "",
            "findings": looked.told(visit.language), "errors": looked.errors, "picture": looked.picture(path), "walk": walk,
            "asked": defaultdict(str, query), "history": [_dated(one) for one in history(data, flow)],
            "changed": draft is not None and draft.text != live,
            "switches": _switches(looked), "words": _script_words(visit),
        },
    )  # fmt: skip


def _script_words(visit: Visit) -> dict[str, str]:
    t = speaking(WORDS, visit.language)
    return {
        "saved": t("Draft kept"), "saving": t("Being kept…"), "failed": t("Not kept: no connection to the box."),
        "fine": t("Nothing is wrong."),
        "line": t("Line"), "error": t("Error"), "warning": t("Warning"), "none": t("Nothing rings."),
    }  # fmt: skip


def _switches(looked: Looked) -> list[str]:
    return sorted({one.switch for one in looked.flow.calendars.values() if one.switch}) if looked.flow else []


def _dated(one: dict[str, Any]) -> dict[str, Any]:
    try:
        return {**one, "at": from_iso(str(one["published_at"]))}
    except ValueError:
        return {**one, "at": None}


def check(visit: Visit) -> Answer:
    """Keep what was typed as the draft, and say what is wrong with it."""
    flow, text = _named(visit), _text(visit)
    looked = flow_view.look(visit.box, flow, text)
    told: dict[str, Any] = {"findings": looked.told(visit.language), "errors": looked.errors, "picture": looked.picture()}
    try:
        told["began"] = _keep(visit, flow, text)
    except drafts.StaleError:
        told["stale"] = speaking(WORDS, visit.language)("Somebody else has changed the draft meanwhile; load the page again.")
    return Data(told)


def _keep(visit: Visit, flow: str, text: str) -> str:
    """The draft's mark; a text that is the live one needs no draft."""
    data, began = visit.box.folders.data, visit.form.get("began", "")
    if drafts.read(data, flow) is None and text == flow_view.live_text(visit.box, flow):
        return ""
    return drafts.save(data, flow, Draft(text, visit.account, visit.now), began)


def simulate(visit: Visit) -> Answer:
    """A caller's walk through the text as it stands in the editor."""
    looked = flow_view.look(visit.box, _named(visit), _text(visit))
    return Data(call_through(visit, looked, visit.form))


def call_through(visit: Visit, looked: Looked, asked: Mapping[str, str]) -> dict[str, Any]:
    """The walk of this caller as `appliance ivr simulate --json` prints it; `trouble` where there is none."""
    try:
        walk, around = flow_view.walked(visit.box, looked, asked, visit.now)
    except UsageError:
        t = speaking(WORDS, visit.language)
        wrong = looked.flow is None
        return {"trouble": t("The flow cannot be read; mend its errors first.") if wrong else t("This is no moment.")}
    told = walk.as_json(visit.language, around)
    ends = {
        "hangup": "Hung up",
        "answered": "Answered",
        "voicemail": "Voicemail",
        "conference": "Conference",
        "fallback": "Fallback",
    }
    word = ends.get(walk.end)
    return {**told, "ends": speaking(WORDS, visit.language)(word) if word else walk.end}


def publish(visit: Visit) -> Answer:
    """Show what would change and ask for the reason; with `confirm` do it."""
    flow, t = _named(visit), speaking(WORDS, visit.language)
    data = visit.box.folders.data
    if "text" in visit.form:
        try:
            _keep(visit, flow, _text(visit))
        except drafts.StaleError as error:
            raise SaidError(t("Somebody else has changed the draft meanwhile; load the page again.")) from error
    draft = drafts.read(data, flow)
    if draft is None:
        raise SaidError(t("There is nothing to publish: the text is the one that callers meet already."))
    looked = flow_view.look(visit.box, flow, draft.text)
    if looked.flow is not None and looked.flow.name != flow:
        raise SaidError(t("The text is of another flow: change the name in its first line back, or begin a new flow."))
    refusal: publishing.Refusal | None = None
    if visit.form.get("confirm") == drafts.mark(draft.text) and visit.form.get("why", "").strip():
        came = publishing.publish(
            visit.box, flow_view.written(flow, draft.text), visit.account, visit.form["why"].strip()[:200], speech(visit.box)
        )
        if not isinstance(came, publishing.Refusal):
            drafts.drop(data, flow)
            return Moved(f"/phone/flows/{flow}?published={came.published.revision}")
        refusal = came
    failed = [line for one in refusal.failed for line in lines(one, visit.language)] if refusal else []
    return Sheet(
        HERE / "publish.html",
        {
            "t": t, "flow": flow, "findings": looked.told(visit.language), "errors": looked.errors, "failed": failed,
            "diff": flow_view.diff(flow_view.live_text(visit.box, flow), draft.text), "confirm": drafts.mark(draft.text),
            "why": visit.form.get("why", ""), "is_first": flow_shelf.live_revision(data, flow) is None,
        },
    )  # fmt: skip


def drop(visit: Visit) -> Answer:
    """Forget the draft."""
    flow = _named(visit)
    drafts.drop(visit.box.folders.data, flow)
    return Moved(f"/phone/flows/{flow}" if flow_shelf.revisions(visit.box.folders.data, flow) else "/phone/flows")


def rollback(visit: Visit) -> Answer:
    """Let callers meet an earlier revision again."""
    flow, why = _named(visit), visit.form.get("why", "").strip()[:200]
    _, now = publishing.rollback(visit.box, flow, visit.form.get("to", ""), visit.account, why)
    return Moved(f"/phone/flows/{flow}?back={now}")


def compare(visit: Visit) -> Answer:
    """Two revisions side by side; without names the live one and the one before it."""
    flow, t = _named(visit), speaking(WORDS, visit.language)
    data = visit.box.folders.data
    known = flow_shelf.revisions(data, flow)
    if not known:
        raise NotHereError(t("There is no such flow."))
    new = visit.query.get("new", "") or flow_shelf.live_revision(data, flow) or known[-1]
    earlier = known[: known.index(new)] if new in known else []
    old = visit.query.get("old", "") or (earlier[-1] if earlier else "")
    if new not in known or (old and old not in known):
        raise NotHereError(t("There is no such revision."))
    before = flow_view.live_text(visit.box, flow, old) if old else ""
    found = flow_view.diff(before, flow_view.live_text(visit.box, flow, new))
    return Sheet(HERE / "diff.html", {"t": t, "flow": flow, "old": old, "new": new, "known": known[::-1], "diff": found})


def _named(visit: Visit) -> str:
    flow = visit.values["flow"]
    if not flow_shelf.NAME.match(flow):
        raise NotHereError(speaking(WORDS, visit.language)("There is no such flow."))
    return flow


def _text(visit: Visit) -> str:
    return visit.form.get("text", "").replace("\r\n", "\n")
