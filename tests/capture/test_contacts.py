"""Who stands behind an address is what the registrar answered, and nothing that anybody asked for."""

from __future__ import annotations

import pytest

from capture.contacts import MAX_CONTACTS, Contacts
from capture.frames import Address
from capture.sip import parse

REGISTRAR, OTHER = Address(b"\xc0\x00\x02\x05", 5060), Address(b"\xc0\x00\x02\x06", 5060)


def register(*contacts: str, number: str = "102", start: str = "SIP/2.0 200 OK") -> bytes:
    lines = [
        start, f"From: <sip:{number}@192.0.2.5>;tag=a", f"To: <sip:{number}@192.0.2.5>;tag=b", "Call-ID: r", "CSeq: 2 REGISTER",
        *(f"Contact: {contact}" for contact in contacts),
    ]  # fmt: skip
    return "\r\n".join([*lines, "Content-Length: 0", "", ""]).encode()


def test_the_number_of_a_contact_is_known_at_its_registrar_alone_and_for_the_very_same_uri() -> None:
    contacts = Contacts()
    contacts.hear(parse(register("<sip:k3x9@192.0.2.20:5062;ob>;expires=300, <sip:zz@192.0.2.21>;expires=300")), REGISTRAR)
    assert contacts.number(REGISTRAR.host, "sip:k3x9@192.0.2.20:5062;transport=udp") == "102"
    assert contacts.number(REGISTRAR.host, "sip:zz@192.0.2.21") == "102"
    for registrar, called in ((OTHER, "sip:zz@192.0.2.21"), (REGISTRAR, "sip:zz@192.0.2.20"), (REGISTRAR, "sip:k3x9@192.0.2.20")):
        assert contacts.number(registrar.host, called) == ""


@pytest.mark.parametrize("start", ["REGISTER sip:192.0.2.5 SIP/2.0", "SIP/2.0 401 Unauthorized", "SIP/2.0 100 Trying"])
def test_what_is_only_asked_for_is_not_believed(start: str) -> None:
    contacts = Contacts()
    contacts.hear(parse(register("<sip:zz@192.0.2.21>", start=start)), REGISTRAR)
    assert len(contacts) == 0


def test_the_newest_registration_counts_and_the_oldest_are_forgotten() -> None:
    contacts = Contacts()
    contacts.hear(parse(register("<sip:zz@192.0.2.21>")), REGISTRAR)
    contacts.hear(parse(register("<sip:zz@192.0.2.21>", number="103")), REGISTRAR)
    assert contacts.number(REGISTRAR.host, "sip:zz@192.0.2.21") == "103"
    for number in range(MAX_CONTACTS):
        contacts.hear(parse(register(f"<sip:p{number}@192.0.2.22>", number="104")), REGISTRAR)
    assert len(contacts) == MAX_CONTACTS
    assert contacts.number(REGISTRAR.host, "sip:zz@192.0.2.21") == ""
