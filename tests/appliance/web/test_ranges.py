"""A Range header gives bytes that exist, the whole file, or 416; never anything else."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from appliance.web.ranges import Range, UnsatisfiableError, parse

SIZES = st.integers(0, 10**12)
PLACES = st.integers(0, 10**13)


@given(PLACES, PLACES, SIZES)
def test_first_and_last_byte_give_exactly_those_between(first: int, length: int, size: int) -> None:
    header = f"bytes={first}-{first + length}"
    if first >= size:
        with pytest.raises(UnsatisfiableError):
            parse(header, size)
    else:
        assert parse(header, size) == Range(first, min(size, first + length + 1))


@given(PLACES, SIZES)
def test_an_open_range_goes_to_the_end(first: int, size: int) -> None:
    if first >= size:
        with pytest.raises(UnsatisfiableError):
            parse(f"bytes={first}-", size)
    else:
        assert parse(f"bytes={first}-", size) == Range(first, size)


@given(PLACES, SIZES)
def test_a_suffix_gives_the_last_bytes(length: int, size: int) -> None:
    if not length or not size:
        with pytest.raises(UnsatisfiableError):
            parse(f"bytes=-{length}", size)
    else:
        assert parse(f"bytes=-{length}", size) == Range(max(0, size - length), size)


@pytest.mark.parametrize(
    "header",
    [
        "", "bytes", "bytes=", "bytes=-", "bytes=5-3", "bytes=0-1,4-5", "bytes=a-b", "bytes=-1-2", "bytes=0x1-2", "items=0-1",
        "bytes=0-1;", "bytes=１-２", "bytes=+1-2", "bytes=1.5-2", "bytes=" + "9" * 19 + "-", "bytes=0-" + "9" * 1_000_000,
    ],
)  # fmt: skip
def test_what_is_no_single_range_gives_the_whole(header: str) -> None:
    assert parse(header, 1000) is None


@given(st.text(max_size=60) | st.from_regex(r"bytes=[0-9,\- ]*"), SIZES)
def test_any_header_stays_inside_the_file(header: str, size: int) -> None:
    try:
        found = parse(header, size)
    except UnsatisfiableError:
        return
    assert found is None or 0 <= found.begin < found.end <= size
