"""Any HTTP server: the notice as JSON, signed with a shared secret where there is one (`X-Appliance-Signature: sha256=…`)."""

from __future__ import annotations

import hashlib
import hmac
import json
from collections.abc import Mapping

from pydantic import Field

from appliance import config
from appliance.notices import Notice
from uploader.channels import _web


class Options(config.Options):
    """Settings of `kind = "webhook"`."""

    url: str = Field(pattern=r"^https?://[^/\s]+\S*$", title="URL", description="Where the notice is posted.")
    ca_file: str = Field(default="", title="Authority", description="PEM file of the server's authority; empty: the system's.")


def send(options: Options, secret: Mapping[str, str], notice: Notice) -> None:
    """Post it; `token` of the secret is sent as a bearer, `key` signs the body."""
    body = json.dumps(notice.body, ensure_ascii=False, sort_keys=True).encode()
    headers = {"X-Appliance-Notice": notice.id.encode("ascii", "replace").decode("ascii")}
    if token := secret.get("token"):
        headers["Authorization"] = f"Bearer {token}"
    if key := secret.get("key"):
        headers["X-Appliance-Signature"] = "sha256=" + hmac.new(key.encode(), body, hashlib.sha256).hexdigest()
    _web.post(options.url, {}, headers, options.ca_file, body)
