"""A box with telephones in its settings, and somebody at its console who looks after them and has no other right."""

from __future__ import annotations

from pathlib import Path

from appliance.box import Box
from appliance.ledger import Ledger
from appliance.web.accounts import Accounts
from tests.appliance.furnished import TestClient, browser
from tests.fakes.clock import FakeClock


def office_of(folder: Path, settings: str) -> Box:
    """A box of its own with these settings."""
    folder.mkdir()
    (folder / "appliance.toml").write_text(settings, "utf-8")
    return Box.at(folder)


def technician(office: Box) -> TestClient:
    """Signed in."""
    clock = FakeClock()
    with Ledger.open(office.folders.ledger) as ledger:
        accounts = Accounts(ledger, clock.now, 12)
        token = accounts.sign_in("technician", accounts.one_time_password("technician", "technician"), "-")
    return browser(office, clock, token)
