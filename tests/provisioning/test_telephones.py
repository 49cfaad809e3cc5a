"""Who asks is answered its own settings or a clear 404, and not without limit."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from appliance import registry
from provisioning.telephones import Throttle, answer
from tests.bed.desk_sets import PATHS, sets

MAKES = registry.members("provisioning.phones")
KNOWN = {telephone.mac: telephone for telephone in sets().values()}


def test_a_mac_that_is_not_ours_is_told_with_its_mend() -> None:
    found = answer("/001565ffffff.cfg", "10.0.0.9", KNOWN, MAKES)
    assert (found.status, found.body) == (404, b"")
    assert (
        found.sentence
        == '10.0.0.9: the yealink with MAC 001565ffffff is not ours; write mac = "001565ffffff" to its extension if it is'
    )


def test_a_telephone_of_another_make_than_the_settings_say_is_told() -> None:
    found = answer("/cfg001565aabbc1.xml", "10.0.0.9", KNOWN, MAKES)
    assert found.status == 404
    assert "asks as a grandstream and extension 201 says yealink" in found.sentence


@pytest.mark.parametrize("path", ["/", "/../../etc/passwd", "/y000000000028.cfg", "/phone-201.secret", "/%2e%2e/keys"])
def test_anything_else_is_not_found(path: str) -> None:
    assert answer(path, "10.0.0.9", KNOWN, MAKES).status == 404


@given(st.text())
def test_any_path_is_an_answer_in_one_line_of_log(path: str) -> None:
    found = answer(path, "10.0.0.9", KNOWN, MAKES)
    assert found.status in (200, 404)
    assert len(found.sentence.splitlines()) == 1


def test_a_secret_never_stands_in_the_log() -> None:
    for path in PATHS.values():
        found = answer(path, "10.0.0.9", KNOWN, MAKES)
        assert b"secret-of-" in found.body
        assert "secret-of-" not in found.sentence
    assert "secret-of-" not in repr(list(KNOWN.values()))


def test_where_the_inside_is_known_nobody_outside_of_it_gets_settings() -> None:
    assert answer(PATHS["snom"], "203.0.113.9", KNOWN, MAKES, ["192.168.20.0/24"]).status == 404
    assert answer(PATHS["snom"], "192.168.20.9", KNOWN, MAKES, ["192.168.20.0/24"]).status == 200


def test_who_asks_too_much_waits_and_others_do_not() -> None:
    throttle = Throttle(3)
    assert [throttle.allows("a", 0.0) for _ in range(4)] == [True, True, True, False]
    assert throttle.allows("b", 0.0)
    assert not throttle.allows("a", 10.0)
    assert throttle.allows("a", 31.0)


def test_the_throttle_remembers_a_bounded_number_of_addresses() -> None:
    throttle = Throttle(1)
    for number in range(10_000):
        throttle.allows(str(number), 0.0)
    assert len(throttle._buckets) <= 4096
