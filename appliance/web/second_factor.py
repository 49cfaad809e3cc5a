"""Codes of six digits that change every half minute (TOTP, RFC 6238), each good once."""

from __future__ import annotations

import hmac
import re

import pyotp

from appliance.moments import SECOND

STEP_S = 30
_NEAR = (0, -1, 1)
"""A telephone's clock may be one step off (RFC 6238 §5.2)."""


class NoCodeError(Exception):
    """The code is not the one that the secret makes now."""


def new_secret() -> str:
    """A fresh secret, base32."""
    return pyotp.random_base32()


def address_of(secret: str, account: str, site: str) -> str:
    """The `otpauth:` address that an app on a telephone takes."""
    return pyotp.TOTP(secret).provisioning_uri(name=account, issuer_name=site or "appliance")


def check_code(secret: str, code: str, now: int, last_step: int) -> int | None:
    """The time step whose code this is; None where it is none, or of a step that was used already (RFC 6238 §5.2)."""
    digits = re.sub(r"\s", "", code)
    if not re.fullmatch(r"[0-9]{6}", digits):
        return None
    maker = pyotp.HOTP(secret)
    present = now // SECOND // STEP_S
    for step in (present + near for near in _NEAR):
        if step > last_step and hmac.compare_digest(maker.at(step), digits):
            return step
    return None
