"""The description of the API is true: a program that knows nothing but it (schemathesis) finds no answer that it does not allow."""

from __future__ import annotations

import os
from pathlib import Path

import httpx
import schemathesis
from schemathesis.engine import events, from_schema

from appliance.clock import SystemClock
from appliance.web.api.application import PATH
from tests.appliance.furnished import Furnished, serving
from tests.appliance.web.bearers import client, token

LONG = "APPLIANCE_API_LONG" in os.environ
"""Every boundary of every value, and twenty times as many tries (some minutes)."""


def test_whatever_is_sent_no_answer_is_a_5xx_and_each_is_as_described(own: Furnished, tmp_path: Path) -> None:
    """A real server with real calls, and a token that may do everything."""
    settings = own.box.folders.data / "appliance.toml"
    settings.write_text(settings.read_text("utf-8") + "\n[web]\napi_per_minute = 1000000\n", "utf-8")
    secret = token(own, clock=SystemClock())
    statuses: set[int] = set()
    failures: list[str] = []
    with serving(own.box, tmp_path / "errors") as served:
        schema = schemathesis.openapi.from_url(f"{served.url}{PATH}/openapi.json")
        schema.config.seed = 1
        schema.config.update(headers={"Authorization": f"Bearer {secret}"}, parameters={"call": own.calls["inbound"]})
        schema.config.generation.update(max_examples=200 if LONG else 5)
        schema.config.phases.coverage.enabled = LONG
        for event in from_schema(schema).execute():
            assert not isinstance(event, (events.NonFatalError, events.FatalError)), event
            if isinstance(event, events.ScenarioFinished):
                found = event.recorder.interactions.values()
                statuses |= {interaction.response.status_code for interaction in found if interaction.response}
                failures += [
                    f"{check.name}: {check.failure_info.failure.message}\n{check.failure_info.code_sample}"
                    for checks in event.recorder.checks.values()
                    for check in checks
                    if check.failure_info
                ]
    assert not failures, "\n\n".join(failures).replace(secret, "TOKEN")
    assert {200, 201, 401, 404, 422} <= statuses, "it came through to what the routes do"


def test_the_description_is_open_names_the_scheme_and_every_error_of_every_route(furnished: Furnished) -> None:
    described = client(furnished).get("/openapi.json").json()
    assert described["components"]["securitySchemes"]["token"]["scheme"] == "bearer"
    assert [server["url"] for server in described["servers"]] == [PATH]
    for path, operations in described["paths"].items():
        for method, operation in operations.items():
            where = f"{method} {path}"
            assert operation["security"] == [{"token": []}], where
            assert {"401", "403", "422", "429"} <= set(operation["responses"]), where
            assert "404" in operation["responses"] or "{" not in path, where
            for status, answer in operation["responses"].items():
                if status >= "400":
                    assert list(answer["content"]) == ["application/problem+json"], where
                elif status not in ("204", "206"):
                    assert all(content.get("schema") for content in answer["content"].values()), where


def test_no_page_is_below_the_api_and_the_api_has_no_page(furnished: Furnished) -> None:
    program = client(furnished)
    for path in ("/", "", "/docs", "/redoc", "/calls.csv", "/%2e%2e/%2e%2e/calls"):
        answer: httpx.Response = program.get(f"http://testserver{PATH}{path}")
        assert answer.status_code in (303, 307, 404), path
        assert "<html" not in answer.text, path
