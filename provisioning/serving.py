"""Serves telephones their settings, over HTTPS unless the settings say otherwise (the unit appliance-phones)."""

from __future__ import annotations

import logging
import ssl
import threading
import time
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from appliance import phone_secrets, registry, tls
from appliance.box import Box
from appliance.clock import Clock
from appliance.errors import ConfigError, CouldNotError
from appliance.ledger import Ledger
from appliance.phone_settings import Secrets
from appliance.service import Service
from provisioning.telephones import Answer, Throttle, answer, telephones

log = logging.getLogger(__name__)
_TIMEOUT_S = 10.0
_CERTIFICATE = timedelta(days=825)
_ROUND_S = 5.0


class Server(ThreadingHTTPServer):
    """Listens, and answers each telephone by itself; a slow one keeps nobody waiting."""

    daemon_threads = True

    def __init__(self, box: Box) -> None:
        serving = box.config.phone.serving
        phone = box.config.phone
        folder = box.folders.keys
        passwords = {desk.number: phone_secrets.read(folder, f"phone-{desk.number}") for desk in phone.extensions if desk.mac}
        self.known = telephones(box.config, Secrets(phones=passwords), phone.network.address or serving.host)
        self.makes = registry.members("provisioning.phones")
        self.inside = list(phone.network.inside)
        self.throttle = Throttle(serving.per_minute)
        self.lock = threading.Lock()
        self.served = self.refused = 0
        try:
            super().__init__((serving.host, serving.port), _Handler)
        except OSError as error:
            raise CouldNotError(f"{serving.host}:{serving.port}: cannot be listened on ({error.strerror}); name another") from error
        if serving.tls:
            pair = tls.own_certificate(box.folders.data / "phones", serving.host, datetime.now(UTC), _CERTIFICATE)
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            context.load_cert_chain(pair.certificate, pair.key)
            self.socket = context.wrap_socket(self.socket, server_side=True, do_handshake_on_connect=False)

    def decide(self, path: str, address: str) -> Answer:
        """What this request is answered."""
        with self.lock:
            if not self.throttle.allows(address, time.monotonic()):
                self.refused += 1
                return Answer(status=429, sentence=f"{address}: asks more than phone.serving.per_minute allows")
            found = answer(path, address, self.known, self.makes, self.inside)
            self.served += found.status == 200
            self.refused += found.status != 200
            return found

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A telephone that hung up, or spoke no TLS, is no error of ours."""
        log.debug("%s: broke off", client_address[0], exc_info=True)


class _Handler(BaseHTTPRequestHandler):
    server: Server
    timeout = _TIMEOUT_S

    def do_GET(self) -> None:
        """One file."""
        found = self.server.decide(self.path, self.client_address[0])
        log.log(logging.INFO if found.status == 200 else logging.WARNING, "%s", found.sentence)
        self.send_response(found.status)
        self.send_header("Content-Type", found.content_type)
        self.send_header("Content-Length", str(len(found.body)))
        self.send_header("Cache-Control", "no-store")
        self.end_headers()
        self.wfile.write(found.body)

    def version_string(self) -> str:
        return "appliance"

    def log_message(self, format: str, *args: Any) -> None:
        log.debug(format, *args)


def serve(box: Box, clock: Clock) -> None:
    """Until SIGTERM or SIGINT. Raises ConfigError where no address is named, CouldNotError where it cannot be had."""
    if not box.config.phone.serving.host:
        raise ConfigError(
            str(box.source.problem(("phone", "serving", "host"), "is empty; name the voice LAN's address of the box"))
        )
    with Ledger.open(box.folders.ledger) as ledger, Server(box) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        service = Service("phones", box.folders, clock)

        def step() -> float:
            service.detail = {"served": server.served, "refused": server.refused, "telephones": len(server.known)}
            return _ROUND_S

        service.run(ledger, step)
        server.shutdown()
