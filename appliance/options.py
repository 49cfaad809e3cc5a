"""What every group of settings shares: the strict base class, and checks of single values that say what is wrong with its mend. Pure."""

from __future__ import annotations

import re
from ipaddress import IPv4Network, IPv6Network
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from pydantic import BaseModel, ConfigDict

from appliance import bech32


class Options(BaseModel):
    """The base of every group of settings: strict, frozen, nothing unknown."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)


def zone(name: str) -> str:
    """A time zone's name. Raises ValueError with the mend."""
    try:
        ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError) as error:
        raise ValueError("is no time zone; write one of the IANA database, such as Asia/Tokyo") from error
    return name


def network(text: str) -> str:
    """An IP network. Raises ValueError with the mend."""
    try:
        IPv4Network(text, strict=False)
    except ValueError:
        try:
            IPv6Network(text, strict=False)
        except ValueError as error:
            raise ValueError("is no network; write it like 192.168.0.0/24 or 2001:db8::/32") from error
    return text


_NUMBER = re.compile(r"[*#+ (]*\w[\w+#. ()・‐-―−ー－-]*\*?")
_DOMAIN = re.compile(r"[A-Za-z0-9-]+(\.[A-Za-z0-9-]+)+")
HOURS = re.compile(r"([01]\d|2[0-3]):([0-5]\d)-(?:([01]\d|2[0-3]):([0-5]\d)|24:00)")
WITHHELD = ("withheld", "anonymous", "payphone", "unavailable", "interaction")
"""Words that stand for callers without a number; the first for all of them."""


def hours(text: str) -> str:
    """A span of hours, or nothing. Raises ValueError with the mend."""
    if text and not HOURS.fullmatch(text):
        raise ValueError("is no span of hours; write it like 22:00-06:00 (24:00 is the end of the day)")
    if text and text[:5] == text[6:]:
        raise ValueError("is no span of hours: it ends when it begins; leave it empty for the whole day")
    return text


def day_hours(text: str) -> str:
    """A span of hours within one day, or nothing. Raises ValueError with the mend."""
    if hours(text) and text[:5] > text[6:]:
        raise ValueError("goes beyond midnight; write hours of one day, such as 09:00-17:30")
    return text


def caller(text: str) -> str:
    """Whom a rule speaks of. Raises ValueError with the mend."""
    if text not in WITHHELD and not _NUMBER.fullmatch(text):
        raise ValueError(f"is no number; write it as dialled, a beginning with * behind it, or a word: {', '.join(WITHHELD)}")
    return text


def dialled(text: str) -> str:
    """A number or the beginning of one. Raises ValueError with the mend."""
    if text in WITHHELD or not _NUMBER.fullmatch(text):
        raise ValueError("is no number; write it as dialled, or a beginning with * behind it")
    return text


def keys(text: str) -> str:
    """Keys of a telephone, or nothing. Raises ValueError with the mend."""
    if not re.fullmatch(r"([0-9*#A-D]{2,8})?", text):
        raise ValueError("is no sequence of keys; write two to eight of 0-9, *, #, such as *7")
    return text


def trunk(text: str) -> str:
    """Where a rule's calls come from or go to. Raises ValueError with the mend."""
    if (
        not re.fullmatch(r"[A-Za-z0-9]([A-Za-z0-9-]*[A-Za-z0-9])?(\.[A-Za-z0-9]([A-Za-z0-9-]*[A-Za-z0-9])?)+", text)
        or text[-1].isdigit()
    ):
        try:
            network(text)
        except ValueError as error:
            raise ValueError(
                "is no trunk; write a host or network (203.0.113.5, 203.0.113.0/24) or a domain (ntt.example)"
            ) from error
    return text


def recipient(text: str) -> str:
    """An age recipient. Raises ValueError with the mend."""
    try:
        bech32.decode_key(text, "age")
    except bech32.Bech32Error as error:
        raise ValueError(
            f"is no age recipient ({error}); it looks like age1… and `appliance uploader keys list` shows it"
        ) from error
    return text


def rtpmap(text: str) -> str:
    """A dynamic payload type with its encoding, as `a=rtpmap` writes it (RFC 8866 §6.6). Raises ValueError."""
    if not re.fullmatch(r"(9[6-9]|1[01]\d|12[0-7]) [A-Za-z0-9.-]{1,30}/\d{4,6}(/[1-8])?", text):
        raise ValueError("is no dynamic payload type with its encoding; write it like 111 opus/48000/2")
    return text
