"""A page asks, root answers: what is no request is dropped, and a link leads root nowhere."""

from __future__ import annotations

from pathlib import Path

import pytest

from appliance import root_requests
from appliance.box import Box
from appliance.errors import CouldNotError
from appliance.root_requests import Answer, answer_to, answers, ask, is_known, settle, waiting

NOW = 1_790_000_000_000_000_000


@pytest.fixture
def box(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Box:
    """A box where somebody else takes requests up."""
    monkeypatch.setattr(root_requests, "is_installed", lambda box: True)
    monkeypatch.setattr(root_requests, "SYSTEM_CONFIG", tmp_path / "etc" / "appliance.toml")
    return Box.at(tmp_path / "var")


def answered(asked: str, *, at: int = NOW) -> Answer:
    return Answer(id=asked, do="confirm", who="tanaka", why="", at=at, ok=True, said="the change stays")


def test_a_request_waits_until_it_is_answered(box: Box) -> None:
    asked = ask(box, "confirm", "tanaka", "a reason", NOW, {"text": "値"})
    (request,) = waiting(box)
    assert (request.id, request.do, request.who, request.why, request.values) == (
        asked, "confirm", "tanaka", "a reason", {"text": "値"},
    )  # fmt: skip
    assert answer_to(box, asked) is None and is_known(box, asked)
    settle(box, answered(asked))
    assert list(waiting(box)) == []
    assert answer_to(box, asked) == answered(asked) and is_known(box, asked)
    assert not is_known(box, f"{NOW:019d}-00000000") and not is_known(box, "../appliance")


def test_requests_are_done_in_the_order_in_which_they_were_asked(box: Box) -> None:
    asked = [ask(box, "confirm", "tanaka", "", NOW + place) for place in (2, 0, 1)]
    assert [request.id for request in waiting(box)] == [asked[1], asked[2], asked[0]]


@pytest.mark.parametrize("text", [b"", b"{}", b"[" * 5000, b"null", b'{"id": 1, "do": 2, "who": 3, "why": 4}', b"\xff" * (2 << 20)])
def test_what_is_no_request_is_dropped(box: Box, text: bytes) -> None:
    folder = box.folders.data / "requests"
    folder.mkdir(parents=True)
    (folder / "0.json").write_bytes(text)
    assert list(waiting(box)) == []
    assert list(folder.iterdir()) == []


def test_a_request_under_another_name_is_dropped(box: Box) -> None:
    asked = ask(box, "confirm", "tanaka", "", NOW)
    path = box.folders.data / "requests" / f"{asked}.json"
    path.rename(path.with_name("x.json"))
    assert list(waiting(box)) == []


def test_a_link_is_neither_read_nor_followed(box: Box, tmp_path: Path) -> None:
    asked = ask(box, "confirm", "tanaka", "", NOW)
    path = box.folders.data / "requests" / f"{asked}.json"
    path.rename(tmp_path / "elsewhere.json")
    path.symlink_to(tmp_path / "elsewhere.json")
    assert list(waiting(box)) == []
    assert (tmp_path / "elsewhere.json").exists()


def test_a_folder_that_was_turned_into_a_link_is_refused(box: Box, tmp_path: Path) -> None:
    ask(box, "confirm", "tanaka", "", NOW)
    folder = box.folders.data / "requests"
    folder.rename(tmp_path / "elsewhere")
    folder.symlink_to(tmp_path / "elsewhere")
    with pytest.raises(CouldNotError, match="is no folder"):
        list(waiting(box))


def test_a_name_that_is_no_id_leads_to_no_file(box: Box) -> None:
    assert answer_to(box, "../../etc/passwd") is None


def test_only_the_newest_answers_are_kept(box: Box, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(root_requests, "KEPT", 2)
    for place in range(3):
        settle(box, answered(f"{NOW + place}-0000000{place}", at=NOW + place))
    assert [answer.at for answer in answers(box)] == [NOW + 2, NOW + 1]
