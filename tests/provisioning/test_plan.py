"""What differs is shown without a secret, and Asterisk is told of that alone."""

from __future__ import annotations

from typing import Any

from provisioning import plan
from provisioning.asterisk import files
from tests.bed.boxes import wiring


def rendered(**phone: Any) -> dict[str, str]:
    found = wiring(**phone)
    return files.render(found.config, found.flows, found.secrets)


def test_what_is_as_it_should_be_is_no_change() -> None:
    assert plan.changes(rendered(), rendered()) == []


def test_what_lies_there_and_is_not_ours_is_left_alone() -> None:
    assert plan.changes(rendered(), {**rendered(), "extensions_local.conf": "x"}) == []


def test_a_change_touches_and_loads_its_own_file_only() -> None:
    found = plan.changes(rendered(boxes=[]), rendered())
    assert [one.name for one in found] == ["extensions.conf", "voicemail.conf"]
    assert plan.reloads(found) == ["dialplan reload", "module reload app_voicemail.so"]


def test_a_difference_shows_no_secret() -> None:
    everything = "\n".join(one.difference for one in plan.changes(rendered(), {}))
    assert "pw201" not in everything
    assert "ari-password" not in everything
    assert "= 4321," not in everything
    assert "(secret)" in everything


def test_another_secret_alone_is_a_change_that_does_not_show_it() -> None:
    now = rendered()
    before = {**now, "pjsip.conf": now["pjsip.conf"].replace("pw201", "old")}
    (change,) = plan.changes(now, before)
    assert change.difference == "pjsip.conf: a secret is another one"


def test_a_port_counts_from_the_next_start_and_a_telephone_at_once() -> None:
    now = rendered()
    (port,) = plan.changes(now, {**now, "pjsip.conf": now["pjsip.conf"].replace("0.0.0.0:5060", "0.0.0.0:5070")})
    (desk,) = plan.changes(now, {**now, "pjsip.conf": now["pjsip.conf"].replace("[206]", "[207]")})
    assert (port.waits_for_restart, desk.waits_for_restart) == (True, False)


def test_every_file_says_how_it_is_loaded_or_waits_knowingly() -> None:
    waits = {
        "asterisk.conf",
        "modules.conf",
        "rtp.conf",
        "acl.conf",
        "ccss.conf",
        "codecs.conf",
        "pjproject.conf",
        "websocket_client.conf",
    }
    assert set(rendered()) - set(plan.RELOADS) <= waits | {"pjsip_notify.conf", "queuerules.conf", "stasis.conf"}
