"""Telephones and trunks: a trunk tries for ever, and each kind is told what it needs."""

from __future__ import annotations

from appliance.phone_settings import Extension, Network
from provisioning.asterisk import pjsip
from tests.bed.boxes import section, wiring

LINES = pjsip.render(wiring("lines"))
PBX = pjsip.render(wiring("pbx"))


def test_a_trunk_registers_for_ever_whatever_it_is_answered() -> None:
    found = section(LINES, "trunk-spare", "registration")
    assert int(found["max_retries"]) > 10**8
    assert found["auth_rejection_permanent"] == "no"
    assert found["server_uri"] == "sip:203.0.113.99:5070\\;transport=tcp"
    assert found["client_uri"] == "sip:0521110000@sip.example.jp"
    assert section(LINES, "trunk-spare", "auth")["username"] == "login" or section(LINES, "trunk-spare", "auth")["username"]


def test_a_trunk_by_address_signs_in_nowhere_and_is_known_by_its_networks() -> None:
    assert section(LINES, "trunk-main", "registration") == {}
    assert section(LINES, "trunk-main", "identify")["match"] == "203.0.113.10,203.0.113.32/28"
    assert section(LINES, "trunk-main", "endpoint")["send_pai"] == "yes"


def test_a_gateway_knows_the_box_by_its_extension_and_sessions_last_as_ntt_wants() -> None:
    found = section(PBX, "trunk-hgw", "endpoint")
    assert (found["from_user"], found["timers_sess_expires"]) == ("3", "300")
    assert section(PBX, "trunk-hgw", "registration")["contact_user"] == "3"
    assert "outbound_auth" not in found


def test_a_telephone_is_told_who_it_is_where_no_caller_can_change_it() -> None:
    text = pjsip.render(wiring())
    assert "set_var = APPLIANCE_DESK=201\n" in text
    assert "set_var = APPLIANCE_SHOWN=0312345679\n" in text
    found = section(text, "201", "endpoint")
    assert (found["context"], found["callerid"], found["mailboxes"]) == ("from-standard", '"山田 太郎" <201>', "201@default")
    assert section(text, "201", "auth")["password"] == "pw201"


def test_encryption_and_addresses() -> None:
    desk = Extension(number="201", encrypted=True, phones=3)
    text = pjsip.render(wiring(extensions=[desk], network=Network(address="fd00::1", tls=True)))
    assert section(text, "201", "endpoint")["media_encryption"] == "sdes"
    assert section(text, "201", "aor")["max_contacts"] == "3"
    assert section(text, "tls", "transport")["bind"] == "[fd00::1]:5061"
    assert section(LINES, "udp", "transport")["external_media_address"] == "203.0.113.7"
