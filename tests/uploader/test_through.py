"""A wrapper that changes nothing is the store itself, whether it takes parts or not."""

from __future__ import annotations

from pathlib import Path

from tests.fakes.store import FakeParts, FakeStore
from uploader.source import Source
from uploader.store import Parts, Stored
from uploader.through import Through


def test_every_question_is_passed_on(tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"0123456789")
    below = FakeParts(part=6)
    store = Through(below)
    assert isinstance(store, Parts)
    store.put("a", Source(tmp_path / "file"))
    assert (store.look("a"), list(store.list("")), b"".join(store.read("a", 2, 5))) == (Stored("a", 10), [Stored("a", 10)], b"234")
    assert (store.part_bytes(10), store.part_bytes(6)) == (6, 0)
    upload = store.begin("b")
    tags = [(store.put_part("b", upload, 1, Source(tmp_path / "file")), "")]
    assert [found.upload for found in store.unfinished("b")] == [upload]
    store.complete("b", upload, tags)
    store.abort("b", upload)
    assert below.objects["b"] == b"0123456789"


def test_a_store_without_parts_stays_one() -> None:
    store = Through(FakeStore())
    assert store.part_bytes(1 << 40) == 0
    assert list(store.unfinished("")) == []
