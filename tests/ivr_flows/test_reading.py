"""Settings are read by name and type; what is wrong is noted at its place, and a harmless value stands in."""

from __future__ import annotations

import pytest

from appliance.moments import SECOND
from ivr_flows.findings import Notes
from ivr_flows.model import Way
from ivr_flows.reading import Reading
from ivr_flows.yaml_text import read


def reading(text: str) -> Reading:
    return Reading(read(text.encode()), Notes(), "node", "ja")


def codes(given: Reading) -> list[str]:
    return [one.code for one in given.notes.found]


@pytest.mark.parametrize(
    ("text", "nanoseconds", "found"),
    [
        ("25s", 25 * SECOND, []),
        ("2m", 120 * SECOND, []),
        ("1500ms", SECOND * 3 // 2, []),
        ("2.5s", SECOND * 5 // 2, []),
        ("25", 9 * SECOND, ["duration-without-unit"]),
        ("soon", 9 * SECOND, ["wrong-form"]),
        ("2h", 9 * SECOND, ["wrong-form"]),
        ("900s", 9 * SECOND, ["out-of-range"]),
        ("[1]", 9 * SECOND, ["wrong-form"]),
    ],
)
def test_a_duration_carries_its_unit(text: str, nanoseconds: int, found: list[str]) -> None:
    given = reading(f"ring: {text}")
    assert given.duration("ring", 9 * SECOND, 1, 600) == nanoseconds
    assert codes(given) == found


@pytest.mark.parametrize(
    ("text", "value", "found"), [("3", 3, []), ("99", 2, ["out-of-range"]), ("-1", 2, ["wrong-form"]), ("３", 2, ["wrong-form"])]
)
def test_a_number_is_a_number(text: str, value: int, found: list[str]) -> None:
    given = reading(f"tries: {text}")
    assert given.number("tries", 2, 1, 10) == value
    assert codes(given) == found


@pytest.mark.parametrize(
    ("text", "value"), [("yes", True), ("no", False), ("true", True), ("はい", True), ("off", False), ("perhaps", True)]
)
def test_a_flag_is_yes_or_no(text: str, value: bool) -> None:
    given = reading(f"beep: {text}")
    assert given.flag("beep", True) is value
    assert bool(given.notes.found) is (text == "perhaps")


def test_a_key_is_one_of_the_telephones() -> None:
    assert reading('k: "#"').key("k", "*") == "#"
    assert reading("k: none").key("k", "*") == ""
    wrong = reading("k: A")
    assert wrong.key("k", "*") == "*"
    assert codes(wrong) == ["bad-key"]


def test_one_text_alone_may_stand_for_a_list() -> None:
    assert [one.value for one in reading("is: a").texts("is")] == ["a"]
    mixed = reading("is: [a, {b: c}]")
    assert [one.value for one in mixed.texts("is")] == ["a"]
    assert codes(mixed) == ["wrong-form"]


def test_what_nobody_asked_for_is_told_with_what_there_is() -> None:
    given = reading("name: a\ncolour: red")
    given.text("name")
    given.flag("beep", True)
    given.finish()
    assert codes(given) == ["unknown-setting"]
    assert given.notes.found[0].words["known"] == "name, beep"
    assert given.notes.found[0].place.line == 2


def test_an_exit_needs_a_target_where_it_is_required() -> None:
    given = reading("next: there")
    given.exit("next", Way.PASSES)
    given.exit("error", Way.PASSES)
    given.exit("busy", Way.PEOPLE, required=False)
    assert codes(given) == ["outcome-without-next"]
    assert {name: one.target for name, one in given.facts.exits.items()} == {"next": "there", "error": None}


@pytest.mark.parametrize("word", ["next", "then", "go"])
def test_what_comes_next_may_be_said_in_three_words(word: str) -> None:
    given = reading(f"{word}: there")
    given.exit("next", Way.PASSES)
    given.finish()
    assert given.facts.exits["next"].target == "there"
    assert codes(given) == []


def test_a_value_that_every_call_has_cannot_be_set_anew() -> None:
    given = reading("into: caller")
    given.gives("into")
    assert codes(given) == ["bad-name"]


@pytest.mark.parametrize(
    ("text", "name", "found"), [("welcome", "welcome", []), ("welcome.wav", "welcome", []), ("../x.wav", "", ["bad-name"])]
)
def test_a_sounds_name_may_have_its_files_ending(text: str, name: str, found: list[str]) -> None:
    given = reading(f"prompt: {text}")
    prompt = given.prompt(required=False)
    assert [str(part) for part in prompt.parts] == [f"<{name}>"] if prompt else not name
    assert codes(given) == found
