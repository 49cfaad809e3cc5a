"""Any system that answers in JSON says who calls; what it answers is looked for where the settings say, and nothing else is believed."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from appliance.popups.kinds.http import Options, at, look_up
from appliance.popups.known import Caller, Found
from tests.bed.crm import Crm, crm

CALLER = Caller("09012345678", "+819012345678", "090-1234-5678")
PATIENCE = 20.0
TREES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(["a", "b", "data"]), inner, max_size=3),
    max_leaves=8,
)


def options(system: Crm, **more: Any) -> Options:
    return Options(
        url=f"{system.url}/who?tel={{e164}}", hosts=[system.host], name="data[0].name", company="data[0].org.name", **more
    )


def test_who_calls_is_found_by_paths() -> None:
    said = {"data": [{"name": " 高橋\n一 ", "org": {"name": "高橋工務店"}}]}
    with crm(lambda asked: (200, said)) as system:
        assert look_up(options(system), {"token": "Bearer t"}, CALLER, PATIENCE) == Found("高橋 一", "高橋工務店")
    assert system.asked[0].path == "/who?tel=%2B819012345678"
    assert system.asked[0].headers["authorization"] == "Bearer t"


@pytest.mark.parametrize(
    ("status", "said"), [(404, b""), (200, {"data": []}), (200, {}), (200, {"data": [{"name": None}]}), (200, [])]
)
def test_nobody_is_an_answer(status: int, said: Any) -> None:
    with crm(lambda asked: (status, said)) as system:
        assert look_up(options(system), {}, CALLER, PATIENCE) is None
    assert "authorization" not in system.asked[0].headers


@pytest.mark.parametrize(
    "bad",
    [
        {"url": "http://other.example/{e164}", "hosts": ["crm.example"], "name": "name"},
        {"url": "https://{national}.crm.example/x", "hosts": ["crm.example"], "name": "name"},
        {"url": "https://crm.example/x", "hosts": ["crm.example"], "name": "name"},
        {"url": "https://crm.example/{e164}", "hosts": [], "name": "name"},
        {"url": "https://crm.example/{e164}", "hosts": ["crm.example"], "name": "a..b"},
    ],
)
def test_settings_that_would_ask_strangers_or_nobody_are_refused(bad: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        Options(**bad)


@given(TREES, st.sampled_from(["a", "data[0].a", "data[9]", "[0]", "a.b.a", ""]))
def test_any_tree_gives_a_line_of_text(tree: Any, path: str) -> None:
    found = at(tree, path)
    assert "\n" not in found and len(found) <= 300
