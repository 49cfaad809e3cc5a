"""What surrounds a flow on a box: its file or its live revision, other flows, prompts, holidays, the site; read for one command."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from appliance import flow_shelf
from appliance.box import Box
from appliance.clock import SystemClock
from appliance.errors import CouldNotError, UsageError
from appliance.moments import to_datetime
from ivr_flows import holidays, prompt_folder
from ivr_flows.around_flow import Known
from ivr_flows.flow_reading import FLOW_NAME, read_flow
from ivr_flows.holidays import SHIPPED, Holidays, HolidaysError
from ivr_flows.model import Flow
from ivr_flows.prompts.engine import Told
from ivr_flows.site_reading import site_of
from ivr_flows.state import Around
from ivr_flows.yaml_text import LARGEST


@dataclass(frozen=True, slots=True)
class Written:
    """A flow's text, and where it came from."""

    name: str
    data: bytes
    folder: Path | None = field(default=None)
    """Where its prompts lie beside it, for a file."""


def find(box: Box, name: str) -> Written:
    """The file of this path, or the live revision of the flow of this name. Raises UsageError or CouldNotError."""
    path = Path(name)
    if path.is_file():
        return Written(name, _bytes(path), path.parent)
    if FLOW_NAME.match(name) and (published := flow_shelf.live(box.folders.data).get(name)) is not None:
        file = flow_shelf.file_of(box.folders.data, published)
        return Written(f"{name} ({published.revision})", _bytes(file), file.parent)
    raise UsageError(f"{name}: there is no such file, and no published flow of that name; `appliance ivr history` lists them")


def _bytes(path: Path) -> bytes:
    try:
        with path.open("rb") as file:
            return file.read(LARGEST + 1)
    except OSError as error:
        raise CouldNotError(f"{path}: cannot be read ({error.strerror or error})") from error


def known(box: Box, written: Written) -> Known:
    """What lint goes by on this box."""
    published = flow_shelf.live(box.folders.data)
    return Known(
        today=to_datetime(SystemClock().now(), box.config.site.zone).date(),
        site=site_of(box),
        flows=frozenset(published) if published or box.source.text else None,
        prompts=prompt_folder.lengths(prompt_folder.search(box.folders.data, written.folder)),
        lengths=prompt_folder.rendered(box.folders.data),
        holidays=table(box),
        book=_others(box, published),
    )


def table(box: Box) -> Holidays:
    """The holidays: those shipped, with the years of the box's own file in their place. Raises CouldNotError."""
    path = holiday_file(box)
    if not path.exists():
        return SHIPPED
    try:
        return SHIPPED.with_file(holidays.read_csv(_bytes(path)))
    except HolidaysError as error:
        raise CouldNotError(f"{path}: {error}") from error


def speech(box: Box, engine: str = "") -> Told:
    """What the configuration says of speech, with another engine where one is asked for. Raises CouldNotError."""
    said = box.config.speech
    token = box.folders.keys / "speech.token"
    try:
        secret = token.read_text("ascii").strip() if token.exists() else ""
    except (OSError, UnicodeDecodeError) as error:
        raise CouldNotError(f"{token}: cannot be read ({error}); write the token into it, mode 0600") from error
    return Told(engine or said.engine, said.url, said.voice, secret)


def holiday_file(box: Box) -> Path:
    """Where the Cabinet Office's table lies on this box."""
    return box.folders.data / "holidays" / "syukujitsu.csv"


def around(box: Box, flow: Flow) -> Around:
    """The flow among the other live ones of the box."""
    book = _others(box, flow_shelf.live(box.folders.data))
    return Around({**book, flow.name: flow}, box.config.site.zone, table(box))


def _others(box: Box, published: Mapping[str, flow_shelf.Published]) -> dict[str, Flow]:
    """The live flows; one that cannot be read is left out."""
    found = {}
    for name, one in published.items():
        try:
            flow, _ = read_flow(_bytes(flow_shelf.file_of(box.folders.data, one)))
        except CouldNotError:
            continue
        if flow is not None:
            found[name] = flow
    return found
