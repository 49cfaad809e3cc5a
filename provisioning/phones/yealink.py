"""Yealink SIP-T and AX: `MAC.cfg`, lines `key = value` under a version line. Pure."""

from __future__ import annotations

from provisioning.telephones import Telephone, one_line

PATHS = (r"/(?P<mac>[0-9a-f]{12})\.cfg",)
TYPE = "text/plain; charset=utf-8"
_TRANSPORTS = {"udp": 0, "tcp": 1, "tls": 2}
_KEYS = {"inband": 0, "rfc4733": 1, "info": 2, "auto": 1}
_CODECS = {"ulaw": "pcmu", "alaw": "pcma", "g722": "g722", "opus": "opus", "g726": "g726_32"}
_LAMP = 16
"""Type of a line key: busy lamp field."""


def render(phone: Telephone) -> str:
    """Its settings."""
    account = {
        "enable": 1, "label": phone.number, "display_name": phone.name, "auth_name": phone.number, "user_name": phone.number,
        "password": phone.password, "sip_server.1.address": phone.host, "sip_server.1.port": phone.port,
        "sip_server.1.transport_type": _TRANSPORTS[phone.transport], "sip_server.1.expires": 300, "dtmf.type": _KEYS[phone.keys],
        "srtp_encryption": 2 if phone.transport == "tls" else 0, "subscribe_mwi": int(bool(phone.voicemail)),
    }  # fmt: skip
    lines = ["#!version:1.0.0.1", *(f"account.1.{key} = {one_line(str(value))}" for key, value in account.items())]
    for name in _CODECS.values():
        lines.append(f"account.1.codec.{name}.enable = {int(name in [_CODECS.get(codec) for codec in phone.codecs])}")
    lines += [
        f"account.1.codec.{_CODECS[codec]}.priority = {place}" for place, codec in enumerate(phone.codecs, 1) if codec in _CODECS
    ]
    lines += [f"voice_mail.number.1 = {phone.voicemail}"] if phone.voicemail else []
    lines += [
        f"lang.gui = {'Japanese' if phone.language == 'ja' else 'English'}",
        "local_time.time_zone = +9",
        "tone.country = Japan",
    ]
    lines += ["features.direct_ip_call_enable = 0", "sip.trust_ctrl = 1"]
    for place, lamp in enumerate(phone.lamps, 2):
        lines += [
            f"linekey.{place}.type = {_LAMP}", f"linekey.{place}.line = 1", f"linekey.{place}.value = {lamp.number}",
            f"linekey.{place}.label = {one_line(lamp.label)}", f"linekey.{place}.extension = {phone.pickup}",
        ]  # fmt: skip
    return "\n".join(lines) + "\n"
