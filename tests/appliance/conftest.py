"""The furnished box, for every test of a room."""

from tests.appliance.furnished import furnished, own

__all__ = ["furnished", "own"]
