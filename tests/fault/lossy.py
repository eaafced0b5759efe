"""A journal on a simulated disk that forgets what was not synced: people touch, and the power goes, again and again."""

import random
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from itertools import count

import apsw

from appliance.inbox import Inbox
from appliance.journal import JournalBrokenError
from appliance.opening import Opened, close_in_order
from central import shelves
from drivers.clock.sim import Driver as Clock
from drivers.disk.sim import Driver as Disk
from drivers.disk.sim import PowerCutError
from programs.visits.rules import PROGRAM
from simulation.centre import open_sim_centre
from sync import chain
from sync.directory import DIRECTORY, place_key
from sync.facts import PlaceNamed
from sync.segment import to_text
from sync.tree import ends_from_text
from tests.appliance.conftest import REGISTER, Box, touch

LIVES = 8  # of one disk; then a new one, so that its creation is tried as well
OPERATIONS_MAX = 200  # a cut comes within so many disk operations
ACTIONS_MAX = 25
WORDS = 60  # that the town has for one disk
BEFORE_START = 0.3  # share of the cuts that may strike while the unit starts


@dataclass
class Tally:
    """What a run saw.

    Attributes:
        announced: entries of which somebody was told, and words of the centre that were taken over.
        lost: those of them that were gone after a cut.
        unnoticed: cuts that took something announced without the next start noticing.
        struck: what the unit was doing when the power went.
        cpu_s: processor time.
    """

    cuts: int = 0
    announced: int = 0
    lost: int = 0
    unnoticed: int = 0
    struck: Counter[str] = field(default_factory=Counter)
    cpu_s: float = 0.0

    @property
    def cuts_per_cpu_second(self) -> int:
        return int(self.cuts / self.cpu_s)


class Town:
    """What a centre says in the course of time, a segment for each word."""

    def __init__(self) -> None:
        centre = open_sim_centre(Clock(), "lossy")
        self.key = chain.PublicKey(centre.town.signer.public)
        self._words: list[bytes] = []
        inbox = Inbox(Box().start().journal, REGISTER, self.key)
        for number in map(str, range(WORDS)):
            centre.registrar.place(PlaceNamed("library", number, number, number))
            with centre.engine.begin() as connection:
                ends = ends_from_text(inbox.since("town"))
                for segment in list(shelves.take(connection, "town", ends, shelves.EVERYTHING)):
                    self._words.append(to_text(segment))
                    inbox.take(self._words[-1])
        centre.engine.dispose()

    def say_to(self, opened: Opened) -> None:
        """Say the next thing that is not there yet."""
        for word in self._words[_words_taken(opened) :][:1]:
            Inbox(opened.journal, REGISTER, self.key).take(word)


class Rig:
    """Cuts the power of one unit after another.

    Args:
        synchronous: SQLite's setting after the start; ours is FULL.
        lies: share of syncs that the disk claims and does not do.
    """

    def __init__(self, town: Town, seed: int, synchronous: str = "FULL", lies: float = 0.0) -> None:
        self._dice = random.Random(seed)  # noqa: S311 - a test wants dice that can be thrown again
        self._synchronous = synchronous
        self._lies = lies
        self._town = town
        self._days = count(20_000)
        self.tally = Tally()
        self._new_box()

    def run(self, cuts: int) -> Tally:
        began = time.process_time()
        while self.tally.cuts < cuts:
            self._new_box()
            for _ in range(LIVES):
                self._live()
                if not self._look():
                    break
        self.tally.cpu_s = time.process_time() - began
        return self.tally

    def _new_box(self) -> None:
        self._box = Box(disk=Disk(Disk.Options(seed=self._dice.randrange(1 << 30))))
        self._told: list[tuple[str, int, str]] = []
        self._taken = 0

    def _live(self) -> None:
        """Switch on, and let people touch and the town speak until the power goes."""
        disk, opened, doing = self._box.disk, None, "start"
        cut_in = self._dice.randint(1, OPERATIONS_MAX)
        try:
            if self._dice.random() < BEFORE_START:
                disk.cut_after(cut_in)
            opened = self._start()
            if not disk.dead:
                disk.lies = self._lies
                disk.cut_after(cut_in)
            for _ in range(ACTIONS_MAX):
                doing = self._dice.choices(("touch", "fold back", "hear the town", "end"), (12, 2, 2, 1))[0]
                opened = self._do(doing, opened)
        except (PowerCutError, JournalBrokenError, apsw.Error):
            if not disk.dead:
                raise
        doing = doing if disk.dead else "rest"
        disk.cut()
        if opened:
            opened.journal.connection.close(True)
        disk.crash()
        disk.lies = 0.0
        self.tally.cuts += 1
        self.tally.struck[doing] += 1

    def _start(self) -> Opened:
        opened = self._box.start()
        opened.journal.connection.execute(f"PRAGMA synchronous = {self._synchronous}").fetchall()
        return opened

    def _do(self, what: str, opened: Opened) -> Opened:
        doings: dict[str, Callable[[Opened], None]] = {
            "touch": self._touch,
            "fold back": lambda opened: opened.journal.checkpoint(at_least=1),
            "hear the town": self._hear_the_town,
            "end": lambda opened: close_in_order(opened.journal),
        }
        doings[what](opened)
        if self._box.disk.dead:  # SQLite may swallow a cut; nobody hears a unit without power
            raise PowerCutError
        return self._start() if what == "end" else opened

    def _touch(self, opened: Opened) -> None:
        written = opened.journal.append([touch(next(self._days))])[-1]
        opened.counted.raise_to(written.entry.seq)
        if not self._box.disk.dead:
            self._told.append((written.entry.boot, written.entry.seq, written.hash.hex()))
            self.tally.announced += 1

    def _hear_the_town(self, opened: Opened) -> None:
        self._town.say_to(opened)
        if not self._box.disk.dead:
            self._taken = _words_taken(opened)
            self.tally.announced += 1

    def _look(self) -> bool:
        """Start with the power on and look for what was announced; return whether all of it was there."""
        opened = self._box.start()
        journal = opened.journal
        gone = [seq for boot, seq, entry_hash in self._told if (journal.hash_at(boot, seq) or b"").hex() != entry_hash]
        unheard = max(0, self._taken - _words_taken(opened))
        if gone and not opened.missing and not opened.lost:
            self.tally.unnoticed += 1
        _check_states(opened)
        opened.journal.connection.close(True)
        self.tally.lost += len(gone) + unheard
        return not gone and not unheard


def _words_taken(opened: Opened) -> int:
    return int(opened.journal.select("SELECT count(DISTINCT hash) FROM stream WHERE sig IS NOT NULL")[0][0])


def _check_states(opened: Opened) -> None:
    """Make sure that states are what entries and words add up to: of each commit all is there, or nothing.

    A disk that lies may have lost words of which the directory knows; they come again, and change nothing.
    """
    touches = opened.journal.select('SELECT body FROM entry WHERE body LIKE \'{"kind":"visits.touch"%\'')
    assert len(opened.shelf.states(PROGRAM)) == len(touches)
    known = opened.shelf.state(DIRECTORY, place_key("library")).fact
    places = 'SELECT body FROM stream WHERE body LIKE \'{"kind":"place"%\' ORDER BY n DESC LIMIT 1'
    for (body,) in opened.journal.select(places):
        newest = REGISTER.decode(body.encode()).fact
        assert isinstance(known, PlaceNamed)
        assert isinstance(newest, PlaceNamed)
        assert int(known.name) >= int(newest.name)
