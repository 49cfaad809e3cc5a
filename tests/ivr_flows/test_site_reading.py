"""What lint knows of a box is what its configuration says; without one it is nothing."""

from appliance.box import Box
from ivr_flows.site_reading import site_of


def test_without_a_configuration_nothing_is_known(box: Box) -> None:
    assert site_of(box) is None
