"""The health page shows every finding with its mend, and what each service last said, in the reader's language."""

from __future__ import annotations

import html

import pytest

from appliance.health import report
from appliance.ledger import Ledger
from appliance.web import i18n
from tests.appliance.furnished import Furnished, signed_in
from tests.appliance.troubled import beat, context, trouble


def page(at: Furnished, language: str = "ja") -> str:
    return html.unescape(str(signed_in(at, language).get("/health").text))


@pytest.fixture
def troubled(own: Furnished) -> Furnished:
    """A box with every trouble, whose session goes on."""
    at = trouble(own)
    with at.ledger() as ledger:
        ledger.connection.execute("UPDATE session SET seen_at = ?", (at.now,))
    return at


@pytest.mark.parametrize("language", i18n.LANGUAGES)
def test_every_finding_is_there_with_its_mend_the_worst_first(troubled: Furnished, language: str) -> None:
    shown = page(troubled, language)
    with troubled.ledger() as ledger:
        found = report.run(context(troubled, ledger))
    assert len(found) > 8
    places = []
    for item in found:
        what, mend = (text.translated(i18n.catalogue(language).gettext) for text in (item.finding.what, item.finding.mend))
        assert what in shown and mend in shown
        places.append(shown.index(what))
    assert places == sorted(places)


def test_a_box_without_any_finding_says_that_all_is_well(own: Furnished) -> None:
    settings = own.box.folders.data / "appliance.toml"
    key = (own.box.folders.keys / "playback.pub").read_text().strip()
    settings.write_text(f'[[recipients]]\nname = "customer"\nkey = "{key}"\n')
    with own.ledger() as ledger:
        ledger.connection.execute("UPDATE job SET state = 'done'")
    shown = page(own.copy(own.box.folders.data.parent / "content"), "en")
    assert "All checks are content." in shown
    assert "No service has spoken yet." in shown


def test_what_each_service_says_is_there(own: Furnished) -> None:
    with own.ledger() as ledger:
        ledger.beat(beat("render", own.now, done=17))
        ledger.beat(beat("capture", own.now, "failing: no such device", interface="eth1", last_frame_at=own.now))
    shown = page(own)
    assert "done <b>17</b>" in shown and "interface <b>eth1</b>" in shown and "20.5 MB" in shown
    assert "failing: no such device" in shown
    assert str(own.now) not in shown, "no bare nanoseconds"


def test_what_a_service_says_is_text(own: Furnished) -> None:
    with own.ledger() as ledger:
        ledger.beat(beat("<b>render", own.now, "<script>", **{"<i>x": "<img>"}))
    raw = signed_in(own).get("/health").text
    assert not [tag for tag in ("<script>", "<img>", "<i>x", "<b>render") if tag in raw]


def test_the_figures_are_those_of_the_ledger(own: Furnished) -> None:
    shown = page(own, "en")
    assert "<strong>6</strong>calls seen" in shown
    assert "<strong>4</strong>recorded" in shown
    assert "<strong>0 / 4</strong>stored and read back" in shown
    assert "4 × upload" in shown


def test_looking_at_the_health_leaves_no_trace(own: Furnished) -> None:
    def rows() -> int:
        with Ledger.open(own.box.folders.ledger) as ledger:
            return ledger.last_row()

    before = rows()
    page(own)
    assert rows() == before
