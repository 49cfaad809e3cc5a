"""Queues: each strategy has Asterisk's word, members their names."""

from __future__ import annotations

import pytest

from appliance.phone_settings import Queue
from provisioning.asterisk import queues
from tests.bed.boxes import section, wiring


@pytest.mark.parametrize(
    ("ours", "theirs"),
    [("all", "ringall"), ("longest_idle", "leastrecent"), ("fewest", "fewestcalls"), ("random", "random"), ("in_turn", "rrmemory"),
     ("order", "linear")],
)  # fmt: skip
def test_a_strategy_has_asterisks_word(ours: str, theirs: str) -> None:
    queue = Queue.model_validate({"name": "help", "members": ["201"], "strategy": ours})
    assert section(queues.render(wiring(queues=[queue])), "help")["strategy"] == theirs


def test_what_callers_hear_while_they_wait() -> None:
    found = section(queues.render(wiring()), "support")
    assert (found["announce-position"], found["announce-frequency"], found["context"]) == ("yes", "10", "keys-support")
    quiet = Queue(name="help", members=["201"], position=False, announcement="custom/wait")
    found = section(queues.render(wiring(queues=[quiet])), "help")
    assert (found["announce-position"], found["periodic-announce"], found["periodic-announce-frequency"]) == (
        "no",
        "custom/wait",
        "45",
    )


def test_a_member_is_shown_by_name_and_its_lamp_is_watched() -> None:
    assert section(queues.render(wiring()), "all")["member"] == "PJSIP/206,0,外回り,PJSIP/206"
