"""`appliance web token make|list|end`: what the page does, the command line does."""

from __future__ import annotations

import json

import pytest

from appliance.cli import main
from appliance.clock import SystemClock
from tests.appliance.furnished import Furnished
from tests.appliance.web.bearers import client


def told(capsys: pytest.CaptureFixture[str], own: Furnished, *words: str, code: int = 0) -> str:
    assert main(["web", "token", *words, "--data", str(own.box.folders.data)]) == code
    said = capsys.readouterr()
    return said.err if code else said.out


def test_a_token_is_made_listed_and_ended(own: Furnished, capsys: pytest.CaptureFixture[str]) -> None:
    secret = told(capsys, own, "make", "crm", "--rights", "search,health", "--lines", "03-1234-5679", "--days", "2").strip()
    bearer = client(own, secret, SystemClock())
    assert bearer.get("/token").json()["rights"] == ["health", "search"]
    (line,) = told(capsys, own, "list").splitlines()
    assert line.startswith("crm\tsearch health\t03-1234-5679\tends 2")
    assert "from testclient" in line
    assert secret not in line
    facts = json.loads(told(capsys, own, "list", "--json"))
    assert (facts["token"], facts["lines"], facts["used_from"]) == ("crm", ["03-1234-5679"], "testclient")
    assert told(capsys, own, "end", "crm") == ""
    assert bearer.get("/token").status_code == 401


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (("make", "crm", "--rights", "teleport"), "is nothing that a token may do"),
        (("make", "crm", "--rights", "users"), "is nothing that a token may do"),
        (("make", "crm", "--rights", ","), "Choose what the token may do"),
        (("make", "crm", "--rights", "search", "--days", "0"), "lasts from 1"),
        (("end", "crm"), "there is no such token"),
    ],
)
def test_what_cannot_be_is_said(own: Furnished, capsys: pytest.CaptureFixture[str], words: tuple[str, ...], sentence: str) -> None:
    assert sentence in told(capsys, own, *words, code=2)
