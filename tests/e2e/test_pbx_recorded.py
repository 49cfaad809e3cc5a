"""Calls of the telephone system itself are recorded: the tap listens on the voice LAN's interface, and all goes the usual way."""

from __future__ import annotations

from pathlib import Path

import pytest

from appliance.calls import Call
from tests.bed.acts import answer, bye, hears_bye, invite, rung, talk
from tests.bed.asterisk import UnavailableError
from tests.bed.house import House, wait_for
from tests.bed.lan import possible
from tests.bed.switchboard import BOXES, Switchboard, office_of

NEVER = '[[phone.extensions]]\nnumber = "202"\nrecord = "never"\n'


def test_a_call_through_asterisk_is_one_call_with_one_recording_and_a_desk_that_says_never_has_none(tmp_path: Path) -> None:
    if why := possible():
        pytest.skip(why)
    text = (BOXES / "all" / "appliance.toml").read_text("utf-8").replace('"mirror0"', '"eth0"')
    text = text.replace('[[phone.extensions]]\nnumber = "202"\n', NEVER)
    try:
        office = office_of(tmp_path / "office")
        with office, House(tmp_path / "box", office.lan.names["pbx"], text) as house:
            hold(office, "201", "205")
            hold(office, "201", "202")
            wait_for("both calls and what became of them", lambda: settled(house), 60)
            recorded, silent = settled(house)
            assert (recorded.called, silent.called) == ("205", "202")
            assert house.recording(recorded.id) is not None
            assert house.recording(silent.id) is None
            assert silent.not_recorded == "excluded_rule"
    except UnavailableError as error:
        pytest.skip(str(error))


def hold(office: Switchboard, caller: str, called: str) -> None:
    """Both speak (tones) for three seconds."""
    office.plays(
        office.desk(called, rung(), answer(), hears_bye(), calls=False, inband="5"),
        office.desk(caller, invite(called), talk(3), bye(), inband="6"),
    )


def settled(house: House) -> list[Call]:
    """The two calls as people see them, once each has a recording or a reason."""
    calls = [call for call in house.calls() if call.main is None]
    done = [call for call in calls if house.recording(call.id) is not None or call.not_recorded]
    return done if len(done) == 2 else []
