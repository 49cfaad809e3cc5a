"""A change of the settings is checked, kept, written down and undone; one that cannot be applied leaves all as it was."""

from __future__ import annotations

import importlib.metadata
from pathlib import Path

import pytest

from appliance import config_change, root_requests
from appliance.box import Box
from appliance.config_change import StaleError, carry_out, difference, mark, outcome, propose, text_of, undo, versions
from appliance.errors import ConfigError, CouldNotError, UsageError
from appliance.ledger import Ledger
from appliance.records import Changed

NOW = 1_790_000_000_000_000_000
FIRST = '# the office\n[site]\nname = "東京店"\n'
SECOND = FIRST + '[[lines]]\nnumber = "03-1234-5678"\nname = "代表"\n'


@pytest.fixture
def box(tmp_path: Path) -> Box:
    """A box in a folder of a user's own."""
    (tmp_path / "appliance.toml").write_text(FIRST, "utf-8")
    return Box.at(tmp_path)


def test_a_change_counts_and_is_written_down(box: Box) -> None:
    change = propose(box, SECOND, "tanaka", "the second line", NOW)
    done = outcome(box, change)
    assert done is not None
    assert (done.ok, done.values["sections"]) == (True, "lines")
    assert config_change.current(box).config.lines[0].name == "代表"
    with Ledger.open(box.folders.ledger) as ledger:
        (row,) = ledger.of("settings")
    assert isinstance(row.record, Changed)
    assert (row.record.who, row.record.what, row.record.why) == ("tanaka", f"lines ({change})", "the second line")


def test_it_can_be_undone_and_that_too(box: Box) -> None:
    first = propose(box, SECOND, "tanaka", "", NOW)
    second = undo(box, first, "suzuki", "", NOW + 1)
    assert text_of(box) == FIRST
    undo(box, second, "tanaka", "", NOW + 2)
    assert text_of(box) == SECOND
    assert [one.who for one in versions(box)] == ["tanaka", "suzuki", "tanaka"]
    with pytest.raises(UsageError, match="no such version"):
        undo(box, "nothing", "tanaka", "", NOW)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("[site]\nnmae = 1\n", r"appliance\.toml:2: site\.nmae: is not a setting"),
        ('[capture]\nformat = "mp3"\n', "is not one of"),
        ("[", "not TOML"),
    ],
)
def test_what_does_not_hold_is_not_even_asked(box: Box, text: str, said: str) -> None:
    with pytest.raises(ConfigError, match=said):
        propose(box, text, "tanaka", "", NOW)
    assert text_of(box) == FIRST
    assert versions(box) == []


def test_nothing_is_no_change(box: Box) -> None:
    with pytest.raises(UsageError, match="nothing differs"):
        propose(box, FIRST, "tanaka", "", NOW)


def test_what_somebody_else_changed_meanwhile_is_not_written_over(box: Box) -> None:
    base = mark(text_of(box))
    propose(box, SECOND, "suzuki", "", NOW)
    with pytest.raises(StaleError, match="somebody else"):
        propose(box, FIRST + "[health]\ndisk_hours = 5\n", "tanaka", "", NOW, base)


def test_root_believes_nothing(box: Box, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(config_change, "check", lambda box, text: box)
    monkeypatch.setattr(importlib.metadata, "entry_points", lambda group: [])
    propose(box, "[nonsense]\n", "mallory", "", NOW)
    monkeypatch.undo()
    (request,) = root_requests.waiting(box)
    done = carry_out(box, request, NOW, lambda before, after: "")
    assert (done.ok, text_of(box)) == (False, FIRST)
    assert "is not a setting" in done.said


def asked(box: Box, text: str, monkeypatch: pytest.MonkeyPatch) -> root_requests.Request:
    with monkeypatch.context() as patched:
        patched.setattr(importlib.metadata, "entry_points", lambda group: [])
        propose(box, text, "tanaka", "", NOW)
    (request,) = root_requests.waiting(box)
    return request


def test_where_the_machine_refuses_the_settings_are_as_before(box: Box, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(before: Box, after: Box) -> str:
        assert (before.source.text, after.source.text) == (FIRST, SECOND)
        raise CouldNotError("nft: no such table")

    done = carry_out(box, asked(box, SECOND, monkeypatch), NOW, refuse)
    assert not done.ok
    assert "nft: no such table; the settings are as they were before" in done.said
    assert text_of(box) == FIRST


def test_a_power_cut_in_the_middle_is_made_good(box: Box, monkeypatch: pytest.MonkeyPatch) -> None:
    request = asked(box, SECOND, monkeypatch)

    def cut(before: Box, after: Box) -> str:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        carry_out(box, request, NOW, cut)
    done = carry_out(box, request, NOW, lambda before, after: before.source.text + after.source.text)
    assert (done.ok, done.said) == (True, FIRST + SECOND)
    root_requests.settle(box, done)
    assert config_change.before(box, request.id) == FIRST


def test_the_epoch_is_never_lowered(tmp_path: Path) -> None:
    (tmp_path / "appliance.toml").write_text("[site]\nepoch = 3\n")
    box = Box.at(tmp_path)
    done = outcome(box, propose(box, "[site]\nepoch = 2\n", "tanaka", "", NOW))
    assert done is not None
    assert not done.ok
    assert "epoch" in done.said


def test_the_difference_is_one_that_a_person_reads() -> None:
    assert difference(FIRST, SECOND).splitlines()[-3:] == ["+[[lines]]", '+number = "03-1234-5678"', '+name = "代表"']
    assert difference(FIRST, FIRST) == ""
