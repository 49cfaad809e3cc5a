"""What a telephone does in one call, written as a list of acts and run by SIPp (GPL, a program of its own) in one of the LAN's namespaces.

    who calls: invite("202"), talk(0.5), bye()         who is called: rung(0.2), answer(), hears_bye()

A telephone that does not see what it was told to expect fails with SIPp's own words. Who is called may be told of the lamp of a voicemail
box meanwhile: that is answered by itself. Asterisk challenges a telephone with a password; a trunk is taken at its word. SIPp's traps:
`rrs` on the 200 or `[next_url]` is empty; `play_dtmf` sends payload type 96.
"""

from __future__ import annotations

import subprocess
import time
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType

from tests.bed.lan import Lan

TIMEOUT_S = 25
_VIA = "Via: SIP/2.0/UDP [local_ip]:[local_port];branch=[branch]"
_ALLOW = "Allow: INVITE, ACK, CANCEL, BYE, INFO, UPDATE, REFER, NOTIFY\n"
_END = "Max-Forwards: 70\nContent-Length: 0"


@dataclass(frozen=True, slots=True, kw_only=True)
class Party:
    """Whose telephone it is and where."""

    number: str
    password: str = ""
    display: str = ""
    role: str = "office"
    server: str
    port: int
    media: int
    headers: str = ""
    """Header lines of its INVITE besides the usual."""
    inband: str = ""
    """A file of PCMU that is its speech (rtp_stream); empty: it is silent, and presses keys by RFC 4733."""

    def sdp(self) -> str:
        """What it offers and answers."""
        port = "[rtpstream_audio_port]" if self.inband else "[media_port]"
        event = "" if self.inband else " 96"
        about = "" if self.inband else "\na=rtpmap:96 telephone-event/8000\na=fmtp:96 0-16"
        return (
            f"v=0\no=bed 1 1 IN IP4 [local_ip]\ns=-\nc=IN IP4 [media_ip]\nt=0 0\nm=audio {port} RTP/AVP 0{event}\n"
            f"a=rtpmap:0 PCMU/8000{about}\na=ptime:20\na=sendrecv"
        )


class Act:
    """One thing done or expected, as SIPp's XML."""

    def xml(self, me: Party, calls: bool) -> str:
        """`calls`: whether this side made the call."""
        raise AssertionError(type(self).__name__)


def _send(text: str, retrans: bool = True) -> str:
    again = ' retrans="500"' if retrans else ""
    lines = "\n".join(line.rstrip() for line in text.strip().splitlines())
    return f"<send{again}><![CDATA[\n\n{lines}\n\n]]></send>"


def _from(me: Party) -> str:
    display = f'"{me.display}" ' if me.display else ""
    return f"{display}<sip:{me.number}@{me.server}>;tag=[pid]c[call_number]"


@dataclass(frozen=True, slots=True)
class register(Act):  # noqa: N801 - acts read as words
    """Sign in with the password."""

    ends: int = 200

    def xml(self, me: Party, calls: bool) -> str:
        def once(number: int, more: str) -> str:
            return _send(
                f"REGISTER sip:{me.server} SIP/2.0\n{_VIA}\nFrom: {_from(me)}\nTo: <sip:{me.number}@{me.server}>\nCall-ID: [call_id]\n"
                f"CSeq: {number} REGISTER\nContact: <sip:{me.number}@[local_ip]:[local_port]>\nExpires: 3600\n{more}{_END}"
            )

        proof = f"[authentication username={me.number} password={me.password}]\n"
        return once(1, "") + '<recv response="401" auth="true"/>' + once(2, proof) + f'<recv response="{self.ends}"/>'


@dataclass(frozen=True, slots=True)
class invite(Act):  # noqa: N801
    """Call a number; `ends` is the answer that is expected: 200, or the refusal (486, 404, …)."""

    number: str
    ends: int = 200
    asserted: str = ""
    """An expression that the 200's headers must fit."""
    ring_s: float = 0.0
    """Not 0: hang up while it rings, after so long (ends must be 487)."""

    def xml(self, me: Party, calls: bool) -> str:
        uri = f"sip:{self.number}@{me.server}:5060"

        def once(number: int, proof: str, branch: str) -> str:
            return _send(
                f"INVITE {uri} SIP/2.0\n{_VIA.replace('[branch]', branch)}\nFrom: {_from(me)}\nTo: <{uri}>\nCall-ID: [call_id]\n"
                f"CSeq: {number} INVITE\nContact: <sip:{me.number}@[local_ip]:[local_port]>\nMax-Forwards: 70\n{_ALLOW}{proof}{me.headers}"
                f"Content-Type: application/sdp\nContent-Length: [len]\n\n{me.sdp()}"
            )

        def ack(number: int, branch: str) -> str:
            return _send(
                f"ACK {uri} SIP/2.0\n{_VIA.replace('[branch]', branch)}\nFrom: {_from(me)}\nTo: <{uri}>[peer_tag_param]\n"
                f"Call-ID: [call_id]\nCSeq: {number} ACK\n{_END}",
                retrans=False,
            )

        text, number = "", 1
        if me.password:
            text += (
                once(1, "", "z9hG4bKa[pid]-[call_number]")
                + '<recv response="401" auth="true"/>'
                + ack(1, "z9hG4bKa[pid]-[call_number]")
            )
            number = 2
        proof = f"[authentication username={me.number} password={me.password}]\n" if me.password else ""
        text += once(number, proof, "z9hG4bKb[pid]-[call_number]")
        text += '<recv response="100" optional="true"/><recv response="180" optional="true"/><recv response="183" optional="true"/>'
        if self.ring_s:
            text = text.replace('<recv response="180" optional="true"/><recv response="183" optional="true"/>', "")
            text += f'<recv response="180"/><pause milliseconds="{int(self.ring_s * 1000)}"/>'
            text += _send(
                f"CANCEL {uri} SIP/2.0\n{_VIA.replace('[branch]', 'z9hG4bKb[pid]-[call_number]')}\nFrom: {_from(me)}\n"
                f"To: <{uri}>\nCall-ID: [call_id]\nCSeq: {number} CANCEL\n{_END}"
            )
            return text + '<recv response="200"/><recv response="487"/>' + ack(number, "z9hG4bKb[pid]-[call_number]")
        if self.ends != 200:
            return text + f'<recv response="{self.ends}"/>' + ack(number, "z9hG4bKb[pid]-[call_number]")
        return text + '<recv response="200" rrs="true"/>' + _request("ACK", me, number) + _speech(me)


def _speech(me: Party) -> str:
    return f'<nop><action><exec rtp_stream="{me.inband},-1,0,PCMU/8000"/></action></nop>' if me.inband else ""


def _request(method: str, me: Party, number: int, more: str = "", body: str = "") -> str:
    """A request of the side that called, inside the call."""
    content = f"Content-Length: [len]\n\n{body}" if body else "Content-Length: 0"
    return _send(
        f"{method} [next_url] SIP/2.0\n{_VIA}\n[routes]\nFrom: {_from(me)}\nTo: <sip:x@{me.server}>[peer_tag_param]\nCall-ID: [call_id]\n"
        f"CSeq: {number} {method}\nContact: <sip:{me.number}@[local_ip]:[local_port]>\nMax-Forwards: 70\n{more}{content}",
        retrans=method != "ACK",
    )


def _back(method: str, me: Party, number: int, more: str = "", body: str = "") -> str:
    """A request of the side that was called, inside the call; `their` and `mine` were kept from the INVITE."""
    content = f"Content-Length: [len]\n\n{body}" if body else "Content-Length: 0"
    return _send(
        f"{method} [$uri] SIP/2.0\n{_VIA}\nFrom: [$mine];tag=[pid]d[call_number]\nTo: [$their]\nCall-ID: [call_id]\n"
        f"CSeq: {number} {method}\nContact: <sip:{me.number}@[local_ip]:[local_port]>\nMax-Forwards: 70\n{more}{content}"
    )


def _within(method: str, me: Party, calls: bool, number: int, more: str = "", body: str = "") -> str:
    return (_request if calls else _back)(method, me, number, more, body)


@dataclass(frozen=True, slots=True)
class talk(Act):  # noqa: N801
    """Stay in the call for so many seconds."""

    seconds: float

    def xml(self, me: Party, calls: bool) -> str:
        return f'<pause milliseconds="{int(self.seconds * 1000)}"/>'


@dataclass(frozen=True, slots=True)
class press(Act):  # noqa: N801
    """Press keys: by RFC 4733."""

    keys: str
    after_s: float = 0.3

    def xml(self, me: Party, calls: bool) -> str:
        steps = "".join(f'<nop><action><exec play_dtmf="{key}"/></action></nop><pause milliseconds="450"/>' for key in self.keys)
        return f'<pause milliseconds="{int(self.after_s * 1000)}"/>{steps}'


@dataclass(frozen=True, slots=True)
class inform(Act):  # noqa: N801
    """Press keys: by INFO (application/dtmf-relay)."""

    keys: str
    number: int = 20

    def xml(self, me: Party, calls: bool) -> str:
        steps = ""
        for place, key in enumerate(self.keys):
            more = "Content-Type: application/dtmf-relay\n"
            steps += _within("INFO", me, calls, self.number + place, more, f"Signal={key}\nDuration=160") + '<recv response="200"/>'
            steps += '<pause milliseconds="200"/>'
        return steps


@dataclass(frozen=True, slots=True)
class refer(Act):  # noqa: N801
    """Send the other side on to a number (RFC 3515) and go."""

    number: str

    def xml(self, me: Party, calls: bool) -> str:
        more = f"Refer-To: <sip:{self.number}@{me.server}>\nReferred-By: <sip:{me.number}@{me.server}>\n"
        return _within("REFER", me, calls, 60, more) + '<recv response="202"/><pause milliseconds="600"/>' + bye().xml(me, calls)


def _ok(status: str = "200 OK", body: str = "", tag: str = "") -> str:
    content = f"Content-Type: application/sdp\nContent-Length: [len]\n\n{body}" if body else "Content-Length: 0"
    return _send(
        f"SIP/2.0 {status}\n[last_Via:]\n[last_Record-Route:]\n[last_From:]\n[last_To:]{tag}\n[last_Call-ID:]\n[last_CSeq:]\n"
        f"Contact: <sip:bed@[local_ip]:[local_port]>\n{_ALLOW}{content}",
        retrans=bool(body),
    )


@dataclass(frozen=True, slots=True)
class bye(Act):  # noqa: N801
    """Hang up."""

    def xml(self, me: Party, calls: bool) -> str:
        return _within("BYE", me, calls, 90) + '<recv response="200"/>'


@dataclass(frozen=True, slots=True)
class hears_bye(Act):  # noqa: N801
    """The other side, or Asterisk, hangs up."""

    def xml(self, me: Party, calls: bool) -> str:
        return f'<recv request="BYE" timeout="{TIMEOUT_S * 1000}"/>{_ok()}'


@dataclass(frozen=True, slots=True)
class renewed(Act):  # noqa: N801
    """Asterisk offers again inside the call, since the other side is another one now."""

    def xml(self, me: Party, calls: bool) -> str:
        return f'<recv request="INVITE" timeout="{TIMEOUT_S * 1000}"/>{_ok(body=me.sdp())}<recv request="ACK"/>'


@dataclass(frozen=True, slots=True)
class rung(Act):  # noqa: N801
    """An INVITE comes and it rings for so long; `shown` is an expression that a header of it must fit."""

    seconds: float = 0.2
    shown: str = ""

    def xml(self, me: Party, calls: bool) -> str:
        check = f'<ereg regexp="{self.shown}" search_in="msg" check_it="true" assign_to="shown"/>' if self.shown else ""
        keep = (
            '<ereg regexp="&lt;.*" search_in="hdr" header="From:" assign_to="their"/>'
            '<ereg regexp="&lt;[^;]*" search_in="hdr" header="To:" assign_to="mine"/>'
            '<ereg regexp="sip:[^&gt;]*" search_in="hdr" header="Contact:" assign_to="uri"/>'
        )
        used = '<Reference variables="their,mine,uri{}"/>'.format(",shown" if self.shown else "")
        return (
            f'<recv request="INVITE" timeout="{TIMEOUT_S * 1000}" rrs="true"><action>{keep}{check}</action></recv>{used}'
            + _ok("180 Ringing", tag=";tag=[pid]d[call_number]")
            + f'<pause milliseconds="{int(self.seconds * 1000)}"/>'
        )


@dataclass(frozen=True, slots=True)
class answer(Act):  # noqa: N801
    """Take the call that rings."""

    def xml(self, me: Party, calls: bool) -> str:
        return _ok("200 OK", me.sdp(), tag=";tag=[pid]d[call_number]") + '<recv request="ACK"/>' + _speech(me)


@dataclass(frozen=True, slots=True)
class decline(Act):  # noqa: N801
    """Refuse the call that rings."""

    status: str = "486 Busy Here"

    def xml(self, me: Party, calls: bool) -> str:
        return _ok(self.status, tag=";tag=[pid]d[call_number]") + '<recv request="ACK"/>'


@dataclass(frozen=True, slots=True)
class cancelled(Act):  # noqa: N801
    """Ring until the caller, or Asterisk, gives up."""

    def xml(self, me: Party, calls: bool) -> str:
        tag = ";tag=[pid]d[call_number]"
        gone = _ok("487 Request Terminated", tag=tag).replace("[last_CSeq:]", "CSeq: [$cseq]")
        return (
            f'<recv request="CANCEL" timeout="{TIMEOUT_S * 1000}"><action>'
            '<ereg regexp="[0-9]+" search_in="hdr" header="CSeq:" assign_to="number"/></action></recv>'
            + _ok()
            + gone.replace("[$cseq]", "[$number] INVITE")
            + '<recv request="ACK"/>'
        )


@dataclass(slots=True)
class Agent:
    """One SIPp that acts for a party."""

    lan: Lan
    folder: Path
    party: Party
    name: str
    calls: bool
    acts: Iterable[Act] = ()
    _process: subprocess.Popen[bytes] | None = field(default=None)

    def __enter__(self) -> Agent:
        me, scenario = self.party, self.folder / f"{self.name}.xml"
        steps = "\n".join(act.xml(me, self.calls) for act in self.acts)
        steps += f'<nop><action><exec command="touch {self.folder / self.name}.done"/></action></nop>'
        scenario.write_text(
            f'<?xml version="1.0" encoding="UTF-8" ?>\n<scenario name="{self.name}">\n{steps}\n</scenario>\n', "utf-8"
        )
        address = self.lan.addresses[me.role]
        command = [
            "sipp", f"{me.server}:5060", "-sf", str(scenario), "-i", address, "-mi", address, "-p", str(me.port),
            "-mp", str(me.media),
            "-t", "u1", *(["-m", "1"] if self.calls else []), "-nostdin", "-aa",
            "-trace_err", "-error_file", str(self.folder / f"{self.name}.err"),
            "-trace_msg", "-message_file", str(self.folder / f"{self.name}.msg"),
            "-timeout", str(TIMEOUT_S), "-timeout_error",
        ]  # fmt: skip
        self._process = subprocess.Popen(
            self.lan.inside(me.role, command), stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
            cwd=self.folder,
        )  # fmt: skip
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        assert self._process is not None
        if self._process.poll() is None:
            self._process.kill()
        self._process.wait()

    def messages(self) -> str:
        """Every message that it sent and got."""
        path = self.folder / f"{self.name}.msg"
        return path.read_text("utf-8", "replace") if path.exists() else ""

    def ended(self) -> bool:
        """Whether it has done all, or failed."""
        assert self._process is not None
        return self._done() or self._process.poll() is not None or "Aborting" in self._errors()

    def wait(self, seconds: float = TIMEOUT_S + 10) -> None:
        """Until all of it was done. Raises AssertionError with SIPp's words where it was not."""
        deadline = time.monotonic() + seconds
        while not self.ended() and time.monotonic() < deadline:
            time.sleep(0.03)
        words = f"{self._errors()[-1500:]}\n{self.messages()[-2500:]}"
        assert self._done(), f"{self.name} ({self.party.number}) did not do all: {words}"

    def _done(self) -> bool:
        assert self._process is not None
        return self._process.poll() == 0 or (self.folder / f"{self.name}.done").exists()

    def _errors(self) -> str:
        path = self.folder / f"{self.name}.err"
        return path.read_text("utf-8", "replace") if path.exists() else ""
