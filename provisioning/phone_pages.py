"""Extensions and inbound routes in the console: a form each, checked by the configuration's own model, the plan shown, undone in one click.

A change goes the way of every other (`appliance/config_change.py`): the console asks, root's unit checks again, keeps what was before and
applies it. What Asterisk would be told is what `appliance provisioning plan` prints, made here without the secrets.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple, get_args

from appliance import config_change, flow_shelf, root_requests
from appliance.box import Box
from appliance.errors import ConfigError, SaidError
from appliance.options import Options
from appliance.pages import Answer, Moved, NotHereError, Page, Sheet, Visit, speaking
from appliance.phone_settings import Extension, Phone, Route, Secrets
from provisioning import night, phone_edit
from provisioning.asterisk.files import render
from provisioning.phone_words import WORDS
from provisioning.plan import Change, changes

RIGHT = ("phone",)
HERE = Path(__file__).parent
_SHOWN = 5
"""Earlier changes that can be undone from the page."""


class Field(NamedTuple):
    """One setting of a form."""

    name: str
    title: str
    kind: str = "text"
    """text, number, list or choice."""
    choices: Sequence[str] = ()


class Kind(NamedTuple):
    """A table of the configuration that has a form."""

    table: str
    key: str
    model: type[Options]
    fields: Sequence[Field]


_RECORD: Sequence[str] = get_args(Extension.model_fields["record"].annotation)
KINDS = {
    "extensions": Kind(
        "extensions", "number", Extension,
        (
            Field("number", "Number"), Field("name", "Name"), Field("permission", "Permission"),
            Field("outside_number", "Number shown outside"), Field("group", "Pickup group"),
            Field("ring_seconds", "Ring time (s)", "number"),
            Field("no_answer", "No answer"), Field("busy", "Busy"), Field("unreachable", "Not reachable"),
            Field("voicemail", "Voicemail box"),
            Field("record", "Record", "choice", _RECORD), Field("mac", "MAC address"),
            Field("model", "Make", "choice", ("", "yealink", "grandstream", "panasonic", "snom")),
        ),
    ),
    "routes": Kind(
        "routes", "name", Route,
        (
            Field("name", "Name"), Field("title", "Title"), Field("numbers", "Called numbers", "list"), Field("trunks", "Trunks", "list"),
            Field("callers", "Callers", "list"), Field("target", "Target"), Field("switch", "Night switch"),
            Field("switched", "Target at night"), Field("fallback", "Fallback"), Field("record", "Record", "choice", _RECORD),
        ),
    ),
}  # fmt: skip


def pages() -> tuple[Page, ...]:
    """What the wing brings."""
    one = "/phone/settings/{kind}/{place}"
    return (
        Page("phone-settings", "/phone/settings", RIGHT, listing),
        Page("phone-settings-undo", "/phone/settings/undo", RIGHT, undo, "POST"),
        Page("phone-switch", "/phone/switches/{name}", RIGHT, switch, "POST"),
        Page("phone-setting", one, RIGHT, form),
        Page("phone-setting-change", one, RIGHT, change, "POST"),
    )


def listing(visit: Visit) -> Answer:
    """Every extension and route, the latest changes, and what became of the last one."""
    box = config_change.current(visit.box)
    asked = visit.query.get("change", "")
    return Sheet(
        HERE / "phone_settings.html",
        {
            "t": speaking(WORDS, visit.language), "phone": box.config.phone, "asked": asked,
            "answer": config_change.outcome(box, asked) if asked else None,
            "versions": [one for one in config_change.versions(box) if "phone" in one.values.get("sections", "").split(", ")][:_SHOWN],
        },
    )  # fmt: skip


def form(visit: Visit) -> Answer:
    """The form of one row; `new` is one that is not there yet."""
    kind, place = _place(visit)
    text = config_change.text_of(visit.box)
    row = phone_edit.rows(text, kind.table)[place] if place is not None else {}
    given = {field.name: _told(row.get(field.name, _default(kind, field))) for field in kind.fields}
    return _form(visit, kind, place, given, config_change.mark(text), "")


def _form(visit: Visit, kind: Kind, place: int | None, given: Mapping[str, str], base: str, trouble: str) -> Sheet:
    return Sheet(
        HERE / "phone_setting.html",
        {
            "t": speaking(WORDS, visit.language), "kind": kind, "place": "new" if place is None else str(place),
            "given": defaultdict(str, given), "base": base, "trouble": trouble.splitlines(), "is_new": place is None,
            "targets": _targets(config_change.current(visit.box)),
        },
    )  # fmt: skip


def change(visit: Visit) -> Answer:
    """Show what would change; with `confirm` ask for it."""
    t, sent = speaking(WORDS, visit.language), visit.form
    kind, place = _place(visit)
    text = config_change.text_of(visit.box)
    if sent.get("base") != config_change.mark(text):
        raise SaidError(t("The settings were changed by somebody else meanwhile; look at them again."))
    removes = sent.get("do") == "remove"
    try:
        fresh = _edited(text, kind, place, sent, removes)
        meant = config_change.check(visit.box, fresh)
    except phone_edit.FormError as error:
        raise SaidError(t("The configuration is written in a form that is changed by hand: appliance.toml.")) from error
    except (ConfigError, ValueError) as error:
        return _form(visit, kind, place, sent, sent["base"], str(error))
    if fresh == text:
        return Moved("/phone/settings")
    if sent.get("confirm") and sent.get("why", "").strip():
        asked = config_change.propose(visit.box, fresh, visit.account, sent["why"].strip(), visit.now, sent["base"])
        return Moved(f"/phone/settings?change={asked}")
    return Sheet(
        HERE / "phone_plan.html",
        {
            "t": t, "kind": kind, "place": visit.values["place"], "given": {name: value for name, value in sent.items() if name != "csrf"},
            "difference": config_change.difference(text, fresh).splitlines()[2:], "files": plan(config_change.current(visit.box), meant),
        },
    )  # fmt: skip


def undo(visit: Visit) -> Answer:
    """Ask for what was before a change."""
    asked = config_change.undo(visit.box, visit.form.get("version", ""), visit.account, "", visit.now)
    return Moved(f"/phone/settings?change={asked}")


def switch(visit: Visit) -> Answer:
    """Turn a day/night switch."""
    values = {"name": visit.values["name"], "on": "1" if visit.form.get("on") == "1" else "0"}
    asked = root_requests.ask(visit.box, night.DO, visit.account, "", visit.now, values)
    return Moved(f"/phone/settings?change={asked}")


def plan(present: Box, meant: Box) -> list[Change]:
    """The files of Asterisk's that would differ."""
    flows = flow_shelf.live(present.folders.data)
    old, new = (
        render(box.config, flows, _no_secrets(box.config.phone)) if box.config.phone.enabled else {} for box in (present, meant)
    )
    return changes(new, old)


def _no_secrets(phone: Phone) -> Secrets:
    """Words in the places of secrets, which are left out of what is shown."""
    return Secrets(
        phones={one.number: "secret" for one in phone.extensions}, trunks={one.name: "secret" for one in phone.trunks},
        boxes={one.number: "0000" for one in phone.boxes}, conferences={one.number: "0000" for one in phone.conferences},
        ari="secret", ami="secret",
    )  # fmt: skip


def _edited(text: str, kind: Kind, place: int | None, sent: Mapping[str, str], removes: bool) -> str:
    if removes and place is not None:
        return phone_edit.without(text, kind.table, place)
    before = phone_edit.rows(text, kind.table)[place] if place is not None else {}
    row = dict(before)
    for field in kind.fields:
        value = _read(field, sent.get(field.name, ""))
        if value == _default(kind, field):
            row.pop(field.name, None)
        else:
            row[field.name] = value
    return phone_edit.added(text, kind.table, row) if place is None else phone_edit.changed(text, kind.table, place, row)


def _read(field: Field, text: str) -> Any:
    if field.kind == "list":
        return [word.strip() for word in text.replace("\n", ",").split(",") if word.strip()]
    if field.kind == "number":
        return int(text) if text.strip().isdecimal() and len(text) < 9 else text.strip()
    return text.strip()


def _default(kind: Kind, field: Field) -> Any:
    about = kind.model.model_fields[field.name]
    return None if about.is_required() else about.get_default(call_default_factory=True)


def _told(value: Any) -> str:
    return ", ".join(value) if isinstance(value, list) else "" if value is None else str(value)


def _targets(box: Box) -> list[str]:
    """What a call can be sent to."""
    phone = box.config.phone
    found = [f"flow:{name}" for name in flow_shelf.live(box.folders.data)]
    found += [f"group:{one.name}" for one in phone.groups] + [f"queue:{one.name}" for one in phone.queues]
    found += [f"extension:{one.number}" for one in phone.extensions] + [f"voicemail:{one.number}" for one in phone.boxes]
    return [*found, *(f"conference:{one.number}" for one in phone.conferences), "hangup"]


def _place(visit: Visit) -> tuple[Kind, int | None]:
    """The table, and the row's place in it; None for `new`."""
    kind, place = KINDS.get(visit.values["kind"]), visit.values["place"]
    count = len(phone_edit.rows(config_change.text_of(visit.box), kind.table)) if kind else 0
    if kind is None or (place != "new" and (not place.isdecimal() or len(place) > 6 or int(place) >= count)):
        raise NotHereError(speaking(WORDS, visit.language)("There is no such setting."))
    return kind, None if place == "new" else int(place)
