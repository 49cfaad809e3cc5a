"""Every setting explains itself, and the list of settings beside the code is the one that the program prints."""

from __future__ import annotations

import tomllib

import pytest

from appliance import registry
from appliance.config import Config, Options, parse
from appliance.config import Source as Text
from appliance.popups import integrations
from appliance.settings import to_toml
from tests.house.sources import ROOT

LIST = ROOT / "appliance" / "settings.toml"


def groups() -> list[type[Options]]:
    """Every class of settings, those of the stores too."""
    found: list[type[Options]] = [Config]
    for group in found:
        for field in group.model_fields.values():
            for kind in (field.annotation, *getattr(field.annotation, "__args__", ())):
                if isinstance(kind, type) and issubclass(kind, Options) and kind not in found:
                    found.append(kind)
    found += [entry.load().Options for entry in integrations.kinds().values()]
    return found + [module.Options for kind in ("stores", "channels") for module in registry.members(f"uploader.{kind}").values()]


@pytest.mark.parametrize("group", groups(), ids=lambda group: f"{group.__module__}.{group.__name__}")
def test_every_setting_has_a_title_and_a_description(group: type[Options]) -> None:
    for name, field in group.model_fields.items():
        assert field.title, name
        assert field.description, name
        assert field.description.endswith("."), name


def test_the_list_of_settings_is_up_to_date() -> None:
    assert LIST.read_text("utf-8") == to_toml(Config()) + "\n", "run: appliance config show > appliance/settings.toml"


def test_the_list_of_settings_is_a_configuration() -> None:
    text = LIST.read_text("utf-8")
    assert parse(Text("settings.toml", text)) == Config()
    assert set(tomllib.loads(text)) | {"lines", "rules", "recipients"} == set(Config.model_fields)


@pytest.mark.parametrize("kind", ["stores", "channels"])
def test_every_option_is_in_the_wings_readme(kind: str) -> None:
    readme = (ROOT / "uploader" / "README.md").read_text("utf-8")
    for name, module in registry.members(f"uploader.{kind}").items():
        assert f"`{name}`" in readme
        for option in module.Options.model_fields:
            assert f"`{option}`" in readme, f"{name}: {option}"


def test_every_option_of_an_integration_is_in_its_readme() -> None:
    readme = (ROOT / "appliance" / "popups" / "README.md").read_text("utf-8")
    for name, entry in integrations.kinds().items():
        assert f"`{name}`" in readme
        for option in entry.load().Options.model_fields:
            assert f"`{option}`" in readme, f"{name}: {option}"
