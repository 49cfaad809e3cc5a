"""Somebody besides the box must be able to open what it records, and nobody's private key but its own lies on it."""

from __future__ import annotations

from dataclasses import replace

import pytest

from appliance import keys
from appliance.box import Box
from appliance.config import Recipient
from appliance.health.checks import Context, Finding, Severity
from appliance.health.checks import keys as check
from appliance.ledger import Ledger
from tests.fakes.clock import START


def found(box: Box, ledger: Ledger) -> list[Finding]:
    return list(check.check(Context(box, ledger, START)))


@pytest.fixture
def shared(box: Box) -> Box:
    """A box with a recipient of the customer's, and its own keys."""
    customer = Recipient(name="customer", key=str(keys.Identity.new("customer").recipient))
    keys.signing_key(box.folders.keys)
    keys.playback_recipient(box.folders.keys, START)
    return replace(box, config=box.config.model_copy(update={"recipients": [customer]}))


def test_a_box_whose_own_key_is_the_only_one_is_warned(box: Box, ledger: Ledger) -> None:
    (finding,) = found(box, ledger)
    assert finding.severity is Severity.WARNING
    assert "appliance uploader keys new" in str(finding.mend)


def test_a_box_with_a_recipient_and_its_own_keys_is_content(shared: Box, ledger: Ledger) -> None:
    assert found(shared, ledger) == []


def test_every_private_key_of_others_is_named(shared: Box, ledger: Ledger) -> None:
    for name in ("customer", "escrow"):
        keys.save_identity(shared.folders.keys / f"{name}.key", keys.Identity.new(name), START)
    assert [(finding.severity, finding.what.values) for finding in found(shared, ledger)] == [
        (Severity.WARNING, {"name": "customer"}),
        (Severity.WARNING, {"name": "escrow"}),
    ]


@pytest.mark.parametrize("mode", [0o644, 0o640, 0o604])
def test_a_key_that_is_open_to_others_is_an_error_with_its_mend(shared: Box, ledger: Ledger, mode: int) -> None:
    path = shared.folders.keys / "playback.key"
    path.chmod(mode)
    (finding,) = found(shared, ledger)
    assert finding.severity is Severity.ERROR
    assert f"chmod 600 {path}" in str(finding.what)


@pytest.mark.parametrize("content", [b"AGE-SECRET-KEY-1QQQQ\n", b"\xff\xfe not text", b"AGE-SECRET-KEY-1" + b"Q" * 58])
def test_a_damaged_key_is_an_error(shared: Box, ledger: Ledger, content: bytes) -> None:
    path = shared.folders.keys / "playback.key"
    path.write_bytes(content)
    (finding,) = found(shared, ledger)
    assert finding.severity is Severity.ERROR
    assert str(path) in str(finding.what)
