"""The machine brought to what the configuration means: what differs, written whole or not at all, taken back where nobody confirms.

A change of the LAN's address may lock everybody out, so it counts for two minutes only: whoever still reaches the box confirms it, else
everything is as it was before. What was there before is kept until then.
"""

from __future__ import annotations

import difflib
import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from ipaddress import IPv4Interface
from pathlib import Path

from appliance import registry, shelf
from appliance.box import Box
from appliance.errors import CouldNotError
from appliance.moments import SECOND

PACKAGE = "provisioning.desired"
TRIAL = 120 * SECOND
_ADDRESSES = "/etc/systemd/network/20-appliance-lan.network"

Run = Callable[[Sequence[str]], None]
"""Runs a command on the machine. Raises CouldNotError."""


@dataclass(frozen=True, slots=True)
class Difference:
    """A file that is not as it should be."""

    path: str
    old: str | None
    """None: it is not there."""
    new: str | None
    """None: it is to go."""
    subject: str

    def __str__(self) -> str:
        old, new = (self.old or "").splitlines(), (self.new or "").splitlines()
        return "\n".join(difflib.unified_diff(old, new, f"{self.path} now", f"{self.path} then", lineterm="", n=2))


def check(box: Box, present: Sequence[str]) -> None:
    """Refuse what cannot be meant. Raises ConfigError with file, line, field and mend."""
    network, mirror = box.config.network, box.config.capture.interface
    named: list[tuple[tuple[str, ...], str]] = [
        (("network", "lan", "interface"), network.lan.interface),
        (("network", "voice", "interface"), network.voice.interface),
    ]
    if mirror and network.lan.interface:
        named.insert(0, (("capture", "interface"), mirror))
    for path, name in named:
        if name and name not in present:
            raise box.source.problem(path, f"{name!r} is no interface of this machine; there are: {', '.join(sorted(present))}")
    used: dict[str, str] = {}
    for path, name in named:
        if name and name in used:
            raise box.source.problem(
                path, f"{name!r} is {used[name]} already; the mirror port, LAN and voice LAN are three interfaces"
            )
        used[name] = ".".join(path)
    if all("/" in lan.address and lan.interface for lan in (network.lan, network.voice)):
        lan, voice = IPv4Interface(network.lan.address), IPv4Interface(network.voice.address)
        if lan.network.overlaps(voice.network):
            raise box.source.problem(
                ("network", "voice", "address"),
                f"{voice} lies in the office LAN's network {lan.network}; give the voice LAN its own",
            )


def desired(box: Box) -> dict[str, tuple[str, str]]:
    """(text, subject) by path."""
    return {
        path: (text, subject)
        for subject, module in registry.members(PACKAGE).items()
        for path, text in module.files(box.config).items()
    }


def plan(box: Box, root: Path = Path("/")) -> list[Difference]:
    """Every file that differs, by path; what was written once and is no longer meant goes."""
    wanted, written = desired(box), _written(box)
    found = [Difference(path, _text(root, path), text, subject) for path, (text, subject) in wanted.items()]
    found += [Difference(path, _text(root, path), None, subject) for path, subject in written.items() if path not in wanted]
    return sorted((one for one in found if one.old != one.new), key=lambda one: one.path)


def apply(box: Box, now: int, run: Run, root: Path = Path("/")) -> list[Difference]:
    """Write what differs and make it count; where a step fails, everything is as it was. Raises CouldNotError."""
    if _trial(box).exists():
        take_back(box, now, run, root, only_late=False)
    found = plan(box, root)
    before = {one.path: one.old for one in found}
    try:
        for one in found:
            _put(root, one.path, one.new)
        _reload(found, run)
    except CouldNotError as error:
        for path, text in before.items():
            _put(root, path, text)
        _reload(found, run)
        raise CouldNotError(f"{error}; everything is as it was before") from error
    subjects = {path: subject for path, (_, subject) in desired(box).items()}
    if any(one.path == _ADDRESSES and one.old is not None for one in found):
        trial = {
            "until": now + TRIAL,
            "before": before,
            "subjects": {one.path: one.subject for one in found},
            "written": _written(box),
        }
        shelf.write(_trial(box), json.dumps(trial).encode())
    shelf.write(_register(box), json.dumps(subjects, sort_keys=True).encode())
    return found


def confirm(box: Box) -> bool:
    """Somebody still reaches the box: the change stays. False where there is none on trial."""
    if not _trial(box).exists():
        return False
    shelf.remove(_trial(box))
    return True


def take_back(box: Box, now: int, run: Run, root: Path = Path("/"), *, only_late: bool = True) -> bool:
    """Undo a change that nobody confirmed in time; returns whether there was one."""
    if not _trial(box).exists():
        return False
    trial = json.loads(_trial(box).read_bytes())
    if only_late and now < trial["until"]:
        return False
    changed = [Difference(path, None, text, trial["subjects"][path]) for path, text in trial["before"].items()]
    for one in changed:
        _put(root, one.path, one.new)
    _reload(changed, run)
    shelf.write(_register(box), json.dumps(trial["written"], sort_keys=True).encode())
    shelf.remove(_trial(box))
    return True


def _reload(changed: Sequence[Difference], run: Run) -> None:
    for subject in sorted({one.subject for one in changed}):
        run(registry.load(PACKAGE, subject).RELOAD)


def _put(root: Path, path: str, text: str | None) -> None:
    place = root / path.lstrip("/")
    if text is None:
        shelf.remove(place)
    else:
        shelf.write(place, text.encode("utf-8"), mode=0o644)


def _text(root: Path, path: str) -> str | None:
    try:
        return (root / path.lstrip("/")).read_text("utf-8")
    except FileNotFoundError:
        return None
    except (OSError, UnicodeDecodeError) as error:
        raise CouldNotError(f"{path}: cannot be read ({error}); look at it by hand") from error


def _register(box: Box) -> Path:
    return box.folders.data / "system" / "written.json"


def _trial(box: Box) -> Path:
    return box.folders.data / "system" / "trial.json"


def _written(box: Box) -> Mapping[str, str]:
    """Subject by path of what an earlier apply wrote."""
    path = _register(box)
    found: dict[str, str] = json.loads(path.read_bytes()) if path.exists() else {}
    return found
