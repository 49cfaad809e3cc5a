"""Made calls in which something is missing: what tests of losses are made of."""

from __future__ import annotations

import struct
from collections.abc import Callable

from appliance.moments import MILLISECOND, SECOND
from capture.frames import LINK_ETHERNET
from capture.pcapfile import Captured
from tests.bed.made import PTIME, MadeCall, datagram


def answered_at(call: MadeCall) -> int:
    """When the first packet of the caller is seen (ns)."""
    return call.begin + SECOND // 2 + 2 * MILLISECOND


def numbered(call: MadeCall, side: int, frames: list[Captured], keep: Callable[[int], bool]) -> list[Captured]:
    """The frames without the packets of this side whose sequence number is not to be kept."""
    ssrc = call.ssrc(side).to_bytes(4, "big")
    return [one for one in frames if one.frame[50:54] != ssrc or keep(int.from_bytes(one.frame[44:46], "big"))]


def described(call: MadeCall, side: int, direction: str) -> str:
    """A description of this side with this direction."""
    host = f"10.0.0.{side + 1}"
    return f"v=0\r\ns=-\r\nc=IN IP4 {host}\r\nt=0 0\r\nm=audio {call.port(side)} RTP/AVP 0\r\na={direction}\r\n"


def told(
    call: MadeCall, at: int, first: str, body: str, *, side: int, number: int, method: str, kind: str = "application/sdp"
) -> Captured:
    """A SIP message of this side within the call; a response where `first` begins with a status."""
    request = not first[0].isdigit()
    asks = side if request else 1 - side
    tags = ("caller", "called") if asks == 0 else ("called", "caller")
    lines = [
        f"{first} sip:x@10.0.0.{2 - side} SIP/2.0" if request else f"SIP/2.0 {first}",
        f"Via: SIP/2.0/UDP 10.0.0.{asks + 1}:5060;branch=z9hG4bK{number}{method}",
        f"From: <sip:1@10.0.0.{asks + 1}>;tag={tags[0]}", f"To: <sip:2@10.0.0.{2 - asks}>;tag={tags[1]}",
        f"Call-ID: made-{call.number}", f"CSeq: {number} {method}",
        *([f"Content-Type: {kind}"] if body else []), f"Content-Length: {len(body)}", "", body,
    ]  # fmt: skip
    return Captured(LINK_ETHERNET, datagram("\r\n".join(lines).encode(), 5060, 5060, by_caller=side == 0), at)


def hold(call: MadeCall, at: int, number: int, directions: tuple[str, str], status: str = "200 OK") -> list[Captured]:
    """The called side asks for (caller's, called's) directions."""
    return [
        told(call, at, "INVITE", described(call, 1, directions[1]), side=1, number=number, method="INVITE"),
        told(call, at + MILLISECOND, status, described(call, 0, directions[0]) if status[0] == "2" else "", side=0, number=number,
             method="INVITE"),
    ]  # fmt: skip


def held(*, accepted: bool = True, agreed: bool = True) -> tuple[MadeCall, list[Captured]]:
    """The caller's numbers run on from 50 to 149 while it sends nothing for two seconds: by agreement, or not."""
    call = MadeCall(talk=4.0)
    frames = numbered(call, 0, call.frames(), lambda number: not 50 <= number < 150)
    if agreed:
        begin = answered_at(call) + 50 * PTIME
        frames += hold(call, begin, 10, ("recvonly", "sendonly"), "200 OK" if accepted else "488 Not Acceptable Here")
        frames += hold(call, begin + 100 * PTIME, 11, ("sendrecv", "sendrecv"))
    return call, sorted(frames, key=lambda one: one.at)


def moved() -> tuple[MadeCall, list[Captured]]:
    """The caller's packets 10 to 89 go to another port of the called side, but for 40 to 44, which nobody sees."""
    call = MadeCall(talk=2.0)
    frames = numbered(call, 0, call.frames(), lambda number: not 40 <= number < 45)
    ssrc, port = call.ssrc(0).to_bytes(4, "big"), struct.pack(">H", call.port(1) + 100)
    for place, one in enumerate(frames):
        if one.frame[50:54] == ssrc and 10 <= int.from_bytes(one.frame[44:46], "big") < 90:
            frames[place] = one._replace(frame=one.frame[:36] + port + one.frame[38:])
    return call, frames


def keyed(*, said: bool = True) -> tuple[MadeCall, list[Captured]]:
    """An exchange took the caller's packets 30 to 39 out, since they were a key, and tells it by INFO."""
    call = MadeCall(talk=2.0)
    frames = numbered(call, 0, call.frames(), lambda number: not 30 <= number < 40)
    if said:
        at = answered_at(call) + 39 * PTIME
        frames.append(told(call, at, "INFO", "Signal=5\r\nDuration=180\r\n", side=0, number=20, method="INFO",
                           kind="application/dtmf-relay"))  # fmt: skip
    return call, sorted(frames, key=lambda one: one.at)
