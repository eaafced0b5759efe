"""The six digits that change every half minute (RFC 6238, with SHA-1, as every authenticator app has it). Pure."""

import base64
import hashlib
import hmac
from typing import Final
from urllib.parse import quote, urlencode

STEP_S: Final = 30
DIGITS: Final = 6
SECRET_BYTES: Final = 20  # as long as the hash, as RFC 4226 recommends
_DRIFT: Final = 1  # a phone's clock may be half a minute off, or the typing may take so long


def code(secret: bytes, step: int) -> str:
    """Return the digits of one half minute since 1970."""
    digest = hmac.digest(secret, step.to_bytes(8, "big"), hashlib.sha1)
    at = digest[-1] & 0xF
    return f"{(int.from_bytes(digest[at : at + 4], 'big') & 0x7FFFFFFF) % 10**DIGITS:0{DIGITS}}"


def step_of(now_ms: int) -> int:
    return now_ms // 1_000 // STEP_S


def accepted(secret: bytes, typed: str, now_ms: int, behind: int) -> int | None:
    """Return for which half minute the digits are good; None if for none that is near, and newer than `behind`."""
    now = step_of(now_ms)
    for step in range(now - _DRIFT, now + _DRIFT + 1):
        if hmac.compare_digest(code(secret, step).encode(), typed.encode()) and step > behind:
            return step
    return None


def address(secret: bytes, issuer: str, name: str) -> str:
    """Return what an authenticator app reads from a QR code."""
    asked = urlencode({"secret": spelled(secret), "issuer": issuer}, quote_via=quote)
    return f"otpauth://totp/{quote(f'{issuer}:{name}')}?{asked}"


def spelled(secret: bytes) -> str:
    """Return a secret as it is typed into an app that cannot read a code."""
    return base64.b32encode(secret).decode().rstrip("=")
