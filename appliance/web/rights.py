"""Rights: what a person may do, and of which lines. Every route names one, or stands on the short list of open ones
(`tests/appliance/web/test_rights.py`); roles are made of them. Pure."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum

from appliance.config import Config


class Right(StrEnum):
    """One thing that may be allowed."""

    SEARCH = "search"
    LISTEN = "listen"
    DOWNLOAD = "download"
    POPUP = "popup"
    LIVE = "live"
    """Hearing a call under way; its card alone is POPUP."""
    PAUSE = "pause"
    CUSTOMERS = "customers"
    EXPORT = "export"
    LABEL = "label"
    """Labels, and marks with a note."""
    HOLD = "hold"
    APPROVE = "approve"
    """Allowing others to hear or copy."""
    ERASE = "erase"
    DISCLOSE = "disclose"
    """Packing a person's calls for that person."""
    AUDIT = "audit"
    PHONE = "phone"
    """Flows, trunks, extensions, hours and prompts."""
    USERS = "users"
    HEALTH = "health"
    SETTINGS = "settings"
    """Setting the box up, and the opening test."""
    DIAGNOSE = "diagnose"
    """Captures of the mirror port: who called whom, but no speech."""
    CAPTURE_SPEECH = "capture_speech"
    """The same with speech, of every line."""
    OWN_ACCOUNT = "own_account"
    """Everybody who is signed in has it."""


EVERYTHING = frozenset(Right)
ADMINISTRATOR = "administrator"


@dataclass(frozen=True, slots=True, kw_only=True)
class Role:
    """A set of rights with a name, limited to lines and groups of lines where it names any."""

    id: str
    name: str = ""
    """What people call it; "" is the name that the console gives a role of its own."""
    rights: frozenset[Right]
    lines: tuple[str, ...] = ()
    groups: tuple[str, ...] = ()

    @property
    def limited(self) -> bool:
        """Whether it sees only some lines."""
        return bool(self.lines or self.groups)

    def may_give(self, other: Role) -> bool:
        """Whether who has this role may put somebody into the other: nobody gives what they do not have."""
        same_view = not self.limited or (
            set(other.lines) <= set(self.lines) and set(other.groups) <= set(self.groups) and other.limited
        )
        return other.rights <= self.rights and same_view


_R = Right
BUILT_IN = {
    role.id: role
    for role in (
        Role(id=ADMINISTRATOR, rights=EVERYTHING),
        Role(
            id="manager",
            rights=frozenset(
                {
                    _R.SEARCH,
                    _R.LISTEN,
                    _R.DOWNLOAD,
                    _R.POPUP,
                    _R.LIVE,
                    _R.PAUSE,
                    _R.CUSTOMERS,
                    _R.EXPORT,
                    _R.LABEL,
                    _R.HOLD,
                    _R.APPROVE,
                    _R.AUDIT,
                    _R.OWN_ACCOUNT,
                }
            ),
        ),
        Role(id="operator", rights=frozenset({_R.SEARCH, _R.POPUP, _R.PAUSE, _R.CUSTOMERS, _R.OWN_ACCOUNT})),
        Role(id="technician", rights=frozenset({_R.HEALTH, _R.PHONE, _R.SETTINGS, _R.DIAGNOSE, _R.OWN_ACCOUNT})),
    )
}
"""Roles that a box has from the start. They may be renamed and changed, but for the first: it has every right that there is."""


def rights_from(names: Iterable[str]) -> frozenset[Right]:
    """Those of the names that are rights, and the one that everybody has."""
    known = set(Right)
    return frozenset({Right(name) for name in names if name in known} | {Right.OWN_ACCOUNT})


@dataclass(frozen=True, slots=True)
class Scope:
    """The lines that somebody may see the calls of, in every spelling under which a call may carry them."""

    spellings: frozenset[str]

    def covers(self, line: str | None) -> bool:
        """Whether calls of this line are in it; a call on no known line is nobody's but theirs who see all."""
        return line is not None and line in self.spellings

    def clause(self) -> tuple[str, tuple[str, ...]]:
        """A condition on `call.line`, with its values."""
        return f"line IN ({','.join('?' * len(self.spellings))})", tuple(sorted(self.spellings))


def scope_of(role: Role, config: Config) -> Scope | None:
    """What a role sees; None is everything."""
    if not role.limited:
        return None
    wanted = {config.number(line).national for line in role.lines}
    chosen = [line.number for line in config.lines if line.group and line.group in role.groups]
    chosen += [line.number for line in config.lines if config.number(line.number).national in wanted]
    spellings = set(role.lines)
    for text in (*role.lines, *chosen):
        number = config.number(text)
        spellings |= {text, number.national, number.e164 or text}
    return Scope(frozenset(spellings))
