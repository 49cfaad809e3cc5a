"""In which language the command line speaks of flows: as asked for, as the environment says, else Japanese."""

from __future__ import annotations

import os
from collections.abc import Mapping

from ivr_flows.sentences import LANGUAGES

_VARIABLES = ("LC_ALL", "LC_MESSAGES", "LANG")


def language(asked: str | None, environment: Mapping[str, str] | None = None) -> str:
    """ja or en. `--lang` wins; then the locale (POSIX.1-2017 §8.2) where it is one of ours; C and everything else are Japanese."""
    if asked:
        return asked
    given = os.environ if environment is None else environment
    found = next((given[name] for name in _VARIABLES if given.get(name)), "")
    return found[:2].lower() if found[:2].lower() in LANGUAGES else LANGUAGES[0]
