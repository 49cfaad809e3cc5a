"""People are told of a trouble when it lasts, reminded while it goes on, told when it is over, and never twice of the same."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from appliance import keys, manifest
from appliance.box import Box
from appliance.health import notices
from appliance.health.checks import Context
from appliance.ledger import Ledger
from appliance.moments import SECOND, from_iso
from appliance.notices import HEARTBEAT, JOB
from appliance.records import IssueClosed, IssueOpened
from tests.appliance.furnished import Furnished
from tests.fakes.clock import START

MINUTE, HOUR = 60 * SECOND, 3600 * SECOND
DAYS = re.compile(r"\d+ days")
"""The disk of the machine is not ours: it may fill or empty meanwhile."""
SETTINGS = """[site]
name = "東京店"
serial = "BOX-7"
[notify]
language = "{language}"
repeat_hours = 6
[[notify.channels]]
name = "desk"
kind = "mail"
summary = true
[[notify.channels]]
name = "loud"
kind = "slack"
at_least = "error"
"""


@dataclass
class Story:
    """A box whose troubles come and go, looked at once a minute as the janitor does."""

    box: Box
    ledger: Ledger
    now: int = START

    def opens(self, check: str = "disk", severity: str = "error") -> None:
        """A check finds something."""
        self.ledger.append(
            IssueOpened(at=self.now, check=check, severity=severity, what="Full.", mend="Empty it.", what_ja="満杯です。",
                        mend_ja="空けてください。")
        )  # fmt: skip

    def closes(self, check: str = "disk") -> None:
        """It is satisfied."""
        self.ledger.append(IssueClosed(at=self.now, check=check))

    def passes(self, minutes: int) -> None:
        """So many minutes go by."""
        for _ in range(minutes):
            self.now += MINUTE
            notices.tell(self.box, self.ledger, self.now)

    def told(self, channel: str = "desk") -> list[tuple[int, str]]:
        """(minute, event) of everything that was queued for it."""
        found = [(row["created_at"], json.loads(row["body"])) for row in self._rows()]
        return [((at - START) // MINUTE, body["event"]) for at, body in found if body["channel"] == channel]

    def bodies(self) -> list[dict[str, Any]]:
        """What was queued."""
        return [json.loads(row["body"]) for row in self._rows()]

    def _rows(self) -> list[Any]:
        return self.ledger.connection.execute("SELECT * FROM job WHERE kind = ? ORDER BY rowid", (JOB,)).fetchall()

    def deliver(self) -> None:
        """As the uploader does."""
        self.ledger.connection.execute("UPDATE job SET state = 'done'")


@pytest.fixture
def story(tmp_path: Path) -> Any:
    box = told(tmp_path / "var")
    with Ledger.open(box.folders.ledger) as ledger:
        yield Story(box, ledger)


def told(data: Path, language: str = "ja") -> Box:
    data.mkdir(parents=True)
    (data / "appliance.toml").write_text(SETTINGS.format(language=language))
    return Box.at(data)


def test_a_trouble_is_told_once_when_it_has_lasted_two_minutes(story: Story) -> None:
    story.opens()
    story.passes(1)
    assert story.told() == []
    story.passes(30)
    assert story.told() == story.told("loud") == [(2, "opened")]


def test_one_that_is_over_before_that_is_told_to_nobody(story: Story) -> None:
    story.opens()
    story.passes(1)
    story.closes()
    story.passes(60)
    assert story.told() == []


def test_its_end_is_told_to_whoever_heard_of_its_beginning(story: Story) -> None:
    story.opens(severity="warning")
    story.passes(10)
    story.closes()
    story.passes(60)
    assert story.told() == [(2, "opened"), (12, "resolved")]
    assert story.told("loud") == [], "warnings are not for this channel"


def test_one_that_goes_on_is_told_again_after_the_configured_hours(story: Story) -> None:
    story.opens()
    for _ in range(14):
        story.passes(60)
        story.deliver()
    assert story.told() == [(2, "opened"), (360, "reminded"), (720, "reminded")]


def test_what_could_not_be_told_yet_is_not_said_again_on_top(story: Story) -> None:
    story.opens()
    story.passes(60 * 30)
    assert story.told() == [(2, "opened")]


def test_one_that_comes_and_goes_is_told_once_an_hour_at_most(story: Story) -> None:
    for _ in range(12):
        story.opens()
        story.passes(5)
        story.closes()
        story.passes(5)
    assert [event for _, event in story.told()].count("opened") == 2


def test_a_warning_that_becomes_an_error_reaches_the_louder_channel(story: Story) -> None:
    story.opens(severity="warning")
    story.passes(10)
    story.opens(severity="error")
    story.passes(70)
    assert story.told("loud") == [(12, "opened")]


def test_a_janitor_that_starts_anew_tells_nothing_twice(story: Story) -> None:
    story.opens()
    story.passes(10)
    with Ledger.open(story.box.folders.ledger) as other:
        Story(story.box, other, story.now).passes(10)
    assert story.told() == [(2, "opened")]


@pytest.mark.parametrize(
    ("language", "subject", "words"),
    [("ja", "[東京店] エラー: disk が発生", ["満杯です。", "空けてください。", "発生 2026-09-21 23:13、本機 BOX-7。"]),
     ("en", "[東京店] error: disk", ["Full.", "Empty it.", "Since 2026-09-21 23:13, box BOX-7."])],
)  # fmt: skip
def test_it_is_said_in_the_configured_language(tmp_path: Path, language: str, subject: str, words: list[str]) -> None:
    box = told(tmp_path / "own", language)
    with Ledger.open(box.folders.ledger) as ledger:
        story = Story(box, ledger)
        story.opens()
        story.passes(3)
        first = story.bodies()[0]
    assert first["subject"] == subject
    assert first["text"].splitlines() == words


def test_the_summary_tells_yesterdays_calls_to_the_channels_that_want_it(own: Furnished) -> None:
    settings = own.box.folders.data / "appliance.toml"
    settings.write_text(settings.read_text() + SETTINGS.format(language="en").partition("[notify]")[1] + "\n" + _notify())
    box = Box.at(own.box.folders.data)
    with own.ledger() as ledger:
        day = int(ledger.connection.execute("SELECT min(started_at) FROM call").fetchone()[0])
        ledger.append(IssueOpened(at=day, check="disk", severity="error", what="Full.", mend="Empty it."))
        now = day + 24 * HOUR
        assert notices.tell_summary(box, ledger, now) == 1
        assert notices.tell_summary(box, ledger, now + HOUR) == 0, "once a day"
        body = json.loads(ledger.connection.execute("SELECT body FROM job WHERE kind = ?", (JOB,)).fetchone()[0])
        lines = [str(line) for line in notices.summary(Context(box, ledger, now))]
    assert body["text"].splitlines() == lines
    assert lines[0] == "Calls: 6, of which 4 recorded; answered without a recording: 1."
    assert lines[-1] == "- disk: Full."


def _notify() -> str:
    return SETTINGS.format(language="en").partition("[notify]")[2]


def test_the_heartbeat_is_signed_and_holds_figures_alone(own: Furnished) -> None:
    with own.ledger() as ledger:
        notices.leave_heartbeat(own.box, ledger, own.now)
        notices.leave_heartbeat(own.box, ledger, own.now + MINUTE)
        (row,) = ledger.connection.execute("SELECT body FROM job WHERE kind = ?", (HEARTBEAT,)).fetchall()
        numbers = [one[0] for one in ledger.connection.execute("SELECT caller FROM call WHERE length(caller) > 4")]
    document = json.loads(row[0])["document"]
    signed = manifest.decode(document.encode())
    manifest.check_signature(signed.chain, signed.signature, keys.signing_public(own.box.folders.keys) or "", manifest.HEARTBEAT)
    assert (signed.facts["calls"], signed.facts["recordings"], signed.facts["at"]) == (6, 4, own.now)
    assert numbers and not any(number in document for number in numbers)


def test_the_day_of_the_summary_is_the_sites_own(story: Story) -> None:
    notices.tell_summary(story.box, story.ledger, from_iso("2026-09-22T08:00:00+09:00"))
    assert story.bodies()[0]["subject"] == "[東京店] 2026-09-21 のまとめ"
