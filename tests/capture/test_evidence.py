"""Numbers that are missing although nothing was lost do not count as losses of a recording."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from capture.pcapfile import Captured
from tests.bed.quality import held, keyed, moved
from tests.bed.recorded import all_recordings, recorded


def caller(folder: Path, frames: list[Captured]) -> dict[str, Any]:
    (recording,) = all_recordings(recorded(folder / "var", frames=frames))
    quality: dict[str, Any] = recording.facts.quality["caller"]
    assert recording.facts.lost == quality["lost"] + recording.facts.quality["called"]["lost"]
    return quality


def test_a_hold_in_which_the_numbers_run_on_loses_nothing(tmp_path: Path) -> None:
    quality = caller(tmp_path, held()[1])
    assert (quality["lost"], quality["paused"], quality["bursts"], quality["outage"], quality["mos"]) == (0, 100, 0, 0, 4.41)


@pytest.mark.parametrize("how", [{"accepted": False}, {"agreed": False}])
def test_without_an_agreement_the_same_is_a_loss_and_an_outage(tmp_path: Path, how: dict[str, bool]) -> None:
    quality = caller(tmp_path, held(**how)[1])
    assert (quality["lost"], quality["paused"], quality["bursts"], quality["outage"]) == (100, 0, 1, 2020)
    assert quality["mos"] < 2


def test_keys_that_an_exchange_tells_by_info_are_no_losses(tmp_path: Path) -> None:
    quality = caller(tmp_path / "a", keyed()[1])
    assert (quality["lost"], quality["keyed"], quality["mos"]) == (0, 10, 4.41)
    quality = caller(tmp_path / "b", keyed(said=False)[1])
    assert (quality["lost"], quality["keyed"]) == (10, 0)


def test_a_side_that_goes_on_at_another_address_is_counted_together(tmp_path: Path) -> None:
    quality = caller(tmp_path, moved()[1])
    assert (quality["streams"], quality["packets"], quality["lost"], quality["elsewhere"]) == (2, 95, 5, 80)
