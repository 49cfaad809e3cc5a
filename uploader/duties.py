"""What the janitor asks of the uploader, because it alone leaves the box: the daily canary, the daily sample, the monthly drill,
the hourly sign of life; and the nightly backup, which root makes.

Each is a job in the durable queue, done between two deliveries; what comes of it is a record, which the health page reads.
"""

from __future__ import annotations

import hashlib
import logging
import tempfile
from collections.abc import Callable, Iterable
from pathlib import Path

from appliance import jobs, keys
from appliance.box import Box
from appliance.clock import Clock
from appliance.errors import CouldNotError
from appliance.ledger import Ledger
from appliance.moments import SECOND
from appliance.notices import HEARTBEAT
from appliance.records import Record
from uploader import backups, canary, drill, objects
from uploader.delivery import Parcel
from uploader.store import Store, StoreAgainError, StoreError, close, open_store

LEASE = 3600 * SECOND
SAMPLE = 3
"""Recordings that are read back in full every day."""

log = logging.getLogger(__name__)


class Duties:
    """Does these jobs of one box. `plain` opens the store without wrappers: the canary tries what they do not pass on."""

    def __init__(
        self,
        box: Box,
        ledger: Ledger,
        clock: Clock,
        opener: Callable[[Box], Store] = open_store,
        plain: Callable[[Box], Store] = open_store,
    ) -> None:
        self._box, self._ledger, self._clock = box, ledger, clock
        self._openers = {backups.JOB: opener, HEARTBEAT: opener, "canary": plain, "sample": opener, "drill": opener}
        self._jobs = jobs.Jobs(ledger, jobs.holder("uploader"))

    def one(self) -> bool:
        """Do one of them if it is due; returns whether there was one."""
        for duty, opener in self._openers.items():
            job = self._jobs.claim(duty, self._clock.now(), LEASE, newest=duty == HEARTBEAT)
            if job is not None:
                self._do(job, opener)
                return True
        return False

    def _do(self, job: jobs.Job, opener: Callable[[Box], Store]) -> None:
        store: Store | None = None
        try:
            store = opener(self._box)
            records = list(self._records(job, store))
        except StoreAgainError as error:
            self._jobs.retry(job, self._clock.now(), str(error))
        except (StoreError, CouldNotError) as error:
            log.warning("%s: %s", job.kind, error)
            self._jobs.retry(job, self._clock.now(), str(error))
        else:
            self._jobs.finish(job, self._clock.now(), records)
        finally:
            close(store)

    def _records(self, job: jobs.Job, store: Store) -> Iterable[Record]:
        duty = job.kind
        if duty == backups.JOB:
            yield backups.bring(self._box, store, job, self._clock.now())
        elif duty == HEARTBEAT:
            self._leave_heartbeat(job, store)
        elif duty == "canary":
            yield canary.record_of(self._box, self._clock, canary.probe(store, self._box, self._clock))
        elif canary.nothing_to_read(self._ledger, self._box.config.store.kind):
            log.info("%s: left to whoever may read the store; this box's credential may not", duty)
        elif duty == "sample":
            for recording in drill.chosen(self._ledger, SAMPLE):
                yield drill.sample(store, recording, self._clock)
        else:
            yield drill.drill(self._box, self._ledger, store, self._identities(), self._clock)

    def _leave_heartbeat(self, job: jobs.Job, store: Store) -> None:
        """Put the sign of life into the store; older ones that never left are of no more use once this one is there."""
        site, document = self._box.config.site, str(job.body["document"]).encode("ascii")
        digest = hashlib.sha256(document).hexdigest()
        key = objects.heartbeat_key(site.contract, site.epoch, int(job.body["at"]), digest)
        with tempfile.TemporaryDirectory(dir=self._box.folders.data) as folder:
            path = Path(folder) / "heartbeat.json"
            path.write_bytes(document)
            if store.look(key) is None:
                store.put(key, Parcel(key, path, digest).source)
        with self._ledger.transaction() as connection:
            connection.execute(
                "UPDATE job SET state = 'done', finished_at = ? WHERE kind = ? AND state = 'ready' AND created_at < ?",
                (self._clock.now(), HEARTBEAT, int(job.body["at"])),
            )

    def _identities(self) -> list[keys.Identity]:
        """The keys at hand; on a box the service may not even look into their folder."""
        try:
            return keys.identities_in(self._box.folders.keys)
        except (CouldNotError, OSError):
            return []
