"""An office on the generated files: a real Asterisk, telephones that are signed in, and a line to the carrier, in namespaces of its own.

Telephones are SIPp's at ports of the office's address; the carrier is SIPp's too. After every call `settles` says what was left over.
"""

from __future__ import annotations

import itertools
import time
from collections.abc import Callable, Mapping
from contextlib import ExitStack
from dataclasses import dataclass, replace
from pathlib import Path
from types import TracebackType

import numpy as np
from numpy.typing import NDArray

from appliance.config import Config, Source, parse
from appliance.phone_checks import problems
from appliance.phone_settings import Secrets
from provisioning.asterisk.files import render
from provisioning.asterisk.wiring import Published
from tests.bed.acts import Act, Agent, Party, register
from tests.bed.asterisk import Asterisk
from tests.bed.encode import encode
from tests.bed.lan import Lan

RATE = 8000
SETTLE_S = 12.0
PIN = "4321"
BOXES = Path(__file__).resolve().parents[1] / "boxes"


def secrets_of(config: Config) -> Secrets:
    """Passwords that a test knows."""
    phone = config.phone
    return Secrets(
        phones={desk.number: f"pw{desk.number}" for desk in phone.extensions},
        trunks={line.name: f"pw-{line.name}" for line in phone.trunks if line.kind == "registration"},
        boxes={box.number: PIN for box in phone.boxes},
        conferences={room.number: PIN for room in phone.conferences if room.pin},
        ari="ari-password",
        ami="ami-password",
    )


class Switchboard:
    """The office of this configuration, as long as the object is entered."""

    def __init__(
        self,
        folder: Path,
        text: str,
        flows: Mapping[str, Published] | None = None,
        before: Callable[[Switchboard], Agent] | None = None,
    ) -> None:
        source = Source("box.toml", text)
        self.config = parse(source)
        assert [str(source.problem(path, what)) for path, what in problems(self.config, flows=set(flows or {}))] == []
        self.folder, self._flows = folder, flows or {}
        self.secrets = secrets_of(self.config)
        self._before = before
        self._stack = ExitStack()
        self._ports = itertools.count(6000, 2)
        self._media = itertools.count(20000, 40)
        self._names = itertools.count(1)
        self._places: dict[str, tuple[int, int]] = {}

    def __enter__(self) -> Switchboard:
        with ExitStack() as stack:
            self.lan = stack.enter_context(Lan())
            self.server = self.lan.add("pbx")
            if self._before is not None:
                stack.enter_context(self._before(self))
            files = render(self.config, self._flows, self.secrets)
            self.asterisk = stack.enter_context(
                Asterisk(self.lan, "pbx", self.folder / "asterisk", rendered=files, music=np.zeros(16000, np.int16))
            )
            self._stack = stack.pop_all()
        agents = [self.desk(desk.number, register()) for desk in self.config.phone.extensions]
        self.plays(*agents)
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self._stack.close()

    def desk(self, number: str, *acts: Act, calls: bool = True, inband: str = "", display: str = "") -> Agent:
        """A telephone of the office: it calls, or with calls=False it is called (at the place where it signed in)."""
        if number not in self._places:
            self._places[number] = (next(self._ports), next(self._media))
        inband = self._keys(inband)
        port, media = self._places[number] if not calls or isinstance(acts[0], register) else (next(self._ports), next(self._media))
        return self._agent(
            Party(
                number=number, password=f"pw{number}", server=self.server, port=port, media=media, inband=inband, display=display
            ),
            calls, acts,
        )  # fmt: skip

    def outside(
        self, number: str, *acts: Act, calls: bool = True, display: str = "", headers: str = "", inband: str = "", port: int = 5060
    ) -> Agent:
        """Somebody beyond the trunk: who calls does it from any port, who is called is the carrier's 5060."""
        inband = self._keys(inband)
        place = next(self._ports) if calls else port
        party = Party(number=number, role="carrier", server=self.server, port=place, media=next(self._media), display=display)
        return self._agent(replace(party, headers=headers, inband=inband), calls, acts)

    def _keys(self, keys: str) -> str:
        """A file of PCMU in which these keys are pressed again and again, as tones (ITU-T Q.23)."""
        if not keys:
            return ""
        path = self.folder / f"keys{next(self._names)}.raw"
        quiet = np.zeros(int(1.2 * RATE), np.int16)
        tones = [part for key in keys for part in (_tone(key), np.zeros(int(0.2 * RATE), np.int16))]
        path.write_bytes(encode(np.concatenate([quiet, *tones, quiet]), RATE, "PCMU"))
        return str(path)

    def _agent(self, party: Party, calls: bool, acts: tuple[Act, ...]) -> Agent:
        return Agent(self.lan, self.folder, party, f"{'calls' if calls else 'called'}{next(self._names)}", calls, acts)

    def plays(self, *agents: Agent) -> None:
        """All of them act, the called ones first; every one of them does all it was told to."""
        with ExitStack() as stack:
            for agent in sorted(agents, key=lambda one: one.calls):
                stack.enter_context(agent)
                if not agent.calls:
                    time.sleep(0.15)
            waiting = list(agents)
            while waiting:  # whoever fails first says why
                for agent in [one for one in waiting if one.ended()]:
                    agent.wait()
                    waiting.remove(agent)
                time.sleep(0.03)

    def cli(self, command: str) -> str:
        """What Asterisk's console answers."""
        return self.asterisk.cli(command)

    def value(self, family: str, key: str) -> str:
        """A value of Asterisk's database; "" where there is none."""
        said = self.cli(f"database get {family} {key}")
        return said.partition("Value: ")[2].strip()

    def settles(self, excused: str = "(nothing)") -> None:
        """Nothing is left over: no channel, bridge or live recording, and no ERROR in the log but those that hold `excused`."""
        deadline = time.monotonic() + SETTLE_S
        while (left := self._left()) and time.monotonic() < deadline:
            time.sleep(0.1)
        assert not left, left
        assert [line for line in self.asterisk.errors() if excused not in line] == []

    def _left(self) -> list[str]:
        bridges = [line for line in self.cli("bridge show all").splitlines()[1:] if line.strip() and not line.startswith("holding")]
        return self.asterisk.channels() + [line for line in bridges if "holding" not in line and "parking" not in line.lower()]

    def descriptors(self) -> int:
        """How many file descriptors Asterisk has open."""
        return sum(1 for _ in Path(f"/proc/{self.asterisk.pid()}/fd").iterdir())


@dataclass(frozen=True, slots=True)
class Flow:
    """A published flow as the dialplan knows it."""

    fallback: str = "group:front"
    max_minutes: int = 10


def office_of(folder: Path, box: str = "all", flows: Mapping[str, Published] | None = None) -> Switchboard:
    """The office of one of the boxes in tests/boxes."""
    return Switchboard(folder, (BOXES / box / "appliance.toml").read_text("utf-8"), flows or {"main": Flow()})


def _tone(key: str) -> NDArray[np.int16]:
    row, column = next((row, line.index(key)) for row, line in enumerate(("123", "456", "789", "*0#")) if key in line)
    at = np.arange(int(0.15 * RATE)) / RATE
    waves = [np.sin(2 * np.pi * hertz * at) for hertz in ((697, 770, 852, 941)[row], (1209, 1336, 1477)[column])]
    return np.asarray((waves[0] + waves[1]) * 8000, np.int16)
