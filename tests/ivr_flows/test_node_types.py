"""The types are the files of the folder, and all that the language promises are there."""

from ivr_flows.node_types import ENDS, types

PROMISED = "calendar menu collect play if http set extension ring_group queue voicemail record callback conference goto_flow hangup"


def test_every_type_of_the_language_is_there() -> None:
    assert set(types()) == set(PROMISED.split())
    assert set(ENDS) < set(types())
