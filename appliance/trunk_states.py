"""Why a trunk is down, in words: what Asterisk says of its registration and of its host, and what a person can do about it.

Asterisk's own states are five words without a reason. Two of them together tell more: whether the host answers OPTIONS at all
(`pjsip show contacts`), and what became of the registration (`pjsip show registrations`). The service of the flows asks for both and
leaves them in its heartbeat (`detail["trunks"]`); the health check `trunk` says them. Pure.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass

from appliance.words import N_, Text

PREFIX = "trunk-"
"""What stands before a trunk's name in Asterisk."""
REGISTERED, REJECTED, UNREGISTERED, STOPPED, FAILED = "Registered", "Rejected", "Unregistered", "Stopped", "Failed"
REACHABLE, UNREACHABLE, UNASKED = "Reachable", "Unreachable", "NonQualified"
_REGISTRATION = re.compile(
    rf"^\s*{PREFIX}(?P<name>[a-z0-9_-]+)/\S+\s+\S*\s*(?P<state>Registered|Unregistered|Rejected|Stopped|Failed)\b"
)
_CONTACT = re.compile(rf"^\s*Contact:\s+{PREFIX}(?P<name>[a-z0-9_-]+)/\S+\s+\S+\s+(?P<state>Avail|Unavail|NonQual|Unknown)\b")
_CONTACTS = {"Avail": REACHABLE, "Unavail": UNREACHABLE, "NonQual": UNASKED, "Unknown": UNASKED}


@dataclass(frozen=True, slots=True)
class Standing:
    """What Asterisk says of one trunk."""

    registration: str = ""
    """Asterisk's word; "" where the trunk registers nowhere."""
    contact: str = UNASKED

    @property
    def is_up(self) -> bool:
        """Whether calls can go and come, as far as one can tell."""
        return self.registration in ("", REGISTERED) and self.contact != UNREACHABLE

    def told(self) -> dict[str, str]:
        """As it stands in a heartbeat."""
        return {"registration": self.registration, "contact": self.contact}


def read(registrations: str, contacts: str) -> dict[str, Standing]:
    """What Asterisk's console says in `pjsip show registrations` and `pjsip show contacts`, by trunk."""
    signed = {found["name"]: found["state"] for line in registrations.splitlines() if (found := _REGISTRATION.match(line))}
    there = {found["name"]: _CONTACTS[found["state"]] for line in contacts.splitlines() if (found := _CONTACT.match(line))}
    return {name: Standing(signed.get(name, ""), there.get(name, UNASKED)) for name in sorted(signed.keys() | there.keys())}


def from_heartbeat(detail: Mapping[str, object]) -> dict[str, Standing]:
    """What a heartbeat says of each trunk; nothing where it says nothing that we know."""
    said = detail.get("trunks")
    if not isinstance(said, Mapping):
        return {}
    return {
        str(name): Standing(str(one.get("registration", "")), str(one.get("contact", UNASKED)))
        for name, one in said.items()
        if isinstance(one, Mapping)
    }


def why(trunk: str, host: str, kind: str, standing: Standing) -> tuple[Text, Text] | None:
    """Why it is down and how to mend it; None where it is up. `kind` is the trunk's in the settings."""
    if standing.is_up:
        return None
    names = {"trunk": trunk, "host": host}
    if standing.contact == UNREACHABLE:
        mend = N_("Are cable, switch and gateway (HGW) on? Is the host in the settings right?")
        if kind != "hikari":
            mend = N_("Is the internet connection up, and the host in the settings right? Does the firewall let SIP through?")
        return Text(N_("Trunk %(trunk)s: %(host)s does not answer."), names), Text(mend)
    if standing.registration == REJECTED:
        mend = N_("Check user and password with the provider's letter; does another device sign in with them?")
        if kind == "hikari":
            mend = N_("Check the extension and its password in the gateway (HGW): is it set up for an IP telephone, and free?")
        return Text(N_("Trunk %(trunk)s: %(host)s refuses the sign-in."), names), Text(mend)
    if standing.registration == UNREGISTERED:
        return (
            Text(N_("Trunk %(trunk)s: %(host)s has not answered the sign-in yet."), names),
            Text(N_("It is tried again for ever. If it stays so: is it the right port, and is the service contracted?")),
        )
    return (
        Text(N_("Trunk %(trunk)s: the sign-in at %(host)s has ended."), names),
        Text(N_("Run `appliance provisioning apply`; if it stays so, start Asterisk again.")),
    )
