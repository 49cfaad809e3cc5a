"""What a recording says of each side."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.bed.made import MadeCall
from tests.bed.recorded import all_recordings, recorded


@pytest.mark.parametrize(("speaks", "silent"), [((True, True), ""), ((True, False), "called"), ((False, True), "caller")])
def test_one_way_audio_is_said_with_its_side(tmp_path: Path, speaks: tuple[bool, bool], silent: str) -> None:
    (recording,) = all_recordings(recorded(tmp_path / "var", MadeCall(talk=1.0, speaks=speaks)))
    assert (recording.facts.quality["silent"], recording.facts.one_sided) == (silent, bool(silent))


def test_a_side_that_was_never_heard_has_counts_and_no_score(tmp_path: Path) -> None:
    (recording,) = all_recordings(recorded(tmp_path / "var", MadeCall(talk=1.0, speaks=(True, False))))
    assert recording.facts.quality["called"]["packets"] == 0
    assert "mos" not in recording.facts.quality["called"]
    assert recording.facts.quality["caller"]["mos"] > 4
