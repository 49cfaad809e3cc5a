"""Where the disk's reserve is reached the box records on, in the smaller format, and says so."""

from __future__ import annotations

from pathlib import Path

import pytest

from appliance.health.checks import Context, Severity, disk
from appliance.ledger import Ledger
from tests.bed.made import MadeCall
from tests.bed.recorded import all_recordings, recorded
from tests.fakes.clock import START


@pytest.mark.parametrize(("reserve", "format", "said"), [(50, "flac", 0), (10**9, "opus", 1)])
def test_below_the_reserve_recordings_are_small(tmp_path: Path, reserve: int, format: str, said: int) -> None:
    data = tmp_path / "var"
    data.mkdir()
    (data / "appliance.toml").write_text(f'[capture]\nformat = "flac"\n[health]\ndisk_reserve_megabytes = {reserve}\n')
    box = recorded(data, MadeCall(number=1, talk=0.5))
    (found,) = all_recordings(box)
    assert (found.facts.format, found.facts.file.split(".")[1]) == (format, format)
    assert (box.folders.recordings / found.facts.file).exists()
    with Ledger.open(box.folders.ledger) as ledger:
        errors = [one for one in disk.check(Context(box, ledger, START)) if one.severity is Severity.ERROR]
    assert len(errors) == said
