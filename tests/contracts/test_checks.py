"""What every health check keeps: it never raises, only looks, and says each thing and its mend in the reader's language."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from pathlib import Path

import pytest

from appliance import registry
from appliance.box import Box
from appliance.health.checks import Context, Finding, Severity
from appliance.ledger import Ledger
from appliance.web import i18n
from appliance.words import Text
from tests.appliance.furnished import Furnished, furnish
from tests.appliance.troubled import trouble, with_settings
from tests.fakes.clock import START

PACKAGE = "appliance.health.checks"
CHECKS = registry.names(PACKAGE)
FULL = {"disk_reserve_megabytes": 10**12}
FILLING = {"disk_hours": 10**12}


@pytest.fixture(scope="module")
def busy(tmp_path_factory: pytest.TempPathFactory) -> Furnished:
    """A box with the sample calls, on which everything is wrong."""
    return trouble(furnish(tmp_path_factory.mktemp("busy") / "var"))


def found(check: str, context: Context) -> list[Finding]:
    return list(registry.load(PACKAGE, check).check(context))


def everything_wrong(check: str, at: Furnished) -> Iterator[Finding]:
    """All that this check finds on the busy box, with a roomy, a filling and a full disk, today and when its samples were new."""
    with Ledger.open(at.box.folders.ledger, readonly=True) as ledger:
        for limits in ({}, FULL, FILLING):
            box = with_settings(at.box, business_hours="00:00-23:59", **limits)
            for now in (at.now, at.now - 8 * 24 * 3600 * 10**9, *(at.now + day * 24 * 3600 * 10**9 for day in (1, 2))):
                yield from found(check, Context(box, ledger, now))


def fingerprint(data: Path) -> dict[str, str]:
    """Every file of the box and what is in it."""
    return {str(path): hashlib.sha256(path.read_bytes()).hexdigest() for path in sorted(data.rglob("*")) if path.is_file()}


def test_there_are_checks() -> None:
    assert {"backlog", "completeness", "disk", "keys", "mirror", "services"} <= set(CHECKS)


@pytest.mark.parametrize("check", CHECKS)
def test_an_empty_box_is_no_reason_to_raise(box: Box, ledger: Ledger, check: str) -> None:
    for finding in found(check, Context(box, ledger, START)):
        assert finding.severity is not Severity.ERROR, "a box that was just unpacked has lost nothing"


@pytest.mark.parametrize("check", CHECKS)
def test_on_a_box_with_every_trouble_the_check_finds_its_own(busy: Furnished, check: str) -> None:
    assert list(everything_wrong(check, busy))


@pytest.mark.parametrize("check", CHECKS)
def test_a_check_changes_nothing(busy: Furnished, check: str) -> None:
    before = fingerprint(busy.box.folders.data)
    list(everything_wrong(check, busy))
    after = fingerprint(busy.box.folders.data)
    assert {name: after[name] for name in before} == before
    assert {Path(name).name for name in set(after) - set(before)} <= {"ledger.db-wal", "ledger.db-shm"}, "SQLite's own"


@pytest.mark.parametrize("check", CHECKS)
def test_looking_twice_finds_the_same(busy: Furnished, check: str) -> None:
    with Ledger.open(busy.box.folders.ledger, readonly=True) as ledger:
        context = Context(with_settings(busy.box, **FULL), ledger, busy.now)
        assert found(check, context) == found(check, context)


@pytest.mark.parametrize("check", CHECKS)
def test_every_finding_and_its_mend_is_a_sentence_in_both_languages(busy: Furnished, check: str) -> None:
    for finding in everything_wrong(check, busy):
        assert isinstance(finding.severity, Severity)
        assert finding.what.message != finding.mend.message
        for text in (finding.what, finding.mend):
            assert isinstance(text, Text)
            english, japanese = str(text), text.translated(i18n.catalogue("ja").gettext)
            assert i18n.catalogue("ja").gettext(text.message) != text.message, f"not translated: {text.message}"
            assert english and japanese and "%(" not in english + japanese
            for value in text.values.values():
                assert str(value) in english and str(value) in japanese
