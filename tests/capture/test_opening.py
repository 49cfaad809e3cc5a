"""A recording is opened as a WAV file that every program reads, with a key in hand, or not at all: no half file, no damaged sound."""

from __future__ import annotations

import shutil
import wave
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from appliance.box import Box
from appliance.errors import CouldNotError, UsageError
from appliance.keys import Identity, save_identity
from appliance.ledger import Ledger
from appliance.records import UploadDone
from capture.opening import open_recording
from tests import needs
from tests.bed import disks
from tests.bed.made import CALLED_HZ, CALLER_HZ, MadeCall
from tests.bed.recorded import all_recordings, copied, recorded
from tests.fakes.clock import START

CALL = MadeCall(talk=1.0)


def box_in(folder: Path, form: str) -> Box:
    folder.mkdir(parents=True)
    (folder / "appliance.toml").write_text(f'[capture]\nformat = "{form}"\n')
    return recorded(folder, CALL)


@pytest.fixture(scope="module", params=["flac", "opus"])
def made(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A box with one recording."""
    return box_in(tmp_path_factory.mktemp("made") / "var", request.param).folders.data


@pytest.fixture
def box(made: Path, tmp_path: Path) -> Box:
    """A copy of it."""
    return copied(made, tmp_path / "var")


@pytest.fixture
def out(tmp_path: Path) -> Path:
    return tmp_path / "out" / "call.wav"


def recording_of(box: Box) -> str:
    return all_recordings(box)[0].facts.recording


def sealed(box: Box) -> Path:
    return box.folders.recordings / all_recordings(box)[0].facts.file


def heard(path: Path) -> tuple[int, NDArray[np.int16]]:
    """Rate and samples as Python's own reader finds them."""
    with wave.open(str(path)) as file:
        assert (file.getsampwidth(), file.getnchannels(), file.getcomptype()) == (2, 2, "NONE")
        return file.getframerate(), np.frombuffer(file.readframes(file.getnframes()), "<i2").reshape(-1, 2)


def test_it_is_a_plain_wav_with_the_caller_left_and_the_called_right(box: Box, out: Path) -> None:
    seconds = open_recording(box, recording_of(box), out, None)
    rate, samples = heard(out)
    assert len(samples) / rate == seconds == pytest.approx(1.001, abs=0.03)
    peaks = [int(np.abs(np.fft.rfft(samples[:rate, channel])).argmax()) for channel in (0, 1)]
    assert peaks == pytest.approx([CALLER_HZ, CALLED_HZ], abs=2)


def test_the_call_names_it_as_well_as_the_recording(box: Box, out: Path) -> None:
    open_recording(box, recording_of(box), out, None)
    first = out.read_bytes()
    open_recording(box, all_recordings(box)[0].facts.call, out, None)
    assert out.read_bytes() == first


def test_what_is_opened_is_for_its_owner_only(box: Box, out: Path) -> None:
    open_recording(box, recording_of(box), out, None)
    assert out.stat().st_mode & 0o777 == 0o600


def test_any_recipients_key_file_opens_it(tmp_path: Path, out: Path) -> None:
    customer = Identity.new("customer")
    save_identity(tmp_path / "customer.key", customer, START)
    folder = tmp_path / "var"
    folder.mkdir()
    (folder / "appliance.toml").write_text(f'[[recipients]]\nname = "customer"\nkey = "{customer.recipient}"\n')
    box = recorded(folder, MadeCall(talk=0.2))
    shutil.rmtree(box.folders.keys)
    assert open_recording(box, recording_of(box), out, tmp_path / "customer.key") == pytest.approx(0.201, abs=0.03)


def test_the_wrong_key_opens_nothing_and_says_what_to_name(box: Box, out: Path, tmp_path: Path) -> None:
    save_identity(tmp_path / "stranger.key", Identity.new("stranger"), START)
    with pytest.raises(CouldNotError, match="no key at hand opens it; name a key with --identity"):
        open_recording(box, recording_of(box), out, tmp_path / "stranger.key")
    assert not out.exists()


def test_without_any_key_nothing_is_opened(box: Box, out: Path) -> None:
    shutil.rmtree(box.folders.keys)
    with pytest.raises(CouldNotError, match="no key at hand opens it"):
        open_recording(box, recording_of(box), out, None)


@pytest.mark.parametrize("name", ["nosuchrecordings", "", "../../etc/passwd", "'; --", "日本"])
def test_an_unknown_name_is_wrong_use(box: Box, out: Path, name: str) -> None:
    with pytest.raises(UsageError, match="there is no such recording"):
        open_recording(box, name, out, None)


def test_a_box_without_recordings_says_so(tmp_path: Path, out: Path) -> None:
    with pytest.raises(CouldNotError, match="nothing was recorded"):
        open_recording(Box.at(tmp_path / "empty"), "aaaaaaaaaaaaaaaa", out, None)


def test_a_folder_is_no_file_to_write_to(box: Box, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="is a folder"):
        open_recording(box, recording_of(box), tmp_path, None)


def cut(body: bytes) -> bytes:
    return body[:-100]


def empty(body: bytes) -> bytes:
    return body[:0]


def middle_bit(body: bytes) -> bytes:
    return body[: len(body) // 2] + bytes([body[len(body) // 2] ^ 1]) + body[len(body) // 2 + 1 :]


def header_bit(body: bytes) -> bytes:
    return body[:60] + bytes([body[60] ^ 1]) + body[61:]


def more(body: bytes) -> bytes:
    return body + b"more"


@pytest.mark.parametrize("harm", [cut, empty, middle_bit, header_bit, more])
def test_a_damaged_copy_gives_no_sound_at_all(box: Box, out: Path, harm: Callable[[bytes], bytes]) -> None:
    path = sealed(box)
    path.write_bytes(harm(path.read_bytes()))
    with pytest.raises(CouldNotError, match=f"recording {recording_of(box)}: "):
        open_recording(box, recording_of(box), out, None)
    assert not out.parent.exists() or list(out.parent.iterdir()) == []


@pytest.mark.parametrize("form", ["flac", "opus"])
def test_damage_behind_the_beginning_is_found_before_a_file_appears(tmp_path: Path, out: Path, form: str) -> None:
    folder = tmp_path / "var"
    folder.mkdir()
    (folder / "appliance.toml").write_text(f'[capture]\nformat = "{form}"\n')
    box = recorded(folder, MadeCall(talk=40.0))
    path = sealed(box)
    body = bytearray(path.read_bytes())
    assert len(body) > 2 * 64 * 1024
    body[-70_000] ^= 1
    path.write_bytes(body)
    with pytest.raises(CouldNotError, match="was changed or cut"):
        open_recording(box, recording_of(box), out, None)
    assert not out.exists()


def test_a_copy_that_is_gone_is_said_with_where_it_is_stored(box: Box, out: Path) -> None:
    recording = recording_of(box)
    sealed(box).unlink()
    with pytest.raises(CouldNotError, match=r"the local copy is gone$"):
        open_recording(box, recording, out, None)
    with Ledger.open(box.folders.ledger) as ledger:
        ledger.append(
            UploadDone(
                at=START, recording=recording, store="s3", key="v1/x", manifest_key="v1/y", bytes=1, sha256="", verified="read-back"
            )
        )
    with pytest.raises(CouldNotError, match="it is stored as v1/x"):
        open_recording(box, recording, out, None)


@needs.root
def test_a_full_disk_leaves_no_half_file(box: Box, tmp_path: Path) -> None:
    with disks.disk(tmp_path / "small", 16) as place:
        with pytest.raises(CouldNotError, match="No space left on device"):
            open_recording(box, recording_of(box), place / "call.wav", None)
        assert list(place.iterdir()) == []


def test_an_earlier_file_is_replaced_only_by_a_whole_one(box: Box, out: Path) -> None:
    out.parent.mkdir()
    out.write_bytes(b"earlier")
    path = sealed(box)
    whole = path.read_bytes()
    path.write_bytes(middle_bit(whole))
    with pytest.raises(CouldNotError):
        open_recording(box, recording_of(box), out, None)
    assert out.read_bytes() == b"earlier"
    path.write_bytes(whole)
    open_recording(box, recording_of(box), out, None)
    assert len(heard(out)[1]) > 0
