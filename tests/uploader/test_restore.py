"""A site comes back from its store and a key alone; nothing that anybody may have put into the bucket gets further than a named problem."""

from __future__ import annotations

import hashlib
import json
import shutil
from collections.abc import Callable, Iterator
from copy import deepcopy
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from appliance import checkpoints, erasure, keys, manifest
from appliance.box import Box
from appliance.errors import CouldNotError
from appliance.janitor.unlinking import Unlinking
from appliance.keys import Identity
from appliance.ledger import Ledger
from appliance.library.verification import verify_all
from appliance.lookup import get_call, get_recording, recordings
from appliance.moments import SECOND
from appliance.sealed import open_sealed, seal
from capture.opening import open_recording
from tests.bed.made import MadeCall
from tests.bed.recorded import all_recordings, recorded
from tests.fakes.clock import START, FakeClock
from tests.fakes.store import FakeStore, Trouble
from uploader import objects
from uploader.restore import MAX_MANIFEST, Restored, as_json, restore
from uploader.store import open_store
from uploader.worker import Worker

CALLS = tuple(MadeCall(number=number, begin=START + number * SECOND, talk=0.2) for number in range(3))
ROOM = "../../../../elsewhere/"
Facts = dict[str, Any]


class Site:
    """A site with three stored recordings, and what is left of it: the store and a key."""

    def __init__(self, folder: Path) -> None:
        self.box = recorded(folder / "site", *CALLS)
        self.store = FakeStore()
        with Ledger.open(self.box.folders.ledger) as ledger:
            worker = Worker(self.box, ledger, FakeClock(2 * START), lambda _: self.store)
            while worker.one():
                pass
        self.identities = keys.identities_in(self.box.folders.keys)
        self.keys = sorted(self.store.objects, key=lambda key: (key.endswith(".json.age"), key))
        self.first = next(key for key in self.keys if not key.endswith(".json.age"))

    def facts(self, key: str) -> Facts:
        """What the manifest beside this recording says."""
        sealed = self.store.objects[objects.manifest_key(key)]
        return deepcopy(dict(manifest.decode(open_sealed(sealed, self.identities)).facts))

    def forged(self, facts: Facts) -> bytes:
        """A manifest with these facts, sealed to our key and signed by somebody."""
        return self.sealed(manifest.sign(facts, keys.SigningKey(Ed25519PrivateKey.generate())).encode())

    def sealed(self, document: bytes) -> bytes:
        """Any document, sealed to our key: for that nobody needs a secret."""
        return seal(document, [identity.recipient for identity in self.identities])

    def bucket(self) -> FakeStore:
        """A copy of the store."""
        copy = FakeStore()
        copy.objects.update(self.store.objects)
        return copy


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Site:
    return Site(tmp_path_factory.mktemp("site"))


@pytest.fixture
def bucket(site: Site) -> FakeStore:
    return site.bucket()


def bring_back(site: Site, box: Box, bucket: FakeStore, identities: list[Identity] | None = None, signer: str = "") -> Restored:
    own = site.identities if identities is None else identities
    with Ledger.open(box.folders.ledger) as ledger:
        return restore(box, ledger, bucket, own, FakeClock(3 * START), signer)


def files(folder: Path) -> set[str]:
    return {path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file()}


def test_an_empty_box_has_every_recording_and_call_again(site: Site, box: Box, bucket: FakeStore) -> None:
    done = bring_back(site, box, bucket)
    assert (done.recordings, done.present, done.problems) == (len(CALLS), 0, [])
    assert files(box.folders.recordings) == files(site.box.folders.recordings)
    with Ledger.open(site.box.folders.ledger) as before, Ledger.open(box.folders.ledger) as after:
        for recording in recordings(before.connection):
            found = get_recording(after.connection, recording.facts.recording)
            assert found == replace(recording, stored_at=3 * START)
            assert get_call(after.connection, recording.facts.call) == get_call(before.connection, recording.facts.call)


def test_what_came_back_can_be_heard_and_checked(site: Site, box: Box, bucket: FakeStore, tmp_path: Path) -> None:
    bring_back(site, box, bucket)
    shutil.copytree(site.box.folders.keys, box.folders.keys)
    for recording in all_recordings(box):
        assert open_recording(box, recording.facts.recording, tmp_path / "o.wav", None) == pytest.approx(0.201)
        path = box.folders.recordings / recording.facts.file
        assert hashlib.sha256(path.read_bytes()).hexdigest() == recording.facts.sealed_sha256
    chain = [recording.facts.previous for recording in all_recordings(box)]
    assert chain == [manifest.FIRST, *(recording.facts.chain for recording in all_recordings(box)[:-1])]


def test_a_second_time_nothing_is_brought_twice(site: Site, box: Box, bucket: FakeStore) -> None:
    bring_back(site, box, bucket)
    before = bucket.asked[:]
    done = bring_back(site, box, bucket)
    assert (done.recordings, done.present, done.problems) == (0, len(CALLS), [])
    assert not [key for what, key in bucket.asked[len(before) :] if what == "read" and not key.endswith(".json.age")]


def test_a_local_copy_that_is_gone_is_fetched_again(site: Site, box: Box, bucket: FakeStore) -> None:
    bring_back(site, box, bucket)
    lost = box.folders.recordings / all_recordings(box)[1].facts.file
    body = lost.read_bytes()
    lost.unlink()
    assert bring_back(site, box, bucket).recordings == 1
    assert lost.read_bytes() == body


def test_after_a_total_loss_what_was_erased_leaves_no_gap_that_nobody_explains(tmp_path: Path) -> None:
    site = recorded(tmp_path / "site", *CALLS)
    clock = FakeClock(2 * START)
    with Ledger.open(site.folders.ledger) as ledger:
        second = list(recordings(ledger.connection))[1]
        call = get_call(ledger.connection, second.facts.call)
        assert call is not None
        worker = Worker(site, ledger, clock)
        while worker.one():
            pass
        erasure.ask(ledger, [erasure.Order(call, second)], "yamada", "letter of Mr Sato", clock.now())
        while worker.one() or Unlinking(site, ledger, clock).step():
            pass
        identities = keys.identities_in(site.folders.keys)
    proof = next(site.folders.store.rglob("erasures/*.json"))
    assert not [word for word in (b"yamada", b"Sato", b"0312345678") if word in proof.read_bytes()]
    new, public = Box.at(tmp_path / "new"), keys.signing_public(site.folders.keys)
    with Ledger.open(new.folders.ledger) as ledger:
        done = restore(new, ledger, open_store(site), identities, clock)
        assert (done.recordings, done.erased, done.problems) == (2, 1, [])
        assert [verdict.problems for verdict in verify_all(new.folders, ledger, public, identities)] == [[]] * 3
        assert checkpoints.leaves(ledger)
        assert restore(new, ledger, open_store(site), identities, clock).erased == 0
        proof.write_bytes(proof.read_bytes().replace(b'"objects":2', b'"objects":3'))
        assert "were changed after signing" in restore(new, ledger, open_store(site), identities, clock).problems[0]


def test_the_wrong_key_brings_nothing_and_says_so(site: Site, box: Box, bucket: FakeStore) -> None:
    with pytest.raises(CouldNotError, match="3 manifests are in the store and none could be opened"):
        bring_back(site, box, bucket, [Identity.new("stranger")])
    assert not files(box.folders.recordings)
    assert all_recordings(box) == []


def test_only_what_the_named_box_signed_is_taken_in(site: Site, box: Box, bucket: FakeStore) -> None:
    """Whoever may write into the bucket can sign with a key of his own, but not with the box's."""
    bucket.objects[objects.manifest_key(site.first)] = site.forged({**site.facts(site.first), "sequence": 1})
    public = (site.box.folders.keys / "box.pub").read_text()
    done = bring_back(site, box, bucket, signer=f" {public.upper()}")
    assert done.recordings == len(CALLS) - 1
    assert done.problems == [f"{objects.manifest_key(site.first)}: the box's signature does not hold"]
    assert done.public_keys == {public.strip()}
    with pytest.raises(CouldNotError, match="the box's signature does not hold"):
        bring_back(site, box, bucket, signer="00" * 32)


def test_a_manifest_that_came_back_is_bound_to_its_row(site: Site, box: Box, bucket: FakeStore) -> None:
    bring_back(site, box, bucket)
    for recording in all_recordings(box):
        sealed = (box.folders.recordings / recording.facts.manifest).read_bytes()
        assert recording.facts.manifest_sha256 == hashlib.sha256(sealed).hexdigest()


def test_an_empty_store_is_no_error(site: Site, box: Box) -> None:
    assert bring_back(site, box, FakeStore()) == Restored()


def test_the_store_of_another_contract_is_left_alone(site: Site, tmp_path: Path, bucket: FakeStore) -> None:
    (tmp_path / "other").mkdir()
    (tmp_path / "other" / "appliance.toml").write_text('[site]\ncontract = "other"\n')
    assert bring_back(site, Box.at(tmp_path / "other"), bucket).recordings == 0


@pytest.mark.parametrize("which", [0, 1], ids=["recording", "manifest"])
@pytest.mark.parametrize("place", [0, 200, -1], ids=["first byte", "header", "last byte"])
def test_a_tampered_object_is_refused_and_the_others_come_back(
    site: Site, box: Box, bucket: FakeStore, which: int, place: int
) -> None:
    key = (site.first, objects.manifest_key(site.first))[which]
    body = bytearray(bucket.objects[key])
    body[place] ^= 1
    bucket.objects[key] = bytes(body)
    done = bring_back(site, box, bucket)
    assert done.recordings == len(CALLS) - 1
    (problem,) = done.problems
    assert problem.startswith(key)
    name = objects.read_key(site.first)
    assert name is not None
    assert not [path for path in files(box.folders.recordings) if name.recording in path]


@pytest.mark.parametrize("which", [0, 1], ids=["recording", "manifest"])
def test_an_object_that_is_missing_is_named(site: Site, box: Box, bucket: FakeStore, which: int) -> None:
    key = (site.first, objects.manifest_key(site.first))[which]
    del bucket.objects[key]
    done = bring_back(site, box, bucket)
    assert done.recordings == len(CALLS) - 1
    (problem,) = done.problems
    assert objects.manifest_key(site.first) in problem


def test_recordings_whose_manifests_changed_places_are_refused(site: Site, box: Box, bucket: FakeStore) -> None:
    one, other = (key for key in site.keys[:2])
    a, b = objects.manifest_key(one), objects.manifest_key(other)
    bucket.objects[a], bucket.objects[b] = bucket.objects[b], bucket.objects[a]
    done = bring_back(site, box, bucket)
    assert done.recordings == len(CALLS) - 2
    assert len(done.problems) == 2


def test_who_signed_is_told_so_that_a_person_can_compare(site: Site, box: Box, bucket: FakeStore) -> None:
    own = keys.signing_public(site.box.folders.keys)
    assert bring_back(site, box, bucket).public_keys == {own}
    bucket.objects[objects.manifest_key(site.first)] = site.forged(site.facts(site.first))
    assert len(bring_back(site, box, bucket).public_keys) == 2


def set_in(part: str, **values: Any) -> Callable[[Facts], None]:
    return lambda facts: (facts if not part else facts[part]).update(values)


def file_of(facts: Facts, folder: str) -> None:
    facts["recording"]["file"] = folder + facts["recording"]["file"].rpartition("/")[2]


HOSTILE: dict[str, Callable[[Facts], None]] = {
    "a file above": lambda facts: file_of(facts, ROOM),
    "a file from the root": lambda facts: file_of(facts, "/2026/09/21/"),
    "a file in no day": lambda facts: file_of(facts, "keys/"),
    "a file beside": lambda facts: facts["recording"].update(file="2026/09/21/../../../keys/playback.key"),
    "a file with a zero byte": lambda facts: file_of(facts, "2026/09/\0/"),
    "a name with a slash": set_in("recording", recording="a/b"),
    "a name of a folder": set_in("recording", recording="..", file="2026/09/21/...flac.age"),
    "another format": set_in("recording", format="flac/../../x"),
    "no file": lambda facts: facts["recording"].pop("file"),
    "a file that is a number": set_in("recording", file=7),
    "a recording that is none": set_in("", recording="x"),
    "no recording": lambda facts: facts.pop("recording"),
    "no call": lambda facts: facts.pop("call"),
    "a call that is a list": set_in("", call=[1]),
    "more fields than there are": set_in("recording", more=1),
    "a sequence that is a list": set_in("", sequence=[1]),
    "a sequence beyond all numbers": set_in("", sequence=1 << 70),
    "a sequence in words": set_in("", sequence="one"),
    "no sequence": lambda facts: facts.pop("sequence"),
    "an epoch that is a dict": set_in("", epoch={}),
    "a beginning that is a dict": set_in("call", started_at={"at": 1}),
    "a caller that is a list": set_in("call", caller=["x"]),
    "an end in words": set_in("call", ended_at="late"),
    "seconds in words": set_in("recording", seconds="many"),
    "codecs that are a number": set_in("recording", codecs=1),
    "a quality that is a list": set_in("recording", quality=[]),
    "the hash of something else": set_in("recording", sealed_sha256="00" * 32),
}


@pytest.mark.parametrize("harm", HOSTILE.values(), ids=HOSTILE)
def test_a_hostile_manifest_is_a_named_problem_and_no_more(
    site: Site, box: Box, bucket: FakeStore, tmp_path: Path, harm: Callable[[Facts], None]
) -> None:
    facts = site.facts(site.first)
    harm(facts)
    bucket.objects[objects.manifest_key(site.first)] = site.forged(facts)
    done = bring_back(site, box, bucket)
    assert done.recordings == len(CALLS) - 1, "the honest ones come back"
    (problem,) = done.problems
    assert objects.manifest_key(site.first).removesuffix(objects.MANIFEST) in problem
    assert len(files(box.folders.recordings)) == 2 * (len(CALLS) - 1)
    outside = files(tmp_path) - {f"var/recordings/{file}" for file in files(box.folders.recordings)}
    assert {Path(path).name.partition("-")[0] for path in outside} <= {"ledger.db", "ledger.db.lock"}


def test_a_file_with_a_path_of_its_own_is_not_written_there(site: Site, box: Box, bucket: FakeStore, tmp_path: Path) -> None:
    facts = site.facts(site.first)
    file_of(facts, f"{tmp_path}/target/")
    bucket.objects[objects.manifest_key(site.first)] = site.forged(facts)
    assert len(bring_back(site, box, bucket).problems) == 1
    assert not (tmp_path / "target").exists()


@pytest.mark.parametrize(
    "document",
    [
        b"", b"{}", b"[]", b"null", b"7", b'{"facts": 1, "chain": "", "signature": "", "public_key": ""}',
        b'{"facts": {"a": NaN}, "chain": "", "signature": "", "public_key": ""}', b"[" * 200_000, b"\xff\xfe",
        b'{"facts": {"a": ' + b"9" * 5000 + b'}, "chain": "", "signature": "", "public_key": ""}',
    ],
    ids=["nothing", "no facts", "a list", "null", "a number", "facts that are none", "not a number", "deep", "no text", "many digits"],
)  # fmt: skip
def test_a_manifest_that_is_none_is_a_named_problem(site: Site, box: Box, bucket: FakeStore, document: bytes) -> None:
    key = objects.manifest_key(site.first)
    bucket.objects[key] = site.sealed(document)
    done = bring_back(site, box, bucket)
    assert done.recordings == len(CALLS) - 1
    (problem,) = done.problems
    assert problem.startswith(f"{key}: is no manifest")


def test_a_manifest_without_end_is_not_read_to_its_end(site: Site, box: Box, bucket: FakeStore) -> None:
    key = objects.manifest_key(site.first)
    bucket.objects[key] = bytes(MAX_MANIFEST + 2)
    (problem,) = bring_back(site, box, bucket).problems
    assert problem == f"{key}: is larger than a manifest can be"


LEAF = st.one_of(st.none(), st.booleans(), st.integers(), st.floats(allow_nan=False, allow_infinity=False), st.text(max_size=5))
JSON = st.recursive(LEAF, lambda inner: st.lists(inner, max_size=2) | st.dictionaries(st.text(max_size=3), inner, max_size=2))


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_any_value_anywhere_in_a_manifest_is_taken_or_named(
    site: Site, tmp_path_factory: pytest.TempPathFactory, data: st.DataObject
) -> None:
    facts = site.facts(site.first)
    place = facts[data.draw(st.sampled_from(["call", "recording"]))] if data.draw(st.booleans()) else facts
    place[data.draw(st.sampled_from(sorted(place)))] = data.draw(JSON)
    bucket = site.bucket()
    bucket.objects[objects.manifest_key(site.first)] = site.forged(facts)
    box = Box.at(tmp_path_factory.mktemp("any") / "var")
    done = bring_back(site, box, bucket)
    assert done.recordings + len(done.problems) == len(CALLS)
    assert done.recordings >= len(CALLS) - 1


def test_a_box_with_recordings_of_its_own_keeps_them(site: Site, tmp_path: Path, bucket: FakeStore) -> None:
    box = recorded(tmp_path / "own", MadeCall(number=9, talk=0.2))
    (own,) = all_recordings(box)
    done = bring_back(site, box, bucket)
    assert len(done.problems) == 1
    assert "restore onto an empty folder" in done.problems[0]
    assert own.facts in [recording.facts for recording in all_recordings(box)]


def test_what_could_not_be_fetched_comes_the_next_time(site: Site, box: Box, bucket: FakeStore) -> None:
    bucket.on("read", Trouble.LATER, times=2)
    done = bring_back(site, box, bucket)
    assert len(done.problems) == 2
    again = bring_back(site, box, bucket)
    assert (again.recordings, again.present, again.problems) == (2, 1, [])


def test_a_fetch_that_breaks_off_leaves_no_half_file(site: Site, box: Box, bucket: FakeStore) -> None:
    bucket.on("read", None, times=len(CALLS))  # the manifests
    bucket.on("read", Trouble.ANSWER_LOST)
    done = bring_back(site, box, bucket)
    assert (done.recordings, len(done.problems)) == (len(CALLS) - 1, 1)
    assert len(files(box.folders.recordings)) == 2 * (len(CALLS) - 1)


def test_the_outcome_as_json_has_its_keys(site: Site, box: Box, bucket: FakeStore) -> None:
    told = json.loads(as_json(bring_back(site, box, bucket)))
    assert told == {
        "recordings": 3,
        "present": 0,
        "erased": 0,
        "problems": [],
        "public_keys": [keys.signing_public(site.box.folders.keys)],
    }


@pytest.fixture(autouse=True)
def nothing_elsewhere(tmp_path: Path) -> Iterator[None]:
    """No test here ever writes outside its own folder."""
    yield
    assert not (tmp_path.parent / "elsewhere").exists()
