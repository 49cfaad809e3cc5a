"""A telephone by SIPp that does what baresip cannot, step by step: a codec that changes, INFO, taking part in an attended transfer.

It calls, through a server or phone to phone; `say` sends its words in a codec from that moment on.
"""

from __future__ import annotations

import subprocess
from collections.abc import Sequence
from pathlib import Path

from tests.bed.encode import CODECS, encode
from tests.bed.lan import Lan
from tests.bed.speech import RATE, Samples


class Script:
    """The telephone `number` at a host of its own that calls `whom` (user@host, of which the host is where it sends).

    `shows` stands in From instead of its own address.
    """

    def __init__(self, lan: Lan, number: str, words: Samples, folder: Path, whom: str, shows: str = "") -> None:
        self.number, self.words = number, words
        self._shows = shows or f"<sip:{number}@[local_ip]>"
        self.role = f"ph{number}"
        self.address = lan.add(self.role)
        self._lan, self._folder, self._whom = lan, folder, whom
        self._host = whom.partition("@")[2]
        self._steps: list[str] = []
        self._sequence = 0
        self._call = "[call_id]"
        self._peer = ""
        """The other side's tag, where it is not that of the last answer."""
        folder.mkdir(parents=True)

    def invite(self, codec: str) -> Script:
        """INVITE, or re-INVITE, and the answer."""
        self._sequence += 1
        again = self._sequence > 1
        self._send("INVITE", again=again, body=_description(codec))
        for status in ("100", "180", "183"):
            self._steps.append(f'<recv response="{status}" optional="true"/>')
        self._steps.append('<recv response="200" rrs="true"/>')
        self._send("ACK", again=True)
        return self

    def say(self, codec: str, seconds: float) -> Script:
        """Speak in this codec for so long."""
        raw = self._folder / f"{codec}.raw"
        raw.write_bytes(encode(self.words, RATE, codec))
        number = CODECS[codec][2]
        self._steps.append(f'<nop><action><exec rtp_stream="{raw},-1,{number},{codec}/8000"/></action></nop>')
        return self.pause(seconds)

    def pause(self, seconds: float) -> Script:
        """Let it go on."""
        self._steps.append(f'<pause milliseconds="{int(seconds * 1000)}"/>')
        return self

    def press(self, key: str) -> Script:
        """Say by INFO that a key was pressed."""
        self._sequence += 1
        self._send("INFO", again=True, body=f"Signal={key}\nDuration=160", content="application/dtmf-relay")
        self._steps.append('<recv response="200"/>')
        return self

    def transferred(self, host: str) -> Script:
        """Be put on hold and sent to the telephone at `host`, in the place of who sends us (RFC 5589 §7.3); call it, and say so."""
        found = "sip:([^?]+).Replaces=([^%]+)%3Bto-tag%3D([^%]+)%3Bfrom-tag%3D([^>]+)"
        self._steps += [
            _heard("INVITE", "tag=([^;]+)", "From:", "whole,peer"), _answer("200 OK", _description("PCMU")),
            '<recv request="ACK"/>', _heard("REFER", found, "Refer-To:", "all,who,call,to,from"), _answer("202 Accepted"), _towards(host),
        ]  # fmt: skip
        first, self._whom, self._call = self._whom, "[$who]", "2///[call_id]"
        self._sequence += 1
        self._send("INVITE", body=_description("PCMU"), more=("Replaces: [$call];to-tag=[$to];from-tag=[$from]",))
        self._steps += [f'<recv response="{status}" optional="true"/>' for status in ("100", "180")]
        self._steps.append(_heard("200", "tag=([^;]+)", "To:", "every,third"))
        self._send("ACK", to="[$third]")
        self._sequence += 1
        self._whom, self._call, second = first, "[call_id]", (self._whom, self._call)
        self._steps.append(_towards(self._host))
        more = ("Event: refer", "Subscription-State: terminated;reason=noresource")
        self._send("NOTIFY", to="[$peer]", body="SIP/2.0 200 OK", content="message/sipfrag", more=more)
        self._steps += ['<recv response="200"/>', '<recv request="BYE"/>', _answer("200 OK"), _towards(host)]
        self._steps.append('<Reference variables="whole,all,every"/>')
        self._whom, self._call = second
        self._peer = "[$third]"
        return self

    def bye(self) -> Script:
        """Hang up."""
        self._sequence += 1
        self._send("BYE", again=not self._peer, to=self._peer)
        self._steps.append('<recv response="200"/>')
        return self

    def run(self, seconds: float = 60.0) -> None:
        """Do it all. Raises AssertionError with SIPp's own words where it fails."""
        scenario = self._folder / "script.xml"
        steps = "\n".join(self._steps)
        scenario.write_text(f'<?xml version="1.0" encoding="UTF-8" ?>\n<scenario name="script">\n{steps}\n</scenario>\n', "utf-8")
        errors = self._folder / "errors.log"
        command = [
            "sipp", f"{self._host}:5060", "-sf", str(scenario), "-i", self.address, "-mi", self.address, "-p", "5060", "-mp", "20000",
            "-m", "1", "-nostdin", "-trace_err", "-error_file", str(errors), "-timeout", str(int(seconds)), "-timeout_error",
        ]  # fmt: skip
        done = subprocess.run(
            self._lan.inside(self.role, command), stdin=subprocess.DEVNULL, capture_output=True, cwd=self._folder, timeout=seconds + 10
        )  # fmt: skip
        said = errors.read_text("utf-8", "replace") if errors.exists() else ""
        assert done.returncode == 0, f"SIPp ({self.number}) ended with {done.returncode}: {said[-2000:]}"

    def _send(
        self,
        method: str,
        *,
        again: bool = False,
        to: str = "",
        body: str = "",
        content: str = "application/sdp",
        more: Sequence[str] = (),
    ) -> None:
        lines: Sequence[str] = (
            f"{method} {'[next_url]' if again else f'sip:{self._whom}'} SIP/2.0",
            "Via: SIP/2.0/UDP [local_ip]:[local_port];branch=[branch]",
            f"From: {self._shows};tag=[pid]c[call_number]",
            f"To: <sip:{self._whom}>{'[peer_tag_param]' if again else f';tag={to}' if to else ''}",
            f"Call-ID: {self._call}",
            f"CSeq: {self._sequence} {method}",
            f"Contact: <sip:{self.number}@[local_ip]:[local_port]>",
            "Max-Forwards: 70",
            *more,
            *([f"Content-Type: {content}"] if body else []),
            "Content-Length: [len]",
            "",
            body,
        )
        retrans = "" if method == "ACK" else ' retrans="500"'
        text = "\n".join(lines)
        self._steps.append(f"<send{retrans}><![CDATA[\n\n{text}\n\n]]></send>")


def _answer(status: str, body: str = "") -> str:
    content = ["Content-Type: application/sdp"] if body else []
    headers = [
        "[last_Via:]",
        "[last_From:]",
        "[last_To:]",
        "[last_Call-ID:]",
        "[last_CSeq:]",
        "Contact: <sip:[local_ip]:[local_port]>",
    ]
    text = "\n".join([f"SIP/2.0 {status}", *headers, *content, "Content-Length: [len]", "", body])
    return f"<send><![CDATA[\n\n{text}\n\n]]></send>"


def _heard(what: str, pattern: str, header: str, names: str) -> str:
    kind = "response" if what.isdigit() else "request"
    return f'<recv {kind}="{what}"><action><ereg regexp="{pattern}" search_in="hdr" header="{header}" assign_to="{names}"/></action></recv>'


def _towards(host: str) -> str:
    return f'<nop><action><setdest host="{host}" port="5060" protocol="udp"/></action></nop>'


def _description(codec: str) -> str:
    number = CODECS[codec][2]
    return f"""v=0
o=script 1 1 IN IP4 [local_ip]
s=-
c=IN IP4 [media_ip]
t=0 0
m=audio [rtpstream_audio_port] RTP/AVP {number} 101
a=rtpmap:{number} {codec}/8000
a=rtpmap:101 telephone-event/8000
a=ptime:20
a=sendrecv"""
