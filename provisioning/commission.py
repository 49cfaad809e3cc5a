"""The opening test (開通試験): what must work before the service begins, asked of the box itself, one sentence a step.

A test call is followed from its ringing to the store and back: both sides heard, recorded, sealed, stored, read back, opened again with the
box's own key and compared with the hash in its signed manifest. The answers come from rows, files and keys, none from a person, but whether
the popup was seen on a screen. The report is signed by the box; the service starts on the day it passes, its bill the day after.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from datetime import timedelta
from html import escape
from pathlib import Path
from typing import Any

from appliance import __version__, hardware, keys, lookup, manifest, shelf
from appliance.box import Box
from appliance.calls import Call, Recording
from appliance.errors import CouldNotError
from appliance.ledger import Ledger
from appliance.manifest import Manifest
from appliance.moments import SECOND, isoformat, to_datetime
from appliance.records import Commissioned, NoticeSent, UploadDone
from appliance.sealed import SealedError, SealedReader

RINGING_S = 2.0
"""The popup must be there while the phone still rings."""
FRESH = 60 * SECOND


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """One thing that must work."""

    name: str
    japanese: str
    english: str
    passed: bool
    found: str
    """What was seen, in figures."""
    mend: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """What the technician says."""

    who: str
    popup_seen: bool
    """Whether the card was seen on a PC while the phone rang."""
    without_notices: bool = False
    """The customer wants to be told of nothing."""


def examine(box: Box, ledger: Ledger, call: Call, asked: Asked, now: int) -> list[Step]:
    """Every step with this test call, in the order in which they depend on one another."""
    recording = lookup.get_recording(ledger.connection, call.id)
    return [
        _mirror(recording), _ringing(call, ledger, asked), _recorded(recording), _sealed(box, recording), _stored(ledger, recording),
        _opened(box, recording), _clock(box, now), _told(box, ledger, asked, now), _services(ledger, now), _backed_up(box),
    ]  # fmt: skip


def _mirror(recording: Recording | None) -> Step:
    heard = recording is not None and not recording.facts.one_sided
    return Step(
        name="mirror", japanese="ミラーポートに双方向の音声が流れている", english="The mirror port carries both directions", passed=heard,
        found="" if recording is None else ("both sides" if heard else "one side only"),
        mend="" if heard else "set the mirror session to both directions; appliance capture check",
    )  # fmt: skip


def _ringing(call: Call, ledger: Ledger, asked: Asked) -> Step:
    up = any(beat.service == "web" and beat.state == "ok" for beat in ledger.heartbeats())
    passed = call.start_seen and asked.popup_seen and up
    missing = "the INVITE was not seen" if not call.start_seen else "the console is not running" if not up else "nobody saw it"
    return Step(
        name="popup", japanese="着信時にポップアップが表示される", english="The popup arrives while the phone rings", passed=passed,
        found=f"{call.direction} call, seen by {asked.who}" if passed else missing,
        mend="" if passed else "open the console's live page on a PC, call again, and say --popup-seen when the card was there",
    )  # fmt: skip


def _recorded(recording: Recording | None) -> Step:
    return Step(
        name="recorded", japanese="試験通話が録音された", english="The test call was recorded", passed=recording is not None,
        found=f"{recording.facts.seconds:.1f} s, {recording.facts.format}" if recording else "no recording",
        mend="" if recording else "the page of the call names the reason",
    )  # fmt: skip


def _sealed(box: Box, recording: Recording | None) -> Step:
    whole = recording is not None and (path := box.folders.recordings / recording.facts.file).exists()
    whole = whole and recording is not None and shelf.sha256_of(path) == recording.facts.sealed_sha256
    others = len(recording.facts.recipients) if recording else 0
    return Step(
        name="sealed", japanese="録音が封印され、顧客の鍵で開ける", english="It is sealed, and others than the box can open it",
        passed=whole and others > 1, found=f"{others} recipients",
        mend="" if whole and others > 1 else "add the customer's key to recipients; appliance uploader keys new",
    )  # fmt: skip


def _stored(ledger: Ledger, recording: Recording | None) -> Step:
    rows = ledger.of(recording.facts.recording) if recording else []
    done = next((row.record for row in rows if isinstance(row.record, UploadDone)), None)
    return Step(
        name="stored", japanese="保管先に保存され、読み戻して一致した", english="It is stored, and was read back", passed=done is not None,
        found=f"{done.store}, {done.bytes} bytes, {done.verified}" if done else "not stored yet",
        mend="" if done else "appliance uploader canary says what is wrong with the store",
    )  # fmt: skip


def _opened(box: Box, recording: Recording | None) -> Step:
    problem = "no recording"
    if recording is not None:
        problem = _open(box, recording)
    return Step(
        name="opened", japanese="封印を開き、音声が署名どおりである", english="It opens, and holds the sound that was signed",
        passed=not problem, found=problem or "the hash is the signed one",
        mend="" if not problem else "appliance verify, and look at the box's keys",
    )  # fmt: skip


def _open(box: Box, recording: Recording) -> str:
    """ "" where the clear bytes are those of the manifest, else why not."""
    clear = hashlib.sha256()
    try:
        with (box.folders.recordings / recording.facts.file).open("rb") as file:
            reader = SealedReader(file, keys.identities_in(box.folders.keys))
            while piece := reader.read(1 << 20):
                clear.update(piece)
    except (OSError, SealedError, CouldNotError) as error:
        return str(error)
    return "" if clear.hexdigest() == recording.facts.plain_sha256 else "another sound than the signed one"


def _clock(box: Box, now: int) -> Step:
    facts = hardware.read(box.folders)
    fresh = facts is not None and now - facts.at < 3600 * SECOND
    right = fresh and facts is not None and facts.synchronised is True and abs(facts.offset_s or 0.0) < 1.0
    found = (
        "nobody has looked" if not fresh or facts is None else f"follows another: {facts.synchronised}, off by {facts.offset_s} s"
    )
    return Step(
        name="clock", japanese="時刻が正しい", english="The time is right", passed=right, found=found,
        mend="" if right else "systemctl start appliance-hardware; chronyc tracking",
    )  # fmt: skip


def _told(box: Box, ledger: Ledger, asked: Asked, now: int) -> Step:
    wanted = {channel.name for channel in box.config.notify.channels}
    told = {
        name for name in wanted if (row := ledger.latest(NoticeSent, name)) is not None and now - row.record.at < 24 * 3600 * SECOND
    }
    passed = told == wanted and (bool(wanted) or asked.without_notices)
    return Step(
        name="notices", japanese="通知が届く", english="Notices arrive", passed=passed,
        found=", ".join(sorted(told)) or ("none wanted" if passed else "no channel"),
        mend="" if passed else f"appliance uploader notify; missing: {', '.join(sorted(wanted - told)) or 'a channel in [notify]'}",
    )  # fmt: skip


def _services(ledger: Ledger, now: int) -> Step:
    late = [beat.service for beat in ledger.heartbeats() if beat.state != "ok" or now - beat.at > FRESH]
    names = [beat.service for beat in ledger.heartbeats()]
    passed = not late and {"capture", "render", "uploader", "janitor", "web"} <= set(names)
    return Step(
        name="services", japanese="すべてのサービスが動いている", english="Every service runs", passed=passed,
        found=", ".join(names), mend="" if passed else f"systemctl status 'appliance-*'; late: {', '.join(late) or '-'}",
    )  # fmt: skip


def _backed_up(box: Box) -> Step:
    passed = bool(box.config.recipients)
    return Step(
        name="backup", japanese="夜間バックアップを作成できる", english="The nightly backup can be made", passed=passed,
        found=f"{len(box.config.recipients)} keys", mend="" if passed else "add a recipient: appliance uploader keys new",
    )  # fmt: skip


def report(box: Box, call: Call, steps: list[Step], asked: Asked, now: int) -> Manifest:
    """The signed report; where all passed it names the day the service starts and the day its bill begins."""
    site, passed = box.config.site, all(step.passed for step in steps)
    today = to_datetime(now, site.zone).date()
    told: dict[str, Any] = {
        "contract": site.contract, "serial": site.serial, "epoch": site.epoch, "site": site.name, "program": __version__,
        "tested_at": isoformat(now, site.zone), "who": asked.who, "call": call.id, "passed": passed,
        "service_starts": today.isoformat() if passed else "", "billing_starts": (today + timedelta(days=1)).isoformat() if passed else "",
        "steps": [asdict(step) for step in steps],
    }  # fmt: skip
    return manifest.sign(told, keys.present_signing_key(box.folders.keys), manifest.COMMISSION)


def carry_out(box: Box, ledger: Ledger, call: Call, asked: Asked, now: int, folder: Path) -> tuple[Manifest, list[Step], Path]:
    """Examine the call, leave the signed report in the folder (JSON, HTML) and in the ledger; the path is the report's without ending."""
    steps = examine(box, ledger, call, asked, now)
    signed = report(box, call, steps, asked, now)
    place = folder / signed.facts["tested_at"][:19].replace(":", "")
    shelf.write(place.with_suffix(".json"), signed.encode())
    shelf.write(place.with_suffix(".html"), page(signed).encode("utf-8"))
    ledger.append(record(signed, now))
    return signed, steps, place


def record(signed: Manifest, now: int) -> Commissioned:
    """The row that says so; the first one that passed is the day the service started."""
    told = signed.facts
    return Commissioned(
        at=now, serial=told["serial"], contract=told["contract"], who=told["who"], passed=told["passed"],
        service_starts=told["service_starts"], chain=signed.chain, signature=signed.signature,
    )  # fmt: skip


def page(signed: Manifest) -> str:
    """The report as one HTML page that prints well and fetches nothing."""
    told = signed.facts
    rows = "\n".join(_rows(told["steps"]))
    verdict = "合格 / passed" if told["passed"] else "不合格 / not passed"
    heads = [
        ("契約 / contract", told["contract"]), ("設置先 / site", told["site"]), ("装置 / box", f"{told['serial']} ({told['epoch']})"),
        ("試験日時 / tested", told["tested_at"]), ("担当 / by", told["who"]), ("試験通話 / call", told["call"]),
        ("サービス開始日 / service starts", told["service_starts"] or "-"), ("課金開始日 / billing starts", told["billing_starts"] or "-"),
        ("署名 / signature", signed.signature[:32] + "…"), ("公開鍵 / public key", signed.public_key),
    ]  # fmt: skip
    head = "\n".join(f"<tr><th>{escape(name)}</th><td>{escape(str(value))}</td></tr>" for name, value in heads)
    return (
        '<!doctype html>\n<html lang="ja"><head><meta charset="utf-8"><title>開通試験 / commissioning report</title>\n'
        f"<style>{_STYLE}</style></head><body>\n<h1>開通試験報告書 <small>Commissioning report</small></h1>\n"
        f'<p class="{"yes" if told["passed"] else "no"}">{verdict}</p>\n<table>{head}</table>\n'
        f"<table><tr><th>項目 / step</th><th>結果 / result</th><th>内容 / found</th></tr>\n{rows}</table>\n</body></html>\n"
    )


def _rows(steps: list[dict[str, Any]]) -> Iterator[str]:
    for step in steps:
        found = escape(step["found"]) + (f"<br>→ {escape(step['mend'])}" if step["mend"] else "")
        kind, said = ("yes", "合格 / passed") if step["passed"] else ("no", "不合格 / failed")
        yield (
            f"<tr><td>{escape(step['japanese'])}<br><small>{escape(step['english'])}</small></td>"
            f'<td class="{kind}">{said}</td><td>{found}</td></tr>'
        )


_STYLE = (
    "body{font-family:sans-serif;max-width:52em;margin:2em auto}table{border-collapse:collapse;width:100%;margin:1em 0}"
    "th,td{border:1px solid #999;padding:.4em;text-align:left;vertical-align:top}small{color:#555}.yes{color:#060}.no{color:#a00}"
)
