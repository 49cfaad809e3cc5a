"""Every fault that a flow can have, in Japanese and English, with its severity and its mend. Pure.

One entry a code; `{words}` are filled in by the finding. The tests prove that both languages are there and fill in the same words.
"""

from __future__ import annotations

from typing import NamedTuple

LANGUAGES = ("ja", "en")


class Sentence(NamedTuple):
    """How a fault is told."""

    severity: str
    message: dict[str, str]
    mend: dict[str, str]


def _error(ja: str, en: str, mend_ja: str, mend_en: str) -> Sentence:
    return Sentence("error", {"ja": ja, "en": en}, {"ja": mend_ja, "en": mend_en})


def _warning(ja: str, en: str, mend_ja: str, mend_en: str) -> Sentence:
    return Sentence("warning", {"ja": ja, "en": en}, {"ja": mend_ja, "en": mend_en})


FINDINGS: dict[str, Sentence] = {
    # The text
    "not-utf8": _error(
        "UTF-8 の文字ではありません。", "This is not UTF-8.", "UTF-8 で保存し直してください。", "Save the file as UTF-8.",
    ),
    "not-yaml": _error(
        "YAML として読めません（{what}）。", "This cannot be read as YAML ({what}).",
        "この行と前の行の字下げ、引用符、かっこを直してください。", "Correct indents, quotes and brackets on this line and the one before.",
    ),
    "not-a-mapping": _error(
        "フローになっていません。", "This is no flow.",
        "「flow: 名前」から始めてください。", "Begin with `flow: NAME`.",
    ),
    "too-large": _error(
        "ファイルが大きすぎます（上限 {most} KB）。", "The file is too large (at most {most} KB).",
        "フローを分け、goto_flow でつないでください。", "Divide the flow and join the parts by goto_flow.",
    ),
    "too-many": _error(
        "項目が多すぎます（上限 {most}）。", "There are too many values (at most {most}).",
        "フローを分け、goto_flow でつないでください。", "Divide the flow and join the parts by goto_flow.",
    ),
    "too-deep": _error(
        "入れ子が深すぎます（上限 {most} 段）。", "This is nested too deeply (at most {most} levels).",
        "かっこや字下げの段数を減らしてください。", "Take away brackets or indents.",
    ),
    "two-documents": _error(
        "一つのファイルに文書が二つあります。", "There is a second document in the file.",
        "「---」以降を別のファイルにしてください。", "Put what follows `---` into a file of its own.",
    ),
    "alias": _error(
        "アンカーや別名（&{name}、*{name}）は使えません。", "Anchors and aliases (&{name}, *{name}) are not part of the language.",
        "内容をその場に書いてください。キーの * は引用符で囲みます。", "Write the contents out; quote the key \"*\".",
    ),
    "tag": _error(
        "タグ {tag} は使えません。", "The tag {tag} is not part of the language.",
        "タグを消してください。値はすべて文字として読まれます。", "Remove the tag; every value is read as text.",
    ),
    "key-is-no-text": _error(
        "項目名が文字ではありません。", "The name of this setting is no text.",
        "項目名を一語で書いてください。", "Write one word as its name.",
    ),
    "duplicate-key": _error(
        "「{key}」が二回書かれています（最初は {line} 行目）。", "{key} is written twice (first on line {line}).",
        "片方を消してください。", "Remove one of them.",
    ),
    # The form of values
    "unknown-setting": _error(
        "「{name}」という項目は {where} にありません。", "{where} has no setting {name}.",
        "綴りを直すか、消してください。使える項目: {known}。", "Correct its spelling or remove it; there are: {known}.",
    ),
    "missing-setting": _error(
        "{where} に「{name}」がありません。", "{where} lacks the setting {name}.",
        "「{name}:」を書き足してください。", "Add `{name}:`.",
    ),
    "wrong-form": _error(
        "「{name}」の形が違います。", "{name} has the wrong form.",
        "{wanted} の形で書いてください。", "Write it as {wanted}.",
    ),
    "duration-without-unit": _error(
        "「{name}」の {given} に単位がありません。", "{name}: {given} has no unit.",
        "「25s」「2m」のように単位を付けてください（ms、s、m）。", "Write a unit, such as 25s or 2m (ms, s, m).",
    ),
    "out-of-range": _error(
        "「{name}」の {given} は範囲外です（{low} から {high}）。", "{name}: {given} is out of range ({low} to {high}).",
        "範囲内の値にしてください。", "Write a value in that range.",
    ),
    "not-one-of": _error(
        "「{name}」に {given} は書けません。", "{name} cannot be {given}.",
        "次のいずれかにしてください: {known}。", "Choose one of: {known}.",
    ),
    "bad-name": _error(
        "「{given}」は名前に使えません。", "{given} cannot be a name.",
        "文字、数字、-、_ だけを 40 字以内で使ってください（フロー名は英小文字）。",
        "Use letters, digits, - and _, at most 40 (lower-case ASCII for a flow's name).",
    ),
    "bad-key": _error(
        "「{given}」は電話機のキーではありません。", "{given} is no key of a telephone.",
        "0〜9、*、# のうち一つを引用符で囲んで書いてください。", "Write one of 0-9, * and #, in quotes.",
    ),
    "unquoted-key": _warning(
        "キー {given} が引用符で囲まれていません。", "The key {given} is not quoted.",
        "「\"{given}\":」と書いてください。", "Write \"{given}\":.",
    ),
    "bad-placeholder": _error(
        "「{given}」の {{ }} が正しくありません。", "The braces in {given} are not right.",
        "{{ }} の中には値の名前だけを書いてください。", "Write only the name of a value between {{ and }}.",
    ),
    "unknown-value": _error(
        "「{name}」という値はどこでも決められていません。", "Nothing in this flow gives the value {name}.",
        "collect、http、set で決めるか、綴りを直してください。", "Let collect, http or set give it, or correct its spelling.",
    ),
    "bad-host": _error(
        "hosts の「{given}」はホスト名ではありません。", "{given} in hosts is no host's name.",
        "{wanted} のように、名前だけを書いてください。", "Write the name only, like {wanted}.",
    ),
    "bad-calendar": _error(
        "カレンダー「{calendar}」の {given} が読めません。", "Calendar {calendar}: {given} cannot be read.",
        "{wanted} の形で書いてください。", "Write it as {wanted}.",
    ),
    "bad-test": _error(
        "テストの {given} が読めません。", "The test's {given} cannot be read.",
        "{wanted} の形で書いてください。", "Write it as {wanted}.",
    ),
    # The way through the flow
    "no-nodes": _error(
        "ノードが一つもありません。", "There is no node.",
        "「nodes:」の下にノードを書いてください。", "Write a node below `nodes:`.",
    ),
    "missing-fallback": _error(
        "fallback がありません。制御プログラムの停止中、どこも鳴りません。",
        "There is no fallback: nothing would ring while the controller is down.",
        "「fallback: group:名前」のように、鳴らす先を書いてください。", "Name what shall ring, such as `fallback: group:NAME`.",
    ),
    "bad-fallback": _error(
        "fallback の「{given}」は鳴らす先ではありません。", "The fallback {given} is nothing that rings.",
        "group:、extension:、queue:、voicemail: のいずれかと名前を書いてください。",
        "Write group:, extension:, queue: or voicemail: with a name.",
    ),
    "unknown-start": _error(
        "開始ノード「{name}」がありません。", "The start node {name} does not exist.",
        "あるノードの名前を書いてください: {known}。", "Name a node that there is: {known}.",
    ),
    "unknown-target": _error(
        "「{node}」の {outcome} が、存在しないノード「{name}」を指しています。",
        "{node}: {outcome} leads to {name}, which does not exist.",
        "ノード「{name}」を作るか、次のいずれかにしてください: {known}。", "Make the node {name}, or name one of: {known}.",
    ),
    "unknown-type": _error(
        "ノード「{node}」の種類 {name} はありません。", "{node}: there is no type {name}.",
        "次のいずれかにしてください: {known}。", "Choose one of: {known}.",
    ),
    "unknown-calendar": _error(
        "カレンダー「{name}」がありません。", "The calendar {name} does not exist.",
        "「calendars:」に書くか、次のいずれかにしてください: {known}。", "Write it below `calendars:`, or name one of: {known}.",
    ),
    "outcome-without-next": _error(
        "「{node}」の {outcome} に次の行き先がありません。", "{node}: the outcome {outcome} has no next step.",
        "「{outcome}: ノード名」を書き足してください。", "Add `{outcome}: NODE`.",
    ),
    "node-without-prompt": _error(
        "「{node}」には音声がありません。", "{node} has no prompt.",
        "「say: \"…\"」か「prompt: 名前」を書き足してください。", "Add `say: \"…\"` or `prompt: NAME`.",
    ),
    "missing-prompt": _error(
        "音声「{name}」がありません。", "The prompt {name} does not exist.",
        "音声をアップロードするか（prompts フォルダー）、say に変えてください。", "Put it into the prompts folder, or use say instead.",
    ),
    "prompt-names-unknown-key": _error(
        "「{node}」の案内にある {key} のキーがメニューにありません。",
        "{node}: the prompt names the key {key}, which the menu does not have.",
        "「keys:」に \"{key}\" を加えるか、案内文を直してください。", "Add \"{key}\" below `keys:`, or correct the words.",
    ),
    "key-shadows-dial": _error(
        "「{node}」のキー {key} は直通番号 {range} の一桁目と同じです。",
        "{node}: the key {key} is the first digit of the direct-dial range {range}.",
        "別のキーにするか、直通番号の範囲を変えてください。", "Choose another key or another range.",
    ),
    "endless-return": _error(
        "何も押さない発信者が「{nodes}」を回り続けます。", "A caller who presses nothing goes round {nodes} for ever.",
        "no_input の行き先を、鳴らす先か終了にしてください。", "Let no_input lead to somebody who answers, or to an end.",
    ),
    "busy-loop": _error(
        "「{nodes}」は、誰も押さず待ちもしない繰り返しです。", "{nodes} is a loop in which nobody presses or waits.",
        "行き先の一つを、ループの外に変えてください。", "Let one of them lead out of the loop.",
    ),
    "http-without-timeout": _error(
        "「{node}」の問い合わせに timeout がありません。", "{node}: the look-up has no time-out.",
        "「timeout: 3s」を書き足してください。", "Add `timeout: 3s`.",
    ),
    "http-without-error": _error(
        "「{node}」の問い合わせに、失敗したときの行き先がありません。", "{node}: the look-up has no error branch.",
        "「error: ノード名」を書き足してください。", "Add `error: NODE`.",
    ),
    "http-host-not-listed": _error(
        "「{node}」の問い合わせ先 {host} が hosts にありません。", "{node}: the host {host} is not listed.",
        "フローの「hosts:」に {host} を加えてください。", "Add {host} to the flow's `hosts:`.",
    ),
    "unreachable-node": _warning(
        "ノード「{node}」にはどこからも行けません。", "Nothing leads to the node {node}.",
        "どこかの行き先にするか、消してください。", "Let something lead to it, or remove it.",
    ),
    "no-way-out": _error(
        "「{node}」から先には終わりがありません。", "Nothing behind {node} ever ends.",
        "鳴らす先、留守番電話、hangup のいずれかへ続けてください。", "Lead on to somebody who answers, a voicemail or a hangup.",
    ),
    "holidays-end": _warning(
        "カレンダー「{calendar}」の祝日は {until} までしか分かりません。",
        "Calendar {calendar}: its holidays are known until {until} only.",
        "内閣府の syukujitsu.csv を取り込んでください（appliance ivr holidays）。",
        "Take in the Cabinet Office's syukujitsu.csv (appliance ivr holidays).",
    ),
    "emergency-number": _error(
        "「{node}」が緊急番号 {number} をふさいでいます。", "{node} takes the emergency number {number} for something else.",
        "範囲や番号から {number} を外してください。", "Leave {number} out of it.",
    ),
    "bad-dial-range": _error(
        "直通番号の範囲「{given}」が読めません。", "The direct-dial range {given} cannot be read.",
        "「200-299」のように、同じ桁数（2〜8 桁）で書いてください。",
        "Write it like 200-299, both with the same number of digits (2 to 8).",
    ),
    "overlapping-ranges": _error(
        "直通番号の範囲 {one} と {other} が重なっています。",
        "The direct-dial ranges {one} and {other} overlap or begin alike with different lengths.",
        "重ならないようにしてください。", "Let them not overlap.",
    ),
    "unknown-group": _error(
        "呼び出しグループ「{name}」が見つかりません。", "The ring group {name} is not known.",
        "機器の設定に加えるか、綴りを直してください。", "Add it to the box's configuration, or correct its spelling.",
    ),
    "unknown-extension": _error(
        "内線「{name}」が見つかりません。", "The extension {name} is not known.",
        "機器の設定に加えるか、番号を直してください。", "Add it to the box's configuration, or correct the number.",
    ),
    "unknown-queue": _error(
        "待ち行列「{name}」が見つかりません。", "The queue {name} is not known.",
        "機器の設定に加えるか、綴りを直してください。", "Add it to the box's configuration, or correct its spelling.",
    ),
    "unknown-box": _error(
        "留守番電話「{name}」が見つかりません。", "The voicemail box {name} is not known.",
        "機器の設定に加えるか、綴りを直してください。", "Add it to the box's configuration, or correct its spelling.",
    ),
    "unknown-conference": _error(
        "会議室「{name}」が見つかりません。", "The conference room {name} is not known.",
        "機器の設定に加えるか、綴りを直してください。", "Add it to the box's configuration, or correct its spelling.",
    ),
    "unknown-flow": _error(
        "フロー「{name}」が公開されていません。", "The flow {name} is not published.",
        "先に公開するか、綴りを直してください。", "Publish it first, or correct its spelling.",
    ),
    "unknown-switch": _error(
        "昼夜切替「{name}」が見つかりません。", "The day/night switch {name} is not known.",
        "機器の設定に加えるか、綴りを直してください。", "Add it to the box's configuration, or correct its spelling.",
    ),
    "empty-group": _error(
        "呼び出しグループ「{name}」に誰もいません。", "Nobody is in the ring group {name}.",
        "機器の設定で内線を加えてください。", "Add extensions to it in the box's configuration.",
    ),
    "empty-queue": _error(
        "待ち行列「{name}」に担当者がいません。", "Nobody serves the queue {name}.",
        "機器の設定で担当者を加えてください。", "Add members to it in the box's configuration.",
    ),
    "two-routes": _error(
        "番号 {number} の着信先が二つあります（{one}、{other}）。", "The number {number} has two routes ({one}, {other}).",
        "機器の設定でどちらかを消してください。", "Remove one of them from the box's configuration.",
    ),
    "long-prompt": _warning(
        "「{node}」で最初のキーを押せるまでに案内が約 {seconds} 秒続きます。",
        "About {seconds} s of prompts pass before the first key of {node}.",
        "案内を 30 秒以内に短くするか、先にメニューを出してください。", "Shorten them to 30 s, or offer the keys earlier.",
    ),
}  # fmt: skip
