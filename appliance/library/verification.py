"""Whether recordings are what the box made: file against row, manifest against both, the chain without a gap, every signature.

Needs no key for the sealed files' hashes, the chain, the signatures and the checkpoints; with an identity it also opens manifest and
audio and compares the clear hash. What was erased on somebody's order is no gap: its chain value stays, and so does the signed proof.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from appliance import checkpoints, erasure, manifest, shelf
from appliance.box import Box
from appliance.calls import Recording
from appliance.folders import Folders
from appliance.keys import Identity
from appliance.ledger import Ledger
from appliance.lookup import recordings
from appliance.records import CheckpointSigned, RecordingErased, RecordingReady, encode
from appliance.sealed import SealedError, SealedReader, WrongKeyError, open_sealed

_PIECE = 1 << 20
_NOT_SIGNED = frozenset({"manifest", "manifest_sha256", "chain", "signature"})
"""Fields of a row that its manifest cannot hold: where it lies itself, its own hashes, and the signature."""


@dataclass(slots=True)
class Verdict:
    """What was found about one recording. `problems` empty: it holds."""

    recording: str
    problems: list[str] = field(default_factory=list)
    opened: bool = False
    """Whether the clear bytes were compared too."""
    local: bool = True


def verify_one(folders: Folders, recording: Recording, public_key: str | None, identities: list[Identity]) -> Verdict:
    """Check one recording by itself."""
    facts = recording.facts
    verdict = Verdict(facts.recording)
    if public_key is None:
        verdict.problems.append("the box's public key is not at hand (keys/box.pub), so no signature could be checked")
    else:
        try:
            manifest.check_signature(facts.chain, facts.signature, public_key)
        except manifest.ManifestError as error:
            verdict.problems.append(str(error))
    if recording.expired_at is not None or recording.erased_at is not None:
        verdict.local = False
        return verdict
    path = folders.recordings / facts.file
    if not path.exists():
        verdict.problems.append(f"its file is missing: {facts.file}")
        return verdict
    try:
        if shelf.sha256_of(path) != facts.sealed_sha256:
            verdict.problems.append("its file was changed (SHA-256 of the sealed file)")
        else:
            _open_both(folders, recording, identities, verdict)
    except shelf.ShelfError as error:
        verdict.problems.append(str(error))
    return verdict


def verify_all(folders: Folders, ledger: Ledger, public_key: str | None, identities: list[Identity]) -> Iterator[Verdict]:
    """Check every recording and that the chain has no gap."""
    chain, sequence = manifest.FIRST, 0
    for recording in recordings(ledger.connection):
        verdict = verify_one(folders, recording, public_key, identities)
        facts = recording.facts
        if facts.sequence != sequence + 1:
            verdict.problems.append(f"the chain has a gap: number {facts.sequence} follows {sequence}")
        elif facts.previous != chain:
            verdict.problems.append("the chain is broken: it names another recording as the one before")
        if recording.erased_at is not None and public_key is not None:
            verdict.problems += _unproven(ledger, recording, public_key)
        chain, sequence = facts.chain, facts.sequence
        yield verdict


def _unproven(ledger: Ledger, recording: Recording, public_key: str) -> list[str]:
    """What is wrong with the proof of an erasure."""
    row = ledger.latest(RecordingErased, recording.facts.recording)
    if row is None or not isinstance(row.record, RecordingErased):
        return ["it is said to be erased, and no record says so"]
    try:
        erasure.check_proof(row.record, recording, public_key)
    except manifest.ManifestError as error:
        return [f"its proof of erasure: {error}"]
    return []


def verify_checkpoints(box: Box, ledger: Ledger, public_key: str | None, more: Sequence[CheckpointSigned] = ()) -> list[str]:
    """What is wrong between the chain and the checkpoints: the ledger's, those in files, and `more` that came from elsewhere."""
    problems: list[str] = []
    found = checkpoints.known(ledger, box.folders.checkpoints, problems)
    try:
        leaves = checkpoints.leaves(ledger)
    except checkpoints.CheckpointError as error:
        return [*problems, f"no checkpoint can be compared: {error}"]
    return [*problems, *checkpoints.check([*found, *more], leaves, public_key, box.config.site.contract)]


def _open_both(folders: Folders, recording: Recording, identities: list[Identity], verdict: Verdict) -> None:
    facts = recording.facts
    try:
        sealed = (folders.recordings / facts.manifest).read_bytes()
        if hashlib.sha256(sealed).hexdigest() != facts.manifest_sha256:
            verdict.problems.append("its manifest was changed (SHA-256 of the sealed manifest)")
            return
        with (folders.recordings / facts.file).open("rb") as file:
            try:
                reader = SealedReader(file, identities)
            except WrongKeyError:
                return
            digest = _digest(reader)
        if digest != facts.plain_sha256:
            verdict.problems.append("its audio is not what was recorded (SHA-256 of the clear bytes)")
        signed = manifest.decode(open_sealed(sealed, identities))
        if signed.chain != facts.chain:
            verdict.problems.append("its manifest is another one than the ledger's")
        elif changed := _not_as_signed(signed, facts):
            verdict.problems.append(f"its row is not what the box signed ({', '.join(changed)})")
        verdict.opened = True
    except WrongKeyError:
        verdict.problems.append("its manifest was changed, or sealed to somebody else than the recording")
    except (SealedError, manifest.ManifestError) as error:
        verdict.problems.append(f"its manifest or file {error}")
    except OSError as error:
        verdict.problems.append(f"its manifest cannot be read ({error.strerror})")


def _not_as_signed(signed: manifest.Manifest, facts: RecordingReady) -> list[str]:
    """The fields of the row that say something else than the manifest."""
    recording = signed.facts.get("recording")
    told = {**signed.facts, **(recording if isinstance(recording, dict) else {}), "at": signed.facts.get("signed_at")}
    row = json.loads(encode(facts))
    return sorted(name for name in row if name not in _NOT_SIGNED and (name not in told or row[name] != told[name]))


def _digest(reader: SealedReader) -> str:
    found = hashlib.sha256()
    while piece := reader.read(_PIECE):
        found.update(piece)
    return found.hexdigest()
