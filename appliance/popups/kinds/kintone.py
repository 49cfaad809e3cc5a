"""kintone: who calls is looked up in an app by number; the memo and who took the call are written back, as a comment or into fields.

REST API: GET /k/v1/records.json, PUT /k/v1/record.json, POST /k/v1/record/comment.json, with an API token of the app
(https://cybozu.dev/ja/kintone/docs/rest-api/).
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Annotated, Any, Literal
from urllib.parse import urlencode, urlsplit

from pydantic import Field

from appliance import config
from appliance.popups.asking import RefusedError, Target, ask_json
from appliance.popups.known import Caller, Event, Found

EVENTS = ("taken", "noted")
_CODE = r'^[^\s",()\\]{1,128}$'
_CODE_OR_NOT = r'^([^\s",()\\]{1,128})?$'
_LONGEST, _LONGEST_COMMENT = 300, 4000


class Options(config.Options):
    """Settings of `kind = "kintone"`."""

    url: str = Field(
        pattern=r"^https?://[^/\s]+(/k/guest/\d+)?$",
        title="URL",
        description="https://YOURS.cybozu.com; for an app of a guest space with /k/guest/SPACE behind it.",
    )
    app: int = Field(ge=1, title="App", description="The number of the app that holds the customers.")
    number_fields: list[Annotated[str, Field(pattern=_CODE)]] = Field(
        min_length=1, max_length=5, title="Number fields", description="Codes of the fields that hold telephone numbers."
    )
    name_field: str = Field(pattern=_CODE, title="Name field", description="Code of the field with the name.")
    company_field: str = Field(default="", pattern=_CODE_OR_NOT, title="Company field", description="The same for the company.")
    memo_field: str = Field(default="", pattern=_CODE_OR_NOT, title="Memo field", description="The same for the memo shown.")
    write_back: Literal["nothing", "comment", "fields"] = Field(
        default="nothing",
        title="Write back",
        description="comment: who took a call and its memo become a comment of the record; fields: they replace what is in two fields.",
    )
    taken_field: str = Field(default="", pattern=_CODE_OR_NOT, title="Taken by", description="Field for who took it, with fields.")
    note_field: str = Field(default="", pattern=_CODE_OR_NOT, title="Memo of the call", description="Field for it, with fields.")
    ca_file: str = Field(default="", title="Authority", description="PEM file of the server's authority; empty: the system's.")


def look_up(options: Options, secret: Mapping[str, str], caller: Caller, seconds: float) -> Found | None:
    """Ask the app; None where no record has the number. Raises AskError."""
    fields = [options.name_field, options.company_field, options.memo_field]
    wanted = {f"fields[{place}]": code for place, code in enumerate(["$id", *filter(None, fields)])}
    query = urlencode({"app": options.app, "query": asked(options.number_fields, caller), **wanted})
    said = ask_json("GET", _target(options, f"records.json?{query}"), _headers(secret), seconds=seconds)
    records = said.get("records") if isinstance(said, dict) else None
    if not isinstance(records, list):
        raise RefusedError(f"{urlsplit(options.url).hostname}: does not answer as kintone does; check the address")
    if not records or not isinstance(records[0], dict):
        return None
    name, company, memo = (_text(records[0], code) for code in fields)
    key = _text(records[0], "$id")
    link = f"{_root(options)}/{options.app}/show#record={key}" if key.isdecimal() else ""
    return Found(name, company, memo, link, key)


def tell(options: Options, secret: Mapping[str, str], event: Event, seconds: float) -> None:
    """Write back who took it and the memo, where there is a record of the caller. Raises AskError."""
    if options.write_back == "nothing" or event.caller is None:
        return
    found = look_up(options, secret, event.caller, seconds)
    if found is None or not found.key.isdecimal():
        return
    who, memo = str(event.values.get("taken_by", "")), str(event.values.get("memo", ""))
    if options.write_back == "comment":
        words = "\n".join(filter(None, (f"{event.values.get('local_time', '')} {who}".strip(), memo)))
        body: dict[str, Any] = {"app": options.app, "record": int(found.key), "comment": {"text": words[:_LONGEST_COMMENT]}}
        ask_json("POST", _target(options, "record/comment.json"), _headers(secret), body, seconds=seconds)
        return
    told = {options.taken_field: {"value": who}, options.note_field: {"value": memo}}
    told.pop("", None)
    if told:
        body = {"app": options.app, "id": int(found.key), "record": told}
        ask_json("PUT", _target(options, "record.json"), _headers(secret), body, seconds=seconds)


def asked(fields: list[str], caller: Caller) -> str:
    """The query for records with this number in one of these fields, in any form."""
    forms = ", ".join(f'"{text}"' for text in caller.forms if re.fullmatch(r"[+0-9*#-]+", text))
    return " or ".join(f"{code} in ({forms})" for code in fields) + " order by $id desc limit 1"


def _root(options: Options) -> str:
    return options.url if "/k/guest/" in options.url else f"{options.url}/k"


def _target(options: Options, resource: str) -> Target:
    return Target(f"{_root(options)}/v1/{resource}", (urlsplit(options.url).netloc,), options.ca_file)


def _headers(secret: Mapping[str, str]) -> dict[str, str]:
    token = secret.get("token", "")
    if not re.fullmatch(r"[\x21-\x7e]+", token):
        raise RefusedError("popup.secrets has no token for it; write the app's API token")
    return {"X-Cybozu-API-Token": token}


def _text(record: Mapping[str, Any], code: str) -> str:
    """A field's value in one line."""
    field = record.get(code)
    value = field.get("value") if isinstance(field, dict) else None
    return " ".join(value.split())[:_LONGEST] if isinstance(value, str) else ""
