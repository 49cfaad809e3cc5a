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
