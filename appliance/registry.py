"""One new thing, one new file (design §5): a folder is scanned, and a file's name is the word in the configuration."""

from __future__ import annotations

import importlib
import pkgutil
from types import ModuleType


def names(package: str) -> tuple[str, ...]:
    """The words that the folder of this package offers, sorted; files beginning with an underscore are not members."""
    folder = importlib.import_module(package)
    found = (module.name for module in pkgutil.iter_modules(folder.__path__))
    return tuple(sorted(name for name in found if not name.startswith("_")))


def load(package: str, name: str) -> ModuleType:
    """The member of that name. Raises KeyError with the words that exist."""
    known = names(package)
    if name not in known:
        raise KeyError(f"{name!r} is not one of {', '.join(known)}")
    return importlib.import_module(f"{package}.{name}")


def members(package: str) -> dict[str, ModuleType]:
    """Every member, by name."""
    return {name: load(package, name) for name in names(package)}
