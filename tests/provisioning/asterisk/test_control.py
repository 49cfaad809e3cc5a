"""Our services' way to Asterisk: on this machine alone, each with a password of its own."""

from __future__ import annotations

from provisioning.asterisk import control
from tests.bed.boxes import section, wiring


def test_nothing_of_it_is_reached_from_the_network() -> None:
    assert section(control.http(), "general")["bindaddr"] == "127.0.0.1"
    manager = control.manager(wiring())
    assert section(manager, "general")["bindaddr"] == "127.0.0.1"
    assert section(manager, "general")["webenabled"] == "no"
    assert section(manager, "appliance")["permit"] == "127.0.0.1/32"


def test_each_has_a_password_of_its_own() -> None:
    assert section(control.ari(wiring()), "appliance")["password"] == "ari-password"
    assert section(control.manager(wiring()), "appliance")["secret"] == "ami-password"


def test_no_program_is_started_through_ami() -> None:
    assert "system" not in section(control.manager(wiring()), "appliance")["write"].split(",")
