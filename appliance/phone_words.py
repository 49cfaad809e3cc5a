"""Checks of single values of the telephone system's settings; each says what is wrong with its mend. Part of `config.py`'s tree. Pure."""

from __future__ import annotations

import re
import unicodedata
from typing import Annotated

from pydantic import AfterValidator

from appliance import dialplan, options

_HOST = re.compile(r"[A-Za-z0-9]([A-Za-z0-9.-]*[A-Za-z0-9])?|[0-9A-Fa-f:]+")
_USER = re.compile(r"[A-Za-z0-9+#*._-]{1,64}(@[A-Za-z0-9.-]{1,100})?")
_CODE = re.compile(r"[*#][0-9*#]{0,5}")
_MAIL = re.compile(r"[A-Za-z0-9._%+-]+@[A-Za-z0-9-]+(\.[A-Za-z0-9-]+)+")
_SOUND = re.compile(r"[A-Za-z0-9][A-Za-z0-9/_-]{0,80}")
_PATH = re.compile(r"/[A-Za-z0-9._/-]+( [A-Za-z0-9._/-]+)*")
_PUBLIC = re.compile(r"\+?[0-9][0-9-]{1,20}")
SPECIAL = ("listed", "blocked")
"""Words for callers besides those of options.WITHHELD: in the directory, on the block list."""
CODECS = ("ulaw", "alaw", "g722", "opus", "gsm", "g726")


def name(text: str) -> str:
    """A name by which settings, flows and the dialplan call something. Raises ValueError with the mend."""
    if not dialplan.NAME.fullmatch(text):
        raise ValueError("is no name; write two to forty small letters, digits, - and _, a letter first, such as front")
    return text


def extension(text: str) -> str:
    """A number inside the office. Raises ValueError with the mend."""
    if not dialplan.EXTENSION.fullmatch(text):
        raise ValueError("is no extension; write two to eight digits that do not begin with 0, such as 201")
    return text


def target(text: str) -> str:
    """Where a call goes. Raises ValueError with the mend."""
    dialplan.target(text)
    return text


def target_or_none(text: str) -> str:
    """Where a call goes, or nothing. Raises ValueError with the mend."""
    return target(text) if text else text


def member(text: str) -> str:
    """Somebody who is rung: an extension, or a number outside. Raises ValueError with the mend."""
    if not dialplan.EXTENSION.fullmatch(text) and not _PUBLIC.fullmatch(text):
        raise ValueError("is nobody who can be rung; write an extension (201) or a number outside (090-1234-5678)")
    return text


def public(text: str) -> str:
    """A telephone number outside, or nothing. Raises ValueError with the mend."""
    if text and not _PUBLIC.fullmatch(text):
        raise ValueError("is no telephone number; write its digits, hyphens allowed, such as 03-1234-5678")
    return text


def caller(text: str) -> str:
    """Whose calls a route takes. Raises ValueError with the mend."""
    return text if text in SPECIAL else options.caller(text)


def code(text: str) -> str:
    """A feature code, or nothing. Raises ValueError with the mend."""
    if text and not _CODE.fullmatch(text):
        raise ValueError("is no code; write * or # and up to five more keys, such as *8")
    return text


def host(text: str) -> str:
    """A host, or nothing. Raises ValueError with the mend."""
    if text and not _HOST.fullmatch(text):
        raise ValueError("is no host; write a name or an address, such as 192.168.1.1")
    return text


def user(text: str) -> str:
    """The name with which a trunk is entered, or nothing. Raises ValueError with the mend."""
    if text and not _USER.fullmatch(text):
        raise ValueError("is no user; write letters, digits and ._-+, as the provider's letter says it")
    return text


def mail(text: str) -> str:
    """A mail address, or nothing. Raises ValueError with the mend."""
    if text and not _MAIL.fullmatch(text):
        raise ValueError("is no mail address; write one like front@example.jp")
    return text


def sound(text: str) -> str:
    """A sound file of Asterisk's, or nothing. Raises ValueError with the mend."""
    if text and not _SOUND.fullmatch(text):
        raise ValueError("is no sound; write its name below the sounds folder without ending, such as custom/welcome")
    return text


def program(text: str) -> str:
    """A program with plain options, or nothing. Raises ValueError with the mend."""
    if text and not _PATH.fullmatch(text):
        raise ValueError("is no program; write its full path and plain words, such as /usr/sbin/sendmail -t")
    return text


def label(text: str) -> str:
    """What people call something: one line. Raises ValueError with the mend."""
    if any(unicodedata.category(letter) in ("Cc", "Zl", "Zp", "Cs") for letter in text):
        raise ValueError("holds a line break or another control character; write it on one line")
    return text


Name = Annotated[str, AfterValidator(name)]
ExtensionNumber = Annotated[str, AfterValidator(extension)]
TargetText = Annotated[str, AfterValidator(target)]
MaybeTarget = Annotated[str, AfterValidator(target_or_none)]
Member = Annotated[str, AfterValidator(member)]
Public = Annotated[str, AfterValidator(public)]
Caller = Annotated[str, AfterValidator(caller)]
Code = Annotated[str, AfterValidator(code)]
Host = Annotated[str, AfterValidator(host)]
User = Annotated[str, AfterValidator(user)]
Mail = Annotated[str, AfterValidator(mail)]
Sound = Annotated[str, AfterValidator(sound)]
Program = Annotated[str, AfterValidator(program)]
Label = Annotated[str, AfterValidator(label)]
