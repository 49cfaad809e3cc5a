"""Tables are read in whatever encoding an office saves them, columns are guessed, and no cell that leaves becomes a formula."""

from __future__ import annotations

import csv
import io

import pytest
from hypothesis import given
from hypothesis import strategies as st

from appliance.customers import sheets
from appliance.errors import SaidError

TEXT = "氏名,フリガナ,電話番号\r\n髙橋①,タカハシ,090-1111-2222\r\n"


@pytest.mark.parametrize(
    ("encoding", "name"), [("utf-8", "utf-8"), ("utf-8-sig", "utf-8"), ("cp932", "cp932"), ("utf-16", "utf-16")]
)
def test_the_encoding_is_found(encoding: str, name: str) -> None:
    sheet = sheets.read(TEXT.encode(encoding))
    assert sheet.encoding == name
    assert sheet.rows == [["髙橋①", "タカハシ", "090-1111-2222"]]


@pytest.mark.parametrize("divider", [",", "\t", ";"])
def test_the_divider_is_found_and_quoted_cells_hold_lines(divider: str) -> None:
    text = f'名前{divider}メモ\n佐藤{divider}"一行目{divider}\n二行目"\n\n'
    assert sheets.read(text.encode()).rows == [["佐藤", f"一行目{divider}\n二行目"]]


@pytest.mark.parametrize("raw", [b"", b"a,b\n", b"\x89PNG\r\n\x1a\n\x00\x00", b"\xff\xfe\x00", b"name\n\x81\n", b"a,b\n1\0,2\n"])
def test_what_is_no_table_is_refused_in_words(raw: bytes) -> None:
    with pytest.raises(SaidError):
        sheets.read(raw)


def test_a_cell_beyond_all_measure_is_refused_in_words() -> None:
    with pytest.raises(SaidError):
        sheets.read(b"name\n" + b"a" * 200_000)


@pytest.mark.parametrize(
    ("head", "columns"),
    [
        ("顧客番号,お名前,フリガナ,会社名,電話番号1,携帯電話,備考,分類", "code name kana company number number memo label"),
        ("ID,Name,Phone,Company,Notes,Tags", "code name number company memo label"),
        ("氏名（ふりがな）,氏名,TEL,住所", "kana name number -"),
        (",".join(("顧客番号", "名前", "フリガナ", "会社名", "電話番号1", "電話番号2", "電話番号3", "ラベル", "重要", "着信拒否", "メモ")),
         "code name kana company number number number label important blocked memo"),
    ],
)  # fmt: skip
def test_columns_are_guessed_by_their_headings(head: str, columns: str) -> None:
    assert [column or "-" for column in sheets.guess(head.split(","))] == columns.split()


@pytest.mark.parametrize("cell", ["=1+1", "+cmd|' /C calc'!A0", "-2+3", "@SUM(A1)", "\tx", "\rx", '=HYPERLINK("http://x")'])
def test_no_cell_that_leaves_is_a_formula_and_it_comes_back_as_it_was(cell: str) -> None:
    text = "".join(sheets.write(["a"], [[cell]]))
    back = next(iter(list(csv.reader(io.StringIO(text.removeprefix("\ufeff"), newline="")))[1:]))[0]
    assert back.startswith("'")
    assert sheets.unguarded(back) == cell.strip() or back[1:] == cell


@given(st.binary(max_size=300))
def test_any_bytes_give_a_table_or_the_one_error(raw: bytes) -> None:
    try:
        sheets.read(raw)
    except SaidError:
        return


CELLS = st.text(st.characters(codec="utf-8", exclude_characters="\0\r"), max_size=20)


@given(st.lists(st.lists(CELLS, min_size=2, max_size=2), min_size=1, max_size=5))
def test_what_is_written_is_read_again(rows: list[list[str]]) -> None:
    text = "".join(sheets.write(["名前", "メモ"], rows)).removeprefix("\ufeff")
    back = list(csv.reader(io.StringIO(text, newline="")))[1:]
    assert [[sheets.unguarded(cell) for cell in row] for row in back] == [[sheets.unguarded(cell) for cell in row] for row in rows]


def test_a_cell_says_yes() -> None:
    assert all(map(sheets.is_yes, ("1", "はい", "TRUE", "○", "重要")))
    assert not any(map(sheets.is_yes, ("", "0", "いいえ", "no")))
