"""A webhook's receiver can check who sent the notice."""

from __future__ import annotations

import hashlib
import hmac

import pytest

from appliance.errors import ConfigError
from tests.bed.hooks import Hooks
from tests.contracts.test_channels import NOTICE
from uploader.channels import webhook


def test_the_body_is_signed_and_the_token_is_a_bearer() -> None:
    with Hooks() as hooks:
        webhook.send(webhook.Options(url=hooks.url), {"token": "t", "key": "k"}, NOTICE)
    (seen,) = hooks.posted
    assert seen.headers["x-appliance-signature"] == "sha256=" + hmac.new(b"k", seen.body, hashlib.sha256).hexdigest()
    assert seen.headers["authorization"] == "Bearer t"
    assert seen.tree == NOTICE.body


def test_without_a_secret_neither_is_sent() -> None:
    with Hooks() as hooks:
        webhook.send(webhook.Options(url=hooks.url), {}, NOTICE)
    assert not {"authorization", "x-appliance-signature"} & set(hooks.posted[0].headers)


@pytest.mark.parametrize("url", ["", "ftp://x/", "https://", "javascript:alert(1)", "https://a b"])
def test_what_is_no_address_is_refused(url: str) -> None:
    with pytest.raises((ConfigError, ValueError)):
        webhook.Options(url=url)
