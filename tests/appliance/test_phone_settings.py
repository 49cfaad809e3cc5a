"""The settings of the telephone system (settings) hold what issue 5 names, with defaults an office can live with."""

from __future__ import annotations

from appliance.config import Config, Source, parse
from appliance.phone_settings import Phone


def test_a_box_without_a_word_of_telephones_runs_none() -> None:
    assert not Config().phone.enabled


def test_the_tree_is_read_from_a_table_of_its_own() -> None:
    text = '[phone]\nenabled = true\noffice_prefix = "0"\n[[phone.extensions]]\nnumber = "201"\n[phone.codes]\npickup = "*9"\n'
    phone = parse(Source("box.toml", text)).phone
    assert (phone.enabled, phone.extensions[0].number, phone.codes.pickup) == (True, "201", "*9")


def test_announcements_are_in_japanese_unless_said_otherwise() -> None:
    assert Phone().language == "ja"
