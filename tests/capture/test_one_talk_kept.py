"""What is kept of a talk of several calls: the sides, the manifest, and the quarantine of all legs."""

from __future__ import annotations

import io
import json
import tarfile
from pathlib import Path
from typing import Any

from appliance.box import Box
from capture.frames import Address
from tests.bed.talks import Scene, host, opened
from tests.capture.scenes import FROM_A, LINE, PBX, A, B, C, Told, blind_by_caller, heard, recordings, relay, through, ties


def test_the_sides_stay_across_a_new_port_a_new_ssrc_and_music_on_hold(tmp_path: Path) -> None:
    scene = Scene()
    music, moved = Address(host(9), 30000), Address(B.media.host, 20100)
    m = scene.dial("m", A, B).invite(0).answered(0.3).talk(0.4, 1.0)
    m.again(1.1, offer=music, answer=A.media, by_caller=False, direction="sendonly")
    scene.speak(1.2, 1.8, 700, music, A.media)
    m.again(1.9, offer=moved, answer=A.media, by_caller=False)
    scene.speak(2.0, 2.6, A.hz, A.media, moved)
    scene.speak(2.0, 2.6, B.hz, moved, A.media)
    m.bye(2.8)
    box, told = through(tmp_path, scene)
    assert recordings(told) == ["m"]
    ear = heard(box, told, "m")
    assert [ear.hears(at) for at in (0.7, 1.5, 2.3)] == [(A.hz, B.hz), (0, 700), (A.hz, B.hz)]


def manifest_of(box: Box, told: Told, name: str) -> dict[str, Any]:
    recording = told[name][1]
    assert recording is not None
    return dict(json.loads(opened(box, box.folders.recordings / recording.facts.manifest))["facts"])


def test_the_manifest_names_every_leg_and_every_segment(tmp_path: Path) -> None:
    box, told = through(tmp_path, blind_by_caller())
    facts = manifest_of(box, told, "m")
    main, leg = told["m"][0].id, told["t"][0].id
    assert facts["call"]["id"] == main
    (one,) = facts["legs"]
    assert (one["id"], one["to"], one["tied_by"], one["swapped"], one["called"]) == (leg, main, "refer", True, C.user)
    assert [segment["call"] for segment in facts["segments"]] == [main, main, leg, leg]


def test_what_cannot_be_made_audible_of_any_leg_is_kept_with_all_of_them(tmp_path: Path) -> None:
    scene = Scene(payload_type=97)
    m = scene.dial("m", A, PBX, user=LINE, answer=relay(0)).invite(0)
    leg = scene.dial("leg", PBX, B, shown=FROM_A, offer=relay(1)).invite(0.05).answered(0.5)
    m.answered(0.51).talk(0.6, 1.0, called=B).bye(1.2)
    leg.talk(0.6, 1.0, caller=A).bye(1.21)
    box, told = through(tmp_path, scene)
    assert (told["m"][0].not_recorded, ties(told)) == ("unknown_codec", {"leg": ("m", "number")})
    (kept,) = box.folders.quarantine.iterdir()
    with tarfile.open(fileobj=io.BytesIO(opened(box, kept))) as archive:
        assert {name.partition("/")[0] for name in archive.getnames()} == {told["m"][0].id, told["leg"][0].id}
