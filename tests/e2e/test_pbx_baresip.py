"""A real telephone program in the office of the generated files: it signs in with its own password, calls, is called, and is followed
by what its desk says. A wrong password stays outside."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from tests.bed.acts import answer, hears_bye, invite, rung, talk
from tests.bed.acts import bye as hangs_up
from tests.bed.asterisk import UnavailableError
from tests.bed.lan import possible
from tests.bed.phone import Phone
from tests.bed.switchboard import office_of

WORDS = (np.sin(np.arange(16000) / 20) * 8000).astype(np.int16)


def test_baresip_calls_and_is_called(tmp_path: Path) -> None:
    if why := possible():
        pytest.skip(why)
    try:
        with office_of(tmp_path / "office") as office:
            with Phone(office.lan, "204", WORDS, tmp_path / "phone", server=office.server, password="pw204") as phone:
                callee = office.desk("205", rung(shown="ロビー"), answer(), hears_bye(), calls=False)
                with callee:
                    phone.dial("205")
                    phone.wait("CALL_ESTABLISHED")
                    phone.hang_up()
                    callee.wait()
                office.settles()
                office.plays(office.desk("201", invite("204"), talk(1), hangs_up()))
                assert len(phone.happened("CALL_ESTABLISHED")) == 2
            office.settles()
            with (
                pytest.raises(AssertionError, match="is not registered"),
                Phone(office.lan, "203", WORDS, tmp_path / "stranger", server=office.server, password="wrong"),
            ):
                pass
    except UnavailableError as error:
        pytest.skip(str(error))
