"""The pages that wings bring (`appliance/pages.py`), put into the console behind the rights that they name."""

from __future__ import annotations

import contextlib
import importlib.metadata
from collections.abc import Awaitable, Callable, Iterable, Iterator, Mapping

from fastapi import APIRouter, Depends, FastAPI, HTTPException, Request
from fastapi.concurrency import run_in_threadpool
from fastapi.responses import JSONResponse, RedirectResponse, Response, StreamingResponse

from appliance.ids import CallId, recording_id
from appliance.library import register
from appliance.lookup import get_call
from appliance.pages import GROUP, Answer, Data, Moved, NotHereError, Page, Stream, Upload, Visit
from appliance.web.accounts import Session
from appliance.web.console import Console
from appliance.web.rights import Right
from appliance.web.security import SignInNeededError, allowed, check_form, console_of, session_of


def found() -> Iterable[Page]:
    """Every page that an installed wing offers."""
    for entry in sorted(importlib.metadata.entry_points(group=GROUP), key=lambda entry: entry.name):
        yield from entry.load()()


def mount(app: FastAPI, pages: Iterable[Page]) -> None:
    """Serve these pages too."""
    router = APIRouter()
    for page in pages:
        app.state.console.offers.setdefault(page.name, page.path)
        guards = [Depends(allowed(Right(name))) for name in page.rights]
        endpoint = _sent(page) if page.method == "POST" else _endpoint(page)
        router.add_api_route(page.path, endpoint, methods=[page.method], dependencies=guards, response_model=None)
    app.include_router(router)


def _endpoint(page: Page) -> Callable[[Request], Response]:
    def answer(request: Request) -> Response:
        return _answered(request, page, {}, None)

    return answer


def _sent(page: Page) -> Callable[[Request], Awaitable[Response]]:
    """Reads the form before the page sees it."""

    async def answer(request: Request) -> Response:
        try:
            size = int(request.headers.get("content-length", "-1"))
        except ValueError:
            size = -1
        if not 0 <= size <= page.largest:  # the server holds a body to the length that it announced
            raise HTTPException(413)
        async with request.form(max_files=1, max_fields=200, max_part_size=page.largest) as form:
            fields: dict[str, list[str]] = {}
            upload = None
            for name, value in form.multi_items():
                if isinstance(value, str):
                    fields.setdefault(name, []).append(value)
                elif value.filename:
                    upload = Upload(value.filename, await value.read())
        return await run_in_threadpool(_answered, request, page, {name: "\n".join(every) for name, every in fields.items()}, upload)

    return answer


def _answered(request: Request, page: Page, form: Mapping[str, str], upload: Upload | None) -> Response:
    console, session = console_of(request), session_of(request)
    if session is None:
        raise SignInNeededError
    if page.method == "POST":
        check_form(session, form.get("csrf", ""))
    call = get_call(console.ledger.connection, request.path_params.get("call", ""))
    if call is not None and not console.sees(session, call):
        raise NotHereError("There is no such call.")
    now = console.clock.now()
    if page.hears and call is not None:
        heard = recording_id(CallId(call.id))
        register.check(console.ledger, console.box.config, heard, session.account, register.LISTEN, now)
    visit = Visit(
        box=console.box, ledger=console.ledger, now=now, account=session.account,
        language=console.language(request), values=request.path_params, query=dict(request.query_params), form=form, file=upload,
    )  # fmt: skip
    return _response(request, console, session, page.answer(visit))


def _response(request: Request, console: Console, session: Session, given: Answer) -> Response:
    if isinstance(given, Stream):
        headers = {"Cache-Control": "no-store", "X-Accel-Buffering": "no"}
        return StreamingResponse(_until_closing(request, given.pieces), media_type=given.media_type, headers=headers)
    if isinstance(given, Data):
        return JSONResponse(given.values)
    if isinstance(given, Moved):
        return RedirectResponse(given.to, 303)
    return console.sheet(request, given.template, session, **given.values)


def _until_closing(request: Request, pieces: Iterator[bytes]) -> Iterator[bytes]:
    """The console stops in time however long a stream would go on."""
    with contextlib.closing(pieces):  # type: ignore[type-var]
        for piece in pieces:
            if request.app.state.news.closing:
                return
            yield piece
