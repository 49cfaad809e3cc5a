"""Mail over SMTP (RFC 5321), with STARTTLS, TLS from the start, or in clear to a server of the house."""

from __future__ import annotations

import hashlib
import smtplib
import ssl
from collections.abc import Mapping
from email.message import EmailMessage
from email.utils import format_datetime
from typing import Annotated, Literal

from pydantic import AfterValidator, Field

from appliance import config
from appliance.moments import to_datetime
from appliance.notices import Notice
from uploader.channels import ChannelAgainError, ChannelRefusedError

TIMEOUT_S = 20.0


def _address(text: str) -> str:
    """A mail address. Raises ValueError with the mend."""
    name, at, host = text.rpartition("@")
    if not (name and at and host) or not text.isprintable() or any(letter in text for letter in ' <>,;"\\'):
        raise ValueError("is no mail address; write it like support@example.jp")
    return text


class Options(config.Options):
    """Settings of `kind = "mail"`."""

    host: str = Field(pattern=r"^\S+$", title="Server", description="The mail server that takes the box's mail.")
    port: int = Field(default=587, ge=1, le=65535, title="Port", description="587 with STARTTLS, 465 with TLS, 25 in clear.")
    security: Literal["starttls", "tls", "none"] = Field(
        default="starttls", title="Security", description="starttls, tls, or none (no name and password are sent then)."
    )
    sender: Annotated[str, AfterValidator(_address)] = Field(title="From", description="Address the mail comes from.")
    to: list[Annotated[str, AfterValidator(_address)]] = Field(min_length=1, title="To", description="Addresses that are told.")
    ca_file: str = Field(default="", title="Authority", description="PEM file of the server's authority; empty: the system's.")


def send(options: Options, secret: Mapping[str, str], notice: Notice) -> None:
    """Send one mail to all; name and password are the secret's `user` and `password`."""
    deliver(options, secret, message(options, notice))


def deliver(options: Options, secret: Mapping[str, str], letter: EmailMessage) -> None:
    """Hand this mail to the server. Raises ChannelError."""
    try:
        context = ssl.create_default_context(cafile=options.ca_file or None)
    except OSError as error:
        raise ChannelRefusedError(
            f"{options.ca_file}: holds no certificates ({error.strerror or error}); name a PEM file"
        ) from error
    try:
        with _server(options, context) as server:
            if options.security == "starttls":
                server.starttls(context=context)
            if secret.get("user") and options.security != "none":
                server.login(secret["user"], secret.get("password", ""))
            refused = server.send_message(letter)
    except ssl.SSLCertVerificationError as error:
        raise ChannelRefusedError(
            f"{options.host}: its certificate does not hold ({error.verify_message}); name its authority in ca_file"
        ) from error
    except smtplib.SMTPNotSupportedError as error:
        raise ChannelRefusedError(f"{options.host}: {error}; choose another security or another server") from error
    except smtplib.SMTPRecipientsRefused as error:
        code, _ = next(iter(error.recipients.values()))
        raise _refusal(options.host, code, f"refuses {', '.join(error.recipients)}") from error
    except smtplib.SMTPResponseException as error:
        text = error.smtp_error.decode("utf-8", "replace") if isinstance(error.smtp_error, bytes) else error.smtp_error
        raise _refusal(options.host, error.smtp_code, f"answers {error.smtp_code} {text}") from error
    except (OSError, smtplib.SMTPException) as error:
        raise ChannelAgainError(f"{options.host}: cannot be reached ({error})") from error
    if refused:
        raise ChannelRefusedError(f"{options.host}: took the mail, but refuses {', '.join(refused)}; correct the addresses")


def message(options: Options, notice: Notice) -> EmailMessage:
    """The mail: plain text, marked as nobody's own writing (RFC 3834), with an id that a repeated try keeps."""
    mail = EmailMessage()
    mail["Subject"] = notice.subject.replace("\n", " ").replace("\r", " ")
    mail["From"], mail["To"] = options.sender, ", ".join(options.to)
    mail["Date"] = format_datetime(to_datetime(notice.at))
    digest = hashlib.sha256(f"{notice.serial} {notice.id}".encode()).hexdigest()[:32]
    mail["Message-ID"] = f"<{digest}@{options.sender.rpartition('@')[2]}>"
    mail["Auto-Submitted"] = "auto-generated"
    mail.set_content(notice.text + "\n")
    return mail


def _server(options: Options, context: ssl.SSLContext) -> smtplib.SMTP:
    if options.security == "tls":
        return smtplib.SMTP_SSL(options.host, options.port, timeout=TIMEOUT_S, context=context)
    return smtplib.SMTP(options.host, options.port, timeout=TIMEOUT_S)


def _refusal(host: str, code: int, what: str) -> ChannelAgainError | ChannelRefusedError:
    """4xx is for now, 5xx for good (RFC 5321 §4.2.1)."""
    if 400 <= code < 500:
        return ChannelAgainError(f"{host}: {what}")
    return ChannelRefusedError(f"{host}: {what}; check addresses, name and password")
