"""The web service: uvicorn on the LAN port, with TLS wherever it can be reached from another machine."""

from __future__ import annotations

import ipaddress
import signal
import socket
import ssl
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import FrameType

import uvicorn

from appliance import tls
from appliance.box import Box
from appliance.clock import SystemClock
from appliance.errors import ConfigError, CouldNotError
from appliance.ledger import Ledger
from appliance.web.app import create
from appliance.web.console import Console
from appliance.web.news import News


class _Server(uvicorn.Server):
    """Ends the live pages' streams when it is told to stop; they would keep it up otherwise."""

    news: News

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        self.news.close()
        super().handle_exit(sig, frame)


def serve(box: Box, host: str, port: int) -> None:
    """Serve until SIGTERM or SIGINT. Raises CouldNotError where the port cannot be had."""
    Ledger.open(box.folders.ledger).close()  # migrate, and say at once what is wrong with the folder
    app = create(Console(box, SystemClock()))
    pair = certificate(box, host)
    settings = uvicorn.Config(
        app, log_config=None, access_log=False, server_header=False, timeout_graceful_shutdown=3, timeout_keep_alive=30,
        proxy_headers=False, ssl_certfile=pair and pair.certificate, ssl_keyfile=pair and pair.key,
    )  # fmt: skip
    server = _Server(settings)
    server.news = app.state.news
    for number in (signal.SIGTERM, signal.SIGINT):  # uvicorn hands the signal on to these when it has stopped
        signal.signal(number, lambda _number, _frame: None)
    with _listen(host, port) as listener:
        server.run(sockets=[listener])


def address(host: str, port: int) -> str:
    """The console's address as a person types it."""
    shown = "127.0.0.1" if host in ("", "0.0.0.0") else host  # noqa: S104 - shown, not bound
    return f"{'http' if is_this_machine(host) else 'https'}://{f'[{shown}]' if ':' in shown else shown}:{port}"


def is_this_machine(host: str) -> bool:
    """Whether only this machine can reach what listens there."""
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def certificate(box: Box, host: str) -> tls.Pair | None:
    """The TLS certificate: None on this machine itself; else the configured one, or one of our own."""
    if is_this_machine(host):
        return None
    web = box.config.web
    if bool(web.certificate) != bool(web.private_key):
        raise ConfigError(f"{box.source.name}: web.certificate and web.private_key belong together; set both or none")
    if web.certificate:
        return _usable(tls.Pair(Path(web.certificate), Path(web.private_key)), box.source.name)
    return tls.own_certificate(box.folders.keys, socket.gethostname(), datetime.now(UTC), timedelta(days=825))


def _usable(pair: tls.Pair, source: str) -> tls.Pair:
    """The pair, if TLS can be served with it. Raises ConfigError."""
    try:
        ssl.create_default_context(ssl.Purpose.CLIENT_AUTH).load_cert_chain(pair.certificate, pair.key, password="")
    except OSError as error:
        raise ConfigError(
            f"{source}: web.certificate, web.private_key: {pair.certificate} and {pair.key} cannot be used "
            f"({error.strerror or error}); name the PEM files of a certificate and of its key without a pass phrase"
        ) from error
    return pair


def _listen(host: str, port: int) -> socket.socket:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    listener = socket.socket(family, socket.SOCK_STREAM)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind((host, port))
        listener.listen(128)
    except (OSError, OverflowError) as error:
        listener.close()
        why = getattr(error, "strerror", None) or error
        raise CouldNotError(f"{host}:{port}: cannot be listened on ({why}); choose another with --port") from error
    return listener
