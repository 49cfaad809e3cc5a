"""Slack, Mattermost, Rocket.Chat and others that take Slack's incoming webhooks. The address is the secret."""

from __future__ import annotations

import re
from collections.abc import Mapping

from pydantic import Field

from appliance import config
from appliance.notices import Notice
from uploader.channels import ChannelRefusedError, _web

_MARKS = {"resolved": ":white_check_mark:", "summary": ":bar_chart:", "error": ":red_circle:", "warning": ":warning:"}


class Options(config.Options):
    """Settings of `kind = "slack"`."""

    ca_file: str = Field(default="", title="Authority", description="PEM file of the server's authority; empty: the system's.")


def send(options: Options, secret: Mapping[str, str], notice: Notice) -> None:
    """Post it to the webhook, which is the secret's `url`."""
    url = secret.get("url", "")
    if not re.match(r"https?://[^/\s]+", url):
        raise ChannelRefusedError(
            f"channel {notice.channel}: notify.secrets has no url for it; write the incoming webhook's address"
        )
    mark = _MARKS.get(notice.event, _MARKS.get(notice.severity, ":information_source:"))
    _web.post(url, {"text": f"{mark} *{_plain(notice.subject)}*\n{_plain(notice.text)}"}, {}, options.ca_file)


def _plain(text: str) -> str:
    """Text that Slack takes for text: its three control characters escaped."""
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
