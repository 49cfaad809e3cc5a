"""Notices are told once, a channel that is away holds up its own alone, and what a server refuses is kept."""

from __future__ import annotations

import socket
from dataclasses import replace
from pathlib import Path

import pytest

from appliance import jobs
from appliance.box import Box
from appliance.errors import ConfigError
from appliance.ledger import Ledger
from appliance.moments import SECOND
from appliance.notices import JOB, Notice
from appliance.records import NoticeSent
from tests.bed.hooks import Hooks
from tests.contracts.test_channels import NOTICE
from tests.fakes.clock import START, FakeClock
from uploader.channels import ChannelRefusedError
from uploader.crew import Crew
from uploader.teller import REFUSED_WAIT, SECRETS, Teller, read_options, secret, try_all


def told_by(data: Path, **urls: str) -> Box:
    """A box with a webhook of each name."""
    data.mkdir(parents=True, exist_ok=True)
    channels = "".join(
        f'[[notify.channels]]\nname = "{name}"\nkind = "webhook"\noptions = {{ url = "{url}" }}\n' for name, url in urls.items()
    )
    (data / "appliance.toml").write_text(channels)
    return Box.at(data)


def queue(ledger: Ledger, *names: str) -> None:
    with ledger.transaction() as connection:
        found = [replace(NOTICE, id=f"{name}/disk/1/opened", channel=name) for name in names]
        jobs.enqueue(connection, [jobs.NewJob(kind=JOB, subject=one.id, body=one.body) for one in found], START)


def nowhere() -> str:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return f"http://127.0.0.1:{probe.getsockname()[1]}/"


def states(ledger: Ledger) -> dict[str, str]:
    return {row["subject"].partition("/")[0]: row["state"] for row in ledger.connection.execute("SELECT * FROM job")}


def test_a_notice_comes_out_of_its_job_as_it_went_in() -> None:
    assert Notice.of(NOTICE.body) == NOTICE


def test_it_is_told_once_and_a_row_says_so(tmp_path: Path, clock: FakeClock) -> None:
    with Hooks() as hooks:
        box = told_by(tmp_path / "var", desk=hooks.url)
        with Ledger.open(box.folders.ledger) as ledger:
            queue(ledger, "desk")
            queue(ledger, "desk")
            teller = Teller(box, ledger, clock)
            assert (teller.one(), teller.one()) == (True, False)
            row = ledger.latest(NoticeSent, "desk")
    assert len(hooks.posted) == 1
    assert row is not None and isinstance(row.record, NoticeSent) and row.record.event == "opened"


def test_a_channel_that_is_away_holds_up_nobody_else_and_is_tried_again(tmp_path: Path, clock: FakeClock) -> None:
    with Hooks() as hooks:
        box = told_by(tmp_path / "var", away=nowhere(), desk=hooks.url)
        with Ledger.open(box.folders.ledger) as ledger:
            queue(ledger, "away", "desk")
            teller = Teller(box, ledger, clock)
            assert (teller.one(), teller.one(), teller.one()) == (True, True, False)
            assert states(ledger) == {"away": "ready", "desk": "done"}
            clock.forward(1000)
            assert teller.one()


def test_what_is_refused_is_kept_and_tried_more_seldom(tmp_path: Path, clock: FakeClock) -> None:
    with Hooks(((404, {}),)) as hooks:
        box = told_by(tmp_path / "var", desk=hooks.url)
        with Ledger.open(box.folders.ledger) as ledger:
            queue(ledger, "desk")
            teller = Teller(box, ledger, clock)
            teller.one()
            assert not teller.one()
            clock.forward(REFUSED_WAIT / SECOND + 1)
            assert teller.one()
            assert states(ledger) == {"desk": "done"}


def test_the_notice_of_a_channel_that_is_gone_waits(tmp_path: Path, clock: FakeClock) -> None:
    box = told_by(tmp_path / "var")
    with Ledger.open(box.folders.ledger) as ledger:
        queue(ledger, "desk")
        Teller(box, ledger, clock).one()
        assert states(ledger) == {"desk": "ready"}


def test_secrets_are_read_by_name_from_a_private_file(box: Box) -> None:
    path = box.folders.keys / SECRETS
    path.parent.mkdir(parents=True)
    assert secret(box, "desk") == {}
    path.touch(mode=0o600)
    path.write_text("[desk]\npassword = a%b = c:d\n[other]\ntoken = t\n")
    assert secret(box, "desk") == {"password": "a%b = c:d"}
    assert secret(box, "nobody") == {}
    path.write_text("password = 1\n")
    with pytest.raises(ChannelRefusedError, match="is not written as"):
        secret(box, "desk")
    path.chmod(0o644)
    with pytest.raises(Exception, match="chmod 600"):
        secret(box, "desk")


def test_a_wrong_setting_is_named_with_its_line(tmp_path: Path) -> None:
    box = told_by(tmp_path / "var", desk="nowhere")
    with pytest.raises(ConfigError, match=r"toml:4: notify\.channels\[0\]\.options\.url"):
        read_options(box, 0, box.config.notify.channels[0])


def test_a_test_notice_goes_through_every_channel_and_each_outcome_is_said(tmp_path: Path) -> None:
    with Hooks() as hooks:
        box = told_by(tmp_path / "var", desk=hooks.url, away=nowhere())
        found = {channel.name: str(error or "") for channel, error in try_all(box, START)}
    assert found["desk"] == "" and "cannot be reached" in found["away"]
    assert hooks.posted[0].tree["event"] == "test"


def test_the_service_tells_although_its_store_is_away(tmp_path: Path) -> None:
    with Hooks() as hooks:
        box = told_by(tmp_path / "var", desk=hooks.url)
        text = (tmp_path / "var" / "appliance.toml").read_text()
        (tmp_path / "var" / "appliance.toml").write_text(
            f'{text}[store]\nkind = "folder"\noptions = {{ path = "{tmp_path}/away", must_exist = true }}\n'
        )
        box = Box.at(tmp_path / "var")
        with Ledger.open(box.folders.ledger) as ledger:
            clock = FakeClock()
            jobs.Jobs(ledger, "test").add(START, jobs.NewJob(kind="upload", subject="nobody", body={}))
            queue(ledger, "desk")
            crew = Crew(box, clock)
            try:
                crew.step(ledger)
                for _ in range(200):
                    if hooks.posted:
                        break
                    crew._stop.wait(0.05)
            finally:
                crew.close()
    assert len(hooks.posted) == 1
