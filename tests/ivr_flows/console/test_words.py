"""Every sentence of the wing's pages has its Japanese, and none is there that no page says."""

from __future__ import annotations

import re

from ivr_flows.console.flows import HERE
from ivr_flows.console.words import WORDS


def test_every_sentence_is_there_and_none_besides() -> None:
    text = "\n".join(
        path.read_text("utf-8") for path in sorted(HERE.glob("*")) if path.suffix in (".html", ".py") and path.stem != "words"
    )
    called = {first or second for first, second in re.findall(r"""\bt\(\s*(?:"([^"]+)"|'([^']+)')""", text)}
    assert called - set(WORDS) == set()
    assert {sentence for sentence in WORDS if f'"{sentence}"' not in text and f"'{sentence}'" not in text} == set()


def test_a_translation_keeps_its_places() -> None:
    for english, japanese in WORDS.items():
        assert japanese
        assert re.findall(r"%\(\w+\)s", english) == re.findall(r"%\(\w+\)s", japanese)
