"""The whole dialplan: every context that is gone to is there."""

from __future__ import annotations

import re

import pytest

from provisioning.asterisk import extensions
from tests.bed.boxes import wiring

ELSEWHERE = {"parkedcalls"}
"""Made by res_parking."""


@pytest.mark.parametrize("case", ["all", "pbx", "lines"])
def test_nothing_leads_into_a_context_that_is_not_there(case: str) -> None:
    text = extensions.render(wiring(case))
    there = set(re.findall(r"^\[([^\]]+)\]", text, re.MULTILINE)) | ELSEWHERE
    gone_to = set(re.findall(r"(?:Goto|Gosub)\(([a-z][a-z0-9-]+),[^,)]*,", text)) | set(re.findall(r"include => (\S+)", text))
    gone_to |= set(re.findall(r"\?([a-z][a-z0-9-]+),[^)]*,1", text)) | set(re.findall(r"Local/[^@]+@([a-z-]+)/n", text))
    assert gone_to - there == set()
    assert len(gone_to) > 15


def test_the_heartbeat_outlives_a_reload() -> None:
    assert "clearglobalvars = no" in extensions.render(wiring())
