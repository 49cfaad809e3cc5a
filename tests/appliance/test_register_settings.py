"""By default nobody has to ask; what was granted ends by itself."""

from __future__ import annotations

from appliance.register_settings import Register


def test_a_site_demands_nothing_unless_it_says_so() -> None:
    assert not Register().approve_listening
    assert not Register().approve_copies
    assert Register().granted_hours > 0
