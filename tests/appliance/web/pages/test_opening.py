"""The opening test runs from the page: the call is followed, examined and signed; the report comes as two files."""

from __future__ import annotations

import json
import re

import pytest

from appliance import keys, manifest
from tests.appliance.furnished import Furnished, TestClient, signed_in


def csrf(client: TestClient) -> str:
    return str(re.findall(r'name="csrf" value="([^"]+)"', client.get("/account").text)[0])


def test_a_call_is_followed_examined_and_reported(own: Furnished) -> None:
    client = signed_in(own)
    begun = client.post("/opening", data={"csrf": csrf(client), "do": "begin"}).headers["location"]
    assert begun == f"/opening?since={own.now}"
    assert 'value="report"' not in client.get(begun).text, "nobody called yet"
    inbound = own.call("inbound")
    with own.ledger() as ledger:
        ledger.connection.execute("UPDATE call SET started_at = 1 WHERE id != ?", (inbound.id,))
    followed = client.get(f"/opening/progress?since={inbound.started_at - 1}").text
    assert followed.count('class="done"') == 4, "seen, answered, ended, recorded; not stored"
    call = re.findall(r'name="call" value="([^"]+)"', followed)[0]
    answer = client.post("/opening", data={"csrf": csrf(client), "do": "report", "call": call, "popup": "1"})
    page = client.get(answer.headers["location"]).text
    assert "不合格" in page
    assert "appliance uploader canary" in page, "what failed is said with its mend"
    (name,) = set(re.findall(r"/opening/reports/([\w-]+)\.json", page))
    report = client.get(f"/opening/reports/{name}.json")
    signed = manifest.decode(report.content)
    manifest.check_signature(signed.chain, signed.signature, keys.signing_public(own.box.folders.keys) or "", manifest.COMMISSION)
    assert json.loads(report.content)
    assert signed.facts["who"] == "admin"
    assert "開通試験報告書" in client.get(f"/opening/reports/{name}.html").text


@pytest.mark.parametrize("name", ["../ledger.db", "x.json", "2026-01-01T000000.exe", "..%2f..%2fledger.db"])
def test_no_other_file_is_a_report(furnished: Furnished, name: str) -> None:
    assert signed_in(furnished).get(f"/opening/reports/{name}").status_code == 404


def test_a_call_that_is_none_gives_no_report(own: Furnished) -> None:
    client = signed_in(own)
    answer = client.post("/opening", data={"csrf": csrf(client), "do": "report", "call": "nobody"})
    assert "there is no such call" in client.get(answer.headers["location"]).text
    assert client.post("/opening", data={"do": "begin", "csrf": "made up"}).status_code == 403
