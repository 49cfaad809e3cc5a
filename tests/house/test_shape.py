"""The shape of the house (design §1, style): file sizes, names, docstrings, a test file for each source file, one place that deletes."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path
from statistics import median

import pytest

from tests.house.sources import FOLDERS, ROOT, SOURCES, name_of, tracked, tree_of

LONGEST = 400
TOP_LEVEL = {
    "appliance", "ivr_flows", "capture", "uploader", "provisioning", "systemd", "tests", "setup.cfg", "benchmarks", ".ci",
    "README.md", "CHANGELOG.md", "Makefile", "pyproject.toml", "setup.py", ".gitignore",
}  # fmt: skip
GENERATED = '"""Generated from '
"""How a generated file begins; the test of its generator makes it again and compares."""
VAGUE = re.compile(r"(^|_)(util|utils|helper|helpers|common|misc|manager|base)($|_)")
_REMOVERS = {"unlink", "rmtree", "rmdir", "removedirs"}


def functions(tree: ast.Module) -> Iterator[ast.FunctionDef | ast.AsyncFunctionDef]:
    return (node for node in ast.walk(tree) if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)))


def test_the_top_level_is_what_was_agreed() -> None:
    assert {path.relative_to(ROOT).parts[0] for path in tracked()} <= TOP_LEVEL


@pytest.mark.parametrize("source", [path for path in tracked() if path.suffix in (".py", ".js", ".css")], ids=name_of)
def test_no_file_is_longer_than_can_be_kept_in_mind(source: Path) -> None:
    assert len(source.read_text("utf-8").splitlines()) <= LONGEST


@pytest.mark.parametrize("source", SOURCES, ids=name_of)
def test_a_source_file_says_why_it_exists_and_has_its_test(source: Path) -> None:
    assert ast.get_docstring(tree_of(source)), "a file begins with why it exists"
    assert not VAGUE.search(source.stem), "a file is named by its noun"
    if source.stem in ("__init__", "__main__") or source.read_text("utf-8").startswith(GENERATED):
        return
    test = ROOT / "tests" / source.parent.relative_to(ROOT) / f"test_{source.stem.lstrip('_')}.py"
    assert test.exists(), f"{name_of(source)} has no {name_of(test)}"


@pytest.mark.parametrize("source", SOURCES, ids=name_of)
def test_what_is_public_has_a_docstring(source: Path) -> None:
    for node in ast.walk(tree_of(source)):
        if isinstance(node, ast.ClassDef) and not node.name.startswith("_"):
            assert ast.get_docstring(node), f"class {node.name}"
            for inner in node.body:
                if isinstance(inner, (ast.FunctionDef, ast.AsyncFunctionDef)) and not inner.name.startswith("_"):
                    assert ast.get_docstring(inner), f"{node.name}.{inner.name}"
    for top in tree_of(source).body:
        if isinstance(top, (ast.FunctionDef, ast.AsyncFunctionDef)) and not top.name.startswith("_"):
            assert ast.get_docstring(top), f"function {top.name}"


def test_functions_are_short() -> None:
    lengths = sorted((node.end_lineno or 0) - node.lineno + 1 for source in SOURCES for node in functions(tree_of(source)))
    assert median(lengths) <= 12
    assert lengths[len(lengths) * 9 // 10] <= 40


@pytest.mark.parametrize("source", SOURCES, ids=name_of)
def test_only_the_shelf_removes_files(source: Path) -> None:
    for node in ast.walk(tree_of(source)):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute):
            owner = node.func.value.id if isinstance(node.func.value, ast.Name) else ""
            removes = node.func.attr in _REMOVERS or (node.func.attr == "remove" and owner == "os")
            assert not removes or name_of(source) == "appliance/shelf.py", f"line {node.lineno}"


@pytest.mark.parametrize("source", SOURCES, ids=name_of)
def test_a_broad_handler_stands_only_where_a_daemon_restarts_its_loop(source: Path) -> None:
    for node in ast.walk(tree_of(source)):
        if isinstance(node, ast.ExceptHandler):
            caught = ast.unparse(node.type) if node.type else "everything"
            passes_on = isinstance(node.body[-1], ast.Raise) and node.body[-1].exc is None
            broad = caught in ("everything", "Exception", "BaseException")
            assert not broad or passes_on or name_of(source) == "appliance/service.py", f"line {node.lineno}"
        if isinstance(node, ast.Call) and ast.unparse(node.func).endswith("suppress"):
            broad = any(ast.unparse(argument) in ("Exception", "BaseException") for argument in node.args)
            assert not broad or name_of(source) == "appliance/service.py", f"line {node.lineno}"


def test_nothing_is_promised_for_later_in_the_code() -> None:
    for path in tracked():
        if path.suffix == ".py" and path != Path(__file__):
            found = re.findall(r"\b(TODO|FIXME|XXX|HACK)\b|NotImplementedError", path.read_text("utf-8"))
            assert not found, name_of(path)


def test_no_file_names_a_machine_or_a_package_registry() -> None:
    private = re.compile(rb"/work/|/root/|pypi\.org|files\.pythonhosted|deb\.debian\.org|registry\.npmjs", re.IGNORECASE)
    for path in tracked():
        if path != Path(__file__) and path.suffix != ".pcap":
            assert not private.search(path.read_bytes()), name_of(path)


def test_systemd_holds_no_python() -> None:
    assert not list((ROOT / "systemd").rglob("*.py")), "it would hide python-systemd"


def test_every_folder_with_python_is_a_package() -> None:
    for folder in FOLDERS:
        for path in (ROOT / folder).rglob("*.py"):
            assert (path.parent / "__init__.py").exists(), path.parent
