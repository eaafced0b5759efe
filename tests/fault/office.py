"""The centre as a process that can be struck, and a unit that delivers to it as fast as it answers."""

import subprocess
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import httpx
import sqlalchemy as sa

from central import store
from central.audit import audit
from central.centre import Centre, open_centre
from central.folder import Folder
from central.found import Plan, found
from central.world import SystemClock, SystemEntropy
from sync.messages import Holdings, open_signed
from sync.segment import from_text, unpack
from tests.appliance.live import MACHI, PATIENCE_S, wait_until
from tests.central.beside import packed
from tests.central.pen import touch
from tests.central.serving import Caller, Door
from tests.ports import free_port


class Office:
    """A centre in a folder, served by one process after another; `name`: by which units find it."""

    def __init__(self, folder: Path, database: str = "", name: str = "localhost") -> None:
        self.folder = folder
        host = "127.0.0.1" if name == "localhost" else "0.0.0.0"  # noqa: S104 - the whole of a network of its own
        town = ("todai", "灯台町", "Todai", "00-1234")
        plan = Plan(*town, free_port(), (name,), free_port(), units_host=host, database=database)
        found(folder, plan, SystemClock(), SystemEntropy())
        self.port = Folder(folder).config.server.units_port
        self.process: subprocess.Popen[bytes] | None = None

    @property
    def log(self) -> Path:
        return self.folder.with_name(f"{self.folder.name}.log")

    def said(self) -> str:
        return self.log.read_text(errors="replace")

    @property
    def is_up(self) -> bool:
        return self.process is not None and self.process.poll() is None

    def start(self, within: Sequence[str] = (), at: Path | None = None) -> bool:
        """Serve; return whether it listens, or has ended before. `at`: where the folder lies, seen from `within`."""
        with self.log.open("wb") as log:
            command = [*within, str(MACHI), "central", "serve", str(at or self.folder)]
            self.process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=log, stderr=log)
        wait_until(lambda: not self.is_up or "units: https://" in self.said(), self.said)
        return self.is_up

    def end(self) -> int:
        """End it in order, or hear how it has ended."""
        process, self.process = self.process, None
        assert process is not None, "it was never started"
        process.terminate()
        return process.wait(PATIENCE_S)

    def open(self) -> Centre:
        return open_centre(self.folder, SystemClock(), SystemEntropy())

    def clean_up(self) -> None:
        if self.process:
            self.process.kill()
            self.process.wait()

    @contextmanager
    def courier(self) -> Iterator["Courier"]:
        """Let a unit in, and give it a certificate with which it finds the centre whenever it is served."""
        centre = self.open()
        with Door(self.folder, self.port, centre).caller() as caller:
            caller.http.headers["Connection"] = "close"  # a unit that hangs up lets the centre end at once
            yield Courier(caller)
        centre.engine.dispose()


class Courier:
    """Brings a journal of one touch after another.

    Attributes:
        acknowledged: how many entries the centre has said, signed, that it holds.
        turned_away: status codes of answers that were no success.
    """

    def __init__(self, caller: Caller) -> None:
        self._caller = caller
        self._waiting: bytes | None = None
        self.acknowledged = 0
        self.turned_away: list[int] = []

    @property
    def unit(self) -> str:
        return self._caller.pen.unit

    @property
    def written(self) -> int:
        return self._caller.pen.seq

    def deliver(self, segments: int) -> bool:
        """Bring what is waiting, and so many new segments; stop at the first that is not taken, and return False."""
        for _ in range(segments):
            if not self._bring():
                return False
            pen = self._caller.pen
            self._waiting = packed(pen.write(touch(pen.seq)) if pen.boot else pen.begin(touch()))
        return self._bring()

    def _bring(self) -> bool:
        if self._waiting is None:
            return True
        try:
            answer = self._caller.post(self._waiting)
        except httpx.TransportError:
            return False
        if not answer.is_success:
            self.turned_away.append(answer.status_code)
            return False
        held = open_signed(answer.content, Holdings, self._caller.pen.centre.town.signer.public)
        self.acknowledged = max(self.acknowledged, *(head.seq for head in held.heads))
        self._waiting = None
        return True


def judge_books(folder: Path, courier: Courier) -> None:
    """Hold what was acknowledged against what a centre's folder has: nothing is missing, nothing is there twice."""
    stored = sorted(seq for _, seq, _ in held(folder, courier.unit).elements())
    assert stored == list(range(1, len(stored) + 1)), "something is missing, or there twice"
    assert len(stored) >= courier.acknowledged, "something that was acknowledged is gone"


def held(folder: Path, unit: str) -> Counter[tuple[str, int, str]]:
    """Return boot, number and hash of every entry of a unit that a centre stored, and how often it is there."""
    centre = open_centre(folder, SystemClock(), SystemEntropy())
    assert audit(centre.engine, centre.town).broken == ()
    found: Counter[tuple[str, int, str]] = Counter()
    with store.reading(centre.engine) as connection:
        asked = sa.select(store.segment.c.packed).where(store.segment.c.writer == unit)
        for packed_segment in connection.execute(asked).scalars():
            segment = from_text(unpack(packed_segment))
            found.update((segment.boot, seq, h.hex()) for seq, h in enumerate(segment.hashes(), segment.first))
    centre.engine.dispose()
    return found
