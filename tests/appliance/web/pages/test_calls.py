"""Calls are found as people look for them, page by page without gap or double, and each shows its facts.

That a recording is heard unaltered and by whom is in `test_calls_sound.py`.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlencode

import pytest
from hypothesis import given
from hypothesis import strategies as st

from appliance import ids
from appliance.box import Box
from appliance.ledger import Ledger
from appliance.moments import SECOND, from_iso
from appliance.records import LegTied, Record
from tests.appliance.furnished import Furnished, TestClient, browser, signed_in
from tests.fakes import facts
from tests.fakes.clock import FakeClock

CHUNK = 64 * 1024
WORDS = st.text(max_size=80) | st.sampled_from(["%", "_", "\\", "%%", "a%b_", "'", '"', "\0", "0", "-", "+81", "😀", "x" * 5_000])
DATES = (
    st.dates().map(str)
    | st.datetimes().map(str)
    | st.sampled_from(["0001-01-01", "9999-12-31", "2026-W01-1", "20261122", "２０２６-11-22"])
)
CURSORS = st.builds(
    "{}.{}".format, st.integers(-(2**70), 2**70) | st.text(max_size=20), st.sampled_from(["aaaaaaaaaaaaaaaa", "AAAA", "", "x.y"])
)


def listed(page: str) -> list[str]:
    """The ids of the calls that a page lists, in order."""
    return re.findall(r'<td class="when"><a href="/calls/([a-z2-7]{16})">', page)


def found_by(client: TestClient, **query: str) -> list[str]:
    answer = client.get("/calls", params=query)
    assert answer.status_code == 200
    return listed(answer.text)


def every_page(client: TestClient, **query: str) -> Iterator[list[str]]:
    """The pages one after the other, as the link to older calls leads."""
    address = f"/calls?{urlencode(query)}"
    for _ in range(100):
        page = client.get(address).text
        yield listed(page)
        following = re.search(r'rel="next" href="([^"]+)"', page)
        if following is None:
            return
        address = following[1].replace("&amp;", "&")
    raise AssertionError("the pages have no end")


def add(ledger: Ledger, *records: Record) -> None:
    ledger.append(*records)


# Finding


@pytest.mark.parametrize(
    "typed",
    [
        "09012345678", "090-1234-5678",
        "０９０－１２３４－５６７８", "0901234", "1234-5678", "5678", "090 1234", "(090)1234", "+819012345678",
        "+81 90-1234-5678", "+81-90", "tel:09012345678", " 090 ", "０９０ー１２３４",
    ],
)  # fmt: skip
def test_a_number_is_found_however_it_is_typed(furnished: Furnished, typed: str) -> None:
    assert furnished.calls["inbound"] in found_by(signed_in(furnished), number=typed)


@pytest.mark.parametrize(
    ("typed", "samples"),
    [
        ("09012345678", {"inbound"}),
        ("06-6123", {"outbound"}),
        ("03-1234-5678", {"inbound", "missed", "anonymous", "outbound"}),
        ("03-1234-5679", {"counselling"}),
        ("佐藤", {"internal"}),
        ("anonymous", {"anonymous"}),
        ("payphone", {"missed"}),
        ("999999", set()),
        ("nobody", set()),
    ],
)
def test_a_search_finds_what_fits_and_nothing_else(furnished: Furnished, typed: str, samples: set[str]) -> None:
    assert set(found_by(signed_in(furnished), number=typed)) == {furnished.calls[name] for name in samples}


@pytest.mark.parametrize("typed", ["%", "_", "%%", "0901234_678", "090%678", "\\", "\\%", "佐%", "_藤", "\0", "'", '"', "\0佐藤"])
def test_signs_that_mean_something_to_the_database_are_letters(furnished: Furnished, typed: str) -> None:
    assert found_by(signed_in(furnished), number=typed) == []


def test_signs_that_stand_in_a_name_are_found(own: Furnished) -> None:
    names = {"100%": "a" * 16, "1000": "b" * 16, "a_b": "c" * 16, "acb": "d" * 16, "back\\slash": "e" * 16}
    with own.ledger() as ledger:
        add(ledger, *(facts.ringing(call=call, caller_name=name, at=own.now) for name, call in names.items()))
    for typed, name in (("100%", "100%"), ("a_b", "a_b"), ("k\\s", "back\\slash")):
        assert found_by(signed_in(own), number=typed) == [names[name]]


@pytest.mark.parametrize("direction", ["inbound", "outbound", "internal"])
def test_a_direction_is_a_condition(furnished: Furnished, direction: str) -> None:
    found = found_by(signed_in(furnished), direction=direction)
    assert set(found) == {call for name, call in furnished.calls.items() if furnished.call(name).direction == direction}
    assert 0 < len(found) < len(furnished.calls)


def test_what_became_of_a_call_is_a_condition(own: Furnished) -> None:
    with own.ledger() as ledger:
        add(ledger, facts.ringing(call="a" * 16, at=own.now))
    client = signed_in(own)
    recorded = {own.calls[name] for name in ("inbound", "anonymous", "internal", "outbound")}
    assert set(found_by(client, outcome="recorded")) == recorded
    assert set(found_by(client, outcome="not_recorded")) == {own.calls["missed"], own.calls["counselling"]}
    assert found_by(client, outcome="open") == ["a" * 16]


def test_conditions_together_hold_together(furnished: Furnished) -> None:
    client = signed_in(furnished)
    assert found_by(client, number="0312345678", direction="inbound", outcome="recorded", begin="2020-01-01", end="2099-12-31") == [
        furnished.calls["anonymous"],
        furnished.calls["inbound"],
    ]
    assert found_by(client, number="09012345678", direction="outbound") == []


@pytest.mark.parametrize(
    ("zone", "day", "first", "last"),
    [
        ("Asia/Tokyo", "2026-11-22", "2026-11-21T15:00:00", "2026-11-22T14:59:59"),
        ("UTC", "2026-11-22", "2026-11-22T00:00:00", "2026-11-22T23:59:59"),
        ("America/New_York", "2026-03-08", "2026-03-08T05:00:00", "2026-03-09T03:59:59"),
        ("America/New_York", "2026-11-01", "2026-11-01T04:00:00", "2026-11-02T04:59:59"),
    ],
)
def test_a_day_is_a_day_at_the_site_even_when_the_clocks_are_changed(
    tmp_path: Path, zone: str, day: str, first: str, last: str
) -> None:
    data = tmp_path / "var"
    data.mkdir()
    (data / "appliance.toml").write_text(f'[site]\ntimezone = "{zone}"\n')
    box = Box.at(data)
    moments = [from_iso(first), from_iso(last)]
    with Ledger.open(box.folders.ledger) as ledger:
        add(ledger, *(
            facts.ringing(call=ids.hash_id(moment, step), at=moment + step * SECOND)
            for moment, steps in zip(moments, ((-1, 0), (0, 1)), strict=True) for step in steps
        ))  # fmt: skip
        token = quick_session(ledger)
    client = browser(box, FakeClock(), token)
    inside = [ids.hash_id(moments[1], 0), ids.hash_id(moments[0], 0)]
    assert found_by(client, begin=day, end=day) == inside
    assert found_by(client, begin=day)[1:] == inside
    assert found_by(client, end=day)[:-1] == inside


def quick_session(ledger: Ledger) -> str:
    """A session without the minutes of argon2: its rows as a sign-in writes them."""
    now, token = FakeClock().now(), "a-token"
    ledger.connection.execute("INSERT INTO account (name, password, one_time, created_at) VALUES ('admin', '!', 0, 0)")
    row = (hashlib.sha256(token.encode()).digest(), "admin", "csrf", now, now, "-")
    ledger.connection.execute("INSERT INTO session (token, account, csrf, created_at, seen_at, address) VALUES (?,?,?,?,?,?)", row)
    return token


@pytest.fixture(scope="module")
def looking(furnished: Furnished) -> TestClient:
    """One browser for many looks."""
    return signed_in(furnished)


@given(number=WORDS, begin=DATES | WORDS, end=DATES | WORDS, direction=WORDS, outcome=WORDS, before=CURSORS | WORDS)
def test_no_search_breaks_the_page(
    looking: TestClient, number: str, begin: str, end: str, direction: str, outcome: str, before: str
) -> None:
    query = {"number": number, "begin": begin, "end": end, "direction": direction, "outcome": outcome, "before": before}
    assert looking.get("/calls", params=query).status_code == 200


@pytest.mark.parametrize(
    "query", ["number=%ff%fe", "number=%ED%A0%80", "number", "number=a&number=b", "=&&;", "begin[]=x", "%00=%00"]
)
def test_no_query_string_breaks_the_page(furnished: Furnished, query: str) -> None:
    assert signed_in(furnished).get(f"/calls?{query}").status_code == 200


def test_what_was_looked_for_stays_in_the_form(furnished: Furnished) -> None:
    query = {"number": '"><b>', "begin": "2026-11-22", "end": "2026-11-23", "direction": "inbound", "outcome": "recorded"}
    page = signed_in(furnished).get("/calls", params=query).text
    assert 'value="&#34;&gt;&lt;b&gt;"' in page
    assert 'name="begin" type="date" value="2026-11-22"' in page
    assert 'name="end" type="date" value="2026-11-23"' in page
    assert '<option value="inbound" selected>' in page
    assert '<option value="recorded" selected>' in page


# Paging


@pytest.fixture
def many(own: Furnished) -> list[str]:
    """180 further calls, many of them begun at the same moment; the ids, newest first."""
    moments = {ids.hash_id("many", place): own.now - place // 7 * SECOND for place in range(180)}
    with own.ledger() as ledger:
        add(
            ledger,
            *(
                facts.ringing(call=call, at=at, caller="0455551234", caller_name=f"多{place}")
                for place, (call, at) in enumerate(moments.items())
            ),
        )
    return sorted(moments, key=lambda call: (moments[call], call), reverse=True)


def test_the_pages_hold_every_call_once_newest_first(own: Furnished, many: list[str]) -> None:
    pages = list(every_page(signed_in(own)))
    shown = [call for page in pages for call in page]
    assert shown[: len(many)] == many
    assert sorted(shown) == sorted([*many, *own.calls.values()])
    assert [len(page) for page in pages] == [50, 50, 50, 36]


def test_the_pages_keep_to_the_search(own: Furnished, many: list[str]) -> None:
    shown = [
        call for page in every_page(signed_in(own), number="045-555", direction="inbound", begin="2026-01-01") for call in page
    ]
    assert shown == many


def test_calls_that_come_in_meanwhile_double_nothing(own: Furnished, many: list[str]) -> None:
    shown: list[str] = []
    for place, page in enumerate(every_page(signed_in(own))):
        shown += page
        with own.ledger() as ledger:
            add(ledger, *(facts.ringing(call=ids.hash_id("late", place, extra), at=own.now + SECOND) for extra in range(20)))
    assert sorted(shown) == sorted([*many, *own.calls.values()])


def test_a_page_that_is_just_full_has_no_next(own: Furnished) -> None:
    with own.ledger() as ledger:
        add(ledger, *(facts.ringing(call=ids.hash_id(place), at=own.now) for place in range(50 - len(own.calls))))
    assert [len(page) for page in every_page(signed_in(own))] == [50]


# One call


def test_a_call_shows_its_facts_its_player_and_its_proof(furnished: Furnished) -> None:
    page = signed_in(furnished, "en").get(f"/calls/{furnished.calls['inbound']}").text
    recording = furnished.recording("inbound").facts
    for fact in (
        "090-1234-5678",
        "03-1234-5678",
        recording.sealed_sha256,
        recording.chain,
        recording.signature,
        "PCMU",
        "p-called-party-id:",
    ):
        assert fact in page
    assert re.search(rf'<audio [^>]*src="/calls/{furnished.calls["inbound"]}/audio"', page)


@pytest.mark.parametrize(
    ("silent", "words"), [("", ""), ("caller", "the caller was not heard"), ("called", "the called side was not heard")]
)
def test_a_call_says_how_each_side_arrived_and_where_losses_arose(own: Furnished, silent: str, words: str) -> None:
    with own.ledger() as ledger:
        heard = facts.ready(
            call="c" * 16, recording="c" * 16, sequence=99, quality=facts.poor(silent), one_sided=bool(silent), lost=16
        )
        add(ledger, facts.ringing(call="c" * 16, at=own.now), heard)
    page = " ".join(signed_in(own, "en").get(f"/calls/{'c' * 16}").text.split())
    for said in (
        '<abbr title="ITU-T G.107, R 71.2">MOS 3.6</abbr> · jitter 12.3 ms · 48.2 ms to this side and back', "clock fast by 31.5 ppm",
        "4 packets came late", "up to 3 packets lost in a row", "60 ms interpolated", "interrupted for 2.0 s", "reports MOS 3.4",
        '<abbr title="RTCP receiver reports">Where losses arose</abbr>', "3 packets on the network",
        "4 packets at the mirror port or in this recorder", "7 packets of unknown origin", "5 packets on the way to the listener",
        "clock slow by 12.0 ppm",
        "this recorder dropped 12 frames of all traffic meanwhile",
        "Where losses arose is not known: no telephone reported on this side (RTCP).", words,
    ):  # fmt: skip
        assert said in page
    assert page.count("was not heard") == bool(silent)


def test_a_recording_of_an_older_release_is_shown_all_the_same(own: Furnished) -> None:
    with own.ledger() as ledger:
        quality = {"caller": {"packets": 3000, "jitter": 1.0}, "called": {"packets": 0}}
        add(
            ledger,
            facts.ringing(call="c" * 16, at=own.now),
            facts.ready(call="c" * 16, recording="c" * 16, sequence=99, quality=quality),
        )
    assert "jitter 1.0 ms" in signed_in(own, "en").get(f"/calls/{'c' * 16}").text


def test_a_call_without_recording_says_why(furnished: Furnished) -> None:
    page = signed_in(furnished, "en").get(f"/calls/{furnished.calls['counselling']}").text
    assert "This line is never recorded" in page
    assert "<audio" not in page


def test_a_call_under_way_and_one_that_is_being_made_say_so(own: Furnished) -> None:
    with own.ledger() as ledger:
        add(
            ledger,
            facts.ringing(call="a" * 16, at=own.now),
            facts.ringing(call="b" * 16, at=own.now),
            facts.ended(call="b" * 16, at=own.now + 1),
        )
    client = signed_in(own, "en")
    assert "The call is under way." in client.get(f"/calls/{'a' * 16}").text
    assert "The recording is being made." in client.get(f"/calls/{'b' * 16}").text


def test_a_call_names_its_legs_and_each_leg_the_call_in_which_it_is_heard(own: Furnished) -> None:
    main, leg = ids.call_id("main", "", 1), ids.call_id("leg", "", 2)
    client = signed_in(own)
    with Ledger.open(own.box.folders.ledger) as ledger:
        ledger.append(
            facts.ringing(call=main), facts.ringing(call=leg, called="201", called_e164=None),
            LegTied(at=1, call=leg, main=main, to=main, why="refer", swapped=False),
            facts.ended(call=leg), facts.not_recorded(call=leg, reason="tied", detail=f"call {main}"),
        )  # fmt: skip
    page = client.get(f"/calls/{main}").text
    assert f'href="/calls/{leg}"' in page
    assert "転送" in page
    page = client.get(f"/calls/{leg}").text
    assert page.count(f'href="/calls/{main}"') == 2
    assert "別の通話の一部" in page
