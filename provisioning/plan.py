"""What differs between the files that the configuration means and those that lie there, and what Asterisk must be told of it.

A difference is shown without its secrets. Only what changed is loaded again, so that no call is cut: everything but modules, ports and
addresses can be changed under calls. Pure.
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

_SECRET = re.compile(r"^([ +-]?(?:password|secret|pin) = ).*$")
_BOX = re.compile(r"^([ +-]?\d+ = )[^,]*(,.*)$")
RELOADS: Mapping[str, Sequence[str]] = {
    "extensions.conf": ("dialplan reload",),
    "pjsip.conf": ("pjsip reload",),
    "queues.conf": ("module reload app_queue.so",),
    "voicemail.conf": ("module reload app_voicemail.so",),
    "confbridge.conf": ("module reload app_confbridge.so",),
    "musiconhold.conf": ("moh reload",),
    "res_parking.conf": ("module reload res_parking.so",),
    "features.conf": ("module reload features",),
    "http.conf": ("module reload http",),
    "ari.conf": ("module reload res_ari.so",),
    "manager.conf": ("module reload manager",),
    "logger.conf": ("logger reload",),
    "indications.conf": ("module reload indications",),
    "cdr.conf": ("module reload cdr",),
    "cel.conf": ("module reload cel",),
    "udptl.conf": ("module reload udptl",),
}
"""What Asterisk is told when a file has changed; a file that is not here counts from its next start."""
_BOUND = re.compile(r"^[+-](?:bind|protocol|external_\w+|local_net|cert_file|priv_key_file) = ", re.MULTILINE)
"""Lines of pjsip.conf that a running Asterisk does not take on."""


@dataclass(frozen=True, slots=True)
class Change:
    """One file that is not as it should be."""

    name: str
    difference: str
    """As `diff -u` writes it, secrets left out."""
    is_new: bool

    @property
    def waits_for_restart(self) -> bool:
        """Whether it counts from Asterisk's next start only."""
        return self.name not in RELOADS or (self.name == "pjsip.conf" and bool(_BOUND.search(self.difference)))


def changes(desired: Mapping[str, str], present: Mapping[str, str]) -> list[Change]:
    """Every file that has to be written, by name. What lies there and is nobody's wish is left alone."""
    return [
        Change(name, _difference(name, present.get(name, ""), text), name not in present)
        for name, text in sorted(desired.items())
        if present.get(name) != text
    ]


def reloads(changed: Sequence[Change]) -> list[str]:
    """What Asterisk is told, each once: telephones before the dialplan that rings them."""
    order = list(RELOADS)
    told = [command for name in ("pjsip.conf", *order) if any(one.name == name for one in changed) for command in RELOADS[name]]
    return list(dict.fromkeys(told))


def _difference(name: str, old: str, new: str) -> str:
    lines = difflib.unified_diff(_hidden(old), _hidden(new), f"{name} now", f"{name} then", lineterm="", n=2)
    shown = "\n".join(lines)
    return shown or f"{name}: a secret is another one"


def _hidden(text: str) -> list[str]:
    return list(_without_secrets(text))


def _without_secrets(text: str) -> Iterator[str]:
    for line in text.splitlines():
        yield _BOX.sub(r"\1(secret)\2", _SECRET.sub(r"\1(secret)", line))
