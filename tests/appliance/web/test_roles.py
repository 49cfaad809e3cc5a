"""Roles are renamed, changed, added and taken away; the administrator's always has every right, and every change is in the ledger."""

from __future__ import annotations

from dataclasses import replace

import pytest

from appliance.errors import SaidError
from appliance.ledger import Ledger
from appliance.records import Changed
from appliance.web.accounts import Accounts
from appliance.web.rights import ADMINISTRATOR, BUILT_IN, EVERYTHING, Right
from appliance.web.roles import Roles
from tests.fakes.clock import FakeClock


@pytest.fixture
def roles(ledger: Ledger, clock: FakeClock) -> Roles:
    return Roles(ledger, clock.now)


def test_a_box_has_its_own_roles_from_the_start(roles: Roles) -> None:
    assert roles.all() == BUILT_IN


def test_a_role_of_the_box_is_renamed_and_put_back(roles: Roles) -> None:
    roles.save(replace(BUILT_IN["operator"], name="窓口", rights=frozenset({Right.POPUP, Right.OWN_ACCOUNT})), "boss")
    assert roles.get("operator").name == "窓口"
    assert roles.get("operator").rights == {Right.POPUP, Right.OWN_ACCOUNT}
    roles.remove("operator", "boss")
    assert roles.get("operator") == BUILT_IN["operator"]


def test_the_administrators_role_can_be_renamed_and_loses_nothing(roles: Roles, ledger: Ledger) -> None:
    roles.save(replace(BUILT_IN[ADMINISTRATOR], name="店長"), "boss")
    assert (roles.get(ADMINISTRATOR).name, roles.get(ADMINISTRATOR).rights) == ("店長", EVERYTHING)
    master = BUILT_IN[ADMINISTRATOR]
    for less in (
        replace(master, rights=frozenset({Right.SEARCH})),
        replace(master, lines=("201",)),
        replace(master, groups=("a",)),
    ):
        with pytest.raises(SaidError):
            roles.save(less, "boss")
    ledger.connection.execute("UPDATE role SET rights = '[]'")
    assert roles.get(ADMINISTRATOR).rights == EVERYTHING, "rights that a later version brings are its too"


def test_a_role_is_added_with_limits_and_removed_once_nobody_has_it(roles: Roles, ledger: Ledger, clock: FakeClock) -> None:
    made = roles.add("  営業   一課 ", [Right.SEARCH], "boss")
    roles.save(replace(made, groups=("営業",)), "boss")
    assert roles.get(made.id).name == "営業 一課"
    assert roles.get(made.id).groups == ("営業",)
    Accounts(ledger, clock.now, 12).one_time_password("sato", made.id)
    with pytest.raises(SaidError, match="1 accounts have this role"):
        roles.remove(made.id, "boss")
    ledger.connection.execute("UPDATE account SET role = 'operator'")
    roles.remove(made.id, "boss")
    assert made.id not in roles.all()
    assert roles.get(made.id).rights == {Right.OWN_ACCOUNT}, "a role that is gone opens nothing"


def test_a_role_needs_a_name_of_its_own(roles: Roles) -> None:
    with pytest.raises(SaidError):
        roles.add(" ", [], "boss")
    roles.add("窓口", [], "boss")
    with pytest.raises(SaidError):
        roles.add("窓口", [], "boss")


def test_every_change_is_a_fact(roles: Roles, ledger: Ledger) -> None:
    made = roles.add("窓口", [Right.SEARCH], "boss")
    roles.remove(made.id, "boss")
    said = [row.record for row in ledger.of(f"role {made.id}")]
    assert [(record.who, record.what) for record in said if isinstance(record, Changed)] == [
        ("boss", "窓口: search"),
        ("boss", "removed"),
    ]
