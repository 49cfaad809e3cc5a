"""The console answers every address with a page, a redirect or a plain refusal, and loads nothing from anywhere else."""

from __future__ import annotations

import re
from html.parser import HTMLParser
from pathlib import Path

import pytest

import appliance.web
from tests.appliance.furnished import Furnished, browser, signed_in, until

WEB = Path(appliance.web.__file__).parent
NAMESPACES = {"http://www.w3.org/2000/svg"}
OUTSIDE = re.compile(r"""(?:https?:|wss?:|ftp:)//[^\s"'<>)]*|(?<=["'(=])//\w|@import|url\(""", re.IGNORECASE)
LOADING = {"href", "src", "srcset", "action", "formaction", "data", "poster", "cite", "background", "ping", "manifest"}
PAGES = ("/calls", "/live", "/health", "/account", "/nothing-here", "/calls?number=0")


class Elements(HTMLParser):
    """Every tag of a page with its attributes, and the text of its scripts and styles."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.inline = ""
        self._inside = ""
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))
        self._inside = tag if tag in ("script", "style") else ""

    def handle_endtag(self, tag: str) -> None:
        self._inside = ""

    def handle_data(self, data: str) -> None:
        if self._inside:
            self.inline += data.strip()


def every_page(furnished: Furnished) -> dict[str, str]:
    inside, outside = signed_in(furnished), browser(furnished.box, furnished.clock())
    addresses = [*PAGES, *(f"/calls/{call}" for call in furnished.calls.values())]
    return {address: inside.get(address).text for address in addresses} | {"/sign-in": outside.get("/sign-in").text}


def test_no_page_refers_to_an_outside_origin(furnished: Furnished) -> None:
    for address, page in every_page(furnished).items():
        elements = Elements(page)
        assert len(elements.tags) > 10, address
        for tag, attributes in elements.tags:
            for name in LOADING & set(attributes):
                value = attributes[name] or ""
                assert re.match(r"(/(?!/)|#|$)", value), f"{address}: <{tag} {name}={value}>"
            assert not any(name.startswith("on") for name in attributes), f"{address}: <{tag}> runs script of its own"
            assert "style" not in attributes, f"{address}: <{tag}> has a style that the policy forbids"
        assert not elements.inline, f"{address}: has inline script or style, which the policy forbids"


@pytest.mark.parametrize(
    "path", sorted((WEB / "static").iterdir()) + sorted((WEB / "templates").iterdir()), ids=lambda path: path.name
)
def test_no_file_refers_to_an_outside_origin(path: Path) -> None:
    text = re.sub(r"/\*.*?\*/|\{#.*?#\}|^\s*//.*$", "", path.read_text("utf-8"), flags=re.DOTALL | re.MULTILINE)
    assert {found[0] for found in OUTSIDE.finditer(text)} <= NAMESPACES


@pytest.mark.parametrize("name", sorted(path.name for path in (WEB / "static").iterdir()))
def test_every_static_file_is_served_with_its_type(furnished: Furnished, name: str) -> None:
    answer = browser(furnished.box, furnished.clock()).get(f"/static/{name}")
    assert answer.status_code == 200
    assert answer.content == (WEB / "static" / name).read_bytes()
    types = {".css": "text/css", ".js": "text/javascript", ".svg": "image/svg+xml", ".webmanifest": "application/manifest+json"}
    assert answer.headers["content-type"].partition(";")[0] == types[Path(name).suffix]


@pytest.mark.parametrize(
    "path",
    ["/static/../app.py", "/static/%2e%2e/app.py", "/static/..%2fapp.py", "/static//etc/passwd", "/static/%2fetc%2fpasswd", "/static/",
     "/static/..%5capp.py", "/static/console.css%00", "/static/../../../../etc/passwd"],
)  # fmt: skip
def test_nothing_but_static_files_is_served(furnished: Furnished, path: str) -> None:
    answer = browser(furnished.box, furnished.clock()).get(path)
    assert answer.status_code == 404
    assert "root:" not in answer.text and "import" not in answer.text


@pytest.mark.parametrize(
    "path",
    [
        "/nope",
        "/calls/aaaaaaaaaaaaaaaa",
        "/calls/ABC",
        "/calls/..%2f..%2fetc",
        "/calls/x/audio",
        "/docs",
        "/openapi.json",
        "/redoc",
    ],
)
def test_what_is_not_there_is_a_page_that_says_so(furnished: Furnished, path: str) -> None:
    client = signed_in(furnished)
    page = client.get(path)
    assert page.status_code == 404
    assert "ここには何もありません" in page.text
    plain = client.get(path, headers={"Accept": "application/json"})
    assert (plain.status_code, plain.text) == (404, "404")


def test_a_box_that_cannot_do_it_says_so_in_a_sentence_with_503(own: Furnished) -> None:
    call = own.calls["inbound"]
    own.sealed("inbound").unlink()
    client = signed_in(own, "en")
    page = client.get(f"/calls/{call}/audio")
    assert page.status_code == 503
    assert "That did not work, and nothing was lost." in page.text
    plain = client.get(f"/calls/{call}/audio", headers={"Accept": "audio/*"})
    assert plain.status_code == 503
    assert own.recording("inbound").facts.recording in plain.text


def test_a_running_console_says_how_it_is_and_that_it_was_stopped(own: Furnished) -> None:
    def said() -> list[tuple[str, str]]:
        with own.ledger() as ledger:
            return [(beat.service, beat.state) for beat in ledger.heartbeats()]

    with signed_in(own):
        until("the first heartbeat", lambda: said() == [("web", "ok")])
        assert (own.box.folders.run / "web.sock").is_socket(), "its bell hangs"
    assert said() == [("web", "stopped")]
