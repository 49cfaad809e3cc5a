"""A link into the office's own system holds quoted values and nothing that was not asked for."""

from __future__ import annotations

from appliance.popups.links import filled

VALUES = {"number": "0312345678", "e164": "+81312345678", "code": "A/17?x=1&y", "name": "佐藤 <b>"}


def test_places_are_filled_and_quoted() -> None:
    assert filled("https://crm.example/c/{code}?n={number}&p={e164}&w={name}", VALUES) == (
        "https://crm.example/c/A%2F17%3Fx%3D1%26y?n=0312345678&p=%2B81312345678&w=%E4%BD%90%E8%97%A4%20%3Cb%3E"
    )


def test_what_cannot_be_filled_is_no_link() -> None:
    assert filled("https://crm.example/{code}", {**VALUES, "code": ""}) == ""
    assert filled("", VALUES) == ""


def test_a_value_is_not_filled_again_and_other_braces_stay() -> None:
    assert filled("https://x/{name}/{other}", {"name": "{number}", "number": "1"}) == "https://x/%7Bnumber%7D/{other}"
