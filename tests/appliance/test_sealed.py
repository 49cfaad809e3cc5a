"""The age format: every age tool opens what is written here and the other way round, and what was changed or cut is refused."""

from __future__ import annotations

import hashlib
import io
import os
import random
import subprocess
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pyrage  # type: ignore[import-untyped]
import pytest
import soundfile
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from hypothesis import given, settings
from hypothesis import strategies as st

from appliance import keys, sealed
from appliance.keys import Identity
from appliance.sealed import CHUNK, TAG, SealedError, SealedReader, SealingFile, WrongKeyError, open_sealed, seal
from tests import needs

CUSTOMER, ESCROW, STRANGER = Identity.new("customer"), Identity.new("escrow"), Identity.new("stranger")
BOTH = [CUSTOMER.recipient, ESCROW.recipient]
SIZES = [0, 1, 15, 16, 17, CHUNK - 1, CHUNK, CHUNK + 1, 2 * CHUNK - 1, 2 * CHUNK, 2 * CHUNK + 1, 5 * CHUNK + 7]
EVERY_SIZE = pytest.mark.parametrize("size", SIZES)
AGE = needs.program("age", "age-keygen")
SMALL = seal(b"a recording", BOTH)
LONG = random.Random(1).randbytes(3 * CHUNK + 100)
SEALED_LONG = seal(LONG, BOTH)
SCRAPS = [b"-> ", b"X25519", b" ", b"\n", b"--- ", b"A" * 43, b"A" * 64, b"=", b"\xff", bytes(40)]
HEADER_END = SMALL.index(b"\n--- ") + len(b"\n--- ") + 43 + 1


def reference(identity: Identity) -> pyrage.x25519.Identity:
    return pyrage.x25519.Identity.from_str(identity.secret())


def age(arguments: Sequence[str | Path], data: bytes) -> bytes:
    return subprocess.run(["age", *map(str, arguments)], input=data, capture_output=True, check=True).stdout


def key_file(folder: Path, identity: Identity) -> Path:
    path = folder / f"{identity.name}.key"
    keys.save_identity(path, identity, 0)
    return path


def refused(data: bytes) -> bool:
    try:
        open_sealed(data, [CUSTOMER])
    except SealedError:
        return True
    return False


def changed(data: bytes, place: int, to: bytes) -> bytes:
    return data[:place] + to + data[place + len(to) :]


def payload_start(data: bytes) -> int:
    return len(sealed.read_header(io.BytesIO(data)).raw) + 16


@EVERY_SIZE
def test_what_is_sealed_here_or_by_the_reference_is_opened_by_both(size: int) -> None:
    data = os.urandom(size)
    ours = seal(data, BOTH)
    theirs = pyrage.encrypt(data, [reference(identity).to_public() for identity in (CUSTOMER, ESCROW)])
    for identity in (CUSTOMER, ESCROW):
        assert pyrage.decrypt(ours, [reference(identity)]) == data
        assert open_sealed(ours, [identity]) == open_sealed(theirs, [STRANGER, identity]) == data


@AGE
@pytest.mark.parametrize("size", [0, CHUNK - 1, CHUNK, CHUNK + 1, 3 * CHUNK])
def test_the_age_tool_opens_what_is_sealed_here_and_the_other_way_round(tmp_path: Path, size: int) -> None:
    data = os.urandom(size)
    theirs = age(["-r", str(CUSTOMER.recipient), "-r", str(ESCROW.recipient)], data)
    for identity in (CUSTOMER, ESCROW):
        assert age(["-d", "-i", key_file(tmp_path, identity)], seal(data, BOTH)) == data
        assert open_sealed(theirs, [STRANGER, identity]) == data


def test_recipients_of_other_kinds_are_passed_over() -> None:
    public = Ed25519PrivateKey.generate().public_key().public_bytes(Encoding.OpenSSH, PublicFormat.OpenSSH)
    ssh = pyrage.ssh.Recipient.from_str(public.decode())
    file = pyrage.encrypt(b"hello", [ssh, reference(CUSTOMER).to_public()])
    assert open_sealed(file, [CUSTOMER]) == b"hello"


def test_a_file_sealed_with_a_passphrase_has_no_key_for_us() -> None:
    stanza = b"-> scrypt " + b"A" * 22 + b" 18\n" + b"A" * 43 + b"\n"
    with pytest.raises(WrongKeyError):
        open_sealed(b"age-encryption.org/v1\n" + stanza + b"--- " + b"A" * 43 + b"\n" + bytes(48), [CUSTOMER])


@settings(max_examples=40)
@given(st.binary(max_size=300), st.integers(0, 3 * CHUNK), st.integers(1, 5))
def test_any_bytes_to_any_number_of_recipients_are_opened_by_each(data: bytes, more: int, count: int) -> None:
    data = data + bytes(more)
    holders = [Identity.new(str(number)) for number in range(count)]
    file = seal(data, [holder.recipient for holder in holders])
    assert all(open_sealed(file, [holder]) == data for holder in holders)


def test_the_same_bytes_are_never_sealed_alike() -> None:
    assert seal(bytes(100), BOTH)[HEADER_END:] != seal(bytes(100), BOTH)[HEADER_END:]


def test_a_wrong_key_is_said_to_be_wrong() -> None:
    with pytest.raises(WrongKeyError):
        open_sealed(SMALL, [STRANGER])
    with pytest.raises(WrongKeyError):
        open_sealed(SMALL, [])


def test_without_a_recipient_nothing_is_sealed() -> None:
    below = io.BytesIO()
    with pytest.raises(ValueError, match="one recipient at least"):
        SealingFile(below, [])
    assert below.getvalue() == b""


def test_one_flipped_bit_anywhere_is_refused() -> None:
    for place in range(len(SMALL)):
        for bit in range(8):
            assert refused(changed(SMALL, place, bytes([SMALL[place] ^ 1 << bit]))), f"byte {place}, bit {bit}"


@settings(max_examples=60)
@given(st.integers(0, len(SEALED_LONG) - 1), st.integers(0, 7))
def test_one_flipped_bit_anywhere_in_a_long_file_is_refused(place: int, bit: int) -> None:
    assert refused(changed(SEALED_LONG, place, bytes([SEALED_LONG[place] ^ 1 << bit])))


def test_a_short_file_cut_anywhere_is_refused() -> None:
    assert all(refused(SMALL[:length]) for length in range(len(SMALL)))


@pytest.mark.parametrize("chunks", [0, 1, 2, 3])
@pytest.mark.parametrize("more", [-1, 0, 1, TAG - 1, TAG, TAG + 1])
def test_a_long_file_cut_around_a_chunks_end_is_refused(chunks: int, more: int) -> None:
    length = payload_start(SEALED_LONG) + chunks * (CHUNK + TAG) + more
    assert refused(SEALED_LONG[:length])


@pytest.mark.parametrize("more", [1, TAG, CHUNK + TAG])
def test_a_file_with_something_added_is_refused(more: int) -> None:
    assert refused(SMALL + bytes(more))
    assert refused(SEALED_LONG + SEALED_LONG[-more:])


def test_chunks_in_another_order_are_refused() -> None:
    start, step = payload_start(SEALED_LONG), CHUNK + TAG
    first, second = SEALED_LONG[start : start + step], SEALED_LONG[start + step : start + 2 * step]
    assert refused(SEALED_LONG[:start] + second + first + SEALED_LONG[start + 2 * step :])
    assert refused(SEALED_LONG[:start] + first + first + SEALED_LONG[start + 2 * step :])
    assert refused(SEALED_LONG[:start] + second + SEALED_LONG[start + 2 * step :])


def test_the_chunks_before_the_damage_can_still_be_read() -> None:
    start = payload_start(SEALED_LONG)
    reader = SealedReader(io.BytesIO(changed(SEALED_LONG, start + 2 * (CHUNK + TAG), b"????")), [CUSTOMER])
    assert reader.read(CHUNK) == LONG[:CHUNK]
    reader.seek(2 * CHUNK)
    with pytest.raises(SealedError, match="chunk 2"):
        reader.read(1)


def test_a_header_that_was_put_together_anew_is_refused() -> None:
    lines, stranger = SMALL.split(b"\n"), seal(b"", [STRANGER.recipient]).split(b"\n")
    assert lines[1].startswith(b"-> X25519 ")
    for changed_header in ([lines[0], *lines[3:]], [*lines[:5], *stranger[1:3], *lines[5:]]):  # one recipient less, one more
        with pytest.raises(SealedError, match="header was changed"):
            open_sealed(b"\n".join(changed_header), [ESCROW])
    assert refused(seal(b"another one", BOTH)[:HEADER_END] + SMALL[HEADER_END:])


@pytest.mark.parametrize("padding", [b"=", b"==", b" ", b"\r", b"A"])
def test_a_header_has_one_spelling_only(padding: bytes) -> None:
    assert refused(SMALL[: HEADER_END - 1] + padding + SMALL[HEADER_END - 1 :])
    end = SMALL.index(b"\n", SMALL.index(b"-> X25519 "))
    assert refused(SMALL[:end] + padding + SMALL[end:])


def test_a_share_of_low_order_opens_nothing() -> None:
    share = b"A" * 43
    header = b"age-encryption.org/v1\n-> X25519 " + share + b"\n" + share + b"\n--- " + share + b"\n"
    with pytest.raises(WrongKeyError):
        open_sealed(header + bytes(32), [CUSTOMER])


@pytest.mark.parametrize(
    "header",
    [
        b"",
        b"age-encryption.org/v2\n",
        b"-----BEGIN AGE ENCRYPTED FILE-----\n",
        b"age-encryption.org/v1\n",
        b"age-encryption.org/v1\n--- \n",
        b"age-encryption.org/v1\n---\n",
        b"age-encryption.org/v1\n-> \n\n--- AAAA\n",
        b"age-encryption.org/v1\n-> X25519\n\n--- AAAA\n",
        b"age-encryption.org/v1\n-> X25519 \xff\xff\n" + b"A" * 43 + b"\n--- AAAA\n",
        b"age-encryption.org/v1\n-> X25519 " + b"A" * 43 + b"\n" + b"A" * 43 + b"\n",
        b"age-encryption.org/v1\n" + b"-> x\n" + b"A" * 64 + b"\n" * 2000,
        b"age-encryption.org/v1\n-> " + b"x" * 100_000 + b"\n",
        b"age-encryption.org/v1\n-> x\n" + (b"A" * 64 + b"\n") * 5000,
    ],
)
def test_a_header_that_is_none_is_refused(header: bytes) -> None:
    with pytest.raises(SealedError):
        open_sealed(header + bytes(100), [CUSTOMER])


@given(
    st.one_of(
        st.binary(max_size=400),
        st.binary(max_size=400).map(b"age-encryption.org/v1\n".__add__),
        st.lists(st.sampled_from(SCRAPS), max_size=20).map(b"".join).map(b"age-encryption.org/v1\n".__add__),
    )
)
def test_any_bytes_as_a_sealed_file_give_that_error_only(data: bytes) -> None:
    with pytest.raises(SealedError):
        open_sealed(data, [CUSTOMER])


@settings(max_examples=60)
@given(st.integers(0, len(LONG) + 10), st.integers(0, 2 * CHUNK))
def test_any_range_reads_as_the_same_slice(start: int, length: int) -> None:
    reader = io.BufferedReader(SealedReader(io.BytesIO(SEALED_LONG), [CUSTOMER]))
    assert reader.seek(start) == start
    assert reader.read(length) == LONG[start : start + length]


@EVERY_SIZE
def test_the_size_and_the_end_are_those_of_the_clear_bytes(size: int) -> None:
    data = os.urandom(size)
    sized = SealedReader(io.BytesIO(seal(data, BOTH)), [CUSTOMER])
    reader = io.BufferedReader(sized)
    assert (sized.size, reader.seek(0, os.SEEK_END), reader.read(1)) == (size, size, b"")
    assert reader.seek(-min(size, 5), os.SEEK_CUR) == size - min(size, 5)
    assert reader.read(5) == data[-5:]
    assert reader.tell() == size


def test_a_reader_can_be_closed_with_what_lies_below() -> None:
    below = io.BytesIO(SMALL)
    reader = SealedReader(below, [CUSTOMER])
    assert (reader.readable(), reader.seekable(), reader.writable(), reader.seek(-100)) == (True, True, False, 0)
    reader.close_below()
    assert (reader.closed, below.closed) == (True, True)


def test_the_first_64_kib_may_be_written_again_before_the_end() -> None:
    below = io.BytesIO()
    with SealingFile(below, BOTH) as file:
        file.write(LONG)
        file.seek(4)
        file.write(b"patched")
        file.seek(CHUNK - 3)
        file.write(b"end")
        assert file.seek(0, os.SEEK_END) == file.size == len(LONG)
        file.write(b"more")
    expected = changed(changed(LONG, 4, b"patched"), CHUNK - 3, b"end") + b"more"
    assert open_sealed(below.getvalue(), [CUSTOMER]) == expected
    assert pyrage.decrypt(below.getvalue(), [reference(ESCROW)]) == expected


def test_what_is_already_sealed_cannot_be_written_again() -> None:
    below = io.BytesIO()
    with SealingFile(below, BOTH) as file:
        file.write(LONG)
        for place in (CHUNK, CHUNK + 5, 3 * CHUNK - 1):
            file.seek(place)
            with pytest.raises(io.UnsupportedOperation, match="sealed already"):
                file.write(b"x")
        file.seek(CHUNK - 1)
        with pytest.raises(io.UnsupportedOperation, match="sealed already"):
            file.write(b"xx")
    assert open_sealed(below.getvalue(), [CUSTOMER])[CHUNK:] == LONG[CHUNK:]


def test_what_is_not_sealed_yet_may_be_written_again_and_read_in_the_first_chunk() -> None:
    below = io.BytesIO()
    with SealingFile(below, BOTH) as file:
        file.write(LONG)
        file.seek(3 * CHUNK + 10)
        file.write(b"late")
        file.seek(2)
        assert (file.read(4), file.tell()) == (LONG[2:6], 6)
        file.seek(0)
        assert file.read() == LONG[:CHUNK]
    assert open_sealed(below.getvalue(), [CUSTOMER]) == changed(LONG, 3 * CHUNK + 10, b"late")


@pytest.mark.parametrize(("offset", "whence"), [(-1, os.SEEK_SET), (1, os.SEEK_END), (-1, os.SEEK_CUR), (9, os.SEEK_SET)])
def test_a_sealed_file_has_no_holes(offset: int, whence: int) -> None:
    file = SealingFile(io.BytesIO(), BOTH)
    file.write(b"12345678")
    file.seek(0)
    with pytest.raises(io.UnsupportedOperation):
        file.seek(offset, whence)
    assert file.tell() == 0
    file.close()


def test_what_is_written_after_the_end_is_not_lost_in_silence() -> None:
    file = SealingFile(io.BytesIO(), BOTH)
    file.close()
    with pytest.raises(ValueError, match="closed"):
        file.write(b"late")


def test_only_sealed_bytes_reach_the_file_below_which_stays_open() -> None:
    below = io.BytesIO()
    file = SealingFile(below, BOTH)
    file.write(b"secret word " * 20_000)
    assert b"secret word" not in below.getvalue()
    file.close()
    assert b"secret word" not in below.getvalue()
    once = below.getvalue()
    file.close()
    assert (below.getvalue(), below.closed) == (once, False)


@settings(max_examples=30, deadline=None)
@given(
    st.lists(
        st.one_of(
            st.tuples(st.just("add"), st.integers(1, CHUNK + 9)),
            st.tuples(st.just("patch"), st.integers(0, CHUNK - 1)),
        ),
        max_size=6,
    )
)
def test_any_writing_that_is_allowed_gives_what_a_plain_file_would_hold(steps: list[tuple[str, int]]) -> None:
    below, plain = io.BytesIO(), io.BytesIO()
    with SealingFile(below, BOTH) as file:
        for word, figure in steps:
            for target in (file, plain):
                end = target.seek(0, os.SEEK_END)
                if word == "add":
                    target.write(random.Random(figure).randbytes(figure))
                elif figure < end:
                    target.seek(figure)
                    target.write(b"!" * min(9, CHUNK - figure, end - figure))
    assert open_sealed(below.getvalue(), [CUSTOMER]) == plain.getvalue()


def test_a_real_encoder_that_patches_its_header_can_write_into_it() -> None:
    tone = (10_000 * np.sin(np.arange(400_000) / 9)).astype(np.int16)
    below = io.BytesIO()
    with (
        SealingFile(below, BOTH) as file,
        soundfile.SoundFile(file, "w", samplerate=8000, channels=1, format="FLAC", subtype="PCM_16") as audio,
    ):
        audio.write(tone)
    clear = pyrage.decrypt(below.getvalue(), [reference(CUSTOMER)])
    assert len(clear) > CHUNK
    found, rate = soundfile.read(io.BytesIO(clear), dtype="int16")
    assert rate == 8000
    assert np.array_equal(found, tone)


@EVERY_SIZE
def test_a_file_that_was_written_is_checked_with_its_hashes(tmp_path: Path, size: int) -> None:
    data = os.urandom(size)
    with (tmp_path / "file").open("w+b") as below:
        file = SealingFile(below, BOTH)
        file.write(data)
        file.close()
        found = file.check()
    on_disk = (tmp_path / "file").read_bytes()
    assert found == (hashlib.sha256(on_disk).hexdigest(), hashlib.sha256(data).hexdigest(), len(on_disk))


@settings(max_examples=40)
@given(st.data())
def test_a_disk_that_changed_or_lost_a_byte_is_noticed(data: st.DataObject) -> None:
    below = io.BytesIO()
    file = SealingFile(below, BOTH)
    file.write(LONG)
    file.close()
    start = payload_start(below.getvalue())
    place = data.draw(st.integers(start, len(below.getvalue()) - 1))
    if data.draw(st.booleans()):
        below.truncate(place)
    else:
        below.seek(place)
        below.write(bytes([below.getvalue()[place] ^ 0x10]))
    with pytest.raises(SealedError):
        file.check()
