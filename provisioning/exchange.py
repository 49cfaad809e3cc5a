"""Makes Asterisk what the box's configuration says: reads what lies there, writes what differs, has it loaded.

A configuration that does not hold together changes nothing: the files of yesterday stay live. Each file appears whole (`shelf.py`);
Asterisk is told only when all of them lie there.
"""

from __future__ import annotations

import os
import socket
import subprocess
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

from appliance import flow_shelf, phone_secrets, shelf, tls
from appliance.box import Box
from appliance.errors import ConfigError, CouldNotError
from appliance.phone_checks import problems
from provisioning import asterisk_root
from provisioning.asterisk.files import render
from provisioning.asterisk_root import Place
from provisioning.plan import Change, changes, reloads

FOLDER = Path("/etc/asterisk")
RECORDINGS = Path("/var/spool/asterisk/recording")
"""Debian's package lacks it, and without it no ARI recording begins."""
MODE = 0o640
_CERTIFICATE = timedelta(days=825)
SOCKET = Path("/run/asterisk/asterisk.ctl")
_PROGRAM, _CONSOLE_S = "/usr/sbin/asterisk", 30.0
Console = Callable[[str], str]
"""What Asterisk's console answers to a command. Raises CouldNotError."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Applied:
    """What was done."""

    written: Sequence[str]
    told: Sequence[str]
    """Commands that Asterisk was given."""
    waits: Sequence[str]
    """Files that count from Asterisk's next start."""
    silent: str
    """Why Asterisk was told nothing; "" where it was."""


def console(command: str) -> str:
    """Asterisk's own console. Raises CouldNotError where it does not run."""
    try:
        done = subprocess.run([_PROGRAM, "-rx", command], capture_output=True, text=True, timeout=_CONSOLE_S, check=False)  # noqa: S603
    except (OSError, subprocess.TimeoutExpired) as error:
        raise CouldNotError(f"Asterisk does not answer ({error}); start it, and it reads the new files") from error
    if done.returncode:
        raise CouldNotError("Asterisk does not run; start it, and it reads the new files")
    return done.stdout


def console_in(place: Place) -> Console:
    """The console of this box's Asterisk: that of its own root is asked at its socket, which needs no way into the root."""
    return console_at(SOCKET) if place.is_there else console


def console_at(path: Path) -> Console:
    """The console of the Asterisk with this control socket, as `asterisk -rx` speaks to it: a line of greeting, one command, its answer."""

    def ask(command: str) -> str:
        try:
            with socket.socket(socket.AF_UNIX) as line:
                line.settimeout(_CONSOLE_S)
                line.connect(str(path))
                line.sendall(f"cli quit after {command}\0".encode())
                said = b"".join(iter(lambda: line.recv(1 << 16), b""))
        except OSError as error:
            raise CouldNotError("Asterisk does not run; start it, and it reads the new files") from error
        return said.partition(b"\n")[2].decode("utf-8", "replace")

    return ask


def folder_of(box: Box) -> Path:
    """Where Asterisk's files lie on this box: beside its own root where it has one."""
    place = asterisk_root.place_of(box.folders.data)
    return place.etc if place.is_there else FOLDER


def check_config(box: Box) -> None:
    """Whether the telephone system's settings hold together. Raises ConfigError with every problem, one a line."""
    known = flow_shelf.live(box.folders.data)
    found = [str(box.source.problem(path, what)) for path, what in problems(box.config, set(known) or None)]
    if found:
        raise ConfigError("\n".join(found))


def desired(box: Box) -> dict[str, str]:
    """The files that the configuration means. Raises ConfigError or CouldNotError."""
    check_config(box)
    if not box.config.phone.enabled:
        return {}
    secrets = phone_secrets.all_of(box.folders.keys, box.config.phone)
    return render(box.config, flow_shelf.live(box.folders.data), secrets)


def present(folder: Path, names: Sequence[str]) -> dict[str, str]:
    """The files of these names that lie there. Raises CouldNotError."""
    found = {}
    for name in names:
        path = folder / name
        try:
            found[name] = path.read_bytes().decode("utf-8", "replace")
        except FileNotFoundError:
            continue
        except OSError as error:
            raise CouldNotError(f"{path}: cannot be read ({error.strerror}); run it as root") from error
    return found


def planned(box: Box, folder: Path) -> tuple[dict[str, str], list[Change]]:
    """The files as they should be, and what differs."""
    wanted = desired(box)
    return wanted, changes(wanted, present(folder, list(wanted)))


def apply(box: Box, folder: Path, ask: Console | None = None) -> Applied:
    """Write what differs and have Asterisk load it. Raises ConfigError or CouldNotError; then nothing was loaded."""
    ask = ask or console_in(asterisk_root.place_of(box.folders.data))
    wanted, found = planned(box, folder)
    owner = _owner(folder)
    for change in found:
        shelf.write(folder / change.name, wanted[change.name].encode(), mode=MODE)
        owner(folder / change.name)
    if wanted and box.config.phone.network.tls:
        for path in tls.own_certificate(folder / "keys", box.config.site.serial, datetime.now(UTC), _CERTIFICATE):
            owner(path)
        owner(folder / "keys")
    if folder == FOLDER and wanted:
        shelf.make_folder(RECORDINGS)
        _owner(RECORDINGS.parent)(RECORDINGS)
    waits = [change.name for change in found if change.waits_for_restart and not change.is_new]
    commands = reloads(found)
    told: list[str] = []
    silent = ""
    try:
        for command in commands:
            ask(command)
            told.append(command)
    except CouldNotError as error:
        silent = str(error)
    return Applied(written=[change.name for change in found], told=told, waits=waits, silent=silent)


def _owner(like: Path) -> Callable[[Path], None]:
    """Gives a file to the group that owns this folder, where we may: Asterisk runs under its own account."""
    try:
        about = like.stat()
    except OSError:
        return lambda path: None
    if os.geteuid() != 0:
        return lambda path: None
    return lambda path: os.chown(path, about.st_uid, about.st_gid)
