"""The console as an ASGI application: pages, errors and the watch on the doorbell."""

from __future__ import annotations

import asyncio
import contextlib
import os
from collections.abc import AsyncIterator
from pathlib import Path

from fastapi import FastAPI, Request
from fastapi.concurrency import run_in_threadpool
from fastapi.responses import PlainTextResponse, RedirectResponse, Response
from fastapi.staticfiles import StaticFiles
from starlette.exceptions import HTTPException

from appliance.doorbell import Doorbell
from appliance.errors import ApplianceError, UsageError
from appliance.library.register import NotApprovedError
from appliance.pages import NotHereError
from appliance.records import Heartbeat
from appliance.service import HEARTBEAT_S, resident_megabytes, sd_notify
from appliance.tap_control import RefusedError
from appliance.web import wings
from appliance.web.api import application
from appliance.web.api.problems import problem
from appliance.web.console import Console
from appliance.web.news import News
from appliance.web.pages import (
    account,
    calls,
    customer_import,
    customers,
    desk,
    diagnosis,
    disclosing,
    erasing,
    first,
    health,
    live,
    marking,
    metrics,
    opening,
    passkeys,
    pause,
    register,
    searching,
    setup,
    sign_in,
    tokens,
    users,
)
from appliance.web.security import Guard, NotAllowedError, SignInNeededError, session_of, sign_in_address
from appliance.web.shared_news import SharedNews

_STATIC = Path(__file__).parent / "static"


def create(console: Console) -> FastAPI:
    """The application of this console."""
    app = FastAPI(title="appliance", docs_url=None, redoc_url=None, openapi_url=None, lifespan=_lifespan)
    app.state.console = console
    app.state.news = News()
    app.state.shared = SharedNews()
    app.add_middleware(Guard)
    app.mount("/static", StaticFiles(directory=_STATIC), name="static")
    for pages in (
        sign_in,
        first,
        passkeys,
        account,
        searching,
        register,
        calls,
        marking,
        erasing,
        disclosing,
        live,
        desk,
        pause,
        customer_import,
        customers,
        first,
        health,
        diagnosis,
        opening,
        setup,
        tokens,
        users,
        metrics,
    ):
        app.include_router(pages.router)
    wings.mount(app, wings.found())
    app.mount(application.PATH, application.create(console))

    @app.exception_handler(SignInNeededError)
    def _sign_in(request: Request, error: Exception) -> Response:
        wants_page = "text/html" in request.headers.get("accept", "") and request.method == "GET"
        return RedirectResponse(sign_in_address(request), 303) if wants_page else PlainTextResponse("sign in first", 401)

    @app.exception_handler(NotAllowedError)
    def _no_right(request: Request, error: Exception) -> Response:
        right = error.right.value if isinstance(error, NotAllowedError) else ""
        return _error_page(request, 403, str(error), right)

    @app.exception_handler(HTTPException)
    def _refused(request: Request, error: Exception) -> Response:
        status = error.status_code if isinstance(error, HTTPException) else 500
        return _error_page(request, status, "")

    @app.exception_handler(ApplianceError)
    def _could_not(request: Request, error: Exception) -> Response:
        status = (
            403
            if isinstance(error, NotApprovedError)
            else 404
            if isinstance(error, NotHereError)
            else 409
            if isinstance(error, (RefusedError, UsageError))
            else 503
        )
        return _error_page(request, status, console.said(request, error))

    return app


def _error_page(request: Request, status: int, what: str, right: str = "") -> Response:
    console: Console = request.app.state.console
    if request.url.path.startswith("/api/"):  # what is no address of the API, a line break in it among them
        return problem(status, what or "there is nothing here")
    if "text/html" not in request.headers.get("accept", ""):
        return PlainTextResponse(what or str(status), status)
    return console.page(request, "error.html", session_of(request), status, code=status, what=what, right=right)


@contextlib.asynccontextmanager
async def _lifespan(app: FastAPI) -> AsyncIterator[None]:
    console: Console = app.state.console
    news: News = app.state.news
    bell = Doorbell(console.box.folders.run, "web")
    tasks = [asyncio.create_task(_watch(bell, news)), asyncio.create_task(_beat(console, news))]
    sd_notify("READY=1")
    yield
    sd_notify("STOPPING=1")
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)
    bell.close()
    await run_in_threadpool(_say, console, "stopped", 0)


async def _watch(bell: Doorbell, news: News) -> None:
    """A ring of the bell, or two seconds, and everybody looks at the ledger."""
    while True:
        await bell.wait_async(2.0)
        news.tell()


async def _beat(console: Console, news: News) -> None:
    while True:
        sd_notify("WATCHDOG=1")
        with contextlib.suppress(ApplianceError):
            await run_in_threadpool(_say, console, "ok", news.listeners)
        await asyncio.sleep(HEARTBEAT_S)


def _say(console: Console, state: str, listeners: int) -> None:
    detail = {"megabytes": round(resident_megabytes(), 1), "live_pages": listeners}
    at = console.clock.now()
    console.ledger.beat(Heartbeat(at=at, service="web", pid=os.getpid(), state=state, detail=detail))
