"""Flow files as a fuzz target: any bytes are linted, and whatever comes of them is walked, for nobody may be left in silence."""

from __future__ import annotations

from collections.abc import Callable

from ivr_flows.checks import lint
from ivr_flows.model import Story
from ivr_flows.sentences import LANGUAGES
from ivr_flows.simulator import simulate
from tests.ivr_flows.made import CASES, KNOWN, around

STORY = Story("2027-01-06 11:00", "0312345678", keys=("1", "2", "", "#"))
ENDS = ("hangup", "answered", "voicemail", "conference", "fallback")
WORDS = (
    b"flow: ", b"nodes:\n", b"type: ", b"menu", b"calendar", b"goto_flow", b"keys: ", b"say: ", b"next: ", b"{", b"}", b"[", b"]", b": ",
    b", ", b'"', b"\n  ", b"&a ", b"*a", b"!!", b"---\n", b"0120", b"9:30", b"25s", b"{caller}", b"12-29..01-03", b"jp-holidays", b"\t",
    b"#",
    b"hosts: [", b"hangup", b"repeat", b"back", b"tests:", "１".encode(), b"\xff", b"\xe2\x80\xa8",
)  # fmt: skip


def seeds() -> list[bytes]:
    """Every case of `tests/flows`."""
    return [path.read_bytes() for path in sorted(CASES.glob("*/flow.yaml"))]


def make() -> Callable[[bytes], str]:
    """Lint, tell every finding, walk."""

    def run(data: bytes) -> str:
        flow, found = lint(data, KNOWN)
        for one in found:
            for language in LANGUAGES:
                told = one.as_json(language)
                assert told["line"] >= 1
                assert told["column"] >= 1
                assert "\n" not in told["message"] + told["mend"]
        if flow is None:
            assert found
            return found[0].code
        walk = simulate(around(flow), flow.name, STORY)
        assert walk.end in ENDS, walk.end
        return "clean" if not found else found[0].severity

    return run
