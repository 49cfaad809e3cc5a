"""snom D and DECT bases: `snomMODEL-MAC.xml`, an XML tree of settings. Pure."""

from __future__ import annotations

from xml.sax.saxutils import escape, quoteattr

from provisioning.telephones import Telephone, one_line

PATHS = (r"/snom[A-Za-z0-9]*-(?P<mac>[0-9A-Fa-f]{12})\.(?:xml|htm)", r"/settings/(?P<mac>[0-9A-Fa-f]{12})\.xml")
TYPE = "text/xml; charset=utf-8"
_CODECS = {"ulaw": "pcmu", "alaw": "pcma", "g722": "g722", "opus": "opus", "gsm": "gsm", "g726": "g726-32"}


def render(phone: Telephone) -> str:
    """Its settings; `perm` empty leaves a setting to the user, RW too."""
    transport = "" if phone.transport == "udp" else f";transport={phone.transport}"
    codecs = ",".join(_CODECS[codec] for codec in phone.codecs if codec in _CODECS)
    account = {
        "user_active": "on", "user_realname": phone.name, "user_name": phone.number, "user_pname": phone.number,
        "user_pass": phone.password,
        "user_host": f"{phone.host}:{phone.port}{transport}", "user_mailbox": phone.voicemail, "user_expiry": "300",
        "codec_priority_list": f"{codecs},telephone-event" if phone.keys in ("rfc4733", "auto") else codecs,
        "user_dtmf_info": "on" if phone.keys == "info" else "off", "user_srtp": "on" if phone.transport == "tls" else "off",
    }  # fmt: skip
    lines = [f'    <{key} idx="1" perm="R">{escape(one_line(value))}</{key}>' for key, value in account.items()]
    lines += [f'    <language perm="RW">{"Japanese" if phone.language == "ja" else "English"}</language>']
    lines += ['    <timezone perm="RW">JPN+9</timezone>', '    <tone_scheme perm="RW">JPN</tone_scheme>']
    keys = [
        f'    <fkey idx="{place}" context="1" label={quoteattr(one_line(lamp.label))} perm="RW">'
        f"blf sip:{lamp.number}@{phone.host}|{phone.pickup}</fkey>"
        for place, lamp in enumerate(phone.lamps)
    ]
    return "\n".join(
        ['<?xml version="1.0" encoding="utf-8"?>', "<settings>", '  <phone-settings e="2">', *lines, "  </phone-settings>",
         '  <functionKeys e="2">', *keys, "  </functionKeys>", "</settings>", ""]
    )  # fmt: skip
