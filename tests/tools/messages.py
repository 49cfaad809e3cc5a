"""Brings the Japanese catalogue up to date with the sentences in code and templates: `python tests/tools/messages.py`.

New sentences are added without a translation (and then fail `tests/appliance/web/test_i18n.py` until they have one); sentences that
are gone leave the catalogue. English needs none: its sentences are the message ids.
"""

from __future__ import annotations

import sys
from pathlib import Path

from babel.messages.catalog import Catalog
from babel.messages.extract import extract_from_dir
from babel.messages.pofile import read_po, write_po

ROOT = Path(__file__).resolve().parents[2]
APPLIANCE = ROOT / "appliance"
CATALOGUE = APPLIANCE / "web" / "locale" / "ja" / "LC_MESSAGES" / "console.po"
METHODS = [("web/templates/**.html", "jinja2"), ("**.py", "python")]
OPTIONS = {"web/templates/**.html": {"newstyle_gettext": "true", "trimmed": "false"}}


def template() -> Catalog:
    """Every sentence that is said somewhere."""
    found = Catalog(charset="utf-8")
    for name, line, message, comments, context in extract_from_dir(
        str(APPLIANCE), METHODS, OPTIONS, keywords={"_": None, "N_": None, "ngettext": (1, 2), "gettext": None}
    ):
        found.add(message, None, [(f"appliance/{name}", line)], auto_comments=comments, context=context)
    return found


def main() -> int:
    """Update the Japanese catalogue in place; English is what the code says."""
    with CATALOGUE.open("rb") as old:
        catalogue = read_po(old, locale="ja")
    made = catalogue.creation_date
    catalogue.update(template(), no_fuzzy_matching=True, update_header_comment=False)
    catalogue.creation_date = made  # a date that changes each time is a conflict in every merge
    catalogue.obsolete.clear()
    catalogue.fuzzy = False
    with CATALOGUE.open("wb") as new:
        write_po(new, catalogue, width=120, ignore_obsolete=True, include_lineno=False, sort_output=True)
    missing = sum(1 for message in catalogue if message.id and not all([message.string]))
    print(f"{CATALOGUE.relative_to(ROOT)}: {len(catalogue)} sentences, {missing} without a translation")
    return 0


if __name__ == "__main__":
    sys.exit(main())
