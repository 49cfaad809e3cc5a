"""The furnished box, for every test of a room; and no property has a deadline, for no test asserts a time."""

from hypothesis import settings

from tests.appliance.furnished import furnished, own

__all__ = ["furnished", "own"]

settings.register_profile("untimed", deadline=None)
settings.load_profile("untimed")
