"""One HTTP request to a system of the office's: only to hosts that were named, no redirect, little is read, and all of it by a deadline.

A socket's time-out counts from byte to byte: a server that drips would hold a request for hours. So a timer shuts the connection at the
deadline, whatever it is doing then. No proxy of the environment is asked, and no error repeats a path, for paths may hold numbers.
"""

from __future__ import annotations

import contextlib
import http.client
import json
import socket
import ssl
import threading
import time
from collections.abc import Iterable, Iterator, Mapping
from typing import Any, NamedTuple
from urllib.parse import urlsplit

from appliance.errors import CouldNotError

LARGEST = 256 * 1024
_LATER = frozenset({408, 409, 425, 429})


class AskError(CouldNotError):
    """There was no answer of use."""


class AgainError(AskError):
    """It may go well later; `wait` are the seconds that the server asked for, if it did."""

    def __init__(self, what: str, wait: float | None = None) -> None:
        super().__init__(what)
        self.wait = wait


class RefusedError(AskError):
    """It will not go well until a person mends something."""


class GoneError(RefusedError):
    """What was asked for is no more (404, 410)."""


class Target(NamedTuple):
    """Where to, and what may be trusted."""

    url: str
    hosts: tuple[str, ...] = ()
    """Hosts that may be asked, `host` or `host:port`, with all below them where the name begins with a dot; empty: the URL's own."""
    ca_file: str = ""


def ask(
    method: str, target: Target, headers: Mapping[str, str], body: bytes | None = None, *, seconds: float, largest: int = LARGEST
) -> bytes:
    """The body of a 2xx answer. Raises AgainError, RefusedError or GoneError."""
    parts = _checked(target)
    path = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
    ends = time.monotonic() + seconds
    expired = threading.Event()
    try:
        with _connected(parts, target.ca_file, seconds) as connection, _until(connection.sock, ends, expired):
            if isinstance(connection.sock, ssl.SSLSocket):
                connection.sock.do_handshake()
            connection.request(method, path, body, dict(headers))
            with connection.getresponse() as answer:
                said = answer.read(largest + 1)
    except ssl.SSLCertVerificationError as error:
        raise RefusedError(
            f"{parts.hostname}: its certificate does not hold ({error.verify_message}); name its authority in ca_file"
        ) from error
    except (OSError, http.client.HTTPException, ValueError) as error:
        late = expired.is_set() or time.monotonic() >= ends
        what = f"gave no answer within {seconds:g} s" if late else f"cannot be reached ({type(error).__name__})"
        raise AgainError(f"{parts.hostname}: {what}") from error
    if expired.is_set():  # what was cut off may look whole
        raise AgainError(f"{parts.hostname}: gave no answer within {seconds:g} s")
    return _taken(parts.hostname or "", answer, said, largest)


def ask_json(method: str, target: Target, headers: Mapping[str, str], body: Any = None, *, seconds: float) -> Any:
    """The same with JSON both ways. Raises AskError."""
    told = None if body is None else json.dumps(body, ensure_ascii=False).encode("utf-8", "replace")
    kind = {"Content-Type": "application/json"} if told is not None else {}
    said = ask(method, target, {"Accept": "application/json", **kind, **headers}, told, seconds=seconds)
    try:
        return json.loads(said)
    except (ValueError, RecursionError) as error:
        raise RefusedError(f"{urlsplit(target.url).hostname}: does not answer in JSON; check the address") from error


def may_go(url: str, hosts: Iterable[str]) -> bool:
    """Whether this address is on one of these hosts: `host`, `host:port`, `.below`, or with `http://` where TLS is not asked for."""
    try:
        parts = urlsplit(url)
        host, port = (parts.hostname or "").lower(), parts.port
    except ValueError:
        return False
    for allowed in hosts:
        scheme, _, name = allowed.lower().rpartition("://")
        wanted, _, wanted_port = name.partition(":")
        below = wanted.startswith(".") and host.endswith(wanted)
        if (host == wanted or below) and (not wanted_port or wanted_port == str(port)) and parts.scheme == (scheme or "https"):
            return not parts.username and not parts.password
    return False


def _checked(target: Target) -> Any:
    parts = urlsplit(target.url)
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise RefusedError("the address is none of http or https; correct it")
    if target.hosts and not may_go(target.url, (f"{parts.scheme}://{host}" for host in target.hosts)):
        raise RefusedError(f"{parts.hostname}: is not among the hosts that may be asked; add it to hosts")
    return parts


def _taken(host: str, answer: http.client.HTTPResponse, said: bytes, largest: int) -> bytes:
    if 200 <= answer.status < 300:
        if len(said) > largest:
            raise RefusedError(f"{host}: answers with more than {largest} bytes; ask it for less")
        return said
    what = f"{host}: answers {answer.status}"
    if answer.status >= 500 or answer.status in _LATER:
        wait = answer.getheader("Retry-After", "")
        raise AgainError(what, float(wait) if wait.isascii() and wait.isdigit() and len(wait) < 6 else None)
    if answer.status in (404, 410):
        raise GoneError(f"{what}; check the address")
    raise RefusedError(f"{what}; check the address and the secret")


@contextlib.contextmanager
def _until(plug: socket.socket, ends: float, expired: threading.Event) -> Iterator[None]:
    """Shut the connection when the time is over, whoever has closed his end of it meanwhile; the event says whether that was so."""

    def shut() -> None:
        expired.set()
        with contextlib.suppress(OSError):
            socket.socket.shutdown(plug, socket.SHUT_RDWR)

    timer = threading.Timer(max(0.0, ends - time.monotonic()), shut)
    timer.daemon = True
    timer.start()
    try:
        yield
    finally:
        timer.cancel()


@contextlib.contextmanager
def _connected(parts: Any, ca_file: str, seconds: float) -> Iterator[http.client.HTTPConnection]:
    """A connection whose socket is there already, so that it can be shut during the handshake too; TLS shakes hands later."""
    port = parts.port or (443 if parts.scheme == "https" else 80)
    context = _context(ca_file) if parts.scheme == "https" else None
    connection = http.client.HTTPConnection(parts.hostname, port)
    with socket.create_connection((parts.hostname, port), seconds) as plug, contextlib.closing(connection):
        connection.sock = plug
        if context is not None:
            connection.sock = context.wrap_socket(plug, server_hostname=parts.hostname, do_handshake_on_connect=False)
            connection.default_port = 443
        yield connection


def _context(ca_file: str) -> ssl.SSLContext:
    try:
        return ssl.create_default_context(cafile=ca_file or None)
    except OSError as error:
        raise RefusedError(f"{ca_file}: holds no certificates ({error.strerror or error}); name a PEM file") from error
