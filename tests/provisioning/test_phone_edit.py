"""One row of the configuration changes, every other letter stays, and a text of another form is refused."""

from __future__ import annotations

import pytest

from provisioning import phone_edit

TEXT = """# The office.
[phone]
enabled = true

[[phone.extensions]]
# by the door
number = "201"  # front
name = "受付"

# The boss.
[[phone.extensions]]
number = "202"

[[phone.routes]]
name = "front"
target = "extension:201"
"""


def test_a_row_is_added_behind_its_kind() -> None:
    fresh = phone_edit.added(TEXT, "extensions", {"number": "203", "name": "倉庫"})
    assert fresh.replace('[[phone.extensions]]\nnumber = "203"\nname = "倉庫"\n\n', "") == TEXT
    assert phone_edit.rows(phone_edit.added("", "routes", {"name": "a"}), "routes") == [{"name": "a"}]


def test_a_row_is_changed_and_its_comments_stay() -> None:
    fresh = phone_edit.changed(TEXT, "extensions", 0, {"number": "201", "call_waiting": False, "follow_me": ["090-1"]})
    assert '# by the door\nnumber = "201"\ncall_waiting = false\nfollow_me = ["090-1"]\n\n# The boss.\n' in fresh


def test_a_row_is_taken_out_alone() -> None:
    fresh = phone_edit.without(TEXT, "extensions", 1)
    assert phone_edit.rows(fresh, "extensions") == [{"number": "201", "name": "受付"}]
    assert phone_edit.rows(phone_edit.without(fresh, "extensions", 0), "extensions") == []
    assert "The boss." in fresh


@pytest.mark.parametrize("text", ['[phone]\nextensions = [{number = "201"}]\n', "[phone]\nextensions = []\n"])
def test_another_form_is_refused(text: str) -> None:
    with pytest.raises(phone_edit.FormError):
        phone_edit.added(text, "extensions", {"number": "202"})
    with pytest.raises(phone_edit.FormError):
        phone_edit.without(text, "extensions", 0)
