"""Every sentence of the console is there in Japanese, and a browser gets the language it likes better."""

from __future__ import annotations

import html
import re
from datetime import UTC
from html.parser import HTMLParser
from zoneinfo import ZoneInfo

import httpx
import pytest
from babel.messages.catalog import Message
from babel.messages.pofile import read_po
from hypothesis import given
from hypothesis import strategies as st

from appliance import first_code, hardware, ids
from appliance.box import Box
from appliance.ledger import Ledger
from appliance.moments import SECOND
from appliance.records import Heartbeat
from appliance.web import i18n, labels
from appliance.web.accounts import Accounts
from appliance.web.setup_steps import STEPS
from capture.diagnosing import Diagnosing
from tests.appliance.furnished import PASSWORD, Furnished, TestClient, browser, signed_in
from tests.appliance.troubled import trouble
from tests.appliance.web.pages.test_diagnosis import keep
from tests.fakes import facts
from tests.tools.messages import CATALOGUE, template

TOKYO = ZoneInfo("Asia/Tokyo")
PLACE = re.compile(r"%\(\w+\)[a-z]|%%|%")
MOMENT = 1_790_000_000 * SECOND
"""2026-09-21T14:13:20Z, a Monday."""


def said() -> list[Message]:
    """Every sentence in code and templates."""
    return [message for message in template() if message.id]


def forms(text: object) -> list[str]:
    """A sentence in all its forms (singular, plural)."""
    return list(text) if isinstance(text, (tuple, list)) else [str(text)]


def translated() -> dict[str, list[str]]:
    """The Japanese of each sentence, by its English."""
    with CATALOGUE.open("rb") as file:
        return {forms(message.id)[0]: forms(message.string) for message in read_po(file, locale="ja") if message.id}


def test_there_are_sentences_from_templates_from_labels_and_from_checks() -> None:
    places = {name.split("/")[1] for message in said() for name, _ in message.locations}
    assert {"web", "health"} <= places
    assert len(said()) > 150


def test_every_sentence_is_in_the_catalogue_with_a_translation() -> None:
    japanese = translated()
    missing = [forms(message.id)[0] for message in said() if not all(japanese.get(forms(message.id)[0], [""]))]
    assert not missing, "run `make messages`, then translate"


def test_a_translation_has_the_same_places_to_fill_in() -> None:
    japanese = translated()
    for message in said():
        english = forms(message.id)
        wanted = sorted(PLACE.findall(english[-1]))
        for form in japanese[english[0]]:
            assert sorted(PLACE.findall(form)) == wanted, english[0]


def test_a_translation_is_japanese() -> None:
    for english, forms_of_it in translated().items():
        for form in forms_of_it:
            assert re.search(r"[\u3040-\u30ff\u4e00-\u9fff]", form) or english == form, (english, form)


def test_the_catalogue_holds_no_sentence_that_nobody_says() -> None:
    assert set(translated()) <= {forms(message.id)[0] for message in said()}


def test_the_japanese_catalogue_is_in_force_and_english_is_what_the_code_says() -> None:
    assert i18n.catalogue("ja").gettext("Sign in") == "サインイン"
    assert i18n.catalogue("en").gettext("Sign in") == "Sign in"


@pytest.mark.parametrize(
    ("header", "language"),
    [
        ("", "ja"),
        ("  ", "ja"),
        ("ja", "ja"),
        ("ja-JP,ja;q=0.9,en-US;q=0.8,en;q=0.7", "ja"),
        ("en-US,en;q=0.9,ja;q=0.8", "en"),
        ("en;q=0.5, ja;q=0.8", "ja"),
        ("EN-gb", "en"),
        ("ja-Jpan-JP", "ja"),
        ("fr-FR,fr;q=0.9,ja;q=0.5,en;q=0.1", "ja"),
        ("fr, de;q=0.9", "en"),
        ("ja;q=0, en;q=0.1", "en"),
        ("ja;q=0, fr", "en"),
        ("en;q=0.0, ja;q=0.001", "ja"),
        ("ja;q=nonsense, en", "en"),
        ("javanese, english", "en"),
        (";;;,,,", "en"),
        ("ja ; q = 0.4 , en ; q = 0.3", "ja"),
    ],
)
def test_a_browser_gets_the_language_it_likes_better(header: str, language: str) -> None:
    assert i18n.choose(header) == language


@given(st.text(max_size=200) | st.lists(st.sampled_from(["ja", "en", ";q=", "0", "1.", ",", "-", " ", "*"])).map("".join))
def test_any_header_gives_one_of_our_languages(header: str) -> None:
    assert i18n.choose(header) in i18n.LANGUAGES


def test_a_huge_header_is_no_work() -> None:
    assert i18n.choose("fr," * 100_000 + "ja") == "en"


def test_moments_are_written_as_people_of_the_language_write_them_in_the_sites_zone() -> None:
    assert i18n.date_time(MOMENT, "ja", TOKYO) == "2026/09/21(月) 23:13:20"
    assert i18n.date_time(MOMENT, "en", TOKYO) == "Mon 2026-09-21 23:13:20"
    assert i18n.date_time(MOMENT, "en", UTC) == "Mon 2026-09-21 14:13:20"
    assert i18n.clock_time(MOMENT, "ja", TOKYO) == "23:13:20"
    assert i18n.date_time(None, "ja", TOKYO) == i18n.clock_time(None, "ja", TOKYO) == ""
    assert i18n.date_time(0, "en", UTC) == "Thu 1970-01-01 00:00:00", "the epoch is a moment too"


@pytest.mark.parametrize(
    ("seconds", "shown"),
    [
        (0, "0:00"),
        (0.4, "0:00"),
        (59.6, "1:00"),
        (61, "1:01"),
        (3599.4, "59:59"),
        (3599.6, "1:00:00"),
        (36_061, "10:01:01"),
        (-5, "0:00"),
    ],
)
def test_a_length_is_written_in_minutes_or_hours(seconds: float, shown: str) -> None:
    assert i18n.length(seconds) == shown


# The pages


class Words(HTMLParser):
    """What a page says: its texts and the attributes that people are shown or read."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.said: list[str] = []
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.said += [value for name, value in attrs if value and name in ("title", "alt", "aria-label", "placeholder")]

    def handle_data(self, data: str) -> None:
        self.said.append(" ".join(data.split()))


def pages_of_a_new_box(at: Furnished) -> dict[str, httpx.Response]:
    """The steps of a box on which nothing was done."""
    fresh = Box.at(at.box.folders.data.parent / "bare")
    with Ledger.open(fresh.folders.ledger) as ledger:
        accounts = Accounts(ledger, lambda: at.now, 12)
        client = browser(fresh, at.clock(), accounts.sign_in("admin", accounts.one_time_password("admin"), "-"))
        ledger.beat(Heartbeat(at=at.now, service="capture", pid=1, state="ok", detail={"interface": "mirror0"}))
        hardware.write(fresh.folders, hardware.Hardware(at=at.now, synchronised=False))
    csrf = re.findall(r'name="csrf" value="([^"]+)"', client.get("/account").text)[0]
    change = client.post("/setup/text", data={"csrf": csrf, "do": "look", "text": "[health]\ndisk_hours = 5\n"})
    addresses = [
        "/calls",
        "/calls?number=1",
        "/health",
        "/customers",
        "/completeness",
        "/users/roles/new",
        "/erase",
        "/setup",
        "/setup/text",
    ]
    return {"a change": change} | {f"new {name}": client.get(name) for name in [*addresses, *(f"/setup/{step}" for step in STEPS)]}


def every_page(at: Furnished) -> dict[str, str]:
    """Every page in Japanese, in as many states as there are."""
    with at.ledger() as ledger:
        ledger.append(facts.ringing(call="a" * 16, at=at.now), facts.ringing(call="b" * 16, at=at.now, start_seen=False))
        ledger.append(facts.ended(call="b" * 16, at=at.now + SECOND))
        changes = {
            "one_sided": True,
            "cut": True,
            "lost": 3,
            "quality": facts.poor(),
            "recording": "c" * 16,
            "call": "c" * 16,
            "sequence": 99,
        }
        ledger.append(facts.ringing(call="c" * 16, at=at.now), facts.ready(**changes), facts.stored(recording="c" * 16))
        for place, reason in enumerate(labels.NOT_RECORDED):
            call = ids.hash_id(place)
            ended = facts.ended(call=call, reason=list(labels.END)[place])
            ledger.append(facts.ringing(call=call, at=at.now), ended, facts.not_recorded(call=call, reason=reason, detail=""))
        one_time = Accounts(ledger, lambda: at.now, 12)
        newcomer = browser(at.box, at.clock(), one_time.sign_in("suzuki", one_time.one_time_password("suzuki"), "-"))
    inside, outside = signed_in(at), browser(at.box, at.clock())
    csrf = re.findall(r'name="csrf" value="([^"]+)"', inside.get("/account").text)[0]
    calls = [*at.calls.values(), "a" * 16, "b" * 16, "c" * 16]
    inside.get(f"/calls/{at.calls['inbound']}/audio")
    inside.get(f"/calls/{at.calls['inbound']}/download")
    filled = {"csrf": csrf, "new": "something long", "again": "something long"}
    addresses = [
        "/calls",
        "/calls?number=12345&direction=inbound",
        "/calls?outcome=open",
        "/live",
        "/health",
        "/account",
        "/users",
        "/users/people/admin",
        "/users/people/suzuki",
        "/users/roles/new",
        "/users/roles/administrator",
        "/users/roles/operator",
        "/customers",
        "/customers?q=nobody",
        "/customers/new",
        "/customers/duplicates",
        "/customers/import",
        "/register",
        "/register?kind=Listened&who=nobody",
        "/requests",
        "/completeness",
        "/erase",
        "/disclosures",
        "/phone",
        "/phone/flows",
        "/phone/hours",
        "/phone/prompts",
        "/calls?number=0000000000",
        "/nothing",
        "/setup",
        *(f"/setup/{step}" for step in STEPS),
        "/setup/store?tried=1",
        "/opening",
        f"/opening?since={at.now}",
        f"/opening?since={at.now - 3600 * SECOND}",
    ]
    waits = at.box.folders.data / "requests" / f"{at.now:019d}-00000000.json"
    waits.parent.mkdir(exist_ok=True)
    waits.write_text("{}")
    pages = {address: inside.get(address) for address in [*addresses, *(f"/calls/{call}" for call in calls)]}
    pages |= {
        "sign-in": outside.get("/sign-in"),
        "wrong": outside.post("/sign-in", data={"name": "x", "password": "y"}),
        "one-time": newcomer.get("/account"),
        "banner": newcomer.get("/calls"),
        "wrong password": inside.post("/account", data={**filled, "old": "wrong"}),
        "they differ": inside.post("/account", data={**filled, "again": "another"}),
        "weak": inside.post("/account", data={**filled, "old": PASSWORD, "new": "x", "again": "x"}),
        "plan": inside.post("/erase", data={**filled, "number": "090-1234-5678", "why": "case"}),
        "nothing to erase": inside.post("/erase", data={**filled, "number": "0000000000", "why": "case"}),
        "not meant": inside.post("/erase", data={**filled, "number": "090-1234-5678", "why": "case", "do": "erase"}),
        "no number": inside.post("/erase", data={**filled, "why": "case"}),
        "a person's calls": inside.post("/disclosures", data={**filled, "number": "090-1234-5678", "why": "case"}),
        "nobody's calls": inside.post("/disclosures", data={**filled, "number": "0120-000-000"}),
        "nothing chosen": inside.post("/disclosures", data={**filled, "number": "090-1234-5678", "why": "case", "do": "pack"}),
        "old form": inside.post("/account", data={"csrf": "x"}),
        "no such method": inside.delete("/calls"),
        "nameless role": inside.post("/users/roles/new", data={"csrf": csrf}),
        "new account": inside.post("/users", data={"csrf": csrf, "name": "ito", "role": "operator"}),
        "the last master": inside.post("/users/people/admin", data={"csrf": csrf, "do": "close"}),
        **{f"token {form['name']}": inside.post("/users/tokens", data={"csrf": csrf, **form}) for form in TOKENS},
        "tokens": inside.get("/users/tokens"),
        **every_page_of_diagnosis(at, inside),
        **every_step_of_an_import(inside, csrf, at.calls["inbound"]),
        "no right": newcomer.get("/health"),
        "a change that waits": inside.get(f"/setup/change/{waits.stem}"),
        **pages_of_a_new_box(at),
        "new factor": inside.post("/account/second-factor", data={"csrf": csrf, "do": "begin"}),
    }
    pages |= the_first_sign_in(at)
    for _ in range(5):
        pages["throttled"] = outside.post("/sign-in", data={"name": "x", "password": "y"})
    at.sealed("inbound").unlink()
    pages["gone"] = inside.get(f"/calls/{at.calls['inbound']}/audio")
    return {name: answer.text for name, answer in pages.items()}


def the_first_sign_in(at: Furnished) -> dict[str, httpx.Response]:
    """The pages of a box that nobody has signed in to."""
    data = at.box.folders.data / "new"
    data.mkdir()
    client = browser(Box.at(data), at.clock())
    pages = {"no code": client.get("/first")}
    with Ledger.open(Box.at(data).folders.ledger) as ledger:
        form = {"code": first_code.make(ledger, at.now, "root"), "name": "sato", "password": PASSWORD}
    for name, wrong in (("code", {"code": "x"}), ("name", {"name": "a b"}), ("password", {"password": "x"})):
        pages[f"first {name}"] = client.post("/first", data={**form, **wrong})
    return pages


TOKENS: tuple[dict[str, str], ...] = (
    {"name": "crm", "rights": "search"}, {"name": "crm", "rights": "search"}, {"name": "a b", "rights": "search"}, {"name": "none"},
    {"name": "late", "rights": "search", "days": "0"},
)  # fmt: skip
"""One that can be made, and each way in which one cannot."""


def every_page_of_diagnosis(at: Furnished, inside: TestClient) -> dict[str, httpx.Response]:
    """Without its service, without a capture, with one without speech and one with, and what is in it."""
    found = {"no service": inside.get("/diagnosis")}
    serving = Diagnosing(at.box, at.clock(), "none")
    found["no capture"] = inside.get("/diagnosis")
    for name, whole in (("20261122-120000-0000000a", False), ("20261122-130000-0000000b", True)):
        keep(at, name, whole=whole)
        found |= {f"capture {name}": inside.get(f"/diagnosis/{name}"), f"kept {name}": inside.get("/diagnosis")}
    serving.close()
    return found | {"no ladder": inside.get("/diagnosis/20261122-120000-0000000a")}


def every_step_of_an_import(inside: TestClient, csrf: str, call: str) -> dict[str, httpx.Response]:
    """The book is filled from a table, and looked at."""
    rows = "名前,電話番号,重要,着信拒否\n佐藤,090-1234-5678,1,1\n佐藤,090-1234-5678,,\n,06-1,,\n"
    look = inside.post("/customers/import", data={"csrf": csrf}, files={"table": ("a.csv", rows.encode(), "text/csv")})
    word = re.findall(r'action="/customers/import/([\w-]+)"', look.text)[0]
    columns = ["name", "number", "important", "blocked"]
    inside.post(f"/calls/{call}/note", data={"csrf": csrf, "memo": "x", "follow_up": "open"})
    return {
        "look": look,
        "no columns": inside.post(f"/customers/import/{word}", data={"csrf": csrf, "columns": ["", "", "", ""]}),
        "taken": inside.post(f"/customers/import/{word}", data={"csrf": csrf, "columns": columns, "do": "take"}),
        "gone": inside.post(f"/customers/import/{word}", data={"csrf": csrf, "columns": columns}),
        "no table": inside.post("/customers/import", data={"csrf": csrf}, files={"table": ("a.csv", b"\x00", "text/csv")}),
        "merge": inside.post("/customers/merge", data={"csrf": csrf}),
        "nameless": inside.post("/customers/new", data={"csrf": csrf}),
        "book": inside.get("/customers"),
        "undo": inside.get("/customers/import?undone=1.0"),
        "cards": inside.get("/live"),
    }


@pytest.fixture(scope="module")
def pages(furnished: Furnished, tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """Every page of a box on which much is wrong."""
    at = trouble(furnished.copy(tmp_path_factory.mktemp("pages") / "var"))
    with at.ledger() as ledger:
        ledger.connection.execute("UPDATE session SET seen_at = ?", (at.now,))
    return every_page(at)


def test_no_page_in_japanese_says_a_sentence_in_english(pages: dict[str, str]) -> None:
    english = {id_: re.escape(id_) for id_, forms_of_it in translated().items() if forms_of_it != [id_]}
    patterns = {id_: re.compile(re.sub(r"%\\\(\w+\\\)[a-z]", ".+", pattern)) for id_, pattern in english.items()}
    long = {id_: pattern for id_, pattern in patterns.items() if id_.count(" ") >= 2}
    for name, page in pages.items():
        assert '<html lang="ja">' in page, name
        for said in Words(page).said:
            assert not any(pattern.fullmatch(said) for pattern in patterns.values()), f"{name}: {said}"
            assert not any(pattern.search(said) for pattern in long.values()), f"{name}: {said}"


def test_the_pages_together_say_nearly_all_there_is_to_say(pages: dict[str, str]) -> None:
    """So that the test above is known to look at something. What only checks and commands say is their own tests' business."""
    everything = html.unescape("\n".join(pages.values()))
    own = {forms(message.id)[0] for message in said() if any(name.startswith("appliance/web/") for name, _ in message.locations)}
    unsaid = [id_ for id_ in own if PLACE.split(translated()[id_][0])[0].strip() not in everything]
    assert len(unsaid) < len(own) / 5, unsaid
