"""A recording is heard whole or in part, unaltered, by whoever may; and who heard or took it stands in the register.

The second half of what `calls.py` keeps; the list and the facts of a call are in `test_calls.py`.
"""

from __future__ import annotations

import base64
import importlib
import io
import re
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from itertools import pairwise

import httpx
import pytest
import soundfile
from hypothesis import given
from hypothesis import strategies as st

from appliance.records import Exported, Listened
from appliance.web.accounts import Accounts
from tests.appliance.furnished import Furnished, Served, TestClient, browser, open_session, serving, session_now, signed_in
from tests.fakes import facts

CHUNK = 64 * 1024


def clear(at: Furnished, sample: str) -> bytes:
    """The recording of a sample, opened by another implementation of age."""
    pyrage = importlib.import_module("pyrage")
    identity = pyrage.x25519.Identity.from_str((at.box.folders.keys / "playback.key").read_text().split()[-1])
    opened: bytes = pyrage.decrypt(at.sealed(sample).read_bytes(), [identity])
    return opened


def register(at: Furnished, sample: str) -> list[Listened | Exported]:
    """Who heard or took the recording."""
    with at.ledger() as ledger:
        rows = ledger.of(at.recording(sample).facts.recording)
        return [row.record for row in rows if isinstance(row.record, (Listened, Exported))]


@pytest.mark.parametrize("what", ["audio", "download", "waveform"])
def test_what_was_not_recorded_cannot_be_heard(furnished: Furnished, what: str) -> None:
    client = signed_in(furnished)
    for call in (furnished.calls["missed"], furnished.calls["counselling"], "aaaaaaaaaaaaaaaa", "x", "%2e%2e"):
        assert client.get(f"/calls/{call}/{what}").status_code == 404


def test_the_whole_recording_is_what_another_age_opens_and_can_be_decoded(own: Furnished) -> None:
    answer = signed_in(own).get(f"/calls/{own.calls['inbound']}/audio")
    assert answer.status_code == 200
    assert answer.content == clear(own, "inbound")
    assert answer.headers["content-type"] == "audio/flac"
    assert answer.headers["content-length"] == str(len(answer.content))
    assert answer.headers["accept-ranges"] == "bytes"
    assert answer.headers["cache-control"] == "no-store"
    with soundfile.SoundFile(io.BytesIO(answer.content)) as sound:
        assert sound.channels == 2
        assert sound.frames / sound.samplerate == own.recording("inbound").facts.seconds


def test_the_sound_is_opened_in_memory_alone(own: Furnished) -> None:
    client = signed_in(own)
    before = {path for path in own.box.folders.data.rglob("*") if path.is_file()}
    size = len(client.get(f"/calls/{own.calls['inbound']}/audio").content)
    assert size > CHUNK
    after = {path for path in own.box.folders.data.rglob("*") if path.is_file()}
    assert {path.name.partition("-")[0] for path in after - before} <= {"ledger.db"}


@pytest.fixture(scope="module")
def hearing(furnished: Furnished, tmp_path_factory: pytest.TempPathFactory) -> tuple[TestClient, str, bytes]:
    """A browser, the address of a recording's sound, and that sound."""
    at = furnished.copy(tmp_path_factory.mktemp("hearing") / "var")
    return signed_in(at), f"/calls/{at.calls['inbound']}/audio", clear(at, "inbound")


@given(st.data())
def test_any_range_gives_exactly_those_bytes(hearing: tuple[TestClient, str, bytes], data: st.DataObject) -> None:
    client, address, whole = hearing
    assert len(whole) > 3 * CHUNK
    near = st.sampled_from([0, CHUNK, 2 * CHUNK, len(whole)]).flatmap(lambda at: st.integers(max(0, at - 3), at + 3))
    first = data.draw(near | st.integers(0, len(whole) + 10))
    last = data.draw(near | st.integers(0, 2 * len(whole)))
    answer = client.get(address, headers={"Range": f"bytes={first}-{last}"})
    if last < first:
        assert (answer.status_code, answer.content) == (200, whole)
    elif first >= len(whole):
        assert (answer.status_code, answer.headers["content-range"], answer.content) == (416, f"bytes */{len(whole)}", b"")
    else:
        assert answer.status_code == 206
        assert answer.content == whole[first : last + 1]
        assert answer.headers["content-range"] == f"bytes {first}-{min(last, len(whole) - 1)}/{len(whole)}"
        assert answer.headers["content-length"] == str(len(answer.content))


def test_asking_for_the_head_gives_the_size_and_no_sound_and_is_no_listening(own: Furnished) -> None:
    client, address = signed_in(own), f"/calls/{own.calls['inbound']}/audio"
    size = len(clear(own, "inbound"))
    whole, part = client.head(address), client.head(address, headers={"Range": "bytes=10-19"})
    assert (whole.status_code, whole.headers["content-length"], whole.content) == (200, str(size), b"")
    assert (part.status_code, part.headers["content-range"], part.content) == (206, f"bytes 10-19/{size}", b"")
    assert client.head(address, headers={"Range": f"bytes={size}-"}).status_code == 416
    assert register(own, "inbound") == []


@pytest.fixture(scope="module")
def running(furnished: Furnished, tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Furnished, Served, str]]:
    """A console in a process of its own, and a session in it."""
    folder = tmp_path_factory.mktemp("running")
    at = furnished.copy(folder / "var")
    with serving(at.box, folder / "errors") as served:
        yield at, served, session_now(at.box)


def test_a_real_server_gives_whole_and_parts_over_one_connection(running: tuple[Furnished, Served, str]) -> None:
    at, served, token = running
    whole, address = clear(at, "outbound"), f"/calls/{at.calls['outbound']}/audio"
    with served.client(token) as client:
        assert client.get(address).content == whole
        for header, part in (
            ("bytes=0-0", whole[:1]),
            (f"bytes={CHUNK - 5}-{CHUNK + 4}", whole[CHUNK - 5 : CHUNK + 5]),
            (f"bytes={CHUNK - 1}-{2 * CHUNK}", whole[CHUNK - 1 : 2 * CHUNK + 1]),
            ("bytes=-100", whole[-100:]),
            (f"bytes={len(whole) - 1}-", whole[-1:]),
        ):
            answer = client.get(address, headers={"Range": header})
            assert (answer.status_code, answer.content) == (206, part), header
        assert client.get(address, headers={"Range": "bytes=a-b"}).content == whole
        assert client.get(address, headers={"Range": f"bytes={len(whole)}-"}).status_code == 416
        assert client.head(address).headers["content-length"] == str(len(whole))


def test_many_parts_at_once_are_right_and_are_one_listening(running: tuple[Furnished, Served, str]) -> None:
    at, served, token = running
    whole, address = clear(at, "anonymous"), f"/calls/{at.calls['anonymous']}/audio"
    cuts = [*range(0, len(whole), len(whole) // 7), len(whole)]
    together = threading.Barrier(len(cuts) - 1)

    def part(place: tuple[int, int]) -> bytes:
        with served.client(token) as client:
            client.get("/static/icon.svg")
            together.wait()
            return client.get(address, headers={"Range": f"bytes={place[0]}-{place[1] - 1}"}).content

    with ThreadPoolExecutor(len(cuts)) as threads:
        assert b"".join(threads.map(part, pairwise(cuts))) == whole
    assert len(register(at, "anonymous")) == 1


@pytest.mark.parametrize("place", [0.0, 0.3, 0.6, 0.999])
def test_a_changed_file_gives_an_error_and_never_another_sound(running: tuple[Furnished, Served, str], place: float) -> None:
    at, served, token = running
    whole, path = clear(at, "inbound"), at.sealed("inbound")
    sealed, received = path.read_bytes(), b""
    head = sealed.index(b"\n--- ") + 49 + 16
    changed = bytearray(sealed)
    changed[head + int(place * (len(sealed) - head))] ^= 1
    path.write_bytes(changed)
    try:
        with served.client(token) as client, client.stream("GET", f"/calls/{at.calls['inbound']}/audio") as answer:
            if answer.status_code == 200:
                with pytest.raises(httpx.RemoteProtocolError):
                    for piece in answer.iter_raw():
                        received += piece
    finally:
        path.write_bytes(sealed)
    assert answer.status_code == (503 if place > 0.9 else 200), "its last part is looked at before a word is said"
    assert len(received) < len(whole) and whole.startswith(received)


def test_a_missing_file_is_said_in_a_sentence_that_says_where_to_find_it(own: Furnished) -> None:
    own.sealed("inbound").unlink()
    client, address = signed_in(own), f"/calls/{own.calls['inbound']}/audio"
    for path in (address, address.replace("audio", "download")):
        answer = client.get(path, headers={"Accept": "*/*"})
        assert answer.status_code == 503
        assert own.recording("inbound").facts.recording in answer.text
        assert "None" not in answer.text
    with own.ledger() as ledger:
        ledger.append(facts.stored(recording=own.recording("inbound").facts.recording, key="v1/here.flac.age"))
    assert "v1/here.flac.age" in client.get(address, headers={"Accept": "*/*"}).text
    assert register(own, "inbound") == [], "nobody heard or took anything"


# The register


def test_a_listening_is_written_once_a_person_within_ten_minutes(own: Furnished) -> None:
    clock = own.clock()
    with own.ledger() as ledger:
        other = open_session(Accounts(ledger, clock.now, 12), "suzuki")
    me, she = signed_in(own, clock=clock), browser(own.box, clock, other)
    address = f"/calls/{own.calls['inbound']}/audio"
    for _ in range(3):
        me.get(address, headers={"Range": "bytes=0-99"})
        clock.forward(200)
    she.get(address)
    assert [entry.who for entry in register(own, "inbound")] == ["admin", "suzuki"]
    clock.forward(1)
    me.get(address)
    assert [entry.who for entry in register(own, "inbound")] == ["admin", "suzuki", "admin"]


def test_a_clock_that_is_set_back_hides_no_listening(own: Furnished) -> None:
    clock = own.clock()
    client, address = signed_in(own, clock=clock), f"/calls/{own.calls['inbound']}/audio"
    client.get(address)
    clock.step(-3600)
    client.get(address)
    assert len(register(own, "inbound")) == 2


def test_looking_at_the_page_or_the_waveform_is_no_listening(own: Furnished) -> None:
    client = signed_in(own)
    client.get(f"/calls/{own.calls['inbound']}")
    client.get(f"/calls/{own.calls['inbound']}/waveform")
    client.get(f"/calls/{own.calls['inbound']}/audio", headers={"Range": "bytes=99999999-"})
    assert register(own, "inbound") == []


def test_a_download_has_a_safe_name_and_stands_in_the_register(own: Furnished) -> None:
    answer = signed_in(own).get(f"/calls/{own.calls['inbound']}/download")
    assert answer.content == clear(own, "inbound")
    name = re.fullmatch(r'attachment; filename="(\d{8}-\d{6}-[a-z2-7]{16}\.flac)"', answer.headers["content-disposition"])
    assert name is not None
    (entry,) = register(own, "inbound")
    assert isinstance(entry, Exported)
    assert (entry.who, entry.what, entry.recording) == ("admin", "flac", own.recording("inbound").facts.recording)


def test_a_download_of_nothing_is_no_export(own: Furnished) -> None:
    answer = signed_in(own).get(f"/calls/{own.calls['inbound']}/download", headers={"Range": "bytes=99999999-"})
    assert answer.status_code == 416
    assert register(own, "inbound") == []


def test_the_page_shows_who_heard_and_who_took_it(own: Furnished) -> None:
    client = signed_in(own, "en")
    assert "Who heard it" not in client.get(f"/calls/{own.calls['inbound']}").text
    client.get(f"/calls/{own.calls['inbound']}/audio")
    client.get(f"/calls/{own.calls['inbound']}/download")
    page = client.get(f"/calls/{own.calls['inbound']}").text
    assert "Who heard it (2)" in page
    assert "admin – listened" in page and "admin – took a copy" in page


# The waveform


def test_the_waveform_has_both_sides_and_as_many_points_as_it_says(furnished: Furnished) -> None:
    answer = signed_in(furnished).get(f"/calls/{furnished.calls['inbound']}/waveform")
    assert answer.headers["content-type"] == "application/json"
    outline = answer.json()
    for side in ("left", "right"):
        peaks = base64.b64decode(outline[side], validate=True)
        assert len(peaks) == outline["points"] > 100
        assert 0 < max(peaks) <= 255


def test_a_waveform_that_cannot_be_opened_is_empty(own: Furnished) -> None:
    path = own.box.folders.recordings / own.recording("inbound").facts.manifest
    for damage in (path.read_bytes()[:-1], b"", b"age-encryption.org/v1\n", None):
        path.unlink() if damage is None else path.write_bytes(damage)
        answer = signed_in(own).get(f"/calls/{own.calls['inbound']}/waveform")
        assert (answer.status_code, answer.json()) == (200, {"points": 0, "left": "", "right": "", "marks": [], "pauses": []})
