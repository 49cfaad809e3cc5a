"""Roles in the box's database: those that it has from the start, as somebody changed them, and those that were added."""

from __future__ import annotations

import json
import secrets
from collections.abc import Callable, Iterable

from appliance.errors import SaidError
from appliance.ledger import Ledger, append
from appliance.records import Changed
from appliance.web.rights import ADMINISTRATOR, BUILT_IN, EVERYTHING, Right, Role, rights_from
from appliance.words import N_

LONGEST_NAME = 60


class Roles:
    """The roles of a box; a change of one is a fact in the ledger."""

    def __init__(self, ledger: Ledger, now: Callable[[], int]) -> None:
        self._ledger = ledger
        self._now = now

    def all(self) -> dict[str, Role]:
        """Every role by its id, those of the box first."""
        found = dict(BUILT_IN)
        for row in self._ledger.connection.execute("SELECT id, name, rights, lines, line_groups FROM role ORDER BY created_at, id"):
            rights = EVERYTHING if row["id"] == ADMINISTRATOR else rights_from(json.loads(row["rights"]))
            found[row["id"]] = Role(
                id=row["id"], name=row["name"], rights=rights, lines=tuple(json.loads(row["lines"])),
                groups=tuple(json.loads(row["line_groups"])),
            )  # fmt: skip
        return found

    def get(self, role: str) -> Role:
        """This role; one that is gone has no rights but one's own account."""
        return self.all().get(role) or Role(id=role, name=role, rights=rights_from(()))

    def save(self, role: Role, who: str) -> None:
        """Add or change a role. Raises SaidError where that would make nobody the box's master."""
        if role.id == ADMINISTRATOR and (role.rights != EVERYTHING or role.limited):
            raise SaidError(N_("The administrator's role has every right on every line; make another role instead."))
        name = " ".join(role.name.split())[:LONGEST_NAME]
        if not name and role.id not in BUILT_IN:
            raise SaidError(N_("Give the role a name."))
        if any(other.name == name != "" and other.id != role.id for other in self.all().values()):
            raise SaidError(N_("%(name)s: another role has this name; choose a different one."), name=name)
        rights = sorted(right.value for right in role.rights if right is not Right.OWN_ACCOUNT)
        values = (name, json.dumps(rights), json.dumps(role.lines), json.dumps(role.groups))
        now = self._now()
        limits = f" on {', '.join((*role.lines, *role.groups))}" if role.limited else ""
        with self._ledger.transaction() as connection:
            connection.execute(
                "INSERT INTO role (id, name, rights, lines, line_groups, created_at) VALUES (?,?,?,?,?,?) ON CONFLICT (id) DO UPDATE "
                "SET name = excluded.name, rights = excluded.rights, lines = excluded.lines, line_groups = excluded.line_groups",
                (role.id, *values, now),
            )
            append(
                connection,
                [Changed(at=now, thing=f"role {role.id}", who=who, what=f"{name or role.id}: {' '.join(rights)}{limits}", why="")],
            )

    def add(self, name: str, rights: Iterable[Right], who: str) -> Role:
        """A new role with this name. Raises SaidError."""
        role = Role(id=secrets.token_hex(4), name=name, rights=rights_from(rights))
        self.save(role, who)
        return self.all()[role.id]

    def remove(self, role: str, who: str) -> None:
        """Take an added role away, or put one of the box's own back to how it was. Raises SaidError while somebody has it."""
        taken = self._ledger.connection.execute("SELECT count(*) FROM account WHERE role = ?", (role,)).fetchone()[0]
        if taken and role not in BUILT_IN:
            raise SaidError(N_("%(count)d accounts have this role; give them another first."), count=taken)
        with self._ledger.transaction() as connection:
            connection.execute("DELETE FROM role WHERE id = ?", (role,))
            append(connection, [Changed(at=self._now(), thing=f"role {role}", who=who, what="removed", why="")])
