"""Parking: the places of the settings, each with a lamp."""

from __future__ import annotations

from provisioning.asterisk import parking
from tests.bed.boxes import section, wiring


def test_the_places_are_the_settings() -> None:
    found = section(parking.render(wiring()), "default")
    assert (found["parkext"], found["parkpos"], found["parkinghints"]) == ("700", "701-710", "yes")
