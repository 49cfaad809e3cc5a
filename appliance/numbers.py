"""Telephone numbers as they are met on Japanese lines, and why a caller shows none.

Pure. What was on the wire is always kept beside what we make of it (`Number.raw`). Japanese forms follow the numbering plan of
the Ministry of Internal Affairs (fixed lines 10 digits; 050 and 060/070/080/090 11; 0120 and 0570 10; 0800 11; 020 M2M);
everything beyond Japan is left to the phonenumbers library. Nothing is guessed: what is no telephone number stays as it was seen.
"""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass
from enum import StrEnum
from functools import lru_cache

EMERGENCY = frozenset({"110", "118", "119"})
SERVICE = frozenset({"104", "115", "117", "135", "142", "144", "147", "148", "171", "188", "189"})

_NOISE = re.compile(r"[\s\-‐-―−ー()\[\].・/]+")
_DIALLED = re.compile(r"(184|186)?\+?[0-9*#]+")
_WITHHOLD_OR_SHOW = re.compile(r"(184|186)(.+)")
_BEHIND_IT = re.compile(r"[0#+]|1[01]")
_CARRIER = re.compile(r"(00[2-9]\d{1,2}|0091\d{2})(?=0[1-9])")
_JAPANESE = re.compile(
    r"""(?P<mobile>0[6789]0[1-9]\d{7})\Z
      | (?P<ip>050\d{8})\Z
      | (?P<freephone>0120\d{6}|0800\d{7})\Z
      | (?P<navi>0570\d{6})\Z
      | (?P<m2m>0200\d{10}|020[1-9]\d{7})\Z
      | (?P<fixed>0[1-9][1-9]\d{7})\Z""",
    re.VERBOSE,
)
_ABROAD = re.compile(r"010(?=[1-9]\d{6})")
_AT_HOME = re.compile(r"\+81(?!0*10)")
"""No Japanese number begins with 010, so that +8110… is none."""


class Kind(StrEnum):
    """What sort of number it is."""

    FIXED = "fixed"
    MOBILE = "mobile"
    IP = "ip"
    FREEPHONE = "freephone"
    NAVI = "navi"
    M2M = "m2m"
    EMERGENCY = "emergency"
    SERVICE = "service"
    INTERNATIONAL = "international"
    OTHER = "other"
    """An extension, a name, or anything that is no public number."""


class CallerReason(StrEnum):
    """Why a caller shows no number, in the network's own words (NTT, TTC JJ-90.22 display names)."""

    ANONYMOUS = "anonymous"
    PAYPHONE = "payphone"
    UNAVAILABLE = "unavailable"
    INTERACTION = "interaction"


@dataclass(frozen=True, slots=True, kw_only=True)
class Number:
    """One telephone number: as seen, as dialled inside the country, and as E.164 where it has such a form."""

    raw: str
    national: str
    """Digits as dialled in the site's country; the text as seen where it is no public number."""
    e164: str | None
    kind: Kind
    prefix: str | None = None
    """184 (withhold) or 186 (show), where it was dialled before the number."""
    carrier: str | None = None
    """Carrier-selection prefix (00XY) that was dialled before the number."""

    @property
    def is_public(self) -> bool:
        """Whether the public network could reach it (so it is no extension and no name)."""
        return self.kind is not Kind.OTHER


def clean(text: str) -> str:
    """The text in half width without spaces, hyphens, brackets, dots and a leading `tel:`."""
    half = unicodedata.normalize("NFKC", text).strip()
    return _NOISE.sub("", half.removeprefix("tel:").removeprefix("TEL:"))


def parse(text: str, *, area_code: str = "", country: str = "JP") -> Number:
    """What `text` means as a telephone number dialled at a site with this area code (with its leading 0) and country.

    Never raises: what is no number comes back as `Kind.OTHER` with the text as seen. The messages of a call name the same numbers again and
    again; those of usual length are remembered for a while.
    """
    return (_known if len(text) <= _USUAL_LENGTH else _parse)(text, area_code, country)


def _parse(text: str, area_code: str, country: str) -> Number:
    digits = clean(text)
    if not _DIALLED.fullmatch(digits):
        return Number(raw=text, national=text.strip(), e164=None, kind=Kind.OTHER)
    if country != "JP":
        return _international(text, digits, country)
    prefix = carrier = None
    if (found := _WITHHOLD_OR_SHOW.match(digits)) and (_BEHIND_IT.match(found[2]) or _is_local(found[2], area_code)):
        prefix, digits = found[1], found[2]
    if found := _CARRIER.match(digits):
        carrier, digits = found[1], digits[found.end() :]
    digits = _ABROAD.sub("+", digits, count=1) if _ABROAD.match(digits) else digits
    if _AT_HOME.match(digits):
        digits = "0" + digits[3:].lstrip("0")
    if _is_local(digits, area_code):
        digits = area_code + digits
    if found := _JAPANESE.match(digits):
        kind = Kind(found.lastgroup or "other")
        return Number(raw=text, national=digits, e164=f"+81{digits[1:]}", kind=kind, prefix=prefix, carrier=carrier)
    if digits in EMERGENCY or digits in SERVICE or re.fullmatch(r"#\d{4}", digits):
        kind = Kind.EMERGENCY if digits in EMERGENCY else Kind.SERVICE
        return Number(raw=text, national=digits, e164=None, kind=kind, prefix=prefix, carrier=carrier)
    if digits.startswith("+"):
        return _international(text, digits, country, prefix, carrier)
    return Number(raw=text, national=digits, e164=None, kind=Kind.OTHER, prefix=prefix, carrier=carrier)


_USUAL_LENGTH = 64
_known = lru_cache(maxsize=1024)(_parse)


def _is_local(digits: str, area_code: str) -> bool:
    """Whether the area code completes it: Japanese numbers with one have ten digits, and no local part begins with 0 or 1."""
    return bool(area_code) and len(area_code) + len(digits) == 10 and re.fullmatch(r"[2-9]\d+", digits) is not None


def _international(text: str, digits: str, country: str, prefix: str | None = None, carrier: str | None = None) -> Number:
    import phonenumbers  # numbers of Japan never need it: the tap starts sooner

    try:
        parsed = phonenumbers.parse(digits, country)
    except phonenumbers.NumberParseException:
        return Number(raw=text, national=digits, e164=None, kind=Kind.OTHER, prefix=prefix, carrier=carrier)
    parsed.extension = None
    if not phonenumbers.is_valid_number(parsed):
        return Number(raw=text, national=digits, e164=None, kind=Kind.OTHER, prefix=prefix, carrier=carrier)
    e164 = phonenumbers.format_number(parsed, phonenumbers.PhoneNumberFormat.E164)
    at_home = phonenumbers.region_code_for_number(parsed) == country
    national = re.sub(r"\D", "", phonenumbers.format_number(parsed, phonenumbers.PhoneNumberFormat.NATIONAL)) if at_home else e164
    kind = Kind.FIXED if at_home else Kind.INTERNATIONAL
    return Number(raw=text, national=national, e164=e164, kind=kind, prefix=prefix, carrier=carrier)


def pretty(national: str, e164: str | None) -> str:
    """The number as people write it (03-1234-5678, +1 650-253-0000); unchanged where it has no such form."""
    if not e164:
        return national
    import phonenumbers

    try:
        parsed = phonenumbers.parse(e164)
    except phonenumbers.NumberParseException:
        return national
    at_home = not national.startswith("+")
    form = phonenumbers.PhoneNumberFormat.NATIONAL if at_home else phonenumbers.PhoneNumberFormat.INTERNATIONAL
    written = phonenumbers.format_number(parsed, form)
    return written if re.sub(r"\D", "", written) == national.removeprefix("+") else national


_REASONS = (
    ("anonymous", CallerReason.ANONYMOUS),
    ("coin line/payphone", CallerReason.PAYPHONE),
    ("unavailable", CallerReason.UNAVAILABLE),
    ("interaction with other service", CallerReason.INTERACTION),
)


def caller_reason(*, display_name: str, user: str, host: str, privacy: str) -> CallerReason | None:
    """Why the caller shows no number, or None where one is shown.

    `display_name`, `user` and `host` are those of `From`; `privacy` is the `Privacy` header (RFC 3323). The display name is
    matched by prefix in any case, but only where the address itself carries no telephone number: people may call their
    company "Unavailable Ltd".
    """
    wants_privacy = bool({"id", "user", "header"} & {token.strip().lower() for token in re.split(r"[;,]", privacy)})
    hidden_host = host.lower() == "anonymous.invalid"
    has_number = re.fullmatch(r"\+?[0-9]{3,}", clean(user)) is not None
    if has_number and not wants_privacy and not hidden_host:
        return None
    name = unicodedata.normalize("NFKC", display_name).strip().lower()
    for start, reason in _REASONS:
        if name.startswith(start):
            return reason
    if wants_privacy or hidden_host or user.lower() == "anonymous":
        return CallerReason.ANONYMOUS
    return None
