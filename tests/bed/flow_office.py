"""An office on the generated files whose callers come into published flows, run by the real service; what that told the ledger is read."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import numpy as np

from appliance import flow_shelf, phone_secrets
from appliance.box import Box
from appliance.ledger import Ledger
from appliance.records import CallRinging, NodeEntered, Record
from tests.bed.acts import Act, Agent
from tests.bed.encode import encode
from tests.bed.exchange import publish
from tests.bed.house import wait_for
from tests.bed.switchboard import BOXES, RATE, Switchboard, _tone
from tests.house.sources import ROOT

QUIET_S = 60.0
"""After the keys in the sound: it would begin again."""


class FlowOffice:
    """The office, and the service of its flows."""

    def __init__(self, folder: Path, flows: Sequence[str], words: Sequence[str] = ("--canary", "0")) -> None:
        self._words = words
        self.data = folder / "asterisk" / "var"
        self.data.mkdir(parents=True)
        text = (BOXES / "all" / "appliance.toml").read_text("utf-8")
        (self.data / "appliance.toml").write_text(text, "utf-8")
        for flow in flows:
            publish(self.data, flow, seconds=0.2)
        self.office = Switchboard(folder, text, flow_shelf.live(self.data))
        self.box = Box.at(self.data)
        for name, secret in ((phone_secrets.ARI, self.office.secrets.ari), (phone_secrets.AMI, self.office.secrets.ami)):
            phone_secrets.write(self.box.folders.keys, name, secret)

    @contextmanager
    def running(self) -> Iterator[FlowOffice]:
        """Office and service, until the block ends; nothing may be left over."""
        with self.office:
            enter = 'mount --bind "$1" /mnt && shift && exec "$@"'
            program = [sys.executable, "-m", "appliance", "ivr", "run", "--data", "/mnt/var", *self._words]
            words = self.office.lan.inside("pbx", ["sh", "-c", enter, "sh", str(self.data.parent), *program])
            with (self.data / "ivr.log").open("wb") as log:
                service = self.service = subprocess.Popen(
                    words, stdin=subprocess.DEVNULL, stdout=log, stderr=log, env={**os.environ, "PYTHONPATH": str(ROOT)}
                )
            try:
                wait_for("the service", lambda: "APPLIANCE_BEAT=" in self.office.cli("dialplan show globals"))
                yield self
            finally:
                service.terminate()
                service.wait(20)
            self.office.settles(
                "res_http_websocket.c: Error reading from web socket"
            )  # where a test kills the service in the middle of a word

    def log(self) -> str:
        """What the service said."""
        return (self.data / "ivr.log").read_text("utf-8", "replace")

    def records(self, *kinds: type[Record]) -> list[Record]:
        """What the ledger knows of these kinds, the oldest first."""
        with Ledger.open(self.box.folders.ledger) as ledger:
            return [row.record for row in ledger.since(0, kinds, 100_000)]

    def path(self, caller: str) -> list[str]:
        """The nodes that the call of this number reached."""
        calls = {
            record.call for record in self.records(CallRinging) if isinstance(record, CallRinging) and record.caller_raw == caller
        }
        return [record.node for record in self.records(NodeEntered) if isinstance(record, NodeEntered) and record.call in calls]

    def whistles(self, number: str, keys: str, every_s: float, first_s: float, *acts: Act) -> Agent:
        """Somebody outside whose keys are tones in his speech, once each."""
        agent = self.office.outside(number, *acts)
        path = self.data.parent / f"keys-{number}.raw"
        pause = np.zeros(int(every_s * RATE), np.int16)
        tones = [part for key in keys for part in (_tone(key), pause)]
        sound = np.concatenate([np.zeros(int(first_s * RATE), np.int16), *tones, np.zeros(int(QUIET_S * RATE), np.int16)])
        path.write_bytes(encode(sound, RATE, "PCMU"))
        agent.party = replace(agent.party, inband=str(path))
        return agent
