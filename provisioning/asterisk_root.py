"""Asterisk on a box: Debian 12 has none, so that it lives in a root of its own, made of Debian's packages by name (design §8).

DATA/asterisk holds `tree` (a root as mmdebstrap made it), `previous` (the one before it), and what outlives both: `etc`, `lib` (AstDB),
`spool` (voicemail), `log`. A new root is made beside the old one as `next`, and tried: its Asterisk starts on this box's own files, in a
network of its own where nobody calls, and has to get ready without complaining of more than the one that counts. Only then the two folders
change places, in one step (systemd follows no link to a RootDirectory=). The Asterisk that runs goes on until nobody speaks any more.
"""

from __future__ import annotations

import ctypes
import grp
import os
import pwd
import re
import subprocess
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from appliance import shelf
from appliance.errors import CouldNotError

FOLDER = "asterisk"
PID_FILE = Path("/run/asterisk/asterisk.pid")
ACCOUNT = "appliance-asterisk"
SUITE = "sid"
"""The only release of Debian that has Asterisk 22."""
PACKAGES = ("asterisk", "asterisk-core-sounds-en", "asterisk-moh-opsound-wav")
LEAST = (22, 10, 1)
"""Older ones lack StasisBroadcast, the third guard."""
STATE = ("etc", "lib", "lib/keys", "spool", "spool/recording", "log")
SHARED = ("spool", "spool/voicemail", "spool/mail")
"""Of these the box's own services take and remove: voicemail by its term, mails that are to be sent."""
GROUP = "appliance"
_INSIDE = (
    "etc/asterisk",
    "var/lib/asterisk",
    "var/spool/asterisk",
    "var/log/asterisk",
    "var/lib/appliance/flows",
    "var/lib/appliance/prompts",
)
"""Where the unit mounts what is outside the root."""
_VERSION = re.compile(r"Asterisk (\d+)\.(\d+)\.(\d+)")
_HERE, _CHANGE_PLACES = -100, 2
"""AT_FDCWD, RENAME_EXCHANGE."""
_ERROR = re.compile(r"^.* ERROR\[[^]]*\](?:\[[^]]*\])? ")
"""The moment and the thread of a line of its log."""
_MAKE_S, _TRY_S = 1800.0, 90.0
_TRY = """R=$1; A=$2; set -e
ip link set lo up
echo 1 > /proc/sys/net/ipv4/ip_nonlocal_bind
mount --make-rprivate /
mount -t tmpfs tmpfs "$R/run"
mount -t tmpfs tmpfs "$R/tmp"
mkdir -p "$R/run/asterisk"
for one in lib:var/lib/asterisk spool:var/spool/asterisk log:var/log/asterisk; do
  mkdir -p "$R/tmp/${one%%:*}"; chown "$4" "$R/tmp/${one%%:*}"; mount --bind "$R/tmp/${one%%:*}" "$R/${one#*:}"
done
mkdir -p "$R/var/spool/asterisk/recording" "$R/var/lib/asterisk/keys"
chown -R "$4" "$R/run/asterisk" "$R/var/spool/asterisk" "$R/var/lib/asterisk"
mount --bind "$A" "$R/etc/asterisk"
mount -o remount,ro,bind "$R/etc/asterisk"
chroot --userspec="$4" "$R" /usr/sbin/asterisk -f -C /etc/asterisk/asterisk.conf > /dev/null 2>&1 &
for turn in $(seq "$3"); do
  sleep 0.5
  kill -0 $! 2> /dev/null || break
  if chroot "$R" /usr/sbin/asterisk -rx 'core waitfullybooted' 2> /dev/null | grep -q 'fully booted'; then
    echo ready
    chroot "$R" /usr/sbin/asterisk -rx 'core stop now' > /dev/null 2>&1 || true
    break
  fi
done
wait $! || true
grep -h ' ERROR\\[' "$R/var/log/asterisk/messages.log" || true
"""
"""The root, the files, how often to ask, and the account: an Asterisk on copies of nothing, that nobody can reach."""

Make = Callable[[Path], None]
"""Makes a root in this folder, which is not there yet. Raises CouldNotError."""


@dataclass(frozen=True, slots=True)
class Place:
    """Asterisk's folder on this box."""

    folder: Path

    @property
    def root(self) -> Path:
        """The root that counts."""
        return self.folder / "tree"

    @property
    def previous(self) -> Path:
        """The one before it."""
        return self.folder / "previous"

    @property
    def etc(self) -> Path:
        """Its files, which `apply` writes."""
        return self.folder / "etc"

    @property
    def is_there(self) -> bool:
        """Whether Asterisk was installed."""
        return (self.root / "usr/sbin/asterisk").exists()


def place_of(data: Path) -> Place:
    """Asterisk's folder below this data folder."""
    return Place(data.absolute() / FOLDER)


def from_debian(mirror: str, suite: str = SUITE) -> Make:
    """Makes a root out of Debian's packages, as mmdebstrap fetches and verifies them; `mirror` "" is the one that apt uses."""

    def make(root: Path) -> None:
        words = [
            "mmdebstrap", "--variant=minbase", f"--include={','.join(PACKAGES)}", '--aptopt=APT::Install-Recommends "false"',
            suite, str(root), mirror or apt_mirror(),
        ]  # fmt: skip
        _run(words, _MAKE_S, "Asterisk cannot be installed; is the box on the internet, and mmdebstrap there?")

    return make


def from_archive(archive: Path) -> Make:
    """Makes a root out of a tar file or a folder that was made elsewhere, for a box that reaches no mirror."""

    def make(root: Path) -> None:
        if archive.is_dir():
            _run(["cp", "-a", "--reflink=auto", str(archive), str(root)], _MAKE_S, f"{archive}: cannot be copied")
            return
        shelf.make_folder(root, 0o755)
        _run(["tar", "-xpf", str(archive), "-C", str(root), "--numeric-owner"], _MAKE_S, f"{archive}: cannot be unpacked")

    return make


def apt_mirror() -> str:
    """The mirror of Debian that apt uses here. Raises CouldNotError."""
    words = ["apt-get", "indextargets", "--format", "$(REPO_URI)", "Created-By: Packages", "Label: Debian"]
    found = _run(words, 60.0, "apt does not tell its mirror").split()
    if not found:
        raise CouldNotError("apt knows no mirror of Debian; run apt-get update, or name one with --mirror")
    return found[0]


def install(place: Place, make: Make, pid_file: Path = PID_FILE) -> str:
    """Make a root beside the one that counts, try it, and let it count. Returns its version.

    Raises CouldNotError; what counted before counts on, and the new root is gone again.
    """
    if place.previous.exists() and _runs_in(place.previous, pid_file):
        raise CouldNotError(f"{place.previous}: still runs, since people speak; try again when it is silent")
    root = place.folder / "next"
    shelf.make_folder(place.folder, 0o755)
    _forget(root)
    try:
        make(root)
        found = version(root)
        state(place, account(root))
        for folder in _INSIDE:
            shelf.make_folder(root / folder, 0o755)
        attempt(place, root)
    except CouldNotError:
        _forget(root)
        raise
    if not place.root.exists():
        root.rename(place.root)
    else:
        _exchange(root, place.root)
        _forget(place.previous)
        root.rename(place.previous)
    shelf.sync_folder(place.folder)
    return found


def take_back(place: Place) -> str:
    """Let the root before this one count again; returns its version. Raises CouldNotError."""
    if not place.previous.is_dir():
        raise CouldNotError(f"{place.previous}: there is no root before this one")
    found = version(place.previous)
    _exchange(place.previous, place.root)
    return found


def _forget(root: Path) -> None:
    if root.exists():
        shelf.remove_tree(root, root.parent)


def _runs_in(root: Path, pid_file: Path) -> bool:
    """Whether the Asterisk that runs is the one of this root."""
    try:
        running = Path(f"/proc/{int(pid_file.read_text('ascii'))}/root").stat()
    except (OSError, ValueError):
        return False
    return os.path.samestat(running, root.stat())


def state(place: Place, owner: tuple[int, int]) -> None:
    """The folders that outlive every root, owned by Asterisk's account."""
    for name in STATE:
        shelf.make_folder(place.folder / name, 0o750)
        if os.geteuid() == 0:
            os.chown(place.folder / name, *owner)
    for name in SHARED:
        shelf.make_folder(place.folder / name, 0o770)
        if os.geteuid() == 0:
            os.chown(place.folder / name, owner[0], _group() or owner[1])
        (place.folder / name).chmod(0o2770)
    place.folder.chmod(0o755)


def _group() -> int:
    try:
        return grp.getgrnam(GROUP).gr_gid
    except KeyError:
        return 0


def account(root: Path) -> tuple[int, int]:
    """User and group of Asterisk's account: this machine's, else the one that Debian's package made inside the root."""
    try:
        found = pwd.getpwnam(ACCOUNT)
    except KeyError:
        return _inner(root)
    return found.pw_uid, found.pw_gid


def version(root: Path) -> str:
    """What Asterisk says of itself. Raises CouldNotError where it is too old, or none."""
    said = _run(["chroot", str(root), "/usr/sbin/asterisk", "-V"], 30.0, f"{root}: holds no Asterisk that runs here").strip()
    found = _VERSION.match(said)
    if found is None or tuple(map(int, found.groups())) < LEAST or int(found[1]) != LEAST[0]:
        least = ".".join(map(str, LEAST))
        raise CouldNotError(f"{said or root}: is not what this box needs; it takes {LEAST[0]}.x from {least} on")
    return said


def attempt(place: Place, root: Path) -> None:
    """Start the root's Asterisk on this box's files, where nobody reaches it.

    Raises CouldNotError where it does not get ready, or complains of what the one that counts does not complain of.
    """
    if not (place.etc / "asterisk.conf").exists():
        return  # nothing was applied yet: there is nothing that it could fail at
    said = complaints(place, root)
    fresh = sorted(said - complaints(place, place.root)) if said and place.is_there else sorted(said)
    if fresh:
        raise CouldNotError(f"{root.name}: its Asterisk complains of this box's files: {fresh[0]}")


def complaints(place: Place, root: Path) -> set[str]:
    """The errors that the root's Asterisk writes while it gets ready. Raises CouldNotError where it does not."""
    user, group = account(root)
    words = ["unshare", "--mount", "--net", "--pid", "--fork", "--kill-child", "sh", "-c", _TRY, "sh"]
    told = [str(root.resolve()), str(place.etc), str(int(_TRY_S)), f"{user}:{group}"]
    first, *errors = _run([*words, *told], 2 * _TRY_S, f"{root.name}: cannot be tried").splitlines() or [""]
    if first != "ready":
        raise CouldNotError(
            f"{root.name}: its Asterisk does not get ready on this box's files{': ' if first else ''}{_ERROR.sub('', first)}"
        )
    return {_ERROR.sub("", line).strip() for line in errors}


def _inner(root: Path) -> tuple[int, int]:
    for line in (root / "etc/passwd").read_text("utf-8", "replace").splitlines():
        name, _, user, group, *_ = [*line.split(":"), "", "", ""]
        if name == "asterisk" and user.isdecimal() and group.isdecimal():
            return int(user), int(group)
    raise CouldNotError(f"{root}: holds no account for Asterisk; make the root anew")


def _exchange(one: Path, other: Path) -> None:
    """Two folders change places, in one step (renameat2(2), RENAME_EXCHANGE). Raises CouldNotError."""
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.renameat2(_HERE, os.fsencode(one), _HERE, os.fsencode(other), _CHANGE_PLACES):
        raise CouldNotError(f"{one}: cannot change places with {other} ({os.strerror(ctypes.get_errno())})")
    shelf.sync_folder(other.parent)


def _run(words: Sequence[str], seconds: float, trouble: str) -> str:
    try:
        done = subprocess.run(words, capture_output=True, text=True, errors="replace", timeout=seconds, check=False)  # noqa: S603
    except (OSError, subprocess.TimeoutExpired) as error:
        raise CouldNotError(f"{trouble} ({error})") from error
    if done.returncode:
        raise CouldNotError(f"{trouble} ({done.stderr.strip()[-300:] or done.returncode})")
    return done.stdout
