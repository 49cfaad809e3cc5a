"""Every page that an installed wing offers is one that the console can serve."""

from __future__ import annotations

import importlib.metadata

from appliance.pages import GROUP, Page
from appliance.web.rights import Right


def test_what_wings_offer_can_be_served() -> None:
    pages = [page for entry in importlib.metadata.entry_points(group=GROUP) for page in entry.load()()]
    assert "listen" in {page.name for page in pages}
    for page in pages:
        assert isinstance(page, Page)
        assert page.path.startswith("/")
        assert page.rights and set(page.rights) <= {right.value for right in Right}
