"""Figures are for the machine that bears the token, for nobody where there is none, and a session is no token."""

from __future__ import annotations

import pytest

from appliance.web.pages.metrics import TOKEN
from tests.appliance.furnished import Furnished, browser, signed_in

SECRET = "0123456789abcdef0123"


def asked(at: Furnished, **headers: str) -> int:
    return int(browser(at.box, at.clock()).get("/metrics", headers=headers).status_code)


def give(at: Furnished, text: str, mode: int = 0o600) -> None:
    path = at.box.folders.keys / TOKEN
    path.touch(mode=mode)
    path.chmod(mode)
    path.write_text(text)


def test_without_a_token_there_is_nothing(own: Furnished) -> None:
    assert asked(own) == asked(own, Authorization="Bearer ") == 404
    assert signed_in(own).get("/metrics").status_code == 404


@pytest.mark.parametrize(("text", "mode"), [("", 0o600), ("short", 0o600), (SECRET, 0o644)])
def test_a_token_that_is_none_opens_nothing(own: Furnished, text: str, mode: int) -> None:
    give(own, text, mode)
    assert asked(own, Authorization=f"Bearer {text}") == 404


def test_whoever_bears_it_reads_the_figures(own: Furnished) -> None:
    give(own, SECRET + "\n")
    answer = browser(own.box, own.clock()).get("/metrics", headers={"Authorization": f"Bearer {SECRET}"})
    assert answer.status_code == 200 and answer.headers["content-type"].startswith("text/plain; version=0.0.4")
    assert "\nappliance_calls 6\n" in answer.text


@pytest.mark.parametrize("given", ["", "Bearer wrong", f"Basic {SECRET}", f"Bearer {SECRET}x", "Bearer"])
def test_anything_else_is_refused(own: Furnished, given: str) -> None:
    give(own, SECRET)
    assert asked(own, Authorization=given) == 401
    assert signed_in(own).get("/metrics").status_code == 401
