"""Lint finds what the cases of tests/flows say, and nothing in a flow that has no fault."""

from __future__ import annotations

from dataclasses import replace
from datetime import date

import pytest

from ivr_flows.around_flow import Site
from ivr_flows.checks import keys_named, lint
from ivr_flows.said import Spoken
from tests.ivr_flows.made import KNOWN, WHOLE, codes, findings, text

SITE = Site(
    groups={"front": 2, "sales": 1, "nobody": 0}, queues={"support": 1, "idle": 0}, extensions=frozenset({"201"}),
    boxes=frozenset({"201"}), conferences=frozenset({"900"}), routes=(("0312345678", "flow:made"), ("0312345678", "group:front")),
)  # fmt: skip


def test_the_office_has_no_fault() -> None:
    assert codes(WHOLE.read_bytes()) == []


def test_without_a_configuration_things_of_the_box_are_warnings() -> None:
    _, found = lint(WHOLE.read_bytes(), KNOWN)
    assert {(one.code, one.severity) for one in found} == {
        (f"unknown-{kind}", "warning") for kind in ("group", "queue", "extension", "box", "conference")
    }


def test_with_a_configuration_they_are_known_or_errors() -> None:
    assert (
        codes(
            WHOLE.read_bytes(),
            replace(KNOWN, site=replace(SITE, routes=(), switches=frozenset({"night"})), flows=frozenset({"night"})),
        )
        == []
    )
    nodes = (
        "  a: {type: ring_group, group: gone, no_answer: b, busy: b}\n"
        "  b: {type: ring_group, group: nobody, no_answer: c, busy: c}\n"
        "  c: {type: queue, queue: idle, timeout: d, full: d, empty: d}\n"
        "  d: {type: goto_flow, flow: night}"
    )
    found = findings(text(nodes), replace(KNOWN, site=SITE, flows=frozenset({"main"})))
    assert [one.code for one in found if one.code != "unreachable-node"] == [
        "two-routes", "unknown-group", "empty-group", "empty-queue", "unknown-flow",
    ]  # fmt: skip


def test_a_switch_that_the_box_does_not_have_is_told() -> None:
    node = text(
        "  a: {type: calendar, calendar: c, open: there, closed: end}", head='  c: {open: {mon: "9:00-10:00"}, switch: night}'
    )
    assert codes(node) == []
    assert codes(node, replace(KNOWN, site=replace(SITE, routes=()))) == ["unknown-switch"]
    assert codes(node, replace(KNOWN, site=replace(SITE, routes=(), switches=frozenset({"night"})))) == []


@pytest.mark.parametrize(
    "test",
    ["outcomes: {gone: busy}, expect: {end: hangup}", "answers: {gone: {a: b}}, expect: {end: hangup}", "expect: {end: bye}"],
)
def test_a_test_that_names_what_is_not_there_is_told(test: str) -> None:
    head = f"tests: [{{name: t, at: 2027-01-01 10:00, {test}}}]"
    assert codes(text("  a: {type: play, say: x, next: there}", head)) == ["bad-test"]


def test_holidays_that_end_soon_are_told_ninety_days_before() -> None:
    node = text("  a: {type: calendar, calendar: office, open: there, closed: end}")
    assert codes(node, replace(KNOWN, today=date(2027, 10, 2))) == []
    assert codes(node, replace(KNOWN, today=date(2027, 10, 3))) == ["holidays-end"]


def test_prompts_that_are_missing_are_told_where_that_is_known() -> None:
    node = text("  a: {type: play, prompt: welcome, next: there}")
    assert codes(node) == []
    assert codes(node, replace(KNOWN, prompts={"welcome": 3.0})) == []
    assert codes(node, replace(KNOWN, prompts={"other": 3.0})) == ["missing-prompt"]


def menu(before: str, say: str) -> bytes:
    return text(
        f"  a: {{type: play, {before}, next: m}}\n  m: {{type: menu, say: {say}, keys: {{'1': there}}, "
        "no_input: {tries: 2, then: end}, wrong_key: {tries: 2, then: end}}"
    )


@pytest.mark.parametrize(("key", "found"), [("1", []), ("2", []), ("3", ["prompt-names-unknown-key"])])
def test_a_key_that_begins_an_extension_is_no_dead_key(key: str, found: list[str]) -> None:
    ends = "no_input: {tries: 2, then: end}, wrong_key: {tries: 2, then: end}"
    node = f'  a: {{type: menu, say: "{key}を", keys: {{"1": there}}, direct_dial: 200-299, {ends}}}'
    assert codes(text(node)) == found


def test_more_than_half_a_minute_before_the_first_key_is_told() -> None:
    assert codes(menu("prompt: long", "短い"), replace(KNOWN, prompts={"long": 31.0})) == ["long-prompt"]
    assert codes(menu("prompt: long", "短い"), replace(KNOWN, prompts={"long": 20.0})) == []
    assert codes(menu("prompt: long, barge_in: yes", "短い"), replace(KNOWN, prompts={"long": 31.0})) == []
    assert codes(menu("say: 短い", "短い"), replace(KNOWN, lengths={Spoken("短い", "ja").key: 15.1})) == ["long-prompt"]


@pytest.mark.parametrize(
    ("words", "keys"),
    [
        ("営業は1を、サポートは2を押してください。", ["1", "2"]),
        ("ご注文は３番を、終わりにはシャープを押してください。", ["3", "#"]),
        ("もう一度は米印を", ["*"]),
        ("For sales, press 1. For support press 2.", ["1", "2"]),
        ("Press star or press hash.", ["*", "#"]),
        ("営業時間は9時から18時です。10を超えるものはありません。", []),
        ("03-1234-5678 までどうぞ。", []),
    ],
)
def test_the_keys_that_a_prompt_names_are_read_out_of_it(words: str, keys: list[str]) -> None:
    assert sorted(keys_named(words)) == sorted(keys)
