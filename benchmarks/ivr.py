"""A menu's callers: how many a second the flow takes with none failed, beside a menu in dialplan alone on the same Asterisk, same run.

A caller dials, is answered, presses 1 (INFO) after a moment and is hung up on. Latency is from the INVITE to its 200. Media flows from
Asterisk to the callers, who send none: that is the harder case for requests that wait for the channel.
"""

from __future__ import annotations

import csv
import subprocess
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from benchmarks.measure import cpu_seconds
from tests.bed.exchange import Exchange

RATES = (5, 10, 20, 40, 60, 80, 120, 160, 200)
SECONDS = 10.0
MENU = """
flow: menu
language: ja
start: menu
fallback: group:front
nodes:
  menu:
    type: menu
    say: "1を押してください。"
    keys: {"1": {go: bye}}
    no_input: {tries: 2, then: bye}
    wrong_key: {tries: 2, then: bye}
  bye: {type: hangup}
"""
WAYS = {"menu": "flow (our service)", "plain_menu": "dialplan alone"}
_SCENARIO = """<?xml version="1.0" encoding="UTF-8" ?>
<scenario name="caller">
<send retrans="500" start_rtd="1"><![CDATA[

INVITE sip:{called}@[remote_ip]:5060 SIP/2.0
Via: SIP/2.0/UDP [local_ip]:[local_port];branch=[branch]
From: <sip:caller@[local_ip]>;tag=[pid]c[call_number]
To: <sip:{called}@[remote_ip]>
Call-ID: [call_id]
CSeq: 1 INVITE
Contact: <sip:caller@[local_ip]:[local_port]>
Max-Forwards: 70
Content-Type: application/sdp
Content-Length: [len]

v=0
o=bed 1 1 IN IP4 [local_ip]
s=-
c=IN IP4 [media_ip]
t=0 0
m=audio [media_port] RTP/AVP 0
a=rtpmap:0 PCMU/8000

]]></send>
<recv response="100" optional="true"/>
<recv response="180" optional="true"/>
<recv response="183" optional="true"/>
<recv response="200" rtd="1" rrs="true" timeout="10000"/>
{ack}
<pause milliseconds="600"/>
{info}
<recv response="200"/>
<recv request="BYE" timeout="10000"/>
<send><![CDATA[

SIP/2.0 200 OK
[last_Via:]
[last_From:]
[last_To:]
[last_Call-ID:]
[last_CSeq:]
Content-Length: 0

]]></send>
</scenario>
"""
_WITHIN = """<send{again}><![CDATA[

{method} [next_url] SIP/2.0
Via: SIP/2.0/UDP [local_ip]:[local_port];branch=[branch]
From: <sip:caller@[local_ip]>;tag=[pid]c[call_number]
To: <sip:{called}@[remote_ip]>[peer_tag_param]
Call-ID: [call_id]
CSeq: {number} {method}
Max-Forwards: 70
{rest}

]]></send>"""


@dataclass(frozen=True, slots=True)
class Outcome:
    """One rate, one way."""

    made: int
    failed: int
    p50_ms: float
    p99_ms: float
    asterisk_cpu: float
    service_cpu: float


def lines(rates: Sequence[int] = RATES, seconds: float = SECONDS) -> Iterator[str]:
    """The table."""
    yield f"A caller every 1/rate s for {seconds:g} s; each stays about a second."
    yield ""
    yield "| way | calls/s | made | failed | answer p50 ms | p99 ms | CPU s a call: Asterisk | ours |"
    yield "| --- | --- | --- | --- | --- | --- | --- | --- |"
    best: dict[str, int] = dict.fromkeys(WAYS, 0)
    with tempfile.TemporaryDirectory() as folder:
        Path(folder).chmod(0o755)
        exchange = Exchange(Path(folder) / "pbx", [MENU])
        with exchange.running():
            exchange.start()
            for rate in rates:
                for called, way in WAYS.items():
                    found = _run(exchange, Path(folder), called, rate, seconds)
                    if not found.failed and best[called] in (0, *[one for one in rates if one < rate]):
                        best[called] = rate
                    yield (
                        f"| {way} | {rate} | {found.made} | {found.failed} | {found.p50_ms:.0f} | {found.p99_ms:.0f} | "
                        f"{found.asterisk_cpu / max(1, found.made):.4f} | {found.service_cpu / max(1, found.made):.4f} |"
                    )
            exchange.stop()
    yield ""
    flow, plain = best["menu"], best["plain_menu"]
    yield f"Highest rate without a failure: {flow} calls/s by the flow, {plain} by the dialplan: {flow / max(1, plain):.2f} of it."


def _run(exchange: Exchange, folder: Path, called: str, rate: int, seconds: float) -> Outcome:
    scenario, times, stats = folder / f"{called}.xml", folder / f"{called}_{rate}_rtt.csv", folder / f"{called}_{rate}.csv"
    ack = _WITHIN.format(again="", method="ACK", number=1, called=called, rest="Content-Length: 0")
    body = "Content-Type: application/dtmf-relay\nContent-Length: [len]\n\nSignal=1\nDuration=160"
    info = _WITHIN.format(again=' retrans="500"', method="INFO", number=2, called=called, rest=body)
    scenario.write_text(_SCENARIO.format(called=called, ack=ack, info=info), "utf-8")
    calls = max(1, int(rate * seconds))
    address = exchange.lan.addresses["carrier"]
    command = [
        "sipp", f"{exchange.address}:5060", "-sf", str(scenario), "-i", address, "-mi", address, "-p", "5060", "-mp", "20000",
        "-r", str(rate), "-m", str(calls), "-l", "4000", "-nostdin", "-trace_stat", "-stf", str(stats), "-fd", "1",
        "-trace_rtt", "-rtt_freq", "1", "-timeout", f"{seconds + 60:.0f}",
    ]  # fmt: skip
    before = cpu_seconds(exchange.pbx.pid()), cpu_seconds(exchange.pid())
    quiet = subprocess.DEVNULL
    subprocess.run(
        exchange.lan.inside("carrier", command), stdin=quiet, stdout=quiet, stderr=quiet, cwd=folder, timeout=seconds + 90
    )
    after = cpu_seconds(exchange.pbx.pid()), cpu_seconds(exchange.pid())
    found = sorted(folder.glob(f"{called}*_rtt.csv"), key=lambda path: path.stat().st_mtime)
    latencies = sorted(_latencies(found[-1])) if found else []
    exchange.hang_up()
    times.touch()
    done = list(csv.DictReader(stats.read_text().splitlines(), delimiter=";"))[-1]
    good = int(done["SuccessfulCall(C)"])
    return Outcome(calls, calls - good, _at(latencies, 0.5), _at(latencies, 0.99), after[0] - before[0], after[1] - before[1])


def _latencies(path: Path) -> Iterator[float]:
    for row in csv.reader(path.read_text().splitlines(), delimiter=";"):
        if len(row) > 1 and row[1].replace(".", "").isdigit():
            yield float(row[1])
    path.unlink()


def _at(values: Sequence[float], share: float) -> float:
    return values[min(len(values) - 1, int(share * len(values)))] if values else float("nan")
