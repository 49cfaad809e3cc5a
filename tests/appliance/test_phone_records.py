"""What the telephone system tells is written once, however often it is told."""

from __future__ import annotations

from appliance.ledger import Ledger
from appliance.phone_records import CallPlaced


def test_each_call_on_a_trunk_is_told_once(ledger: Ledger) -> None:
    first = CallPlaced(at=1, call="calla", by="trunk-hikari", sip_call_id="a@b")
    again = CallPlaced(at=2, call="calla", by="trunk-hikari", sip_call_id="a@b")
    other = CallPlaced(at=2, call="calla", by="trunk-hikari", sip_call_id="c@d")
    assert len(ledger.append(first, again, other)) == 2
    assert [row.record for row in ledger.of("calla")] == [first, other]
