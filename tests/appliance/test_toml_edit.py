"""A setting is changed in its own line; comments and everything else stay, and a form that is not understood is refused."""

from __future__ import annotations

import tomllib
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from appliance.errors import SaidError
from appliance.toml_edit import put, put_rows, value

TEXT = """# the office
[site]
name = "東京店"  # as on the door
area_code = "03"

# the lines
[[lines]]
number = "1"
[[lines]]
number = "2"

[network.lan]
dns = [
  "192.168.1.1",  # the router
  "192.168.1.2",
]
interface = "eth0"
"""


def test_a_value_is_replaced_in_its_line() -> None:
    changed = put(TEXT, ("site", "area_code"), "06")
    assert changed == TEXT.replace('area_code = "03"', 'area_code = "06"')


def test_a_value_over_several_lines_is_replaced_whole() -> None:
    changed = put(TEXT, ("network", "lan", "dns"), ["10.0.0.1"])
    assert 'dns = ["10.0.0.1"]\ninterface = "eth0"' in changed
    assert "the router" not in changed
    assert "as on the door" in changed


def test_a_key_and_a_table_that_are_missing_are_added() -> None:
    changed = put(put(TEXT, ("site", "serial"), "B-1"), ("capture", "interface"), "eth1")
    assert '[site]\nserial = "B-1"\n' in changed
    assert changed.endswith('[capture]\ninterface = "eth1"\n')
    assert put("", ("capture", "interface"), "eth1") == '[capture]\ninterface = "eth1"\n'


def test_what_is_so_already_changes_nothing() -> None:
    assert put(TEXT, ("site", "area_code"), "03") == TEXT
    assert put_rows(TEXT, "lines", [{"number": "1"}, {"number": "2"}]) == TEXT


def test_rows_take_the_place_of_those_that_were_there() -> None:
    changed = put_rows(TEXT, "lines", [{"number": "3", "record": False}])
    assert tomllib.loads(changed)["lines"] == [{"number": "3", "record": False}]
    assert changed.index("# the lines") < changed.index("[[lines]]") < changed.index("[network.lan]")
    assert "lines" not in tomllib.loads(put_rows(TEXT, "lines", []))
    deep = put_rows(TEXT, "notify.channels", [{"name": "a", "kind": "mail", "options": {"to": ["x"]}}])
    assert tomllib.loads(deep)["notify"]["channels"][0]["options"] == {"to": ["x"]}
    assert "notify" in tomllib.loads(put_rows(deep, "notify.channels", [{"name": "b", "kind": "mail"}]))


@pytest.mark.parametrize("text", ['site = {name = "x"}\n', 'site.name = "x"\n'])
def test_a_form_that_is_not_understood_is_refused(text: str) -> None:
    with pytest.raises(SaidError, match="in a form that this page does not change"):
        put(text, ("site", "name"), "y")


def test_rows_in_one_line_are_refused() -> None:
    with pytest.raises(SaidError):
        put_rows('lines = [{number = "1"}]\n', "lines", [{"number": "2"}])


@given(st.recursive(st.text() | st.booleans() | st.integers(-(2**62), 2**62), lambda inner: st.lists(inner, max_size=3)))
def test_any_value_is_read_back_as_it_was_given(given: Any) -> None:
    if isinstance(given, str):
        given = given.encode("utf-8", "replace").decode()
    assert tomllib.loads(f"x = {value(given)}")["x"] == given
