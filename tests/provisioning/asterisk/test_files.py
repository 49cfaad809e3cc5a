"""The golden boxes: for each, the very files that its configuration means, and the real Asterisk loads them without a word of complaint."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from appliance.config import Config, Source, parse
from appliance.phone_checks import problems
from appliance.phone_settings import Contact, Extension, Group, Phone, Queue, Route, Trunk, Voicebox
from provisioning.asterisk.files import render
from tests.bed.asterisk import Asterisk, UnavailableError
from tests.bed.lan import Lan, possible
from tests.bed.switchboard import BOXES, Flow, secrets_of

CASES = sorted(path.name for path in BOXES.iterdir())
QUIET = re.compile(r" (WARNING|ERROR)\[")


def config_of(case: str) -> Config:
    source = Source(f"{case}/appliance.toml", (BOXES / case / "appliance.toml").read_text("utf-8"))
    config = parse(source)
    assert [str(source.problem(*problem)) for problem in problems(config, {"main"})] == []
    return config


def files_of(case: str) -> dict[str, str]:
    config = config_of(case)
    return render(config, {"main": Flow()}, secrets_of(config))


@pytest.mark.parametrize("case", CASES)
def test_a_box_means_the_very_same_files_again(case: str) -> None:
    folder, files = BOXES / case / "asterisk", files_of(case)
    if os.environ.get("WRITE_GOLDEN"):
        folder.mkdir(exist_ok=True)
        for name, text in files.items():
            (folder / name).write_text(text, "utf-8")
    golden = {path.name: path.read_text("utf-8") for path in folder.iterdir()} if folder.exists() else {}
    assert files == golden, (
        "look at the difference; if it is meant: WRITE_GOLDEN=1 pytest tests/provisioning/asterisk/test_files.py"
    )


@pytest.mark.parametrize("case", ["recorder", "popup"])
def test_a_box_without_telephones_has_no_file_of_asterisks(case: str) -> None:
    assert files_of(case) == {}


@pytest.fixture(scope="module")
def lan() -> Iterator[Lan]:
    if why := possible():
        pytest.skip(why)
    with Lan() as lan:
        lan.add("pbx")
        yield lan


@pytest.mark.parametrize("case", [case for case in CASES if case not in ("recorder", "popup")])
def test_asterisk_loads_the_files_without_a_warning(case: str, lan: Lan, tmp_path: Path) -> None:
    files = files_of(case)
    if case == "lines":  # its address is another box's
        files["pjsip.conf"] = files["pjsip.conf"].replace("192.168.20.2", lan.addresses["pbx"])
    try:
        with Asterisk(lan, "pbx", tmp_path / "asterisk", rendered=files, music=np.zeros(16000, np.int16)) as asterisk:
            said = [line for line in asterisk.log().splitlines() if QUIET.search(line)]
            missing = asterisk.cli("dialplan show emergency-call")
    except UnavailableError as error:
        pytest.skip(str(error))
    assert said == []
    assert "Dial(PJSIP/${EXTEN}@trunk-" in missing


HOSTILE = st.text(min_size=1, max_size=40).filter(lambda text: "\n" not in text)


@given(HOSTILE, HOSTILE, HOSTILE)
@settings(max_examples=60)
def test_no_name_of_a_persons_becomes_more_than_a_name(desk: str, box: str, contact: str) -> None:
    def phone(desk: str, box: str, contact: str) -> Phone:
        return Phone.model_construct(
            **{
                **dict(Phone(enabled=True)),
                "extensions": [Extension(number="201").model_copy(update={"name": desk})],
                "groups": [Group(name="front", members=["201"]).model_copy(update={"prefix": box})],
                "queues": [Queue(name="help", members=["201"], callback=True).model_copy(update={"title": contact})],
                "boxes": [Voicebox(number="201").model_copy(update={"name": box})],
                "contacts": [Contact(name="x", number="0312345678").model_copy(update={"name": contact})],
                "trunks": [Trunk(name="ntt", kind="address", host="10.0.0.1")],
                "routes": [Route(name="main", target="group:front").model_copy(update={"prefix": desk})],
            }
        )

    def shape(text: str) -> list[str]:
        """Every line up to its value: what Asterisk is told, without to whom it belongs."""
        return [re.split(r"[=(]", line.replace("same => ", "same "))[0] for line in text.splitlines()]

    def rendered(desk: str, box: str, contact: str) -> dict[str, str]:
        config = Config(phone=phone(desk, box, contact))
        return render(config, {}, secrets_of(config))

    plain, evil = rendered("a", "b", "c"), rendered(desk, box, contact)
    assert set(evil) == set(plain)
    for name, text in evil.items():
        assert len(text.splitlines()) >= len(plain[name].splitlines()) - 2, name
        assert not [line for line in text.splitlines() if re.search(r"\$\{(?!EXTEN)[a-z]", line) and "SYSTEM(" in line]
        assert set(shape(text)) <= set(shape(plain[name])) | {""}, name


@pytest.mark.parametrize(
    "name", ["x\nexten => 1,1,System(id)", "x\r[evil]", "a;b", "${SHELL(id)}", '" <sip:1>', "a]b[c", "a,b|c", "\u2028x"]
)
def test_what_would_be_a_line_a_section_or_code_is_harmless(name: str) -> None:
    config = Config(
        phone=Phone(enabled=True, trunks=[Trunk(name="ntt", kind="address", host="10.0.0.1")]).model_copy(
            update={"extensions": [Extension(number="201").model_copy(update={"name": name})]}
        )
    )
    for text in render(config, {}, secrets_of(config)).values():
        assert "System(id)" not in text
        assert "${SHELL" not in text
        assert not re.search(r"^\[evil\]", text, re.MULTILINE)
        assert "\u2028" not in text
