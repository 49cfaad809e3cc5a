"""A recording's file has a name that no header or folder can be broken with, and what was not sent is no export."""

from __future__ import annotations

import re

from appliance.records import Exported
from tests.appliance.furnished import Furnished, signed_in


def test_the_files_name_is_the_boxs_own_whatever_the_caller_is_called(own: Furnished) -> None:
    with own.ledger() as ledger:
        ledger.connection.execute("UPDATE call SET caller_name = ?", ('x"\r\nSet-Cookie: a=b; filename="../../etc/passwd',))
    answer = signed_in(own).get(f"/calls/{own.calls['inbound']}/download")
    assert re.fullmatch(r'attachment; filename="\d{8}-\d{6}-[a-z2-7]{16}\.(flac|ogg|opus)"', answer.headers["content-disposition"])
    assert "set-cookie" not in answer.headers


def test_a_part_that_is_not_there_is_no_export(own: Furnished) -> None:
    answer = signed_in(own).get(f"/calls/{own.calls['inbound']}/download", headers={"Range": "bytes=99999999-"})
    assert answer.status_code == 416
    with own.ledger() as ledger:
        assert not [row for row in ledger.of(own.recording("inbound").facts.recording) if isinstance(row.record, Exported)]
