"""The opening test passes only where everything works, names what does not, and its report is signed and says when the service starts."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from appliance import hardware, keys, lookup, manifest
from appliance.box import Box
from appliance.clock import SystemClock
from appliance.ledger import Ledger
from appliance.records import NoticeSent
from provisioning import commission
from provisioning.commission import Asked
from tests.appliance.troubled import beat
from tests.bed.program import appliance
from tests.provisioning.made import Old, old_box

NOW = SystemClock().now()
CHANNEL = '[[notify.channels]]\nname = "desk"\nkind = "webhook"\noptions = { url = "http://127.0.0.1:9/" }\n'
ASKED = Asked(who="佐藤 <技術>", popup_seen=True)
STEPS = ["mirror", "popup", "recorded", "sealed", "stored", "opened", "clock", "notices", "services", "backup"]


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Old:
    old = old_box(tmp_path_factory.mktemp("shared"), 1)
    (old.data / "appliance.toml").write_text((old.data / "appliance.toml").read_text() + CHANNEL)
    found = Old(Box.at(old.data), old.customer)
    found.stores()
    with found.ledger() as ledger:
        for service in ("capture", "render", "uploader", "janitor", "web"):
            ledger.beat(beat(service, NOW))
        ledger.append(NoticeSent(at=NOW, channel="desk", notice="desk/test/1", event="test"))
    hardware.write(found.box.folders, hardware.Hardware(at=NOW, synchronised=True, offset_s=0.001))
    return found


@pytest.fixture
def well(shared: Old, tmp_path: Path) -> Old:
    """A box on which everything works."""
    return shared.copy(tmp_path / "own")


@pytest.fixture
def ledger(well: Old) -> Iterator[Ledger]:
    with well.ledger() as opened:
        yield opened


def failing(well: Old, ledger: Ledger, asked: Asked = ASKED, box: Box | None = None) -> list[str]:
    (call,) = [lookup.get_call(ledger.connection, row[0]) for row in ledger.connection.execute("SELECT id FROM call")]
    assert call is not None
    steps = commission.examine(box or well.box, ledger, call, asked, NOW)
    assert [step.name for step in steps] == STEPS
    assert all(bool(step.mend) != step.passed for step in steps), "who fails is told what to do, who passes is not"
    return [step.name for step in steps if not step.passed]


def test_on_a_box_on_which_everything_works_all_steps_pass(well: Old, ledger: Ledger) -> None:
    assert failing(well, ledger) == []


@pytest.mark.parametrize(
    ("what", "failed"),
    [
        ("UPDATE recording SET body = json_set(body, '$.one_sided', json('true'))", ["mirror"]),
        ("UPDATE call SET start_seen = 0", ["popup"]),
        ("DELETE FROM record WHERE kind = 'UploadDone'", ["stored"]),
        ("DELETE FROM record WHERE kind = 'NoticeSent'", ["notices"]),
        ("UPDATE heartbeat SET state = 'failing' WHERE service = 'render'", ["services"]),
        ("DELETE FROM heartbeat WHERE service = 'web'", ["popup", "services"]),
        ("UPDATE heartbeat SET at = 0 WHERE service = 'capture'", ["services"]),
        ("DELETE FROM recording", ["mirror", "recorded", "sealed", "stored", "opened"]),
    ],
)
def test_what_does_not_work_fails_its_own_step(well: Old, ledger: Ledger, what: str, failed: list[str]) -> None:
    ledger.connection.execute(what)
    assert failing(well, ledger) == failed


def test_a_changed_byte_is_neither_sealed_nor_opened(well: Old, ledger: Ledger) -> None:
    path = next((well.data / "recordings").rglob("*.flac.age"))
    body = bytearray(path.read_bytes())
    body[-5] ^= 1
    path.write_bytes(body)
    assert failing(well, ledger) == ["sealed", "opened"]


def test_a_popup_that_nobody_saw_and_a_wrong_clock_fail(well: Old, ledger: Ledger) -> None:
    assert failing(well, ledger, replace(ASKED, popup_seen=False)) == ["popup"]
    hardware.write(well.box.folders, hardware.Hardware(at=NOW, synchronised=True, offset_s=3.0))
    assert failing(well, ledger) == ["clock"]


def test_a_customer_who_wants_no_notices_says_so(well: Old, ledger: Ledger) -> None:
    notify = well.box.config.notify.model_copy(update={"channels": []})
    silent = replace(well.box, config=well.box.config.model_copy(update={"notify": notify}))
    assert failing(well, ledger, box=silent) == ["notices"]
    assert failing(well, ledger, replace(ASKED, without_notices=True), silent) == []


def test_the_report_is_signed_and_names_the_first_day(well: Old, tmp_path: Path) -> None:
    with well.ledger() as ledger:
        call = ledger.connection.execute("SELECT id FROM call").fetchone()[0]
        for service in ("capture", "render", "uploader", "janitor", "web"):
            ledger.beat(beat(service, SystemClock().now()))
    words = ("provisioning", "commission", "--who", "佐藤 <技術>", "--call", call, "--data", well.data, "-o", tmp_path / "out")
    said = appliance(*words, code=4)
    assert "not passed: popup" in said.error
    assert '"passed":false' in next((tmp_path / "out").glob("*.json")).read_text()
    said = appliance(*words, "--popup-seen")
    signed = [manifest.decode(path.read_bytes()) for path in sorted((tmp_path / "out").glob("*.json"))][-1]
    manifest.check_signature(signed.chain, signed.signature, keys.signing_public(well.data / "keys") or "", manifest.COMMISSION)
    assert signed.facts["passed"] and f"the service starts on {signed.facts['service_starts']}" in said.out
    assert signed.facts["service_starts"] < signed.facts["billing_starts"]
    shown = sorted((tmp_path / "out").glob("*.html"))[-1].read_text("utf-8")
    assert "開通試験報告書" in shown and "佐藤 &lt;技術&gt;" in shown and signed.facts["service_starts"] in shown
    assert "http" not in shown and "<script" not in shown, "it fetches nothing"
    with well.ledger() as ledger:
        rows = [json.loads(row[0]) for row in ledger.connection.execute("SELECT body FROM record WHERE kind = 'Commissioned'")]
    assert [row["passed"] for row in rows] == [False, True]
