"""The errors that reach a person, each with the exit code it stands for (design §9). Pure.

A message names the thing, the place and the mend in one sentence. Parsers raise errors of their own; whoever
calls them at the edge turns those into one of these.
"""

from __future__ import annotations

from appliance.words import Text


class ApplianceError(Exception):
    """Something a person has to know of; `str(error)` is one sentence that names the mend."""

    exit_code = 4


class UsageError(ApplianceError):
    """The command was used wrongly."""

    exit_code = 2


class SaidError(UsageError):
    """The same on a page: the sentence is told in the reader's language."""

    def __init__(self, message: str, **values: str | int | float) -> None:
        self.text = Text(message, values)
        super().__init__(str(self.text))


class ConfigError(ApplianceError):
    """The configuration is wrong; the sentence names file, line, field and mend."""

    exit_code = 3


class CouldNotError(ApplianceError):
    """The work could not be done, and nothing was lost."""

    exit_code = 4
