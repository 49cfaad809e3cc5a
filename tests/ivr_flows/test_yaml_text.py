"""A flow's text is read as it stands, with places; whatever else YAML can do gets one clear sentence."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ivr_flows.tree import Items, Place, Table, Text
from ivr_flows.yaml_text import DEEPEST, LARGEST, FlowTextError, read


def refusal(data: bytes) -> tuple[str, Place]:
    with pytest.raises(FlowTextError) as caught:
        read(data)
    assert caught.value.finding.message("ja")
    assert caught.value.finding.message("en") == str(caught.value)
    return caught.value.finding.code, caught.value.finding.place


def test_no_scalar_is_guessed() -> None:
    tree = read(b'a: 0120\nb: 010\nc: 9:30\nd: yes\ne: ~\nf: 1e3\ng: "1"\nh: 2027-01-01\n')
    assert [value.value for _, value in tree.entries if isinstance(value, Text)] == [
        "0120", "010", "9:30", "yes", "~", "1e3", "1", "2027-01-01",
    ]  # fmt: skip


def test_every_value_knows_its_place() -> None:
    tree = read("名前: 値\nb: {c: [x,\n    y]}\n".encode())
    assert tree.entries[0][1].place == Place(1, 5)
    below = tree.entries[1][1]
    assert isinstance(below, Table)
    items = below.entries[0][1]
    assert isinstance(items, Items)
    assert [item.place for item in items.values] == [Place(2, 9), Place(3, 5)]


def test_a_quoted_text_is_known_as_such() -> None:
    tree = read(b"\"1\": '2'\n3: 4\n")
    assert [key.quoted for key, _ in tree.entries] == [True, False]


def test_a_byte_order_mark_is_no_part_of_it() -> None:
    assert read(b"\xef\xbb\xbfa: b\n").entries[0][0].value == "a"


@pytest.mark.parametrize(
    ("data", "code", "place"),
    [
        (b"a: 1\na: 2\n", "duplicate-key", Place(2, 1)),
        (b"a: {b: 1, b: 2}\n", "duplicate-key", Place(1, 11)),
        (b"a: &x 1\n", "alias", Place(1, 4)),
        (b"a: *x\n", "alias", Place(1, 4)),
        (b"a: &x [1]\nb: [*x, *x]\n", "alias", Place(1, 4)),
        (b"a: !!python/object/apply:os.system [id]\n", "tag", Place(1, 4)),
        (b"a: !!int 5\n", "tag", Place(1, 4)),
        (b"- a\n", "not-a-mapping", Place(1, 1)),
        (b"", "not-a-mapping", Place(1, 1)),
        (b"just words\n", "not-a-mapping", Place(1, 1)),
        (b"? [a]\n: b\n", "key-is-no-text", Place(1, 3)),
        (b"a: 1\n---\nb: 2\n", "two-documents", Place(2, 1)),
        (b"a: [1, 2\nb: 3\n", "not-yaml", Place(2, 2)),
        (b"a: 1\n\tb: 2\n", "not-yaml", Place(2, 1)),
        (b"a: \x07\n", "not-yaml", Place(1, 4)),
        (b"a: \x00\n", "not-yaml", Place(1, 4)),
        (b"a: 1\nb: \xff\n", "not-utf8", Place(2, 4)),
        ("a: 営業\n".encode("cp932"), "not-utf8", Place(1, 4)),
    ],
)
def test_what_is_no_flow_text_is_refused_at_its_place(data: bytes, code: str, place: Place) -> None:
    assert refusal(data) == (code, place)


@pytest.mark.parametrize("bracket", [b"[", b"{a: ", b"- "])
def test_brackets_without_end_are_refused_early(bracket: bytes) -> None:
    assert refusal(b"a:\n " + bracket * 100_000)[0] in ("too-deep", "not-yaml", "too-large")
    assert refusal(b"a:\n " + bracket * (DEEPEST + 2))[0] == "too-deep"


def test_a_bomb_of_aliases_is_refused_at_its_first_anchor() -> None:
    lines = ["a0: &a0 [x, x, x, x, x, x, x, x, x]"]
    lines += [f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 9)}]" for n in range(1, 9)]
    assert refusal("\n".join(lines).encode()) == ("alias", Place(1, 5))


def test_a_huge_file_is_refused_unread() -> None:
    assert refusal(b"a: " + b"x" * LARGEST)[0] == "too-large"
    assert refusal(b"".join(b"%d: 1\n" % number for number in range(40_000)))[0] == "too-many"


@given(st.binary(max_size=300))
def test_any_bytes_give_a_mapping_or_the_one_error(data: bytes) -> None:
    try:
        tree = read(data)
    except FlowTextError as error:
        assert error.finding.message("ja")
    else:
        assert isinstance(tree, Table)


@given(st.text(alphabet="ab:{}[],\"'#&*!|>-?\n \t%@`1", max_size=80))
def test_any_punctuation_gives_a_mapping_or_the_one_error(words: str) -> None:
    try:
        assert isinstance(read(words.encode()), Table)
    except FlowTextError as error:
        assert error.finding.place.line >= 1
        assert error.finding.place.column >= 1
