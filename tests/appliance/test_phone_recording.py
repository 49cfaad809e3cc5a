"""Recording by desk, trunk and route: never comes before always, and both before the site's rules."""

from __future__ import annotations

from appliance.capture_settings import Rule
from appliance.config import Config
from appliance.phone_recording import rules
from appliance.phone_settings import Extension, Phone, Route, Trunk

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


def test_the_sites_own_rules_come_after() -> None:
    config = Config(phone=PHONE, rules=[Rule(name="x", action="never")])
    assert config.recording_rules[-1].name == "x"
    assert len(config.recording_rules) == 7


def test_a_recorder_alone_has_the_sites_rules_only() -> None:
    assert rules(PHONE.model_copy(update={"enabled": False})) == ()
    assert Config().recording_rules == ()
