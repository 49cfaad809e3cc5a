"""Calls whose callers want to break the console: every text that a stranger may write into an INVITE, as a capture made by scapy."""

from __future__ import annotations

import re

from scapy.layers.inet import IP, UDP, fragment
from scapy.layers.l2 import Ether
from scapy.utils import PcapWriter

from appliance.moments import SECOND
from capture.replay import replay
from tests.appliance.furnished import LATER, Furnished

HARMLESS = b"Kitty"
NAMES = (
    "<script>alert(1)</script>",
    '"><img src=x onerror=alert(1)>',
    "' onmouseover='alert(1)",
    "</bdi></td></pre><form action=//evil.example><button>Sign in",
    "{{ 7*7 }}{% for x in ().__class__.__mro__ %}{{ x }}{% endfor %}${7*7}#{7*7}",
    "%(num)s %s %d {0} {call.__class__}",
    "&lt;b&gt;&#60;script&#62;",
    "<!-- <![CDATA[ <svg/onload=alert(1)> ]]> -->",
    "evil \u202egpj.exe\u202c \u2066\u200f\u061c",
    "nul\0 bell\a escape\x1b[2J delete\x7f",
    "A" * 10_000,
    "高橋\u3000工務店 ｱｲｳ 👩‍💻",
)
NO_TEXT = b"\xff\xfe\xfd\x80\x81"
"""Neither UTF-8 nor Shift_JIS."""
INVISIBLE = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069\ufffe\uffff]")
"""Control characters and what turns the direction of text around."""


def invite(number: int, raw: bytes) -> bytes:
    """An INVITE that holds these bytes wherever a stranger may write."""
    some = raw[:3000]
    quoted = raw.replace(b"\\", b"\\\\").replace(b'"', b'\\"')
    lines = [
        b"INVITE sip:" + some + b"@10.0.0.2 SIP/2.0",
        b"Via: SIP/2.0/UDP 10.0.0.1:5060;branch=z9hG4bK%d" % number,
        b'From: "' + quoted + b'" <sip:' + some + b"@" + some + b">;tag=x",
        b"To: <sip:" + some + b"@10.0.0.2>",
        b"Call-ID: %d-" % number + raw[:200],
        b"CSeq: 1 INVITE",
        b"User-Agent: " + some,
        b"Diversion: <sip:" + some + b">",
        b"Content-Length: 0",
    ]
    return b"\r\n".join(lines) + b"\r\n\r\n"


def ring(at: Furnished, raw: bytes, number: int = 0) -> str:
    """Replay a capture of one such call, a minute after the box's last one; returns the call's id."""
    path = at.box.folders.data.parent / f"hostile-{number}.pcap"
    packet = Ether(src="02:00:00:00:00:01", dst="02:00:00:00:00:02") / IP(src="10.0.0.1", dst="10.0.0.2")
    packet /= UDP(sport=5060, dport=5060) / invite(number, raw)
    with PcapWriter(str(path)) as file:
        for frame in fragment(packet, 1400):  # type: ignore[no-untyped-call]
            frame.time = (at.now - LATER) / SECOND + 60 + number
            file.write(frame)
    (call,) = replay(at.box, path).calls
    return call
