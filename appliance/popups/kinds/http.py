"""A system that answers who calls over HTTP: an address with the number in it, and where in its JSON the name stands."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any
from urllib.parse import quote

from pydantic import Field, model_validator

from appliance import config
from appliance.popups.asking import GoneError, Target, ask_json, may_go
from appliance.popups.known import Caller, Found

_PLACE = re.compile(r"{(national|e164|pretty)}")
_PATH = r"^([^\s.\[\]]+|\[\d+\])(\.[^\s.\[\]]+|\[\d+\])*$"
_LONGEST = 300


class Options(config.Options):
    """Settings of `kind = "http"`."""

    url: str = Field(
        pattern=r"^https?://[^/\s{}]+/\S*$",
        title="URL",
        description="Where the caller is asked for, with {national}, {e164} or {pretty} to be filled in behind the host.",
    )
    hosts: list[str] = Field(min_length=1, title="Hosts", description="Hosts that may be asked, such as crm.example.jp.")
    name: str = Field(pattern=_PATH, title="Name", description="Where the name stands in the answer, such as data[0].name.")
    company: str = Field(default="", title="Company", description="The same for the company; empty: it is not told.")
    memo: str = Field(default="", title="Memo", description="The same for a memo.")
    link: str = Field(default="", title="Link", description="The same for the address of the page that shows them.")
    header: str = Field(
        default="Authorization",
        pattern=r"^[A-Za-z0-9-]{1,60}$",
        title="Header",
        description="In which the secret's `token` is sent, as it stands there.",
    )
    ca_file: str = Field(default="", title="Authority", description="PEM file of the server's authority; empty: the system's.")

    @model_validator(mode="after")
    def _host_is_listed(self) -> Options:
        scheme = self.url.partition("://")[0]
        if not may_go(self.url, (f"{scheme}://{host}" for host in self.hosts)):
            raise ValueError("asks a host that is not among hosts; add it there, or correct the URL")
        if not _PLACE.search(self.url):
            raise ValueError("holds no {national}, {e164} or {pretty}; write where the number goes")
        return self


def look_up(options: Options, secret: Mapping[str, str], caller: Caller, seconds: float) -> Found | None:
    """Ask it; None where it knows nobody (404, or no name). Raises AskError."""
    url = _PLACE.sub(lambda found: quote(getattr(caller, found[1]), safe=""), options.url)
    headers = {options.header: secret["token"]} if secret.get("token") else {}
    try:
        said = ask_json("GET", Target(url, tuple(options.hosts), options.ca_file), headers, seconds=seconds)
    except GoneError:
        return None
    found = Found(at(said, options.name), at(said, options.company), at(said, options.memo), at(said, options.link))
    return found if found.title else None


def at(tree: Any, path: str) -> str:
    """The text at this path of a JSON tree (`data[0].name`), in one line; "" where there is none."""
    if not path:
        return ""
    for key, place in re.findall(r"([^\s.\[\]]+)|\[(\d+)\]", path):
        if key and isinstance(tree, dict):
            tree = tree.get(key)
        elif place and isinstance(tree, list) and int(place) < len(tree):
            tree = tree[int(place)]
        else:
            return ""
    return " ".join(str(tree).split())[:_LONGEST] if isinstance(tree, (str, int, float)) and not isinstance(tree, bool) else ""
