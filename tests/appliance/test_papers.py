"""A paper is queued once about each subject, the newest counts, and its signature is that of its kind."""

from __future__ import annotations

import json

import pytest

from appliance import keys, manifest, papers
from appliance.box import Box
from appliance.ledger import Ledger
from tests.fakes.clock import START


def waiting(ledger: Ledger) -> list[tuple[str, str, dict[str, str]]]:
    rows = ledger.connection.execute("SELECT subject, state, body FROM job WHERE kind = 'paper' ORDER BY subject")
    return [(row[0], row[1], json.loads(row[2])) for row in rows]


def queue(ledger: Ledger, subject: str, document: bytes) -> None:
    with ledger.transaction() as connection:
        papers.queue(connection, subject, papers.name("erasures", START, document), document, START)


def test_the_newest_of_a_subject_waits_and_no_other(ledger: Ledger) -> None:
    for document in (b"{}", b'{"newer": 1}'):
        queue(ledger, "it", document)
    queue(ledger, "erasure of a", b"[]")
    assert [(subject, body["document"]) for subject, _, body in waiting(ledger)] == [
        ("erasure of a", "[]"), ("it", '{"newer": 1}'),
    ]  # fmt: skip


def test_one_that_was_brought_out_makes_room_for_the_next(ledger: Ledger) -> None:
    queue(ledger, "it", b"{}")
    ledger.connection.execute("UPDATE job SET state = 'done'")
    queue(ledger, "it", b"[]")
    ((_, state, body),) = waiting(ledger)
    assert (state, body["document"]) == ("ready", "[]")


def test_names_are_in_the_order_of_time_and_differ_with_the_content() -> None:
    names = [papers.name("erasures", START + second * 10**9, b"x") for second in range(0, 100_000, 9_999)]
    assert names == sorted(names)
    assert papers.name("erasures", START, b"x") != papers.name("erasures", START, b"y")


def test_a_signature_of_another_kind_or_key_is_none(box: Box) -> None:
    key = keys.signing_key(box.folders.keys)
    document = manifest.sign({"a": 1}, key, manifest.ERASURE).encode()
    assert papers.read(document, manifest.ERASURE, key.public).facts["a"] == 1
    for kind, public in ((manifest.CHECKPOINT, key.public), (manifest.ERASURE, "ab" * 32)):
        with pytest.raises(manifest.ManifestError):
            papers.read(document, kind, public)
