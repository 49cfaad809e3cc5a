"""Wireshark's tshark as a second pair of eyes: the SIP messages and RTP streams of a capture file.

It is a program of its own that chews hostile bytes: it gets the file as its standard input, no capability, another account where we are
root, so much time, and so much of its output is read. Messages come one JSON object a line (`-T ek`), streams as the table `rtp,streams`.
Where it is not installed, that is said.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import threading
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any, NamedTuple

from appliance.errors import CouldNotError, UsageError
from capture.ladder import MAX_CALL_ID, Message, Seen, Stream

TIMEOUT_S = 60.0
MAX_LINE = 1 << 18
MAX_OUTPUT = 64_000_000
MAX_MESSAGES = 20_000
MAX_STREAMS = 1000
NOBODY = 65534
FIELDS = (
    "frame.time_epoch", "ip.src", "ip.dst", "ipv6.src", "ipv6.dst", "udp.srcport", "udp.dstport", "tcp.srcport", "tcp.dstport",
    "sip.Method", "sip.Status-Line", "sip.CSeq.method", "sip.Call-ID", "sip.from.user", "sip.to.user", "sip.resend",
    "sdp.connection_info.address", "sdp.media.port",
)  # fmt: skip
_COLUMN = r"\s+(-?[\d.]+)"
_STREAM = re.compile(
    r"\s*[\d.]+\s+[\d.]+\s+(\S+)\s+(\d+)\s+(\S+)\s+(\d+)\s+0x([0-9A-F]{8})\s+(.+?)\s+(\d+)\s+(-?\d+) \([^)]*\)"
    + _COLUMN * 6 + r"(?:\s+X)?\s*"
)  # fmt: skip
"""Times, ends, SSRC, payloads, packets, lost (share), least, mean and longest distance of two packets (ms), the same of the jitter (ms)."""


class Limits(NamedTuple):
    """What tshark gets."""

    seconds: float = TIMEOUT_S
    output: int = MAX_OUTPUT


def read(path: Path, limits: Limits = Limits()) -> Seen:  # noqa: B008 - a constant
    """What tshark sees in the file. Raises UsageError where there is no such file, CouldNotError where it is not installed or fails."""
    program = shutil.which("tshark")
    if program is None:
        raise CouldNotError("tshark is not installed, which takes captures apart; run: apt install tshark")
    fields = [word for field in FIELDS for word in ("-e", field)]
    words = ["-n", "-r", "-", "-Y", "sip", "-T", "ek", *fields, "-z", "rtp,streams", "--enable-heuristic", "rtp_udp"]
    try:
        with path.open("rb") as file:
            return parse(_lines([*_without_capabilities(), program, *words], file.fileno(), limits))
    except FileNotFoundError as error:
        raise UsageError(f"{path}: there is no such file") from error
    except OSError as error:
        raise CouldNotError(f"{path}: cannot be taken apart ({error.strerror or error})") from error


def parse(lines: Iterable[str]) -> Seen:
    """What its lines say; those that are none of its own are passed over."""
    messages: list[Message] = []
    streams: list[Stream] = []
    beyond = 0
    for line in lines:
        found = _message(line) if line.startswith("{") else _stream(line)
        if isinstance(found, Message):
            beyond += len(messages) >= MAX_MESSAGES
            messages += [found][: MAX_MESSAGES - len(messages)]
        elif found is not None:
            beyond += len(streams) >= MAX_STREAMS
            streams += [found][: MAX_STREAMS - len(streams)]
    return Seen(tuple(messages), tuple(streams), beyond)


def _lines(command: list[str], file: int, limits: Limits) -> Iterator[str]:
    """What it prints, cut where it is too much. Raises CouldNotError where it takes too long, or is no capture file for it."""
    nobody: dict[str, Any] = {"user": NOBODY, "group": NOBODY, "extra_groups": []} if os.geteuid() == 0 else {}
    environment = {"PATH": os.defpath, "HOME": "/nonexistent", "LC_ALL": "C.UTF-8"}
    with subprocess.Popen(  # noqa: S603 - our own words; the file is its standard input
        command, stdin=file, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, env=environment, cwd="/", **nobody
    ) as process:
        late = threading.Timer(limits.seconds, process.kill)
        late.start()
        size, printed = 0, process.stdout
        try:
            while printed is not None and size < limits.output and (line := printed.readline(MAX_LINE)):
                size += len(line)
                yield line.decode("utf-8", "replace")
        finally:
            too_late = late.finished.is_set()
            late.cancel()
            if size >= limits.output:
                process.kill()
            code = process.wait()
    if too_late:
        raise CouldNotError(
            f"tshark needed more than {limits.seconds:.0f} s for this capture; take a shorter one, or of one number"
        )
    if code and not size:
        raise CouldNotError("tshark does not understand this file; is it a capture (pcap, pcapng)?")


def _without_capabilities() -> list[str]:
    """What runs a program without the capability that we hold."""
    program = shutil.which("setpriv")
    return [program, "--inh-caps=-all", "--ambient-caps=-all", "--"] if program else []


def _message(line: str) -> Message | None:
    try:
        layers = json.loads(line)["layers"]
        if not isinstance(layers, dict):
            return None
        return _from_layers(layers)
    except (ValueError, KeyError, TypeError, RecursionError):
        return None


def _from_layers(layers: Mapping[str, Any]) -> Message | None:
    def told(field: str) -> list[str]:
        value = layers.get(field.replace(".", "_"), [])
        texts = value if isinstance(value, list) else [value]
        return [str(text).encode("utf-8", "replace").decode() for text in texts]

    def last(*fields: str) -> str:
        """Of the innermost of several headers."""
        return next((values[-1] for field in fields if (values := told(field))), "")

    method, line = "".join(told("sip.Method")[:1]), "".join(told("sip.Status-Line")[:1])
    status = re.match(r"SIP/2\.0 (\d{3}) ?(.*)", line, re.DOTALL)
    if not method and status is None:
        return None
    seconds, _, rest = last("frame.time_epoch").partition(".")
    media = zip(told("sdp.connection_info.address"), told("sdp.media.port"), strict=False)
    return Message(
        at=int(seconds) * 1_000_000_000 + int((rest + "000000000")[:9]),
        source=_end(last("ip.src", "ipv6.src"), last("udp.srcport", "tcp.srcport")),
        destination=_end(last("ip.dst", "ipv6.dst"), last("udp.dstport", "tcp.dstport")),
        method=method or "".join(told("sip.CSeq.method")[:1]), status=int(status[1]) if status else 0,
        reason=status[2] if status else "", call_id="".join(told("sip.Call-ID")[:1])[:MAX_CALL_ID],
        caller="".join(told("sip.from.user")[:1]), called="".join(told("sip.to.user")[:1]),
        again=told("sip.resend")[:1] not in ([], ["0"], ["False"], ["false"]),
        media=tuple(_end(host, port) for host, port in media),
    )  # fmt: skip


def _stream(line: str) -> Stream | None:
    parts = _STREAM.fullmatch(line)
    if parts is None:
        return None
    source, sport, destination, dport, ssrc, names, packets, lost, *figures = parts.groups()
    try:
        _, mean, longest, _, jitter, most = (float(figure) for figure in figures)
    except ValueError:
        return None
    return Stream(
        source=_end(source, sport), destination=_end(destination, dport), ssrc=ssrc.lower(), codecs=names, packets=int(packets),
        lost=int(lost), gap=longest, spacing=mean, jitter=jitter, jitter_most=most,
    )  # fmt: skip


def _end(host: str, port: str) -> str:
    return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"
