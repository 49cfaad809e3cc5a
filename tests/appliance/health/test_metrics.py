"""The figures are those of the ledger, in the form Prometheus reads, without a number or a name."""

from __future__ import annotations

import re

from appliance import hardware
from appliance.health import metrics
from appliance.health.checks import Context
from tests.appliance.furnished import Furnished
from tests.appliance.troubled import ill, trouble

LINE = re.compile(r'(?:# (?:HELP|TYPE) \w+ .+|\w+(?:\{\w+="(?:[^"\\\n]|\\.)*"(?:,\w+="(?:[^"\\\n]|\\.)*")*\})? -?[\d.e+-]+)')


def text(at: Furnished) -> str:
    with at.ledger() as ledger:
        return metrics.text(Context(at.box, ledger, at.now))


def test_every_line_has_the_form_and_every_name_its_help_and_type_once(own: Furnished) -> None:
    trouble(own)
    lines = text(own).splitlines()
    assert all(LINE.fullmatch(line) for line in lines)
    names = re.findall(r"^# TYPE (\w+) gauge$", "\n".join(lines), re.MULTILINE)
    assert len(names) == len(set(names)) > 15
    assert {line.partition("{")[0].partition(" ")[0] for line in lines if line[0] != "#"} <= set(names)


def test_the_figures_are_those_of_the_box(own: Furnished) -> None:
    hardware.write(own.box.folders, ill(own.now))
    shown = text(own)
    for line in (
        "appliance_calls 6", "appliance_calls_recorded 4", "appliance_recordings_stored 0",
        'appliance_jobs{kind="upload",state="ready"} 4', 'appliance_temperature_celsius{sensor="cpu"} 99',
    ):  # fmt: skip
        assert f"\n{line}\n" in shown


def test_nothing_personal_is_shown(own: Furnished) -> None:
    shown = text(own)
    with own.ledger() as ledger:
        rows = ledger.connection.execute("SELECT caller, called, caller_name FROM call").fetchall()
    for value in {value for row in rows for value in row if value and len(value) > 2}:
        assert value not in shown
