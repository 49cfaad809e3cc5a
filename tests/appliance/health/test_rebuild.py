"""F4: a ledger that is lost, cut or scribbled over comes back from itself, the folders and the store, and nothing of it is deleted."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator

import pytest

from appliance import checkpoints, keys
from appliance.cli import main
from appliance.doorbell import Doorbell
from appliance.health.rebuild import Rebuilt, rebuild
from appliance.keys import Identity
from appliance.ledger import Ledger
from appliance.library.verification import verify_all, verify_checkpoints
from appliance.lookup import recordings
from appliance.records import Listened, encode
from appliance.sealed import seal
from tests.appliance.furnished import Furnished


@pytest.fixture
def stored(own: Furnished) -> Iterator[Furnished]:
    """A box whose recordings are stored, with a checkpoint and an entry in the register."""
    with own.ledger() as ledger:
        checkpoints.sign(own.box, ledger, keys.signing_key(own.box.folders.keys), own.now)
        ledger.append(Listened(at=own.now, recording=own.recording("inbound").facts.recording, who="sato", where="console"))
    assert main(["uploader", "run", "--once", "--data", str(own.box.folders.data)]) == 0
    yield own


def bring_back(at: Furnished) -> Rebuilt:
    return rebuild(at.box, keys.identities_in(at.box.folders.keys), at.clock())


def lose(at: Furnished) -> None:
    for path in at.box.folders.data.glob("ledger.db*"):
        path.unlink()


def facts_of(at: Furnished) -> list[str]:
    with at.ledger() as ledger:
        return [encode(one.facts) for one in recordings(ledger.connection)]


def holds(at: Furnished) -> bool:
    folders = at.box.folders
    with at.ledger() as ledger:
        public = keys.signing_public(folders.keys)
        verdicts = list(verify_all(folders, ledger, public, keys.identities_in(folders.keys)))
        return not any(verdict.problems for verdict in verdicts) and verify_checkpoints(at.box, ledger, public) == []


def test_a_lost_ledger_comes_back_from_the_folders(stored: Furnished) -> None:
    before = facts_of(stored)
    lose(stored)
    shutil.rmtree(stored.box.folders.store)
    done = bring_back(stored)
    assert (done.recordings, done.problems) == (4, [])
    assert facts_of(stored) == before and holds(stored)
    with stored.ledger() as ledger:
        assert ledger.connection.execute("SELECT count(*) FROM job WHERE kind = 'upload' AND state = 'ready'").fetchone()[0] == 4


def test_a_lost_ledger_and_lost_folders_come_back_from_the_store(stored: Furnished) -> None:
    before = facts_of(stored)
    lose(stored)
    shutil.rmtree(stored.box.folders.recordings)
    shutil.rmtree(stored.box.folders.checkpoints)
    done = bring_back(stored)
    assert (done.recordings, done.stored, done.problems) == (0, 4, [])
    assert facts_of(stored) == before and holds(stored)


def test_an_end_that_the_store_has_lost_is_noticed_by_the_checkpoint_that_it_kept(stored: Furnished) -> None:
    last = stored.recording("outbound").facts.recording
    lose(stored)
    for path in [*stored.box.folders.store.rglob(f"{last}*"), *stored.box.folders.recordings.rglob(f"{last}*")]:
        path.unlink()
    done = bring_back(stored)
    assert any("counts 4 recordings, 3 are here: the end of the chain was cut off" in problem for problem in done.problems)


@pytest.mark.parametrize("damage", ["no database", "cut", "scribbled"])
def test_a_damaged_ledger_is_moved_aside_and_what_can_be_read_of_it_is(stored: Furnished, damage: str) -> None:
    before = facts_of(stored)
    path = stored.box.folders.ledger
    with stored.ledger() as ledger:
        ledger.forget()
    whole = path.read_bytes()
    if damage == "no database":
        path.write_bytes(b"this is no database at all" * 100)
    elif damage == "cut":
        path.write_bytes(whole[: len(whole) // 2])
    else:
        path.write_bytes(whole[:8192] + bytes(4096) + whole[12288:])
    damaged = path.read_bytes()
    done = bring_back(stored)
    assert (path.parent / done.aside.rpartition("/")[2]).read_bytes()[: len(damaged)] == damaged
    assert facts_of(stored) == before and holds(stored)


def test_a_whole_ledger_is_left_as_it_is_and_what_it_lacks_is_added(stored: Furnished) -> None:
    with stored.ledger() as ledger:
        calls = ledger.connection.execute("SELECT count(*) FROM record WHERE kind = 'Listened'").fetchone()[0]
    done = bring_back(stored)
    assert (done.aside, done.recordings, done.present, done.problems) == ("", 0, 4, [])
    with stored.ledger() as ledger:
        assert ledger.connection.execute("SELECT count(*) FROM record WHERE kind = 'Listened'").fetchone()[0] == calls == 1


def test_what_does_not_hold_is_named_kept_and_not_taken_in(stored: Furnished) -> None:
    lose(stored)
    shutil.rmtree(stored.box.folders.store)
    below = stored.box.folders.recordings
    manifests = sorted(below.rglob("*.json.age"))
    manifests[0].write_bytes(manifests[0].read_bytes()[:-9])
    manifests[1].write_bytes(seal(b"{}", [Identity.new("stranger").recipient]))
    sound = manifests[2].with_name(manifests[2].name.replace("json", "flac"))
    sound.write_bytes(sound.read_bytes()[:1000])
    alone = manifests[3].with_name("bbbbbbbbbbbbbbbb.flac.age")
    alone.write_bytes(b"x")
    done = bring_back(stored)
    assert done.recordings == 1
    told = "\n".join(done.problems)
    for path in (*manifests[:3], alone):
        assert path.name in told and path.exists()


def test_the_manifest_of_another_box_is_not_taken_in(stored: Furnished) -> None:
    lose(stored)
    shutil.rmtree(stored.box.folders.store)
    (stored.box.folders.keys / "box.pub").write_text("00" * 32 + "\n")
    done = bring_back(stored)
    assert done.recordings == 0 and len([one for one in done.problems if "signature does not hold" in one]) == 5


def test_the_command_says_what_came_of_it(stored: Furnished, capsys: pytest.CaptureFixture[str]) -> None:
    lose(stored)
    capsys.readouterr()
    words = ["doctor", "--rebuild", "--json", "--data", str(stored.box.folders.data)]
    assert main(words) == 0
    assert json.loads(capsys.readouterr().out)["recordings"] == 4
    bell = Doorbell(stored.box.folders.run, "render")
    assert main(words) == 4 and "render is running; stop the services first" in capsys.readouterr().err
    bell.close()
    for path in stored.box.folders.keys.glob("*.key"):
        path.unlink()
    assert main(words) == 2 and "holds no key" in capsys.readouterr().err
    with Ledger.open(stored.box.folders.ledger) as ledger:
        assert ledger.last_row()
