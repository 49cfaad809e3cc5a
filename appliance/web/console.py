"""What every page shares: the box, a database connection for each thread, the accounts, the templates, the language."""

from __future__ import annotations

import threading
from pathlib import Path
from typing import Any, NamedTuple

from fastapi import Request
from fastapi.responses import HTMLResponse
from jinja2 import Environment, FileSystemLoader, StrictUndefined, Template, select_autoescape
from markupsafe import Markup

from appliance import __version__, keys
from appliance.box import Box
from appliance.calls import Call
from appliance.clock import Clock
from appliance.customers.book import Book
from appliance.errors import SaidError
from appliance.ids import CallId, recording_id
from appliance.keys import Identity
from appliance.ledger import Ledger
from appliance.library import register
from appliance.lookup import is_paused
from appliance.numbers import pretty
from appliance.popups import answers, desk
from appliance.popups.cards import Card, card, line_name, name_beside, other_party
from appliance.web import i18n, labels
from appliance.web.accounts import Accounts, Session
from appliance.web.people import People
from appliance.web.rights import Scope, scope_of
from appliance.web.roles import Roles

_TEMPLATES = Path(__file__).parent / "templates"


class Shown(NamedTuple):
    """A card as a template lays it out."""

    card: Card
    note: desk.Note
    last: desk.Contact | None


class Console:
    """One running console."""

    def __init__(self, box: Box, clock: Clock) -> None:
        self.box = box
        self.clock = clock
        self.offers: dict[str, str] = {}
        """Paths of the pages that wings bring, by name."""
        self._local = threading.local()
        self._templates = {language: self._environment(language) for language in i18n.LANGUAGES}

    @property
    def ledger(self) -> Ledger:
        """This thread's connection."""
        found: Ledger | None = getattr(self._local, "ledger", None)
        if found is None:
            found = self._local.ledger = Ledger.open(self.box.folders.ledger)
        return found

    @property
    def accounts(self) -> Accounts:
        """The accounts, on this thread's connection."""
        return Accounts(self.ledger, self.clock.now, self.box.config.web.session_hours)

    @property
    def people(self) -> People:
        """The accounts as whoever looks after them sees them."""
        return People(self.ledger, self.clock.now)

    @property
    def roles(self) -> Roles:
        """The roles."""
        return Roles(self.ledger, self.clock.now)

    def scope(self, session: Session) -> Scope | None:
        """The lines that this session sees; None is all."""
        return scope_of(session.role, self.box.config)

    def sees(self, session: Session, call: Call) -> bool:
        """Whether the call is on a line of theirs."""
        scope = self.scope(session)
        return scope is None or scope.covers(call.line)

    @property
    def identities(self) -> list[Identity]:
        """The console's own key, which opens recordings for listening."""
        return [keys.playback_identity(self.box.folders.keys, self.clock.now())]

    def language(self, request: Request) -> str:
        """The language of this request's answer."""
        return i18n.choose(request.headers.get("accept-language", ""))

    def said(self, request: Request, error: Exception) -> str:
        """What an error says, in the reader's language where it knows it."""
        text = error.text if isinstance(error, SaidError) else None
        return text.translated(i18n.catalogue(self.language(request)).gettext) if text else str(error)

    def page(self, request: Request, template: str, session: Session | None, status: int = 200, /, **values: Any) -> HTMLResponse:
        """A whole page."""
        language = self.language(request)
        return self._answer(request, self._templates[language].get_template(template), session, status, values)

    def sheet(self, request: Request, template: Path, session: Session | None, /, **values: Any) -> HTMLResponse:
        """A wing's own page in the console's layout."""
        environment = self._templates[self.language(request)]
        return self._answer(request, environment.from_string(template.read_text("utf-8")), session, 200, values)

    def _answer(
        self, request: Request, template: Template, session: Session | None, status: int, values: dict[str, Any]
    ) -> HTMLResponse:
        language = self.language(request)
        html = template.render(
            language=language, session=session, site=self.box.config.site, path=request.url.path, version=__version__, **values
        )
        return HTMLResponse(html, status_code=status, headers={"Content-Language": language, "Vary": "Accept-Language"})

    def offer(self, name: str, /, **values: str) -> str:
        """The address of a wing's page; "" where no wing has it."""
        return self.offers.get(name, "").format(**values)

    def may_hear(self, session: Session, call: str) -> str:
        """Of a call under way: `free`, `granted`, `asked`, or "" where one would have to ask."""
        recording = recording_id(CallId(call))
        return register.access(self.ledger, self.box.config, recording, session.account, register.LISTEN, self.clock.now())

    @property
    def book(self) -> Book:
        """The customer book."""
        return Book(self.ledger, self.clock.now, self.box.config.number)

    def card_html(self, language: str, call: Call, session: Session, *, to_do: bool = False) -> str:
        """One card of the live page."""
        template = self._templates[language].get_template("card.html")
        return template.render(shown=self.shown(call, session), session=session, to_do=to_do)

    def card(self, call: Call) -> Card:
        """The card of a call."""
        number, _ = other_party(call)
        people = tuple(self.book.behind(number))
        found = tuple(answers.of(self.ledger.connection, number, self.clock.now()))
        paused = call.ended_at is None and is_paused(self.ledger.connection, call.id)
        return card(call, self.box.config, paused=paused, people=people, found=found)

    def shown(self, call: Call, session: Session) -> Shown:
        """The card with what people said of the call, and of the last one before it on a line that they see."""
        scope = self.scope(session)
        mine, lines = scope.clause() if scope else ("1", ())
        made = self.card(call)
        before = desk.contacts(self.ledger.connection, made.number, call.started_at, 1, mine, *lines)
        return Shown(made, desk.note_of(self.ledger.connection, call.id), before[0] if before else None)

    def _environment(self, language: str) -> Environment:
        zone = self.box.config.site.zone
        environment = Environment(
            loader=FileSystemLoader(_TEMPLATES), autoescape=select_autoescape(), undefined=StrictUndefined,
            trim_blocks=True, lstrip_blocks=True, extensions=["jinja2.ext.i18n"],
        )  # fmt: skip
        catalogue = i18n.catalogue(language)
        environment.install_gettext_translations(catalogue, newstyle=True)  # type: ignore[attr-defined]
        environment.filters.update(
            date_time=lambda moment: i18n.date_time(moment, language, zone),
            clock_time=lambda moment: i18n.clock_time(moment, language, zone),
            length=i18n.length,
            said=lambda text: text.translated(catalogue.gettext),
            label=lambda code, kind: catalogue.gettext(getattr(labels, kind).get(code, code)) if code else "",
            number=pretty,
            phone=lambda text: pretty(text, self.box.config.number(text).e164),
            visible=_visible,
        )
        environment.globals.update(
            line_name=lambda line: line_name(line, self.box.config),
            name_beside=name_beside,
            offer=self.offer,
            may_hear=self.may_hear,
            icon=lambda name: Markup(f'<svg class="icon" aria-hidden="true"><use href="/static/icons.svg#{name}"/></svg>'),  # noqa: S704
        )
        return environment


def _visible(text: str) -> str:
    """What a stranger wrote, as seen: characters that show nothing, or turn the text around, are spelled out."""
    return "".join(
        letter if letter.isprintable() or letter == "\u3000" else letter.encode("unicode_escape").decode("ascii") for letter in text
    )
