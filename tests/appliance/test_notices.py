"""A notice goes through a job's body, JSON and all, unchanged."""

from __future__ import annotations

import json

from appliance.notices import Notice
from tests.contracts.test_channels import NOTICE


def test_it_comes_out_as_it_went_in() -> None:
    assert Notice.of(json.loads(json.dumps(NOTICE.body))) == NOTICE
