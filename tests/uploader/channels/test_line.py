"""LINE is told by a push message that a repeated try does not double."""

from __future__ import annotations

from dataclasses import replace

from tests.bed.hooks import Hooks
from tests.contracts.test_channels import NOTICE
from uploader.channels import line


def push(*texts: str) -> list[dict[str, str]]:
    with Hooks() as hooks:
        for text in texts:
            line.send(line.Options(to="U1", url=hooks.url), {"token": "t"}, replace(NOTICE, text=text))
    assert all(one.tree["to"] == "U1" and one.headers["authorization"] == "Bearer t" for one in hooks.posted)
    return [{**one.headers, "text": one.tree["messages"][0]["text"]} for one in hooks.posted]


def test_a_repeated_try_bears_the_same_key() -> None:
    first, second = push("a", "a")
    assert first["x-line-retry-key"] == second["x-line-retry-key"]


def test_a_long_text_is_cut_where_line_would_refuse_it() -> None:
    (seen,) = push("あ" * 9000)
    assert len(seen["text"]) == line.LONGEST
