"""The generated files are what the generator makes of the models of the real Asterisk that the tests run against."""

from __future__ import annotations

import ast
import subprocess
import sys
from pathlib import Path

import pytest

from ivr_flows.ari_models import generator
from tests import needs
from tests.bed.asterisk import UnavailableError, installed

HERE = Path(generator.__file__).parent
GENERATED = sorted(path for path in HERE.glob("*.py") if path.read_text("utf-8").startswith('"""Generated from '))


@pytest.fixture(scope="module")
def models() -> Path:
    """The folder of Asterisk's models."""
    try:
        return installed() / "usr" / "share" / "asterisk" / "rest-api"
    except UnavailableError as error:
        pytest.skip(str(error))


@needs.root
@needs.program("mmdebstrap")
def test_the_files_are_those_that_the_generator_makes_of_asterisks_models(models: Path) -> None:
    made = generator.generate(generator.read(models))
    assert sorted(made) == [path.name for path in GENERATED]
    for path in GENERATED:
        assert path.read_text("utf-8") == made[path.name], f"{path.name}: run the generator"


@needs.root
@needs.program("mmdebstrap")
def test_every_operation_of_asterisks_is_a_method(models: Path) -> None:
    resources = generator.read(models)
    wanted = [
        operation
        for tree in resources.values()
        for api in tree["apis"]
        for operation in api["operations"]
        if operation.get("upgrade") != "websocket" and operation["responseClass"] != "binary"
    ]
    files = [HERE / f"{generator._snake(name)}.py" for name in resources]
    methods = [
        node for path in files for node in ast.walk(ast.parse(path.read_text("utf-8"))) if isinstance(node, ast.AsyncFunctionDef)
    ]
    assert len(methods) == len(wanted) > 80


@needs.root
@needs.program("mmdebstrap")
def test_it_runs_from_the_command_line(models: Path, tmp_path: Path) -> None:
    command = [sys.executable, "-m", "ivr_flows.ari_models.generator", str(models), str(tmp_path)]
    subprocess.run(command, check=True)
    assert {path.name: path.read_bytes() for path in tmp_path.iterdir()} == {path.name: path.read_bytes() for path in GENERATED}


def test_a_model_becomes_a_frozen_value() -> None:
    tree = {
        "description": 'Says "what" it is. And more.',
        "properties": {"a": {"type": "List[string]", "required": True}, "from": {"type": "int"}},
    }
    text = generator._model("Thing", tree, "Model")
    assert "@dataclass(frozen=True, slots=True, kw_only=True)\nclass Thing(Model):" in text
    assert '''"""Says 'what' it is."""''' in text
    assert "    a: tuple[str, ...]\n    from_: int | None = None\n" in text


def test_a_sentence_is_not_cut_at_an_abbreviation() -> None:
    assert generator._docstring("Delete (i.e. hangup) a channel.", 8) == ['        """Delete (i.e. hangup) a channel."""']
