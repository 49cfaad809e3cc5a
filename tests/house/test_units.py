"""The systemd units are sound and shut in: verified and scored by systemd's own tools, without being started."""

from __future__ import annotations

import re
import shutil
import subprocess
from pathlib import Path

import pytest

from tests import needs
from tests.house.sources import ROOT

ALL_UNITS = sorted((ROOT / "systemd").glob("*.service"))
ONCE = {"appliance-backup", "appliance-hardware", "appliance-prepare", "appliance-take-back", "appliance-take-change"}
"""Root's own, which run once and end: each may do what its comment says, and no more than it must."""
OTHERS = {"appliance-asterisk"}
"""Programs that are not ours: shut in alike, and they start whatever became of the rest of the box."""
UNITS = [unit for unit in ALL_UNITS if unit.stem not in ONCE | OTHERS]
SYSTEM_UNITS = Path("/usr/lib/systemd/system")
pytestmark = needs.program("systemd-analyze")


def test_every_service_of_the_box_has_its_unit() -> None:
    assert [unit.stem.removeprefix("appliance-") for unit in UNITS] == [
        "capture", "diagnose", "ivr", "janitor", "listen", "phones", "popups", "render", "uploader", "web",
    ]  # fmt: skip


def test_the_units_are_valid(tmp_path: Path) -> None:
    for program in (tmp_path / "usr/bin/appliance", tmp_path / "usr/sbin/asterisk"):
        program.parent.mkdir(parents=True)
        program.write_text("#!/bin/sh\n")
        program.chmod(0o755)
    system = tmp_path / "usr" / "lib" / "systemd" / "system"
    shutil.copytree(SYSTEM_UNITS, system, symlinks=True)
    (tmp_path / "etc/systemd/system").mkdir(parents=True)
    timers = [*(ROOT / "systemd").glob("*.timer"), *(ROOT / "systemd").glob("*.path")]
    names = [shutil.copy(unit, tmp_path / "etc/systemd/system") for unit in (*ALL_UNITS, *timers)]
    done = subprocess.run(
        ["systemd-analyze", "verify", "--man=no", f"--root={tmp_path}", *names], capture_output=True, text=True, check=False
    )
    ours = [line for line in done.stderr.splitlines() if "appliance" in line]
    assert not ours, "\n".join(ours)


@pytest.mark.parametrize("unit", ALL_UNITS, ids=lambda unit: unit.stem)
def test_a_unit_exposes_little(unit: Path) -> None:
    done = subprocess.run(
        ["systemd-analyze", "security", "--offline=true", str(unit)], capture_output=True, text=True, check=False
    ).stdout  # fmt: skip
    found = re.search(r"exposure level for \S+: ([\d.]+)", done)
    assert found, done
    assert float(found[1]) <= (3.2 if unit.stem in ONCE else 1.5)


def test_the_telephones_ring_whatever_became_of_our_own_services() -> None:
    text = (ROOT / "systemd/appliance-asterisk.service").read_text("utf-8")
    wanted = [
        line for line in text.splitlines() if line.startswith(("Requires=", "BindsTo=", "PartOf=", "Requisite=", "ExecStartPre="))
    ]
    assert wanted == []
    assert "/usr/bin/appliance" not in text
    assert "Restart=always\n" in text
    assert "Before=appliance-ivr.service\n" in text
    assert "appliance-asterisk.service" in (ROOT / "systemd/appliance-ivr.service").read_text("utf-8")


@pytest.mark.parametrize("unit", UNITS, ids=lambda unit: unit.stem)
def test_a_unit_is_as_the_design_says(unit: Path) -> None:
    text = unit.read_text("utf-8")
    for line in ("Type=notify", "WatchdogSec=", "Restart=always", "ProtectSystem=strict", f"User={unit.stem}", "ExecStartPre="):
        assert line in text, line
    if "render" in unit.stem or "listen" in unit.stem or "janitor" in unit.stem:
        assert "PrivateNetwork=yes" in text
    if "ivr" in unit.stem:
        assert "IPAddressDeny=any\nIPAddressAllow=localhost\n" in text
    if "capture" in unit.stem or "diagnose" in unit.stem:
        assert "RestrictAddressFamilies=AF_PACKET AF_UNIX\n" in text
        assert "CapabilityBoundingSet=CAP_NET_RAW\n" in text
