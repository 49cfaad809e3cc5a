"""The house rules (design §1): who may import whom is checked by import-linter, and each third-party package has one home."""

from __future__ import annotations

import ast
import configparser
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.house.sources import ROOT, SOURCES, name_of, tree_of

HOMES = {
    "apscheduler": ("appliance/janitor/",),
    "argon2": ("appliance/first_code.py", "appliance/web/accounts.py"),
    "av": ("capture/codecs/", "capture/formats/"),
    "babel": ("appliance/web/i18n.py",),
    "cryptography": (
        "appliance/keys.py",
        "appliance/popups/pushing.py",
        "appliance/push_key.py",
        "appliance/sealed.py",
        "appliance/tls.py",
    ),
    "fastapi": ("appliance/web/",),
    "httpx": ("ivr_flows/ari.py", "ivr_flows/asking_hosts.py"),
    "jinja2": ("appliance/web/console.py",),
    "markupsafe": ("appliance/web/console.py",),
    "numpy": ("capture/",),
    "panoramisk": ("ivr_flows/ami.py",),
    "phonenumbers": ("appliance/numbers.py",),
    "pydantic": (
        "appliance/capture_settings.py",
        "appliance/config.py",
        "appliance/network_settings.py",
        "appliance/notify_settings.py",
        "appliance/options.py",
        "appliance/popup_settings.py",
        "appliance/popups/kinds/",
        "appliance/register_settings.py",
        "appliance/phone_",
        "appliance/terms.py",
        "appliance/web/api/",
        "uploader/channels/",
        "uploader/stores/",
    ),
    "pyotp": ("appliance/web/second_factor.py",),
    "pylibsrtp": ("capture/srtp.py",),
    "soundfile": ("capture/formats/",),
    "sqlite_utils": ("appliance/schema.py",),
    "starlette": ("appliance/web/",),
    "uvicorn": ("appliance/web/serve.py",),
    "webauthn": ("appliance/web/passkeys.py",),
    "websockets": ("ivr_flows/ari.py",),
    "yaml": ("ivr_flows/yaml_text.py",),
}
OURS = {"appliance", "capture", "uploader", "ivr_flows", "provisioning"}


def imported(tree: ast.Module) -> Iterator[str]:
    """Top-level names of everything the file imports."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name.partition(".")[0] for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            yield node.module.partition(".")[0]


def test_the_import_contracts_are_kept() -> None:
    done = subprocess.run(
        [str(Path(sys.executable).with_name("lint-imports"))], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout


@pytest.mark.parametrize("source", SOURCES, ids=name_of)
def test_third_party_packages_are_imported_at_home_only(source: Path) -> None:
    for package in set(imported(tree_of(source))) - OURS - sys.stdlib_module_names:
        assert package in HOMES, f"{package} has no home yet: name it here and in design §6"
        assert name_of(source).startswith(HOMES[package]), f"{package} lives in {HOMES[package]}"


def test_what_is_installed_is_imported_somewhere() -> None:
    settings = configparser.ConfigParser()
    settings.read(ROOT / "setup.cfg")
    wanted = {line.partition("==")[0].partition("[")[0].lower() for line in settings["options"]["install_requires"].split()}
    names = {"argon2-cffi": "argon2", "sqlite-utils": "sqlite_utils", "python-multipart": "fastapi", "pyyaml": "yaml"}
    used = {package for source in SOURCES for package in imported(tree_of(source))}
    assert {name for name in wanted if names.get(name, name) not in used} == set()


def test_a_file_calls_itself_pure_just_when_the_contract_holds_it_to_it() -> None:
    settings = configparser.ConfigParser()
    settings.read(ROOT / "setup.cfg")
    listed = set(settings["importlinter:contract:5"]["source_modules"].split())
    says_so = {
        name_of(source).removesuffix(".py").replace("/", ".")
        for source in SOURCES
        if re.search(r"(^|\s)Pure[.,;:]", ast.get_docstring(tree_of(source)) or "")
    }
    assert says_so - listed == set(), "these say they are pure and are not held to it"
    assert listed - says_so == set(), "these are held to it and do not say so"


def test_every_ground_floor_file_is_held_to_import_no_room() -> None:
    settings = configparser.ConfigParser()
    settings.read(ROOT / "setup.cfg")
    listed = set(settings["importlinter:contract:4"]["source_modules"].split())
    present = {f"appliance.{path.stem}" for path in (ROOT / "appliance").glob("*.py") if not path.stem.startswith("__")}
    assert listed == present
