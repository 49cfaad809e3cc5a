"""The settings of the card of a ringing call."""

from __future__ import annotations

import pytest
from pydantic import ValidationError

from appliance.popup_settings import Popup


def test_an_address_in_the_crm_is_a_web_address() -> None:
    assert Popup(crm_url="https://crm.example/{number}").crm_url
    for bad in ("javascript:alert(1)", "ftp://x", "https://x y"):
        with pytest.raises(ValidationError):
            Popup(crm_url=bad)


def test_two_integrations_are_never_called_alike() -> None:
    one = {"name": "crm", "kind": "http"}
    assert Popup.model_validate({"integrations": [one]}).integrations[0].deadline_seconds == 3.0
    with pytest.raises(ValidationError, match="alike"):
        Popup.model_validate({"integrations": [one, one]})


@pytest.mark.parametrize("contact", ["box@example.jp", "http://x", "mailto:"])
def test_the_contact_is_an_address_as_push_services_want_it(contact: str) -> None:
    with pytest.raises(ValidationError):
        Popup(push_contact=contact)
    assert Popup(push_contact="mailto:box@example.jp").push_contact
