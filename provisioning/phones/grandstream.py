"""Grandstream GXP and GRP: `cfgMAC.xml`, P values in XML. Pure."""

from __future__ import annotations

from xml.sax.saxutils import escape

from provisioning.telephones import Telephone, one_line

PATHS = (r"/cfg(?P<mac>[0-9a-f]{12})\.xml",)
TYPE = "text/xml; charset=utf-8"
_TRANSPORTS = {"udp": 0, "tcp": 1, "tls": 2}
_CODECS = {"ulaw": 0, "alaw": 8, "g722": 9, "opus": 123, "gsm": 3, "g726": 2}
_ORDER = (57, 58, 59, 60, 61, 62, 46)
"""P values of the codecs, first to last."""
_LAMPS = ((323, 301, 302, 303), (324, 304, 305, 306), (325, 307, 308, 309), (326, 310, 311, 312), (327, 313, 314, 315),
          (353, 354, 355, 356), (357, 358, 359, 360))  # fmt: skip
"""P values of mode, account, label and number of each key."""
_BLF = 1


def render(phone: Telephone) -> str:
    """Its settings."""
    values: dict[int, str | int] = {
        271: 1, 270: phone.number, 47: f"{phone.host}:{phone.port}", 35: phone.number, 36: phone.number, 34: phone.password, 3: phone.name,
        130: _TRANSPORTS[phone.transport], 31: 1, 32: 5, 99: int(bool(phone.voicemail)), 33: phone.voicemail,
        850: int(phone.keys in ("rfc4733", "auto")), 851: int(phone.keys == "info"), 849: int(phone.keys == "inband"),
        183: 2 if phone.transport == "tls" else 0, 1362: "ja" if phone.language == "ja" else "en", 64: "JST-9", 1347: phone.pickup,
    }  # fmt: skip
    known = [_CODECS[codec] for codec in phone.codecs if codec in _CODECS]
    values |= {place: known[min(index, len(known) - 1)] for index, place in enumerate(_ORDER)} if known else {}
    for (mode, account, label, number), lamp in zip(_LAMPS, phone.lamps, strict=False):
        values |= {mode: _BLF, account: 0, label: lamp.label, number: lamp.number}
    inside = "\n".join(f"    <P{place}>{escape(one_line(str(value)))}</P{place}>" for place, value in values.items())
    return (
        '<?xml version="1.0" encoding="UTF-8"?>\n<gs_provision version="1">\n'
        f'  <mac>{phone.mac}</mac>\n  <config version="1">\n{inside}\n  </config>\n</gs_provision>\n'
    )
