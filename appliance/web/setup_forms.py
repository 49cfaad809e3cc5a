"""What the set-up pages ask for, and how a filled-in form becomes a configuration's text. Pure.

Each field names its place in the configuration; what a person wrote is put there line by line (`toml_edit.py`), so that comments stay.
"""

from __future__ import annotations

import tomllib
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from appliance.config import Config
from appliance.errors import SaidError
from appliance.toml_edit import put, put_rows, value
from appliance.words import N_


class Field(NamedTuple):
    """One setting on a page."""

    path: str
    title: str
    kind: str = "text"
    """`text`, `number`, `tick`, `names` (divided by spaces or commas), `options` (lines of `key = value`) or `choice`."""
    choices: tuple[str, ...] = ()

    def shown(self, config: Config) -> Any:
        """The value in force, as the form shows it."""
        found: Any = config
        for name in self.path.split("."):
            found = getattr(found, name)
        if self.kind == "names":
            return ", ".join(found)
        return options_text(found) if self.kind == "options" else found

    def read(self, text: str) -> Any:
        """What the form's text means. Raises SaidError."""
        text = text.strip()
        if self.kind == "tick":
            return bool(text)
        if self.kind == "names":
            return [part for part in text.replace(",", " ").replace("、", " ").split() if part]
        if self.kind == "options":
            return read_options(text)
        if self.kind != "number":
            return text
        try:
            return int(text)
        except ValueError as error:
            raise SaidError(N_("%(text)s is no number."), text=text[:40]) from error


FORMS: Mapping[str, tuple[Field, ...]] = {
    "network": (
        Field("capture.interface", N_("Mirror port"), "choice"),
        Field("network.name", N_("Name of the box (NAME.local)")),
        Field("network.lan.interface", N_("Office LAN: interface (empty: the network is left as it is)"), "choice"),
        Field("network.lan.address", N_("Office LAN: address such as 192.168.1.20/24, or dhcp")),
        Field("network.lan.gateway", N_("Office LAN: gateway, with a fixed address")),
        Field("network.lan.dns", N_("Office LAN: name servers, with a fixed address"), "names"),
    ),
    "lines": (Field("site.name", N_("Name of the site")), Field("site.area_code", N_("Area code"))),
    "recording": (
        Field("capture.format", N_("Format: flac (lossless) or opus (a quarter the size)"), "choice", ("flac", "opus")),
        Field("capture.early_media", N_("Audio before an answer"), "choice", ("keep", "drop")),
        Field("capture.digits", N_("Keys that callers press"), "choice", ("keep", "drop")),
        Field("capture.pause_digits", N_("Keys that pause the recording, such as *7")),
        Field("capture.resume_digits", N_("Keys that let it go on, such as *8")),
        Field("register_of_access.approve_listening", N_("Listening needs somebody else's approval"), "tick"),
        Field("register_of_access.approve_copies", N_("Taking a copy needs somebody else's approval"), "tick"),
    ),
    "keys": (Field("must_open", N_("Names without whose key no recording is made"), "names"),),
    "store": (
        Field("store.kind", N_("Kind"), "choice", ("folder", "s3", "sftp")),
        Field("store.options", N_("Its settings, one a line, such as bucket = \"recordings\""), "options"),
        Field("store.plan_gigabytes", N_("Gigabytes of the plan (0: no plan)"), "number"),
        Field("sending.kilobits", N_("Limit in kilobits per second (0: none)"), "number"),
    ),
    "time": (
        Field("site.timezone", N_("Time zone")),
        Field("network.time_servers", N_("Time servers"), "names"),
    ),
    "notices": (Field("notify.summary_at", N_("Summary of the day at (empty: never)")),),
}  # fmt: skip


def filled(text: str, fields: Sequence[Field], given: Mapping[str, str]) -> str:
    """The configuration's text with what the form says. Raises SaidError."""
    present = tomllib.loads(text)
    config = Config.model_validate(present)
    for field in fields:
        new = field.read(given.get(field.path, ""))
        if new == (field.read(str(field.shown(config))) if field.kind in ("names", "options") else field.shown(config)):
            continue
        text = _put_first(text, field.path, new) if "." not in field.path else put(text, field.path.split("."), new)
    return text


def _put_first(text: str, name: str, new: Any) -> str:
    """A setting of no table stands before all tables."""
    if name in tomllib.loads(text):
        return put(text, (name,), new)
    return f"{name} = {value(new)}\n{text}"


def with_lines(text: str, rows: Sequence[Mapping[str, str]]) -> str:
    """The text with these lines; a row without a number is none. Raises SaidError."""
    made = []
    for row in rows:
        if not row["number"].strip():
            continue
        line: dict[str, Any] = {"number": row["number"].strip()}
        line |= {name: row[name].strip() for name in ("name", "group") if row[name].strip()}
        made.append(line if row["record"] else line | {"record": False})
    return put_rows(text, "lines", made)


def with_recipient(text: str, name: str, key: str) -> str:
    """The text with one more holder of a key. Raises SaidError, for a private key above all."""
    key = next((line.strip() for line in key.splitlines() if line.strip() and not line.startswith("#")), "")
    if key.upper().startswith("AGE-SECRET-KEY"):
        raise SaidError(N_("This is a private key. It stays with its owner, and was not kept here; give the public half (age1…)."))
    rows = _rows(text, "recipients")
    if any(row.get("name") == name for row in rows):
        raise SaidError(N_("%(name)s: there is a key of this name already; choose another name."), name=name)
    return put_rows(text, "recipients", [*rows, {"name": name.strip(), "key": key}])


def without_recipient(text: str, name: str) -> str:
    """The text without this holder: what was sealed to them before stays so. Raises SaidError."""
    return put_rows(text, "recipients", [row for row in _rows(text, "recipients") if row.get("name") != name])


def with_channel(text: str, name: str, kind: str, options: str) -> str:
    """The text with this way of telling people, new or changed. Raises SaidError."""
    rows = [row for row in _rows(text, "notify.channels") if row.get("name") != name]
    return put_rows(text, "notify.channels", [*rows, {"name": name.strip(), "kind": kind, "options": read_options(options)}])


def without_channel(text: str, name: str) -> str:
    """The text without it. Raises SaidError."""
    return put_rows(text, "notify.channels", [row for row in _rows(text, "notify.channels") if row.get("name") != name])


def read_options(text: str) -> dict[str, Any]:
    """Lines of `key = value`. Raises SaidError."""
    try:
        return tomllib.loads(text.replace("\r\n", "\n"))
    except ValueError as error:
        raise SaidError(
            N_('Write one setting a line, texts in quotes: bucket = "recordings" (%(why)s).'), why=str(error)
        ) from error


def options_text(options: Mapping[str, Any]) -> str:
    """The same as a form shows them."""
    return "\n".join(f"{name} = {value(one)}" for name, one in options.items())


def _rows(text: str, name: str) -> list[dict[str, Any]]:
    found: Any = tomllib.loads(text)
    for part in name.split("."):
        found = found.get(part, {})
    return list(found or [])
