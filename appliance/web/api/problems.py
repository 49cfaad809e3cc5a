"""What the API says when it does not do what was asked: problem details (RFC 9457), the same form for every error."""

from __future__ import annotations

from http import HTTPStatus
from typing import Any

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse, Response
from starlette.exceptions import HTTPException
from starlette.routing import compile_path

from appliance.errors import ApplianceError, UsageError
from appliance.library.register import NotApprovedError
from appliance.tap_control import RefusedError

MEDIA_TYPE = "application/problem+json"
MEANING = {
    401: "There is no token, or it is unknown or has ended.",
    403: "The token does not have the right, or the site demands an approval first.",
    404: "There is no such thing, or it is not on a line of this token.",
    409: "It cannot be done as things stand; the detail says why.",
    413: "More was sent than anything here takes (1 MB).",
    416: "No such part of the recording.",
    422: "A value is missing, or is none that this can be.",
    429: "Too many requests; Retry-After says how many seconds to wait.",
    503: "The box cannot do it now; the detail says why and what mends it.",
}
_ALWAYS = (401, 403, 422, 429)


class ProblemError(Exception):
    """It cannot be done; the status and one sentence."""

    def __init__(self, status: int, detail: str, headers: dict[str, str] | None = None) -> None:
        super().__init__(detail)
        self.status, self.detail, self.headers = status, detail, headers or {}


def documented(*more: int) -> dict[int | str, dict[str, Any]]:
    """The errors of a route for the description: those that each has, and these."""
    content = {MEDIA_TYPE: {"schema": {"$ref": "#/components/schemas/Problem"}}}
    found: dict[int | str, dict[str, Any]] = {
        status: {"description": MEANING[status], "content": content} for status in sorted({*_ALWAYS, *more})
    }
    wait = {"description": "Seconds to wait.", "required": True, "schema": {"type": "integer", "minimum": 1}}
    found[429]["headers"] = {"Retry-After": wait}
    return found


def answer_with_problems(api: FastAPI) -> None:
    """Every error of this application is a problem document."""

    @api.exception_handler(ProblemError)
    def _problem(request: Request, error: Exception) -> Response:
        assert isinstance(error, ProblemError)
        return problem(error.status, error.detail, error.headers)

    @api.exception_handler(RequestValidationError)
    def _invalid(request: Request, error: Exception) -> Response:
        assert isinstance(error, RequestValidationError)
        first = error.errors()[0]
        place = ".".join(str(part) for part in first["loc"][1:] if part != "str")
        return problem(422, f"{place or first['loc'][0]}: {first['msg']}")  # never what was sent: it may be no text at all

    @api.exception_handler(HTTPException)
    def _refused(request: Request, error: Exception) -> Response:
        assert isinstance(error, HTTPException)
        if error.status_code == 400:  # a body that is no JSON is a wrong value like another
            return problem(422, "the body is no JSON text in UTF-8")
        headers = {"Allow": ", ".join(_methods(api, request))} if error.status_code == 405 else {}
        return problem(error.status_code, HTTPStatus(error.status_code).phrase.lower(), headers)

    @api.exception_handler(ApplianceError)
    def _could_not(request: Request, error: Exception) -> Response:
        status = 403 if isinstance(error, NotApprovedError) else 409 if isinstance(error, (RefusedError, UsageError)) else 503
        return problem(status, str(error))


def problem(status: int, detail: str, headers: dict[str, str] | None = None) -> Response:
    """The answer that says so."""
    said = {"type": "about:blank", "title": HTTPStatus(status).phrase, "status": status, "detail": detail}
    return JSONResponse(said, status, headers=headers, media_type=MEDIA_TYPE)


def _methods(api: FastAPI, request: Request) -> list[str]:
    """Every method of this address (RFC 9110 §15.5.6), however many routes share it."""
    path = request.url.path.removeprefix(str(request.scope.get("root_path", "")))
    found = {
        method.upper()
        for address, operations in api.openapi()["paths"].items()
        if compile_path(address)[0].match(path)
        for method in operations
    }
    return sorted(found) or ["GET"]
