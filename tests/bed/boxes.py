"""The golden boxes as the renderers see them, and what a context of a rendered dialplan holds."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from appliance.config import Config, Source, parse
from provisioning.asterisk.wiring import Wiring
from tests.bed.switchboard import BOXES, Flow, secrets_of


def wiring(case: str = "all", **phone: Any) -> Wiring:
    """The wiring of this box, with other values in its [phone] where some are given."""
    config = parse(Source(case, (BOXES / case / "appliance.toml").read_text("utf-8")))
    config = Config.model_copy(config, update={"phone": config.phone.model_copy(update=phone)})
    return Wiring(config, {"main": Flow()}, secrets_of(config))


def context(text: str, name: str) -> Mapping[str, list[str]]:
    """The steps of each extension of a context; what it includes stands under `include`."""
    found: dict[str, list[str]] = {}
    inside, current = False, ""
    for line in text.splitlines():
        if header := re.fullmatch(r"\[(.+)\]", line):
            inside = header[1] == name
        elif inside and (first := re.match(r"exten => ([^,]+),(?:1(?:\(\w+\))?|hint),(.*)", line)):
            current = first[1]
            found.setdefault(current, []).append(first[2])
        elif inside and (step := re.match(r" same => n(?:\(\w+\))?,(.*)", line)):
            found[current].append(step[1])
        elif inside and line.startswith("include => "):
            found.setdefault("include", []).append(line.removeprefix("include => "))
    return found


def section(text: str, name: str, kind: str = "") -> Mapping[str, str]:
    """The settings of a section (of the one with `type = kind` where that is given)."""
    for part in re.split(r"^(?=\[)", text, flags=re.MULTILINE):
        lines = part.splitlines()
        pairs = dict(line.split(" = ", 1) for line in lines[1:] if " = " in line)
        if lines[:1] == [f"[{name}]"] and (not kind or pairs.get("type") == kind):
            return pairs
    return {}
