"""The README of the wing names every input and every effect: it is the contract with the service."""

import typing
from pathlib import Path

from ivr_flows import effects, inputs

README = Path(__file__).resolve().parents[2] / "ivr_flows" / "README.md"


def test_the_contract_names_everything() -> None:
    text = README.read_text("utf-8")
    for kind in (*typing.get_args(effects.Effect), *typing.get_args(inputs.Input)):
        assert f"`{kind.__name__}" in text, kind.__name__
