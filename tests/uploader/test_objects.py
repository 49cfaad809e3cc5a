"""The names of objects: read back as they were written, said once for one content, and silent about who called whom."""

from __future__ import annotations

from datetime import UTC, datetime

from hypothesis import example, given
from hypothesis import strategies as st

from appliance.moments import SECOND
from uploader import objects

CONTRACT = st.from_regex(r"[A-Za-z0-9_-]{1,40}", fullmatch=True)
EPOCH = st.integers(1, 10**6)
MOMENT = st.integers(0, 4_102_444_800 * SECOND)
ID = st.text("abcdefghijklmnopqrstuvwxyz234567", min_size=16, max_size=16)
SHA256 = st.text("0123456789abcdef", min_size=64, max_size=64)
KIND = st.sampled_from(["flac", "opus"])
NAME = st.builds(objects.recording_key, CONTRACT, EPOCH, MOMENT, ID, SHA256, KIND)
LIKELY = st.from_regex(r"v1/\w+/\d+/\d{4}/\d\d/\d\d/[a-z2-7]{16}-[0-9a-f]{16}\.\w+\.age\n?", fullmatch=True)
ONE = "v1/C-1/2/2026/09/21/abcdefghij234567-0123456789abcdef.flac.age"


@given(CONTRACT, EPOCH, MOMENT, ID, SHA256, KIND)
def test_a_name_is_read_back_as_it_was_written(
    contract: str, epoch: int, began: int, recording: str, sha256: str, kind: str
) -> None:
    key = objects.recording_key(contract, epoch, began, recording, sha256, kind)
    day = datetime.fromtimestamp(began // SECOND, UTC).strftime("%Y/%m/%d")
    assert objects.read_key(key) == (contract, epoch, day, recording, sha256[:16], kind, "")
    assert objects.read_key(objects.payload_key(key)) == (contract, epoch, day, recording, sha256[:16], kind, "payload")
    assert objects.read_key(objects.header_key(key, 7)) == (contract, epoch, day, recording, sha256[:16], kind, "header-0007")
    for other in (objects.payload_key(key), objects.header_key(key, 7), key):
        assert objects.whole_key(other) == key


def test_the_name_is_the_one_that_the_design_promises() -> None:
    key = objects.recording_key("C-1", 2, 1_790_000_000 * SECOND, "abcdefghij234567", "0123456789abcdef" * 4, "flac")
    assert key == ONE


@given(NAME)
def test_a_manifest_lies_beside_its_recording_and_differs_in_its_ending_only(key: str) -> None:
    beside = objects.manifest_key(key)
    recording, manifest = objects.read_key(key), objects.read_key(beside)
    assert recording is not None
    assert manifest == recording._replace(kind="json")
    assert beside.removesuffix(objects.MANIFEST) == key.rsplit(".", 2)[0]


@given(NAME, CONTRACT)
def test_a_contract_begins_its_own_names_and_nobody_elses(key: str, other: str) -> None:
    name = objects.read_key(key)
    assert name is not None
    assert key.startswith(objects.prefix(name.contract))
    assert key.startswith(objects.prefix(other)) == (other == name.contract)


@given(CONTRACT, EPOCH, MOMENT, ID, SHA256, SHA256)
def test_other_content_has_another_name(contract: str, epoch: int, began: int, recording: str, one: str, other: str) -> None:
    names = {objects.recording_key(contract, epoch, began, recording, sha256, "flac") for sha256 in (one, other)}
    assert len(names) == len({one[:16], other[:16]})


@given(st.one_of(st.text(max_size=120), LIKELY, NAME.map(lambda key: key + "\n")))
@example(ONE.replace("/2/", "/٢/"))
@example(ONE.replace("/2/", "/02/"))
@example(ONE.replace("2026", "../.."))
@example("x/" + ONE)
def test_any_text_is_none_of_ours_or_exactly_a_name_of_ours(text: str) -> None:
    name = objects.read_key(text)
    if name is not None:
        contract, epoch, day, recording, sha16, kind, part = name
        assert text == f"v1/{contract}/{epoch}/{day}/{recording}-{sha16}.{kind}.age{part and '.'}{part}"
        assert text.isascii()
        assert ".." not in text
