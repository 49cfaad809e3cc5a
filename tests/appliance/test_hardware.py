"""What root found out is read as it was written, and anything else is as if nobody had looked."""

from __future__ import annotations

import pytest

from appliance import hardware
from appliance.box import Box
from tests.appliance.troubled import ill
from tests.fakes.clock import START


def test_it_is_read_as_it_was_written(box: Box) -> None:
    hardware.write(box.folders, ill(START))
    assert hardware.read(box.folders) == ill(START)


@pytest.mark.parametrize("text", [None, "", "[]", "{}", '{"at": 1, "disks": [{"made": "up"}]}', '{"at": 1, "disks": [], "new": 1}'])
def test_what_is_not_ours_is_nothing(box: Box, text: str | None) -> None:
    box.folders.run.mkdir(parents=True)
    if text is not None:
        (box.folders.run / hardware.FILE).write_text(text)
    assert hardware.read(box.folders) is None
