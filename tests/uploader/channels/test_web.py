"""A POST follows no redirect, waits as long as it is asked to, and says what was answered."""

from __future__ import annotations

import pytest

from tests.bed.hooks import Hooks
from uploader.channels import ChannelAgainError, ChannelRefusedError
from uploader.channels._web import post


def test_it_is_posted_as_json_with_its_headers() -> None:
    with Hooks() as hooks:
        post(f"{hooks.url}/a/b?c=d", {"text": "東京"}, {"X-One": "1"})
    (seen,) = hooks.posted
    assert (seen.path, seen.tree, seen.headers["x-one"]) == ("/a/b?c=d", {"text": "東京"}, "1")
    assert seen.headers["content-type"] == "application/json; charset=utf-8"


def test_a_redirect_is_not_followed() -> None:
    with Hooks() as elsewhere, Hooks(((302, {"Location": elsewhere.url}),)) as hooks:
        with pytest.raises(ChannelRefusedError, match="302"):
            post(hooks.url, {}, {})
        assert elsewhere.posted == []


@pytest.mark.parametrize(("header", "wait"), [({"Retry-After": "120"}, 120.0), ({}, None), ({"Retry-After": "Mon, 1 Jan"}, None)])
def test_a_server_that_asks_for_time_gets_it(header: dict[str, str], wait: float | None) -> None:
    with Hooks(((429, header),)) as hooks, pytest.raises(ChannelAgainError) as found:
        post(hooks.url, {}, {})
    assert found.value.wait == wait


def test_a_file_without_certificates_is_named() -> None:
    with pytest.raises(ChannelRefusedError, match=r"/nowhere\.pem: holds no certificates"):
        post("https://localhost:1/", {}, {}, "/nowhere.pem")
