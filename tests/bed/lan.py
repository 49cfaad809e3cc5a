"""A LAN in network namespaces whose switch floods like the port-mirror hub: two hosts that talk, and the box's port that listens.

    carrier 10.0.0.1/fd00::1 ─┐
                              ├─ bridge (ageing_time 0)  ─ mirror: the box's port, no address, in the namespace `box`
    office  10.0.0.2/fd00::2 ─┘

Everything lies in namespaces that are made here and go with the object; no packet leaves them.
"""

from __future__ import annotations

import os
import subprocess
from collections.abc import Sequence
from types import TracebackType

CARRIER, OFFICE = "10.0.0.1", "10.0.0.2"
MIRROR = "mirror"


def possible() -> str:
    """ "" where namespaces can be made here, else why not."""
    if os.geteuid() != 0:
        return "network namespaces need root"
    probe = subprocess.run(["ip", "netns", "add", f"probe{os.getpid()}"], capture_output=True, text=True)
    if probe.returncode:
        return f"no network namespace can be made: {probe.stderr.strip()}"
    subprocess.run(["ip", "netns", "del", f"probe{os.getpid()}"], check=True)
    return ""


class Lan:
    """The namespaces `carrier`, `office`, `box` (and `switch` with the bridge), each with a name of its own for this run."""

    def __init__(self) -> None:
        self._tag = f"{os.getpid() % 100000}"
        self.names = {role: f"{role}{self._tag}" for role in ("carrier", "office", "box", "switch")}
        self.addresses = {"carrier": CARRIER, "office": OFFICE}

    def __enter__(self) -> Lan:
        for name in self.names.values():
            _ip("netns", "add", name)
        switch = self.names["switch"]
        _ip("-n", switch, "link", "add", "hub", "type", "bridge", "ageing_time", "0")
        self._quiet(switch, "all", "default")
        _ip("-n", switch, "link", "set", "hub", "up")
        for table in ("iptables", "ip6tables", "arptables"):  # a hub looks at no header: where br_netfilter is loaded, it would
            _quietly(switch, f"net.bridge.bridge-nf-call-{table}=0")
        self._plug("carrier", "eth0", f"{CARRIER}/24")
        self._plug("office", "eth0", f"{OFFICE}/24")
        self._plug("box", MIRROR, "")
        _ip("-n", self.names["box"], "link", "set", "lo", "up")
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        for name in self.names.values():
            subprocess.run(["ip", "netns", "del", name], capture_output=True)

    def add(self, role: str) -> str:
        """Plug in one more host, in a namespace of its own; returns its address. The role has eleven letters at most."""
        address = f"10.0.0.{len(self.names) + 10}"
        self.names[role] = f"{role}{self._tag}"
        self.addresses[role] = address
        _ip("netns", "add", self.names[role])
        _ip("-n", self.names[role], "link", "set", "lo", "up")
        self._plug(role, "eth0", f"{address}/24")
        return address

    def inside(self, role: str, command: Sequence[str]) -> list[str]:
        """The command, to be run in the namespace of this role."""
        return ["ip", "netns", "exec", self.names[role], *command]

    def _plug(self, role: str, port: str, address: str) -> None:
        name, switch = self.names[role], self.names["switch"]
        _ip("-n", switch, "link", "add", f"to-{role}", "type", "veth", "peer", "name", port, "netns", name)
        self._quiet(name, port)
        self._quiet(switch, f"to-{role}")
        _ip("-n", switch, "link", "set", f"to-{role}", "master", "hub", "up")
        if address:
            _ip("-n", name, "addr", "add", address, "dev", port)
        _ip("-n", name, "link", "set", port, "up")
        # a mirror port sees finished frames: segments and checksums as on a wire
        subprocess.run(
            ["ip", "netns", "exec", name, "ethtool", "-K", port, "tx", "off", "gso", "off", "tso", "off"], capture_output=True
        )

    @staticmethod
    def _quiet(name: str, *interfaces: str) -> None:
        """No IPv6 neighbour chatter on the capture."""
        for interface in interfaces:
            _quietly(name, f"net.ipv6.conf.{interface}.disable_ipv6=1")


def _quietly(name: str, setting: str) -> None:
    """A kernel setting of this namespace, where the kernel has it."""
    subprocess.run(["ip", "netns", "exec", name, "sysctl", "-qw", setting], capture_output=True)


def _ip(*words: str) -> None:
    subprocess.run(["ip", *words], check=True, capture_output=True, text=True)
