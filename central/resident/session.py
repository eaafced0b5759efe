"""What a phone shows with every call: its name and since when, with a seal of the town's. Nothing is kept for it here.

The key of the seal comes out of the town's own signing key, whose signature over the same words is always the same (RFC
8032): whoever can write to the database, and has no key, can make no session. Arithmetic only.
"""

import hashlib
import hmac
import re
from typing import Final

import msgspec

from sync.chain import Signer

DAYS: Final = 180
_DAY_S: Final = 86_400
_MS: Final = 1_000
_COOKIE: Final = re.compile(r"([0-9a-f]{32})\.([0-9]{1,12})\.([0-9a-f]{64})")


class Session(msgspec.Struct, frozen=True):
    """A phone that was let in. `at_s`: when, Unix seconds."""

    phone: str
    at_s: int


class Sessions:
    """Seals sessions, and reads them again."""

    def __init__(self, signer: Signer) -> None:
        self._key = hashlib.sha256(signer.sign(b"machitap/resident-session/1\0")).digest()

    def cookie(self, session: Session) -> str:
        """Return what the phone keeps of a session, and no page of anybody can read."""
        return f"{session.phone}.{session.at_s}.{self._seal(b'cookie', session)}"

    def read(self, cookie: str, now_ms: int) -> Session | None:
        """Return the session of a cookie; None if it is not sealed by this town, or too old."""
        found = _COOKIE.fullmatch(cookie)
        if found is None:
            return None
        session = Session(found[1], int(found[2]))
        if not hmac.compare_digest(self._seal(b"cookie", session), found[3]):
            return None
        return session if now_ms // _MS < session.at_s + DAYS * _DAY_S else None

    def token(self, session: Session) -> str:
        """Return what the page itself has to send with whatever changes something: a strange page cannot know it."""
        return self._seal(b"token", session)

    def is_token(self, session: Session, token: str) -> bool:
        return hmac.compare_digest(self.token(session).encode(), token.encode())

    def _seal(self, purpose: bytes, session: Session) -> str:
        message = purpose + b"\0" + f"{session.phone}.{session.at_s}".encode()
        return hmac.digest(self._key, message, "sha256").hex()
