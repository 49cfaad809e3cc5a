"""The janitor lets go what is settled and nothing else, writes the row before it removes, and tells each trouble once."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from appliance import shelf
from appliance.janitor.work import LOOK_S, Janitor, power_lost
from appliance.jobs import NewJob, enqueue
from appliance.ledger import Ledger
from appliance.moments import SECOND, from_iso, isoformat
from appliance.records import IssueClosed, IssueOpened, RecordingExpired, RecordingHeld
from tests.appliance.furnished import Furnished
from tests.appliance.troubled import beat
from tests.fakes import facts
from tests.fakes.clock import START, FakeClock

DAY_S = 24 * 3600


class House:
    """A box, its ledger, its clock and its janitor."""

    def __init__(self, at: Furnished, ledger: Ledger, local_days: int = 0) -> None:
        retention = at.box.config.retention.model_copy(update={"local_days": local_days})
        self.box = replace(at.box, config=at.box.config.model_copy(update={"retention": retention}))
        self.at, self.ledger, self.clock = at, ledger, at.clock()
        self.janitor = Janitor(self.box, ledger, self.clock)

    def spool(self, call: str, reel: str = "eth1") -> Path:
        """A call's folder on the spool, with something in it."""
        folder = self.box.folders.spool / reel / call
        folder.mkdir(parents=True)
        (folder / "signalling").write_bytes(b"x")
        return folder

    def files(self, sample: str) -> list[bool]:
        """Whether the sealed file and the manifest of a sample are there."""
        known = self.at.recording(sample).facts
        return [(self.box.folders.recordings / name).exists() for name in (known.file, known.manifest)]

    def store(self, *samples: str) -> None:
        """As the uploader does when a recording is stored."""
        self.ledger.append(*(facts.stored(recording=self.at.recording(name).facts.recording) for name in samples))

    def issues(self) -> list[tuple[str, str]]:
        """What was opened and closed, in order."""
        found = [row.record for row in self.ledger.since(0, (IssueOpened, IssueClosed))]
        return [(record.kind, record.subject) for record in found]


@pytest.fixture
def house(own: Furnished) -> Iterator[House]:
    with own.ledger() as ledger:
        yield House(own, ledger)


@pytest.fixture
def short(own: Furnished) -> Iterator[House]:
    """A box whose local copies go after a day."""
    with own.ledger() as ledger:
        yield House(own, ledger, local_days=1)


# The spool


def test_the_spool_of_settled_calls_goes_at_once(house: House) -> None:
    gone = [house.spool(house.at.calls[name]) for name in ("inbound", "missed", "counselling")]
    assert house.janitor.step() == LOOK_S
    assert not any(folder.exists() for folder in gone)
    assert house.janitor.let_go == 3


def test_the_spool_of_a_call_that_is_not_settled_stays(house: House) -> None:
    under_way, unsettled, unanswered = "a" * 16, "b" * 16, "c" * 16
    house.ledger.append(facts.ringing(call=under_way), facts.ringing(call=unsettled), facts.ended(call=unsettled))
    house.ledger.append(facts.ringing(call=unanswered), facts.not_recorded(call=unanswered))
    kept = [house.spool(call) for call in (under_way, unsettled, unanswered, "d" * 16)]
    house.janitor.step()
    assert all((folder / "signalling").exists() for folder in kept), "not ended, not rendered, not ended, never heard of"


def test_the_spool_of_a_recording_whose_file_is_missing_stays(house: House) -> None:
    house.at.sealed("inbound").unlink()
    kept = house.spool(house.at.calls["inbound"])
    house.janitor.step()
    assert kept.exists()


def test_the_spool_that_a_render_job_waits_for_stays_until_the_job_is_done(house: House) -> None:
    call = house.at.calls["missed"]
    kept = house.spool(call)
    with house.ledger.transaction() as connection:
        enqueue(connection, [NewJob(kind="render", subject=call, body={"reel": "eth1"})], house.at.now)
    house.janitor.step()
    assert kept.exists()
    house.ledger.connection.execute("UPDATE job SET state = 'done' WHERE subject = ?", (call,))
    house.janitor.step()
    assert not kept.exists()


def test_what_is_no_calls_folder_stays(house: House) -> None:
    reel = house.spool(house.at.calls["inbound"]).parent
    others = [reel / "lock", reel / "not-a-call" / "x", house.box.folders.spool / house.at.calls["inbound"]]
    for path in others:
        path.parent.mkdir(exist_ok=True)
        path.write_bytes(b"x")
    house.janitor.step()
    assert all(path.exists() for path in others) and reel.exists()


def test_a_link_out_of_the_spool_is_not_followed(house: House, tmp_path: Path) -> None:
    precious = tmp_path / "precious"
    precious.mkdir()
    (precious / "file").write_bytes(b"x")
    reel = house.spool(house.at.calls["inbound"]).parent
    (reel / house.at.calls["missed"]).symlink_to(precious)
    with pytest.raises(Exception, match="does not lie below"):
        house.janitor.step()
    assert (precious / "file").exists()


# Retention


def test_a_stored_copy_whose_time_is_over_goes_with_its_row(short: House) -> None:
    short.store("inbound", "outbound")
    short.clock.forward(2 * DAY_S)
    short.janitor.step()
    assert (short.files("inbound"), short.files("outbound")) == ([False, False], [False, False])
    assert (short.files("internal"), short.files("anonymous")) == ([True, True], [True, True]), "they are not stored"
    for sample in ("inbound", "outbound"):
        recording = short.at.recording(sample)
        assert recording.expired_at == short.clock.now()
        (row,) = [row.record for row in short.ledger.of(recording.facts.recording) if isinstance(row.record, RecordingExpired)]
        assert row.rule == "retention.local_days = 1"


def test_a_copy_within_its_days_stays(short: House) -> None:
    short.store("inbound")
    short.clock.forward(DAY_S - 3600)
    short.janitor.expire()
    assert short.files("inbound") == [True, True]


def test_a_copy_that_is_held_stays_until_it_is_released(short: House) -> None:
    short.store("inbound")
    recording = short.at.recording("inbound").facts.recording
    short.ledger.append(RecordingHeld(at=1, recording=recording, held=True, who="admin", why="a case"))
    short.clock.forward(999 * DAY_S)
    short.janitor.expire()
    assert short.files("inbound") == [True, True]
    short.ledger.append(RecordingHeld(at=2, recording=recording, held=False, who="admin", why="the case is closed"))
    short.janitor.expire()
    assert short.files("inbound") == [False, False]


def test_without_a_limit_every_copy_stays(house: House) -> None:
    house.store("inbound")
    house.clock.forward(9999 * DAY_S)
    house.janitor.step()
    assert house.files("inbound") == [True, True]


def test_the_row_is_there_before_anything_is_removed(short: House) -> None:
    short.store("inbound")
    short.clock.forward(2 * DAY_S)
    path = short.at.sealed("inbound")
    path.unlink()
    (path / "in the way").mkdir(parents=True)  # a folder cannot be unlinked
    with pytest.raises(OSError, match=path.name):
        short.janitor.expire()
    assert short.at.recording("inbound").expired_at == short.clock.now()


def test_a_death_between_row_and_removal_leaves_nothing_behind(short: House) -> None:
    short.store("inbound")
    short.clock.forward(2 * DAY_S)
    recording = short.at.recording("inbound").facts.recording
    short.ledger.append(RecordingExpired(at=short.clock.now(), recording=recording, rule="retention.local_days = 1"))
    assert short.files("inbound") == [True, True], "here it died"
    Janitor(short.box, short.ledger, short.clock).step()
    assert short.files("inbound") == [False, False]


def test_expiring_twice_is_once(short: House) -> None:
    short.store("inbound")
    short.clock.forward(2 * DAY_S)
    short.janitor.expire()
    row = short.ledger.last_row()
    short.clock.forward(3600)
    short.janitor.expire()
    assert short.ledger.last_row() == row


# Room


def test_a_disk_that_fills_is_given_room_by_stored_copies_alone(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    house.store("inbound", "outbound")
    limit = house.box.config.retention.keep_free_megabytes * 1_000_000
    monkeypatch.setattr(shelf, "free_bytes", lambda _: limit - 1)
    house.janitor.make_room()
    stored = {name: house.files(name) == [True, True] for name in ("inbound", "outbound")}
    assert sum(stored.values()) == 1, "one is enough"
    monkeypatch.setattr(shelf, "free_bytes", lambda _: 0)
    house.janitor.make_room()
    assert [house.files(name) for name in ("inbound", "outbound")] == [[False, False]] * 2
    assert [house.files(name) for name in ("internal", "anonymous")] == [[True, True]] * 2, "they are on this box alone"
    rows = [row.record for row in house.ledger.since(0, (RecordingExpired,))]
    assert {row.rule for row in rows if isinstance(row, RecordingExpired)} == {"retention.keep_free_megabytes = 2000"}


def test_with_room_enough_every_copy_stays(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    house.store("inbound")
    monkeypatch.setattr(shelf, "free_bytes", lambda _: 10**15)
    house.janitor.make_room()
    assert house.files("inbound") == [True, True]


# Health


def test_a_trouble_is_opened_once_and_closed_once(house: House) -> None:
    house.ledger.connection.execute("UPDATE job SET state = 'done'")
    house.janitor.check_health()
    house.janitor.check_health()
    assert house.issues() == [("IssueOpened", "keys")], "no recipient but the box itself"
    house.ledger.beat(beat("render", house.clock.now(), "failing: no space"))
    for _ in range(3):
        house.janitor.check_health()
    assert house.issues()[1:] == [("IssueOpened", "services")]
    house.ledger.beat(beat("render", house.clock.now()))
    for _ in range(3):
        house.janitor.check_health()
    assert house.issues()[2:] == [("IssueClosed", "services")]
    house.clock.forward(60)
    house.janitor.check_health()
    assert house.issues()[3:] == [("IssueOpened", "services")], "it is late now: a new trouble of the same check"


def test_an_issue_holds_the_worst_finding_with_its_mend(house: House) -> None:
    house.ledger.connection.execute("UPDATE job SET state = 'parked', last_error = 'the key is not ours'")
    house.janitor.check_health()
    found = house.ledger.latest(IssueOpened, "backlog")
    assert found is not None and isinstance(found.record, IssueOpened)
    assert found.record.severity == "error"
    assert "the key is not ours" in found.record.what and "appliance uploader run" in found.record.mend


def test_a_warning_that_becomes_an_error_is_opened_again(house: House) -> None:
    house.ledger.connection.execute("UPDATE job SET state = 'ready', created_at = 0")
    house.janitor.check_health()
    house.ledger.connection.execute("UPDATE job SET state = 'parked', last_error = 'the key is not ours'")
    house.clock.forward(30)
    house.janitor.check_health()
    assert [kind for kind, check in house.issues() if check == "backlog"] == ["IssueOpened", "IssueOpened"]
    house.ledger.connection.execute("UPDATE job SET state = 'ready', last_error = ''")
    house.clock.forward(30)
    house.janitor.check_health()
    assert len([1 for _, check in house.issues() if check == "backlog"]) == 2, "better is not over"


def test_an_issue_is_kept_in_both_languages(house: House) -> None:
    house.janitor.check_health()
    found = house.ledger.latest(IssueOpened, "keys")
    assert found is not None and isinstance(found.record, IssueOpened)
    assert found.record.what.startswith("Recordings are sealed") and found.record.what_ja.startswith("録音はこの装置の鍵だけで")


@pytest.mark.parametrize(
    ("last", "state", "lost"), [(START - SECOND, "ok", True), (START - SECOND, "stopped", False), (START, "ok", False)]
)
def test_a_janitor_that_fell_silent_before_the_machine_began_lost_its_power(
    ledger: Ledger, last: int, state: str, lost: bool
) -> None:
    ledger.beat(beat("janitor", last, state))
    ledger.beat(beat("web", START + SECOND))
    found = power_lost(ledger, "BOX-7", booted_at=START, now=START + SECOND)
    assert (found is not None) == lost
    if found is not None:
        ledger.append(found, replace(found, at=START + 9 * SECOND))
        assert len(ledger.of("BOX-7")) == 1, "told once, however often the janitor starts"


def test_a_box_that_never_ran_lost_nothing(ledger: Ledger) -> None:
    assert power_lost(ledger, "BOX-7", booted_at=START, now=START) is None


def test_a_notice_is_no_issue(house: House) -> None:
    house.ledger.beat(beat("render", house.clock.now(), "stopped"))
    house.janitor.check_health()
    assert ("IssueOpened", "services") not in house.issues()


def test_a_janitor_that_starts_anew_knows_what_is_open(house: House) -> None:
    house.janitor.check_health()
    before = house.issues()
    Janitor(house.box, house.ledger, FakeClock(house.clock.now() + SECOND)).check_health()
    assert house.issues() == before


def test_health_is_looked_at_every_half_minute(house: House) -> None:
    house.janitor.step()
    house.ledger.beat(beat("render", house.clock.now(), "failing"))
    house.clock.forward(25)
    house.janitor.step()
    assert ("IssueOpened", "services") not in house.issues()
    house.clock.forward(6)
    house.janitor.step()
    assert ("IssueOpened", "services") in house.issues()


# Leftovers and hours


def part(folder: Path, name: str, age_s: float, now: int) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / name
    path.write_bytes(b"half")
    os.utime(path, (now / SECOND - age_s,) * 2)
    return path


def test_half_written_files_go_after_a_day_and_whole_ones_never(house: House) -> None:
    folders, now = house.box.folders, house.clock.now()
    deep = folders.recordings / "2026" / "01" / "01"
    old = [part(folder, ".a.flac.age.77.part", DAY_S + 60, now) for folder in (deep, folders.quarantine, folders.store / "v1")]
    kept = [
        part(deep, ".b.flac.age.77.part", DAY_S - 60, now),
        part(deep, "c.flac.age", 99 * DAY_S, now),
        part(deep, "d.part", 99 * DAY_S, now),
        part(folders.spool / "eth1", ".e.part", 99 * DAY_S, now),
    ]
    house.janitor.remove_leftovers()
    assert not any(path.exists() for path in old)
    assert all(path.exists() for path in kept)


def test_retention_runs_at_its_minute_of_every_hour(short: House) -> None:
    short.clock.step((from_iso("2026-12-24T10:00:00+09:00") - short.clock.now()) / SECOND)
    short.janitor.step()
    short.store("inbound")
    short.clock.forward(6 * 60)
    short.janitor.step()
    assert short.files("inbound") == [True, True], isoformat(short.clock.now())
    short.clock.forward(2 * 60)
    short.janitor.step()
    assert short.files("inbound") == [False, False]


def test_a_box_without_anything_is_tidied_without_a_word(box_house: House) -> None:
    assert box_house.janitor.step() == LOOK_S
    assert [kind for kind, _ in box_house.issues()] == ["IssueOpened"]


@pytest.fixture
def box_house(own: Furnished) -> Iterator[House]:
    """A box whose folders are all gone but for the ledger."""
    for folder in (own.box.folders.recordings, own.box.folders.spool, own.box.folders.keys):
        shutil.rmtree(folder, ignore_errors=True)
    with own.ledger() as ledger:
        ledger.connection.executescript("DELETE FROM call; DELETE FROM recording; DELETE FROM job;")
        yield House(own, ledger)
