"""What the town offers this unit in the place of its system; what became of it is told to the town, once a stage.

Nothing is fetched or installed here: the uplink fetches, and a service of root's installs. Both ask here whether
they may, and root's own notes say how it went.
"""

import contextlib
from collections.abc import Callable
from typing import Final

import msgspec

from appliance.directory import Directory
from appliance.installing import Bundle, foreseen
from appliance.journal import Execute, Journal, JournalFullError
from appliance.updates import Note, Refused, Settings
from appliance.updates import Stage as Step
from sync.program import JAPAN_MINUTES
from sync.updates import Became, Offered, OfferState, Stage

TOLD: Final = "update told"
_ON_THE_WAY: Final = (Step.WRITING, Step.TRYING, Step.LOOKING)
_TOLD_AS: Final = {Step.TRYING: Stage.TRYING, Step.LOOKING: Stage.TRYING, Step.KEPT: Stage.KEPT, Step.BACK: Stage.BACK}


class Wanted(msgspec.Struct, frozen=True):
    """What may be done about the last offer.

    Attributes:
        offer: None if there never was one.
        may_fetch, may_install: neither, once it is known what became of it.
        utc_offset_minutes: the town's, for the hours in which it may go in.
    """

    offer: Offered | None = None
    may_fetch: bool = False
    may_install: bool = False
    utc_offset_minutes: int = JAPAN_MINUTES


def became(offer: Offered, image: Settings, note: Note | None, refused: Refused | None) -> Became | None:
    """Say what became of an offer, by what is kept of updates; None while nothing has.

    Args:
        image: what runs, and its slots.
    """

    def said(stage: Stage, why: str = "") -> Became:
        return Became(offer.number, offer.version, stage, why)

    if note and note.offer == offer.number and (stage := _TOLD_AS.get(note.stage)):
        return said(stage, note.why.name.lower().replace("_", "-") if note.why else "")
    if image.version == offer.version:  # a technician was faster
        return said(Stage.TRYING if note and note.stage in _ON_THE_WAY else Stage.KEPT)
    if refused and refused.offer == offer.number:
        return said(Stage.REFUSED, refused.about)
    bundle = Bundle(offer.compatible, offer.version)
    has_slots = image.boot.get("make") != "none"
    why = foreseen(image.name, image.version, image.floor, bundle, has_slots=has_slots)
    return said(Stage.REFUSED, why[0].about) if why else None


class Offers:
    """The last offer of the town. Everything runs in the daemon's own thread.

    Args:
        image: what runs here.
        note, refused: what root has kept of the last update, and of the last offer that did not go in.
    """

    def __init__(
        self,
        directory: Directory,
        journal: Journal,
        image: Settings,
        note: Callable[[], Note | None],
        refused: Callable[[], Refused | None],
    ) -> None:
        self._directory = directory
        self._journal = journal
        self._image = image
        self._note = note
        self._refused = refused

    def wanted(self) -> Wanted:
        """Return what may be done now; what is known to have become of it is written for the town first.

        Raises:
            JournalBrokenError: the disk failed; end the process.
        """
        offer, town = self._directory.offer(), self._directory.town()
        if offer is None:
            return Wanted()
        is_over = (found := self._became(offer)) is not None
        if found:
            with contextlib.suppress(JournalFullError):  # whoever asks asks again
                self._say(found)
        return Wanted(
            offer,
            may_fetch=offer.state is not OfferState.WITHDRAWN and not is_over,
            may_install=offer.state is OfferState.OPEN and not is_over,
            utc_offset_minutes=town.utc_offset_minutes if town else JAPAN_MINUTES,
        )

    def fetched(self, number: int) -> None:
        """Hear that a bundle lies here, whole."""
        offer = self._directory.offer()
        if offer and offer.number == number and self._became(offer) is None:
            self._say(Became(number, offer.version, Stage.FETCHED))

    def _became(self, offer: Offered) -> Became | None:
        return became(offer, self._image, self._note(), self._refused())

    def _say(self, fact: Became) -> None:
        """Write it, and that it was written, in one commit; once."""
        spelled = f"{fact.number} {fact.stage} {fact.why}"
        if self._journal.note(TOLD) == spelled:
            return

        def also(execute: Execute) -> None:
            execute("REPLACE INTO note VALUES (?, ?)", (TOLD, spelled))

        self._journal.append([fact], also)
