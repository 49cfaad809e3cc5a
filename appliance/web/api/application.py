"""`/api/v1` as an application of its own below the console's: no page, no session and no cookie reaches into it, nor it into them."""

from __future__ import annotations

from typing import Any

from fastapi import FastAPI

from appliance.web.allowance import Allowance
from appliance.web.api import calls, customers, state
from appliance.web.api.models import Problem
from appliance.web.api.problems import answer_with_problems
from appliance.web.console import Console

PATH = "/api/v1"
_ABOUT = """Calls, recordings, customers and the state of the box, for other programs. A token bears rights and lines as a person's role
does, and what it takes away stands in the register under its name. Times are ISO 8601 with offset, lengths are seconds."""


def create(console: Console) -> FastAPI:
    """The API of this console."""
    api = FastAPI(
        title="appliance", version="1", description=_ABOUT, docs_url=None, redoc_url=None, openapi_url="/openapi.json",
        redirect_slashes=False, generate_unique_id_function=lambda route: f"{route.endpoint.__module__.rpartition('.')[2]}_{route.name}",
    )  # fmt: skip
    api.state.console = console
    api.state.allowance = Allowance(console.box.config.web.api_per_minute)
    for part, name in ((calls, "calls"), (customers, "customers"), (state, "box")):
        api.include_router(part.router, tags=[name])
    answer_with_problems(api)
    _describe_problems(api)
    return api


def _describe_problems(api: FastAPI) -> None:
    """Put the form of an error, which every route refers to, into the description."""
    made = api.openapi

    def openapi() -> dict[str, Any]:
        described = made()
        schema = Problem.model_json_schema()
        described["components"]["schemas"].setdefault("Problem", schema)
        return described

    api.openapi = openapi  # type: ignore[method-assign]
