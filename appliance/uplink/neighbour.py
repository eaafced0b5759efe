"""Writes the journal's twin at a neighbour on the same network: a thread of its own, for a neighbour may be slow.

Nobody on the way is believed. What the neighbour says is signed and answers this very question; that a record is there
counts only when it has said so with the hash over all that it has.
"""

import logging
import secrets
import threading
from collections.abc import Callable
from typing import Final, Protocol

import httpx

from appliance.copying import Owner, Told
from appliance.copyist import Writer
from appliance.uplink.courier import HatchError
from drivers.twin import Trouble, TwinError
from sync import letters, twin
from sync.letters import Ask, Hand, Kept, LetterError, Writing
from sync.twin import Held

log = logging.getLogger("uplink")

LOOK_S: Final = 30.0  # while there is nothing to write: whether it is there, and has what it had
_NONCE_BYTES: Final = 32
_TIMEOUT_S: Final = 5.0
_ANSWER_S: Final = 15.0
_TROUBLES: Final = {trouble.value: trouble for trouble in Trouble}


class Hatch(Protocol):
    """The daemon's side of the wall. Every call raises HatchError if the daemon does not answer."""

    def owner(self) -> Owner: ...

    def near(self, told: Told) -> bytes | None: ...

    def writing(self) -> Writing | None: ...

    def vouch(self, key: str) -> bytes: ...

    def wait_for_near(self, at_most_s: float) -> None: ...


class Call(Protocol):
    """Brings a letter, and perhaps a record, to an address; returns the letter that comes back.

    Raises:
        TwinError: nobody answers there, or not as a keeper does.
    """

    def __call__(self, address: str, unit: str, letter: bytes, record: bytes) -> bytes: ...


class AtNeighbour:
    """A place that is at a neighbour."""

    def __init__(
        self, writing: Writing, address: str, vouch: Callable[[str], bytes], call: Call, mono: Callable[[], float]
    ) -> None:
        """`address`: where it is looked for. `vouch`: has the daemon vouch for a key."""
        self._writing = writing
        self._address = address
        self._vouch = vouch
        self._hand: Hand | None = None
        self._call = call
        self._mono = mono
        self._head = letters.NOTHING
        self._seen: tuple[twin.Owner, int] | None = None
        self._seen_at = 0.0

    def look(self) -> None:
        if self._seen is None or self._mono() - self._seen_at < LOOK_S:
            return
        owner, size = self._seen
        kept = self._ask(owner)
        if (kept.size, kept.head) != (size, self._head):
            raise TwinError(Trouble.CHANGED, "the neighbour has another twin than it had")

    def held(self, owner: twin.Owner) -> tuple[Held, int]:
        kept = self._ask(owner)
        self._note(owner, kept)
        return Held(dict(kept.upto), kept.broken), kept.size

    def append(self, owner: twin.Owner, size: int, record: bytes) -> int:
        digest = twin.digest_of(record)
        kept = self._ask(owner, size, digest, record)
        if (kept.size, kept.head) != (size + len(record), letters.next_head(self._head, digest)):
            raise TwinError(Trouble.CHANGED, "the neighbour has another twin than it had")
        self._note(owner, kept)
        return kept.size

    def _note(self, owner: twin.Owner, kept: Kept) -> None:
        self._head, self._seen = kept.head, (owner, kept.size)

    def _ask(self, owner: twin.Owner, size: int = 0, digest: str | None = None, record: bytes = b"") -> Kept:
        keeper = self._writing.neighbour.keeper
        if keeper is None:
            raise TwinError(Trouble.GONE, "no neighbour is named")
        ask = Ask(
            *(owner.unit, owner.epoch, keeper.unit, keeper.epoch, twin.key_id(owner.key)),
            nonce=secrets.token_hex(_NONCE_BYTES),
            size=size,
            head=self._head if digest else letters.NOTHING,
            record=digest,
        )
        hand = self._hand = self._hand or Hand(self._vouch)
        try:
            raw = self._call(self._address, owner.unit, hand.write(ask), record)
        except TwinError as error:
            if error.trouble is Trouble.REFUSED:
                self._hand = None  # another life may have begun here; the next try has the daemon vouch anew
            raise
        try:
            kept = letters.read(raw, Kept, keeper)
        except LetterError as error:
            raise TwinError(Trouble.STRANGE, f"somebody else answers at {self._address}: {error}") from error
        if not letters.answers(kept, ask):
            raise TwinError(Trouble.STRANGE, f"an answer to another question came from {self._address}")
        self._seen_at = self._mono()
        if kept.trouble:
            trouble = _TROUBLES.get(kept.trouble, Trouble.FAILING)
            raise TwinError(trouble, f"{keeper.unit} takes nothing: {kept.trouble}")
        return kept


class Neighbour:
    """Keeps the twin at the neighbour up to the journal, for as long as the office wants one there."""

    def __init__(
        self,
        hatch: Hatch,
        call: Call,
        mono: Callable[[], float],
        stop: threading.Event,
        *,
        address: str = "",
        every_s: float = 1.0,
        look_s: float = 2.0,
        idle_s: float = 15.0,
    ) -> None:
        """Make the thread.

        Args:
            address: where the neighbour is found, if not where the office says.
            every_s, look_s: as in `[twin]` of unit.toml.
            idle_s: between two looks whether the office has named one.
        """
        self._hatch = hatch
        self._call = call
        self._mono = mono
        self._stop = stop
        self._address = address
        self._every_s = every_s
        self._look_s = look_s
        self._idle_s = idle_s
        self._writing: Writing | None = None
        self._writer: Writer | None = None
        self._hindered: str | None = None
        self._thread = threading.Thread(target=self.run, name="neighbour", daemon=True)

    def start(self) -> None:
        self._thread.start()

    def run(self) -> None:
        while not self._stop.is_set():
            try:
                is_named = self.go()
                self._stop.wait(self._every_s)
                if not self._stop.is_set():
                    self._hatch.wait_for_near(self._look_s if is_named else self._idle_s)
            except HatchError:
                self._stop.wait(self._look_s)
            except Exception:
                log.exception("the twin at the neighbour")
                self._stop.wait(self._look_s)

    def go(self) -> bool:
        """Write what the twin at the neighbour lacks; return whether one is named at all.

        Raises:
            HatchError: the daemon did not answer.
        """
        writing = self._hatch.writing()
        if writing is None:
            self._writing = self._writer = self._hindered = None
            return False
        if self._writer is None or writing != self._writing:
            self._writer, self._writing = self._writer_for(writing), writing
        hindered = self._writer.go(self._stop.is_set)
        if hindered != self._hindered:
            log.info("twin at the neighbour: %s", hindered or "written")
        self._hindered = hindered
        return True

    def _writer_for(self, writing: Writing) -> Writer:
        address = self._address or writing.neighbour.address
        place = AtNeighbour(writing, address, self._hatch.vouch, self._call, self._mono)
        return Writer(_Near(self._hatch), place, self._mono)


class _Near:
    """The hatch as a writer wants it."""

    def __init__(self, hatch: Hatch) -> None:
        self.owner = hatch.owner
        self.twin = hatch.near


class HttpCall:
    """Over HTTP, without TLS: letters say themselves who wrote them."""

    def __init__(self, mono: Callable[[], float]) -> None:
        self._http = httpx.Client(timeout=_TIMEOUT_S, trust_env=False)
        self._mono = mono

    def __call__(self, address: str, unit: str, letter: bytes, record: bytes) -> bytes:
        until = self._mono() + _ANSWER_S
        answer = b""
        try:
            headers = {letters.HEADER: letter.decode()}
            url = f"http://{address}{letters.PATH}{unit}"
            with self._http.stream("POST", url, content=record, headers=headers) as response:
                for part in response.iter_raw(4096):
                    answer += part
                    if len(answer) > letters.ANSWER_MAX_BYTES or self._mono() > until:
                        raise TwinError(Trouble.STRANGE, f"no keeper's answer comes from {address}")
        except (httpx.HTTPError, httpx.InvalidURL) as error:
            raise TwinError(Trouble.GONE, f"the neighbour at {address} does not answer: {error}") from error
        if response.status_code == httpx.codes.FORBIDDEN:
            raise TwinError(
                Trouble.REFUSED, f"{address} does not keep this twin: {answer[:200].decode(errors='replace')}"
            )
        if not response.is_success:
            raise TwinError(Trouble.GONE, f"the neighbour at {address} stumbled: HTTP {response.status_code}")
        return answer
