"""A group rings as long as the flow says."""

from appliance.moments import SECOND
from ivr_flows.effects import Connect
from tests.ivr_flows.made import Talk, made


def test_a_group_rings() -> None:
    effects = Talk(made("  a: {type: ring_group, group: sales, ring: 40s, no_answer: end, busy: end}")).begin()
    (connect,) = [effect for effect in effects if isinstance(effect, Connect)]
    assert (connect.kind, connect.name, connect.ring) == ("group", "sales", 40 * SECOND)
    assert connect.values["caller"] == "0312345678"
