"""Takes what a look-up asked for out of the JSON that a host answered. Pure; hostile answers give nothing, never an error."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

LARGEST = 64 * 1024
_LONGEST = 500


def taken(body: bytes, save: Mapping[str, str]) -> dict[str, str] | None:
    """The values by their paths (`customer.name`, `items.0.id`); what is not there is left out. None where it is no JSON at all."""
    if not save:
        return {}
    if len(body) > LARGEST:
        return None
    try:
        tree = json.loads(body)
    except (ValueError, RecursionError):
        return None
    found = {}
    for name, path in save.items():
        value = _at(tree, path)
        if value is not None:
            found[name] = value
    return found


def _at(tree: Any, path: str) -> str | None:
    for step in path.split("."):
        if isinstance(tree, dict):
            tree = tree.get(step)
        elif isinstance(tree, list) and step.isdecimal() and len(step) < 6 and int(step) < len(tree):
            tree = tree[int(step)]
        else:
            return None
    if isinstance(tree, bool):
        return "yes" if tree else "no"
    return str(tree)[:_LONGEST] if isinstance(tree, str | int | float) else None
