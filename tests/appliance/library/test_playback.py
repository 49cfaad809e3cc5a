"""A sealed recording gives its clear bytes at any place; one that was changed or is not there gives a sentence and no sound."""

from __future__ import annotations

import hashlib
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from appliance import keys
from appliance.keys import Identity
from appliance.library.playback import Opened, PlaybackError, open_recording, waveform
from appliance.records import RecordingExpired, UploadDone
from appliance.sealed import CHUNK, seal
from tests.appliance.furnished import Furnished
from tests.fakes import facts
from uploader.worker import Worker

EMPTY = {"points": 0, "left": "", "right": "", "marks": [], "pauses": []}


def opened(at: Furnished, sample: str = "inbound", identities: list[Identity] | None = None) -> Opened:
    own = keys.identities_in(at.box.folders.keys) if identities is None else identities
    return open_recording(at.box, at.recording(sample), own)


def heard(at: Furnished, sample: str = "inbound") -> bytes:
    found = opened(at, sample)
    return b"".join(found.pieces(0, found.size))


def handles() -> set[str]:
    """The files that this process has open."""
    return {str(path.readlink()) for path in Path("/proc/self/fd").iterdir() if path.exists()}


@pytest.fixture(scope="module")
def whole(furnished: Furnished) -> bytes:
    return heard(furnished)


@pytest.mark.parametrize("sample", ["inbound", "anonymous", "internal", "outbound"])
def test_what_is_heard_is_what_was_sealed(furnished: Furnished, sample: str) -> None:
    assert hashlib.sha256(heard(furnished, sample)).hexdigest() == furnished.recording(sample).facts.plain_sha256


@given(st.data())
def test_any_part_is_that_part_of_the_whole(furnished: Furnished, whole: bytes, data: st.DataObject) -> None:
    near = st.sampled_from(range(0, len(whole), CHUNK)).flatmap(lambda at: st.integers(max(0, at - 2), min(len(whole), at + 2)))
    begin, end = sorted((data.draw(near), data.draw(near | st.integers(0, len(whole)))))
    assert b"".join(opened(furnished).pieces(begin, end)) == whole[begin:end]


def test_a_long_part_comes_in_pieces_that_fit_into_memory(furnished: Furnished, whole: bytes) -> None:
    pieces = list(opened(furnished).pieces(1, len(whole)))
    assert len(pieces) > 2 and max(map(len, pieces)) <= CHUNK


def test_the_file_is_closed_however_far_it_was_read(own: Furnished) -> None:
    path = str(own.sealed("inbound"))
    found = opened(own)
    assert path in handles()
    list(found.pieces(0, found.size))
    assert path not in handles()
    part = opened(own).pieces(0, 10 * CHUNK)
    next(iter(part))
    part.close()  # type: ignore[attr-defined]  # as a server does when the listener goes away
    assert path not in handles()
    opened(own).close()
    assert path not in handles()


@pytest.mark.parametrize(
    ("form", "kind"), [("flac", "audio/flac"), ("opus", 'audio/ogg; codecs="opus"'), ("new", "application/octet-stream")]
)
def test_the_media_type_is_that_of_the_format(furnished: Furnished, form: str, kind: str) -> None:
    recording = furnished.recording("inbound")
    changed = replace(recording, facts=replace(recording.facts, format=form))
    found = open_recording(furnished.box, changed, keys.identities_in(furnished.box.folders.keys))
    found.close()
    assert found.media_type == kind


@given(place=st.integers(0, 10**6), bit=st.integers(0, 7))
def test_one_flipped_bit_is_refused_and_nothing_behind_it_is_heard(
    changeable: Furnished, whole: bytes, place: int, bit: int
) -> None:
    path = changeable.sealed("inbound")
    sealed = bytearray(path.read_bytes())
    sealed[place % len(sealed)] ^= 1 << bit
    received = b""
    original = path.read_bytes()
    path.write_bytes(sealed)
    try:
        with pytest.raises(PlaybackError):
            for piece in opened(changeable).pieces(0, len(whole)):
                received += piece
    finally:
        path.write_bytes(original)
    assert whole.startswith(received) and len(received) < len(whole)


@pytest.fixture(scope="module")
def changeable(furnished: Furnished, tmp_path_factory: pytest.TempPathFactory) -> Furnished:
    return furnished.copy(tmp_path_factory.mktemp("changeable") / "var")


@pytest.mark.parametrize("cut", [0, 1, 10, 21, 22, 100, 200, 300, CHUNK, 3 * CHUNK, -1, -16, -17])
def test_a_file_that_was_cut_is_refused(own: Furnished, whole: bytes, cut: int) -> None:
    path = own.sealed("inbound")
    path.write_bytes(path.read_bytes()[:cut])
    with pytest.raises(PlaybackError) as caught:
        b"".join(opened(own).pieces(0, len(whole)))
    assert own.recording("inbound").facts.recording in str(caught.value) or "try the stored copy" in str(caught.value)
    assert str(path) not in handles()


def test_without_the_key_it_is_said_that_none_opens_it(furnished: Furnished) -> None:
    for identities in ([], [Identity.new("stranger")]):
        with pytest.raises(PlaybackError, match="no key at hand opens it"):
            opened(furnished, identities=identities)


def test_a_local_copy_that_is_gone_is_named_with_the_place_of_the_stored_one(own: Furnished) -> None:
    own.sealed("inbound").unlink()
    with pytest.raises(PlaybackError) as caught:
        opened(own)
    assert "not stored yet" in str(caught.value) and "None" not in str(caught.value)
    stored: UploadDone = facts.stored(recording=own.recording("inbound").facts.recording, key="v1/local/1/x.flac.age")
    with own.ledger() as ledger:
        ledger.append(stored)
    with pytest.raises(PlaybackError, match=r"stored as v1/local/1/x\.flac\.age"):
        opened(own)


def test_where_the_local_copy_has_expired_the_stored_one_is_heard_with_its_outline(own: Furnished, whole: bytes) -> None:
    outline = waveform(own.box, own.recording("inbound"), keys.identities_in(own.box.folders.keys))
    with own.ledger() as ledger:
        worker = Worker(own.box, ledger, own.clock())
        while worker.one():
            pass
        facts_of = own.recording("inbound").facts
        ledger.append(RecordingExpired(at=own.now, recording=facts_of.recording, rule="retention.local_days = 1"))
    for name in (facts_of.file, facts_of.manifest):
        (own.box.folders.recordings / name).unlink()
    before = handles()
    assert heard(own) == whole
    assert b"".join(opened(own).pieces(70_000, 140_000)) == whole[70_000:140_000]
    assert waveform(own.box, own.recording("inbound"), keys.identities_in(own.box.folders.keys)) == outline != EMPTY
    assert handles() <= before


def test_what_is_no_file_is_an_error_of_the_disk(own: Furnished) -> None:
    own.sealed("inbound").unlink()
    own.sealed("inbound").mkdir()
    with pytest.raises(PlaybackError, match="check the disk"):
        opened(own)


# The outline


def test_the_outline_is_that_of_the_sealed_manifest(furnished: Furnished) -> None:
    recording = furnished.recording("inbound")
    outline = waveform(furnished.box, recording, keys.identities_in(furnished.box.folders.keys))
    assert outline["points"] > 100 and outline["left"] != outline["right"]


def test_an_outline_that_cannot_be_opened_is_an_empty_one(own: Furnished) -> None:
    recording, identities = own.recording("inbound"), keys.identities_in(own.box.folders.keys)
    path = own.box.folders.recordings / recording.facts.manifest
    assert waveform(own.box, recording, []) == EMPTY
    path.write_bytes(path.read_bytes()[:-1])
    assert waveform(own.box, recording, identities) == EMPTY
    for clear in (b"", b"{}", b"[]", b"not json", b"\xff", b'{"facts":{},"chain":"","signature":"","public_key":""}'):
        path.write_bytes(seal(clear, [identities[0].recipient]))
        assert waveform(own.box, recording, identities) == EMPTY
    path.unlink()
    assert waveform(own.box, recording, identities) == EMPTY
