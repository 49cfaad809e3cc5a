"""A recording whose local copy is gone is opened where it is stored, by whoever offers that; else one sentence says why not."""

from __future__ import annotations

import importlib.metadata

import pytest

from appliance import keys
from appliance.afar import GROUP, open_afar
from appliance.errors import CouldNotError
from appliance.keys import Identity
from appliance.lookup import get_recording
from appliance.sealed import WrongKeyError
from tests.appliance.furnished import Furnished
from uploader.worker import Worker


@pytest.fixture
def stored(own: Furnished) -> Furnished:
    """Its recordings are stored, and the local copies gone."""
    with own.ledger() as ledger:
        worker = Worker(own.box, ledger, own.clock())
        while worker.one():
            pass
    own.sealed("inbound").unlink()
    return own


def test_a_wing_offers_it() -> None:
    assert [entry.value for entry in importlib.metadata.entry_points(group=GROUP)] == ["uploader.remote:open_of"]


def test_the_stored_sound_and_its_manifest_are_opened(stored: Furnished) -> None:
    identities = keys.identities_in(stored.box.folders.keys)
    with open_afar(stored.box, stored.recording("inbound"), identities) as reader:
        assert reader.read(4) == b"fLaC"
    with open_afar(stored.box, stored.recording("inbound"), identities, manifest=True) as reader:
        assert reader.read(1) == b"{"


def test_what_is_not_there_is_said_in_one_sentence(stored: Furnished) -> None:
    recording = stored.recording("inbound")
    assert recording.key is not None
    with pytest.raises(WrongKeyError):
        open_afar(stored.box, recording, [Identity.new("stranger")])
    (stored.box.folders.store / recording.key).unlink()
    with pytest.raises(CouldNotError, match=f"stored as {recording.key} .*no such object"):
        open_afar(stored.box, recording, [])
    with stored.ledger() as ledger:
        ledger.connection.execute("UPDATE recording SET key = NULL")
        fresh = get_recording(ledger.connection, recording.facts.recording)
        assert fresh is not None
    with pytest.raises(CouldNotError, match="not stored yet"):
        open_afar(stored.box, fresh, [])
