"""A signed manifest tells its rows again; one with another file name or another type in a field tells nothing."""

from __future__ import annotations

from copy import deepcopy
from typing import Any

import pytest

from appliance import keys, manifest, retelling
from appliance.records import CallEnded, CallRinging, RecordingReady
from appliance.sealed import open_sealed
from tests.appliance.furnished import Furnished, furnished

__all__ = ["furnished"]


def told(at: Furnished, sample: str = "inbound") -> tuple[manifest.Manifest, bytes]:
    sealed = (at.box.folders.recordings / at.recording(sample).facts.manifest).read_bytes()
    return manifest.decode(open_sealed(sealed, keys.identities_in(at.box.folders.keys))), sealed


def test_the_rows_are_those_that_the_box_wrote(furnished: Furnished) -> None:
    rows = list(retelling.records_of(*told(furnished)))
    with furnished.ledger() as ledger:
        written = {row.record.identity: row.record for row in ledger.since(0)}
    for row in rows:
        if not isinstance(row, CallRinging):  # its headers are not in the manifest
            assert written[row.identity] == row
    assert {type(row) for row in rows} >= {CallRinging, CallEnded, RecordingReady}


@pytest.mark.parametrize(
    "change",
    [
        {"file": "../../etc/passwd"}, {"file": "2026/01/01/aaaaaaaaaaaaaaaa.flac.age"}, {"format": "sh"}, {"bytes": "12"},
        {"seconds": None}, {"bytes": 1 << 70}, {"codecs": "PCMU"}, {"quality": []},
    ],
    ids=str,
)  # fmt: skip
def test_what_a_row_cannot_hold_is_refused(furnished: Furnished, change: dict[str, Any]) -> None:
    signed, sealed = told(furnished)
    facts = deepcopy(dict(signed.facts))
    facts["recording"] |= change
    forged = manifest.Manifest(facts=facts, chain=signed.chain, signature=signed.signature, public_key=signed.public_key)
    with pytest.raises((*retelling.MALFORMED, manifest.ManifestError)):
        list(retelling.records_of(forged, sealed))
