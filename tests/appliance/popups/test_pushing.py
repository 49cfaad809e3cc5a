"""A push message opens in the browser it is for and nowhere else, says nothing in clear, and goes to named services only.

The oracles are others' programs (http_ece decrypts, py_vapid verifies) and the example of RFC 8291, appendix A.
"""

from __future__ import annotations

import os
from pathlib import Path

import http_ece
import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from py_vapid import Vapid02

from appliance import push_key
from appliance.popups.asking import GoneError, RefusedError
from appliance.popups.pushing import PADDED, Sender, allowed, encrypted
from appliance.popups.subscriptions import Subscription
from appliance.push_key import from_web64, point, web64
from tests.bed.crm import crm


class Browser:
    """The keys that a browser makes when it subscribes."""

    def __init__(self) -> None:
        self.private = ec.generate_private_key(ec.SECP256R1())
        self.auth = os.urandom(16)

    def subscription(self, endpoint: str) -> Subscription:
        return Subscription(endpoint, web64(point(self.private.public_key())), web64(self.auth))

    def opened(self, body: bytes) -> bytes:
        return bytes(http_ece.decrypt(body, private_key=self.private, auth_secret=self.auth, version="aes128gcm"))


def test_the_example_of_the_rfc() -> None:
    own = ec.derive_private_key(int.from_bytes(from_web64("yfWPiYE-n46HLnH0KqZOF1fJJU3MYrct3AELtAQ-oRw"), "big"), ec.SECP256R1())
    made = encrypted(
        b"When I grow up, I want to be a watermelon",
        from_web64("BCVxsr7N_eNgVRqvHtD0zTZsEc6-VV-JvLexhqUzORcxaOzi6-AYWXvTBHm4bjyPjs7Vd8pZGH6SRpkNtoIAiw4"),
        from_web64("BTBZMqHH6r4Tts7J_aSIgg"), salt=from_web64("DGv6ra1nlYgDCS1FRnbzlw"), own=own, padded=0,
    )  # fmt: skip
    assert web64(made) == (
        "DGv6ra1nlYgDCS1FRnbzlwAAEABBBP4z9KsN6nGRTbVYI_c7VJSPQTBtkgcy27mlmlMoZIIgDll6e3vCYLocInmYWAmS6TlzAC8wEqKK6PBru3jl7A_yl95b"
        "Qpu6cVPTpK4Mqgkf1CXztLVBSt2Ks3oZwbuwXPXLWyouBWLVWGNWQexSgSxsj_Qulcy4a-fN"
    )


def test_it_opens_in_that_browser_alone_and_its_length_tells_nothing() -> None:
    mine, other = Browser(), Browser()
    receiver = point(mine.private.public_key())
    short, long = (encrypted(message, receiver, mine.auth) for message in (b"a", "高橋 一 ".encode() * 20))
    assert mine.opened(short) == b"a" and mine.opened(long) == "高橋 一 ".encode() * 20
    assert len(short) == len(long) == PADDED + 16 + 86
    with pytest.raises(http_ece.ECEException):
        other.opened(short)


def test_what_the_service_sees_says_nothing_of_the_caller(tmp_path: Path) -> None:
    mine = Browser()
    with crm(lambda asked: (201, b"")) as service:
        sender = Sender(push_key.make(tmp_path), "mailto:box@example.jp", (service.url,))
        sender.send(mine.subscription(f"{service.url}/wpush/v2/abc"), b'{"title": "09012345678"}')
    (asked,) = service.asked
    assert mine.opened(asked.body) == b'{"title": "09012345678"}'
    assert b"09012345678" not in asked.body and "09012345678" not in repr(asked.headers)
    assert (asked.headers["ttl"], asked.headers["urgency"], asked.headers["content-encoding"]) == ("60", "high", "aes128gcm")
    assert "topic" not in asked.headers
    assert Vapid02.verify(asked.headers["authorization"])


def test_nothing_goes_to_a_host_that_was_not_named(tmp_path: Path) -> None:
    with crm(lambda asked: (201, b"")) as service:
        sender = Sender(push_key.make(tmp_path), "mailto:box@example.jp", allowed(["push.example"]))
        for endpoint in (service.url, "https://evil.example/x", "https://push.example.evil.example/x", "https://169.254.169.254/"):
            with pytest.raises(RefusedError, match="no push service that was named"):
                sender.send(Browser().subscription(endpoint), b"x")
    assert service.asked == []
    assert allowed(["push.example"]) == ("push.example", ".push.example")


def test_a_browser_that_wants_no_more_says_so(tmp_path: Path) -> None:
    with crm(lambda asked: (410, b"")) as service, pytest.raises(GoneError):
        Sender(push_key.make(tmp_path), "mailto:b@example.jp", (service.url,)).send(Browser().subscription(service.url), b"x")
