"""Names are compared whatever width, kana or case they are written in, and a stranger's text shows what it holds."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from appliance.customers.names import fold, needles, tidy


@pytest.mark.parametrize("text", ["さとう たろう", "サトウ タロウ", "ｻﾄｳ ﾀﾛｳ", "サトウ・タロウ", "さとうタロウ"])
def test_kana_are_one_whatever_their_form(text: str) -> None:
    assert fold(text) == "さとうたろう"


def test_voiced_half_width_kana_and_latin_letters_fold_too() -> None:
    assert fold("ﾊﾞﾄﾞ ＡＢＣ") == "ばどabc"


def test_words_of_a_search_are_folded_and_numbers_lose_their_hyphens() -> None:
    assert needles("サトウ　090-1234 ＡＢＣ") == ["さとう", "0901234", "abc"]
    assert needles("  ") == []


@given(st.text(max_size=200))
def test_a_tidied_text_is_one_line_that_hides_nothing(text: str) -> None:
    made = tidy(text, 50)
    assert len(made) <= 50
    assert "\n" not in made
    assert not {"\u202e", "\u200b", "\0", "\x1b"} & set(made)
    assert tidy(made, 50) == made
    made.encode("utf-8")
