"""What must be there before the first start is made once, and a ledger is copied whole while it is written."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest

from appliance import tls
from appliance.box import Box
from appliance.errors import CouldNotError
from appliance.ledger import Ledger
from appliance.moments import SECOND
from provisioning.prepare import copy_ledger, prepare
from tests.fakes import facts
from tests.fakes.clock import START

DAY = 24 * 3600 * SECOND


def fingerprint(box: Box) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in box.folders.keys.iterdir()}


def test_keys_certificate_and_ledger_are_made_and_stay(box: Box) -> None:
    said = list(prepare(box, START))
    assert [line.split()[0] for line in said] == ["signing", "playback", "certificate", "ledger"]
    before = fingerprint(box)
    assert {"box.key", "box.pub", "playback.key", "playback.pub", "web.crt", "web-tls.pem"} == set(before)
    assert list(prepare(box, START + 30 * DAY)) == said
    assert fingerprint(box) == before


def test_a_key_for_push_messages_is_made_where_they_are_wanted(tmp_path: Path) -> None:
    (tmp_path / "appliance.toml").write_text('[popup]\npush_contact = "mailto:box@example.jp"\n')
    assert any(line.startswith("push key ") for line in prepare(Box.at(tmp_path), START))
    assert {"push.key", "push.pub"} <= set(fingerprint(Box.at(tmp_path)))


def test_a_certificate_that_ends_is_made_anew(box: Box) -> None:
    list(prepare(box, START))
    before = fingerprint(box)
    list(prepare(box, START + 800 * DAY))
    assert tls.ends_at(box.folders.keys / tls.CERTIFICATE) > START + 800 * DAY + timedelta(days=800).days * DAY
    changed = {name for name, body in fingerprint(box).items() if body != before[name]}
    assert changed == {"web.crt", "web-tls.pem"}, "the box's own keys stay for ever"


def test_a_copy_of_the_ledger_holds_everything_that_was_committed(box: Box, ledger: Ledger, tmp_path: Path) -> None:
    ledger.append(facts.ringing(), facts.ready())
    copy = tmp_path / "copy.db"
    copy_ledger(box.folders.ledger, copy)
    ledger.append(facts.ended())
    with Ledger.open(copy) as opened:
        assert opened.last_row() == 2
    copy_ledger(box.folders.ledger, copy)
    with Ledger.open(copy) as opened:
        assert opened.last_row() == 3, "a copy is replaced whole"


def test_what_is_no_ledger_is_not_copied(tmp_path: Path) -> None:
    with pytest.raises(CouldNotError, match="there is no ledger here"):
        copy_ledger(tmp_path / "none.db", tmp_path / "copy.db")
    (tmp_path / "odd.db").write_bytes(b"no database" * 1000)
    with pytest.raises(CouldNotError, match="cannot be copied"):
        copy_ledger(tmp_path / "odd.db", tmp_path / "copy.db")
