"""The one configuration: it describes itself, refuses what it does not know, and every mistake names file, line, field and mend."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any, get_args

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import Field, ValidationError
from pydantic.fields import FieldInfo

from appliance import bech32
from appliance.config import Config, Line, Options, Site, Source, parse, read_options
from appliance.errors import ConfigError

PROBLEM = re.compile(r"box\.toml:(\d+): ([^ ]+): .+; .+")
KEY = bech32.encode("age", bytes(range(32)))


def read(text: str) -> Config:
    return parse(Source("box.toml", text))


def problems(text: str) -> list[str]:
    with pytest.raises(ConfigError) as raised:
        read(text)
    return str(raised.value).split("\n")


def groups(
    tree: type[Options] = Config, path: tuple[str, ...] = ()
) -> Iterator[tuple[tuple[str, ...], str, FieldInfo, type[Options]]]:
    """(path, name, field, group) of every setting there is."""
    for name, field in tree.model_fields.items():
        yield path, name, field, tree
        for inner in (field.annotation, *get_args(field.annotation)):
            if isinstance(inner, type) and issubclass(inner, Options):
                yield from groups(inner, (*path, name))


EVERY = list(groups())
LEAVES = [(path, name) for path, name, field, _ in EVERY if path]
SETTING = pytest.mark.parametrize(("path", "name"), LEAVES, ids=[".".join((*path, name)) for path, name in LEAVES])


def document(path: tuple[str, ...], setting: str) -> str:
    """A text in which this line stands third, in the table of this path."""
    header = f"[[{path[0]}]]" if path[0] in ("lines", "rules", "recipients") else f"[{path[0]}]"
    return f"# a box\n{header}\n{setting}\n"


# It describes itself


@pytest.mark.parametrize(("path", "name", "field", "group"), EVERY, ids=[".".join((*path, name)) for path, name, _, _ in EVERY])
def test_every_setting_says_what_it_is(path: tuple[str, ...], name: str, field: FieldInfo, group: type[Options]) -> None:
    assert field.title
    assert field.description
    assert field.description[-1] in ".…"
    assert group.__doc__


def test_every_group_of_settings_is_strict_and_frozen() -> None:
    for group in {group for *_, group in EVERY}:
        assert group.model_config.get("extra") == "forbid"
        assert group.model_config.get("strict") is True
        assert group.model_config.get("frozen") is True


def test_nothing_said_is_a_whole_configuration() -> None:
    assert read("") == Config()


def test_what_is_said_is_what_holds() -> None:
    config = read(
        f"""
        site = {{name = "東京店", area_code = "03"}}
        [[lines]]
        number = "03-1234-5678"
        name = "代表"
        [[lines]]
        number = "201"
        record = false
        [capture]
        inside = ["192.168.0.0/24", "2001:db8::/32", "10.1.2.3"]
        [[recipients]]
        name = "customer"
        key = "{KEY}"
        [store]
        kind = "s3"
        options = {{bucket = "b", deep = {{x = [1, 2.5, true]}}}}
        """
    )
    assert (config.site.name, config.site.zone.key) == ("東京店", "Asia/Tokyo")
    assert [(line.number, line.name, line.record) for line in config.lines] == [("03-1234-5678", "代表", True), ("201", "", False)]
    assert config.capture.inside == ["192.168.0.0/24", "2001:db8::/32", "10.1.2.3"]
    assert config.recipients[0].key == KEY
    assert config.store.options == {"bucket": "b", "deep": {"x": [1, 2.5, True]}}


def test_a_configuration_cannot_be_changed_while_it_holds() -> None:
    with pytest.raises(ValidationError):
        read("").web.port = 1  # type: ignore[misc]


# Mistakes


@SETTING
def test_a_value_of_the_wrong_type_is_named_with_its_line_and_mend(path: tuple[str, ...], name: str) -> None:
    found = [line for line in problems(document(path, f"{name} = 2026-01-01T00:00:00")) if ":3: " in line]
    (line,) = found
    match = PROBLEM.fullmatch(line)
    assert match
    field = f"{path[0]}[0].{name}" if path[0] in ("lines", "rules", "recipients") else f"{path[0]}.{name}"
    assert match[2] == field


@SETTING
def test_a_spelling_mistake_is_named_with_its_line(path: tuple[str, ...], name: str) -> None:
    found = problems(document(path, f"{name}x = 1"))
    assert any(
        PROBLEM.fullmatch(line) and ":3: " in line and f".{name}x: is not a setting; correct its spelling" in line for line in found
    )


@pytest.mark.parametrize("name", Config.model_fields)
def test_a_group_that_is_no_table_is_named_with_its_line(name: str) -> None:
    (line,) = problems(f"\n\n{name} = 7\n")
    assert PROBLEM.fullmatch(line)
    assert line.startswith(f"box.toml:3: {name}: 7: ")


@pytest.mark.parametrize(
    ("text", "start"),
    [
        ("[siet]\n", "box.toml:1: siet: is not a setting; "),
        ("[[lines]]\nname = 'a'\n", "box.toml:1: lines[0].number: is missing; add it"),
        ("[[lines]]\nnumber='1'\n\n[[lines]]\nname = 'b'\n", "box.toml:4: lines[1].number: is missing; add it"),
        ("[[lines]]\nnumber=''\n", "box.toml:2: lines[0].number: '': "),
        ("[[lines]]\nnumber=117\n", "box.toml:2: lines[0].number: 117: input should be a valid string; correct the value"),
        ("[web]\nport = 0\n", "box.toml:2: web.port: 0: input should be greater than or equal to 1; correct the value"),
        ("[web]\nport = 65536\n", "box.toml:2: web.port: 65536: "),
        ("[web]\nport = '80'\n", "box.toml:2: web.port: '80': "),
        ("[web]\nport = 80.0\n", "box.toml:2: web.port: 80.0: "),
        ("[web]\nport = true\n", "box.toml:2: web.port: True: "),
        ("[[lines]]\nnumber='1'\nrecord = 1\n", "box.toml:3: lines[0].record: 1: "),
        ("[[lines]]\nnumber='1'\nrecord = 'no'\n", "box.toml:3: lines[0].record: 'no': "),
        ("[site]\ntimezone = 'Mars/Base'\n", "box.toml:2: site.timezone: 'Mars/Base' is no time zone; write one of the IANA"),
        ("[site]\ntimezone = ''\n", "box.toml:2: site.timezone: '' is no time zone; "),
        ("[site]\ntimezone = '../../etc/passwd'\n", "box.toml:2: site.timezone: '../../etc/passwd' is no time zone; "),
        ("[site]\ntimezone = 'Asia'\n", "box.toml:2: site.timezone: 'Asia' is no time zone; "),
        ("[site]\narea_code = '3'\n", "box.toml:2: site.area_code: '3': "),
        ("[site]\narea_code = '０３'\n", "box.toml:2: site.area_code: '０３': "),
        ("[site]\narea_code = '03\\n'\n".replace("'", '"'), "box.toml:2: site.area_code: "),
        ("[site]\ncountry = 'jp'\n", "box.toml:2: site.country: 'jp': "),
        ("[site]\ncontract = '../up'\n", "box.toml:2: site.contract: '../up': "),
        ("[site]\ncontract = ''\n", "box.toml:2: site.contract: '': "),
        ("[site]\nepoch = 0\n", "box.toml:2: site.epoch: 0: "),
        (
            "[capture]\ninside = [\n'10.0.0.0/8',\n'office'\n]\n",
            "box.toml:2: capture.inside[1]: 'office' is no network; write it like",
        ),
        ("[capture]\ninside = ['10.0.0.0/99']\n", "box.toml:2: capture.inside[0]: '10.0.0.0/99' is no network; "),
        (
            "[capture]\nearly_media = 'maybe'\n",
            "box.toml:2: capture.early_media: 'maybe' is not one of 'keep' or 'drop'; choose one",
        ),
        ("[[recipients]]\nname='c'\nkey='age1x'\n", "box.toml:3: recipients[0].key: 'age1x' is no age recipient ("),
        (f"[[recipients]]\nname='c'\nkey='{KEY[:-1]}'\n", "box.toml:3: recipients[0].key: "),
        (f"[[recipients]]\nname='c'\nkey='{bech32.encode('age', bytes(31))}'\n", "box.toml:3: recipients[0].key: "),
        (f"[[recipients]]\nname='The Customer'\nkey='{KEY}'\n", "box.toml:2: recipients[0].name: 'The Customer': "),
        ("store.options = []\n", "box.toml:1: store.options: []: "),
        ("web.certificat = 'x'\n", "box.toml:1: web.certificat: is not a setting; "),
        ('"od.d" = 1\n', "box.toml:1: 'od.d': is not a setting; "),
        ('"two\\nlines" = 1\n', "box.toml:1: 'two\\nlines': is not a setting; "),
    ],
)
def test_each_mistake_is_one_line_with_file_line_field_and_mend(text: str, start: str) -> None:
    (line,) = problems(text)
    assert line.startswith(start)
    assert PROBLEM.fullmatch(line)


def test_every_mistake_is_said_at_once() -> None:
    found = problems("[web]\nport = 0\nhots = 'x'\n\n[site]\nepoch = 0\n[[lines]]\n")
    assert {line.split(": ")[0] for line in found} == {"box.toml:2", "box.toml:3", "box.toml:6", "box.toml:7"}


@pytest.mark.parametrize(
    "text",
    ["[site", "site", "= 1", "[site]\n[site]\n", "a = 1\na = 2\n", 'a = "\n"', "a = 1 b = 2", "a = 01", "\x00", "a = '\x01'",
     "[[a]]\n[a]\n", "a = 2026-13-01", "\ufeffa = 1", "a = '''", "a = \"\\q\""],
)  # fmt: skip
def test_what_is_no_toml_is_said_to_be_so_with_the_place(text: str) -> None:
    (line,) = problems(text)
    assert re.fullmatch(
        r"box\.toml: not TOML: .+ \(at (line \d+, column \d+|end of document)\); see https://toml\.io for the form", line
    )


@pytest.mark.parametrize(
    "text",
    ["a = " + "[" * 50_000 + "]" * 50_000, "a = " + "{a = " * 20_000 + "1" + "}" * 20_000, "a = " + "9" * 10_000],
    ids=["nested lists", "nested tables", "a long number"],
)
def test_hostile_toml_is_refused_in_one_line(text: str) -> None:
    (line,) = problems(text)
    assert line.startswith("box.toml: not TOML")
    assert "; " in line
    assert len(line) < 300


@pytest.mark.parametrize("value", ["0x" + "f" * 20_000, '"' + "x" * 100_000 + '"', "[" + "1," * 50_000 + "]"])
def test_a_huge_wrong_value_is_not_shown_whole(value: str) -> None:
    (line,) = problems(f"[web]\nport = {value}\n")
    assert line.startswith("box.toml:2: web.port: ")
    assert len(line) < 300


def test_a_setting_with_a_very_deep_name_is_not_a_setting() -> None:
    (line,) = problems("a" + ".a" * 3000 + " = 1")
    assert line.startswith("box.toml:1: a: is not a setting")


@given(st.text(max_size=60))
def test_any_text_is_a_configuration_or_that_error(text: str) -> None:
    try:
        read(text)
    except ConfigError as error:
        assert str(error).startswith("box.toml:")


SCRAPS = ["[", "]", "[[", "]]", "=", ".", "\n", " ", '"', "'", "#", "{", "}", ",", "site", "lines", "name", "number", "web", "port",
          "1", "-", "true", "'x'", "inf", "nan", "2026-01-01", "recipients", "store", "options"]  # fmt: skip


@given(st.lists(st.sampled_from(SCRAPS), max_size=25).map("".join))
def test_any_scraps_of_toml_are_a_configuration_or_that_error(text: str) -> None:
    try:
        read(text)
    except ConfigError as error:
        assert all(line.startswith("box.toml:") and "; " in line for line in str(error).split("\n"))


@given(st.text(max_size=30))
def test_any_time_zone_is_one_or_refused(name: str) -> None:
    try:
        assert Site(timezone=name).zone.key == name
    except ValidationError as error:
        assert "is no time zone" in str(error)


# Lines


LINES = Config(
    site=Site(area_code="03"),
    lines=[Line(number="03-1234-5678", name="main"), Line(number="３４５６－７８９０"), Line(number="201", record=False)],
)


@pytest.mark.parametrize(
    ("spellings", "number"),
    [
        (("0312345678",), "03-1234-5678"),
        (("+81312345678",), "03-1234-5678"),
        (("1234-5678", "+81 3 1234 5678"), "03-1234-5678"),
        (("0334567890",), "３４５６－７８９０"),
        (("34567890",), "３４５６－７８９０"),
        (("201",), "201"),
        (("", "nobody", "201"), "201"),
    ],
)
def test_a_line_is_found_by_any_spelling_of_its_number(spellings: tuple[str, ...], number: str) -> None:
    found = LINES.line(*spellings)
    assert found is not None
    assert found.number == number


@pytest.mark.parametrize("spellings", [(), ("",), ("0312345679",), ("20",), ("2011",), ("main",)])
def test_a_number_of_nobodys_is_no_line(spellings: tuple[str, ...]) -> None:
    assert LINES.line(*spellings) is None


def test_the_first_of_two_lines_with_one_number_counts() -> None:
    config = read('[[lines]]\nnumber = "201"\nname = "a"\n[[lines]]\nnumber = "２０１"\nname = "b"\n')
    found = config.line("201")
    assert found is not None
    assert found.name == "a"


# Options of one file of their own


class Tape(Options):
    """A store of tests."""

    reels: int = Field(title="Reels", description="How many.")


def test_the_options_of_a_member_are_checked_where_they_stand() -> None:
    source = Source("box.toml", '[store]\nkind = "tape"\n[store.options]\nreels = "two"\nspeed = 1\n')
    values: dict[str, Any] = {"reels": "two", "speed": 1}
    with pytest.raises(ConfigError) as raised:
        read_options(Tape, values, source, ("store", "options"))
    assert str(raised.value).split("\n") == [
        "box.toml:4: store.options.reels: 'two': input should be a valid integer; correct the value",
        "box.toml:5: store.options.speed: is not a setting; correct its spelling or remove it (`appliance config show` lists all)",
    ]
    assert read_options(Tape, {"reels": 2}, source, ("store", "options")) == Tape(reels=2)


def test_a_problem_without_a_place_names_the_first_line() -> None:
    assert (
        str(Source("(defaults)", "").problem(("store", "kind"), "is empty; name one"))
        == "(defaults):1: store.kind: is empty; name one"
    )
