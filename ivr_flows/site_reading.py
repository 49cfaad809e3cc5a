"""What lint has to know of a box, read out of its configuration; None where no configuration is at hand."""

from __future__ import annotations

from typing import Any

from appliance.box import Box
from ivr_flows.around_flow import Site


def site_of(box: Box) -> Site | None:
    """The box's groups, queues, extensions, boxes, rooms and routes."""
    phone: Any = getattr(box.config, "phone", None)
    if phone is None or not box.source.text:
        return None
    return Site(
        groups={one.name: len(one.members) for one in phone.groups},
        queues={one.name: len(one.members) for one in phone.queues},
        extensions=frozenset(one.number for one in phone.extensions),
        boxes=frozenset(one.number for one in phone.boxes),
        conferences=frozenset(one.number for one in phone.conferences),
        routes=tuple((number, one.target) for one in phone.routes if not one.callers and not one.trunks for number in one.numbers),
    )
