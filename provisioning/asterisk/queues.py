"""`queues.conf`: callers who wait. Pure."""

from __future__ import annotations

from appliance.phone_settings import Queue
from provisioning.asterisk import lines
from provisioning.asterisk.lines import Pair, Written, section
from provisioning.asterisk.wiring import Wiring

_STRATEGIES = {
    "all": "ringall", "longest_idle": "leastrecent", "fewest": "fewestcalls", "random": "random", "in_turn": "rrmemory",
    "order": "linear",
}  # fmt: skip


def render(wiring: Wiring) -> str:
    """The file."""
    general = section(
        "general", [("persistentmembers", True), ("autofill", True), ("shared_lastcall", True), ("monitor-type", "MixMonitor")]
    )
    return lines.file(general, *(_queue(wiring, queue) for queue in wiring.phone.queues))


def _queue(wiring: Wiring, queue: Queue) -> str:
    names = {desk.number: lines.words(desk.name) or desk.number for desk in wiring.phone.extensions}
    empty = (
        []
        if queue.join_empty
        else [("joinempty", "unavailable,invalid,unknown"), ("leavewhenempty", "unavailable,invalid,unknown")]
    )
    pairs: list[Pair] = [
        ("strategy", _STRATEGIES[queue.strategy]), ("timeout", queue.ring_seconds), ("wrapuptime", queue.wrap_up_seconds),
        ("maxlen", queue.longest), ("retry", 2), ("ringinuse", False), ("timeoutrestart", False), ("musicclass", queue.music or "default"),
        ("announce-position", queue.position and queue.tell_seconds > 0), ("announce-holdtime", False),
        ("announce-frequency", queue.tell_seconds if queue.position else 0), ("periodic-announce", queue.announcement),
        ("periodic-announce-frequency", queue.announcement_seconds if queue.announcement else 0),
        ("context", f"keys-{queue.name}" if queue.callback else ""), ("setinterfacevar", True), *empty,
    ]  # fmt: skip
    members: list[Pair] = [
        ("member", Written(f"PJSIP/{number},0,{names[number]},PJSIP/{number}"))
        for number in queue.members if number in names
    ]  # fmt: skip
    return section(queue.name, [*pairs, *members])
