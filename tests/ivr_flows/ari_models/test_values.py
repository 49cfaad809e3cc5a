"""Values are read leniently where Asterisk says more, and strictly where it says less; a request is what its parts say."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ivr_flows.ari_models.channels import Channel
from ivr_flows.ari_models.events_other import StasisStart
from ivr_flows.ari_models.models_endpoints import TextMessage
from ivr_flows.ari_models.playbacks import Playback
from ivr_flows.ari_models.values import ModelError, Request, quoted

PARTY = {"name": "", "number": "1"}
CHANNEL = {
    "id": "1.2", "protocol_id": "", "name": "x", "state": "Up", "caller": PARTY, "connected": PARTY, "accountcode": "", "language": "ja",
    "dialplan": {"context": "c", "exten": "s", "priority": 1, "app_name": "Stasis", "app_data": "a"}, "creationtime": "now",
}  # fmt: skip


class Carrier:
    """Keeps what it is asked, and answers with one thing."""

    def __init__(self, answer: Any = None) -> None:
        self.asked: list[Request] = []
        self._answer = answer

    async def ask(self, request: Request) -> Any:
        self.asked.append(request)
        return self._answer


def run(work: Any) -> Any:
    """What a coroutine gives that waits for nobody."""
    try:
        work.send(None)
    except StopIteration as done:
        return done.value
    raise AssertionError("it waits")


def test_a_value_within_a_value_is_read_too() -> None:
    sent = {"type": "StasisStart", "application": "a", "timestamp": "t", "args": ["x", "y"], "channel": CHANNEL, "later": 1}
    event = StasisStart.read(sent)
    assert event.args == ("x", "y")
    assert event.channel.dialplan.app_name == "Stasis"
    assert event.replace_channel is None


@pytest.mark.parametrize("sent", [None, 3, "text", [], {}, {"type": "StasisStart"}])
def test_what_lacks_a_promised_field_is_no_value(sent: Any) -> None:
    with pytest.raises(ModelError):
        StasisStart.read(sent)


def test_a_field_named_with_a_word_of_pythons_is_read() -> None:
    assert TextMessage.read({"from": "a", "to": "b", "body": "c", "variables": None}).from_ == "a"


def test_an_object_has_the_id_that_its_facts_name() -> None:
    channel = Channel.of(Carrier(), CHANNEL)
    assert (channel.id, repr(channel)) == ("1.2", "Channel('1.2')")
    assert channel.facts is not None


def test_an_operation_is_a_request_with_its_query_and_body() -> None:
    carrier = Carrier({"id": "p", "media_uri": "m", "target_uri": "t", "state": "queued"})
    channel = Channel(carrier, "a/b")
    playing = run(channel.play_with_id("p", media=["sound:a", "sound:b"], offsetms=5))
    assert isinstance(playing, Playback)
    run(channel.set_channel_vars(variables={"A": "1"}))
    first, second = carrier.asked
    assert (first.method, first.path) == ("POST", "channels/a%2Fb/play/p")
    assert first.parameters() == {"media": "sound:a,sound:b", "offsetms": "5"}
    assert second.body == {"variables": {"A": "1"}}


def test_truth_is_spelled_as_asterisk_reads_it() -> None:
    assert Request(method="GET", path="", query={"a": True, "b": False, "c": None}).parameters() == {"a": "true", "b": "false"}


@given(st.text())
def test_a_part_of_a_path_holds_no_separator(text: str) -> None:
    assert not set("/?#&") & set(quoted(text))
