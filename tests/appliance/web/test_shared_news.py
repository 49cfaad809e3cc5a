"""Many pages that ask for the same get the same, made once; each with its own token, and never for longer than a moment."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor

import pytest

from appliance.web.shared_news import GOOD_FOR_S, STAND_IN, Events, SharedNews


def test_it_is_made_once_however_many_ask_at_the_same_time() -> None:
    news, go, made = SharedNews(), threading.Event(), list[int]()

    def make() -> Events:
        go.wait(30)
        made.append(1)
        return Events(7, [f"token {STAND_IN}"])

    with ThreadPoolExecutor(20) as pool:
        waiting = [pool.submit(news.get, "key", make) for _ in range(20)]
        go.set()
        found = [one.result(30) for one in waiting]
    assert made == [1] and set(found[0].of("abc")) == {"token abc"} and all(one is found[0] for one in found)


def test_another_key_or_a_later_moment_is_made_anew() -> None:
    now = [100.0]
    news, made = SharedNews(lambda: now[0]), list[str]()

    def make(name: str) -> Events:
        made.append(name)
        return Events(len(made), [])

    assert news.get("a", lambda: make("a")).row == news.get("a", lambda: make("again")).row == 1
    assert news.get("b", lambda: make("b")).row == 2
    now[0] += GOOD_FOR_S
    assert news.get("a", lambda: make("later")).row == 3
    assert made == ["a", "b", "later"]


def test_what_fails_is_tried_again_by_the_next() -> None:
    news = SharedNews()

    def fail() -> Events:
        raise OSError("no disk")

    with pytest.raises(OSError, match="no disk"):
        news.get("a", fail)
    assert news.get("a", lambda: Events(1, [])).row == 1
