"""How the lines to the outside stand, asked over AMI: the heartbeat carries it, the health check `trunk` says it in words."""

from __future__ import annotations

from appliance import trunk_states
from ivr_flows.ami import Ami, AmiError

QUESTIONS = ("pjsip show registrations", "pjsip show contacts")


async def standings(ami: Ami) -> dict[str, dict[str, str]]:
    """By trunk, as a heartbeat tells it; nothing where Asterisk cannot be asked."""
    try:
        registrations, contacts = [await _said(ami, question) for question in QUESTIONS]
    except AmiError:
        return {}
    return {name: standing.told() for name, standing in trunk_states.read(registrations, contacts).items()}


async def _said(ami: Ami, command: str) -> str:
    """What Asterisk's console answers: one `Output` a line."""
    output = (await ami.ask("Command", {"Command": command})).get("output", "")
    return "\n".join(output) if isinstance(output, list) else str(output)
