"""A unit, put together: journal, directory, tap path, hatch. Everything of the world comes in as an argument.

The daemon (`appliance.daemon`) runs one of these behind real readers and sockets; the simulator runs sixty of them in
one process under a virtual clock.
"""

import functools
from collections.abc import Callable
from dataclasses import dataclass, field
from importlib.metadata import version
from typing import Final

from appliance.asking import Asking
from appliance.copying import Owner
from appliance.counter import answers, counters, folds, pays_in_town
from appliance.directory import Directory
from appliance.feedback import Feedback
from appliance.hatch import Hatch
from appliance.inbox import Inbox
from appliance.offers import Offers
from appliance.opening import Opened, World, close_in_order, open_journal
from appliance.operators import Operators
from appliance.outbox import Outbox
from appliance.receipts import Receipts
from appliance.remarks import Remarks
from appliance.rights import Rights
from appliance.room import Room
from appliance.staff import Staff
from appliance.tap import TapPath
from appliance.told import Announcer
from appliance.trust import Believer
from appliance.twinned import Twinned
from appliance.updates import Note, Refused, Settings
from appliance.vicinity import Vicinity
from drivers.card import Trust
from sync import chain, installed
from sync.directory import DIRECTORY
from sync.messages import ONE_UNIT, Enrolment, raw_bytes
from sync.staff import SHIFTS

SOFTWARE: Final = f"machitap unit {version('machitap')}"
JOURNAL: Final = "journal.db"
WAITING_MAX: Final = 1_000  # so many unsent entries are told apart for the person behind the counter


@dataclass(frozen=True)
class System:
    """The system that a unit runs: what its image says, and what root has kept of its updates."""

    image: Settings = field(default_factory=Settings)
    note: Callable[[], Note | None] = lambda: None
    refused: Callable[[], Refused | None] = lambda: None


_MADE_BY_HAND: Final = System()


@dataclass
class Unit:
    """A unit that is ready to serve."""

    name: str
    epoch: int
    opened: Opened
    directory: Directory
    tap: TapPath
    staff: Staff
    announcer: Announcer
    hatch: Hatch
    room: Room
    receipts: Receipts
    twin: Twinned
    vicinity: Vicinity
    offers: Offers

    def close(self) -> None:
        """End in order."""
        close_in_order(self.opened.journal)


def assemble(
    world: World,
    enrolment: Enrolment,
    trust: Trust,
    feedback: Feedback,
    ballast_bytes: int = 0,
    *,
    journal: str = JOURNAL,
    system: System = _MADE_BY_HAND,
) -> Unit:
    """Open the journal, in the file of that name, and put the unit together.

    Raises:
        UnfitError, DiskError, JournalFullError, JournalBrokenError: see `appliance.opening`.
    """
    room = Room(world.disk, ballast_bytes)  # first: on a full disk the reserve gives the journal room to begin
    register = installed.register()
    opened = open_journal(world, journal, enrolment.unit, register, (DIRECTORY, SHIFTS, *folds()), SOFTWARE)
    written, of_town = opened.journal, functools.partial(pays_in_town, opened.shelf.state_of)
    directory, card_key = Directory(opened.shelf, enrolment.unit, enrolment.epoch), raw_bytes(enrolment.card_key)
    town_key = chain.PublicKey(raw_bytes(enrolment.town_key), world.check)
    rights = Rights(opened.shelf, enrolment.unit, enrolment.epoch, answers())
    inbox = Inbox(written, register, town_key, rights.answers)
    for text in enrolment.segments:
        inbox.take(text.encode())
    outbox = Outbox(written, opened.history)
    hatch = Hatch(written, inbox, outbox, world, town_key, SOFTWARE, opened.missing, of_town)
    hatch.image = f"{system.image.name} {system.image.version}".strip()
    offers = Offers(directory, written, system.image, system.note, system.refused)
    known = counters()
    receipts = Receipts(enrolment.unit, written, register, directory, known, opened.shelf.state_of)
    tap = TapPath(
        unit=enrolment.unit,
        life=enrolment.epoch,
        card_key=card_key,
        opened=opened,
        directory=directory,
        counters=known,
        believer=Believer(trust, directory, card_key, written),
        feedback=feedback,
        clock=world.clock,
        entropy=world.entropy,
        has_room=room.enough,
        town_ms=hatch.town_ms,
        frozen=lambda: hatch.standing.frozen,
        asking=_asking(enrolment.unit, inbox, hatch, world),
        receipts=receipts,
        operators=Operators(enrolment.unit, enrolment.epoch, opened.shelf, directory, world.clock),
        remarks=Remarks(opened.shelf, installed.besides()).on,
    )
    announcer = Announcer(tap)
    inbox.tell = announcer.hear
    staff = Staff(
        tap,
        heard_s=hatch.heard_s,
        waiting=lambda: [register.decode(body).fact for body in outbox.waiting(WAITING_MAX)],
        news=lambda: (written.tip, outbox.backlog()),
    )
    twin, near = _twin(enrolment, opened, directory, world), _near(enrolment, opened, directory, world)
    parts = (directory, tap, staff, announcer, hatch, room, receipts, twin, near, offers)
    return Unit(enrolment.unit, enrolment.epoch, opened, *parts)


def _asking(unit: str, inbox: Inbox, hatch: Hatch, world: World) -> Asking:
    since = functools.partial(inbox.since, ONE_UNIT + unit)
    return Asking(since=since, heard_s=hatch.heard_s, mono=world.clock.mono, ring=lambda: None)


def _near(enrolment: Enrolment, opened: Opened, directory: Directory, world: World) -> Vicinity:
    twinned = _twin(enrolment, opened, directory, world, is_fitted=True)
    return Vicinity(enrolment.unit, enrolment.epoch, directory, world.keystore, world.clock, twinned)


def _twin(
    enrolment: Enrolment, opened: Opened, directory: Directory, world: World, *, is_fitted: bool = False
) -> Twinned:
    made = Twinned(
        owner=lambda: Owner(enrolment.unit, enrolment.epoch, directory.twin_key()),
        journal=opened.journal,
        outbox=Outbox(opened.journal, opened.history),
        clock=world.clock,
        own_key=chain.PublicKey(world.keystore.public, world.check),
    )
    made.is_fitted = is_fitted
    return made
