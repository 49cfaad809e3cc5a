"""No foreign page sends us anything, no link leads away from the console, and every answer carries its headers."""

from __future__ import annotations

import re
from collections.abc import Iterator
from html.parser import HTMLParser
from urllib.parse import parse_qs, urljoin, urlsplit

import pytest
from hypothesis import given
from hypothesis import strategies as st
from starlette.requests import Request

from appliance.web.security import HEADERS, MOST_BYTES, MOST_FILE_BYTES, local_path, sign_in_address
from tests.appliance.furnished import PASSWORD, Furnished, browser, signed_in

HOST = "http://testserver"
CHANGING = ("/sign-in", "/sign-out", "/account")
EVERY_PAGE = (
    "/calls",
    "/calls?number=090",
    "/live",
    "/health",
    "/account",
    "/users",
    "/users/people/admin",
    "/users/roles/new",
    "/users/tokens",
    "/customers",
    "/customers/new",
    "/customers/import",
    "/customers/duplicates",
    "/register",
    "/requests",
    "/completeness",
    "/nothing-here",
)
LEADING_AWAY = [
    "//evil.example", "///evil.example", "https:", "https://evil.example", "https:evil.example", "HTTPS://evil.example",
    "/\\evil.example", "\\\\evil.example", "/\\/evil.example", "javascript:alert(1)", "data:text/html,x", " /calls", "calls",
    "/\t/evil.example", "/\n/evil.example", "/\r\nSet-Cookie: a=b", "\t//evil.example", "/\x00/evil.example", "/\x7f",
    "/\u202emoc.live", "/\u2028x", "/\xa0x", "", "?next=//evil.example", "#x", "http:/evil.example", "////",
]  # fmt: skip


class Forms(HTMLParser):
    """The forms of a page: method, action and the names of their fields."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.found: list[tuple[str, str, set[str]]] = []
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        values = dict(attrs)
        if tag == "form":
            self.found.append(((values.get("method") or "get").lower(), values.get("action") or "", set()))
        elif tag in ("input", "select", "button") and self.found and values.get("name"):
            self.found[-1][2].add(str(values["name"]))


def request_for(path: str, query: str) -> Request:
    return Request(
        {"type": "http", "path": path, "query_string": query.encode(), "headers": [(b"host", b"box")], "server": ("box", 80)}
    )


def every_answer(furnished: Furnished) -> Iterator[tuple[str, dict[str, str]]]:
    """Answers of every kind, with their headers."""
    inside, outside = signed_in(furnished), browser(furnished.box, furnished.clock())
    call = furnished.calls["missed"]
    for path in (
        *EVERY_PAGE,
        "/",
        f"/calls/{call}",
        f"/calls/{call}/waveform",
        "/sign-in",
        "/static/console.css",
        "/static/none",
        "/live/events?after=x",
    ):
        for client in (inside, outside):
            answer = client.get(path)
            yield f"GET {path} {answer.status_code}", dict(answer.headers)
    refused = outside.post("/sign-in", headers={"Origin": "http://evil.example"})
    yield "a refusal", dict(refused.headers)
    yield "no such method", dict(outside.delete("/calls").headers)


def test_every_answer_carries_the_headers(furnished: Furnished) -> None:
    for what, headers in every_answer(furnished):
        for name, value in HEADERS.items():
            assert headers.get(name.lower()) == value, f"{what}: {name}"
        if "/static/" not in what:
            assert headers.get("cache-control") == "no-store", what


def test_the_policy_allows_no_outside_origin_no_inline_script_and_no_framing() -> None:
    policy = dict(part.strip().split(" ", 1) for part in HEADERS["Content-Security-Policy"].split(";"))
    assert policy["default-src"] == "'none'"
    for directive, sources in policy.items():
        allowed = {"'self'", "'none'"} | ({"data:"} if directive == "img-src" else set())
        assert set(sources.split()) <= allowed, f"{directive} {sources}"
    assert {"script-src", "style-src", "form-action", "base-uri", "frame-ancestors"} <= set(policy)
    assert policy["frame-ancestors"] == policy["base-uri"] == "'none'"
    assert HEADERS["X-Content-Type-Options"] == "nosniff"


@pytest.mark.parametrize(
    "headers",
    [
        {"Origin": "http://evil.example"},
        {"Origin": "https://evil.example:8080"},
        {"Origin": "http://testserver.evil.example"},
        {"Origin": "http://evil.example/testserver"},
        {"Origin": "http://testserver@evil.example"},
        {"Origin": "http://testserver:81"},
        {"Origin": "null"},
        {"Origin": ""},
        {"Origin": "testserver"},
        {"Origin": "http://["},
        {"Origin": "http://[::1"},
        {"Origin": "\u00e9\u00ff".encode("latin-1")},
        {"Sec-Fetch-Site": "cross-site"},
        {"Sec-Fetch-Site": "same-site"},
        {"Sec-Fetch-Site": ""},
        {"Sec-Fetch-Site": "SAME-ORIGIN"},
        {"Sec-Fetch-Site": "cross-site", "Origin": HOST},
    ],
)
@pytest.mark.parametrize("address", CHANGING)
def test_a_form_of_a_foreign_page_is_refused_before_it_is_read(furnished: Furnished, address: str, headers: dict[str, str]) -> None:
    answer = signed_in(furnished).post(address, data={"name": "admin", "password": PASSWORD}, headers=headers)
    assert answer.status_code == 403
    assert "set-cookie" not in answer.headers


@pytest.mark.parametrize("headers", [{}, {"Origin": HOST}, {"Sec-Fetch-Site": "same-origin"}, {"Sec-Fetch-Site": "none"}])
def test_a_form_of_our_own_is_heard(furnished: Furnished, headers: dict[str, str]) -> None:
    answer = signed_in(furnished).post("/sign-out", data={"csrf": "wrong"}, headers=headers)
    assert answer.status_code == 403
    assert "フォーム" in answer.text, "it is the form's secret that is missed, not the origin"


def test_looking_is_allowed_from_anywhere(furnished: Furnished) -> None:
    answer = signed_in(furnished).get("/calls", headers={"Origin": "http://evil.example", "Sec-Fetch-Site": "cross-site"})
    assert answer.status_code == 200, "a link in a mail may lead here"
    assert "access-control-allow-origin" not in answer.headers


@pytest.mark.parametrize("csrf", [None, "", "wrong", "é", "非", "\x00", "x" * 100])
@pytest.mark.parametrize("address", ["/sign-out", "/account"])
def test_without_the_forms_secret_nothing_is_changed(own: Furnished, address: str, csrf: str | None) -> None:
    client = signed_in(own)
    data = {"old": PASSWORD, "new": "another password", "again": "another password"}
    answer = client.post(address, data=data if csrf is None else {**data, "csrf": csrf})
    assert answer.status_code == 403
    assert client.get("/calls").status_code == 200, "still signed in"
    with own.ledger() as ledger:
        assert ledger.connection.execute("SELECT count(*) FROM record WHERE kind = 'Changed'").fetchone()[0] == 2


def test_another_sessions_secret_is_not_ours(own: Furnished) -> None:
    with own.ledger() as ledger:
        (secret,) = ledger.connection.execute("SELECT csrf FROM session").fetchone()
        ledger.connection.execute("UPDATE session SET csrf = 'another'")
    assert signed_in(own).post("/sign-out", data={"csrf": secret}).status_code == 403


def test_every_form_that_changes_something_carries_the_secret(furnished: Furnished) -> None:
    client = signed_in(furnished)
    pages = [client.get(path).text for path in (*EVERY_PAGE, *(f"/calls/{call}" for call in furnished.calls.values()))]
    forms = [form for page in pages for form in Forms(page).found]
    posts = [form for form in forms if form[0] != "get"]
    assert {action for _, action, _ in posts} >= {"/sign-out", "/account", "/account/sessions", "/users", "/users/people/admin"}
    assert all("csrf" in fields for _, _, fields in posts)
    assert all(action.startswith("/") and not action.startswith("//") for _, action, _ in forms)


@pytest.mark.parametrize("given_path", LEADING_AWAY)
def test_an_address_that_leads_away_becomes_the_front_page(given_path: str) -> None:
    assert local_path(given_path) == "/"


@pytest.mark.parametrize("path", ["/", "/calls", "/calls?number=090&begin=2026-11-22", "/calls/abc#player", "/calls?number=佐藤"])
def test_an_address_of_ours_stays(path: str) -> None:
    assert local_path(path) == path


@given(st.text(max_size=40) | st.text(alphabet="/\\:@.a#?\t ", max_size=12))
def test_whatever_is_given_a_browser_stays_with_us(text: str) -> None:
    there = urljoin(f"{HOST}/sign-in", re.sub(r"[\t\r\n]", "", local_path(text)).strip().replace("\\", "/"))
    assert urlsplit(there).netloc == "testserver"


@given(
    st.text(st.characters(codec="ascii", exclude_categories=["Cc"]), max_size=30),
    st.text(st.characters(codec="ascii"), max_size=30),
)
def test_the_sign_in_page_leads_back_to_where_one_wanted_to_go(path: str, query: str) -> None:
    address = sign_in_address(request_for(f"/{path}", query))
    if address == "/sign-in":
        assert (path, query) == ("", "") or any(not letter.isprintable() for letter in query), "no browser sends control characters"
        return
    wanted = parse_qs(urlsplit(address).query, strict_parsing=True)["next"][0]
    assert wanted.startswith("/")
    assert len(parse_qs(urlsplit(address).query)) == 1, "what one wanted cannot add parameters of its own"


@pytest.mark.parametrize("told", [True, False])
def test_more_than_a_form_holds_is_refused_before_anybody_asks_who_sent_it(furnished: Furnished, told: bool) -> None:
    pieces = (b"x" * 100_000 for _ in range(MOST_BYTES // 100_000 + 1))
    body = {"content": b"name=" + b"x" * MOST_BYTES} if told else {"content": pieces}
    headers = {"Content-Type": "application/x-www-form-urlencoded"}
    answer = browser(furnished.box, furnished.clock()).post("/sign-in", headers=headers, **body)
    assert answer.status_code == 413


def test_a_form_with_a_file_may_be_larger_but_not_without_end(furnished: Furnished) -> None:
    client = signed_in(furnished)
    answer = client.post("/customers/import", files={"table": ("a.csv", b"x" * (MOST_BYTES + 1))})
    assert answer.status_code == 403, "it was read; only the form's secret is missed"
    headers = {"Content-Type": "multipart/form-data; boundary=x", "Content-Length": str(MOST_FILE_BYTES + 1)}
    assert client.post("/customers/import", content=b"--x", headers=headers).status_code == 413
