"""Every service may die at any line: kill -9 of each in the middle of a call loses nothing that was finished, and at most one second of
what was not. The tap's packet ring outlives the tap, so in truth it loses nothing at all.
"""

from __future__ import annotations

import time
from pathlib import Path

import soundfile

from tests import needs
from tests.bed import hearing, speech
from tests.bed.encode import spoken
from tests.bed.house import SERVICES, House, wait_for
from tests.bed.lan import Lan
from tests.bed.sipp import Call
from tests.e2e.talk import CALLER, held

pytestmark = [needs.namespaces(), needs.program("sipp", "espeak-ng", "sox", "ethtool")]

SECOND_OF_PACKETS = 50


def test_a_service_killed_in_a_call_costs_nothing(tmp_path: Path) -> None:
    talk, tracks = held()
    with Lan() as lan, House(tmp_path / "var", lan.names["box"]) as house:
        with Call(lan, talk) as call:
            wait_for("the answer", lambda: any(found.answered_at for found in house.calls()))
            for service in SERVICES:
                time.sleep(0.5)
                house.kill(service)
            call.wait()
        _, recording = house.stored(CALLER)
        facts = recording.facts
        assert (facts.lost, facts.cut, facts.one_sided) == (0, False, False)
        wav = tmp_path / "call.wav"
        house.command("open", facts.recording, "-o", str(wav))
        samples, rate = soundfile.read(wav, dtype="int16")
        for channel, side in enumerate(("caller", "called")):
            said = spoken(tracks[side], speech.RATE, rate)
            assert hearing.match(said, samples[:, channel]).correlation >= 0.98
            assert abs(len(samples) - len(said)) <= 0.040 * rate
        house.command("verify", "--all")


def test_services_killed_while_they_render_and_store_lose_no_recording(tmp_path: Path) -> None:
    with House(tmp_path / "var") as house:
        samples = sorted((Path(__file__).parents[2] / "appliance" / "demo" / "samples").glob("*/capture.pcap"))
        for file in samples:
            house.command("replay", str(file))
            for service in ("render", "uploader", "janitor"):
                house.kill(service)
        recorded = [call for call in house.calls() if call.recording]
        assert len(recorded) == 5  # the counselling line has a name of its own only in the demonstration's settings
        wait_for("the store", lambda: all((found := house.recording(call.id)) and found.stored_at for call in recorded))
        house.command("verify", "--all")
        objects = list(house.box.folders.store.rglob("*.flac.age"))
        assert len(objects) == len(recorded)


def test_power_lost_in_a_call_leaves_a_recording_marked_as_cut(tmp_path: Path) -> None:
    talk, _ = held()
    with Lan() as lan:
        house = House(tmp_path / "var", lan.names["box"])
        house.start()
        with Call(lan, talk):
            wait_for("the answer", lambda: any(found.answered_at for found in house.calls()))
            time.sleep(4.0)
            house.power_off()
            off = time.time_ns()
        house.start()
        try:
            row, recording = house.stored(CALLER)
            facts = recording.facts
            assert row.end_reason == "recorder_stopped"
            assert facts.cut
            assert row.answered_at is not None
            talked = (off - row.answered_at) / 1e9
            missing = talked - facts.seconds
            assert missing <= 1.0, f"{missing:.2f} s of {talked:.2f} s are missing"
            assert facts.packets >= 2 * SECOND_OF_PACKETS * (talked - 1.0)
        finally:
            house.stop()


def test_a_clean_stop_in_a_call_is_no_loss_either(tmp_path: Path) -> None:
    talk, _ = held()
    with Lan() as lan:
        house = House(tmp_path / "var", lan.names["box"])
        house.start()
        with Call(lan, talk):
            wait_for("the answer", lambda: any(found.answered_at for found in house.calls()))
            time.sleep(2.0)
            house.stop()
        house.start()
        try:
            _, recording = house.stored(CALLER)
            assert recording.facts.cut
            assert recording.facts.seconds >= 1.0
        finally:
            house.stop()
