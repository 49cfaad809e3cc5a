"""LINE, through the Messaging API's push message (LINE Notify ended in 2025)."""

from __future__ import annotations

import uuid
from collections.abc import Mapping

from pydantic import Field

from appliance import config
from appliance.notices import Notice
from uploader.channels import ChannelRefusedError, _web

LONGEST = 5000
"""Characters of one text message."""


class Options(config.Options):
    """Settings of `kind = "line"`."""

    to: str = Field(pattern=r"^\S+$", title="To", description="Id of the user, group or room that is told.")
    url: str = Field(
        default="https://api.line.me/v2/bot/message/push",
        pattern=r"^https?://[^/\s]+\S*$",
        title="URL",
        description="Address of the push message.",
    )
    ca_file: str = Field(default="", title="Authority", description="PEM file of the server's authority; empty: the system's.")


def send(options: Options, secret: Mapping[str, str], notice: Notice) -> None:
    """Push it with the channel's access token, which is the secret's `token`; a repeated try is known as such by its retry key."""
    token = secret.get("token", "")
    if not token:
        raise ChannelRefusedError(f"channel {notice.channel}: notify.secrets has no token for it; write the channel access token")
    text = f"{notice.subject}\n{notice.text}"[:LONGEST]
    headers = {"Authorization": f"Bearer {token}", "X-Line-Retry-Key": str(uuid.uuid5(uuid.NAMESPACE_URL, notice.id))}
    _web.post(options.url, {"to": options.to, "messages": [{"type": "text", "text": text}]}, headers, options.ca_file)
