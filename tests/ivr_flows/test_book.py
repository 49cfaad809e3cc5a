"""A call meets the flows of the moment it begins; one that cannot be read stays as it was."""

from __future__ import annotations

import pytest

from appliance import flow_shelf
from appliance.box import Box
from ivr_flows.book import Book
from ivr_flows.said import Spoken
from tests.bed.exchange import publish
from tests.ivr_flows.lobby import MENU

SAID = Spoken("ありがとうございました。", "ja")


def test_nothing_is_read_again_while_no_pointer_moves(box: Box) -> None:
    publish(box.folders.data, MENU)
    book = Book(box)
    assert book.now() is book.now()
    assert book.now().revisions == {"main": "0001-abcdefgh"}


def test_who_has_a_snapshot_keeps_it_when_somebody_publishes(box: Box) -> None:
    publish(box.folders.data, MENU)
    book = Book(box)
    before = book.now()
    publish(box.folders.data, MENU.replace("go: sales", "go: bye"), 2)
    assert book.now().revisions == {"main": "0002-abcdefgh"}
    assert before.around.book["main"].nodes["menu"].next("1") == "sales"
    assert book.now().around.book["main"].nodes["menu"].next("1") == "bye"


def test_a_flow_that_is_damaged_stays_as_it_was_and_it_is_said(box: Box, caplog: pytest.LogCaptureFixture) -> None:
    publish(box.folders.data, MENU)
    book = Book(box)
    book.now()
    publish(box.folders.data, MENU, 2)
    (flow_shelf.revision_folder(box.folders.data, "main", "0002-abcdefgh") / "meta.json").write_text("{")
    assert book.now().revisions == {"main": "0001-abcdefgh"}
    assert "publish the flow again" in caplog.text


def test_a_box_without_flows_has_none(box: Box) -> None:
    assert Book(box).now().around.book == {}


def test_a_sound_is_that_of_the_calls_own_revision(box: Box) -> None:
    publish(box.folders.data, MENU)
    book = Book(box)
    before = book.now()
    publish(box.folders.data, MENU, 2)
    found = [book.sound(snapshot, "main", SAID) for snapshot in (before, book.now())]
    assert [path.parts[-3] for path in found if path] == ["0001-abcdefgh", "0002-abcdefgh"]
    assert book.sound(before, "main", Spoken("nie gesagt", "ja")) is None


def test_the_switches_are_those_of_the_calendars(box: Box) -> None:
    calendar = 'calendars:\n  office: {open: {mon-fri: "09:00-18:00"}, switch: night}\nnodes:\n'
    publish(box.folders.data, MENU.replace("nodes:\n", calendar))
    assert Book(box).now().switches == ("night",)
