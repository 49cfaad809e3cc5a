"""The pages that wings bring (`appliance/pages.py`), put into the console behind the rights that they name."""

from __future__ import annotations

import contextlib
import importlib.metadata
from collections.abc import Callable, Iterable, Iterator

from fastapi import APIRouter, Depends, FastAPI, Request
from fastapi.responses import Response, StreamingResponse

from appliance.ids import CallId, recording_id
from appliance.library import register
from appliance.lookup import get_call
from appliance.pages import GROUP, NotHereError, Page, Stream, Visit
from appliance.web.rights import Right
from appliance.web.security import SignInNeededError, allowed, console_of, session_of


def found() -> Iterable[Page]:
    """Every page that an installed wing offers."""
    for entry in sorted(importlib.metadata.entry_points(group=GROUP), key=lambda entry: entry.name):
        yield from entry.load()()


def mount(app: FastAPI, pages: Iterable[Page]) -> None:
    """Serve these pages too."""
    router = APIRouter()
    for page in pages:
        app.state.console.offers[page.name] = page.path
        guards = [Depends(allowed(Right(name))) for name in page.rights]
        router.add_api_route(page.path, _endpoint(page), methods=["GET"], dependencies=guards, response_model=None)
    app.include_router(router)


def _endpoint(page: Page) -> Callable[[Request], Response]:
    def answer(request: Request) -> Response:
        console, session = console_of(request), session_of(request)
        if session is None:
            raise SignInNeededError
        call = get_call(console.ledger.connection, request.path_params.get("call", ""))
        if call is not None and not console.sees(session, call):
            raise NotHereError("There is no such call.")
        now = console.clock.now()
        if page.hears and call is not None:
            heard = recording_id(CallId(call.id))
            register.check(console.ledger, console.box.config, heard, session.account, register.LISTEN, now)
        visit = Visit(
            box=console.box, ledger=console.ledger, now=now, account=session.account,
            language=console.language(request), values=request.path_params,
        )  # fmt: skip
        given = page.answer(visit)
        if isinstance(given, Stream):
            headers = {"Cache-Control": "no-store", "X-Accel-Buffering": "no"}
            return StreamingResponse(_until_closing(request, given.pieces), media_type=given.media_type, headers=headers)
        return console.sheet(request, given.template, session, **given.values)

    return answer


def _until_closing(request: Request, pieces: Iterator[bytes]) -> Iterator[bytes]:
    """The console stops in time however long a stream would go on."""
    with contextlib.closing(pieces):  # type: ignore[type-var]
        for piece in pieces:
            if request.app.state.news.closing:
                return
            yield piece
