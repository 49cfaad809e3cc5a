"""Two telephones by SIPp (GPL, a program of its own): scenarios are written here, in SIPp's XML, and run in the LAN's namespaces."""

from __future__ import annotations

import subprocess
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType

from tests.bed.encode import CODECS
from tests.bed.lan import CARRIER, OFFICE, Lan

HOSTS = {"carrier": CARRIER, "office": OFFICE}


@dataclass(frozen=True, slots=True, kw_only=True)
class Talk:
    """One call to be made."""

    caller: str
    """The caller's user part."""
    called: str
    caller_at: str = "carrier"
    """Where the caller sits: `carrier` (inbound) or `office` (outbound)."""
    display: str = ""
    extra: str = ""
    """Header lines of the INVITE, besides the usual."""
    codec: str = "PCMU"
    caller_payload: bytes = b""
    called_payload: bytes = b""
    talk_ms: int = 3000
    ring_ms: int = 800
    answer: bool = True
    hangup: str = "caller"
    compact: bool = False
    transport: str = "u1"
    """SIPp's -t: `u1` is UDP, `t1` TCP."""
    from_host: str = "[local_ip]"


def _sdp(codec: str) -> str:
    _, _, number = CODECS[codec]
    clock = 8000
    return f"""v=0
o=user1 53655765 2353687637 IN IP4 [local_ip]
s=-
c=IN IP4 [media_ip]
t=0 0
m=audio [rtpstream_audio_port] RTP/AVP {number} 101
a=rtpmap:{number} {codec}/{clock}
a=rtpmap:101 telephone-event/8000
a=ptime:20
a=sendrecv"""


def _send(text: str, retrans: bool = True) -> str:
    lines = "\n".join(line.rstrip() for line in text.strip().splitlines())
    again = ' retrans="500"' if retrans else ""
    return f"<send{again}><![CDATA[\n\n{lines}\n\n]]></send>"


def _names(compact: bool) -> dict[str, str]:
    full = {"v": "Via", "f": "From", "t": "To", "i": "Call-ID", "m": "Contact", "l": "Content-Length", "c": "Content-Type"}
    return {key: key for key in full} if compact else full


def caller_scenario(talk: Talk, stream: str) -> str:
    """The side that calls."""
    h = _names(talk.compact)
    display = f'"{talk.display}" ' if talk.display else ""
    who = f"{h['f']}: {display}<sip:{talk.caller}@{talk.from_host}>;tag=[pid]c[call_number]"
    extra = "\n".join(line for line in talk.extra.strip().splitlines() if line)
    invite = f"""INVITE sip:{talk.called}@[remote_ip]:[remote_port] SIP/2.0
{h["v"]}: SIP/2.0/[transport] [local_ip]:[local_port];branch=[branch]
{who}
{h["t"]}: <sip:{talk.called}@[remote_ip]>
{h["i"]}: [call_id]
CSeq: 1 INVITE
{h["m"]}: <sip:{talk.caller}@[local_ip]:[local_port]>
Max-Forwards: 70
{extra + chr(10) if extra else ""}{h["c"]}: application/sdp
{h["l"]}: [len]

{_sdp(talk.codec)}"""

    def within(method: str, number: int) -> str:
        return f"""{method} [next_url] SIP/2.0
{h["v"]}: SIP/2.0/[transport] [local_ip]:[local_port];branch=[branch]
{who}
{h["t"]}: <sip:{talk.called}@[remote_ip]>[peer_tag_param]
{h["i"]}: [call_id]
CSeq: {number} {method}
Max-Forwards: 70
{h["l"]}: 0"""

    play = f'<nop><action><exec rtp_stream="{stream},1,{CODECS[talk.codec][2]},{talk.codec}/8000"/></action></nop>'
    steps = [_send(invite), '<recv response="100" optional="true"/>', '<recv response="180" optional="true"/>']
    if talk.answer:
        steps += ['<recv response="200" rrs="true"/>', _send(within("ACK", 1), retrans=False), play]
        if talk.hangup == "caller":
            steps += [f'<pause milliseconds="{talk.talk_ms}"/>', _send(within("BYE", 2)), '<recv response="200"/>']
        else:
            steps += ['<recv request="BYE"/>', _answer("200 OK", h, "[last_Via:]", "")]
    else:
        cancel = f"""CANCEL sip:{talk.called}@[remote_ip]:[remote_port] SIP/2.0
{h["v"]}: SIP/2.0/[transport] [local_ip]:[local_port];branch=[branch-4]
{who}
{h["t"]}: <sip:{talk.called}@[remote_ip]>
{h["i"]}: [call_id]
CSeq: 1 CANCEL
Max-Forwards: 70
{h["l"]}: 0"""
        ack = (
            within("ACK", 1).replace("[next_url]", f"sip:{talk.called}@[remote_ip]:[remote_port]").replace("[branch]", "[branch-7]")
        )
        steps[2] = '<recv response="180"/>'
        steps += [
            f'<pause milliseconds="{talk.ring_ms}"/>', _send(cancel), '<recv response="200"/>', '<recv response="487"/>',
            _send(ack, retrans=False),
        ]  # fmt: skip
    return _scenario("caller", steps)


def called_scenario(talk: Talk, stream: str) -> str:
    """The side that is called."""
    h = _names(talk.compact)
    play = f'<nop><action><exec rtp_stream="{stream},1,{CODECS[talk.codec][2]},{talk.codec}/8000"/></action></nop>'
    ringing = _answer("180 Ringing", h, "[last_Via:]", ";tag=[pid]d[call_number]")
    remember = '<ereg regexp="tag=([0-9]+c[0-9]+)" search_in="msg" assign_to="whole,tag"/>'
    steps = [f'<recv request="INVITE"><action>{remember}</action></recv>', '<Reference variables="whole,tag"/>', ringing]
    if talk.answer:
        answer = _answer("200 OK", h, "[last_Via:]", ";tag=[pid]d[call_number]", body=_sdp(talk.codec))
        steps += [
            f'<pause milliseconds="{talk.ring_ms}"/>',
            answer.replace("<send>", '<send retrans="500">'),
            '<recv request="ACK"/>',
            play,
        ]
        if talk.hangup == "caller":
            steps += ['<recv request="BYE"/>', _answer("200 OK", h, "[last_Via:]", "")]
        else:
            bye = f"""BYE sip:{talk.caller}@{HOSTS[talk.caller_at]}:[local_port] SIP/2.0
{h["v"]}: SIP/2.0/[transport] [local_ip]:[local_port];branch=[branch]
{h["f"]}: <sip:{talk.called}@[local_ip]>;tag=[pid]d[call_number]
{h["t"]}: <sip:{talk.caller}@{talk.from_host.replace("[local_ip]", HOSTS[talk.caller_at])}>;tag=[$tag]
{h["i"]}: [call_id]
CSeq: 7 BYE
Max-Forwards: 70
{h["l"]}: 0"""
            steps += [f'<pause milliseconds="{talk.talk_ms}"/>', _send(bye), '<recv response="200"/>']
    else:
        steps += [
            '<recv request="CANCEL"/>', _answer("200 OK", h, "[last_Via:]", ";tag=[pid]d[call_number]"),
            _answer("487 Request Terminated", h, "[last_Via:]", ";tag=[pid]d[call_number]").replace("[last_CSeq:]", "CSeq: 1 INVITE"),
            '<recv request="ACK"/>',
        ]  # fmt: skip
    return _scenario("called", steps)


def _answer(status: str, h: dict[str, str], via: str, tag: str, body: str = "") -> str:
    content = f"{h['c']}: application/sdp\n{h['l']}: [len]\n\n{body}" if body else f"{h['l']}: 0"
    return _send(
        f"""SIP/2.0 {status}
{via}
[last_From:]
[last_To:]{tag}
[last_Call-ID:]
[last_CSeq:]
{h["m"]}: <sip:[local_ip]:[local_port];transport=[transport]>
{content}""",
        retrans=False,
    )


def _scenario(name: str, steps: list[str]) -> str:
    return f'<?xml version="1.0" encoding="UTF-8" ?>\n<scenario name="{name}">\n' + "\n".join(steps) + "\n</scenario>\n"


class Call:
    """A call that is being held: starts both telephones, waits for both at the end."""

    def __init__(self, lan: Lan, talk: Talk, port: int = 5060, media: int = 20000) -> None:
        self._lan, self._talk, self._port, self._media = lan, talk, port, media
        self._folder = tempfile.TemporaryDirectory()
        self._phones: dict[str, subprocess.Popen[bytes]] = {}

    def __enter__(self) -> Call:
        caller_at = self._talk.caller_at
        called_at = "office" if caller_at == "carrier" else "carrier"
        self._start("called", called_at, caller_at)
        self._start("caller", caller_at, called_at)
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        for phone in self._phones.values():
            if phone.poll() is None:
                phone.kill()
            phone.wait()
        self._folder.cleanup()

    def wait(self, timeout: float = 120.0) -> None:
        """Until both have hung up. Raises AssertionError with SIPp's own words where one failed."""
        for role, phone in self._phones.items():
            phone.wait(timeout)
            errors = "".join(path.read_text("utf-8", "replace") for path in Path(self._folder.name).glob(f"{role}*errors.log"))
            assert phone.returncode == 0, f"SIPp ({role}) ended with {phone.returncode}: {errors[-2000:]}"

    def _start(self, role: str, here: str, there: str) -> None:
        folder = Path(self._folder.name)
        stream = folder / f"{role}.raw"
        talk = self._talk
        stream.write_bytes((talk.caller_payload if role == "caller" else talk.called_payload) or b"\xff" * 1600)
        scenario = folder / f"{role}.xml"
        build = caller_scenario if role == "caller" else called_scenario
        scenario.write_text(build(talk, str(stream)), "utf-8")
        media = self._media + (0 if role == "caller" else 2000)
        command = [
            "sipp", f"{HOSTS[there]}:{self._port}", "-sf", str(scenario), "-i", HOSTS[here], "-mi", HOSTS[here], "-p", str(self._port),
            "-mp", str(media), "-m", "1", "-t", talk.transport, "-nostdin",
            "-trace_err", "-error_file", str(folder / f"{role}_errors.log"), "-timeout", "180", "-timeout_error",
        ]  # fmt: skip
        if role == "called":
            command.remove(f"{HOSTS[there]}:{self._port}")
        self._phones[role] = subprocess.Popen(
            self._lan.inside(here, command),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            cwd=folder,
        )
        if role == "called":
            _wait_for_port(self._lan, here, self._port)


def _wait_for_port(lan: Lan, role: str, port: int) -> None:
    for _ in range(100):
        found = subprocess.run(lan.inside(role, ["ss", "-Hlnut"]), capture_output=True, text=True).stdout
        if f":{port} " in found:
            return
        time.sleep(0.05)
    raise AssertionError(f"nothing listens on port {port}")
