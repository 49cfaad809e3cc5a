"""Labels, marks and holds are put on and taken off by who may, each is in the register, and an excerpt is entered before it is made."""

from __future__ import annotations

import re

import httpx
import pytest

from appliance.library.marks import MOST
from appliance.moments import Nanoseconds
from appliance.records import Changed, Exported, RecordingErased, RecordingHeld
from appliance.web.pages.marking import HARASSMENT
from tests.appliance.furnished import Furnished, TestClient, signed_in
from tests.fakes.clock import FakeClock


class Moving(FakeClock):
    """A clock that is a little later whenever it is looked at."""

    def now(self) -> Nanoseconds:
        self.forward(0.001)
        return super().now()


def moving(own: Furnished) -> TestClient:
    return signed_in(own, clock=Moving(own.now))


def send(client: TestClient, path: str, **fields: str) -> httpx.Response:
    found = re.search(r'name="csrf" value="([^"]+)"', client.get("/account").text)
    assert found is not None
    answer: httpx.Response = client.post(path, data={"csrf": found[1], **fields})
    return answer


def test_a_label_is_put_on_and_taken_off(own: Furnished) -> None:
    client, path = moving(own), f"/calls/{own.calls['inbound']}"
    send(client, f"{path}/label", label="重要案件")
    assert '<span class="tag">重要案件</span>' in client.get(path).text
    send(client, f"{path}/label", label="重要案件", do="take")
    assert '<span class="tag">重要案件</span>' not in client.get(path).text
    assert send(client, f"{path}/label", label="<b>").status_code == 409


def test_one_press_keeps_evidence_of_harassment(own: Furnished) -> None:
    client, path = moving(own), f"/calls/{own.calls['inbound']}"
    send(client, f"{path}/hold", do="harassment")
    assert own.recording("inbound").held
    assert HARASSMENT in client.get(path).text
    with own.ledger() as ledger:
        held = ledger.latest(RecordingHeld)
    assert held is not None and isinstance(held.record, RecordingHeld)
    assert (held.record.who, held.record.why) == ("admin", HARASSMENT)
    assert send(client, f"{path}/hold", do="release").status_code == 409, "a hold ends for a reason"
    send(client, f"{path}/hold", do="release", why="case 1 is closed")
    assert not own.recording("inbound").held


def test_a_hold_needs_a_case(own: Furnished) -> None:
    answer = send(moving(own), f"/calls/{own.calls['inbound']}/hold", why=" ")
    assert answer.status_code == 409
    assert not own.recording("inbound").held


def test_marks_stand_in_order_and_are_text(own: Furnished) -> None:
    client, path = moving(own), f"/calls/{own.calls['inbound']}/marks"
    send(client, path, seconds="5.5", note="<b>ここ</b>")
    send(client, path, seconds="1.25", note="始め")
    send(client, path, seconds="999999", note="後")
    found = client.get(path).json()
    assert [(mark["seconds"], mark["note"]) for mark in found][:2] == [(1.25, "始め"), (5.5, "<b>ここ</b>")]
    assert found[2]["seconds"] == own.recording("inbound").facts.seconds
    send(client, path, remove=found[0]["id"])
    assert len(client.get(path).json()) == 2
    with own.ledger() as ledger:
        changes = [row.record for row in ledger.of(f"recording {own.recording('inbound').facts.recording}")]
    assert [change.what for change in changes if isinstance(change, Changed)] == ["mark set"] * 3 + ["mark removed"]


def test_marks_go_with_the_recording(own: Furnished) -> None:
    client, path = moving(own), f"/calls/{own.calls['inbound']}/marks"
    send(client, path, seconds="1", note="秘密")
    name = own.recording("inbound").facts.recording
    with own.ledger() as ledger:
        ledger.append(RecordingErased(at=own.now, recording=name, who="a", why="b", objects=0, proof=""))
        assert ledger.connection.execute("SELECT count(*) FROM mark").fetchone()[0] == 0
    assert client.get(path).status_code == 404


def test_marks_have_an_end(own: Furnished) -> None:
    client, path = moving(own), f"/calls/{own.calls['inbound']}/marks"
    name = own.recording("inbound").facts.recording
    with own.ledger() as ledger, ledger.transaction() as connection:
        rows = [(f"{place}", name, 1.0, "", "x", 0) for place in range(MOST)]
        connection.executemany("INSERT INTO mark (id, recording, seconds, note, who, made_at) VALUES (?,?,?,?,?,?)", rows)
    assert send(client, path, seconds="1").status_code == 409


def test_an_excerpt_is_in_the_register_before_it_is_made(own: Furnished) -> None:
    client, path = moving(own), f"/calls/{own.calls['inbound']}/excerpt"
    answer = send(client, path, begin="1", end="2.5")
    name = own.recording("inbound").facts.recording
    assert answer.json() == {"name": f"{name}-excerpt-1-2.wav"}
    with own.ledger() as ledger:
        entry = ledger.latest(Exported, name)
    assert entry is not None and isinstance(entry.record, Exported)
    assert entry.record.what == "excerpt 1.0-2.5 s"


@pytest.mark.parametrize(
    ("begin", "end"), [("2", "1"), ("0", "99999"), ("nan", "1"), ("-1", "1"), ("x", "1"), ("0", "inf"), ("0", "0")]
)
def test_a_part_that_is_none_is_refused(own: Furnished, begin: str, end: str) -> None:
    assert send(moving(own), f"/calls/{own.calls['inbound']}/excerpt", begin=begin, end=end).status_code == 422


def test_what_is_not_recorded_or_not_ours_bears_nothing(own: Furnished) -> None:
    client = moving(own)
    for action in ("label", "hold", "marks", "excerpt"):
        assert send(client, f"/calls/{own.calls['counselling']}/{action}", label="x", why="x", end="1").status_code == 404
        assert client.post(f"/calls/{own.calls['inbound']}/{action}", data={"csrf": "x", "end": "1"}).status_code == 403
