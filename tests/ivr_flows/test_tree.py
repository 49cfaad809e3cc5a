"""Places are ordered as they are read: by line, then by column."""

from ivr_flows.tree import Place


def test_places_are_ordered_as_they_are_read() -> None:
    assert sorted([Place(2, 1), Place(1, 9), Place(1, 2)]) == [Place(1, 2), Place(1, 9), Place(2, 1)]
