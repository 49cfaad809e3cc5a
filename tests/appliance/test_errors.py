"""Every error that reaches a person stands for one of the exit codes that the command line promises."""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Iterator

import pytest

import appliance
import capture
import uploader
from appliance.errors import ApplianceError, ConfigError, CouldNotError, UsageError


def below(kind: type[ApplianceError]) -> Iterator[type[ApplianceError]]:
    for child in kind.__subclasses__():
        yield child
        yield from below(child)


@pytest.mark.parametrize(("kind", "code"), [(UsageError, 2), (ConfigError, 3), (CouldNotError, 4)])
def test_the_exit_codes_are_those_that_the_help_promises(kind: type[ApplianceError], code: int) -> None:
    assert kind("what happened").exit_code == code


def test_an_error_says_its_sentence() -> None:
    assert str(CouldNotError("disk /var: is full; remove something")) == "disk /var: is full; remove something"


def test_every_error_of_the_house_has_a_promised_exit_code() -> None:
    for package in (appliance, capture, uploader):
        for module in pkgutil.walk_packages(package.__path__, f"{package.__name__}."):
            if not module.name.endswith("__main__"):
                importlib.import_module(module.name)
    kinds = list(below(ApplianceError))
    assert len(kinds) > 3
    assert {kind.exit_code for kind in kinds} <= {2, 3, 4}
    assert all(kind.__doc__ for kind in kinds)
