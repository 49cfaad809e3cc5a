"""Each step says in words what is wrong with it, and is done when nothing is."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest

from appliance import hardware
from appliance.config import Config
from appliance.ledger import Ledger
from appliance.records import Heartbeat, NoticeSent, StoreProbed
from appliance.web import setup_steps
from tests.appliance.furnished import Furnished


def troubles(at: Furnished, step: str, ledger: Ledger, **changed: object) -> list[str]:
    """What this step complains of, with these settings."""
    tree = at.box.config.model_dump() | changed
    box = replace(at.box, config=Config.model_validate(tree))
    (found,) = [one for one in setup_steps.steps(box, ledger, at.now) if one.id == step]
    assert found.done == (not any(trouble.severity == "error" for trouble in found.troubles))
    assert all(str(trouble.mend) for trouble in found.troubles)
    return [str(trouble.what) for trouble in found.troubles]


def beat(at: Furnished, **detail: object) -> Heartbeat:
    told = {"interface": "mirror0", "frames": 100, "sip": 10, "rtp": 80, "dropped": 0, "calls": 0} | detail
    return Heartbeat(at=at.now, service="capture", pid=1, state="ok", detail=told)


@pytest.mark.parametrize(
    ("told", "said"),
    [
        ({}, []),
        ({"frames": 0, "sip": 0, "rtp": 0}, ["Nothing at all arrives at the mirror port."]),
        ({"sip": 0, "rtp": 0}, ["Traffic arrives, but no telephone's: neither SIP nor RTP."]),
        ({"sip": 0}, ["Speech is seen, but no signalling: nobody can tell whose it is."]),
        ({"dropped": 7}, ["7 frames were lost in the box."]),
    ],
)
def test_what_the_mirror_carries_is_said_in_words(own: Furnished, told: dict[str, object], said: list[str]) -> None:
    with own.ledger() as ledger:
        ledger.beat(beat(own, **told))
        assert troubles(own, "network", ledger) == said


def test_without_a_port_and_without_a_recorder(own: Furnished) -> None:
    with own.ledger() as ledger:
        assert troubles(own, "network", ledger) == ["No mirror port is chosen."]
        ledger.beat(replace(beat(own), at=0))
        assert troubles(own, "network", ledger) == ["The recorder does not run."]


def test_one_direction_and_callers_without_a_number(own: Furnished) -> None:
    with own.ledger() as ledger:
        ledger.beat(beat(own))
        ledger.connection.execute("UPDATE recording SET body = json_set(body, '$.one_sided', json('true'))")
        ledger.connection.execute("UPDATE call SET caller = ''")
        ledger.connection.execute("UPDATE call SET direction = 'inbound'")
        assert troubles(own, "network", ledger) == ["Speech is seen in one direction only.", "All callers are anonymous."]
        seen = setup_steps.picture(own.box, ledger, own.now)
        assert seen.one_sided
        assert (seen.two_sided, seen.anonymous) == (0, seen.inbound)


def test_lines_recording_and_keys(furnished: Furnished) -> None:
    with furnished.ledger() as ledger:
        assert "No line has a name." in troubles(furnished, "lines", ledger, lines=[])
        assert troubles(furnished, "recording", ledger, lines=[{"number": "1", "record": False}]) == ["No line is recorded."]
        assert troubles(furnished, "recording", ledger) == []
        assert troubles(furnished, "keys", ledger) == ["Nobody but this box can open its recordings: if it is lost, they are."]
        (_, missing) = troubles(furnished, "keys", ledger, must_open=["escrow"])
        assert "escrow" in missing


def test_the_store_is_done_once_the_canary_came_back(own: Furnished) -> None:
    store = {"kind": "folder", "options": {"path": "/mnt/nas"}}
    with own.ledger() as ledger:
        assert troubles(own, "store", ledger, store=store) == ["The store was not tried yet."]
        ledger.append(StoreProbed(at=own.now, store="folder", capabilities={}, problems=()))
        assert troubles(own, "store", ledger, store=store) == []
        ledger.append(StoreProbed(at=own.now + 1, store="folder", capabilities={}, problems=("cannot be read",)))
        assert troubles(own, "store", ledger, store=store) == ["The store: cannot be read"]
        insert = "INSERT INTO job (id, kind, subject, body, state, not_before, last_error, created_at) VALUES (?,?,?,?,?,?,?,?)"
        ledger.connection.execute(insert, ("canary:x", "canary", "x", "{}", "ready", 0, "no such host", own.now))
        assert troubles(own, "store", ledger, store=store) == ["The store cannot be used: no such host"]


def test_the_clock(own: Furnished) -> None:
    with own.ledger() as ledger:
        assert troubles(own, "time", ledger) == ["Nobody knows whether the clock is right."]
        for synchronised, offset, said in (
            (True, 0.01, []),
            (False, None, ["The clock follows no time server."]),
            (True, 3.0, ["The clock is off by 3.0 s."]),
        ):
            hardware.write(own.box.folders, hardware.Hardware(at=own.now, synchronised=synchronised, offset_s=offset))
            assert troubles(own, "time", ledger) == said


def test_a_channel_is_done_once_something_arrived(own: Furnished) -> None:
    notify = {"channels": [{"name": "office", "kind": "mail", "options": {}}]}
    with own.ledger() as ledger:
        assert troubles(own, "notices", ledger) == ["Nobody is told of troubles."]
        assert troubles(own, "notices", ledger, notify=notify) == ["office was never tried."]
        ledger.append(NoticeSent(at=own.now, channel="office", notice="office/test/1", event="test"))
        assert troubles(own, "notices", ledger, notify=notify) == []


def test_users_and_the_opening_test(furnished: Furnished) -> None:
    with furnished.ledger() as ledger:
        assert troubles(furnished, "people", ledger) == ["Only one person can sign in."]
        assert troubles(furnished, "opening", ledger) == ["The opening test was not made yet."]


def test_a_machines_interfaces_are_named_without_its_loop() -> None:
    assert "lo" not in setup_steps.interfaces()
    assert json.dumps(setup_steps.interfaces())
