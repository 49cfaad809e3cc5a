"""What lint has to know of a box, read out of its configuration; None where none is at hand that tells of telephones."""

from __future__ import annotations

from appliance.box import Box
from ivr_flows.around_flow import Site


def site_of(box: Box) -> Site | None:
    """The box's groups, queues, extensions, boxes, rooms and routes."""
    if "phone" not in box.config.model_fields_set:
        return None
    phone = box.config.phone
    return Site(
        groups={one.name: len(one.members) for one in phone.groups},
        queues={one.name: len(one.members) for one in phone.queues},
        extensions=frozenset(one.number for one in phone.extensions),
        boxes=frozenset(one.number for one in phone.boxes),
        conferences=frozenset(one.number for one in phone.conferences),
        switches=frozenset(one.name for one in phone.switches),
        routes=tuple((number, one.target) for one in phone.routes if not one.callers and not one.trunks for number in one.numbers),
    )
