"""A real telephone: baresip in a namespace of its own, without a sound card. It says its words again and again from the moment its audio
runs, and obeys over its control port (JSON in netstrings). What happens to it is a list of events; its log holds every SIP message.

baresip 1.0 (Debian 12) knows no attended transfer; it sends any Refer-To, though, and `replacing` makes the one that stands for it
(RFC 3891) from its SIP trace.
"""

from __future__ import annotations

import json
import re
import socket
import subprocess
import threading
import time
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Any
from urllib.parse import quote

import numpy as np
import soundfile

from tests.bed.lan import Lan
from tests.bed.namespace import inside
from tests.bed.speech import RATE, Samples

CONTROL = 4444
SIP = 5060
LENGTH_S, PAUSE_S = 120.0, 0.6
"""At the end of its file it would hang up."""
WAIT_S = 20.0
NAMES = {
    "ulaw": "PCMU/8000/1", "alaw": "PCMA/8000/1", "g722": "G722/16000/1", "gsm": "GSM/8000/1", "g726": "G726-32/8000/1",
    "opus": "opus/48000/2",
}  # fmt: skip
"""baresip's names of the codecs by Asterisk's."""
_MODULES = Path("/usr/lib/baresip/modules")
_CONFIG = """poll_method epoll
sip_listen {address}:5060
call_local_timeout 120
call_max_calls 8
audio_player aubridge,nil
audio_source aufile,{folder}/words.wav
audio_alert aubridge,alert
ausrc_srate 16000
ausrc_channels 1
rtp_ports 16384-17384
jitter_buffer_delay 5-10
module_path {modules}
module g711.so
module g722.so
module g726.so
module gsm.so
module opus.so
module aufile.so
module aubridge.so
module srtp.so
module_app account.so
module_app menu.so
module_app ctrl_tcp.so
ctrl_tcp_listen 127.0.0.1:4444
"""


@dataclass(frozen=True, slots=True)
class Happened:
    """An event of the telephone, and when (ns)."""

    kind: str
    call: str
    """The Call-ID it is about."""
    detail: str
    at: int


class Phone:
    """The telephone `number`, registered with `server` (or with nobody) while the object is entered."""

    def __init__(
        self,
        lan: Lan,
        number: str,
        words: Samples,
        folder: Path,
        *,
        server: str = "",
        codecs: tuple[str, ...] = ("ulaw",),
        answers: str = "auto",
        srtp: bool = False,
        password: str = "",
    ) -> None:
        self.number, self.words, self.folder = number, words, folder
        self._lan, self._server = lan, server
        self.role = f"ph{number[-8:]}"
        self.address = lan.add(self.role)
        self._happened: list[Happened] = []
        self._news = threading.Condition()
        self._process: subprocess.Popen[bytes] | None = None
        self._control: socket.socket | None = None
        self._answers: list[dict[str, Any]] = []
        folder.mkdir(parents=True)
        said = np.concatenate([words, np.zeros(int(PAUSE_S * RATE), np.int16)])
        soundfile.write(folder / "words.wav", np.resize(said, int(LENGTH_S * RATE)), RATE, subtype="PCM_16")
        (folder / "config").write_text(_CONFIG.format(address=self.address, folder=folder, modules=_MODULES), "utf-8")
        parameters = [
            f"audio_codecs={','.join(NAMES[codec] for codec in codecs)}", f"answermode={answers}", f"regint={600 if server else 0}",
            f"auth_user={number}", f"auth_pass={password or number}", "ptime=20", *(["mediaenc=srtp-mand"] if srtp else []),
        ]  # fmt: skip
        account = f"<sip:{number}@{server or self.address}>;{';'.join(parameters)}\n"
        (folder / "accounts").write_text(account, "utf-8")
        (folder / "contacts").write_text("", "utf-8")

    def __enter__(self) -> Phone:
        with (self.folder / "log").open("wb") as log:
            command = self._lan.inside(self.role, ["baresip", "-s", "-f", str(self.folder)])
            self._process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=log, stderr=log)
        with ExitStack() as stack:
            stack.callback(self.stop)
            self._connect()
            if self._server:
                self._register()
            stack.pop_all()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self.stop()

    def stop(self) -> None:
        """Switch it off."""
        assert self._process is not None
        self._process.terminate()
        try:
            self._process.wait(5)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        if self._control is not None:
            self._control.close()

    @property
    def registers(self) -> bool:
        """Whether it has a server."""
        return bool(self._server)

    @property
    def address_of_record(self) -> str:
        """Its SIP URI where it lies, for a call past every server."""
        return f"sip:{self.number}@{self.address}"

    def dial(self, whom: str) -> None:
        """Call a number at its server, or a SIP URI."""
        self._command("dial", whom if ":" in whom else f"sip:{whom}@{self._server}")

    def answer(self) -> None:
        """Answer what rings."""
        self._command("accept")

    def hang_up(self) -> None:
        """End the call in hand."""
        self._command("hangup")

    def hold(self) -> None:
        """Put the call in hand on hold."""
        self._command("hold")

    def resume(self) -> None:
        """Take it back."""
        self._command("resume")

    def line(self, number: int) -> None:
        """Take another call in hand (1 is the oldest)."""
        self._command("line", str(number))

    def transfer(self, whom: str) -> None:
        """Send the other side of the call in hand to a number or a SIP URI (REFER)."""
        self._command("transfer", whom if ":" in whom else f"sip:{whom}@{self._server}")

    def press(self, keys: str) -> None:
        """Press keys (RFC 4733)."""
        for key in keys:
            self._command("sndcode", key)
            time.sleep(0.3)

    def offer_again(self) -> None:
        """Send a re-INVITE with the same description."""
        self._command("reinvite")

    def replacing(self, call: str) -> str:
        """The Refer-To that has this call of ours (its Call-ID) replaced by the one that the other side makes."""
        message = self._message(call)
        tags = {name: re.search(rf"^{name}:.*?;tag=([^;\r\n]+)", message, re.MULTILINE) for name in ("From", "To")}
        uri = re.search(r"^To:[^<\r\n]*<([^>]+)>", message, re.MULTILINE)
        assert uri and tags["From"] and tags["To"], message
        header = f"{call};to-tag={tags['To'][1]};from-tag={tags['From'][1]}"
        return f"<{uri[1]}?Replaces={quote(header, safe='')}>"

    def happened(self, kind: str) -> list[Happened]:
        """What happened of this kind so far."""
        with self._news:
            return [event for event in self._happened if event.kind == kind]

    def wait(self, kind: str, count: int = 1, seconds: float = WAIT_S) -> Happened:
        """The event of this kind that has this place among them. Raises AssertionError with the log where it does not come."""
        deadline = time.monotonic() + seconds
        with self._news:
            while True:
                found = [event for event in self._happened if event.kind == kind]
                if len(found) >= count:
                    return found[count - 1]
                left = deadline - time.monotonic()
                assert left > 0, f"{self.number}: no {kind} among {self._happened}\n{self.log()[-3000:]}"
                self._news.wait(left)

    def log(self) -> str:
        """What it said, with every SIP message."""
        return (self.folder / "log").read_text("utf-8", "replace")

    def _message(self, call: str) -> str:
        """The answer (200) to the INVITE of this call, from the SIP trace."""
        for part in re.split(r"(?=^SIP/2\.0 )", self.log().replace("\r", ""), flags=re.MULTILINE):
            message = part.partition("\n\n")[0]
            if (
                message.startswith("SIP/2.0 200")
                and f"Call-ID: {call}" in message
                and re.search(r"^CSeq: \d+ INVITE", message, re.M)
            ):
                return message
        raise AssertionError(f"no answer to {call} in the log of {self.number}")

    def _register(self) -> None:
        deadline = time.monotonic() + WAIT_S
        while "OK " not in (said := self._command("reginfo")):
            assert time.monotonic() < deadline, f"{self.number} is not registered: {said}\n{self.log()[-2000:]}"
            time.sleep(0.05)

    def _connect(self) -> None:
        assert self._process is not None
        deadline = time.monotonic() + WAIT_S
        while self._control is None:
            assert self._process.poll() is None, self.log()[-2000:]
            assert time.monotonic() < deadline, self.log()[-2000:]
            try:
                self._control = inside(self._lan.names[self.role], lambda: socket.create_connection(("127.0.0.1", CONTROL)))
            except ConnectionRefusedError:
                time.sleep(0.05)
        threading.Thread(target=self._listen, args=(self._control,), daemon=True).start()

    def _listen(self, control: socket.socket) -> None:
        received = b""
        while True:
            try:
                piece = control.recv(1 << 16)
            except OSError:
                return
            if not piece:
                return
            received += piece
            while (colon := received.find(b":")) > 0 and len(received) > colon + 1 + int(received[:colon]):
                size = int(received[:colon])
                said = json.loads(received[colon + 1 : colon + 1 + size].decode("utf-8", "replace"))
                received = received[colon + 2 + size :]
                self._note(said)

    def _note(self, said: dict[str, Any]) -> None:
        with self._news:
            if said.get("event"):
                self._happened.append(Happened(said["type"], said.get("id", ""), said.get("param", ""), time.time_ns()))
            else:
                self._answers.append(said)
            self._news.notify_all()

    def _command(self, command: str, params: str = "") -> str:
        assert self._control is not None
        said = json.dumps({"command": command, **({"params": params} if params else {})}).encode()
        with self._news:
            before = len(self._answers)
            self._control.sendall(b"%d:%s," % (len(said), said))
            answered = self._news.wait_for(lambda: len(self._answers) > before, WAIT_S)
            assert answered, f"{self.number}: no answer to {command}"
            assert self._answers[-1]["ok"], f"{self.number}: {command} {params}: {self._answers[-1]}\n{self.log()[-2000:]}"
            return str(self._answers[-1]["data"])
