"""The durable queue: every job is done once, whoever dies at it, and none is ever dropped."""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from appliance import jobs
from appliance.box import Box
from appliance.jobs import Job, Jobs, NewJob
from appliance.ledger import Ledger, LedgerError, append
from appliance.moments import SECOND
from appliance.records import UploadParked
from tests.fakes import facts
from tests.fakes.processes import at_once, killed_before

NOW = 1_000 * SECOND
LEASE = 60 * SECOND
CAP = round(jobs.RETRY_CAP_S * SECOND)
PARKED = UploadParked(at=NOW, recording=facts.RECORDING, store="s3", reason="refused", attempts=5)

DIE_INSIDE = """
import sys, time
from pathlib import Path
from appliance import jobs
from appliance.ledger import Ledger, append
from tests.fakes import facts
with Ledger.open(Path(sys.argv[1])) as ledger:
    queue = jobs.Jobs(ledger, jobs.holder("render"))
    job = queue.claim("render", int(sys.argv[2]), 10**12)
    with ledger.transaction() as connection:
        jobs.finish(connection, job, 5)
        append(connection, [facts.ready()])
        print("inside", flush=True)
        time.sleep(600)
"""
HOLD = """
import sys, time
from pathlib import Path
from appliance import jobs
from appliance.ledger import Ledger
with Ledger.open(Path(sys.argv[1])) as ledger:
    assert jobs.Jobs(ledger, jobs.holder("render")).claim("render", int(sys.argv[2]), 10**15)
    print("held", flush=True)
    time.sleep(600)
"""


def new(subject: str = "s", **body: object) -> NewJob:
    return NewJob(kind="render", subject=subject, body=body)


def state(ledger: Ledger, subject: str = "s") -> tuple[str, int, int, str]:
    row = ledger.connection.execute(
        "SELECT state, attempts, not_before, last_error FROM job WHERE subject = ?", (subject,)
    ).fetchone()
    return row["state"], row["attempts"], row["not_before"], row["last_error"]


def claimed(queue: Jobs, now: int = NOW) -> Job:
    job = queue.claim("render", now, LEASE)
    assert job is not None
    return job


def running(script: str, ledger: Path) -> subprocess.Popen[str]:
    """The script in a process of its own, come to where it prints a line."""
    command = [sys.executable, "-c", script, str(ledger), str(NOW)]
    root = Path(__file__).resolve().parents[2]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True, cwd=root)
    assert process.stdout is not None
    assert process.stdout.readline()
    return process


def kill(process: subprocess.Popen[str]) -> None:
    process.kill()
    process.communicate()
    assert process.returncode == -signal.SIGKILL


@pytest.fixture
def queue(ledger: Ledger) -> Jobs:
    """The queue as worker `one` sees it."""
    return Jobs(ledger, "one:1:1", random.Random(7))


@pytest.fixture
def other(ledger: Ledger) -> Jobs:
    """The queue as worker `two` sees it."""
    return Jobs(ledger, "two:2:2", random.Random(8))


def test_a_job_is_handed_out_with_its_body(queue: Jobs) -> None:
    queue.add(NOW, new("東京", file="spool/x", parts=[1, 2]))
    assert claimed(queue) == Job(
        id="render:東京", kind="render", subject="東京", body={"file": "spool/x", "parts": [1, 2]}, attempts=1,
        leased_until=NOW + LEASE, holder="one:1:1",
    )  # fmt: skip


def test_an_empty_queue_hands_out_nothing(queue: Jobs) -> None:
    assert queue.claim("render", NOW, LEASE) is None
    assert queue.counts("render") == {}


def test_the_oldest_comes_first(queue: Jobs) -> None:
    queue.add(NOW - 1, new("b"), new("a"))
    queue.add(NOW - 2, new("c"))
    assert [claimed(queue).subject for _ in range(3)] == ["c", "b", "a"]
    assert queue.claim("render", NOW, LEASE) is None


def test_a_job_is_not_handed_out_before_its_time(queue: Jobs) -> None:
    queue.add(NOW, NewJob(kind="render", subject="s", body={}, not_before=NOW + 5))
    assert queue.claim("render", NOW + 4, LEASE) is None
    assert claimed(queue, NOW + 5).subject == "s"


def test_kinds_and_subjects_are_kept_apart(queue: Jobs) -> None:
    queue.add(NOW, new("a"), new("b"), NewJob(kind="upload", subject="a", body={}))
    job = queue.claim("render", NOW, LEASE, ["b", "z"])
    assert job is not None
    assert job.subject == "b"
    assert queue.claim("render", NOW, LEASE, ["b"]) is None
    assert (queue.counts("render"), queue.counts("upload")) == ({"leased": 1, "ready": 1}, {"ready": 1})


def test_the_same_work_is_queued_once(queue: Jobs, ledger: Ledger) -> None:
    queue.add(NOW, new(first=True))
    queue.add(NOW + 1, new(first=False), new(first=False))
    job = claimed(queue)
    assert job.body == {"first": True}
    queue.add(NOW, new())
    assert queue.counts("render") == {"leased": 1}
    queue.finish(job, NOW)
    queue.add(NOW, new())
    assert state(ledger)[0] == "done"


def test_a_claimed_job_is_nobody_elses_until_the_lease_is_over(queue: Jobs, other: Jobs) -> None:
    queue.add(NOW, new())
    claimed(queue)
    assert other.claim("render", NOW + LEASE - 1, LEASE) is None
    taken = claimed(other, NOW + LEASE)
    assert (taken.attempts, taken.holder) == (2, "two:2:2")
    assert queue.claim("render", NOW + LEASE, LEASE) is None


def test_a_lease_can_be_extended_in_time(queue: Jobs, other: Jobs) -> None:
    queue.add(NOW, new())
    job = claimed(queue)
    assert queue.extend(job, NOW + 10 * LEASE)
    assert other.claim("render", NOW + 10 * LEASE - 1, LEASE) is None


def test_an_expired_lease_that_nobody_took_can_still_be_extended(queue: Jobs, other: Jobs) -> None:
    queue.add(NOW, new())
    job = claimed(queue)
    assert queue.extend(job, NOW + 3 * LEASE)
    assert other.claim("render", NOW + 2 * LEASE, LEASE) is None


def test_whoever_lost_the_job_is_told_to_stop(queue: Jobs, other: Jobs) -> None:
    queue.add(NOW, new())
    lost = claimed(queue)
    taken = claimed(other, NOW + LEASE)
    assert not queue.extend(lost, NOW + 99 * LEASE)
    assert other.extend(taken, NOW + 3 * LEASE)
    assert queue.claim("render", NOW + 2 * LEASE, LEASE) is None


def test_whoever_lost_the_job_can_neither_retry_nor_park_it(queue: Jobs, other: Jobs, ledger: Ledger) -> None:
    queue.add(NOW, new())
    lost = claimed(queue)
    taken = claimed(other, NOW + LEASE)
    queue.retry(lost, NOW, "late")
    queue.park(lost, NOW, "late", [PARKED])
    assert (state(ledger), ledger.since(0)) == (("leased", 2, 0, ""), [])
    other.finish(taken, NOW)
    queue.retry(lost, NOW, "later still")
    assert state(ledger)[0] == "done"


def test_a_finished_job_cannot_be_extended_or_claimed(queue: Jobs) -> None:
    queue.add(NOW, new())
    job = claimed(queue)
    queue.finish(job, NOW)
    assert not queue.extend(job, NOW + LEASE)
    assert queue.claim("render", NOW + 99 * LEASE, LEASE) is None


def test_two_that_finish_the_same_job_write_its_facts_once(queue: Jobs, other: Jobs, ledger: Ledger) -> None:
    queue.add(NOW, new())
    first, second = claimed(queue), claimed(other, NOW + LEASE)
    other.finish(second, NOW, [facts.ready()], [NewJob(kind="upload", subject="r", body={})])
    queue.finish(first, NOW, [facts.ready()], [NewJob(kind="upload", subject="r", body={})])
    assert len(ledger.since(0)) == 1
    assert queue.counts("upload") == {"ready": 1}


def test_a_job_ends_and_its_records_and_the_next_jobs_begin_together(queue: Jobs, ledger: Ledger) -> None:
    ledger.append(facts.ready(recording="earlier", call="earlier"))
    queue.add(NOW, new())
    job = claimed(queue)
    with pytest.raises(LedgerError):  # the sequence number is taken
        queue.finish(job, NOW, [facts.ringing(), facts.ready()], [NewJob(kind="upload", subject="r", body={})])
    assert state(ledger)[0] == "leased"
    assert (len(ledger.since(0)), queue.counts("upload")) == (1, {})
    queue.finish(job, NOW, [facts.ringing(), facts.ready(sequence=2)], [NewJob(kind="upload", subject="r", body={})])
    assert state(ledger)[0] == "done"
    assert (len(ledger.since(0)), queue.counts("upload")) == (3, {"ready": 1})


def test_a_worker_killed_inside_the_transaction_leaves_neither_end_nor_record(box: Box) -> None:
    with Ledger.open(box.folders.ledger) as ledger:
        Jobs(ledger, "setup:1:1").add(NOW, new())
    kill(running(DIE_INSIDE, box.folders.ledger))
    with Ledger.open(box.folders.ledger) as ledger:
        assert (state(ledger)[0], ledger.since(0)) == ("leased", [])
        queue = Jobs(ledger, jobs.holder("render"))
        assert queue.release_dead("render") == 1
        queue.finish(claimed(queue), NOW, [facts.ready()])
        assert (state(ledger)[:2], len(ledger.since(0))) == (("done", 2), 1)


def test_a_worker_killed_at_any_statement_leaves_the_job_done_with_its_record_or_neither(tmp_path: Path) -> None:
    outcomes = set()
    for statement in range(60):
        path = tmp_path / str(statement) / "ledger.db"
        with Ledger.open(path) as ledger:
            Jobs(ledger, "setup:1:1").add(NOW, new())

        def work(path: Path = path) -> None:
            with Ledger.open(path) as ledger:
                queue = Jobs(ledger, jobs.holder("render"))
                queue.finish(claimed(queue), NOW, [facts.ready()], [NewJob(kind="upload", subject="r", body={})])

        killed = killed_before(statement, work)
        with Ledger.open(path) as ledger:
            queue = Jobs(ledger, jobs.holder("render"))
            outcomes.add((state(ledger)[0], len(ledger.since(0)), sum(queue.counts("upload").values())))
            queue.release_dead("render")
            while job := queue.claim("render", NOW, LEASE):
                queue.finish(job, NOW, [facts.ready()], [NewJob(kind="upload", subject="r", body={})])
            assert (state(ledger)[0], len(ledger.since(0)), queue.counts("upload")) == ("done", 1, {"ready": 1})
        if not killed:
            break
    assert outcomes == {("ready", 0, 0), ("leased", 0, 0), ("done", 1, 1)}


def test_a_dead_workers_jobs_are_due_at_once_and_a_living_ones_are_not(box: Box, ledger: Ledger) -> None:
    queue = Jobs(ledger, jobs.holder("render"))
    queue.add(NOW, new("first"), new("second"))
    doomed, living = running(HOLD, box.folders.ledger), running(HOLD, box.folders.ledger)
    kill(doomed)
    assert queue.claim("render", NOW, LEASE) is None
    assert queue.release_dead("render") == 1
    assert claimed(queue).subject == "first"
    assert queue.claim("render", NOW, LEASE) is None
    assert queue.release_dead("render") == 0
    kill(living)


def test_a_process_that_got_a_dead_ones_number_is_not_taken_for_it(ledger: Ledger) -> None:
    before_the_restart = Jobs(ledger, f"render:{os.getpid()}:1")
    before_the_restart.add(NOW, new())
    claimed(before_the_restart)
    queue = Jobs(ledger, jobs.holder("render"))
    assert queue.release_dead("render") == 1
    job = claimed(queue)
    assert queue.release_dead("render") == 0
    assert queue.extend(job, NOW + LEASE)


def test_a_release_touches_only_the_kind_it_names(ledger: Ledger) -> None:
    dead = Jobs(ledger, "upload:999999999:1")
    dead.add(NOW, NewJob(kind="upload", subject="s", body={}))
    assert dead.claim("upload", NOW, LEASE)
    assert Jobs(ledger, jobs.holder("render")).release_dead("render") == 0
    assert dead.claim("upload", NOW + 1, LEASE) is None


def test_a_holders_name_is_one_process_and_one_service() -> None:
    assert jobs.holder("render") == jobs.holder("render")
    assert jobs.holder("render") != jobs.holder("upload")
    reader, writer = os.pipe()
    at_once(1, lambda number: os.write(writer, jobs.holder("render").encode()))
    assert os.read(reader, 100).decode() != jobs.holder("render")
    os.close(reader)
    os.close(writer)


def test_processes_that_claim_at_once_do_each_job_exactly_once(box: Box) -> None:
    with Ledger.open(box.folders.ledger) as ledger:
        Jobs(ledger, "setup:1:1").add(NOW, *(new(f"call{number:012}") for number in range(200)))

    def work(number: int) -> None:
        with Ledger.open(box.folders.ledger) as ledger:
            queue = Jobs(ledger, jobs.holder(f"render{number}"))
            while job := queue.claim("render", NOW, LEASE):
                queue.finish(job, NOW, [facts.not_recorded(call=job.subject, detail=f"done by {number}")])

    at_once(4, work)
    with Ledger.open(box.folders.ledger) as ledger:
        rows = ledger.connection.execute("SELECT state, attempts, count(*) FROM job GROUP BY state, attempts").fetchall()
        assert [tuple(row) for row in rows] == [("done", 1, 200)]
        assert len(ledger.since(0)) == 200


@given(st.integers(0, 10**6), st.integers())
def test_the_wait_grows_with_the_tries_and_has_bounds(attempts: int, seed: int) -> None:
    wait = jobs.backoff(attempts, random.Random(seed))
    assert SECOND <= wait <= CAP
    assert wait <= max(2 * SECOND, jobs.RETRY_BASE_S * 2.0 ** min(attempts, 60) * SECOND)


def test_boxes_that_failed_together_do_not_come_back_together() -> None:
    waits = [jobs.backoff(6, random.Random(seed)) for seed in range(200)]
    assert len(set(waits)) == 200
    assert min(waits) < 30 * SECOND < 90 * SECOND < max(waits)


def test_a_job_that_failed_waits_and_says_why(queue: Jobs, ledger: Ledger) -> None:
    queue.add(NOW, new())
    queue.retry(claimed(queue), NOW, "refused")
    kind, attempts, due, error = state(ledger)
    assert (kind, attempts, error) == ("ready", 1, "refused")
    assert NOW + SECOND <= due <= NOW + 4 * SECOND
    assert queue.claim("render", due - 1, LEASE) is None
    assert claimed(queue, due).attempts == 2


def test_the_server_may_say_how_long_to_wait(queue: Jobs, ledger: Ledger) -> None:
    queue.add(NOW, new())
    queue.retry(claimed(queue), NOW, "busy", wait=17 * SECOND)
    assert state(ledger)[2] == NOW + 17 * SECOND


def test_a_try_that_was_not_the_jobs_fault_does_not_count(queue: Jobs, ledger: Ledger) -> None:
    queue.add(NOW, new())
    for _ in range(3):
        queue.retry(claimed(queue), NOW, "disk full", wait=0, forgive=True)
    assert state(ledger)[1] == 0
    assert claimed(queue).attempts == 1


def test_a_parked_job_is_kept_until_a_person_lets_it_try_again(queue: Jobs, ledger: Ledger) -> None:
    queue.add(NOW, new(keep="me"))
    for _ in range(3):
        queue.retry(claimed(queue), NOW, "no", wait=0)
    queue.park(claimed(queue), NOW, "bucket gone", [PARKED])
    assert [row.record for row in ledger.since(0)] == [PARKED]
    assert state(ledger) == ("parked", 4, NOW, "bucket gone")
    assert queue.claim("render", NOW + 10**18, LEASE) is None
    queue.hurry("render", NOW)
    queue.add(NOW, new())
    assert queue.counts("render") == {"parked": 1}
    assert queue.unpark("render", NOW) == 1
    job = claimed(queue)
    assert (job.attempts, job.body) == (1, {"keep": "me"})
    assert queue.unpark("render", NOW) == 0


def test_a_job_is_parked_with_its_record_or_not_at_all(queue: Jobs, ledger: Ledger) -> None:
    ledger.append(facts.ready(recording="earlier", call="earlier"))
    queue.add(NOW, new())
    with pytest.raises(LedgerError):
        queue.park(claimed(queue), NOW, "no", [facts.ready()])
    assert state(ledger)[0] == "leased"


def test_what_waits_can_be_hurried(queue: Jobs) -> None:
    queue.add(NOW, new(), NewJob(kind="upload", subject="s", body={}, not_before=NOW + LEASE))
    queue.retry(claimed(queue), NOW, "no", wait=LEASE)
    queue.hurry("render", NOW)
    assert claimed(queue).attempts == 2
    assert queue.claim("upload", NOW, LEASE) is None


def test_work_queued_inside_a_transaction_goes_with_it(ledger: Ledger, queue: Jobs) -> None:
    class OddError(Exception):
        pass

    with pytest.raises(OddError), ledger.transaction() as connection:
        jobs.enqueue(connection, [new()], NOW)
        append(connection, [facts.ringing()])
        raise OddError
    assert queue.counts("render") == {}
