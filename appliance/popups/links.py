"""The address of a customer in the office's own system, made from a template. Pure."""

from __future__ import annotations

import re
from collections.abc import Mapping
from urllib.parse import quote

PLACES = ("number", "e164", "code", "name")


def filled(template: str, values: Mapping[str, str]) -> str:
    """The template with its places filled, each value quoted; "" where a place that it names has nothing to be filled with."""
    wanted = [place for place in PLACES if f"{{{place}}}" in template]
    if not template or any(not values.get(place) for place in wanted):
        return ""
    return re.sub(r"{(\w+)}", lambda found: quote(values[found[1]], safe="") if found[1] in wanted else found[0], template)
