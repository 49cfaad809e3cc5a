"""A bundle holds what a court asks for, opens exactly its own recordings, is entered in the register, and appears whole or not at all."""

from __future__ import annotations

import hashlib
import json
from dataclasses import replace
from pathlib import Path

import pytest

from appliance import keys, shelf
from appliance.errors import CouldNotError
from appliance.keys import Identity, Recipient
from appliance.library.bundle import make as maker
from appliance.library.bundle.make import Request, make
from appliance.records import Exported, Listened, RecordingErased, RecordingHeld
from appliance.sealed import SealedError, open_sealed
from tests.appliance.furnished import Furnished


def bundled(at: Furnished, folder: Path, *samples: str, to: Recipient | None = None) -> Path:
    identities = keys.identities_in(at.box.folders.keys)
    request = Request(who="tester", why="case 7", to=to, now=at.now)
    with at.ledger() as ledger:
        found = [at.recording(sample) for sample in samples]
        make(at.box, ledger, found, folder, identities, keys.signing_key(at.box.folders.keys), request)
    return folder


def rows(at: Furnished, sample: str) -> list[Exported]:
    with at.ledger() as ledger:
        return [row.record for row in ledger.of(at.recording(sample).facts.recording) if isinstance(row.record, Exported)]


def test_it_holds_originals_copies_manifest_proof_and_log(own: Furnished, tmp_path: Path) -> None:
    facts = own.recording("inbound").facts
    below = bundled(own, tmp_path / "b", "inbound") / "data" / facts.recording
    assert (below / f"{facts.recording}.flac.age").read_bytes() == own.sealed("inbound").read_bytes()
    assert hashlib.sha256((below / "audio.flac").read_bytes()).hexdigest() == facts.plain_sha256
    assert json.loads((below / "manifest.json").read_bytes())["chain"] == facts.chain
    assert json.loads((below / "proof.json").read_bytes())["sequence"] == facts.sequence
    assert json.loads((below.parent / "versions.json").read_bytes())["appliance"]


def test_the_access_log_says_who_heard_held_and_took_these_recordings_and_no_others(own: Furnished, tmp_path: Path) -> None:
    with own.ledger() as ledger:
        for sample, who in (("inbound", "sato"), ("internal", "stranger")):
            ledger.append(Listened(at=own.now - 9, recording=own.recording(sample).facts.recording, who=who, where="console"))
        name = own.recording("inbound").facts.recording
        ledger.append(RecordingHeld(at=own.now - 5, recording=name, held=True, who="chief", why="case 7"))
    log = json.loads((bundled(own, tmp_path / "b", "inbound") / "data" / name / "access-log.json").read_bytes())
    told = [(entry["kind"], entry.get("who"), entry.get("why")) for entry in log if entry["kind"] != "RecordingReady"]
    assert told == [("Listened", "sato", None), ("RecordingHeld", "chief", "case 7"), ("Exported", "tester", "case 7")]
    assert "stranger" not in json.dumps(log)


def test_the_export_is_entered_for_each_recording_with_who_what_and_why(own: Furnished, tmp_path: Path) -> None:
    requester = Identity.new("r").recipient
    bundled(own, tmp_path / "b", "inbound", "internal", to=requester)
    for sample in ("inbound", "internal"):
        (record,) = rows(own, sample)
        assert (record.who, record.why) == ("tester", "case 7")
        assert record.what.startswith("evidence bundle ") and str(requester) in record.what
    assert rows(own, "outbound") == []


def test_the_bundles_key_opens_its_originals_and_no_others(own: Furnished, tmp_path: Path) -> None:
    folder = bundled(own, tmp_path / "b", "inbound")
    (identity,) = keys.load_identities(own_mode(folder / "data" / "keys" / "bundle.key"))
    facts = own.recording("inbound").facts
    original = own.sealed("inbound").read_bytes()
    header = (folder / "data" / facts.recording / "header.age").read_bytes()
    payload = original[original.index(b"\n", original.index(b"\n--- ") + 1) + 1 :]
    assert hashlib.sha256(open_sealed(header + payload, [identity])).hexdigest() == facts.plain_sha256
    with pytest.raises(SealedError):
        open_sealed(original, [identity])
    other = own.sealed("internal").read_bytes()
    other_payload = other[other.index(b"\n", other.index(b"\n--- ") + 1) + 1 :]
    with pytest.raises(SealedError):
        open_sealed(header + other_payload, [identity])


def own_mode(path: Path) -> Path:
    path.chmod(0o600)
    return path


def test_a_requesters_sound_is_the_sealed_original_under_a_new_header(own: Furnished, tmp_path: Path) -> None:
    requester = Identity.new("requester")
    facts = own.recording("inbound").facts
    below = bundled(own, tmp_path / "b", "inbound", to=requester.recipient) / "data" / facts.recording
    sealed = (below / "audio.flac.age").read_bytes()
    assert hashlib.sha256(open_sealed(sealed, [requester])).hexdigest() == facts.plain_sha256
    assert sealed[-1000:] == own.sealed("inbound").read_bytes()[-1000:]
    with pytest.raises(SealedError):
        open_sealed(sealed, keys.identities_in(own.box.folders.keys))
    assert not (below.parent / "keys").exists()


@pytest.mark.parametrize("trouble", ["changed", "cut", "gone", "manifest", "erased", "no key"])
def test_what_would_prove_nothing_makes_no_bundle_and_no_entry(own: Furnished, tmp_path: Path, trouble: str) -> None:
    path, recording = own.sealed("inbound"), own.recording("inbound")
    whole = path.read_bytes()
    if trouble == "changed":
        path.write_bytes(whole[:-1] + b"x")
    elif trouble == "cut":
        path.write_bytes(whole[: len(whole) // 2])
    elif trouble == "gone":
        path.unlink()
    elif trouble == "manifest":
        (own.box.folders.recordings / recording.facts.manifest).write_bytes(b"")
    elif trouble == "erased":
        with own.ledger() as ledger:
            name = recording.facts.recording
            ledger.append(RecordingErased(at=own.now, recording=name, who="w", why="y", objects=2, proof="p"))
    else:
        own.box.folders.keys.joinpath("playback.key").unlink()
    with pytest.raises(CouldNotError, match=recording.facts.recording):
        bundled(own, tmp_path / "b", "inbound")
    assert not (tmp_path / "b").exists() and rows(own, "inbound") == []


def test_a_disk_that_fills_leaves_no_half_bundle(own: Furnished, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: object) -> bytes:
        raise shelf.ShelfError("the disk is full")

    monkeypatch.setattr(maker, "_proof", full)
    with pytest.raises(CouldNotError, match="disk is full"):
        bundled(own, tmp_path / "b", "inbound")
    assert [path.name for path in tmp_path.iterdir() if path.name.startswith((".", "b"))] == []
    assert len(rows(own, "inbound")) == 1, "that it was begun stays in the register"


def test_a_recording_younger_than_the_last_checkpoint_gets_a_new_one(own: Furnished, tmp_path: Path) -> None:
    first = bundled(own, tmp_path / "one", "inbound")
    second = bundled(replace(own, now=own.now + 1), tmp_path / "two", "outbound")
    same = [(folder / "data" / "checkpoint.json").read_bytes() for folder in (first, second)]
    assert same[0] == same[1], "one that counts all of them is used again"
