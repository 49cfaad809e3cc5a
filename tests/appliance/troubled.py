"""A box on which everything is wrong that a health check knows of, short of a full disk."""

from __future__ import annotations

from dataclasses import replace

from appliance import hardware, ids
from appliance.box import Box
from appliance.health.checks import Context
from appliance.keys import Identity, save_identity
from appliance.ledger import Ledger
from appliance.moments import SECOND
from appliance.records import CheckpointSigned, DrillDone, Heartbeat, PowerLost, StoreProbed, StoreSampled
from tests.appliance.furnished import Furnished
from tests.appliance.telephones import PHONE
from tests.fakes import facts

DAY = 24 * 3600 * SECOND
HOUR = 3600 * SECOND


def beat(service: str, at: int, state: str = "ok", **detail: object) -> Heartbeat:
    """What a service says of itself."""
    return Heartbeat(at=at, service=service, pid=1, state=state, detail={"megabytes": 20.5, **detail})


def job(ledger: Ledger, subject: str, kind: str, created_at: int, state: str = "ready", error: str = "") -> None:
    """A job that waits or needs a person."""
    ledger.connection.execute(
        "INSERT INTO job (id, kind, subject, body, state, not_before, last_error, created_at) VALUES (?,?,?,'{}',?,0,?,?)",
        (f"{kind}:{subject}", kind, subject, state, error, created_at),
    )


def anonymous(ledger: Ledger, count: int, at: int) -> None:
    """So many inbound calls that show no number."""
    calls = [ids.hash_id("withheld", place, at) for place in range(count)]
    ledger.append(*(facts.ringing(call=call, at=at, caller="", caller_e164=None, caller_reason="anonymous") for call in calls))
    ledger.append(*(facts.not_recorded(call=call, at=at) for call in calls))


def vouched(size: int, at: int) -> CheckpointSigned:
    """What a checkpoint over so many recordings says."""
    return CheckpointSigned(
        at=at, checkpoint=ids.hash_id("vouched", size), contract="local", serial="box", epoch=1, size=size, root="", head="",
        previous="", file="", chain="", signature="", public_key="",
    )  # fmt: skip


def ill(now: int) -> hardware.Hardware:
    """A machine on which nothing is well."""
    return hardware.Hardware(
        at=now - 4 * HOUR, synchronised=False, offset_s=9.0, temperatures={"cpu": 99.0, "disk": 92.0}, file_system_errors={"sda2": 3},
        disks=(
            hardware.Disk(name="sda", healthy=False, worn_percent=97),
            hardware.Disk(name="sdb", healthy=True, reallocated=4, pending=1),
        ),
    )  # fmt: skip


def poor_day(ledger: Ledger, now: int) -> None:
    """A day on which the mirror lost its way: half a talk each, packets lost, answered calls without their speech, a wrong clock."""
    for place in range(6):
        ledger.append(
            facts.ready(
                recording=f"poor{place}aaaaaaaaaa", call=ids.hash_id("poor", place), sequence=900 + place,
                started_at=now - HOUR if place else now + HOUR, seconds=60.0, one_sided=True, packets=3000, lost=300,
            )
        )  # fmt: skip
    for place, reason in enumerate(("no_media", "encrypted", "kernel_drop", "unknown_codec", "damaged")):
        call = ids.hash_id("unheard", place)
        ledger.append(
            facts.ringing(call=call, at=now - HOUR),
            facts.answered(call=call, at=now - HOUR),
            facts.ended(call=call, at=now - HOUR, started_at=now - HOUR, answered_at=now - HOUR),
            facts.not_recorded(call=call, at=now - HOUR, reason=reason),
        )


def trouble(at: Furnished) -> Furnished:
    """Bring all of it about, eight days later."""
    now = at.now + 8 * DAY
    with at.ledger() as ledger:
        for said in (
            beat("capture", now, interface="eth1", frames=0, dropped=17, last_frame_at=now - DAY),
            beat("render", now, "failing: the disk is full"),
            beat("uploader", now - 10 * HOUR),
            beat("janitor", now - DAY, "stopped"),
            beat(
                "ivr",
                now,
                canary="answered",
                canary_failed="no answer within 5 s",
                trunks={"ntt": {"registration": "Rejected", "contact": "Reachable"}},
            ),
        ):
            ledger.beat(said)
        job(ledger, "one", "render", now - 2 * HOUR)
        job(ledger, "two", "upload", now - 3 * HOUR, error="s3: no route to host")
        job(ledger, "three", "upload", now - 4 * HOUR, "parked", error="what the store gives back is not what was sent")
        unsettled = ids.hash_id("unsettled")
        ledger.append(facts.ringing(call=unsettled, at=now - 5 * HOUR), facts.ended(call=unsettled, at=now - 4 * HOUR))
        anonymous(ledger, 12, now - HOUR)
        ledger.append(vouched(99, now))
        poor_day(ledger, now)
        ledger.append(PowerLost(at=now - HOUR, serial="box", last_sign=now - 3 * HOUR, booted_at=now - HOUR))
        job(ledger, "mail/disk/1/opened", "notice", now - HOUR, error="mail.example: cannot be reached")
        ledger.connection.execute("""UPDATE job SET body = '{"channel": "mail"}' WHERE kind = 'notice'""")
        ledger.connection.execute("UPDATE recording SET stored_at = ?, bytes = 900000000 WHERE sequence = 900", (now,))
        kind = at.box.config.store.kind
        ledger.append(
            StoreProbed(
                at=now, store=kind, capabilities={"write": True}, problems=("deleting is not refused; take the right away",)
            ),
            StoreSampled(at=now, recording="recordingaaaaaaa", store=kind, problem="one came back wrong"),
            DrillDone(at=now - 50 * DAY, store=kind, depth="opened", recordings=1, problems=("one did not come back",)),
        )
        ledger.connection.execute("UPDATE call SET caller_reason = 'anonymous' WHERE id = ?", (unsettled,))
    hardware.write(at.box.folders, ill(now))
    (at.box.folders.keys / "web.crt").write_text("damaged")
    at.box.folders.quarantine.mkdir()
    (at.box.folders.quarantine / "aaaaaaaaaaaaaaaa.tar.age").write_bytes(b"sealed")
    save_identity(at.box.folders.keys / "customer.key", Identity.new("customer"), now)
    return replace(at, now=now)


def with_settings(box: Box, **health: int | str) -> Box:
    """The same box with other limits, and a small plan."""
    changed = {
        "health": box.config.health.model_copy(update=health),
        "store": box.config.store.model_copy(update={"plan_gigabytes": 1}),
        "phone": PHONE,
    }
    return replace(box, config=box.config.model_copy(update=changed))


def context(at: Furnished, ledger: Ledger, box: Box | None = None) -> Context:
    """What a check may look at."""
    return Context(box or at.box, ledger, at.now)
