"""Somebody has stolen the box: everything on its disk is searched. No audio of a finished call, and no key that opens the bucket's objects
but the console's own, which a site may keep off the disk.

What a file system leaves behind of deleted files is not searched: the volume of a real box is LUKS2, and this kernel has no device-mapper.
"""

from __future__ import annotations

import base64
import io
import re
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
import soundfile

from appliance import bech32, keys
from appliance.box import Box
from appliance.errors import CouldNotError
from appliance.keys import Identity
from appliance.moments import SECOND
from appliance.sealed import SealedError, open_sealed
from capture.opening import open_recording
from tests.bed.made import CALLED_HZ, CALLER_HZ, MadeCall, tone
from tests.bed.program import appliance
from tests.bed.recorded import all_recordings, recorded
from tests.fakes.clock import START

SECRET = re.compile(rb"AGE-SECRET-KEY-1[0-9A-Z]{58}", re.IGNORECASE)
SOUND = (b"fLaC", b"OggS", b"RIFF", b"OpusHead")
CALLS = [
    MadeCall(number=number, begin=START + number * SECOND, talk=1.0, codec=codec) for number, codec in enumerate(("PCMU", "PCMA"))
]


@pytest.fixture(scope="module")
def customer() -> Identity:
    return Identity.new("customer")


@pytest.fixture(scope="module")
def stolen(customer: Identity, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The disk of a box that has worked for a while; its store is elsewhere."""
    folder = tmp_path_factory.mktemp("stolen")
    (folder / "var").mkdir()
    (folder / "var" / "appliance.toml").write_text(
        f'[[recipients]]\nname = "customer"\nkey = "{customer.recipient}"\n[store.options]\npath = "{folder / "bucket"}"\n'
    )
    box = recorded(folder / "var", *CALLS)
    (folder / "var.pcap").unlink()
    appliance("uploader", "run", "--once", "--data", box.folders.data)
    appliance("status", "--data", box.folders.data)
    return box.folders.data


def files(folder: Path) -> Iterator[tuple[Path, bytes]]:
    """Everything on the disk, deleted rows of the database too."""
    for path in folder.rglob("*"):
        if path.is_file():
            yield path, path.read_bytes()


def spoken() -> list[bytes]:
    """Some stretches of the calls as they were on the wire, and as samples."""
    found = []
    for call in CALLS:
        for hertz in (CALLER_HZ, CALLED_HZ):
            found += [payload[:40] for payload in tone(call.codec, hertz, call.packets)[5::10]]
    return [*found, *(piece for hertz in (CALLER_HZ, CALLED_HZ) for piece in samples(hertz))]


def samples(hertz: int) -> list[bytes]:
    decoded = [soundfile_bytes(payload) for payload in tone("PCMU", hertz, 20)[5::10]]
    return [piece[:40] for piece in decoded]


def soundfile_bytes(payload: bytes) -> bytes:
    with soundfile.SoundFile(io.BytesIO(payload), samplerate=8000, channels=1, format="RAW", subtype="ULAW") as file:
        return bytes(file.read(dtype="int16").tobytes())


def test_the_search_finds_what_it_looks_for(tmp_path: Path) -> None:
    box = recorded(tmp_path / "var", *CALLS)
    open_recording(box, all_recordings(box)[0].facts.recording, tmp_path / "clear.wav", None)
    capture = (tmp_path / "var.pcap").read_bytes()
    assert any(piece in capture for piece in spoken())
    assert (tmp_path / "clear.wav").read_bytes()[:4] in SOUND


def test_no_audio_of_a_finished_call_is_on_it(stolen: Path) -> None:
    for path, body in files(stolen):
        assert not [mark for mark in SOUND if mark in body], path
        assert not [piece for piece in spoken() if piece in body], path


def test_the_only_key_on_it_is_the_consoles(stolen: Path, customer: Identity) -> None:
    found = {path.name: SECRET.findall(body) for path, body in files(stolen) if SECRET.search(body)}
    assert list(found) == ["playback.key"]
    for path, body in files(stolen):
        assert customer.secret().encode() not in body, path


def test_a_box_whose_console_has_its_key_elsewhere_is_mute(stolen: Path, tmp_path: Path, customer: Identity) -> None:
    """As with a credential that systemd unseals by the TPM, or that a person brings: the disk has the public half alone."""
    data = Path(shutil.copytree(stolen, tmp_path / "var"))
    (data / "keys" / "playback.key").unlink()
    appliance("replay", "--data", data, Path(__file__).parents[2] / "appliance" / "demo" / "samples" / "outbound" / "capture.pcap")
    appliance("uploader", "run", "--once", "--data", data)
    assert not (data / "keys" / "playback.key").exists(), "no new one was made"
    assert not [path for path, body in files(data) if SECRET.search(body)]
    at_hand = keys.identities_in(data / "keys")
    objects = [path.read_bytes() for path in (stolen.parent / "bucket").rglob("*.age")]
    assert at_hand == [] and len(objects) >= 2 * (len(CALLS) + 1)
    for sealed in objects:
        with pytest.raises(SealedError):
            open_sealed(sealed, [*at_hand, *guesses(data)])
        assert open_sealed(sealed, [customer])
    with pytest.raises(CouldNotError):
        open_recording(Box.at(data), all_recordings(Box.at(data))[0].facts.recording, tmp_path / "x.wav", None)


def guesses(data: Path) -> Iterator[Identity]:
    """Every 32 bytes of the other keys on the disk, taken for one that opens."""
    for path in (data / "keys").iterdir():
        body = path.read_bytes()
        for match in re.finditer(rb"[A-Za-z0-9+/]{43}=|[A-Za-z0-9+/]{64}|[0-9a-f]{64}", body):
            yield Identity.parse("guess", bech32.encode("age-secret-key-", _bytes(match.group())[-32:]).upper())


def _bytes(text: bytes) -> bytes:
    return bytes.fromhex(text.decode()) if re.fullmatch(rb"[0-9a-f]{64}", text) else base64.b64decode(text)
