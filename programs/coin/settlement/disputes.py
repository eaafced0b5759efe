"""Disputes (調査依頼): somebody says that an entry is wrong, and the office looks into it.

The evidence is the entry itself, with its chain and its signature; so a claim is answered from what was signed at the
counter, and not from memory. A dispute moves no money: what is put right is put right by an entry of its own.
"""

from collections.abc import Iterable

import msgspec

from central.centre import Centre
from central.console.proofs import Proof, Proofs
from programs.coin.settlement import tables
from programs.coin.settlement.books import When, when
from programs.coin.settlement.facts import DisputeClosed, DisputeOpened
from sync.entries import Entry, EntryId
from sync.messages import OFFICE_STREAM


class DisputeError(Exception):
    """There is no such entry or dispute, or it is open or closed already; nothing was said."""


class Dispute(msgspec.Struct, frozen=True):
    """A dispute about one entry. `outcome`: what was found out; "" while it is open."""

    number: int
    about: str
    because: str
    opened: When
    outcome: str = ""
    closed: When | None = None


def fold(entries: Iterable[Entry]) -> dict[int, Dispute]:
    """Return the disputes by number, in whichever order they were heard; what others than the office say opens none."""
    disputes: dict[int, Dispute] = {}
    for entry in sorted((entry for entry in entries if entry.unit == OFFICE_STREAM), key=when):
        match entry.fact:
            case DisputeOpened(number=number, about=about, because=because):
                disputes[number] = Dispute(number, about, because, when(entry))
            case DisputeClosed(number=number, outcome=outcome) if (
                number in disputes and disputes[number].closed is None
            ):
                disputes[number] = msgspec.structs.replace(disputes[number], outcome=outcome, closed=when(entry))
            case _:
                pass
    return disputes


def open_dispute(centre: Centre, about: EntryId, because: str) -> Dispute:
    """Open a dispute about an entry.

    Raises:
        DisputeError: the entry is not held here, or there is an open dispute about it.
    """
    if evidence(centre, str(about)) is None:
        raise DisputeError(f"{about} is not held here; the unit may not have sent it yet")
    with centre.reconciler.counted() as connection:
        disputes = fold(tables.said_entries(connection))
        if same := next((one for one in disputes.values() if one.about == str(about) and one.closed is None), None):
            raise DisputeError(f"dispute {same.number} about {about} is open already")
        number = max(disputes, default=0) + 1
        centre.streams.append(connection, OFFICE_STREAM, [DisputeOpened(number, str(about), because)])
    return disputes_of(centre)[number]


def close_dispute(centre: Centre, number: int, outcome: str) -> Dispute:
    """Close a dispute with what was found out.

    Raises:
        DisputeError: there is none of that number that is open.
    """
    with centre.reconciler.counted() as connection:
        found = fold(tables.said_entries(connection)).get(number)
        if found is None or found.closed is not None:
            raise DisputeError(f"there is no open dispute {number}")
        centre.streams.append(connection, OFFICE_STREAM, [DisputeClosed(number, outcome)])
    return disputes_of(centre)[number]


def disputes_of(centre: Centre) -> dict[int, Dispute]:
    """Return all disputes, by number."""
    with centre.reconciler.counted() as connection:
        return fold(tables.said_entries(connection))


def evidence(centre: Centre, about: str) -> Proof | None:
    """Return the entry of a dispute with its proof, made anew from the stored bytes; None if it is not held."""
    return Proofs(centre.engine, centre.town.signer.public).proof(EntryId.parse(about))
