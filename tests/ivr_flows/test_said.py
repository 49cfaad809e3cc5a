"""A prompt is spoken words, sounds and values read out digit by digit."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ivr_flows import said
from ivr_flows.said import BracesError, Prompt, Sound, Spoken, estimate, fill, names_in, prompt_of, seconds_of


def test_the_same_words_have_the_same_name_and_others_another() -> None:
    assert Spoken("営業", "ja").key == Spoken("営業", "ja").key
    assert len({Spoken("1", "ja").key, Spoken("1", "en").key, Spoken("2", "ja").key, Sound("1").key}) == 4


def test_a_value_is_read_out_digit_by_digit() -> None:
    prompt = prompt_of("番号は{number}です。", "ja")
    heard = prompt.heard({"number": "０3-9"})
    assert [str(part) for part in heard] == ["番号は", "ゼロ", "さん", "きゅう", "です。"]
    assert all(part in (*said.every_digit("ja"), *heard) for part in heard)


def test_a_value_without_digits_is_silent() -> None:
    assert [str(part) for part in prompt_of("A {name} B", "en").heard({"name": "x<y"})] == ["A", "B"]
    assert prompt_of("{gone}", "en").heard({}) == ()


def test_a_sound_that_is_known_is_played_as_it_is() -> None:
    assert Prompt((Sound("welcome"),)).heard({}) == (Sound("welcome"),)


@pytest.mark.parametrize("text", ["{", "}", "a {b c} d", "{}", "{0}", "{{x}}", "{営業}"])
def test_braces_without_a_name_are_refused(text: str) -> None:
    with pytest.raises(BracesError):
        prompt_of(text, "ja")
    with pytest.raises(BracesError):
        names_in(text)


def test_a_template_is_filled_in() -> None:
    assert fill("a={x}&b={y}", {"x": "1"}) == "a=1&b="
    assert names_in("a={x}&b={y}") == ("x", "y")


def test_what_was_rendered_is_believed_and_the_rest_estimated() -> None:
    spoken = Spoken("お電話ありがとうございます。", "ja")
    assert seconds_of([spoken], {spoken.key: 2.5}) == 2.5
    assert 1.2 < seconds_of([spoken], {}) < 4
    assert seconds_of([Sound("x")], {}) == 5.0
    assert 1.0 < estimate("Thank you for your call.", "en") < 3


@given(st.text(max_size=60), st.dictionaries(st.text(max_size=5), st.text(max_size=9)))
def test_any_text_is_a_prompt_or_the_one_error(words: str, values: dict[str, str]) -> None:
    try:
        prompt = prompt_of(words, "ja")
    except BracesError:
        return
    assert seconds_of(prompt.heard(values), {}) >= 0
    assert fill(words, values) is not None
