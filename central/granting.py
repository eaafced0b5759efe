"""Grants and recalls: the centre deals out what is free, and never what is not.

What is free is known only when everything that has arrived is added up, also what the centre itself has granted a
moment ago. So both happen in one transaction, one after the other: add up, look, say.
"""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from types import MappingProxyType
from typing import Any, Final

import msgspec
import sqlalchemy as sa

from central import drained, habits, ledger, shelves, store
from central.incidents import Incidents
from central.peers import Peer, admit
from central.reconcile import Reconciler
from central.refusal import RefusedError
from central.streams import Streams
from central.town import Clock
from sync.entries import Fact
from sync.facts import UnitState
from sync.messages import OFFICE_STREAM, ONE_UNIT, TOWN_STREAM, RightsRequest, Why
from sync.rights import Drained, Grant, Recall
from sync.segment import ENTRIES_MAX, Segment
from sync.tree import ends_from_text

BLOCK: Final = 1_600  # who asks gets at least so much, if it is there: an ordinary sale is less in seven of ten cases
IN_REACH_MS: Final = 120_000  # a unit calls four times a minute; who has not called for so long is away
ASKED_MS: Final = 60_000  # so long somebody may wait for what is being fetched from another unit
_HERE: Final = ""  # in the place of a unit: whoever waits pays at the centre itself
_ACTIVE: Final = sa.select(store.unit.c.name, store.unit.c.epoch).where(
    store.unit.c.state == UnitState.ACTIVE,
    store.unit.c.contact_ms.between(sa.bindparam("since"), sa.bindparam("until")),
)
_UNHEARD: Final = (
    sa.select(store.unit.c.name)
    .where(store.unit.c.unheard == 1, store.unit.c.state != UnitState.CLOSED)
    .order_by(store.unit.c.name)
)


def unheard(connection: sa.Connection) -> list[str]:
    """Return the units that may know of grants which this centre, put back from a backup, has not heard of again."""
    return list(connection.execute(_UNHEARD).scalars())


def waits_for(silent: Sequence[str]) -> str:
    """Return in words why a centre that was put back decides nothing yet, and what can be done about it."""
    return (
        f"this centre was restored, and {', '.join(silent)} has not been heard since. Wait for its next contact, "
        "or close it: machi central unit close FOLDER UNIT"
    )


class Share(msgspec.Struct, frozen=True):
    """How much of something one life of a unit may give out, or is to."""

    unit: str
    life: int
    amount: int


class NotFreeError(Exception):
    """So much is not free, or this unit may have nothing."""


class Asked(msgspec.Struct, frozen=True):
    """Somebody stands before a unit that lacks so much; it is being fetched from others until then."""

    unit: str
    lacks: int
    until_ms: int


class Holders(msgspec.Struct, frozen=True):
    """Who has a thing that can be dealt out.

    Attributes:
        free: what nobody may give out yet.
        units: what each unit may give out that can be reached now, without what it was asked for.
        coming: what these were asked for, and have not given back yet.
    """

    free: int
    units: Mapping[str, int]
    coming: int


class Draining(msgspec.Struct, frozen=True):
    """What a life of a unit may still give out of each thing, by what has arrived: it is empty when nothing is left."""

    unit: str
    life: int
    holds: Mapping[str, int]


class Deal:
    """One transaction in which everything that has arrived is added up, nothing more can arrive, and rights are dealt.

    Attributes:
        unheard: units that may have been granted what this centre, which was restored, no longer knows of. As long as
            there are any, nothing is granted.
        in_reach: the units that can be reached now, each with its life.
        taking: those of them that may be granted anything: all but those that are being drained.
    """

    def __init__(
        self, connection: sa.Connection, streams: Streams, now_ms: int, wanted: Mapping[str, int] = MappingProxyType({})
    ) -> None:
        self.connection = connection
        self._wanted = dict(wanted)
        self._now_ms = now_ms
        self.unheard: Sequence[str] = unheard(connection)
        heard = connection.execute(_ACTIVE, {"since": now_ms - IN_REACH_MS, "until": now_ms + IN_REACH_MS})
        self.in_reach: Mapping[str, int] = {row.name: row.epoch for row in heard}
        self._drained = drained.lives(connection)
        self.taking: Mapping[str, int] = {
            unit: life for unit, life in self.in_reach.items() if (unit, life) not in self._drained
        }
        self._streams = streams
        self._granted: Counter[str] = Counter()
        self._words: dict[str, list[Fact]] = {}

    def free(self, what: str) -> int:
        """Return how much of something nobody may give out yet."""
        return ledger.balance(self.connection, ledger.free(what)) - self._granted[what]

    def holders(self, what: str) -> Holders:
        """Return who has a thing, as far as it can be dealt out: what units hold that are away is theirs alone."""
        names = {ledger.held(what, unit, life): unit for unit, life in self.in_reach.items()}
        found = ledger.balances(self.connection, list(names))
        asked = habits.open_recalls(self.connection, what)
        units = {unit: found[name] for name, unit in names.items() if found[name]}
        coming = {unit: min(units[unit], asked.get((unit, self.in_reach[unit]), 0)) for unit in units}
        left = {unit: amount - coming[unit] for unit, amount in units.items()}
        return Holders(self.free(what), left, sum(coming.values()))

    def grant(self, what: str, unit: str, amount: int) -> None:
        """Let a unit, in its present life, give out so much more.

        Raises:
            NotFreeError: so much is not free, the unit is suspended, closed, unknown or drained, or somebody is
                unheard.
        """
        life = self._life(unit)
        if self.unheard:
            raise NotFreeError(waits_for(self.unheard))
        if (unit, life) in self._drained:
            raise NotFreeError(f"{unit} is drained: it gives everything back")
        if amount < 1 or self.free(what) < amount:
            raise NotFreeError(f"{amount} of {what} are not free")
        self._granted[what] += amount
        self._words.setdefault(unit, []).append(Grant(unit, life, what, amount))

    def recall(self, what: str, unit: str, amount: int) -> None:
        """Ask a unit to give back so much, or what it has left of it.

        Raises:
            NotFreeError: the unit is suspended, closed or unknown, and will not answer.
        """
        self._words.setdefault(unit, []).append(Recall(unit, self._life(unit), what, amount))

    def tell(self, unit: str, fact: Fact) -> None:
        """Let a unit hear something else that was decided with it."""
        self._words.setdefault(unit, []).append(fact)

    def announce(self, what: str, amount: int, fact: Fact) -> None:
        """Let everybody hear a fact by which so much is free no more.

        Raises:
            NotFreeError: so much is not free, or somebody is unheard.
        """
        if self.unheard:
            raise NotFreeError(waits_for(self.unheard))
        if self.free(what) < amount:
            raise NotFreeError(f"{amount} of {what} are not free")
        self._granted[what] += amount
        self._streams.append(self.connection, TOWN_STREAM, [fact])

    def report(self, unit: str, kind: str, detail: dict[str, Any]) -> None:
        """Let a person look at something; see `central.incidents`."""
        Incidents(self.connection, self._streams, self._now_ms).note(unit, kind, detail)

    def want(self, what: str, amount: int) -> None:
        """Let so much of something be free as soon as that can be, for somebody who pays at the centre itself."""
        self._wanted[what] = max(amount, self.wanted(what))

    def wanted(self, what: str) -> int:
        """Return how much of something somebody waits for who pays at the centre itself."""
        return self._wanted.get(what, 0)

    def granted(self, what: str, unit: str) -> int:
        """Return how much of something a unit was granted in this transaction."""
        words = (word for word in self._words.get(unit, ()) if isinstance(word, Grant))
        return sum(word.amount for word in words if word.what == what)

    def use(self, what: str, amount: int, fact: Fact) -> None:
        """Let the office itself use so much of what is free, by a fact of its own journal.

        Raises:
            NotFreeError: so much is not free.
        """
        if self.free(what) < amount:
            raise NotFreeError(f"{amount} of {what} are not free")
        self._granted[what] += amount
        self._streams.append(self.connection, OFFICE_STREAM, [fact])

    def gather(self, what: str, lacks: int) -> bool:
        """Ask units for what somebody lacks at another one; return whether it may be there in a moment."""
        holders = self.holders(what)
        wanted = lacks - holders.free - holders.coming
        if wanted > sum(holders.units.values()):
            return False
        for unit, amount in sorted(holders.units.items(), key=lambda one: (-one[1], one[0])):
            if wanted > 0:
                self.recall(what, unit, min(wanted, amount))
                wanted -= amount
        return True

    def drain(self, unit: str, *, on: bool) -> Draining:
        """Have a unit give everything back, and grant it nothing more; or let it be as any other again.

        To say it twice does no harm: only what has come since is asked for.

        Raises:
            NotFreeError: as `recall`.
        """
        life = self._life(unit)
        if on is not ((unit, life) in self._drained):
            self._streams.append(self.connection, OFFICE_STREAM, [Drained(unit, life, on)])
        holds = ledger.held_by(self.connection, unit, life)
        asked = habits.open_recalls_of(self.connection, unit, life)
        for what, amount in holds.items() if on else ():
            if (more := amount - asked.get(what, 0)) > 0:
                self.recall(what, unit, more)
        return Draining(unit, life, holds)

    def say(self) -> None:
        """Write what was dealt into the streams of the units; it is said by the end of the transaction."""
        for unit, words in self._words.items():
            self._streams.append_for(self.connection, unit, words)
        self._words.clear()

    def is_drained(self, peer: Peer) -> bool:
        return (peer.unit, peer.epoch) in self._drained

    def _life(self, unit: str) -> int:
        asked = sa.select(store.unit.c.epoch, store.unit.c.state).where(store.unit.c.name == unit)
        row = self.connection.execute(asked).one_or_none()
        if row is None or row.state != UnitState.ACTIVE:
            raise NotFreeError(f'unit "{unit}" is {row.state if row else "not known"}')
        return int(row.epoch)


class Granter:
    """Deals out rights."""

    def __init__(
        self, streams: Streams, reconciler: Reconciler, clock: Clock, never_asked: frozenset[str] = frozenset()
    ) -> None:
        self._streams = streams
        self._reconciler = reconciler
        self._clock = clock
        self._never_asked = never_asked  # kinds of things of which no unit gets more because it asks
        self._asked: dict[str, Asked] = {}  # if it is lost with this process, somebody has to try once more

    @contextmanager
    def deal(self) -> Iterator[Deal]:
        """Deal, in one transaction; what was dealt is said at its end, or nothing at all if it fails."""
        with self._reconciler.counted() as connection:
            now_ms = self._clock.wall_ms()
            here = [(what, one) for what, one in self._asked.items() if one.unit == _HERE and now_ms < one.until_ms]
            deal = Deal(connection, self._streams, now_ms, {what: one.lacks for what, one in here})
            yield deal
            deal.say()

    def grant(self, what: str, unit: str, amount: int) -> None:
        """Let a unit, in its present life, give out so much more.

        Raises:
            NotFreeError: as `Deal.grant`; nothing is granted.
        """
        with self.deal() as deal:
            deal.grant(what, unit, amount)

    def recall(self, what: str, unit: str, amount: int) -> None:
        """Ask a unit to give back so much, or what it has left of it.

        Raises:
            NotFreeError: the unit is suspended, closed or unknown, and will not answer.
        """
        with self.deal() as deal:
            deal.recall(what, unit, amount)

    def drain(self, unit: str, *, on: bool) -> Draining:
        """Have a unit give everything back, or no longer; return what it may still give out.

        Raises:
            NotFreeError: the unit is suspended, closed or unknown, and will not answer.
        """
        with self.deal() as deal:
            return deal.drain(unit, on=on)

    def ask(self, peer: Peer, request: RightsRequest) -> list[Segment]:
        """Grant what a unit lacks, if so much is free; return what it has not heard yet of its own stream.

        If it is not free, but units have it that can be reached, they are asked for it: who tries again in a moment may
        be served. If there is something that the caller has not heard, that may be what it asks for: nothing more is
        granted then.

        Raises:
            RefusedError: the caller is not enrolled, or holds something that is not held here.
        """
        stream = ONE_UNIT + peer.unit
        try:
            ends = ends_from_text(request.since)
        except ValueError as error:
            raise RefusedError(Why.BAD_REQUEST, "since: boot/seq,boot/seq,…") from error
        with self.deal() as deal:
            row = admit(deal.connection, peer)
            missed = shelves.missed(deal.connection, stream, ends, ENTRIES_MAX)
            if missed or row["state"] != UnitState.ACTIVE or deal.unheard or deal.is_drained(peer):
                return missed
            if habits.kind_of(request.what) in self._never_asked:
                return []
            free = deal.free(request.what)
            if free < request.lacks:
                if deal.gather(request.what, request.lacks):
                    self._remember(request.what, Asked(peer.unit, request.lacks, self._clock.wall_ms() + ASKED_MS))
                return []
            deal.grant(request.what, peer.unit, min(free, max(request.lacks, BLOCK)))
            deal.say()
            return shelves.missed(deal.connection, stream, ends, ENTRIES_MAX)

    def asked(self, what: str) -> Asked | None:
        """Return who stands somewhere and waits for some of a thing that is being fetched."""
        found = self._asked.get(what)
        return found if found and self._clock.wall_ms() < found.until_ms else None

    def serve(self, deal: Deal, what: str, asked: Asked) -> None:
        """Grant what somebody waits for, as soon as enough of it has come."""
        if asked.unit == _HERE:
            return
        if asked.unit not in deal.taking:
            del self._asked[what]
        elif deal.free(what) >= asked.lacks:
            deal.grant(what, asked.unit, asked.lacks)
            del self._asked[what]

    def keep(self, what: str, lacks: int) -> None:
        """Deal nothing out of a thing for a while: it is being fetched for somebody who pays at the centre itself."""
        self._remember(what, Asked(_HERE, lacks, self._clock.wall_ms() + ASKED_MS))

    def release(self, what: str) -> None:
        """Deal a thing out as ever: whoever waited for it at the centre has paid."""
        if (asked := self._asked.get(what)) and asked.unit == _HERE:
            del self._asked[what]

    def _remember(self, what: str, asked: Asked) -> None:
        now = self._clock.wall_ms()
        self._asked = {what: one for what, one in self._asked.items() if now < one.until_ms} | {what: asked}

    def shares(self, what: str) -> list[Share]:
        """Return who may give out how much of something, by what has arrived; in the order of the units' names."""
        prefix = f"{what}/at/"
        asked = sa.select(ledger.account.c.name, ledger.account.c.balance).where(
            ledger.account.c.name.startswith(prefix, autoescape=True), ledger.account.c.balance > 0
        )
        with self._reconciler.counted() as connection:
            rows = connection.execute(asked.order_by(ledger.account.c.name)).all()
        found = []
        for name, amount in rows:
            unit, _, life = name.removeprefix(prefix).partition("/")
            found.append(Share(unit, int(life), amount))
        return found
