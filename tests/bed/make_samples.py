"""Makes the sample calls of `appliance demo`: python -m tests.bed.make_samples [NAME…], as root, on the test bed.

Real calls by SIPp over the mirrored LAN, spoken by Open JTalk, captured by tcpdump on the box's port. Needs, besides what `make test`
installs, the voice `hts-voice-nitech-jp-atr503-m001` of Debian's contrib component.
"""

from __future__ import annotations

import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from tests.bed import speech
from tests.bed.encode import encode
from tests.bed.lan import MIRROR, Lan
from tests.bed.sipp import Call, Talk

SAMPLES = Path(__file__).resolve().parents[2] / "appliance" / "demo" / "samples"


@dataclass(frozen=True, slots=True, kw_only=True)
class Sample:
    """One sample: what it is for, how the phones behave, what is said."""

    about: str
    talk: Talk
    turns: tuple[tuple[str, str], ...] = ()


WELCOME = "お電話ありがとうございます。さくら商事、東京支店の佐藤でございます。"
ALL = {
    "inbound": Sample(
        about="A customer's mobile calls the main line. Compact header names and P-Called-Party-ID, as NTT's network sends them.",
        talk=Talk(
            caller="09012345678", called="0312345678", display="09012345678", compact=True, from_host="ntt-east.ne.jp",
            extra="P-Called-Party-ID: <sip:0312345678@ntt-east.ne.jp>\nP-Asserted-Identity: <tel:+819012345678>",
        ),
        turns=(
            ("called", WELCOME),
            ("caller", "いつもお世話になっております。高橋工務店の高橋です。先日の見積もりの件でお電話しました。"),
            ("called", "高橋様、お世話になっております。ただいま担当に確認いたします。少々お待ちください。"),
            ("caller", "はい、お願いします。"),
            ("called", "お待たせいたしました。見積書は本日中にメールでお送りいたします。"),
            ("caller", "助かります。よろしくお願いします。失礼いたします。"),
        ),
    ),
    "anonymous": Sample(
        about="A caller who withholds the number (非通知): display name Anonymous, Privacy: id, host anonymous.invalid.",
        talk=Talk(
            caller="anonymous", called="0312345678", display="Anonymous", compact=True, from_host="anonymous.invalid",
            extra="P-Called-Party-ID: <sip:0312345678@ntt-east.ne.jp>\nPrivacy: id", hangup="called", codec="PCMU",
        ),
        turns=(("called", WELCOME), ("caller", "すみません、間違えました。"), ("called", "とんでもございません。失礼いたします。")),
    ),
    "outbound": Sample(
        about="The office calls a supplier; A-law, and the far end hangs up.",
        talk=Talk(caller="0312345678", called="0661234567", caller_at="office", codec="PCMA", hangup="called"),
        turns=(
            ("called", "はい、大阪機材でございます。"),
            ("caller", "お世話になっております。さくら商事の佐藤です。注文番号二三五の納期を教えてください。"),
            ("called", "確認いたします。来週の水曜日にお届けの予定でございます。"),
            ("caller", "承知しました。ありがとうございます。"),
        ),
    ),
    "internal": Sample(
        about="One extension calls another in wideband: G.722.",
        talk=Talk(caller="201", called="202", display="佐藤", codec="G722", caller_at="office"),
        turns=(("called", "はい、倉庫です。"),
            ("caller", "佐藤です。大阪からの荷物は水曜日に届くそうです。"), ("called", "わかりました。場所を空けておきます。")),
    ),
    "missed": Sample(
        about="A payphone rings the main line and gives up: no answer, CANCEL, 487.",
        talk=Talk(
            caller="anonymous", called="0312345678", display="Coin line/payphone", compact=True, from_host="anonymous.invalid",
            extra="P-Called-Party-ID: <sip:0312345678@ntt-east.ne.jp>", answer=False, ring_ms=4000,
        ),
    ),
    "counselling": Sample(
        about="A call to the counselling line, which the configuration says is never recorded: no audio of it touches the disk.",
        talk=Talk(
            caller="08098765432", called="0312345679", display="08098765432", compact=True, from_host="ntt-east.ne.jp",
            extra="P-Called-Party-ID: <sip:0312345679@ntt-east.ne.jp>",
        ),
        turns=(("called", "はい、相談窓口です。この回線は録音しておりません。"), ("caller", "相談したいことがあります。")),
    ),
}  # fmt: skip


def make(name: str, sample: Sample, lan: Lan) -> None:
    """Hold the call and write its capture and README."""
    caller, called = speech.conversation(sample.turns) if sample.turns else (np.zeros(0, np.int16),) * 2
    talk = sample.talk
    values = {field: getattr(talk, field) for field in talk.__dataclass_fields__}
    values.update(
        caller_payload=encode(caller, speech.RATE, talk.codec) if len(caller) else b"",
        called_payload=encode(called, speech.RATE, talk.codec) if len(called) else b"",
        talk_ms=len(caller) * 1000 // speech.RATE + 200,
        ring_ms=talk.ring_ms if not talk.answer else 2500,
    )
    folder = SAMPLES / name
    folder.mkdir(parents=True, exist_ok=True)
    capture = ["tcpdump", "-i", MIRROR, "-w", str(folder / "capture.pcap"), "-U", "--immediate-mode", "-Z", "root", "udp"]
    tcpdump = subprocess.Popen(lan.inside("box", capture), stderr=subprocess.DEVNULL)
    time.sleep(1.0)
    with Call(lan, Talk(**values), media=20000 + 100 * list(ALL).index(name)) as call:  # so that samples can be played together
        call.wait()
    time.sleep(0.5)
    tcpdump.terminate()
    tcpdump.wait()
    spoken = "\n".join(f"- {who}: {text}" for who, text in sample.turns) or "- nothing: nobody answers"
    text = f"""# {name}

{sample.about}

Made by `python -m tests.bed.make_samples {name}`: SIPp holds the call between two network namespaces, a bridge with ageing time 0
floods it to the box's port, tcpdump captures it there. The speech is Open JTalk's with the voice of the NIT HTS project
(`hts-voice-nitech-jp-atr503-m001`, CC BY 3.0), played by SIPp's rtp_stream as {talk.codec}. Numbers and names are invented.

{spoken}
"""
    (folder / "README.md").write_text(text, "utf-8")


def main(names: list[str]) -> int:
    """Make these samples, or all."""
    if speech.voice() is None:
        print("Open JTalk and its voice are needed: apt install open-jtalk, and hts-voice-nitech-jp-atr503-m001 from contrib")
        return 1
    for name in names or list(ALL):
        with Lan() as lan:
            make(name, ALL[name], lan)
        print(f"{name}: {(SAMPLES / name / 'capture.pcap').stat().st_size} bytes")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
