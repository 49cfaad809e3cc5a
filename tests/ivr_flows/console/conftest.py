"""A box with telephones, and somebody at its console who looks after them."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from appliance.box import Box
from tests.appliance.furnished import TestClient
from tests.appliance.phone_desk import office_of, technician

SETTINGS = """
[phone]
enabled = true
[[phone.extensions]]
number = "201"
name = "受付"
[[phone.groups]]
name = "front"
members = ["201"]
[[phone.trunks]]
name = "main"
kind = "hikari"
host = "192.168.1.1"
user = "3"
numbers = ["03-1234-5678"]
[[phone.routes]]
name = "vip"
numbers = ["03-1234-5678"]
callers = ["0312340000", "listed"]
target = "extension:201"
[[phone.routes]]
name = "front"
numbers = ["03-1234-5678"]
target = "flow:main"
[[phone.contacts]]
name = "得意先"
number = "090-1111-2222"
"""


@pytest.fixture
def office(tmp_path: Path) -> Box:
    """The box."""
    return office_of(tmp_path / "office", SETTINGS)


@pytest.fixture
def client(office: Box) -> TestClient:
    """Somebody who looks after the telephones, and has no other right."""
    return technician(office)


Post = Callable[..., Any]


@pytest.fixture
def post(client: TestClient) -> Post:
    """`post(path, file=…, **fields)`: a form of the console's own."""
    csrf = re.findall(r'name="csrf" value="([^"]+)"', client.get("/phone/flows").text)[0]

    def send(path: str, file: tuple[str, bytes] | None = None, **fields: str) -> Any:
        return client.post(path, data={"csrf": csrf, **fields}, files={"file": file} if file else None)

    return send
