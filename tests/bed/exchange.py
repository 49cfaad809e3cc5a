"""A real Asterisk whose inbound calls go through flows, the real service that runs those, and an office whose telephones always answer.

A caller dials the name of a flow. The dialplan says by hand what the generated one says: three guards before the application, a fallback.
Everything lies in one folder, which Asterisk and the service see as /mnt, so that a sound has one path.
"""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import soundfile

from appliance import flow_shelf, phone_secrets, shelf
from appliance.box import Box
from appliance.ledger import Ledger
from appliance.records import NodeEntered, Record
from ivr_flows.flow_reading import read_flow
from ivr_flows.said import ReadOut, every_digit
from tests.bed.ari import FILES, Switchboard
from tests.bed.asterisk import Endpoint
from tests.bed.house import wait_for
from tests.bed.namespace import inside
from tests.bed.passage import Passage
from tests.house.sources import ROOT

ANSWERS_MS = 300
PROGRAM = (sys.executable, "-m", "appliance", "ivr", "run", "--canary", "0")
GUARDS = """exten => _[a-z][a-z0-9_]!,1,Set(APPLIANCE_FLOW=${EXTEN})
same => n,Set(APPLIANCE_ROUTE=front)
same => n,Set(APPLIANCE_CALLER=${CALLERID(num)})
same => n,Set(APPLIANCE_CALLED=0312345678)
same => n,GotoIf($["${GLOBAL(APPLIANCE_BEAT)}" = ""]?go-fallback,${EXTEN},1)
same => n,GotoIf($[${EPOCH} - ${GLOBAL(APPLIANCE_BEAT)} > 5 | ${GLOBAL(APPLIANCE_BEAT)} - ${EPOCH} > 5]?go-fallback,${EXTEN},1)
same => n,Set(TIMEOUT(absolute)=600)
same => n,GotoIf($["${GLOBAL(APPLIANCE_CLAIMS)}" = "1"]?claim)
same => n,Stasis(appliance,enter,front,${APPLIANCE_FLOW})
same => n,Goto(left)
same => n(claim),StasisBroadcast(2000,^appliance$,enter:front:${APPLIANCE_FLOW})
same => n(left),GotoIf($["${STASISSTATUS}" = "SUCCESS"]?over)
same => n,Goto(go-fallback,${APPLIANCE_FLOW},1)
same => n(over),Hangup()
exten => T,1,Set(TIMEOUT(absolute)=0)
same => n,Goto(go-fallback,${APPLIANCE_FLOW},1)
exten => plain_menu,1,Goto(plain,menu,1)
[go-fallback]
exten => _[a-z][a-z0-9_]!,1,Set(TIMEOUT(absolute)=0)
same => n,Dial(OFFICE,60)
same => n,Hangup()
[go-group]
exten => _[a-z][a-z0-9_]!,1,Set(TIMEOUT(absolute)=0)
same => n,GotoIf($["${EXTEN}" = "nobody"]?nobody)
same => n,Dial(OFFICE,${APPLIANCE_RING},g)
same => n(ended),NoOp()
same => n,GotoIf($["${APPLIANCE_BACK}" != "1"]?over)
same => n,Goto(go-back,${IF($["${DIALSTATUS}" = "ANSWER"]?answered:no_answer)},1)
same => n(over),Hangup()
same => n(nobody),Wait(${APPLIANCE_RING})
same => n,Set(DIALSTATUS=NOANSWER)
same => n,Goto(ended)
[go-extension]
exten => _X.,1,Goto(go-group,front,1)
[go-queue]
exten => _[a-z][a-z0-9_]!,1,Goto(go-group,front,1)
[go-voicemail]
exten => _X.,1,Set(TIMEOUT(absolute)=0)
same => n,Wait(2)
same => n,Goto(go-back,done,1)
[go-conference]
exten => _X.,1,Goto(go-voicemail,${EXTEN},1)
[go-back]
exten => _[a-z][a-z_]!,1,GotoIf($[${EPOCH} - ${GLOBAL(APPLIANCE_BEAT)} > 5]?go-fallback,${APPLIANCE_FLOW},1)
same => n,Set(TIMEOUT(absolute)=600)
same => n,Stasis(appliance,back,${EXTEN})
same => n,GotoIf($["${STASISSTATUS}" = "SUCCESS"]?over)
same => n,Goto(go-fallback,${APPLIANCE_FLOW},1)
same => n(over),Hangup()
exten => T,1,Set(TIMEOUT(absolute)=0)
same => n,Goto(go-fallback,${APPLIANCE_FLOW},1)
[go-hangup]
exten => s,1,Hangup()
[canary]
exten => s,1,Set(TIMEOUT(absolute)=20)
same => n,Stasis(appliance,canary)
same => n,Hangup()
[plain]
exten => menu,1,Answer()
same => n,Background(/mnt/sounds/prompt)
same => n,WaitExten(5)
exten => 1,1,Hangup()
[callers]
exten => wait,1,Wait(300)""".splitlines()
MANAGER = "[general]\nenabled = yes\nbindaddr = 127.0.0.1\n[appliance]\nsecret = bed\nread = all\nwrite = all\n"
OFFICE = """<?xml version="1.0" encoding="UTF-8" ?>
<scenario name="office">
<recv request="INVITE" crlf="true"/>
<send><![CDATA[

SIP/2.0 180 Ringing
[last_Via:]
[last_From:]
[last_To:];tag=[pid]o[call_number]
[last_Call-ID:]
[last_CSeq:]
Contact: <sip:[local_ip]:[local_port]>
Content-Length: 0

]]></send>
<pause milliseconds="{ring}"/>
<send retrans="500"><![CDATA[

SIP/2.0 200 OK
[last_Via:]
[last_From:]
[last_To:];tag=[pid]o[call_number]
[last_Call-ID:]
[last_CSeq:]
Contact: <sip:[local_ip]:[local_port]>
Content-Type: application/sdp
Content-Length: [len]

v=0
o=office 1 1 IN IP4 [local_ip]
s=-
c=IN IP4 [media_ip]
t=0 0
m=audio [media_port] RTP/AVP 0
a=rtpmap:0 PCMU/8000

]]></send>
<recv request="ACK"/>
<recv request="BYE"/>
<send><![CDATA[

SIP/2.0 200 OK
[last_Via:]
[last_From:]
[last_To:]
[last_Call-ID:]
[last_CSeq:]
Content-Length: 0

]]></send>
</scenario>
"""


def publish(data: Path, text: str, number: int = 1, seconds: float = 0.5) -> str:
    """Put a flow on the shelf as callers meet it, every prompt a short tone; returns its name."""
    flow, faults = read_flow(text.encode())
    assert flow is not None, faults
    assert flow.fallback is not None, faults
    revision = f"{number:04d}-abcdefgh"
    folder = flow_shelf.revision_folder(data, flow.name, revision)
    prompts = folder / "prompts"
    prompts.mkdir(parents=True, exist_ok=True)
    tone = (3000 * np.sin(np.arange(int(8000 * seconds)) / 3)).astype(np.int16)
    parts = [part for node in flow.nodes.values() for prompt, _ in node.prompts for part in prompt.parts]
    for part in (*parts, *every_digit(flow.language)):
        if not isinstance(part, ReadOut):
            soundfile.write(prompts / f"{part.key}.wav", tone, 8000, subtype="PCM_16")
    (folder / "flow.yaml").write_text(text, "utf-8")
    shelf.write(
        folder / "meta.json",
        b'{"fallback": "%s", "title": "", "max_minutes": 10}' % str(flow.fallback).encode(),
    )
    for path in [data / "flows", *(data / "flows").rglob("*")]:
        path.chmod(0o755 if path.is_dir() else 0o644)
    flow_shelf.point(data, flow.name, revision)
    (flow_shelf.folder(data, flow.name) / "live").chmod(0o644)
    return flow.name


class Exchange(Switchboard):
    """Asterisk and the office run while the block of `running` lasts; `start` and `stop` begin and end the service."""

    def __init__(
        self, folder: Path, flows: Sequence[str], settings: str = "", program: Sequence[str] = PROGRAM, seconds: float = 0.5
    ) -> None:
        files = {"manager.conf": MANAGER, "ari.conf": FILES["ari.conf"]}
        endpoints = [Endpoint(number=name, anybody=True) for name in ("office", "caller")]
        super().__init__(folder, (), files, endpoints, sounds={"prompt": np.resize(np.array([0, 900, 0, -900], np.int16), 3200)})
        self.data = folder / "var"
        self._flows, self._settings, self._program = flows, settings, program
        self._seconds = seconds
        self._process: subprocess.Popen[bytes] | None = None
        self._kept: list[socket.socket] = []
        self.passage: Passage

    def plug(self) -> None:
        """The office's telephones."""
        self._office_at = self.lan.add("desks")
        self._contexts = [line.replace("OFFICE", f"PJSIP/office/sip:office@{self._office_at}:5060") for line in GUARDS]

    @contextmanager
    def running(self) -> Iterator[Exchange]:
        """The exchange with its office; the service is not running yet."""
        self.data.mkdir(parents=True)
        (self.data / "appliance.toml").write_text(self._settings, "utf-8")
        self.box = Box.at(self.data)
        for secret in (phone_secrets.ARI, phone_secrets.AMI):
            phone_secrets.write(self.box.folders.keys, secret, "bed")
        for text in self._flows:
            publish(self.data, text, seconds=self._seconds)
        with super().running(), self._office():
            self.data.chmod(0o755)
            try:
                yield self
            finally:
                self.kill()
                for one in self._kept:
                    one.close()

    def listen(self, port: int) -> None:
        """Somebody takes connections on this port, and never answers."""
        if not self._kept:
            self._kept.append(inside(self.lan.names["pbx"], lambda: socket.create_server(("127.0.0.1", port))))

    def start(self) -> None:
        """Begin the service, and wait until it takes calls."""
        before = self.beat()
        enter = 'mount --bind "$1" /mnt && shift && exec "$@"'
        words = ["sh", "-c", enter, "sh", str(self._folder), *self._program, "--data", "/mnt/var"]
        with (self._folder / "ivr.log").open("ab") as log:
            self._process = subprocess.Popen(
                self.lan.inside("pbx", words), stdin=subprocess.DEVNULL, stdout=log, stderr=log, env={**os.environ, "PYTHONPATH": str(ROOT)}
            )  # fmt: skip
        try:
            wait_for("the service", lambda: self.beat() > before, 20)
        except AssertionError as error:
            raise AssertionError(f"{error}: {self.service_log()[-3000:]}") from None

    def pid(self) -> int:
        """The service's process, in the place of the shell that began it."""
        assert self._process is not None
        return self._process.pid

    def signal(self, number: signal.Signals) -> None:
        """Send the service a signal."""
        assert self._process is not None
        self._process.send_signal(number)

    def stop(self) -> None:
        """End it as systemd does."""
        assert self._process is not None
        self._process.terminate()
        assert self._process.wait(20) == 0, self.service_log()[-3000:]
        self._process = None

    def kill(self) -> None:
        """End it at once, if it runs."""
        if self._process is not None:
            self._process.kill()
            self._process.wait()
            self._process = None

    def beat(self) -> int:
        """The heartbeat as the dialplan sees it."""
        said = self.pbx.cli("dialplan show globals")
        return next((int(line.split("=")[1]) for line in said.splitlines() if line.strip().startswith("APPLIANCE_BEAT=")), 0)

    def service_log(self) -> str:
        """What the service said."""
        path = self._folder / "ivr.log"
        return path.read_text("utf-8", "replace") if path.exists() else ""

    def records(self, *kinds: type[Record]) -> list[Record]:
        """What the ledger knows of these kinds, the oldest first."""
        with Ledger.open(self.box.folders.ledger) as ledger:
            return [row.record for row in ledger.since(0, kinds, 100_000)]

    def nodes(self) -> list[str]:
        """The nodes that callers reached."""
        return [record.node for record in self.records(NodeEntered) if isinstance(record, NodeEntered)]

    def talking(self) -> list[str]:
        """The far ends of callers who speak with the office (Asterisk has both in one bridge)."""
        rows = [line.split("!") for line in self.pbx.cli("core show channels concise").splitlines() if "!" in line]
        bridged = {row[-2] for row in rows if row[0].startswith("PJSIP/office") and row[4] == "Up" and row[-2]}
        return sorted(row[0] for row in rows if ";2" in row[0] and row[-2] in bridged)

    def inside(self) -> list[str]:
        """Where those callers are whom the application has."""
        return [place for place in self.places() if "/Stasis" in place]

    @contextmanager
    def _office(self) -> Iterator[None]:
        scenario = self._folder / "office.xml"
        scenario.write_text(OFFICE.replace("{ring}", str(ANSWERS_MS)), "utf-8")
        command = [
            "sipp", "-sf", str(scenario), "-i", self._office_at, "-mi", self._office_at, "-p", "5060", "-mp", "20000", "-nostdin",
            "-trace_err", "-error_file", str(self._folder / "office_errors.log"),
        ]  # fmt: skip
        quiet = subprocess.DEVNULL
        with subprocess.Popen(
            self.lan.inside("desks", command), stdin=quiet, stdout=quiet, stderr=quiet, cwd=self._folder
        ) as office:
            try:
                yield
            finally:
                office.kill()
