"""Effects and inputs are values: frozen, compared by what they say."""

import dataclasses
import typing

import pytest

from ivr_flows import effects, inputs


@pytest.mark.parametrize("kind", [*typing.get_args(effects.Effect), *typing.get_args(inputs.Input)])
def test_each_is_frozen_and_has_slots(kind: type) -> None:
    assert dataclasses.is_dataclass(kind)
    assert kind.__dataclass_params__.frozen  # type: ignore[attr-defined]
    assert "__slots__" in vars(kind)


def test_every_class_of_the_vocabulary_is_in_its_union() -> None:
    for module, union, others in ((effects, effects.Effect, {"Why"}), (inputs, inputs.Input, set())):
        named = {name for name, value in vars(module).items() if isinstance(value, type) and value.__module__ == module.__name__}
        assert named - others == {kind.__name__ for kind in typing.get_args(union)}
