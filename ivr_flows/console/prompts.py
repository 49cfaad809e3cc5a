"""The box's own sounds in the console: heard, brought, spoken from text, removed; `appliance ivr prompt` does the same."""

from __future__ import annotations

import tempfile
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path

from appliance.errors import CouldNotError, SaidError
from appliance.pages import Answer, Moved, NotHereError, Page, Sheet, Stream, Visit, speaking
from ivr_flows import prompt_folder, sounds, surroundings
from ivr_flows.console import flow_view, flows
from ivr_flows.console.words import WORDS
from ivr_flows.prompts.engine import LONGEST
from ivr_flows.prompts.rendering import Kitchen, engines
from ivr_flows.reading import NAME
from ivr_flows.said import Spoken
from ivr_flows.sentences import LANGUAGES

HERE = Path(__file__).parent
LARGEST = 50 << 20
_PIECE = 1 << 16


def pages() -> tuple[Page, ...]:
    """What stands below /phone/prompts."""
    return (
        Page("phone-prompts", "/phone/prompts", ("phone",), page),
        Page("phone-prompts-add", "/phone/prompts", ("phone",), add, "POST", LARGEST),
        Page("phone-prompts-say", "/phone/prompts/say", ("phone",), say, "POST"),
        Page("phone-prompt", "/phone/prompts/{name}", ("phone",), hear),
        Page("phone-prompt-remove", "/phone/prompts/{name}/remove", ("phone",), remove, "POST"),
    )


def page(visit: Visit) -> Answer:
    """Every sound with its length and the flows that play it."""
    data = visit.box.folders.data
    lengths = prompt_folder.lengths(prompt_folder.search(data, None))
    return Sheet(
        HERE / "prompts.html",
        {
            "t": speaking(WORDS, visit.language), "sounds": lengths, "used": _used(visit), "asked": defaultdict(str, visit.query),
            "speakers": {language: _speakers(visit, language) for language in LANGUAGES},
        },
    )  # fmt: skip


def _used(visit: Visit) -> dict[str, list[str]]:
    """By sound, the flows (live or begun) that play it."""
    found: dict[str, list[str]] = {}
    for row in flows.rows(visit):
        texts = {row.draft.text if row.draft else "", flow_view.live_text(visit.box, row.flow) if row.revision else ""}
        read = [flow_view.look(visit.box, row.flow, text).flow for text in sorted(texts) if text]
        names = {
            part.name
            for flow in read
            if flow
            for node in flow.nodes.values()
            for prompt, _ in node.prompts
            for part in prompt.parts
            if not isinstance(part, Spoken)
        }
        for name in sorted(names):
            found.setdefault(name, []).append(row.flow)
    return found


def _speakers(visit: Visit, language: str) -> list[str]:
    try:
        return [name for name, _ in engines(language, surroundings.speech(visit.box))]
    except CouldNotError:
        return []


def hear(visit: Visit) -> Answer:
    """The sound itself."""
    path = prompt_folder.search(visit.box.folders.data, None).get(visit.values["name"])
    if path is None:
        raise NotHereError(speaking(WORDS, visit.language)("There is no such prompt."))
    return Stream("audio/wav" if path.suffix == ".wav" else "application/octet-stream", _pieces(path))


def _pieces(path: Path) -> Iterator[bytes]:
    with path.open("rb") as file:
        while piece := file.read(_PIECE):
            yield piece


def add(visit: Visit) -> Answer:
    """Take in a sound of any format: converted, its level checked."""
    t = speaking(WORDS, visit.language)
    if visit.file is None:
        raise SaidError(t("Choose a file."))
    name = _name(visit, visit.form.get("name", "").strip() or Path(visit.file.name.replace("\\", "/")).stem)
    with tempfile.TemporaryDirectory(prefix="prompt-") as folder:
        file = Path(folder) / "brought"
        file.write_bytes(visit.file.data)
        converted = sounds.take_in(visit.box, name, file, visit.account, visit.form.get("why", "")[:200])
    return Moved(f"/phone/prompts?added={name}{'&quality=poor' if converted.verdicts else ''}")


def say(visit: Visit) -> Answer:
    """Speak a text, and keep it under a name."""
    t = speaking(WORDS, visit.language)
    text, language = visit.form.get("text", "").strip(), visit.form.get("language", "ja")
    name = _name(visit, visit.form.get("name", "").strip())
    if not text or len(text) > LONGEST or language not in LANGUAGES:
        raise SaidError(t("Write what shall be said."))
    told = surroundings.speech(visit.box, visit.form.get("engine", ""))
    part = Spoken(text, language)
    rendered = Kitchen(prompt_folder.rendered_folder(visit.box.folders.data), {}, told).render([part])[part.key]
    sounds.take_in(visit.box, name, rendered.wide, visit.account, text[:200])
    return Moved(f"/phone/prompts?added={name}")


def remove(visit: Visit) -> Answer:
    """Forget a sound that no flow plays; what was published keeps its copy."""
    name, t = visit.values["name"], speaking(WORDS, visit.language)
    if name in _used(visit):
        raise SaidError(t("A flow plays this prompt; take it out of the flow first."))
    sounds.remove(visit.box, name, visit.account, visit.form.get("why", "")[:200])
    return Moved("/phone/prompts")


def _name(visit: Visit, name: str) -> str:
    if not NAME.match(name):
        raise SaidError(speaking(WORDS, visit.language)("A prompt's name has letters, digits, - and _, at most 40."))
    return name
