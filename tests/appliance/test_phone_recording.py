"""Recording by desk, trunk and route: never comes before always, and both before the site's rules."""

from __future__ import annotations

from appliance.capture_settings import Rule
from appliance.config import Config
from appliance.phone_recording import members, rules
from appliance.phone_settings import Extension, Group, Phone, Queue, Route, Trunk

PHONE = Phone(
    enabled=True,
    extensions=[Extension(number="201", record="always"), Extension(number="202", record="never"), Extension(number="203")],
    trunks=[Trunk(name="ntt", kind="address", host="203.0.113.10", record="always")],
    routes=[Route(name="help", numbers=["03-1234-5678"], target="extension:201", record="never")],
)


def test_what_is_never_recorded_is_asked_first() -> None:
    assert [(rule.name, rule.action) for rule in rules(PHONE)] == [
        ("extension 202", "never"), ("extension 202", "never"), ("route help", "never"),
        ("extension 201", "record"), ("extension 201", "record"), ("trunk ntt", "record"),
    ]  # fmt: skip


def test_groups_and_queues_have_a_say_and_what_is_kept_on_demand_comes_last() -> None:
    groups = [Group(name="front", members=["201", "202"], record="on_demand"), Group(name="sales", members=["203"], record="never")]
    phone = PHONE.model_copy(update={"groups": groups, "queues": [Queue(name="help", members=["204"], record="always")]})
    said = rules(phone)
    assert [(rule.action, rule.group) for rule in said if rule.group] == [
        ("never", ["sales"]), ("record", ["help"]), ("on_demand", ["front"]),
    ]  # fmt: skip
    assert said[-1].action == "on_demand"
    assert [sorted(members(phone, name)) for name in ("front", "help", "nobody")] == [["201", "202"], ["204"], []]


def test_the_sites_own_rules_come_after() -> None:
    config = Config(phone=PHONE, rules=[Rule(name="x", action="never")])
    assert config.recording_rules[-1].name == "x"
    assert len(config.recording_rules) == 7


def test_a_recorder_alone_has_the_sites_rules_only() -> None:
    assert rules(PHONE.model_copy(update={"enabled": False})) == ()
    assert Config().recording_rules == ()
