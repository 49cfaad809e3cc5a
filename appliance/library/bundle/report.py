"""The report that lies in an evidence bundle: one page in Japanese, one in English, to be printed. Pure.

No script, no font, no picture from elsewhere: the page says so to the browser itself (Content-Security-Policy).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import tzinfo
from html import escape
from typing import Any

from appliance.moments import isoformat

LANGUAGES = ("ja", "en")
_WORDS: Mapping[str, tuple[str, str]] = {
    "title": ("通話録音 証拠報告書", "Call recordings: evidence report"),
    "intro": (
        "この一式に含まれる通話録音、その来歴、改変の有無の確かめ方を示します。",
        "This page names the recordings in this bundle, where they come from, and how to see that nothing was changed.",
    ),
    "made": ("作成日時", "Made at"),
    "who": ("作成者", "Made by"),
    "why": ("目的", "Purpose"),
    "requester": ("宛先(公開鍵)", "Sealed to (public key)"),
    "nobody": ("封緘なし(平文の写しを含む)", "not sealed: clear copies are inside"),
    "site": ("契約・機器", "Contract and box"),
    "key": ("録音機の公開鍵", "The recorder's public key"),
    "checkpoint": ("検証点", "Signed checkpoint"),
    "checkpoint_is": ("録音 %(size)s 件、署名日時 %(at)s", "%(size)s recordings, signed at %(at)s"),
    "stamped": ("時刻認証(RFC 3161): あり", "with a time stamp (RFC 3161)"),
    "recording": ("録音", "Recording"),
    "began": ("録音開始", "Recording began"),
    "length": ("長さ(秒)", "Length (seconds)"),
    "caller": ("発信者", "Caller"),
    "called": ("着信先", "Called"),
    "direction": ("方向", "Direction"),
    "sequence": ("連番", "Number in the chain"),
    "sealed": ("封緘ファイル SHA-256", "SHA-256 of the sealed file"),
    "plain": ("音声ファイル SHA-256", "SHA-256 of the sound"),
    "chain": ("連鎖値", "Chain value"),
    "quality": ("欠落パケット/全パケット", "Packets lost / in all"),
    "remarks": ("備考", "Remarks"),
    "cut": ("途中で切れています", "was cut"),
    "one_sided": ("片側の音声のみ", "one side only"),
    "log": ("この録音の取扱記録", "What was done with this recording"),
    "check": ("検証のしかた", "How to check"),
    "check_is": (
        "Python 3.8 以上のある計算機で、この一式のフォルダーに入り、次を実行します。"
        "上の公開鍵が、別の経路で知らされたものと同じかを必ず確かめてください。",
        "On any computer with Python 3.8 or newer, go into the bundle's folder and run the following. Compare the public key above "
        "with the one that you were told by another way.",
    ),
    "limits": (
        "検証で分かるのは、録音機が署名した時から変わっていないことです。だれが話しているか、電話番号が本人のものかは分かりません。",
        "The check shows that nothing was changed since the recorder signed it. It cannot show who speaks, or that a number was "
        "not borrowed.",
    ),
}
_STYLE = (
    "body{font:11pt/1.6 sans-serif;max-width:48em;margin:2em auto;padding:0 1em;color:#111;background:#fff}"
    "table{border-collapse:collapse;width:100%;margin:.5em 0 1.5em}th,td{border:1px solid #999;padding:.25em .6em;text-align:left;"
    "vertical-align:top}th{width:13em;font-weight:600;background:#f3f3f3}code{font-family:monospace;word-break:break-all}"
    "h2{break-after:avoid;margin-top:2em}table{break-inside:avoid}@media print{body{margin:0;max-width:none}}"
)


def page(language: str, bundle: Mapping[str, Any], items: Sequence[Mapping[str, Any]], zone: tzinfo) -> str:
    """The report as one HTML document. `bundle` are its facts; each of `items` has the signed `facts` of a recording and its `log`."""
    place = LANGUAGES.index(language)

    def say(word: str, **values: str) -> str:
        return escape(_WORDS[word][place] % values if values else _WORDS[word][place])

    def table(rows: Sequence[tuple[str, str]]) -> str:
        return "<table>" + "".join(f"<tr><th>{say(word)}</th><td>{value}</td></tr>" for word, value in rows) + "</table>"

    def moment(value: int) -> str:
        return escape(isoformat(value, zone)[:19].replace("T", " "))

    checkpoint = say("checkpoint_is", size=str(bundle["checkpoint"]["size"]), at=moment(bundle["checkpoint"]["signed_at"]))
    head = [
        ("made", moment(bundle["made_at"])), ("who", escape(bundle["who"])), ("why", escape(bundle["why"])),
        ("requester", f"<code>{escape(bundle['requester'])}</code>" if bundle["requester"] else say("nobody")),
        ("site", escape(f"{bundle['contract']} / {bundle['serial']}")), ("key", f"<code>{escape(bundle['key'])}</code>"),
        ("checkpoint", checkpoint + (" – " + say("stamped") if bundle["stamped"] else "")),
    ]  # fmt: skip
    body = [f"<h1>{say('title')}</h1><p>{say('intro')}</p>", table(head)]
    for item in items:
        body.append(f"<h2>{say('recording')} <code>{escape(item['facts']['recording']['recording'])}</code></h2>")
        body.append(table(_rows(item["facts"], moment, say)))
        body.append(f"<h3>{say('log')}</h3><table>")
        body += [
            f"<tr><td>{escape(entry['at'][:19].replace('T', ' '))}</td><td>{escape(entry['kind'])}</td>"
            f"<td>{escape(entry.get('who', ''))}</td><td>{escape(entry.get('what', ''))}</td></tr>"
            for entry in item["log"]
        ]
        body.append("</table>")
    body.append(
        f"<h2>{say('check')}</h2><p>{say('check_is')}</p><p><code>python3 -I verify.py --key {escape(bundle['key'])}</code></p>"
    )
    body.append(f"<p>{say('limits')}</p>")
    return (
        f'<!doctype html>\n<html lang="{language}"><head><meta charset="utf-8">'
        "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src 'unsafe-inline'\">"
        f"<title>{say('title')}</title><style>{_STYLE}</style></head><body>\n" + "\n".join(body) + "\n</body></html>\n"
    )


def _rows(facts: Mapping[str, Any], moment: Any, say: Any) -> list[tuple[str, str]]:
    told, call = facts["recording"], facts["call"]
    remarks = [say(name) for name in ("cut", "one_sided") if told[name]]
    return [
        ("began", moment(told["started_at"])), ("length", f"{told['seconds']:.1f}"),
        ("caller", escape(" ".join(filter(None, (call["caller"], call["caller_name"], call["caller_reason"]))))),
        ("called", escape(call["called"])), ("direction", escape(call["direction"])), ("sequence", str(facts["sequence"])),
        ("quality", f"{told['lost']} / {told['packets']}"), ("remarks", ", ".join(remarks) or "–"),
        ("sealed", f"<code>{escape(told['sealed_sha256'])}</code>"), ("plain", f"<code>{escape(told['plain_sha256'])}</code>"),
    ]  # fmt: skip
