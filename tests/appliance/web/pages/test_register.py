"""The register in the console: a request is made, allowed by somebody else, used and read; nothing in it can be changed."""

from __future__ import annotations

import re
from dataclasses import replace

import httpx
import pytest

from appliance.box import Box
from appliance.pages import Page, Stream
from appliance.web import wings
from appliance.web.accounts import Accounts
from appliance.web.rights import Right
from appliance.web.roles import Roles
from tests.appliance.furnished import Furnished, TestClient, browser, signed_in
from tests.fakes import facts

STRICT = "\n[register_of_access]\napprove_listening = true\napprove_copies = true\n"


def send(client: TestClient, path: str, **fields: str) -> httpx.Response:
    found = re.search(r'name="csrf" value="([^"]+)"', client.get("/account").text)
    assert found is not None
    answer: httpx.Response = client.post(path, data={"csrf": found[1], **fields})
    return answer


def strict(own: Furnished) -> Furnished:
    path = own.box.folders.data / "appliance.toml"
    path.write_text(path.read_text("utf-8") + STRICT, "utf-8")
    return replace(own, box=Box.at(own.box.folders.data))


def somebody(own: Furnished, name: str, role: str) -> TestClient:
    with own.ledger() as ledger:
        accounts = Accounts(ledger, own.clock().now, 12)
        return browser(own.box, own.clock(), accounts.sign_in(name, accounts.one_time_password(name, role), "-"))


def test_nobody_hears_before_somebody_else_allowed_it(own: Furnished) -> None:
    own = strict(own)
    sato, boss, call = somebody(own, "sato", "manager"), signed_in(own), own.calls["inbound"]
    for part in ("audio", "waveform", "download"):
        assert sato.get(f"/calls/{call}/{part}").status_code == 403, part
    assert send(sato, f"/calls/{call}/excerpt", begin="0", end="1").status_code == 403
    page = sato.get(f"/calls/{call}").text
    assert "/audio" not in page
    assert send(sato, f"/calls/{call}/ask", what="listen", why=" ").status_code == 409
    send(sato, f"/calls/{call}/ask", what="listen", why="<b>問い合わせ</b>")
    waiting = boss.get("/requests").text
    assert "&lt;b&gt;問い合わせ&lt;/b&gt;" in waiting
    word = re.findall(r'action="/requests/(\w+)"', waiting)[0]
    assert send(sato, f"/requests/{word}", call=call, do="allow").status_code == 409, "one's own"
    assert sato.get(f"/calls/{call}/audio").status_code == 403
    send(boss, f"/requests/{word}", call=call, do="allow")
    assert sato.get(f"/calls/{call}/audio").status_code == 200
    assert sato.get(f"/calls/{call}/download").status_code == 403, "to hear is not to copy"
    send(sato, f"/calls/{call}/ask", what="copy", why="警察へ提出")
    word = re.findall(r'action="/requests/(\w+)"', boss.get("/requests").text)[0]
    send(boss, f"/requests/{word}", call=call, do="allow")
    assert sato.get(f"/calls/{call}/download").status_code == 200
    register = boss.get("/register").text
    for said in ("警察へ提出", "再生・持ち出しを申請", "許可", "sato", "admin"):
        assert said in register


def test_what_is_refused_stays_closed(own: Furnished) -> None:
    own = strict(own)
    sato, boss, call = somebody(own, "sato", "manager"), signed_in(own), own.calls["inbound"]
    send(sato, f"/calls/{call}/ask", what="listen", why="x")
    word = re.findall(r'action="/requests/(\w+)"', boss.get("/requests").text)[0]
    send(boss, f"/requests/{word}", call=call, do="refuse")
    assert sato.get(f"/calls/{call}/audio").status_code == 403
    assert "却下" in boss.get("/register").text


def test_the_register_says_who_heard_and_took_and_is_a_file_too(own: Furnished) -> None:
    client, call = signed_in(own), own.calls["inbound"]
    client.get(f"/calls/{call}/audio")
    client.get(f"/calls/{call}/download")
    page = client.get("/register?who=admin&kind=Listened").text
    assert own.recording("inbound").facts.recording in page
    text = client.get("/register.csv").text
    assert "Listened" in text
    assert "Exported" in text
    assert "register csv" in text, "that it was taken is an entry of its own"


@pytest.mark.parametrize("method", ["POST", "PUT", "PATCH", "DELETE"])
@pytest.mark.parametrize("path", ["/register", "/register.csv"])
def test_nothing_in_it_can_be_edited(own: Furnished, method: str, path: str) -> None:
    assert signed_in(own).request(method, path).status_code == 405


def test_a_limited_role_reads_of_its_own_lines_alone(own: Furnished) -> None:
    signed_in(own).get(f"/calls/{own.calls['inbound']}/audio")
    with own.ledger() as ledger:
        roles = Roles(ledger, own.clock().now)
        made = roles.add("counsellor", [Right.AUDIT, Right.HEALTH], "test")
        roles.save(replace(made, lines=("03-1234-5679",)), "test")
    client = somebody(own, "c", made.id)
    assert own.recording("inbound").facts.recording not in client.get("/register").text
    assert own.recording("inbound").facts.recording not in client.get("/register.csv").text
    assert client.get("/completeness").status_code == 403


def test_completeness_counts_every_call_and_names_what_is_missing(own: Furnished) -> None:
    client = signed_in(own)
    page = client.get("/completeness").text
    assert "録音しない回線です" in page
    assert "すべての通話に" in page
    own.sealed("inbound").unlink()
    page = client.get("/completeness").text
    assert own.recording("inbound").facts.recording in page
    assert "すべての通話に" not in page
    assert client.get("/completeness?begin=2000-01-01&end=2000-01-02").status_code == 200


def test_odd_questions_are_answered(own: Furnished) -> None:
    client = signed_in(own)
    for query in ("kind=nonsense", "before=-1", "before=99999999999999999999", "begin=x&end=y", "who=%00"):
        assert client.get(f"/register?{query}").status_code in (200, 422), query


def test_nobody_listens_in_before_somebody_else_allowed_it(own: Furnished, monkeypatch: pytest.MonkeyPatch) -> None:
    own, call = strict(own), "live" * 4
    with own.ledger() as ledger:
        ledger.append(facts.ringing(call=call, at=own.now, line=None), facts.answered(call=call, at=own.now))
    sound = Page(
        "listen", "/calls/{call}/live", ("live",), lambda visit: Stream("audio/wav", (piece for piece in [b"RIFF"])), hears=True
    )
    monkeypatch.setattr(wings, "found", lambda: [sound])
    sato, boss = somebody(own, "sato", "manager"), signed_in(own)
    assert sato.get(f"/calls/{call}/live").status_code == 403
    assert f'action="/calls/{call}/ask"' in (page := sato.get("/live").text) and f"/calls/{call}/live" not in page
    send(sato, f"/calls/{call}/ask", what="listen", why="新人の応対")
    assert "申請は承認待ちです" in sato.get("/live").text
    assert sato.get(f"/calls/{call}/live").status_code == 403, "asked is not allowed"
    word = re.findall(r'action="/requests/(\w+)"', boss.get("/requests").text)[0]
    send(boss, f"/requests/{word}", call=call, do="allow")
    assert sato.get(f"/calls/{call}/live").content == b"RIFF"
    assert boss.get(f"/calls/{call}/live").status_code == 403, "what one was allowed is not another's"
    with own.ledger() as ledger:
        ledger.append(facts.ended(call=call, at=own.now + 1))
    assert send(sato, f"/calls/{call}/ask", what="listen", why="x").status_code == 404, "over, and no recording yet"
