"""The box in figures, as Prometheus reads them (text format 0.0.4). Names are never changed; nothing personal is a label."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import NamedTuple

from appliance import __version__, hardware, shelf
from appliance.health import report
from appliance.health.checks import Context, Severity
from appliance.health.checks.capacity import stored_bytes
from appliance.health.checks.disk import hours_left
from appliance.moments import SECOND

CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"


class Metric(NamedTuple):
    """One name with its samples."""

    name: str
    kind: str
    help: str
    samples: Iterable[tuple[dict[str, str], float]]


def text(context: Context) -> str:
    """Everything."""
    lines: list[str] = []
    for metric in metrics(context):
        lines += [f"# HELP {metric.name} {metric.help}", f"# TYPE {metric.name} {metric.kind}"]
        lines += [f"{metric.name}{_labels(labels)} {value:.15g}" for labels, value in metric.samples]
    return "\n".join(lines) + "\n"


def metrics(context: Context) -> Iterator[Metric]:
    """Calls, recordings, jobs, services, issues, disk and machine."""
    read = context.ledger.connection.execute
    seen, recorded, unsettled = read(
        "SELECT count(*), count(recording), coalesce(sum(ended_at IS NOT NULL AND recording IS NULL AND not_recorded IS NULL), 0) "
        "FROM call WHERE main IS NULL"
    ).fetchone()
    yield Metric("appliance_info", "gauge", "Version of the program.", [({"version": __version__}, 1)])
    yield Metric("appliance_calls", "gauge", "Calls seen.", [({}, seen)])
    yield Metric("appliance_calls_recorded", "gauge", "Calls with a recording.", [({}, recorded)])
    yield Metric("appliance_calls_unsettled", "gauge", "Ended calls with neither recording nor reason.", [({}, unsettled)])
    reasons = read("SELECT not_recorded, count(*) FROM call WHERE not_recorded IS NOT NULL GROUP BY not_recorded").fetchall()
    yield Metric("appliance_calls_not_recorded", "gauge", "Calls without a recording, by reason.",
                 [({"reason": row[0]}, row[1]) for row in reasons])  # fmt: skip
    count, stored, size = read("SELECT count(*), count(stored_at), coalesce(sum(bytes), 0) FROM recording").fetchone()
    yield Metric("appliance_recordings", "gauge", "Recordings made.", [({}, count)])
    yield Metric("appliance_recordings_stored", "gauge", "Recordings stored and read back.", [({}, stored)])
    yield Metric("appliance_recordings_bytes", "gauge", "Sealed bytes of all recordings.", [({}, size)])
    yield Metric("appliance_store_bytes", "gauge", "Sealed bytes in the store.", [({}, stored_bytes(context))])
    yield Metric("appliance_store_plan_bytes", "gauge", "Bytes that the plan allows, 0 without a plan.",
                 [({}, context.box.config.store.plan_gigabytes * 10**9)])  # fmt: skip
    waiting = read("SELECT kind, state, count(*) FROM job WHERE state != 'done' GROUP BY kind, state").fetchall()
    yield Metric(
        "appliance_jobs", "gauge", "Jobs that are not done.", [({"kind": row[0], "state": row[1]}, row[2]) for row in waiting]
    )
    yield from _services(context)
    yield from _machine(context)


def _services(context: Context) -> Iterator[Metric]:
    beats = context.ledger.heartbeats()
    yield Metric("appliance_service_up", "gauge", "Whether the service last said that it works.",
                 [({"service": beat.service}, beat.state == "ok") for beat in beats])  # fmt: skip
    yield Metric("appliance_service_heartbeat_age_seconds", "gauge", "How long ago it said so.",
                 [({"service": beat.service}, (context.now - beat.at) / SECOND) for beat in beats])  # fmt: skip
    for name, key, told in (
        ("appliance_capture_frames", "frames", "Frames heard since the tap began."),
        ("appliance_capture_dropped", "dropped", "Frames the kernel dropped since the tap began."),
        ("appliance_capture_calls_open", "calls", "Calls under way."),
    ):
        samples: list[tuple[dict[str, str], float]] = [
            ({}, float(beat.detail[key])) for beat in beats if beat.service == "capture" and key in beat.detail
        ]
        yield Metric(name, "gauge", told, samples)


def _machine(context: Context) -> Iterator[Metric]:
    found = report.run(context)
    counts = {severity: sum(1 for item in found if item.finding.severity is severity) for severity in Severity}
    yield Metric("appliance_findings", "gauge", "What the health checks find, by severity.",
                 [({"severity": severity.value}, number) for severity, number in counts.items()])  # fmt: skip
    free = shelf.free_bytes(context.box.folders.data)
    yield Metric("appliance_disk_free_bytes", "gauge", "Free on the disk of the data folder.", [({}, free)])
    hours = hours_left(context, free)
    yield Metric("appliance_disk_hours_left", "gauge", "For how long that lasts at the last day's rate.",
                 [] if hours is None else [({}, hours)])  # fmt: skip
    facts = hardware.read(context.box.folders)
    degrees = facts.temperatures.items() if facts else []
    yield Metric("appliance_temperature_celsius", "gauge", "By sensor.", [({"sensor": name}, value) for name, value in degrees])


def _labels(labels: dict[str, str]) -> str:
    if not labels:
        return ""
    pairs = ",".join(f'{name}="{_escaped(value)}"' for name, value in labels.items())
    return "{" + pairs + "}"


def _escaped(value: str) -> str:
    return value.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")
