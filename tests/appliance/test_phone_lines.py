"""The settings of the telephone system (lines) hold what issue 5 names, with defaults an office can live with."""

from __future__ import annotations

import pytest
from pydantic import ValidationError

from appliance.phone_lines import Block, Codes, Contact, Outbound, Route, Trunk


def test_a_trunk_names_kind_and_host() -> None:
    trunk = Trunk(name="ntt", kind="hikari", host="192.168.1.1", user="3")
    assert (trunk.port, trunk.dtmf, trunk.codecs, trunk.register_seconds) == (5060, "auto", ["ulaw"], 3600)
    with pytest.raises(ValidationError):
        Trunk(name="ntt", kind="address", host="")


def test_a_route_takes_withheld_listed_and_blocked_callers() -> None:
    assert Route(name="odd", callers=["withheld", "payphone", "listed", "blocked", "0120*"], target="hangup").numbers == []


@pytest.mark.parametrize("target", ["front", "group:", "flow:Main", "extension:x"])
def test_a_route_without_a_target_is_refused(target: str) -> None:
    with pytest.raises(ValidationError, match="; write"):
        Route(name="main", target=target)


def test_an_outbound_rule_needs_a_trunk() -> None:
    with pytest.raises(ValidationError, match="at least 1 item"):
        Outbound(name="all", trunks=[])


def test_codes_are_dialled_with_a_star_or_a_hash() -> None:
    assert all(code[0] in "*#" for code in Codes().model_dump().values())
    with pytest.raises(ValidationError, match="is no code"):
        Codes(pickup="119")


def test_people_and_blocked_callers() -> None:
    assert Contact(name="本社", number="06-1234-5678").speed_dial == ""
    assert Block(callers=["0120*", "anonymous"]).action == "busy"
