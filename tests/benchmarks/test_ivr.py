"""The benchmark of the flows runs from end to end and fills its table; its figures are judged by people, never here."""

from __future__ import annotations

import pytest

from benchmarks import ivr
from tests import needs
from tests.bed.asterisk import UnavailableError

pytestmark = [needs.root, needs.namespaces(), needs.program("mmdebstrap", "sipp")]


def test_every_row_is_filled_and_callers_were_served_both_ways() -> None:
    try:
        found = list(ivr.lines(rates=(2,), seconds=2.0))
    except UnavailableError as error:
        pytest.skip(str(error))
    rows = [line.split("|") for line in found if line.startswith("| ") and "---" not in line and "way" not in line]
    assert [row[1].strip() for row in rows] == list(ivr.WAYS.values())
    assert all(int(row[3]) == 4 and int(row[4]) < 4 and "nan" not in row[5] for row in rows), rows
