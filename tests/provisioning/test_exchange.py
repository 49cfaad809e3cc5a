"""The box becomes what its configuration says: whole files, only what differs, and nothing at all where the configuration is wrong."""

from __future__ import annotations

from pathlib import Path

import pytest

from appliance.box import Box
from appliance.errors import ConfigError, CouldNotError
from provisioning import exchange
from tests.bed.switchboard import BOXES


def box_of(tmp_path: Path, case: str = "all", **replaced: str) -> Box:
    text = (BOXES / case / "appliance.toml").read_text("utf-8")
    for old, new in replaced.items():
        text = text.replace(old, new)
    (tmp_path / "appliance.toml").write_text(text, "utf-8")
    return Box.at(tmp_path)


def test_all_is_written_once_and_then_only_what_changed(tmp_path: Path) -> None:
    told: list[str] = []

    def ask(command: str) -> str:
        told.append(command)
        return ""

    target = tmp_path / "etc"
    first = exchange.apply(box_of(tmp_path), target, ask)
    assert "extensions.conf" in first.written
    assert (target / "pjsip.conf").stat().st_mode & 0o777 == 0o640
    told.clear()
    assert exchange.apply(box_of(tmp_path), target, ask).written == []
    assert told == []
    second = exchange.apply(box_of(tmp_path, **{"山田 太郎": "田中"}), target, ask)
    assert list(second.written) == ["pjsip.conf", "voicemail.conf"]
    assert told == ["pjsip reload", "module reload app_voicemail.so"]


def test_passwords_are_made_in_the_keys_folder_and_stay(tmp_path: Path) -> None:
    one = exchange.desired(box_of(tmp_path))["pjsip.conf"]
    secret = (tmp_path / "keys" / "phones" / "phone-201.secret").read_text().strip()
    assert f"password = {secret}\n" in one
    assert exchange.desired(box_of(tmp_path))["pjsip.conf"] == one


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ('number = "202"', 'number = "201"', "201 is an extension already"),
        ('"group:front"', '"group:gone"', "group:gone is not there"),
    ],
)
def test_a_configuration_that_does_not_hold_together_changes_nothing(tmp_path: Path, old: str, new: str, said: str) -> None:
    target = tmp_path / "etc"
    exchange.apply(box_of(tmp_path), target, lambda command: "")
    before = {path.name: path.read_bytes() for path in target.iterdir()}
    with pytest.raises(ConfigError, match=said):
        exchange.apply(box_of(tmp_path, **{old: new}), target, lambda command: "")
    assert {path.name: path.read_bytes() for path in target.iterdir()} == before


def test_an_asterisk_that_does_not_run_is_no_failure_and_is_told(tmp_path: Path) -> None:
    def ask(command: str) -> str:
        raise CouldNotError("Asterisk does not run; start it, and it reads the new files")

    done = exchange.apply(box_of(tmp_path), tmp_path / "etc", ask)
    assert done.written
    assert done.told == []
    assert "start it" in done.silent


def test_a_recorder_alone_touches_no_file_of_asterisks(tmp_path: Path) -> None:
    assert exchange.apply(box_of(tmp_path, "recorder"), tmp_path / "etc", lambda command: "").written == []
    assert not (tmp_path / "etc").exists()


def test_a_trunk_whose_password_is_missing_says_where_to_write_it(tmp_path: Path) -> None:
    with pytest.raises(CouldNotError, match=r"trunk-spare\.secret: cannot be read .*; write the secret into it"):
        exchange.desired(box_of(tmp_path, "lines", **{"flow:main": "group:front"}))


def test_where_telephones_speak_tls_asterisk_has_a_certificate(tmp_path: Path) -> None:
    box = box_of(tmp_path, **{"qualify_seconds = 0": "qualify_seconds = 0\ntls = true"})
    exchange.apply(box, tmp_path / "etc", lambda command: "")
    assert (tmp_path / "etc/keys/web-tls.pem").stat().st_mode & 0o777 == 0o600
    assert "cert_file = /etc/asterisk/keys/web.crt" in (tmp_path / "etc/pjsip.conf").read_text()


def test_a_socket_at_which_nobody_answers_is_said(tmp_path: Path) -> None:
    with pytest.raises(CouldNotError, match="Asterisk does not run; start it"):
        exchange.console_at(tmp_path / "gone.ctl")("core show version")
