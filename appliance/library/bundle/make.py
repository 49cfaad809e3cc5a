"""Makes an evidence bundle: a BagIt folder (RFC 8493) that a stranger can check without this program, and without trusting us.

    signature.json ─signs─► tagmanifest-sha256.txt ─► verify.py, README.txt, manifest-sha256.txt ─► data/…
    data/checkpoint.json ◄─root─ data/ID/proof.json ◄─chain─ data/ID/manifest.json ─hashes─► data/ID/ID.flac.age, audio.flac

With a requester's key, nothing clear of a call is in it: manifest, log and reports are sealed to that key, and the sound is the sealed
original under a new age header, so that exactly these recordings open, and nothing else. Without one, the copies are clear, and a key
made for this bundle opens the sealed originals. `Exported` is written before the first byte leaves.
"""

from __future__ import annotations

import base64
import contextlib
import hashlib
import json
import platform
import sqlite3
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from importlib.metadata import version
from pathlib import Path
from typing import IO, Any

from appliance import __version__, checkpoints, manifest, merkle, sealed, shelf
from appliance.box import Box
from appliance.calls import Recording
from appliance.errors import CouldNotError
from appliance.keys import Identity, Recipient, SigningKey
from appliance.ledger import Ledger
from appliance.library.bundle import report, verify
from appliance.library.verification import verify_one
from appliance.moments import isoformat
from appliance.records import (
    Changed,
    CheckpointSigned,
    CheckpointStamped,
    Exported,
    Listened,
    RecordingExpired,
    RecordingHeld,
    RecordingLabelled,
    RecordingReady,
    UploadDone,
)  # fmt: skip

_PIECE = 1 << 20
_LOGGED = (RecordingReady, UploadDone, RecordingExpired, RecordingHeld, RecordingLabelled, Listened, Exported, Changed)
_README = Path(__file__).with_name("README.txt")


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """For whom a bundle is made, and why."""

    who: str
    why: str
    to: Recipient | None
    now: int
    for_person: bool = False
    """For the person who is heard: what others did and wrote is told without their names and words."""
    more: Mapping[str, bytes] = field(default_factory=dict)
    """Files besides, by name."""


@dataclass(slots=True)
class _Bag:
    """The folder as it is filled: every file's hash is kept."""

    root: Path
    to: Recipient | None
    hashes: dict[str, str] = field(default_factory=dict)

    @contextlib.contextmanager
    def file(self, name: str) -> Iterator[IO[bytes]]:
        """A new file; its hash is taken from the disk when it is whole."""
        with shelf.create(self.root / name) as opened:
            yield opened
        self.hashes[name] = shelf.sha256_of(self.root / name)

    def put(self, name: str, data: bytes) -> None:
        """A whole file."""
        with self.file(name) as opened:
            opened.write(data)

    def put_private(self, name: str, data: bytes) -> None:
        """A file with something personal in it: sealed to the requester where there is one."""
        if self.to is None:
            self.put(name, data)
        else:
            self.put(f"{name}.age", sealed.seal(data, [self.to]))

    def close(self, key: SigningKey, facts: Mapping[str, Any]) -> None:
        """Lists, then the signature over them."""
        payload = {name: value for name, value in self.hashes.items() if name.startswith("data/")}
        size = sum((self.root / name).stat().st_size for name in payload)
        self.put(verify.PAYLOAD, _listing(payload))
        self.put("bagit.txt", verify.BAGIT)
        about = f"Payload-Oxum: {size}.{len(payload)}\nBag-Software-Agent: appliance {__version__}\nExternal-Identifier: {facts['id']}\n"
        self.put("bag-info.txt", about.encode())
        self.put("verify.py", Path(verify.__file__).read_bytes())
        self.put("README.txt", _README.read_bytes())
        tags = _listing({name: value for name, value in self.hashes.items() if not name.startswith("data/")})
        shelf.write(self.root / verify.TAGS, tags)
        told = {**facts, "tagmanifest_sha256": hashlib.sha256(tags).hexdigest()}
        shelf.write(self.root / verify.SIGNATURE, manifest.sign(told, key, manifest.BUNDLE).encode())


def _listing(hashes: Mapping[str, str]) -> bytes:
    return "".join(f"{value}  {name}\n" for name, value in sorted(hashes.items())).encode("ascii")


def make(
    box: Box,
    ledger: Ledger,
    found: Sequence[Recording],
    folder: Path,
    identities: list[Identity],
    key: SigningKey,
    request: Request,
) -> None:
    """Write the bundle of these recordings as `folder`, which must not exist. Raises CouldNotError; then nothing is there."""
    for recording in found:
        _refuse_broken(box, recording, identities, key)
    checkpoint = _checkpoint(box, ledger, found, key, request.now)
    name = hashlib.sha256(manifest.canonical({"now": request.now, "of": [one.facts.recording for one in found]})).hexdigest()[:16]
    what = f"evidence bundle {name}" + (f", sealed to {request.to}" if request.to else ", with clear copies")
    ledger.append(*(
        Exported(at=request.now, recording=one.facts.recording, who=request.who, what=what, why=request.why) for one in found
    ))  # fmt: skip
    part = folder.with_name(f".{folder.name}{shelf.PART}")
    shelf.remove_tree(part, folder.parent)
    try:
        _fill(box, ledger, found, _Bag(part, request.to), identities, key, request, checkpoint, name)
        part.rename(folder)
        shelf.sync_folder(folder.parent)
    except OSError as error:
        raise CouldNotError(f"{folder}: cannot be written ({error.strerror or error}); choose another place with -o") from error
    finally:
        shelf.remove_tree(part, folder.parent)


def _refuse_broken(box: Box, recording: Recording, identities: list[Identity], key: SigningKey) -> None:
    name = recording.facts.recording
    if recording.erased_at is not None:
        raise CouldNotError(f"recording {name}: was erased, there is no evidence of it left but the chain")
    if not (box.folders.recordings / recording.facts.file).exists():
        raise CouldNotError(f"recording {name}: its local copy is gone; bring it back with `appliance uploader restore`")
    verdict = verify_one(box.folders, recording, key.public, identities)
    if verdict.problems:
        raise CouldNotError(f"recording {name}: {'; '.join(verdict.problems)}; a bundle of it would prove nothing")
    if not verdict.opened:
        raise CouldNotError(f"recording {name}: no key at hand opens it; name one with --identity")


def _checkpoint(box: Box, ledger: Ledger, found: Sequence[Recording], key: SigningKey, now: int) -> CheckpointSigned:
    """One that counts all of them; a new one where the newest is older than they are. Raises CheckpointError."""
    last = checkpoints.latest(ledger)
    if last is None or last.size < max(one.facts.sequence for one in found) or last.public_key != key.public:
        return checkpoints.sign(box, ledger, key, now)
    wrong = list(checkpoints.check([last], checkpoints.leaves(ledger), key.public, box.config.site.contract))
    if broken := [one for one in wrong if "names one before it" not in one]:
        raise checkpoints.CheckpointError(f"{broken[0]}; run: appliance verify --all")
    return last


def _fill(
    box: Box, ledger: Ledger, found: Sequence[Recording], bag: _Bag, identities: list[Identity], key: SigningKey, request: Request,
    checkpoint: CheckpointSigned, name: str,
) -> None:  # fmt: skip
    leaves = checkpoints.leaves(ledger)[: checkpoint.size]
    stamp = next((row.record for row in ledger.of(checkpoint.checkpoint) if isinstance(row.record, CheckpointStamped)), None)
    bag.put("data/checkpoint.json", checkpoints.document(checkpoint))
    if stamp is not None:
        bag.put("data/checkpoint.tsr", base64.b64decode(stamp.token))
    bag.put("data/versions.json", json.dumps(_versions(), indent=1).encode())
    own = Identity.new("bundle")
    if request.to is None:
        bag.put("data/keys/bundle.key", f"# public key: {own.recipient}\n{own.secret()}\n".encode("ascii"))
    items = []
    for recording in found:
        told = _add(box, ledger, recording, bag, identities, request.to or own.recipient, for_person=request.for_person)
        path = merkle.inclusion(recording.facts.sequence - 1, leaves)
        bag.put(f"data/{recording.facts.recording}/proof.json", _proof(recording, path))
        items.append(told)
    site = box.config.site
    facts = {
        "id": name, "contract": site.contract, "serial": site.serial, "made_at": request.now,
        "recordings": [one.facts.recording for one in found], "requester": str(request.to) if request.to else "",
    }  # fmt: skip
    about = {
        **facts, "who": request.who, "why": request.why, "key": key.public, "stamped": stamp is not None,
        "checkpoint": {"size": checkpoint.size, "signed_at": checkpoint.at},
    }  # fmt: skip
    if request.for_person:
        about["who"] = site.name or site.contract
    for extra, data in request.more.items():
        bag.put_private(f"data/{extra}", data)
    for language in report.LANGUAGES:
        bag.put_private(f"data/report-{language}.html", report.page(language, about, items, site.zone).encode())
    bag.close(key, facts)


def _add(
    box: Box, ledger: Ledger, recording: Recording, bag: _Bag, identities: list[Identity], reader: Recipient, *, for_person: bool
) -> dict[str, Any]:
    """One recording: originals, copies, key, log. Returns what the report says of it."""
    facts, below = recording.facts, f"data/{recording.facts.recording}"
    original = box.folders.recordings / facts.file
    beside = (box.folders.recordings / facts.manifest).read_bytes()
    signed = manifest.decode(sealed.open_sealed(beside, identities))
    log = [
        _entry(row.record, box) for row in (*ledger.of(facts.recording), *ledger.of(facts.call)) if isinstance(row.record, _LOGGED)
    ]
    log.sort(key=lambda entry: entry["at"])
    if for_person:
        log = [{**{name: value for name, value in entry.items() if name in ("at", "kind")}, "what": ""} for entry in log]
    bag.put(f"{below}/{facts.recording}.json.age", beside)
    bag.put_private(f"{below}/manifest.json", signed.encode())
    bag.put_private(f"{below}/access-log.json", json.dumps(log, ensure_ascii=False, indent=1).encode())
    with original.open("rb") as source, bag.file(f"{below}/{facts.recording}.{facts.format}.age") as copy:
        _copy(source, copy)
    with original.open("rb") as source:
        header = sealed.write_header(sealed.unwrap(sealed.read_header(source), identities), [reader])
        if bag.to is not None:  # the same payload under a header for the requester: an age file of its own
            with bag.file(f"{below}/audio.{facts.format}.age") as copy:
                copy.write(header)
                _copy(source, copy)
        else:
            bag.put(f"{below}/header.age", header)
            with bag.file(f"{below}/audio.{facts.format}") as copy:
                _copy(sealed.SealedReader(source, identities), copy)  # type: ignore[arg-type]
    return {"facts": signed.facts, "log": log}


def _copy(source: IO[bytes], copy: IO[bytes]) -> None:
    while piece := source.read(_PIECE):
        copy.write(piece)


def _proof(recording: Recording, path: list[bytes]) -> bytes:
    facts = recording.facts
    return manifest.canonical({
        "recording": facts.recording, "sequence": facts.sequence, "chain": facts.chain, "signature": facts.signature,
        "format": facts.format, "sealed_sha256": facts.sealed_sha256, "manifest_sha256": facts.manifest_sha256,
        "path": [step.hex() for step in path],
    })  # fmt: skip


def _entry(record: Any, box: Box) -> dict[str, str]:
    """One line of the access log."""
    names = ("who", "what", "why", "where", "rule", "store", "verified", "label")
    told = {name: str(getattr(record, name)) for name in names if getattr(record, name, None)}
    state = {"RecordingHeld": "held", "RecordingLabelled": "labelled"}.get(record.kind)
    if state:
        told["what"] = " ".join(
            filter(None, (state if getattr(record, state) else f"not {state}", told.get("label"), told.get("why")))
        )
    told.setdefault("what", told.get("where") or told.get("rule") or told.get("verified", ""))
    return {"at": isoformat(record.at, box.config.site.zone), "kind": record.kind, **told}


def _versions() -> dict[str, str]:
    return {
        "appliance": __version__, "python": platform.python_version(), "sqlite": sqlite3.sqlite_version,
        "kernel": platform.release(), "cryptography": version("cryptography"), "manifest": str(manifest.VERSION),
        "sealing": "age-encryption.org/v1", "tree": "RFC 6962", "bag": "RFC 8493 (BagIt 1.0)",
    }  # fmt: skip
