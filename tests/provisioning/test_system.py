"""The machine is brought to what the configuration means: shown first, whole or not at all, taken back where nobody confirms."""

from __future__ import annotations

import subprocess
from collections.abc import Sequence
from pathlib import Path

import pytest

from appliance.box import Box
from appliance.errors import ConfigError, CouldNotError
from appliance.moments import SECOND
from provisioning import system
from tests import needs
from tests.bed import debian
from tests.fakes.clock import START
from tests.provisioning.networks import CASES, FOLDER

INTERFACES = ["enp1s0", "enp2s0", "enp3s0"]
ADDRESSES = "etc/systemd/network/20-appliance-lan.network"


class Machine:
    """A machine's files in a folder, and what was run on it."""

    def __init__(self, folder: Path) -> None:
        self.root, self.ran = folder / "root", list[str]()
        self.data = folder / "var"
        self.data.mkdir(parents=True)

    def box(self, case: str = "fixed", **changes: str) -> Box:
        text = (FOLDER / case / "appliance.toml").read_text("utf-8")
        for old, new in changes.items():
            text = text.replace(old, new)
        (self.data / "appliance.toml").write_text(text)
        return Box.at(self.data)

    def run(self, command: Sequence[str]) -> None:
        self.ran.append(command[0])

    def apply(self, box: Box, now: int = START) -> list[str]:
        return [one.path for one in system.apply(box, now, self.run, self.root)]

    def files(self) -> dict[str, str]:
        return {path.relative_to(self.root).as_posix(): path.read_text() for path in self.root.rglob("*") if path.is_file()}


@pytest.fixture
def machine(tmp_path: Path) -> Machine:
    return Machine(tmp_path)


def changed(machine: Machine) -> Box:
    """The same box with another address."""
    text = (machine.data / "appliance.toml").read_text().replace("192.168.1.20/24", "192.168.1.99/24")
    (machine.data / "appliance.toml").write_text(text)
    return Box.at(machine.data)


def test_the_plan_changes_nothing_and_the_second_apply_has_nothing_to_do(machine: Machine) -> None:
    box = machine.box()
    planned = [one.path for one in system.plan(box, machine.root)]
    assert machine.files() == {} and machine.ran == [] and len(planned) >= 6
    assert machine.apply(box) == planned
    assert machine.apply(box) == [] and system.plan(box, machine.root) == []
    assert set(machine.ran) == {"networkctl", "nft", "systemctl"}


def test_only_what_changed_is_loaded_again(machine: Machine) -> None:
    machine.apply(machine.box())
    machine.ran.clear()
    text = (machine.data / "appliance.toml").read_text().replace('"192.168.1.1"]\n[network.lan]', '"192.168.1.9"]\n[network.lan]')
    (machine.data / "appliance.toml").write_text(text)
    assert machine.apply(Box.at(machine.data)) == ["/etc/chrony/conf.d/appliance.conf"]
    assert machine.ran == ["systemctl"]


def test_what_is_no_longer_meant_goes_and_what_was_never_ours_stays(machine: Machine) -> None:
    machine.apply(machine.box("voice"))
    mine = machine.root / "etc/systemd/network/50-mine.network"
    mine.write_text("[Match]\n")
    machine.apply(machine.box())
    assert not (machine.root / "etc/systemd/network/30-appliance-voice.network").exists() and mine.exists()


def test_a_step_that_fails_leaves_everything_as_it_was(machine: Machine) -> None:
    machine.apply(machine.box())
    before = machine.files()
    with pytest.raises(CouldNotError, match="does not like it; everything is as it was before"):
        system.apply(machine.box("recorder"), START, failing_once(), machine.root)
    assert machine.files() == before


def failing_once() -> system.Run:
    failures = ["nft"]

    def run(command: Sequence[str]) -> None:
        if failures and command[0] == failures[0]:
            failures.clear()
            raise CouldNotError("nft: does not like it")

    return run


def test_a_new_address_that_nobody_confirms_is_taken_back_after_two_minutes(machine: Machine) -> None:
    machine.apply(machine.box())
    before = machine.files()
    machine.apply(changed(machine))
    assert "192.168.1.99" in machine.files()[ADDRESSES]
    box = Box.at(machine.data)
    assert not system.take_back(box, START + 119 * SECOND, machine.run, machine.root)
    machine.ran.clear()
    assert system.take_back(box, START + 120 * SECOND, machine.run, machine.root)
    assert machine.files() == before and "networkctl" in machine.ran
    assert not system.take_back(box, START + 999 * SECOND, machine.run, machine.root)


def test_a_new_address_that_is_confirmed_stays(machine: Machine) -> None:
    machine.apply(machine.box())
    box = changed(machine)
    machine.apply(box)
    assert system.confirm(box) and not system.confirm(box)
    assert not system.take_back(box, START + 999 * SECOND, machine.run, machine.root)
    assert "192.168.1.99" in machine.files()[ADDRESSES]


def test_the_first_address_is_on_no_trial(machine: Machine) -> None:
    box = machine.box()
    machine.apply(box)
    assert not system.confirm(box)


@pytest.mark.parametrize(
    ("old", "new", "why"),
    [
        ('"enp2s0"', '"enp9s0"', r"network\.lan\.interface: 'enp9s0' is no interface of this machine; there are: enp1s0, enp2s0"),
        ('"enp2s0"', '"enp1s0"', r"network\.lan\.interface: 'enp1s0' is capture\.interface already"),
        (
            '"10.2.0.1/16"',
            '"10.1.9.1/24"',
            r"network\.voice\.address: 10\.1\.9\.1/24 lies in the office LAN's network 10\.1\.0\.0/16",
        ),
    ],
)
def test_a_wrong_interface_or_a_conflict_is_refused_with_its_line(machine: Machine, old: str, new: str, why: str) -> None:
    box = machine.box("voice", **{old: new})
    with pytest.raises(ConfigError, match=why):
        system.check(box, INTERFACES)


def test_every_golden_box_passes_the_check(machine: Machine) -> None:
    for case in CASES:
        system.check(machine.box(case), INTERFACES)


@needs.root
@needs.program("mmdebstrap", "chroot")
@pytest.mark.parametrize("case", [case for case in CASES if case != "off"])
def test_the_programs_themselves_take_the_files(machine: Machine, case: str, tmp_path: Path) -> None:
    """nft, chronyd and sshd of Debian 12 read what was rendered, and find nothing wrong with it."""
    root = debian.installed()
    machine.apply(machine.box(case))
    share = tmp_path / "root/etc"
    inside = ["unshare", "--mount", "--net", "sh", "-c"]
    mounts = f'mount --bind "{share}" "{root}/mnt" && chroot "{root}" '
    commands = ["nft --check --file /mnt/nftables.conf", "chronyd -p -f /mnt/chrony/conf.d/appliance.conf"]
    if case == "support":
        commands.append("sh -c 'mkdir -p /run/sshd; ssh-keygen -q -A; sshd -t -f /mnt/ssh/sshd_config.d/appliance.conf'")
    for command in commands:
        done = subprocess.run([*inside, mounts + command], capture_output=True, text=True)
        assert done.returncode == 0, f"{command}: {done.stdout}{done.stderr}"
