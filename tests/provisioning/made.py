"""A box of a contract that recorded calls; a customer's key opens what it seals, and its store outlives it."""

from __future__ import annotations

import shutil
from dataclasses import dataclass
from pathlib import Path

from appliance.box import Box
from appliance.clock import SystemClock
from appliance.keys import Identity
from appliance.ledger import Ledger
from tests.bed.made import MadeCall
from tests.bed.recorded import recorded
from uploader.worker import Worker

SETTINGS = """# the office
[site]
contract = "C1"
serial = "OLD-1"
epoch = 3  # raised by hand once
[[recipients]]
name = "customer"
key = "{key}"
[store]
kind = "folder"
options = {{ path = "{store}" }}
"""


@dataclass
class Old:
    """The box that is to be replaced."""

    box: Box
    customer: Identity

    @property
    def data(self) -> Path:
        """Its folder."""
        return self.box.folders.data

    def ledger(self) -> Ledger:
        """Its ledger; the caller closes it."""
        return Ledger.open(self.box.folders.ledger)

    def records(self, *numbers: int) -> None:
        """It records these calls."""
        recorded(self.data, *(MadeCall(number=number, talk=0.2) for number in numbers))

    def stores(self) -> int:
        """What waits is brought to the store."""
        with self.ledger() as ledger:
            worker = Worker(self.box, ledger, SystemClock())
            while worker.one():
                pass
            return worker.stored

    def chain(self) -> list[tuple[int, str, str]]:
        """(number, id, chain value) of every recording."""
        return chain(self.box)

    def copy(self, folder: Path) -> Old:
        """The same box in another folder; the store is the same one."""
        return Old(Box.at(Path(shutil.copytree(self.data, folder))), self.customer)


def chain(box: Box) -> list[tuple[int, str, str]]:
    """(number, id, chain value) of every recording of a box, in order."""
    with Ledger.open(box.folders.ledger) as ledger:
        rows = ledger.connection.execute("SELECT sequence, id, json_extract(body, '$.chain') FROM recording ORDER BY sequence")
        return [tuple(row) for row in rows]


def old_box(folder: Path, *numbers: int) -> Old:
    """A box below this folder that recorded these calls; its store lies beside it."""
    customer = Identity.new("customer")
    data = folder / "old"
    data.mkdir(parents=True)
    (data / "appliance.toml").write_text(SETTINGS.format(key=customer.recipient, store=folder / "store"))
    old = Old(Box.at(data), customer)
    if numbers:
        old.records(*numbers)
    return old
