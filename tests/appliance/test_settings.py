"""What `config show` prints can be used as it is, and `config check` says all that is wrong at once."""

from __future__ import annotations

import json
import math
import tomllib
from collections.abc import Iterator
from datetime import UTC, date, datetime, time
from pathlib import Path
from typing import Any, get_args

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import BaseModel

from appliance import bech32
from appliance.box import Box
from appliance.cli import main
from appliance.config import (
    Capture,
    Config,
    Health,
    Hours,
    Line,
    Options,
    Recipient,
    Retention,
    RetentionRule,
    Rule,
    Sending,
    Site,
    Source,
    Store,
    Web,
    parse,
)
from appliance.errors import ConfigError
from appliance.notify_settings import Channel, Notify
from appliance.popup_settings import Integration, Popup
from appliance.settings import check_wings, to_toml
from tests.appliance.telephones import PHONE

TEXT = st.text(st.characters(exclude_categories=["Cs"]), max_size=20)
SLUG = st.from_regex(r"[A-Za-z0-9_-]{1,40}", fullmatch=True)
SCALAR = st.one_of(
    TEXT, st.booleans(), st.integers(-(2**63), 2**63 - 1), st.floats(allow_nan=False), st.dates(), st.times(),
    st.datetimes(), st.datetimes(timezones=st.just(UTC)),
)  # fmt: skip
VALUE = st.recursive(SCALAR, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXT, inner, max_size=3), max_leaves=6)
CONFIG = st.builds(
    Config,
    site=st.builds(
        Site, name=TEXT, country=st.from_regex(r"[A-Z]{2}", fullmatch=True), area_code=st.sampled_from(["", "03", "04992"]),
        timezone=st.sampled_from(["Asia/Tokyo", "UTC", "America/New_York"]), contract=SLUG, serial=SLUG,
        epoch=st.integers(1, 2**62),
    ),
    lines=st.lists(st.builds(Line, number=TEXT.filter(bool), name=TEXT, record=st.booleans()), max_size=3),
    capture=st.builds(
        Capture, interface=TEXT, ring_megabytes=st.integers(4, 2048), early_media=st.sampled_from(["keep", "drop"]), format=TEXT,
        inside=st.lists(st.sampled_from(["10.0.0.0/8", "2001:db8::/32"]), max_size=2), opus_kilobits=st.integers(8, 128),
        opus_complexity=st.sampled_from(["auto", 0, 5, 10]),
        idle_minutes=st.integers(1, 1440), max_calls=st.integers(10, 100_000),
    ),
    recipients=st.lists(
        st.builds(
            Recipient, name=st.from_regex(r"[a-z0-9_-]{1,30}", fullmatch=True),
            key=st.binary(min_size=32, max_size=32).map(lambda key: bech32.encode("age", key)),
        ),
        max_size=2,
    ),
    store=st.builds(Store, kind=TEXT, options=st.dictionaries(TEXT, VALUE, max_size=4)),
    retention=st.builds(Retention, local_days=st.integers(0, 10_000)),
    web=st.builds(
        Web, host=TEXT, port=st.integers(1, 65535), certificate=TEXT, private_key=TEXT, session_hours=st.integers(1, 720)
    ),
    health=st.builds(
        Health, disk_hours=st.integers(1, 10**6), disk_reserve_megabytes=st.integers(50, 10**6),
        backlog_minutes=st.integers(1, 10**6),
    ),
)  # fmt: skip


def again(config: Config) -> Config:
    return parse(Source("shown", to_toml(config)))


def names(tree: type[BaseModel] = Config) -> Iterator[str]:
    for name, field in tree.model_fields.items():
        inner = [kind for kind in (field.annotation, *get_args(field.annotation)) if isinstance(kind, type)]
        nested = [kind for kind in inner if issubclass(kind, Options)]
        yield from names(nested[0]) if nested else [name]


@given(CONFIG)
def test_what_is_shown_is_the_same_configuration_again(config: Config) -> None:
    assert again(config) == config


def test_the_defaults_are_shown_with_every_setting_and_what_it_means() -> None:
    shown = to_toml(Config())
    assert again(Config()) == Config()
    recipient = Recipient(name="c", key=bech32.encode("age", bytes(32)))
    night = Sending(hours=[Hours(begin="20:00", end="06:00", kilobits=0)])
    rules = Retention(rules=[RetentionRule(label="x")])
    told = Notify(channels=[Channel(name="desk", kind="mail", options={"to": ["a@x.jp"], "port": 25})])
    popup = Popup(integrations=[Integration(name="crm", kind="http", options={"url": "https://crm.example.jp/"})])
    everything = Config(
        lines=[Line(number="1")], rules=[Rule(name="x", action="never")], recipients=[recipient], sending=night, retention=rules,
        phone=PHONE, popup=popup, notify=told,
    )  # fmt: skip
    assert again(everything) == everything
    full = to_toml(everything)
    for name in names():
        assert f"\n{name} = " in full, name
    lines = shown.splitlines()
    settings = [number for number, line in enumerate(lines) if " = " in line and not line.startswith("#")]
    assert all(lines[number - 1].startswith("#") for number in settings)
    assert max(map(len, lines)) <= 120


@pytest.mark.parametrize(
    "value",
    ["", 'a"b', "a\\b", "a\nb", "\t", "\x00\x1f\x7f\x80", "東京", "'''", '"""', "#", "\u2028", "\U0010ffff", math.inf, -math.inf,
     1e300, 1e-300, -0.0, 5, True, [], {}, [[1], ["x", {}]], {"": 1, "a b": 2, "a.b": 3, 'q"': 4, "東": 5}, date(2026, 1, 1),
     time(1, 2, 3, 4), datetime(2026, 1, 1, 0, 0), datetime(2026, 1, 1, 0, 0, tzinfo=UTC)],
)  # fmt: skip
def test_every_value_that_toml_can_hold_is_shown_as_it_is(value: Any) -> None:
    config = Config(store=Store(options={"key": value}))
    assert again(config).store.options == {"key": value}


def test_a_number_that_is_none_is_shown_as_toml_writes_it() -> None:
    (value,) = again(Config(store=Store(options={"key": math.nan}))).store.options.values()
    assert math.isnan(value)


# The commands


def run(tmp_path: Path, capsys: pytest.CaptureFixture[str], action: str, text: str, *options: str) -> tuple[int, str, str]:
    (tmp_path / "box.toml").write_text(text, "utf-8")
    code = main(["config", action, "--data", str(tmp_path), "--config", str(tmp_path / "box.toml"), *options])
    shown = capsys.readouterr()
    return code, shown.out, shown.err


def test_show_prints_the_settings_in_force(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    code, out, err = run(tmp_path, capsys, "show", '[site]\nname = "東京店"\n[store.options]\n"a b" = 2026-01-01\n')
    assert (code, err) == (0, "")
    assert tomllib.loads(out)["site"]["name"] == "東京店"
    assert tomllib.loads(out)["store"]["options"] == {"a b": date(2026, 1, 1)}


def test_show_prints_one_json_object_when_asked(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    code, out, _ = run(
        tmp_path, capsys, "show", '[site]\nname = "東京店"\n[store.options]\nsince = 2026-01-01\nhuge = inf\n', "--json"
    )
    assert code == 0
    assert len(out.splitlines()) == 1
    assert json.loads(out)["site"]["name"] == "東京店"


def test_check_says_that_it_holds(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    code, out, err = run(tmp_path, capsys, "check", "")
    assert (code, out, err) == (0, f"{tmp_path / 'box.toml'}: holds\n", "")


def test_check_says_what_is_wrong(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    code, out, err = run(tmp_path, capsys, "check", "[web]\nport = 0\n")
    assert (code, out) == (3, "")
    assert err.startswith(f"appliance: {tmp_path / 'box.toml'}:2: web.port: 0: ")


def test_every_wing_is_asked_and_all_they_find_is_said_at_once(tmp_path: Path) -> None:
    text = '[capture]\nformat = "wax"\n\n[store]\nkind = "tape"\n'
    (tmp_path / "box.toml").write_text(text)
    with pytest.raises(ConfigError) as raised:
        check_wings(Box.at(tmp_path, tmp_path / "box.toml"))
    found = str(raised.value).split("\n")
    assert [line.split(": ")[0] for line in found] == [f"{tmp_path / 'box.toml'}:2", f"{tmp_path / 'box.toml'}:5"]
    assert ["wax" in found[0], "tape" in found[1]] == [True, True]


def test_the_defaults_satisfy_every_wing(tmp_path: Path) -> None:
    check_wings(Box.at(tmp_path / "var"))
