"""The package on a plain Debian 12 under its own systemd: installed it records a mirrored call, an upgrade keeps what it has, one that
fails is taken back, a removal leaves the recordings, a purge leaves nothing.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from appliance import __version__
from tests.bed import debian, package
from tests.bed.debian import Machine

DATA = "/var/lib/appliance"
SAMPLES = f"/{package.SITE}/appliance/demo/samples"
SERVICES = ("render", "listen", "uploader", "janitor", "web", "capture")
pytestmark = [pytest.mark.skipif(bool(debian.possible()), reason=debian.possible() or "-"), pytest.mark.timeout(2400)]


@pytest.fixture(scope="module")
def machine(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Machine]:
    """A machine with the package, booted. The tests of this file are one story, in their order."""
    folder = tmp_path_factory.mktemp("machine")
    made = Machine(folder / "root")
    made.put(package.built(), "/srv/appliance.deb")
    install(made, "/srv/appliance.deb")
    with made.booted():
        yield made


def install(machine: Machine, name: str) -> None:
    machine.run("dpkg", "--force-unsafe-io", "--install", name)


def active(machine: Machine, *services: str) -> bool:
    said = machine.run("systemctl", "is-active", *(f"appliance-{name}" for name in services), check=False)
    return said.stdout.split() == ["active"] * len(services)


def recordings(machine: Machine) -> list[str]:
    said = machine.run("appliance", "recordings", "--json", "--data", DATA).stdout
    return sorted(json.loads(line)["id"] for line in said.splitlines())


def test_it_installs_without_a_network_or_a_compiler(machine: Machine) -> None:
    assert machine.run("appliance", "--version").stdout == f"appliance {__version__}\n"
    assert machine.run("sh", "-c", "command -v gcc pip", check=False).returncode, "a plain Debian has neither"
    assert machine.run("sh", "-c", f"ls {package.SITE.join(('/', ''))}/capture/_walk*.so").stdout, "the hot path in C came along"
    said = machine.run("appliance", "doctor", "--data", DATA).stdout
    assert "error" not in said
    assert machine.path(f"{DATA}/ledger.db").stat().st_mode & 0o777 == 0o660, "every service writes it, through the group"
    keys = machine.path(f"{DATA}/keys")
    assert keys.stat().st_mode & 0o777 == 0o700 and (keys / "box.key").stat().st_mode & 0o777 == 0o600


def test_every_service_runs_but_the_recorder_that_knows_no_mirror_port(machine: Machine) -> None:
    machine.wait_for("the services", lambda: active(machine, *SERVICES[:-1]))
    machine.wait_for("the recorder's word", lambda: "is empty; name the mirror" in journal(machine, "capture"))
    assert machine.run("systemctl", "show", "-P", "NRestarts", "appliance-capture").stdout.strip() == "0", "it waits for a person"


def journal(machine: Machine, service: str) -> str:
    return machine.run("journalctl", "--no-pager", "--unit", f"appliance-{service}").stdout


def test_a_mirrored_call_is_recorded_sealed_stored_and_opened(machine: Machine, tmp_path: Path) -> None:
    machine.run("sh", "-c", "ip link add name sender type veth peer name mirror && ip link set sender up && ip link set mirror up")
    with machine.path("/etc/appliance/appliance.toml").open("a") as settings:
        settings.write('[capture]\ninterface = "mirror"\n')
    machine.run("systemctl", "restart", "appliance-capture")
    assert active(machine, *SERVICES)
    machine.run("appliance", "capture", "play", "--interface", "sender", f"{SAMPLES}/inbound/capture.pcap")
    machine.wait_for(
        "the recording in the store", lambda: '"stored": 1' in machine.run("appliance", "status", "--json", "--data", DATA).stdout
    )
    (name,) = recordings(machine)
    machine.run("appliance", "open", name, "-o", "/srv/call.wav", "--data", DATA)
    assert machine.path("/srv/call.wav").stat().st_size > 100_000
    assert list(machine.path(f"{DATA}/store").rglob("*.flac.age"))


def test_the_machine_is_looked_at_as_root(machine: Machine) -> None:
    machine.run("systemctl", "start", "appliance-hardware")
    facts = json.loads(machine.run("cat", "/run/appliance/hardware.json").stdout)
    assert facts["synchronised"] in (True, False), "the kernel's own word on its clock"


def test_an_upgrade_keeps_recordings_ledger_and_configuration(machine: Machine, tmp_path: Path) -> None:
    before, settings = recordings(machine), machine.path("/etc/appliance/appliance.toml").read_text()
    key = machine.path(f"{DATA}/keys/box.pub").read_text()
    machine.put(package.version("0.1.1", tmp_path), "/srv/newer.deb")
    said = machine.run("appliance-upgrade", "/srv/newer.deb", timeout=900.0)
    assert f"{__version__} was replaced by 0.1.1" in said.stderr
    assert machine.run("appliance", "--version").stdout == "appliance 0.1.1\n"
    assert recordings(machine) == before
    assert machine.path("/etc/appliance/appliance.toml").read_text() == settings
    assert machine.path(f"{DATA}/keys/box.pub").read_text() == key
    machine.wait_for("the services", lambda: active(machine, *SERVICES))


def test_a_version_that_does_not_work_is_taken_back_with_its_ledger(machine: Machine, tmp_path: Path) -> None:
    before = recordings(machine)
    machine.put(package.version("0.2.0", tmp_path, broken=True), "/srv/broken.deb")
    said = machine.run("appliance-upgrade", "/srv/broken.deb", check=False, timeout=900.0)
    assert said.returncode == 4
    assert "0.1.1 is brought back" in said.stderr and "0.1.1 works again; nothing was lost" in said.stderr
    assert machine.run("appliance", "--version").stdout == "appliance 0.1.1\n"
    assert recordings(machine) == before
    assert machine.run("dpkg-query", "-W", "-f", "${db:Status-Status}", "appliance").stdout == "installed"


def test_a_removal_leaves_recordings_keys_and_configuration(machine: Machine) -> None:
    kept = [f"{DATA}/ledger.db", f"{DATA}/keys/box.key", "/etc/appliance/appliance.toml"]
    machine.run("dpkg", "--remove", "appliance")
    assert all(machine.path(name).exists() for name in kept)
    assert list(machine.path(f"{DATA}/recordings").rglob("*.age"))
    assert not machine.path("/usr/bin/appliance").exists()
    assert not machine.run("pgrep", "--list-full", "-f", "appliance (capture|uploader|janitor|web)", check=False).stdout


def test_a_purge_leaves_nothing(machine: Machine) -> None:
    machine.run("dpkg", "--purge", "appliance")
    left = machine.run(
        "sh", "-c", "find / -xdev -iname '*appliance*' -not -path '/proc/*' -not -path '/srv/*' -not -path '/var/log/*'"
    )
    assert left.stdout == ""
    assert "appliance" not in machine.path("/etc/passwd").read_text() + machine.path("/etc/group").read_text()
