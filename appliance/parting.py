"""The end of a unit: the town's leave, and what the town does not hold of its journal yet."""

from pathlib import Path

import apsw
import msgspec

from appliance.boots import history
from appliance.carry import NoSigner
from appliance.hatch import HOLDINGS_NOTE
from appliance.journal import Journal, read_note, select
from appliance.outbox import Outbox
from drivers.clock.system import Driver as SystemClock
from sync import installed
from sync.entries import BAD_JSON
from sync.messages import Enrolment, Holdings, MessageError, Release, open_signed, raw_bytes
from sync.technician import Standing


class PartingError(Exception):
    """This unit may not be wiped; the message says why, and what to do."""


def read_release(raw: bytes, enrolment: Enrolment, public: str) -> Release:
    """Read the town's leave for the life of a unit that is in this box.

    Raises:
        PartingError: it is not signed by this town, or it is for another unit or life.
    """
    try:
        release = open_signed(raw, Release, raw_bytes(enrolment.town_key))
    except MessageError as error:
        raise PartingError(f"this is no leave of {enrolment.town}: {error}") from error
    given = release.holdings
    if (given.unit, given.epoch, release.key) != (enrolment.unit, enrolment.epoch, public):
        raise PartingError(
            f"this leave is for life {given.epoch} of {given.unit}, and in this box is life {enrolment.epoch} of "
            f"{enrolment.unit}"
        )
    return release


def standing(copy: Path, enrolment: Enrolment, release: Release | None) -> Standing:
    """Compare a copy of the journal with what a leave says that the town holds, or else with what it last said."""
    connection = apsw.Connection(str(copy))
    try:
        journal = Journal(connection, enrolment.unit, NoSigner(), SystemClock())
        outbox = Outbox(journal, history(connection, installed.register()))
        holdings = release.holdings if release else _last_heard(connection)
        held = outbox.look_up(holdings) if holdings else None
        strange = ""
        if held and held.contradicted:
            strange = f"the town holds another {held.contradicted.boot}/{held.contradicted.seq} than this box"
        elif held and held.rolled_back:
            strange = f"the town holds {held.rolled_back.boot}/{held.rolled_back.seq}, which is not in this box"
        return Standing(
            unit=enrolment.unit,
            epoch=enrolment.epoch,
            tip=f"{journal.tip.boot}/{journal.tip.seq}" if journal.tip else "",
            entries=int(select(connection, "SELECT count(*) FROM entry")[0][0]),
            unsent=outbox.backlog().unsent,
            strange=strange,
        )
    finally:
        connection.close()


def _last_heard(connection: apsw.Connection) -> Holdings | None:
    try:
        return msgspec.json.decode(read_note(connection, HOLDINGS_NOTE), type=Holdings)
    except BAD_JSON:
        return None  # it never heard the town, or the note rotted: then nothing is known to be held
