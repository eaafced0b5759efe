"""Who is signed in at which browser, for how long, and whose screen is locked. Kept in this process's memory.

A browser holds a number that nobody can guess, and gets another one at every step: what it brought along before
signing in opens nothing afterwards. After a restart a session that the journal knows is taken up again, locked.
"""

import hashlib
import hmac
from dataclasses import dataclass, field
from typing import Final

from central.town import Entropy

LOCK_MS: Final = 10 * 60_000  # nothing was done for so long: somebody else may sit there now
IDLE_MS: Final = 2 * 3_600_000  # locked for so long: they have gone home
WHOLE_MS: Final = 10 * 3_600_000  # a working day; then both, password and digits, are asked for again
WRONG_MAX: Final = 5
KEPT_MAX: Final = 500
_NUMBER_BYTES: Final = 32


@dataclass
class Session:
    """Somebody who signed in.

    Attributes:
        name, when: the account, and what was said of it then; when something else is said, the session ends.
        began_ms, seen_ms: when they signed in, and when they did something last.
        is_locked: somebody has said so; whoever did nothing for a while is locked out by that.
        wrong: passwords at the lock, in a row.
        number: what entries call this session.
        told: pages that they were turned away from, as far as that is noted.
        news: what was done last, in Japanese and English, until a page has shown it.
    """

    name: str
    when: tuple[int, str, int]
    began_ms: int
    seen_ms: int
    number: str
    is_locked: bool = False
    wrong: int = 0
    told: set[str] = field(default_factory=set)
    news: tuple[str, str] | None = None

    def is_shut(self, now_ms: int) -> bool:
        """Whether the screen is locked."""
        return self.is_locked or now_ms - self.seen_ms > LOCK_MS

    def is_over(self, now_ms: int) -> bool:
        return now_ms - self.began_ms > WHOLE_MS or now_ms - self.seen_ms > IDLE_MS


class Sessions:
    """All sessions, by a hash of what the browser holds."""

    def __init__(self, entropy: Entropy, now_ms: int) -> None:
        self._entropy = entropy
        self.started_ms = now_ms
        self._key = entropy.bytes(_NUMBER_BYTES)
        self._open: dict[str, Session] = {}

    def new(self) -> str:
        """Draw a number for a browser."""
        return self._entropy.bytes(_NUMBER_BYTES).hex()

    def begin(self, name: str, when: tuple[int, str, int], now_ms: int) -> tuple[str, Session]:
        """Begin a session; return the number that the browser gets for it."""
        self._open = {key: one for key, one in self._open.items() if not one.is_over(now_ms)}
        while len(self._open) >= KEPT_MAX:
            del self._open[min(self._open, key=lambda key: self._open[key].seen_ms)]
        cookie = self.new()
        session = Session(name, when, now_ms, now_ms, number_of(cookie))
        self._open[_hash(cookie)] = session
        return cookie, session

    def take_up(self, cookie: str, name: str, when: tuple[int, str, int], began_ms: int, now_ms: int) -> Session:
        """Take up, locked, a session of before this process began."""
        session = Session(name, when, began_ms, now_ms, number_of(cookie), is_locked=True)
        self._open[_hash(cookie)] = session
        return session

    def find(self, cookie: str, now_ms: int) -> Session | None:
        """Return the session of a browser, locked or not; None if it has none, or none any more."""
        found = self._open.get(_hash(cookie))
        if found and found.is_over(now_ms):
            self.end(cookie)
            return None
        return found

    def unlock(self, cookie: str, now_ms: int) -> str:
        """Go on with a locked session; return the browser's new number."""
        session = self._open.pop(_hash(cookie))
        fresh = self.new()
        session.is_locked, session.wrong, session.seen_ms, session.number = False, 0, now_ms, number_of(fresh)
        self._open[_hash(fresh)] = session
        return fresh

    def end(self, cookie: str) -> None:
        self._open.pop(_hash(cookie), None)

    def token(self, cookie: str) -> str:
        """Return what a form has to bring along that this browser sends: a strange page cannot know it."""
        return hmac.digest(self._key, cookie.encode(), "sha256").hex()

    def is_token(self, cookie: str, token: str) -> bool:
        return hmac.compare_digest(self.token(cookie).encode(), token.encode())


def number_of(cookie: str) -> str:
    """Return what the journal calls the session of a browser: its number cannot be found from it."""
    return _hash(f"session {cookie}")


def _hash(cookie: str) -> str:
    return hashlib.sha256(cookie.encode()).hexdigest()
