"""`appliance uploader`: what waits is stored or stays queued with one sentence why, a site is restored, keys are made and listed."""

from __future__ import annotations

import json
import shutil
import signal
import socket
import subprocess
import time
from pathlib import Path

import pytest

from appliance.box import Box
from appliance.errors import ConfigError
from appliance.keys import load_identities
from appliance.ledger import Ledger
from tests.bed.hooks import Hooks
from tests.bed.made import MadeCall
from tests.bed.program import COMMAND, appliance
from tests.bed.recorded import all_recordings, recorded
from uploader.commands import check_config

CALLS = tuple(MadeCall(number=number, talk=0.2) for number in range(2))


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A box with two recordings that wait to be stored."""
    return recorded(tmp_path_factory.mktemp("made") / "var", *CALLS).folders.data


@pytest.fixture
def data(made: Path, tmp_path: Path) -> Path:
    """A copy of it."""
    return Path(shutil.copytree(made, tmp_path / "var"))


def configure(data: Path, text: str) -> None:
    data.mkdir(exist_ok=True)
    (data / "appliance.toml").write_text(text, "utf-8")


def queued(data: Path) -> list[str]:
    with Ledger.open(data / "ledger.db") as ledger:
        return [row[0] for row in ledger.connection.execute("SELECT state FROM job WHERE kind = 'upload'")]


def test_once_stores_everything_that_waits_and_ends(data: Path) -> None:
    assert appliance("uploader", "run", "--once", "--data", data).error == "2 stored\n"
    assert all(recording.stored_at for recording in all_recordings(Box.at(data)))
    assert len(list((data / "store").rglob("*.age"))) == 2 * len(CALLS)
    assert appliance("uploader", "run", "--once", "--data", data).error == "0 stored\n"


def test_a_store_that_is_not_reached_keeps_everything_queued_and_says_why(data: Path) -> None:
    configure(data, '[store]\n[store.options]\npath = "/nowhere/nas"\nmust_exist = true\n')
    said = appliance("uploader", "run", "--once", "--data", data, code=4)
    assert "2 recordings are not stored yet and stay queued: /nowhere/nas: the store's folder is not there; mount it" in said.error
    assert queued(data) == ["ready", "ready"]
    configure(data, "")
    assert appliance("uploader", "run", "--once", "--data", data).error == "2 stored\n"


def test_a_server_that_never_answers_is_asked_once_for_each_recording_and_once_for_a_twin(data: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        endpoint = f"http://127.0.0.1:{silent.getsockname()[1]}"
        configure(data, f'[store]\nkind = "s3"\n[store.options]\nbucket = "abc"\nendpoint = "{endpoint}"\nread_seconds = 1\n')
        credentials = data / "keys" / "s3.credentials"
        credentials.touch(mode=0o600)
        credentials.write_text("[default]\naws_access_key_id = a\naws_secret_access_key = b\n")
        said = appliance("uploader", "run", "--once", "--data", data, code=4)
        assert "2 recordings are not stored yet and stay queued: bucket abc: not reached" in said.error
        silent.settimeout(0)
        for _ in range(1 + len(CALLS)):
            silent.accept()[0].close()
        with pytest.raises(BlockingIOError):
            silent.accept()
    assert queued(data) == ["ready", "ready"]


def test_missing_credentials_are_said_before_anything_is_tried(data: Path) -> None:
    configure(data, '[store]\nkind = "s3"\n[store.options]\nbucket = "abc"\n')
    said = appliance("uploader", "run", "--once", "--data", data, code=4)
    assert "s3.credentials: the bucket's credentials are missing" in said.sentence
    assert queued(data) == ["ready", "ready"]


def test_wrong_options_are_a_wrong_configuration(data: Path) -> None:
    configure(data, '[store]\nkind = "s3"\n')
    assert "store.options.bucket" in appliance("uploader", "run", "--once", "--data", data, code=3).sentence
    with pytest.raises(ConfigError, match=r"store\.options\.bucket"):
        check_config(Box.at(data))


def test_what_was_parked_stays_parked_until_a_person_says_otherwise(data: Path) -> None:
    path = data / "recordings" / all_recordings(Box.at(data))[0].facts.file
    body = path.read_bytes()
    path.unlink()
    appliance("uploader", "run", "--once", "--data", data, code=4)
    assert sorted(queued(data)) == ["done", "parked"]
    path.write_bytes(body)
    assert appliance("uploader", "run", "--once", "--data", data).error == "0 stored\n"
    assert appliance("uploader", "run", "--once", "--parked", "--data", data).error == "1 stored\n"
    assert queued(data) == ["done", "done"]


def test_the_service_stores_and_stops_when_it_is_told(data: Path) -> None:
    with subprocess.Popen([*COMMAND, "uploader", "run", "--data", str(data)], stderr=subprocess.PIPE) as service:
        deadline = time.monotonic() + 30
        while not all(recording.stored_at for recording in all_recordings(Box.at(data))) and time.monotonic() < deadline:
            time.sleep(0.05)
        service.send_signal(signal.SIGTERM)
        _, said = service.communicate(timeout=30)
        assert service.returncode == 0, said
    assert queued(data) == ["done", "done"]


def test_a_lost_box_is_restored_with_the_key_that_was_kept_elsewhere(data: Path, tmp_path: Path) -> None:
    appliance("uploader", "run", "--once", "--data", data)
    kept, fresh = tmp_path / "kept.key", tmp_path / "fresh"
    shutil.copy(data / "keys" / "playback.key", kept)
    configure(fresh, f'[store.options]\npath = "{data / "store"}"\n')
    assert "holds no key that could open anything" in appliance("uploader", "restore", "--data", fresh, code=2).sentence
    said = appliance("uploader", "restore", "--identity", kept, "--data", fresh)
    public = (data / "keys" / "box.pub").read_text().strip()
    assert (
        said.out == f"signed by the box with the public key {public}\n2 recordings brought back, 0 were here already, 0 problems\n"
    )
    before, after = (appliance("calls", "--json", "--data", folder).lines for folder in (data, fresh))
    assert [call["call"] for call in after] == [call["call"] for call in before]
    assert [call["recording"]["sha256"] for call in after] == [call["recording"]["sha256"] for call in before]
    told = json.loads(appliance("uploader", "restore", "--json", "--identity", kept, "--data", fresh).out)
    assert told == {"recordings": 0, "present": 2, "erased": 0, "problems": [], "public_keys": [public]}


def test_a_restore_with_problems_brings_the_rest_and_names_them(data: Path, tmp_path: Path) -> None:
    appliance("uploader", "run", "--once", "--data", data)
    damaged = next((data / "store").rglob("*.flac.age"))
    damaged.write_bytes(damaged.read_bytes()[:-1])
    fresh = tmp_path / "fresh"
    configure(fresh, f'[store.options]\npath = "{data / "store"}"\n')
    said = appliance("uploader", "restore", "--identity", data / "keys" / "playback.key", "--data", fresh, code=4)
    assert "1 recordings brought back" in said.out
    assert damaged.name in said.sentence


def test_the_wrong_key_restores_nothing(data: Path, tmp_path: Path) -> None:
    appliance("uploader", "run", "--once", "--data", data)
    appliance("uploader", "keys", "new", "stranger", "-o", tmp_path / "stranger.key", "--data", data)
    fresh = tmp_path / "fresh"
    configure(fresh, f'[store.options]\npath = "{data / "store"}"\n')
    said = appliance("uploader", "restore", "--identity", tmp_path / "stranger.key", "--data", fresh, code=4)
    assert "none could be opened" in said.sentence


def test_a_store_that_is_not_mounted_is_not_restored_as_empty(tmp_path: Path, data: Path) -> None:
    fresh = tmp_path / "fresh"
    configure(fresh, '[store.options]\npath = "/nowhere/nas"\nmust_exist = true\n')
    said = appliance("uploader", "restore", "--identity", data / "keys" / "playback.key", "--data", fresh, code=4)
    assert "mount it" in said.sentence


def test_a_new_key_is_private_and_its_public_half_fits_into_the_configuration(tmp_path: Path) -> None:
    path = tmp_path / "customer.key"
    said = appliance("uploader", "keys", "new", "-o", path, "--data", tmp_path / "var")
    (identity,) = load_identities(path)
    assert path.stat().st_mode & 0o777 == 0o600
    assert str(path) in said.out
    assert identity.secret() not in said.out + said.error
    configure(tmp_path / "var", "".join(line for line in said.out.splitlines(keepends=True) if not line.startswith("#")))
    listed = appliance("uploader", "keys", "list", "--data", tmp_path / "var").out.splitlines()
    assert [line.split() for line in listed][1] == ["customer", str(identity.recipient)]
    assert listed[0].startswith("playback")


def test_a_key_is_never_overwritten(tmp_path: Path) -> None:
    appliance("uploader", "keys", "new", "escrow", "--data", tmp_path)
    before = (tmp_path / "keys" / "escrow.key").read_bytes()
    assert "keys are never overwritten" in appliance("uploader", "keys", "new", "escrow", "--data", tmp_path, code=4).sentence
    assert (tmp_path / "keys" / "escrow.key").read_bytes() == before


@pytest.mark.parametrize("words", [(), ("sing",), ("keys",), ("run", "--twice")])
def test_wrong_use_is_said_so(words: tuple[str, ...]) -> None:
    assert "usage:" in appliance("uploader", *words, code=2).error


def test_a_test_notice_says_what_came_of_every_channel(tmp_path: Path) -> None:
    data = tmp_path / "var"
    assert "nobody is told" in appliance("uploader", "notify", "--data", data, code=4).sentence
    with Hooks() as hooks:
        webhook = '[[notify.channels]]\nname = "{0}"\nkind = "webhook"\noptions = {{ url = "{1}" }}\n'
        configure(data, webhook.format("desk", hooks.url))
        assert appliance("uploader", "notify", "--data", data).out.split() == ["desk", "taken"]
        configure(data, webhook.format("desk", hooks.url) + webhook.format("away", "http://127.0.0.1:9/"))
        said = appliance("uploader", "notify", "--json", "--data", data, code=4)
    assert "not taken: away" in said.error
    assert said.lines[0]["error"] == ""


def test_a_wrong_channel_is_a_wrong_configuration(data: Path) -> None:
    configure(data, '[[notify.channels]]\nname = "desk"\nkind = "pigeon"\n')
    with pytest.raises(ConfigError, match=r"notify\.channels\[0\]\.kind: 'pigeon' is not one of line, mail, slack, webhook"):
        check_config(Box.at(data))
