"""Only a local copy that is old enough, stored elsewhere and held for no case may go; the most telling rule says how old."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from appliance.calls import Recording
from appliance.config import Config, Source, parse
from appliance.errors import ConfigError
from appliance.janitor.retention import Expiry, Term, due, term_of
from appliance.moments import SECOND
from tests.fakes import facts
from tests.fakes.clock import START

DAY = 24 * 3600 * SECOND
STORED = Recording(
    facts=facts.ready(started_at=START), store="folder", key="v1/x", stored_at=START + SECOND, parked=None, expired_at=None, held=False,
    erased_at=None,
)  # fmt: skip
MOMENTS = st.none() | st.integers(0, 2 * START)
recordings = st.builds(
    Recording, facts=st.builds(lambda at: facts.ready(started_at=at), st.integers(0, 2 * START)), store=st.none(), key=st.none(),
    stored_at=MOMENTS, parked=st.none() | st.just("why"), expired_at=MOMENTS, held=st.booleans(), erased_at=MOMENTS,
)  # fmt: skip


def local(days: int, everywhere: int = 0) -> Callable[[Recording], Term]:
    """The same term for all."""
    return lambda _: Term(days, everywhere)


@pytest.mark.parametrize(("age", "goes"), [(30 * DAY - 1, False), (30 * DAY, False), (30 * DAY + 1, True), (-DAY, False)])
def test_a_copy_goes_when_it_is_older_than_the_days(age: int, goes: bool) -> None:
    found = list(due([STORED], START + age, local(30)))
    assert [expiry.recording for expiry in found] == [STORED] * goes
    assert all(expiry.rule == "retention.local_days = 30" for expiry in found)


@pytest.mark.parametrize(
    "kept",
    [
        replace(STORED, stored_at=None),
        replace(STORED, held=True),
        replace(STORED, expired_at=START),
        replace(STORED, erased_at=START),
        replace(STORED, stored_at=None, parked="the store refuses it"),
    ],
    ids=["not stored", "held", "gone already", "erased", "parked"],
)
def test_a_copy_that_is_not_stored_or_is_held_or_gone_is_not_due(kept: Recording) -> None:
    assert list(due([kept], START + 9999 * DAY, local(1))) == []


def test_without_a_limit_nothing_ever_goes() -> None:
    assert list(due([STORED], START + 9999 * DAY, local(0))) == []


@given(st.lists(recordings, max_size=8), st.integers(0, 4 * START), st.integers(0, 10_000))
def test_whatever_goes_is_stored_not_held_and_old_enough(found: list[Recording], now: int, days: int) -> None:
    gone = [expiry.recording for expiry in due(found, now, local(days))]
    for recording in gone:
        assert recording.stored_at is not None and not recording.held
        assert recording.expired_at is None and recording.erased_at is None
        assert days and now - recording.facts.started_at > days * DAY
    assert gone == [recording for recording in found if recording in gone], "in order, each as often as it is there"


@pytest.mark.parametrize("stored", [START, None])
def test_what_is_too_old_is_erased_everywhere_stored_or_not(stored: int | None) -> None:
    old = replace(STORED, stored_at=stored)
    assert list(due([old], START + 10 * DAY, local(0, 10))) == []
    assert list(due([old], START + 10 * DAY + 1, local(0, 10))) == [Expiry(old, "retention.erase_days = 10", everywhere=True)]


def test_a_hold_wins_over_every_term() -> None:
    assert list(due([replace(STORED, held=True)], START + 9999 * DAY, local(1, 1))) == []


def test_an_erased_recording_is_not_due_again() -> None:
    assert list(due([replace(STORED, erased_at=START)], START + 9999 * DAY, local(1, 1))) == []


RULES = """
[retention]
local_days = 30
erase_days = 90
[[retention.rules]]
group = "sales"
erase_days = 60
[[retention.rules]]
line = "03-1111-2222"
erase_days = 10
[[retention.rules]]
label = "harassment"
erase_days = 1000
[[retention.rules]]
label = "short"
erase_days = 5
[[retention.rules]]
label = "always"
[[lines]]
number = "03-1111-2222"
group = "sales"
[[lines]]
number = "03-1111-3333"
group = "sales"
"""


@pytest.mark.parametrize(
    ("line", "labels", "days"),
    [
        (None, (), 90),
        ("03-9999-9999", (), 90),
        ("03-1111-3333", (), 60),
        ("03-1111-2222", (), 10),
        ("0311112222", (), 10),
        ("03-1111-2222", ("harassment",), 1000),
        ("03-1111-2222", ("short", "harassment"), 1000),
        (None, ("short",), 5),
        (None, ("short", "always"), 0),
        ("03-1111-2222", ("unknown",), 10),
    ],
)
def test_the_label_wins_over_the_line_the_line_over_its_group_the_group_over_all(
    line: str | None, labels: tuple[str, ...], days: int
) -> None:
    assert term_of(parse(Source("rules", RULES)), line, labels).erase_days == days


def test_the_rule_that_counts_is_named() -> None:
    config = parse(Source("rules", RULES))
    assert term_of(Config(), None, ()).rule == "retention."
    assert term_of(config, "03-1111-2222", ()).rule == "retention.rules (line 03-1111-2222): "
    assert term_of(config, None, ("short", "always")).rule == "retention.rules (label short, label always): "


@pytest.mark.parametrize("wrong", ["", "label = 'x'\nline = '1'", "label = 'x'\ngroup = 'y'\nline = 'z'"])
def test_a_rule_names_just_one_thing(wrong: str) -> None:
    with pytest.raises(ConfigError, match=r"retention\.rules\[0\]: .* names none or several of label, line and group; name one"):
        parse(Source("rules", f"[[retention.rules]]\n{wrong}\nerase_days = 1"))
