"""Where things lie: everything below the folder that was named, keys in systemd's credentials where there are any."""

from __future__ import annotations

from pathlib import Path

import pytest

from appliance.folders import Folders


@pytest.fixture(autouse=True)
def no_credentials(monkeypatch: pytest.MonkeyPatch) -> None:
    """As on a desk, not as a service."""
    monkeypatch.delenv("CREDENTIALS_DIRECTORY", raising=False)


def everything(folders: Folders) -> list[Path]:
    return [folders.ledger, folders.spool, folders.recordings, folders.quarantine, folders.store, folders.run, folders.keys]


def test_everything_lies_below_the_one_folder_and_apart() -> None:
    places = everything(Folders.below(Path("/somewhere/deep")))
    assert all(Path("/somewhere/deep") in place.parents for place in places)
    assert len(set(places)) == len(places)


def test_naming_folders_makes_none(tmp_path: Path) -> None:
    everything(Folders.below(tmp_path))
    assert list(tmp_path.iterdir()) == []


def test_an_installed_box_keeps_its_data_and_its_bells_where_systemd_puts_them() -> None:
    folders = Folders.system()
    assert (folders.data, folders.run) == (Path("/var/lib/appliance"), Path("/run/appliance"))
    assert folders.ledger == Path("/var/lib/appliance/ledger.db")
    assert folders.keys == Path("/var/lib/appliance/keys")


@pytest.mark.parametrize("named", [Folders.below(Path("var")), Folders.system()])
def test_a_service_finds_its_keys_among_its_credentials(named: Folders, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CREDENTIALS_DIRECTORY", "/run/credentials/appliance-web.service")
    assert Folders.below(named.data).keys == Path("/run/credentials/appliance-web.service")
    assert Folders.system().keys == Path("/run/credentials/appliance-web.service")
    assert Folders.below(named.data).recordings == named.data / "recordings"


def test_an_empty_credentials_variable_is_none(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CREDENTIALS_DIRECTORY", "")
    assert Folders.below(Path("var")).keys == Path("var/keys")
