"""A real SMTP server of the test's own (RFC 5321, STARTTLS, AUTH PLAIN), on a socket of this machine."""

from __future__ import annotations

import base64
import contextlib
import email
import email.policy
import socketserver
import ssl
import threading
from email.message import EmailMessage
from pathlib import Path
from types import TracebackType


class Mailbox:
    """The server, as long as the object is entered.

    `refuses` gives the answer to RCPT of an address; `tls` says when the certificate (PEM, key and certificate) is used.
    """

    def __init__(
        self, certificate: Path | None = None, tls: str = "starttls", login: str = "", refuses: dict[str, str] | None = None
    ) -> None:
        self.mails: list[EmailMessage] = []
        self.logins: list[str] = []
        self.refuses = refuses or {}
        self.login = login
        self.context: ssl.SSLContext | None = None
        if certificate is not None:
            self.context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            self.context.load_cert_chain(certificate)
        self.implicit = tls == "tls"
        mailbox = self

        class Handler(socketserver.StreamRequestHandler):
            def handle(self) -> None:
                with contextlib.suppress(OSError), _Talk(mailbox, self) as talk:  # whoever does not like our certificate goes
                    talk.run()

        self._server = socketserver.ThreadingTCPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True

    @property
    def port(self) -> int:
        """Where it listens."""
        return int(self._server.server_address[1])

    def __enter__(self) -> Mailbox:
        threading.Thread(target=self._server.serve_forever, args=(0.05,), daemon=True).start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self._server.shutdown()
        self._server.server_close()


class _Talk:
    """One connection."""

    def __init__(self, mailbox: Mailbox, handler: socketserver.StreamRequestHandler) -> None:
        self.mailbox = mailbox
        self.socket = handler.request
        self.secure = False
        if mailbox.implicit:
            self.take_tls()
        self.file = self.socket.makefile("rb")
        self.known = not mailbox.login
        self.taken: list[str] = []

    def __enter__(self) -> _Talk:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self.file.close()
        self.socket.close()

    def take_tls(self) -> None:
        assert self.mailbox.context is not None
        self.socket = self.mailbox.context.wrap_socket(self.socket, server_side=True)
        self.file = self.socket.makefile("rb")
        self.secure = True

    def say(self, text: str) -> None:
        self.socket.sendall(text.encode() + b"\r\n")

    def run(self) -> None:
        self.say("220 bed")
        while line := self.file.readline().decode("utf-8", "replace").strip():
            word, _, rest = line.partition(" ")
            if word.upper() == "QUIT":
                self.say("221 bye")
                return
            self.answer(word.upper(), rest)

    def answer(self, word: str, rest: str) -> None:
        if word == "EHLO":
            offers = ["AUTH PLAIN"] if self.secure else []
            offers += ["STARTTLS"] if self.mailbox.context and not self.secure else []
            lines = ["bed", *offers]
            for place, line in enumerate(lines):
                self.say(f"250{' ' if place == len(lines) - 1 else '-'}{line}")
        elif word == "STARTTLS":
            self.say("220 go on")
            self.take_tls()
        elif word == "AUTH":
            given = base64.b64decode(rest.split()[1]).decode().split("\0")
            self.mailbox.logins.append(":".join(given[1:]))
            self.known = ":".join(given[1:]) == self.mailbox.login
            self.say("235 welcome" if self.known else "535 wrong name or password")
        elif word == "MAIL":
            self.taken = []
            self.say("250 ok" if self.known else "530 log in first")
        elif word == "RCPT":
            address = rest.partition("<")[2].partition(">")[0]
            self.say(self.mailbox.refuses.get(address, "250 ok"))
            self.taken.append(address)
        elif word == "DATA":
            self.data()
        else:
            self.say("250 ok")

    def data(self) -> None:
        self.say("354 go on")
        lines = []
        while (line := self.file.readline()) not in (b".\r\n", b""):
            lines.append(line[1:] if line.startswith(b".") else line)
        mail = email.message_from_bytes(b"".join(lines), policy=email.policy.default)
        assert isinstance(mail, EmailMessage)
        self.mailbox.mails.append(mail)
        self.say("250 taken")
