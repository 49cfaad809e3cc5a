"""The types of nodes: the files of `nodes/`, by the word that a flow writes as `type`. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from typing import cast

from appliance import registry
from ivr_flows.state import NodeType

PACKAGE = "ivr_flows.nodes"
ENDS = ("hangup", "voicemail", "conference", "goto_flow", "extension", "ring_group", "queue")
"""Types in which a call may come to its end."""


@cache
def types() -> Mapping[str, NodeType]:
    """Every type by its name."""
    return {name: cast(NodeType, module) for name, module in registry.members(PACKAGE).items()}
