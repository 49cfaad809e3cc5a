"""Why a call went the way it went, in Japanese and English: what the simulator and the log say of each step. Pure."""

from __future__ import annotations

from ivr_flows.effects import Why
from ivr_flows.findings import shown

REASONS: dict[str, tuple[str, str]] = {
    "hours": ("{0} は営業時間内です", "{0} is within office hours"),
    "outside-hours": ("{0} は営業時間外です", "{0} is outside office hours"),
    "no-hours": ("{0} は営業日ではありません（{1}）", "{0} is no office day ({1})"),
    "holiday": ("{0} は祝日です（{1}）", "{0} is a holiday ({1})"),
    "closed-date": ("{0} は休業日です（{1}）", "{0} is a closed date ({1})"),
    "opened-date": ("{0} は臨時営業日です（{1}）", "{0} is an opened date ({1})"),
    "switch-open": ("昼夜切替「{1}」が営業中です", "the switch {1} says open"),
    "switch-closed": ("昼夜切替「{1}」が休業中です", "the switch {1} says closed"),
    "pressed": ("キー {0} が押されました {1}", "key {0} was pressed {1}"),
    "silent": ("{0} 回、何も押されませんでした", "nothing was pressed, {0} times"),
    "wrong": ("使えないキー {0} が押されました（{1} 回目）", "{0} is not offered (pressed {1} times)"),
    "collected": ("{0} に {1} 桁が入りました", "{1} digits were keyed for {0}"),
    "played": ("案内が終わりました", "the prompt was played"),
    "play-failed": ("案内を再生できませんでした", "the prompt could not be played"),
    "nothing-to-say": ("案内がありません", "there is nothing to say"),
    "skipped": ("キー {0} で案内を飛ばしました", "key {0} skipped the prompt"),
    "compared": ("{0} の「{1}」は {2} に当たります", "{0} is {1}, which fits {2}"),
    "not-compared": ("{0} の「{1}」はどれにも当たりません", "{0} is {1}, which fits nothing"),
    "looked-up": ("{0} が {1} を返しました", "{0} answered {1}"),
    "lookup-failed": ("問い合わせに失敗しました（{0}）", "the look-up failed ({0})"),
    "set": ("{0} を決めました", "{0} was set"),
    "no-extension": ("「{0}」は内線番号ではありません", "{0} is no extension's number"),
    "rang": ("{0} を呼び出しました: {1}", "{0} was rung: {1}"),
    "answered": ("{0} が応答しました", "{0} answered"),
    "message": ("留守番電話 {0} につなぎました", "the voicemail box {0} took the call"),
    "recorded": ("{0} を {1} 秒録音しました", "{0} was recorded, {1} s"),
    "record-failed": ("録音できませんでした（{0}）", "nothing was recorded ({0})"),
    "callback": ("{0} へ折り返します（{1}）", "{0} will be called back by {1}"),
    "no-number": ("折り返せる番号がありません {0}", "there is no number to call back {0}"),
    "room": ("会議室 {0}: {1}", "conference room {0}: {1}"),
    "flow": ("フロー {0} へ移ります", "goes on in the flow {0}"),
    "hung-up": ("通話を終えます", "the flow ends the call"),
    "caller-gone": ("発信者が切りました", "the caller hung up"),
    "limit-time": ("フローの制限時間を超えました", "the flow's time is over"),
    "limit-steps": ("フローの上限 {0} ステップを超えました", "the flow's limit of {0} steps is exceeded"),
    "broken": ("フローに「{0}」がありません", "the flow lacks {0}"),
    "simulation-over": ("シミュレーションの上限です", "the simulation stops here"),
}


def sentence(why: Why, language: str) -> str:
    """The reason in words."""
    words = [shown(word) for word in why.words] + ["", "", ""]
    return REASONS[why.code][0 if language == "ja" else 1].format(*words).strip()
