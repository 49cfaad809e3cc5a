"""The canary believes nothing: what a store lets happen is found; what is demanded has its mend. Faults F7, F18, F22, F23."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from appliance.box import Box
from appliance.ledger import Ledger
from tests.fakes.clock import FakeClock
from tests.fakes.store import FakeParts, Trouble
from uploader import canary
from uploader.canary import TRUSTED, Capability, Trust, probe, record_of, trust
from uploader.source import Source
from uploader.store import Store, StoreAgainError, StoreRefusedError, open_store


class Provider(FakeParts):
    """A provider that refuses what is in `refuses`, and lets the rest happen."""

    def __init__(self, *refuses: str) -> None:
        super().__init__()
        self.refuses = set(refuses)
        self.ahead = 0.0

    def read(self, key: str, start: int = 0, end: int | None = None) -> Iterator[bytes]:
        if "read" in self.refuses:
            raise StoreRefusedError("AccessDenied")
        yield from super().read(key, start, end)

    def dare_wrong_checksum(self, key: str, source: Source) -> bool:
        return "wrong-checksum" not in self.refuses

    def dare_second(self, key: str, source: Source) -> bool:
        return "only-new" not in self.refuses

    def dare_replace(self, key: str, source: Source) -> bool:
        return "overwrite" not in self.refuses

    def dare_delete(self, key: str) -> bool:
        if "trouble" in self.refuses:
            raise StoreAgainError("not reached")
        return "delete" not in self.refuses

    def dare_list(self, prefix: str) -> bool:
        return "list-others" not in self.refuses

    def clock_offset(self) -> float:
        return self.ahead


ALL = ("wrong-checksum", "overwrite", "delete", "list-others")


def strict(tmp_path: Path) -> Box:
    (tmp_path / "var").mkdir()
    (tmp_path / "var" / "appliance.toml").write_text(f"[store]\nmust_refuse = {list(ALL)}\n")
    return Box.at(tmp_path / "var")


def found(store: Store, box: Box) -> dict[str, Capability]:
    return {one.name: one for one in probe(store, box, FakeClock())}


def problems(capabilities: dict[str, Capability]) -> set[str]:
    return {name for name, one in capabilities.items() if one.mend}


def test_a_strict_provider_is_without_problem(tmp_path: Path) -> None:
    report = found(Provider(*ALL), strict(tmp_path))
    assert problems(report) == set()
    assert {name: one.holds for name, one in report.items()} == {
        "write": True, "read": True, "list": True, "parts": True, "sweep": True, "clock": True, "only-new": False,
        **dict.fromkeys(ALL, True),
    }  # fmt: skip


@pytest.mark.parametrize("lets", ALL)
def test_f23_what_is_demanded_and_let_happen_is_a_problem_with_its_mend(tmp_path: Path, lets: str) -> None:
    report = found(Provider(*(set(ALL) - {lets})), strict(tmp_path))
    assert problems(report) == {lets}
    assert report[lets].holds is False
    assert "LETS IT HAPPEN" in report[lets].words


def test_what_is_not_demanded_is_only_said(box: Box) -> None:
    report = found(Provider(), box)
    assert problems(report) == set()
    assert not any(report[name].holds for name in ALL)


def test_f22_checksums_that_are_ignored_and_nothing_read_back_is_no_store(box: Box) -> None:
    report = found(Provider("read"), box)
    assert problems(report) == {"verify"}
    assert problems(found(Provider("read", "wrong-checksum"), box)) == set()


def test_a_credential_that_cannot_read_is_trusted_only_with_proven_checksums(box: Box, ledger: Ledger, clock: FakeClock) -> None:
    assert trust(ledger, box, clock.now()) == Trust()
    for refuses, found in (
        (("read",), Trust()),
        (("read", "wrong-checksum"), Trust(blind=True, checked=True)),
        (("wrong-checksum",), Trust(checked=True)),
    ):
        clock.forward(1)
        ledger.append(record_of(box, clock, probe(Provider(*refuses), box, clock)))
        assert trust(ledger, box, clock.now()) == found
    assert trust(ledger, box, clock.now() + TRUSTED) == Trust(), "the canary has not come for a week"


def test_what_was_found_of_another_store_is_worth_nothing(tmp_path: Path, ledger: Ledger, clock: FakeClock) -> None:
    one, other = (Box.at(tmp_path / name) for name in ("one", "other"))
    other.folders.data.mkdir()
    ledger.append(record_of(one, clock, probe(Provider("wrong-checksum"), one, clock)))
    (other.folders.data / "appliance.toml").write_text('[store.options]\npath = "/mnt/other"\n')
    assert trust(ledger, one, clock.now()).checked
    assert not trust(ledger, Box.at(other.folders.data), clock.now()).checked


def test_a_store_that_takes_nothing_is_asked_nothing_more(box: Box) -> None:
    store = Provider()
    store.on("put", Trouble.REFUSED)
    report = found(store, box)
    assert problems(report) == {"write"}
    assert set(report) == {"write"}


def test_a_store_that_gives_other_bytes_back_is_found(box: Box) -> None:
    store = Provider()
    store.on("read", Trouble.WRONG_BYTES)
    assert "read" in problems(found(store, box))


def test_f18_a_clock_that_is_off_is_a_problem(box: Box) -> None:
    store = Provider()
    store.ahead = -4000.0
    report = found(store, box)
    assert problems(report) == {"clock"}
    assert "-4000 s" in report["clock"].words


def test_unfinished_uploads_that_are_not_shown_want_a_rule_of_the_bucket(box: Box) -> None:
    store = Provider()
    store.on("unfinished", Trouble.REFUSED)
    report = found(store, box)
    assert problems(report) == {"sweep"}
    assert "AbortIncompleteMultipartUpload" in report["sweep"].mend
    assert store.uploads == {}


def test_a_question_that_could_not_be_asked_is_no_yes(tmp_path: Path) -> None:
    report = found(Provider(*ALL, "trouble"), strict(tmp_path))
    assert report["delete"].holds is None


def test_a_folder_refuses_nobody_and_says_so(box: Box, tmp_path: Path) -> None:
    report = found(open_store(box), box)
    assert problems(report) == set()
    assert report["delete"].holds is None
    (tmp_path / "other").mkdir()
    demanding = strict(tmp_path / "other")
    assert problems(found(open_store(demanding), demanding)) == {"overwrite", "delete", "list-others"}


def test_a_store_that_is_away_says_later(box: Box) -> None:
    store = Provider()
    store.on("put", Trouble.LATER)
    with pytest.raises(StoreAgainError):
        probe(store, box, FakeClock())


def test_no_file_of_the_canarys_stays_on_the_box_and_its_objects_lie_apart(box: Box) -> None:
    store = Provider()
    found(store, box)
    assert not [path for path in box.folders.data.iterdir() if "canary" in path.name]
    assert store.objects
    assert all(key.startswith("v1/local/1/canary/") for key in store.objects)


def test_the_report_names_each_and_its_mend() -> None:
    report = [Capability("a", True, "works"), Capability("b", False, "does not", "mend it"), Capability("c", None, "?")]
    text = "\n".join(canary.lines(report))
    assert text.splitlines()[0].startswith("yes  a")
    assert "→ mend it" in text
    assert "-    c" in text


@pytest.mark.parametrize("keeps", [True, False])
def test_whether_what_is_there_is_kept_when_we_ask_for_it_is_tried_out_and_never_a_problem(tmp_path: Path, keeps: bool) -> None:
    box = strict(tmp_path)
    report = list(probe(Provider(*ALL, *(["only-new"] if keeps else [])), box, FakeClock()))
    assert problems({one.name: one for one in report}) == set()
    with Ledger.open(box.folders.ledger) as ledger:
        clock = FakeClock()
        ledger.append(record_of(box, clock, report))
        assert trust(ledger, box, clock.now()).keeps is keeps
        assert not trust(ledger, box, clock.now() + TRUSTED).keeps, "what was found long ago is worth nothing"
