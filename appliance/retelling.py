"""The rows of a call and its recording as a signed manifest tells them again: how a ledger is brought back.

Whoever may write into the folder or the bucket may also have written the manifest, so every field is checked against the vocabulary
before it becomes a row, and the file's name before it becomes a path.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator
from dataclasses import fields
from typing import Any

from appliance.manifest import Manifest, ManifestError
from appliance.records import CallAnswered, CallEnded, CallRinging, Record, RecordingReady, with_tuples

MALFORMED = (KeyError, TypeError, AttributeError)
"""What a manifest raises that holds a signature and no recording."""
_FILE = re.compile(r"\d{4}/\d\d/\d\d/(?P<id>[a-z2-7]{16})\.(?P<format>[a-z0-9]+)\.age\Z", re.ASCII)
_HOLDS: dict[str, tuple[type, ...]] = {
    "int": (int,), "int | None": (int, type(None)), "str": (str,), "str | None": (str, type(None)), "bool": (bool,),
    "float": (int, float), "tuple[str, ...]": (tuple,), "Mapping[str, Any]": (dict,),
}  # fmt: skip
"""The types of fields in `appliance/records.py`, as they are written there."""


def records_of(signed: Manifest, sealed: bytes) -> Iterator[Record]:
    """The call and its recording, checked field by field. `sealed` is the manifest as it lies there. Raises what `MALFORMED` lists."""
    facts = signed.facts["recording"]
    check_file(facts)
    for record in _records(signed, facts, sealed):
        check_types(record)
        yield record


def _records(signed: Manifest, facts: dict[str, Any], sealed: bytes) -> Iterator[Record]:
    call = signed.facts["call"]
    yield CallRinging(
        at=call["started_at"], call=call["id"], direction=call["direction"], caller=call["caller"], caller_raw=call["caller_raw"],
        caller_e164=call["caller_e164"], caller_name=call["caller_name"], caller_reason=call["caller_reason"],
        called=call["called"], called_raw=call["called_raw"], called_e164=call["called_e164"], line=call["line"],
        start_seen=call["start_seen"], via=call["via"], sip_call_id="", headers=(),
    )  # fmt: skip
    if call["answered_at"] is not None:
        yield CallAnswered(at=call["answered_at"], call=call["id"])
    if call["ended_at"] is not None:
        yield CallEnded(
            at=call["ended_at"], call=call["id"], reason=call["end_reason"], sip_status=call["sip_status"],
            started_at=call["started_at"], ringing_at=call["ringing_at"], answered_at=call["answered_at"],
            end_seen=bool(call["end_seen"]),
        )  # fmt: skip
    told: dict[str, Any] = with_tuples(facts)
    beside = facts["file"].rpartition("/")[0] + f"/{facts['recording']}.json.age"
    yield RecordingReady(
        at=signed.facts["signed_at"], **told, manifest=beside,
        manifest_sha256=hashlib.sha256(sealed).hexdigest(),
        epoch=signed.facts["epoch"], sequence=signed.facts["sequence"],
        previous=signed.facts["previous"], chain=signed.chain, signature=signed.signature,
    )  # fmt: skip


def check_file(facts: dict[str, Any]) -> None:
    """The file's name is ours: whoever may write into the bucket may also have written the manifest."""
    found = _FILE.match(facts["file"])
    if found is None or (found["id"], found["format"]) != (facts["recording"], facts["format"]):
        raise ManifestError("names a file outside the recordings folder")


def check_types(record: Record) -> None:
    """Every field holds what the vocabulary says. Raises TypeError."""
    for told in fields(record):
        value = getattr(record, told.name)
        if not isinstance(value, _HOLDS[str(told.type)]) or (isinstance(value, int) and abs(value) >= 1 << 63):
            raise TypeError(f"{record.kind}.{told.name} is {str(value)[:40]!r}")
