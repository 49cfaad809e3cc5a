"""Slack is told in its own form: marks by severity, and no text of ours becomes a link or a mention."""

from __future__ import annotations

from dataclasses import replace

import pytest

from tests.bed.hooks import Hooks
from tests.contracts.test_channels import NOTICE
from uploader.channels import slack


@pytest.mark.parametrize(
    ("event", "severity", "mark"),
    [("opened", "error", ":red_circle:"), ("opened", "warning", ":warning:"), ("resolved", "error", ":white_check_mark:"),
     ("summary", "", ":bar_chart:"), ("test", "notice", ":information_source:")],
)  # fmt: skip
def test_the_mark_shows_how_bad_it_is(event: str, severity: str, mark: str) -> None:
    with Hooks() as hooks:
        slack.send(slack.Options(), {"url": f"{hooks.url}/s"}, replace(NOTICE, event=event, severity=severity))
    assert hooks.posted[0].tree["text"].startswith(f"{mark} *")


def test_nobody_is_mentioned_by_accident() -> None:
    with Hooks() as hooks:
        slack.send(slack.Options(), {"url": f"{hooks.url}/s"}, replace(NOTICE, text="<!channel> a & b"))
    assert hooks.posted[0].tree["text"].endswith("&lt;!channel&gt; a &amp; b")
