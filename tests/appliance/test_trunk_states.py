"""Why a trunk is down: each pair of Asterisk's words becomes a sentence with its mend, and what is up is left in peace."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from appliance import trunk_states
from appliance.trunk_states import Standing, read, why

REGISTRATIONS = """
 <Registration/ServerURI..............................>  <Auth....................>  <Status.......>
==========================================================================================

 trunk-ntt/sip:10.0.0.1:5060                             trunk-ntt                   Rejected          (exp. 4s)
 trunk-hgw/sip:192.168.1.1:5060                          n/a                         Registered        (exp. 3588s)
 trunk-old/sip:10.0.0.9:5060                             trunk-old                   Unregistered      (exp. 0s)

Objects found: 3
"""
CONTACTS = """
  Contact:  201/sip:201@10.0.0.2:6000                      ff07c275ab NonQual        -nan
  Contact:  trunk-ntt/sip:10.0.0.1:5060                    2e2e57a8a7 Avail         1.234
  Contact:  trunk-old/sip:10.0.0.9:5060                    2e2e57a8a7 Unavail        -nan
  Contact:  trunk-line/sip:10.0.0.8:5060                   2e2e57a8a7 NonQual        -nan
"""


def test_asterisks_own_lists_are_read_by_trunk() -> None:
    assert read(REGISTRATIONS, CONTACTS) == {
        "hgw": Standing("Registered"),
        "line": Standing(""),
        "ntt": Standing("Rejected", "Reachable"),
        "old": Standing("Unregistered", "Unreachable"),
    }


@pytest.mark.parametrize(
    ("kind", "standing", "what", "mend"),
    [
        ("registration", Standing("Rejected", "Reachable"), "refuses the sign-in", "user and password"),
        ("hikari", Standing("Rejected", "Reachable"), "refuses the sign-in", "in the gateway"),
        ("hikari", Standing("Unregistered", "Unreachable"), "does not answer", "cable, switch and gateway"),
        ("address", Standing("", "Unreachable"), "does not answer", "internet connection"),
        ("registration", Standing("Unregistered", "Reachable"), "has not answered the sign-in", "right port"),
        ("registration", Standing("Stopped"), "has ended", "provisioning apply"),
    ],
)
def test_what_is_down_is_told_with_its_mend(kind: str, standing: Standing, what: str, mend: str) -> None:
    found = why("ひかり", "192.168.1.1", kind, standing)
    assert found
    assert what in str(found[0])
    assert "ひかり" in str(found[0])
    assert mend in str(found[1])


@pytest.mark.parametrize("standing", [Standing("Registered", "Reachable"), Standing("", "NonQualified"), Standing("Registered")])
def test_what_is_up_is_left_in_peace(standing: Standing) -> None:
    assert why("ntt", "x", "registration", standing) is None


@given(st.text(), st.text())
def test_any_text_of_a_console_is_read_without_harm(registrations: str, contacts: str) -> None:
    assert isinstance(read(registrations, contacts), dict)


def test_a_heartbeat_carries_it_and_nothing_strange_breaks_it() -> None:
    standing = Standing("Rejected", "Reachable")
    assert trunk_states.from_heartbeat({"trunks": {"ntt": standing.told()}}) == {"ntt": standing}
    assert trunk_states.from_heartbeat({"trunks": ["x"]}) == {}
    assert trunk_states.from_heartbeat({"trunks": {"ntt": "down"}}) == {}
