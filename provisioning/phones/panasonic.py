"""Panasonic KX-HDV: `ConfigMAC.cfg`, lines NAME="value" under a fixed first line. Pure."""

from __future__ import annotations

from provisioning.telephones import Telephone, one_line

PATHS = (r"/[Cc]onfig(?P<mac>[0-9A-Fa-f]{12})\.cfg",)
TYPE = "text/plain; charset=utf-8"
_FIRST = "# Panasonic SIP Phone Standard Format File #"
"""Without it the telephone takes nothing of the file."""
_TRANSPORTS = {"udp": 0, "tcp": 1, "tls": 2}
_KEYS = {"rfc4733": 0, "auto": 0, "inband": 1, "info": 2}
_CODECS = {"ulaw": "PCMU", "alaw": "PCMA", "g722": "G722"}


def render(phone: Telephone) -> str:
    """Its settings."""
    values: dict[str, str | int] = {
        "DISPLAY_NAME_1": phone.name, "PHONE_NUMBER_1": phone.number, "SIP_URI_1": f"{phone.number}@{phone.host}",
        "SIP_AUTHID_1": phone.number, "SIP_PASS_1": phone.password, "SIP_RGSTR_ADDR_1": phone.host, "SIP_RGSTR_PORT_1": phone.port,
        "SIP_PRXY_ADDR_1": phone.host, "SIP_PRXY_PORT_1": phone.port, "SIP_SVCDOMAIN_1": phone.host,
        "SIP_TRANSPORT_1": _TRANSPORTS[phone.transport], "REG_EXPIRE_TIME_1": 300, "DTMF_METHOD_1": _KEYS[phone.keys],
        "VM_SUBSCRIBE_ENABLE_1": "Y" if phone.voicemail else "N", "VM_NUMBER_1": phone.voicemail,
        "SRTP_CONNECT_MODE_1": 0 if phone.transport == "tls" else 2, "DEFAULT_LANGUAGE": phone.language, "TIME_ZONE": "540",
        "DPICKUP_PREFIX": phone.pickup,
    }  # fmt: skip
    for name in _CODECS.values():
        values[f"CODEC_ENABLE_{name}_1"] = "Y" if name in [_CODECS.get(codec) for codec in phone.codecs] else "N"
    for place, lamp in enumerate(phone.lamps, 1):
        values[f"FLEX_BUTTON_FACILITY_ACT{place}"] = "X_PANASONIC_IPTEL_CONTACT"
        values[f"FLEX_BUTTON_FACILITY_ARG{place}"] = lamp.number
        values[f"FLEX_BUTTON_LABEL{place}"] = lamp.label
    return "\n".join([_FIRST, *(f'{key}="{_quoted(value)}"' for key, value in values.items())]) + "\n"


def _quoted(value: str | int) -> str:
    """A value between quotes: a quote of its own would end it."""
    return one_line(str(value)).replace('"', "”")
