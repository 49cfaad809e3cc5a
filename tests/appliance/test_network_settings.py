"""Addresses are those of machines, gateways are near, and what is not is refused with its mend."""

from __future__ import annotations

import pytest

from appliance.config import Source, parse
from appliance.errors import ConfigError


@pytest.mark.parametrize("address", ["dhcp", "192.168.1.20/24", "10.0.0.1/31", "172.16.3.255/16"])
def test_an_address_is_taken(address: str) -> None:
    assert parse(Source("x", f'[network.lan]\naddress = "{address}"\n')).network.lan.address == address


@pytest.mark.parametrize(
    "text",
    ['[network.lan]\naddress = "192.168.1.20"', '[network.lan]\naddress = "192.168.1.0/24"', '[network.lan]\naddress = "192.168.1.255/24"',
     '[network.lan]\naddress = "here"', '[network.lan]\naddress = "10.0.0.2/8"\ngateway = "192.168.1.1"',
     '[network.lan]\ngateway = "192.168.1.1"', '[network.lan]\ninterface = "eth0; reboot"', '[network]\nname = "Recorder_1"',
     '[network]\nsupport_authority = "not a key"', '[network.lan]\naddress = "10.0.0.2/8"\ndns = ["dns.example"]'],
)  # fmt: skip
def test_what_cannot_be_meant_is_refused(text: str) -> None:
    with pytest.raises(ConfigError, match="network"):
        parse(Source("x", text + "\n"))
