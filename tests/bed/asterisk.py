"""A real Asterisk 22: Debian's package in a root of its own, run in one of the LAN's namespaces with a configuration written here.

The root lies below `.cache` and is built at the first run, from the mirror that apt uses already; Debian 12 has no Asterisk. What a run
changes (data, spool, log, sockets) is in a folder of the test's, bound to /mnt of the root where only this run sees it: `ip netns exec`
gives every command mounts of its own. Asterisk runs under its own account. Needs root and mmdebstrap.
"""

from __future__ import annotations

import os
import re
import socket
import subprocess
import time
from collections.abc import Iterable, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType

import numpy as np
import soundfile
from numpy.typing import NDArray

from tests.bed.lan import Lan
from tests.bed.rootfs import UnavailableError as UnavailableError
from tests.bed.rootfs import root_of

VERSION = "22"
PACKAGES = ("asterisk", "asterisk-core-sounds-en")
CACHE = Path(__file__).resolve().parents[2] / ".cache" / "asterisk"
READY_S, STOP_S = 60.0, 20.0
REALM = "asterisk"
_STATE = "/mnt"
"""Where the root sees the folder of the run."""
_ENTER = 'mount --bind "$1" "$2/mnt" && mount --bind "$1/etc/hosts" "$2/etc/hosts" && shift && exec chroot --userspec=asterisk "$@"'
_MODULES = re.compile(
    r"(app_(dial|echo|playback|playtones|senddtmf|stack|stasis(_broadcast)?|transfer|verbose)|bridge_.*|chan_pjsip|codec_.*"
    r"|format_(wav|pcm|gsm)|func_(callerid|channel|db|global|hangupcause|logic|pjsip_.*|strings|timeout|volume)|pbx_config"
    r"|res_(ari.*|clioriginate|crypto|format_attr_.*|http_websocket|musiconhold|pjproject|rtp_asterisk|sorcery_(astdb|config|memory)|srtp"
    r"|stasis.*|timing_timerfd|websocket_client)"
    r"|res_pjsip(_(acl|authenticator_digest|caller_id|diversion|dlg_options|dtmf_info|empty_info|endpoint_identifier_(ip|user)"
    r"|header_funcs|logger|nat|outbound_authenticator_digest|path|pubsub|refer|registrar|rfc3326|rfc3329|sdp_rtp|session))?)\.so"
)
"""What the tests need, so that it starts at once and complains of no database that nobody set up."""

_ASTERISK = """[directories]
astetcdir => {state}/etc
astmoddir => {modules}
astvarlibdir => {state}/lib
astdbdir => {state}/lib
astkeydir => {state}/lib
astdatadir => /usr/share/asterisk
astagidir => {state}/lib
astspooldir => {state}/spool
astrundir => {state}/run
astlogdir => {state}/log
astsbindir => /usr/sbin
[options]
nocolor = yes
documentation_language = en_US
"""
_LOGGER = """[general]
dateformat = %F %T.%3q
[logfiles]
messages.log => notice,warning,error,verbose(3)
"""
_PJSIP = """[global]
type = global
user_agent = bed
[udp]
type = transport
protocol = udp
bind = 0.0.0.0
[tcp]
type = transport
protocol = tcp
bind = 0.0.0.0
"""
_MUSIC = """[default]
mode = files
directory = {state}/music
"""
_TONES = """[general]
country = jp
[jp]
ringcadence = 1000,2000
description = Japan
dial = 400
busy = 400/500,0/500
ring = 400*16/1000,0/2000
congestion = 400/500,0/500
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Endpoint:
    """A telephone as Asterisk is told of it. It registers under its number, with its number as password."""

    number: str
    codecs: tuple[str, ...] = ("ulaw",)
    """Asterisk's names, the first is preferred."""
    direct_media: bool = False
    """Whether Asterisk may send the two sides' media past itself."""
    dtmf: str = "rfc4733"
    """rfc4733, info, inband or auto."""
    srtp: bool = False
    """SDES (RFC 4568), its keys in the signalling."""
    anybody: bool = False
    """Whether it is taken at its word: it does not register, and calls without a password."""
    more: str = ""
    """Further lines of the endpoint."""

    def __str__(self) -> str:
        yes = {True: "yes", False: "no"}
        lines = [
            f"[{self.number}]", "type = endpoint", "context = bed", f"aors = {self.number}", "disallow = all",
            f"allow = {','.join(self.codecs)}", f"direct_media = {yes[self.direct_media]}", f"dtmf_mode = {self.dtmf}",
            f"media_encryption = {'sdes' if self.srtp else 'no'}", f"callerid = <{self.number}>", "rtp_symmetric = no",
            *([] if self.anybody else [f"auth = {self.number}"]), self.more,
            f"[{self.number}]", "type = aor", "max_contacts = 1",
        ]  # fmt: skip
        if not self.anybody:
            lines += [f"[{self.number}]", "type = auth", f"username = {self.number}", f"password = {self.number}"]
        return "\n".join(lines) + "\n"


def installed() -> Path:
    """The root with Asterisk in it; it is built first where it is not. Raises UnavailableError."""
    return root_of(CACHE, f"{VERSION}.installed", "sid", PACKAGES, _check)


def _check(root: Path) -> None:
    said = subprocess.run(["chroot", str(root), "asterisk", "-V"], capture_output=True, text=True).stdout
    if not said.startswith(f"Asterisk {VERSION}."):
        raise UnavailableError(f"Debian has another Asterisk than {VERSION}: {said.strip()}")
    (root / "etc" / "hosts").touch()


class Asterisk:
    """An Asterisk in the namespace of `role`, as long as the object is entered.

    `dialplan` are the lines of the context `bed`, in which every call begins. `files` are further files of its configuration by their
    names; `sounds` (int16 mono at 16 kHz) are played as `/mnt/sounds/NAME`, and `music` on hold.
    """

    def __init__(
        self,
        lan: Lan,
        role: str,
        folder: Path,
        *,
        endpoints: Iterable[Endpoint] = (),
        dialplan: Sequence[str] = (),
        files: Mapping[str, str] | None = None,
        sounds: Mapping[str, NDArray[np.int16]] | None = None,
        music: NDArray[np.int16] | None = None,
        rendered: Mapping[str, str] | None = None,
    ) -> None:
        self._lan, self._role, self.folder = lan, role, folder
        self._root = installed()
        self._process: subprocess.Popen[bytes] | None = None
        (modules,) = self._root.glob("usr/lib/*/asterisk/modules")
        here = {
            "asterisk.conf": _ASTERISK.format(state=_STATE, modules="/" + str(modules.relative_to(self._root))),
            "hosts": f"127.0.0.1 localhost\n{lan.addresses[role]} {socket.gethostname()}\n",
        }
        own = {
            "modules.conf": _modules(modules),
            "logger.conf": _LOGGER,
            "pjsip.conf": _PJSIP + "".join(map(str, endpoints)),
            "rtp.conf": "[general]\nrtpstart = 10000\nrtpend = 14999\n",
            "extensions.conf": "\n".join(["[general]", "[bed]", *dialplan]) + "\n",
            "musiconhold.conf": _MUSIC.format(state=_STATE),
            "indications.conf": _TONES,
            **{f"{name}.conf": "[general]\n" for name in ("ari", "cdr", "cel", "features", "http", "manager", "udptl")},
            **{f"{name}.conf": "" for name in ("acl", "ccss", "codecs", "pjproject", "websocket_client")},
        }  # fmt: skip
        if rendered and "asterisk.conf" in rendered:  # its options, in our folders
            here["asterisk.conf"] = here["asterisk.conf"].partition("[options]")[0] + rendered["asterisk.conf"]
        self._files = {**(own if rendered is None else rendered), **here, **(files or {})}
        self._sounds = {f"sounds/{name}": samples for name, samples in (sounds or {}).items()}
        if music is not None:
            self._sounds["music/music"] = music

    def __enter__(self) -> Asterisk:
        self._write()
        with (self.folder / "console.log").open("wb") as log:
            command = self._words("/usr/sbin/asterisk", "-f", "-C", f"{_STATE}/etc/asterisk.conf")
            self._process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=log, stderr=log)
        with ExitStack() as stack:
            stack.callback(self.stop)
            self._wait()
            stack.pop_all()
        return self

    def _wait(self) -> None:
        assert self._process is not None
        deadline = time.monotonic() + READY_S
        while "fully booted" not in self.cli("core waitfullybooted"):
            said = (self.folder / "console.log").read_text("utf-8", "replace")
            assert self._process.poll() is None, f"Asterisk has ended: {said[-2000:]}"
            assert time.monotonic() < deadline, f"Asterisk does not get ready: {said[-2000:]}"
            time.sleep(0.1)

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self.stop()

    def stop(self) -> None:
        """End it, and with it every call."""
        assert self._process is not None
        if self._process.poll() is None:
            self.cli("core stop now")
        try:
            self._process.wait(STOP_S)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()

    def cli(self, command: str) -> str:
        """What its console answers."""
        words = self._words("/usr/sbin/asterisk", "-C", f"{_STATE}/etc/asterisk.conf", "-rx", command)
        return subprocess.run(words, capture_output=True, text=True, timeout=READY_S).stdout

    def pid(self) -> int:
        """Its process: the bed's entering commands end as it."""
        assert self._process is not None
        return self._process.pid

    def channels(self) -> list[str]:
        """The channels that there are."""
        return [line.partition("!")[0] for line in self.cli("core show channels concise").splitlines() if "!" in line]

    def log(self) -> str:
        """What it said."""
        path = self.folder / "log" / "messages.log"
        return path.read_text("utf-8", "replace") if path.exists() else ""

    def errors(self) -> list[str]:
        """The errors among what it said."""
        return [line for line in self.log().splitlines() if " ERROR[" in line]

    def _words(self, *command: str) -> list[str]:
        return self._lan.inside(self._role, ["sh", "-c", _ENTER, "sh", str(self.folder), str(self._root), *command])

    def _write(self) -> None:
        for name in ("etc", "lib/keys", "spool/recording", "run", "log", "music", "sounds"):
            (self.folder / name).mkdir(parents=True, exist_ok=True)
        for name, text in self._files.items():
            (self.folder / "etc" / name).write_text(text, "utf-8")
        for name, samples in self._sounds.items():
            soundfile.write(self.folder / f"{name}.wav16", samples, 16000, format="WAV", subtype="PCM_16")
        account = next(
            line.split(":") for line in (self._root / "etc/passwd").read_text().splitlines() if line.startswith("asterisk:")
        )
        for path in (self.folder, *self.folder.rglob("*")):
            os.chown(path, int(account[2]), int(account[3]))


def _modules(folder: Path) -> str:
    names = sorted(path.name for path in folder.iterdir() if _MODULES.fullmatch(path.name))
    return "\n".join(["[modules]", "autoload = no", *(f"load = {name}" for name in names)]) + "\n"
