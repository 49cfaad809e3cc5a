"""Keys that sound are marks at their place; where the site keeps none, nobody who listens to the recording hears any."""

from __future__ import annotations

import io
import tarfile
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from appliance import keys, manifest
from appliance.box import Box
from appliance.moments import MILLISECOND, SECOND
from appliance.records import Side
from appliance.sealed import open_sealed
from capture.digits import Key
from capture.formats import flac
from capture.hearing import Hearing
from capture.pcapfile import Captured
from capture.tones import Tones
from tests.bed.encode import encode
from tests.bed.made import MadeCall, datagram
from tests.bed.recorded import all_recordings, recorded
from tests.bed.sound import pressed, whole
from tests.fakes.clock import START


def stereo(left: str, right: str, rate: int = 8000) -> NDArray[np.int16]:
    """Two sides that press these keys over a soft hum."""
    sides = [pressed(keys, 0.06, 0.07, rate) for keys in (left, right)]
    length = max(map(len, sides))
    hum = 200 * np.sin(2 * np.pi * 150 * np.arange(length) / rate) + 50
    return np.stack([whole(np.pad(side, (0, length - len(side))) + hum) for side in sides], axis=1)


def cut(sound: NDArray[np.int16], size: int) -> Iterator[NDArray[np.int16]]:
    yield from (sound[begin:end] for begin, end in pairwise([*range(0, len(sound), size), len(sound)]))


def heard(sound: NDArray[np.int16], rate: int) -> list[str]:
    found = []
    for side in (0, 1):
        ear = Tones(rate)
        ear.hear(np.ascontiguousarray(sound[:, side]))
        found.append("".join(tone.key for tone in ear.finish()))
    return found


def test_keys_of_both_sides_are_told_where_they_sound() -> None:
    sound = stereo("12", "#")
    hearing = Hearing(8000, START)
    assert np.array_equal(np.concatenate(list(hearing.listened(cut(sound, 1000)))), sound)
    assert [(key.side, key.key, key.how) for key in hearing.keys] == [
        (Side.CALLER, "1", "inband"), (Side.CALLER, "2", "inband"), (Side.CALLED, "#", "inband"),
    ]  # fmt: skip
    assert [round((key.at - START) / MILLISECOND, -1) for key in hearing.keys] == [100, 230, 100]


@pytest.mark.parametrize("rate", [8000, 16000, 48000])
@pytest.mark.parametrize("size", [0.013, 0.16, 4.0])
def test_nobody_hears_the_keys_of_a_site_that_keeps_none(rate: int, size: float) -> None:
    sound = stereo("1590*#AD", "", rate)
    assert heard(sound, rate) == ["1590*#AD", ""]
    out = np.concatenate(list(Hearing(rate, START).hushed(cut(sound, round(size * rate)), list)))
    assert len(out) == len(sound)
    assert heard(out, rate) == ["", ""]
    assert np.array_equal(out[:, 1], sound[:, 1]), "the other side is untouched"
    for key in range(8):
        begin = round((0.1 + 0.13 * key) * rate)
        assert not out[begin : begin + round(0.06 * rate), 0].any(), "not one sample of a tone is left"
        pause = slice(begin + round(0.085 * rate), begin + round(0.105 * rate))
        assert np.array_equal(out[pause, 0], sound[pause, 0]), "what lies between is"


def test_a_long_key_is_silent_from_its_beginning_to_its_end() -> None:
    sound = np.repeat(whole(pressed("5", 3.0, 0.5))[:, None], 2, axis=1)
    out = np.concatenate(list(Hearing(8000, START).hushed(cut(sound, 320), list)))
    assert not out.any()


def test_what_a_gateway_let_through_before_a_telephone_event_is_silent() -> None:
    sound = np.full((8000, 2), 100, np.int16)
    key = Key(START + SECOND // 2, Side.CALLED, "5", "rfc4733")
    out = np.concatenate(list(Hearing(8000, START).hushed(cut(sound, 800), lambda: [key])))
    assert np.flatnonzero(out[:, 1] == 0).tolist() == list(range(4000 - 480, 4000 + 96))
    assert (out[:, 0] == 100).all()


@settings(max_examples=40)
@given(sizes=st.lists(st.integers(0, 4000), max_size=12), hush=st.booleans())
def test_the_length_is_what_it_was(sizes: list[int], hush: bool) -> None:
    chunks = [np.full((size, 2), 7, np.int16) for size in sizes]
    hearing = Hearing(8000, START)
    given_on = hearing.hushed(iter(chunks), list) if hush else hearing.listened(iter(chunks))
    assert sum(len(chunk) for chunk in given_on) == sum(sizes)
    assert hearing.keys == []


# Calls


def with_tones(call: MadeCall, text: str, *, foreign: bool = False) -> list[Captured]:
    """The call's frames; its caller's audio is these keys. `foreign`: and telephone events, and packets that nobody can decode."""
    sound = encode(whole(pressed(text, 0.06, 0.06)), 8000, "PCMU")
    found = []
    for one in call.frames():
        if one.frame[50:54] == call.ssrc(0).to_bytes(4, "big"):
            place = int.from_bytes(one.frame[44:46], "big")
            payload = sound[place * 160 : place * 160 + 160].ljust(160, b"\xff")
            found.append(one._replace(frame=datagram(one.frame[42:54] + payload, call.port(0), call.port(1), by_caller=True)))
            if foreign and place % 10 == 0:
                strange = bytes([0x80, 96]) + (30000 + place).to_bytes(2, "big") + one.frame[46:54] + b"?" * 33
                found.append(one._replace(frame=datagram(strange, call.port(0), call.port(1), by_caller=True), at=one.at + 1))
        else:
            found.append(one)
    return found


def sound_of(box: Box, file: str) -> NDArray[np.int16]:
    sealed = (box.folders.recordings / file).read_bytes()
    return np.concatenate(list(flac.decode(io.BytesIO(open_sealed(sealed, keys.identities_in(box.folders.keys))))[1]))


@pytest.mark.parametrize("policy", ["keep", "drop"])
def test_a_site_that_keeps_no_keys_has_them_neither_as_marks_nor_in_the_sealed_sound_nor_in_quarantine(
    tmp_path: Path, policy: str
) -> None:
    (tmp_path / "var").mkdir()
    (tmp_path / "var" / "appliance.toml").write_text(f'[capture]\ndigits = "{policy}"\n')
    call = MadeCall(talk=2.0)
    box = recorded(tmp_path / "var", frames=with_tones(call, "1590*#", foreign=True))
    (recording,) = all_recordings(box)
    facts = manifest.decode(
        open_sealed((box.folders.recordings / recording.facts.manifest).read_bytes(), keys.identities_in(box.folders.keys))
    ).facts
    pressed_keys = "1590*#" if policy == "keep" else ""
    assert "".join(mark["key"] for mark in facts["marks"]) == pressed_keys
    assert {mark["how"] for mark in facts["marks"]} <= {"inband"}
    assert heard(sound_of(box, recording.facts.file), 8000) == [pressed_keys, ""]
    (kept,) = box.folders.quarantine.glob("*.tar.age")
    with tarfile.open(fileobj=io.BytesIO(open_sealed(kept.read_bytes(), keys.identities_in(box.folders.keys)))) as archive:
        assert sum(name.endswith(".rtp") for name in archive.getnames()) == 2
        assert any(name.endswith("/signalling") for name in archive.getnames())
