"""An error in a configuration names the line: the place that is told is the one where the field really stands."""

from __future__ import annotations

import tomllib

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from appliance.toml_lines import line_of

Path = tuple[str | int, ...]
BARE = st.sampled_from(["site", "name", "lines", "x-1", "a_b", "9"])
KEY = st.one_of(
    BARE.map(lambda key: (key, key)),
    BARE.map(lambda key: (key, f'"{key}"')),
    st.sampled_from([("q.r", '"q.r"'), ("s t", "'s t'"), ("a]b", '"a]b"'), ("a=b", "'a=b'"), ("#", '"#"'), ("東京", '"東京"')]),
)
"""(key, as it stands)."""
VALUE = st.sampled_from(
    [
        "1",
        '"text"',
        '"[site]"',
        '"# no remark"',
        "'it = so'",
        '"a \\" b"',
        "[1, 2]",
        '[\n  "a",  # one ]\n  ["b"],\n  "c = 1",\n]',
        "{x = 1, y = [\n2]}",
        '"""\n[site]\nname = 1\n\\""" \n"""',
        "'''\nname = 2\n''\n'''",
        '"""one line"""',
        '"\u2028 \x85"',
        "2026-01-01",
    ]
)
REMARK = st.sampled_from(["", "\n", "# remark\n", '# say """\n', "# it's [here]\n", "  # \u2028 name = 1\n", "\t\n"])


@st.composite
def documents(draw: st.DrawFn) -> tuple[str, dict[Path, int]]:
    """A TOML text, and on which line each of its fields stands."""
    text = ""
    places: dict[Path, int] = {}
    counts: dict[str, int] = {}

    def keys(table: Path) -> None:
        nonlocal text
        for _ in range(draw(st.integers(0, 3))):
            text += draw(REMARK)
            parts = draw(st.lists(KEY, min_size=1, max_size=2))
            places.setdefault((*table, *(key for key, _ in parts)), text.count("\n") + 1)
            text += f"{draw(st.sampled_from(['', '  ']))}{'.'.join(shown for _, shown in parts)} = {draw(VALUE)}\n"

    keys(())
    for _ in range(draw(st.integers(0, 3))):
        key, shown = draw(KEY)
        text += draw(REMARK)
        if draw(st.booleans()):
            counts[key] = counts.get(key, -1) + 1
            table: Path = (key, counts[key])
            header = f"[[{shown}]]"
        else:
            table, header = (key,), f"[ {shown} ]"
        places.setdefault(table, text.count("\n") + 1)
        text += f"{header}{draw(st.sampled_from(['', '  # remark ]']))}\n"
        keys(table)
    try:
        tomllib.loads(text)
    except tomllib.TOMLDecodeError:
        assume(False)
    return text, places


@given(documents(), st.sampled_from(["\n", "\r\n"]))
def test_every_field_is_found_on_the_line_where_it_stands(document: tuple[str, dict[Path, int]], end: str) -> None:
    text, places = document
    text = text.replace("\n", end)
    for path, line in places.items():
        assert line_of(text, path) == line, path


@given(documents(), st.lists(st.text(max_size=5) | st.integers(0, 5), min_size=1, max_size=3))
def test_what_is_missing_in_a_table_is_answered_with_the_table(
    document: tuple[str, dict[Path, int]], more: list[str | int]
) -> None:
    text, places = document
    for path, line in places.items():
        if not any((*path, *more)[: len(other)] == other and len(other) > len(path) for other in places):
            assert line_of(text, (*path, *more)) == line


TEXT = """\
# the box
site.name = "x"

[capture]
inside = [
  "10.0.0.0/8",
  "not a network",
]

[[lines]]
number = "1"

[[lines]]
name = "second"
[lines.more]
deep = 1

[store]
options = {url = "u", key = "k"}
"""


@pytest.mark.parametrize(
    ("path", "line"),
    [
        (("site", "name"), 2),
        (("capture",), 4),
        (("capture", "inside"), 5),
        (("capture", "inside", 1), 5),
        (("capture", "format"), 4),
        (("lines", 0, "number"), 11),
        (("lines", 0, "record"), 10),
        (("lines", 1), 13),
        (("lines", 1, "number"), 13),
        (("lines", 1, "name"), 14),
        (("lines", 1, "more", "deep"), 16),
        (("store", "options", "key"), 19),
        (("web", "port"), None),
        (("lines", 2), None),
        ((), None),
        (("inside",), None),
        ((0,), None),
    ],
)
def test_each_kind_of_place_is_found(path: Path, line: int | None) -> None:
    assert line_of(TEXT, path) == line


@given(st.text(max_size=200), st.lists(st.text(max_size=5) | st.integers(), max_size=4))
def test_any_text_gives_a_line_of_it_or_none(text: str, path: list[str | int]) -> None:
    line = line_of(text, path)
    assert line is None or 1 <= line <= text.count("\n") + 1


@given(st.text("[]{}\"'#=.,\n\\ ab", max_size=200), st.lists(st.sampled_from(["a", "b", "ab", 0, 1]), max_size=3))
def test_any_text_of_tomls_own_letters_gives_a_line_of_it_or_none(text: str, path: list[str | int]) -> None:
    line = line_of(text, path)
    assert line is None or 1 <= line <= text.count("\n") + 1


@pytest.mark.parametrize(
    "piece", ["[" + " " * 5000, "[" * 50_000, '"' * 20_001, "a." * 20_000, "a = [\n" * 20_000, "'''\n" * 20_001]
)
def test_a_hostile_text_is_read_to_its_end(piece: str) -> None:
    assert line_of(piece + "\nname = 1", ("nowhere",)) is None
