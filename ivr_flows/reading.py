"""Reads the settings of one mapping: each is asked for by its name and type, and what nobody asked for is a fault. Pure.

A node type reads its options with it, and says on the way which exits, prompts, values and things of the box it has: that is all the checks
have to know of a type. Nothing here raises: a value that is wrong is noted, and a harmless one stands in for it.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from typing import TypeVar

from appliance.moments import SECOND
from ivr_flows import said
from ivr_flows.findings import Notes
from ivr_flows.model import Exit, Use, Way
from ivr_flows.said import Prompt
from ivr_flows.tree import Items, Place, Table, Text, Tree

NAME = re.compile(r"[\w-]{1,40}\Z")
VALUE = re.compile(r"[A-Za-z_][A-Za-z0-9_]{0,39}\Z")
KEYS = "0123456789*#"
GIVEN = ("caller", "called", "caller_reason", "key", "outcome")
"""Values that every call has."""
_DURATION = re.compile(r"(\d{1,6}(?:\.\d{1,3})?)\s*(ms|s|m)\Z")
_ENDING = re.compile(r"\.[A-Za-z0-9]{2,5}\Z")
_UNITS = {"ms": SECOND // 1000, "s": SECOND, "m": 60 * SECOND}
_YES, _NO = ("yes", "true", "on", "はい"), ("no", "false", "off", "いいえ")
_ALSO = {"next": ("then", "go"), "number": ("extension",), "room": ("conference",)}
"""Words that mean the same."""
Found = TypeVar("Found")


class Facts:
    """What a node turns out to have while its options are read."""

    def __init__(self) -> None:
        self.exits: dict[str, Exit] = {}
        self.uses: list[Use] = []
        self.prompts: list[tuple[Prompt, Place]] = []
        self.gives: list[str] = []
        self.asks: list[tuple[str, Place]] = []


class Reading:
    """The settings of one mapping."""

    def __init__(self, table: Table, notes: Notes, where: str, language: str, facts: Facts | None = None) -> None:
        self.place = table.place
        self.notes = notes
        self.where = where
        self.language = language
        self.facts = facts or Facts()
        self._left = {key.value: (key, value) for key, value in table.entries}
        self._known: list[str] = []

    def _spelled(self, name: str) -> str:
        """The word that the file uses for it."""
        return name if name in self._left else next((word for word in _ALSO.get(name, ()) if word in self._left), name)

    def has(self, name: str) -> bool:
        """Whether it is there, and was not asked for yet."""
        return self._spelled(name) in self._left

    def is_table(self, name: str) -> bool:
        """Whether its value is a mapping."""
        return self.has(name) and isinstance(self._left[self._spelled(name)][1], Table)

    def take(self, name: str) -> Tree | None:
        """The value as it stands in the file."""
        self._known.append(name)
        key_and_value = self._left.pop(self._spelled(name), None)
        return None if key_and_value is None else key_and_value[1]

    def key_place(self, name: str) -> Place:
        """Where the setting's name stands; the mapping's own place where it is not there."""
        return self._left[self._spelled(name)][0].place if self.has(name) else self.place

    def finish(self) -> None:
        """Every setting that nobody asked for is a fault."""
        for name, (key, _) in self._left.items():
            self.notes.add("unknown-setting", key.place, name=name, where=self.where, known=", ".join(dict.fromkeys(self._known)))

    def _missing(self, name: str) -> None:
        self.notes.add("missing-setting", self.place, name=name, where=self.where)

    def _wrong(self, name: str, tree: Tree, wanted: str) -> None:
        self.notes.add("wrong-form", tree.place, name=name, wanted=wanted)

    def scalar(self, name: str, *, required: bool = False) -> Text | None:
        """A single value."""
        tree = self.take(name)
        if isinstance(tree, Text) and tree.value:
            return tree
        if tree is not None and not isinstance(tree, Text):
            self._wrong(name, tree, f"{name}: …")
        elif required:
            self._missing(name)
        return None

    def text(self, name: str, default: str = "", *, required: bool = False) -> str:
        """Any text."""
        found = self.scalar(name, required=required)
        return default if found is None else found.value

    def word(self, name: str, default: str = "", *, required: bool = False) -> str:
        """A name."""
        found = self.scalar(name, required=required)
        if found is None:
            return default
        if not NAME.match(found.value):
            self.notes.add("bad-name", found.place, given=found.value)
            return default
        return found.value

    def choice(self, name: str, known: Iterable[str], default: str) -> str:
        """One of these words."""
        words, found = tuple(known), self.scalar(name)
        if found is None or found.value in words:
            return default if found is None else found.value
        self.notes.add("not-one-of", found.place, name=name, given=found.value, known=", ".join(words))
        return default

    def flag(self, name: str, default: bool) -> bool:
        """Yes or no."""
        found = self.scalar(name)
        if found is None or found.value.lower() in (*_YES, *_NO):
            return default if found is None else found.value.lower() in _YES
        self.notes.add("not-one-of", found.place, name=name, given=found.value, known="yes, no")
        return default

    def number(self, name: str, default: int, low: int, high: int) -> int:
        """A whole number."""
        found = self.scalar(name)
        if found is None:
            return default
        if not re.fullmatch(r"[0-9]{1,9}", found.value):
            self._wrong(name, found, f"{name}: {default}")
        elif not low <= int(found.value) <= high:
            self.notes.add("out-of-range", found.place, name=name, given=found.value, low=low, high=high)
        else:
            return int(found.value)
        return default

    def duration(self, name: str, default: int, low: int, high: int) -> int:
        """Nanoseconds, written with a unit; `low` and `high` in seconds."""
        found = self.scalar(name)
        if found is None:
            return default
        matched = _DURATION.match(found.value.strip())
        if not matched:
            is_bare = re.fullmatch(r"\d+(\.\d+)?", found.value.strip())
            code = "duration-without-unit" if is_bare else "wrong-form"
            self.notes.add(code, found.place, name=name, given=found.value, wanted=f"{name}: 25s")
            return default
        length = round(float(matched[1]) * _UNITS[matched[2]])
        if not low * SECOND <= length <= high * SECOND:
            self.notes.add("out-of-range", found.place, name=name, given=found.value, low=f"{low}s", high=f"{high}s")
            return default
        return length

    def key(self, name: str, default: str) -> str:
        """A key of a telephone; `none` is no key."""
        found = self.scalar(name)
        if found is None:
            return default
        if found.value == "none":
            return ""
        if found.value not in KEYS or len(found.value) != 1:
            self.notes.add("bad-key", found.place, given=found.value)
            return default
        return found.value

    def texts(self, name: str, *, required: bool = False) -> tuple[Text, ...]:
        """A list of texts; one alone may stand without brackets."""
        tree = self.take(name)
        if tree is None:
            if required:
                self._missing(name)
            return ()
        items = tree.values if isinstance(tree, Items) else (tree,)
        for item in items:
            if not isinstance(item, Text):
                self._wrong(name, item, f"{name}: [A, B]")
        return tuple(item for item in items if isinstance(item, Text))

    def below(self, name: str, *, required: bool = False) -> Reading | None:
        """The mapping of that name, as a reading of its own that shares notes and facts."""
        tree = self.take(name)
        if isinstance(tree, Table):
            return Reading(tree, self.notes, f"{self.where}.{name}", self.language, self.facts)
        if tree is not None:
            self._wrong(name, tree, f"{name}: {{ … }}")
        elif required:
            self._missing(name)
        return None

    def entries(self, name: str, *, required: bool = False) -> tuple[tuple[Text, Tree], ...]:
        """The pairs of the mapping of that name."""
        tree = self.take(name)
        if isinstance(tree, Table):
            return tree.entries
        if tree is not None:
            self._wrong(name, tree, f"{name}: {{ … }}")
        elif required:
            self._missing(name)
        return ()

    def exit(self, name: str, way: Way, *, required: bool = True, outcome: str = "", label: str = "") -> None:
        """The node that comes next for an outcome, which has the setting's name unless another is given."""
        found = self.scalar(name)
        if found is None and not required:
            return
        if found is None:
            self.notes.add("outcome-without-next", self.place, node=self.where, outcome=name)
        place = self.place if found is None else found.place
        told = outcome or name
        self.facts.exits[told] = Exit(told, None if found is None else found.value, place, way, label)

    def use(self, name: str, kind: str, *, required: bool = True, template: bool = False) -> str:
        """The name of something of the box's. In a template values may stand, and then only the call knows it."""
        found = self.scalar(name, required=required)
        if found is None:
            return ""
        if template and "{" in found.value:
            self._asks(found)
        elif not NAME.match(found.value):
            self.notes.add("bad-name", found.place, given=found.value)
            return ""
        else:
            self.facts.uses.append(Use(kind, found.value, found.place))
        return found.value

    def template(self, name: str, default: str = "", *, required: bool = False) -> str:
        """A text in which `{name}` stands for values."""
        found = self.scalar(name, required=required)
        return default if found is None or not self._asks(found) else found.value

    def _asks(self, text: Text) -> bool:
        return self.reads(text) is not None

    def reads(self, text: Text) -> str | None:
        """The text, whose values are now known to be asked for; None where its braces are wrong."""
        try:
            self.facts.asks += [(name, text.place) for name in said.names_in(text.value)]
        except said.BracesError:
            self.notes.add("bad-placeholder", text.place, given=text.value)
            return None
        return text.value

    def gives(self, name: str, default: str = "") -> str:
        """The name of a value that this node sets."""
        found = self.scalar(name, required=not default)
        given = default if found is None else found.value
        if found is not None and (not VALUE.match(given) or given in GIVEN):
            self.notes.add("bad-name", found.place, given=given)
            given = default or "value"
        if given:
            self.facts.gives.append(given)
        return given

    def prompt(self, *, required: bool = True) -> Prompt | None:
        """What is said: `say` (text) or `prompt` (the name of a sound), or both, the sound first."""
        sound, words = self._sound(), self.scalar("say")
        parts: tuple[said.Part, ...] = (said.Sound(sound),) if sound else ()
        place = words.place if words else self.place
        if words is not None:
            parts += self._spoken(words)
        if not parts:
            if required:
                self.notes.add("node-without-prompt", self.place, node=self.where)
            return None
        prompt = Prompt(parts)
        self.facts.prompts.append((prompt, place))
        return prompt

    def _sound(self) -> str:
        """The name of a sound; people write the file's ending too."""
        found = self.scalar("prompt")
        name = _ENDING.sub("", found.value) if found else ""
        if found and not NAME.match(name):
            self.notes.add("bad-name", found.place, given=found.value)
            return ""
        return name

    def _spoken(self, words: Text) -> tuple[said.Part, ...]:
        try:
            prompt = said.prompt_of(words.value, self.language)
        except said.BracesError:
            self.notes.add("bad-placeholder", words.place, given=words.value)
            return ()
        self.facts.asks += [(name, words.place) for name in prompt.values()]
        return prompt.parts

    def each(self, texts: Iterable[Text], read: Callable[[str], Found], code: str, wanted: str, calendar: str = "") -> list[Found]:
        """Every text as `read` understands it; what it raises ValueError for is noted."""
        found = []
        for text in texts:
            try:
                found.append(read(text.value))
            except ValueError:
                self.notes.add(code, text.place, given=text.value, wanted=wanted, calendar=calendar)
        return found
