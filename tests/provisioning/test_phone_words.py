"""Every sentence of the wing's pages has its Japanese, and none is there that no page says."""

from __future__ import annotations

import re

from provisioning.phone_pages import HERE, KINDS
from provisioning.phone_words import WORDS


def test_every_sentence_is_there_and_none_besides() -> None:
    text = "\n".join(path.read_text("utf-8") for path in [*HERE.glob("phone_*.html"), HERE / "phone_pages.py"])
    called = set(re.findall(r'\bt\(\s*"([^"]+)"', text)) | {field.title for kind in KINDS.values() for field in kind.fields}
    assert called - set(WORDS) == set()
    assert {sentence for sentence in WORDS if f'"{sentence}"' not in text} == set()
