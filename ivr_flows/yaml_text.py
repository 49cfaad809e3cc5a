"""Reads YAML as a technician writes it, and nothing that YAML can do besides: no tags, no anchors, no guessed types. Pure.

It follows the parser's events (YAML 1.1 §3.1), not its composed objects, so that depth and size are bounded before anything is built:
an alias bomb, a thousand brackets or a megabyte of text gets one sentence. The only file that knows PyYAML.
"""

from __future__ import annotations

from typing import Any

import yaml

from ivr_flows.findings import Finding, shown
from ivr_flows.tree import TOP, Items, Place, Table, Text, Tree

LARGEST = 512 * 1024
DEEPEST = 16
MOST = 40_000
_LOADER: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


class FlowTextError(Exception):
    """This text is no YAML that a flow may be written in; `finding` says why and where."""

    def __init__(self, finding: Finding) -> None:
        super().__init__(finding.message("en"))
        self.finding = finding


def read(data: bytes) -> Table:
    """The mapping that this file holds. Raises FlowTextError."""
    if len(data) > LARGEST:
        raise _fault("too-large", TOP, most=LARGEST // 1024)
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise _fault("not-utf8", _place_of(data[: error.start])) from error
    try:
        tree = _Builder().build(text)
    except yaml.MarkedYAMLError as error:
        raise _fault("not-yaml", _at(error.problem_mark or error.context_mark), what=error.problem or "?") from error
    except yaml.YAMLError as error:  # a character that YAML does not allow (§5.1)
        place = _place_of(text[: getattr(error, "position", 0) or 0].encode("utf-8", "replace"))
        raise _fault("not-yaml", place, what=getattr(error, "reason", None) or "a character is not allowed here") from error
    except RecursionError as error:
        raise _fault("too-deep", TOP, most=DEEPEST) from error
    if not isinstance(tree, Table):
        raise _fault("not-a-mapping", tree.place if tree else TOP)
    return tree


class _Open:
    """A list or mapping that has begun and not ended."""

    def __init__(self, place: Place, *, is_table: bool) -> None:
        self.place = place
        self.is_table = is_table
        self.values: list[Tree] = []
        self.keys: dict[str, Text] = {}
        self.key: Text | None = None

    def take(self, tree: Tree) -> None:
        """One more value; in a mapping keys and values come by turns."""
        if not self.is_table:
            self.values.append(tree)
        elif self.key is None:
            self.key = _key(tree, self.keys)
        else:
            self.keys[self.key.value] = self.key
            self.values.append(tree)
            self.key = None

    def close(self) -> Tree:
        """The whole of it."""
        if self.is_table:
            return Table(tuple(zip(self.keys.values(), self.values, strict=True)), self.place)
        return Items(tuple(self.values), self.place)


def _key(tree: Tree, known: dict[str, Text]) -> Text:
    if not isinstance(tree, Text):
        raise _fault("key-is-no-text", tree.place)
    if tree.value in known:
        raise _fault("duplicate-key", tree.place, key=tree.value, line=known[tree.value].place.line)
    return tree


class _Builder:
    """Turns events into a tree, without recursion."""

    def __init__(self) -> None:
        self.open: list[_Open] = []
        self.root: Tree | None = None
        self.count = 0
        self.documents = 0

    def build(self, text: str) -> Tree | None:
        """The tree of the one document; None for an empty file."""
        for event in yaml.parse(text, Loader=_LOADER):
            self._take(event)
        return self.root

    def _take(self, event: Any) -> None:
        place = _at(event.start_mark)
        if isinstance(event, yaml.DocumentStartEvent):
            self.documents += 1
            if self.documents > 1:
                raise _fault("two-documents", place)
        elif isinstance(event, yaml.AliasEvent):
            raise _fault("alias", place, name=event.anchor)
        elif isinstance(event, yaml.ScalarEvent):
            self._refuse_extras(event, place)
            self._put(Text(event.value, place, event.style in ("'", '"')))
        elif isinstance(event, (yaml.MappingStartEvent, yaml.SequenceStartEvent)):
            self._refuse_extras(event, place)
            if len(self.open) >= DEEPEST:
                raise _fault("too-deep", place, most=DEEPEST)
            self.open.append(_Open(place, is_table=isinstance(event, yaml.MappingStartEvent)))
        elif isinstance(event, (yaml.MappingEndEvent, yaml.SequenceEndEvent)):
            self._put(self.open.pop().close())

    def _refuse_extras(self, event: Any, place: Place) -> None:
        self.count += 1
        if self.count > MOST:
            raise _fault("too-many", place, most=MOST)
        if event.anchor is not None:
            raise _fault("alias", place, name=event.anchor)
        if event.tag is not None and event.tag != "!":
            raise _fault("tag", place, tag=event.tag)

    def _put(self, tree: Tree) -> None:
        if self.open:
            self.open[-1].take(tree)
        else:
            self.root = tree


def _at(mark: Any) -> Place:
    return Place(mark.line + 1, mark.column + 1) if mark is not None else TOP


def _place_of(before: bytes) -> Place:
    """The place behind these bytes."""
    line = before.rpartition(b"\n")[2]
    return Place(before.count(b"\n") + 1, len(line.decode("utf-8", "replace")) + 1)


def _fault(code: str, place: Place, **words: object) -> FlowTextError:
    return FlowTextError(Finding(code, place, {name: shown(str(word)) for name, word in words.items()}))
