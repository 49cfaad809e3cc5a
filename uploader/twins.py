"""Whether somebody else writes under this box's name: a second box with its identity, or its own later life when an old image was put back.

Everything that a box signs as a checkpoint is a row before it is an object. So an object among the checkpoints of this contract and epoch
that is in no row was signed by a twin, and nothing more is sent: the chain would fork, and nobody could prove anything any more. Recording
goes on. A key that may not list sees nothing of this; then the other side does (`appliance uploader watch`).
"""

from __future__ import annotations

from collections.abc import Container, Iterable

from appliance import checkpoints
from appliance.box import Box
from appliance.ledger import Ledger
from uploader import objects
from uploader.store import MissingObjectError, Store, StoreRefusedError


def strange(keys: Iterable[str], own: Container[str]) -> list[str]:
    """The checkpoints' files among these keys that are not our own."""
    files = (key.rpartition("/")[2] for key in keys if objects.is_checkpoint(key))
    return sorted(file for file in files if file not in own)


def look(box: Box, ledger: Ledger, store: Store) -> str:
    """Why nothing may be sent, "" where nothing speaks against it. Raises StoreAgainError."""
    site = box.config.site
    try:
        keys = [stored.key for stored in store.list(objects.checkpoint_key(site.contract, site.epoch, ""))]
    except (StoreRefusedError, MissingObjectError):
        return ""
    found = strange(keys, {record.file for record in checkpoints.all_signed(ledger)})
    if not found:
        return ""
    return (
        f"{len(found)} checkpoints in the store under {site.contract}/{site.epoch} are not this box's ({found[-1]}): another box has its "
        f"identity, or an old image was put back; set site.epoch = {site.epoch + 1} (never used before), or bring back what is missing "
        "with `appliance doctor --rebuild`. Nothing is sent until then, recording goes on"
    )
